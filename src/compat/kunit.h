/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the test module may see: internals are exported in a symbol namespace
 * of their own, and only where KUnit is configured.
 */
#ifndef SPCPU_COMPAT_KUNIT_H
#define SPCPU_COMPAT_KUNIT_H

#include <linux/export.h>
#include <linux/module.h>
#include <linux/version.h>

#if IS_ENABLED(CONFIG_KUNIT)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define EXPORT_SYMBOL_FOR_KUNIT(sym) \
	EXPORT_SYMBOL_NS_GPL(sym, "SHADOW_PERCPU_KUNIT")
#define SPCPU_IMPORT_FOR_KUNIT()	MODULE_IMPORT_NS("SHADOW_PERCPU_KUNIT")
#else
#define EXPORT_SYMBOL_FOR_KUNIT(sym) \
	EXPORT_SYMBOL_NS_GPL(sym, SHADOW_PERCPU_KUNIT)
#define SPCPU_IMPORT_FOR_KUNIT()	MODULE_IMPORT_NS(SHADOW_PERCPU_KUNIT)
#endif
#else
#define EXPORT_SYMBOL_FOR_KUNIT(sym)	static_assert(1)
#define SPCPU_IMPORT_FOR_KUNIT()	static_assert(1)
#endif

#endif /* SPCPU_COMPAT_KUNIT_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Resolve: the addresses of symbols that the kernel does not export.
 *
 * Since 5.7 kallsyms_lookup_name() itself is one of them. A kprobe finds it, as
 * in lttng-modules, and it finds the rest.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/printk.h>
#include <linux/uaccess.h>

#ifdef CONFIG_X86_KERNEL_IBT
#include <asm/cpufeature.h>
#include <asm/ibt.h>
#endif

#include "compat/kunit.h"
#include "resolve.h"

typedef unsigned long lookup_fn(const char *name);

/* where a function begins; a probe may sit behind the landing pad of IBT */
static unsigned long entry_of(unsigned long probe)
{
#ifdef CONFIG_X86_KERNEL_IBT
	return ALIGN_DOWN(probe, 16);
#else
	return probe;
#endif
}

/*
 * With IBT a function can be called by pointer only where it has a landing pad,
 * and the kernel takes those away from functions that it calls by name only.
 */
static bool can_call(unsigned long addr)
{
#ifdef CONFIG_X86_KERNEL_IBT
	u32 insn;

	return !cpu_feature_enabled(X86_FEATURE_IBT) ||
	       (!get_kernel_nofault(insn, (u32 *)addr) && insn == gen_endbr());
#else
	return true;
#endif
}

static lookup_fn *find_lookup(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long addr;

	if (register_kprobe(&probe))
		return NULL;

	addr = entry_of((unsigned long)probe.addr);
	unregister_kprobe(&probe);
	return can_call(addr) ? (lookup_fn *)addr : NULL;
}

static int missing(const char *name, const char *who, const char *without)
{
	pr_err("%s needs %s, which this kernel does not let us find and call: %s\n",
	       who, name, without);
	return -ENOENT;
}

/**
 * spcpu_resolve() - find symbols, all of them or none
 * @symbols: the symbols
 * @nr: how many
 * @who: the parameter that needs them, for the log
 * @without: what can be done instead, for the log
 *
 * Context: Process context. May sleep.
 * Return: 0, and all pointers are set; -ENOENT, and none is: a symbol is
 *	missing, or cannot be called, which is logged by its name.
 */
int spcpu_resolve(const struct spcpu_symbol *symbols, unsigned int nr,
		  const char *who, const char *without)
{
	lookup_fn *lookup = find_lookup();
	unsigned int i;

	if (!lookup)
		return missing("kallsyms_lookup_name", who, without);

	for (i = 0; i < nr; i++) {
		unsigned long addr = lookup(symbols[i].name);

		if (!addr || (!symbols[i].data && !can_call(addr)))
			return missing(symbols[i].name, who, without);
	}
	for (i = 0; i < nr; i++)
		*(unsigned long *)symbols[i].to = lookup(symbols[i].name);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_resolve);

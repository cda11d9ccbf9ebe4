/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_EXPORT_H
#define HOST_EXPORT_H

#include <linux/kernel.h>

#define EXPORT_SYMBOL(symbol)		static_assert(1)
#define EXPORT_SYMBOL_GPL(symbol)	static_assert(1)

#endif /* HOST_EXPORT_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read before each source of the module in `make coverage`: bit operations are functions
 * there. As macros, each asks the compiler in several branches what is constant, and
 * these would be counted as ours.
 */

/* as the sources have it, since what is included here prints, too */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/bitops.h>

#undef bitop
#define bitop(op, nr, addr) op(nr, addr)

/* SPDX-License-Identifier: GPL-2.0 */
/* What a page fault that ended in an oops was about. */
#ifndef SPCPU_COMPAT_FAULT_H
#define SPCPU_COMPAT_FAULT_H

#include <linux/kdebug.h>

#ifdef CONFIG_X86
#include <asm/special_insns.h>
#include <asm/trap_pf.h>

/* the address that was written to; 0 if it was something else */
static inline unsigned long spcpu_fault_address(const struct die_args *args)
{
	const unsigned long forbidden = X86_PF_PROT | X86_PF_WRITE;

	return (args->err & forbidden) == forbidden ? read_cr2() : 0;
}
#else
static inline unsigned long spcpu_fault_address(const struct die_args *args)
{
	return 0;
}
#endif

#endif /* SPCPU_COMPAT_FAULT_H */

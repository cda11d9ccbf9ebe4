/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stack: who called, kept once in the kernel's stack depot, however many objects
 * share it. A kernel without a depot keeps none, and then there is the caller alone.
 */
#ifndef SPCPU_COMPAT_STACK_H
#define SPCPU_COMPAT_STACK_H

#include <linux/types.h>

int spcpu_stack_init(void);
u32 spcpu_stack_save(unsigned long caller, gfp_t gfp);
unsigned int spcpu_stack_get(u32 stack, unsigned long **frames);

#endif /* SPCPU_COMPAT_STACK_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Stack: who called, kept in the kernel's stack depot.
 */
#include <linux/errno.h>
#include <linux/gfp.h>

#include "compat/stack.h"

#ifdef CONFIG_STACKDEPOT
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>

/* as deep as the kernel's own reports of objects go */
#define DEPTH	16

/**
 * spcpu_stack_init() - stacks are kept from now on
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENOMEM; -EOPNOTSUPP: this kernel has no stack depot.
 */
int spcpu_stack_init(void)
{
	return stack_depot_init();
}

/**
 * spcpu_stack_save() - keep the stack of this moment
 * @caller: the return address that it is to begin with; ours above it are left out
 * @gfp: how to get memory for one that is new; as the context allows
 *
 * Context: Any but NMI, after spcpu_stack_init().
 * Return: The stack; 0: there was no memory.
 */
u32 spcpu_stack_save(unsigned long caller, gfp_t gfp)
{
	unsigned long frames[DEPTH];
	unsigned int nr, i;

	nr = stack_trace_save(frames, DEPTH, 0);
	for (i = 0; i < nr && frames[i] != caller; i++)
		;
	if (i == nr)
		i = 0;
	return stack_depot_save(frames + i, nr - i, gfp);
}

/**
 * spcpu_stack_get() - the frames of a stack
 * @stack: what spcpu_stack_save() returned
 * @frames: set to them, caller first; they stay for good
 *
 * Context: Any.
 * Return: How many there are; 0 for stack 0.
 */
unsigned int spcpu_stack_get(u32 stack, unsigned long **frames)
{
	return stack ? stack_depot_fetch(stack, frames) : 0;
}

#else

int spcpu_stack_init(void)
{
	return -EOPNOTSUPP;
}

u32 spcpu_stack_save(unsigned long caller, gfp_t gfp)
{
	return 0;
}

unsigned int spcpu_stack_get(u32 stack, unsigned long **frames)
{
	return 0;
}
#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic: the objects that only a kernel with SMP has.
 *
 * `shadow` and `large` are the shadow's; the latter has no room in the first chunk.
 */
#include <linux/errno.h>

#include "shadow_percpu.h"
#include "accessors.h"
#include "arithmetic.h"

static u64 __percpu *shadow;
static u64 __percpu *large;

/**
 * arithmetic_smp_init() - allocate them
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int arithmetic_smp_init(void)
{
	shadow = shadow_alloc_percpu(u64);
	large = __shadow_alloc_percpu(SHADOW_PERCPU_MAX_SIZE, __alignof__(u64));
	if (shadow && large)
		return 0;
	arithmetic_smp_exit();
	return -ENOMEM;
}

/**
 * arithmetic_smp_exit() - free them
 *
 * Context: Process context.
 */
void arithmetic_smp_exit(void)
{
	shadow_free_percpu(large);
	shadow_free_percpu(shadow);
}

/**
 * arithmetic_smp_write() - write to this CPU's copies
 * @value: what to write
 *
 * Context: Any, without being moved to another CPU.
 */
void arithmetic_smp_write(u64 value)
{
	percpu_write_own(shadow, value);
	percpu_write_own(large, value);
}

/**
 * arithmetic_smp_show() - print where each CPU's copies are
 * @m: where to
 *
 * Context: Process context.
 */
void arithmetic_smp_show(struct seq_file *m)
{
	arithmetic_show_object(m, "shadow", shadow);
	arithmetic_show_object(m, "large", large);
}

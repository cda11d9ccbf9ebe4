// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic: the objects that only a kernel with SMP has.
 *
 * `shadow` and `large` are the shadow's; the latter has no room in the first chunk.
 * `array` is as in Linux 2.6.12: its handle is no __percpu pointer.
 */
#include <linux/errno.h>
#include <linux/smp.h>

#include "shadow_percpu.h"
#include "../bench/ptrarray.h"
#include "accessors.h"
#include "arithmetic.h"

static u64 __percpu *shadow;
static u64 __percpu *large;
static void *array;

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
	array = ptrarray_alloc(sizeof(u64), __alignof__(u64), GFP_KERNEL);
	if (shadow && large && array)
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
	if (array)
		ptrarray_free(array);
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
	array_write_own(array, value);
}

/* the complement of the handle is the address of the pointers, one for each CPU */
static void show_array(struct seq_file *m)
{
	void **elements = (void **)~(unsigned long)array;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		seq_printf(m, "%-7s %3u %#018lx %#018lx %#018lx %6llu\n", "array", cpu,
			   (unsigned long)array, (unsigned long)&elements[cpu],
			   (unsigned long)elements[cpu], array_read(array, cpu));
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
	seq_puts(m, "#object cpu handle             element            address              read\n");
	show_array(m);
}

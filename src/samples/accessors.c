// SPDX-License-Identifier: GPL-2.0
/*
 * Accessors: one way to a copy in each function. scripts/arithmetic takes them apart
 * again and shows their instructions.
 */
#include <linux/percpu.h>

#include "accessors.h"

/**
 * percpu_write_own() - write to the copy of the CPU that this runs on
 * @ptr: an object
 * @value: what to write
 *
 * Context: Any.
 */
void percpu_write_own(u64 __percpu *ptr, u64 value)
{
	this_cpu_write(*ptr, value);
}

/**
 * percpu_read() - read any CPU's copy
 * @ptr: an object
 * @cpu: whose copy
 *
 * Context: Any.
 * Return: What is there.
 */
u64 percpu_read(u64 __percpu *ptr, unsigned int cpu)
{
	return *per_cpu_ptr(ptr, cpu);
}

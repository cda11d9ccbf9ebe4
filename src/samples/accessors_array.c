// SPDX-License-Identifier: GPL-2.0
/*
 * Accessors: the same for objects of the pointer array, which have an accessor of their
 * own.
 */
#include <linux/smp.h>

#include "../bench/ptrarray.h"
#include "accessors.h"

/**
 * array_write_own() - write to the copy of the CPU that this runs on
 * @handle: from ptrarray_alloc()
 * @value: what to write
 *
 * Context: Any, without being moved to another CPU.
 */
void array_write_own(void *handle, u64 value)
{
	*(u64 *)ptrarray_per_cpu_ptr(handle, smp_processor_id()) = value;
}

/**
 * array_read() - read any CPU's copy
 * @handle: from ptrarray_alloc()
 * @cpu: whose copy
 *
 * Context: Any.
 * Return: What is there.
 */
u64 array_read(void *handle, unsigned int cpu)
{
	return *(u64 *)ptrarray_per_cpu_ptr(handle, cpu);
}

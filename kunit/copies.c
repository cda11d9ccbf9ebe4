// SPDX-License-Identifier: GPL-2.0
/*
 * What the copies of an object hold, on every possible CPU.
 *
 * All of this works through per_cpu_ptr() and so trusts no part of ours.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "copies.h"

/**
 * spcpu_copies_byte() - the byte that fills one copy
 * @cpu: whose copy
 * @seed: differs from object to object
 *
 * Return: Never 0, and not the same for two CPUs below 250.
 */
u8 spcpu_copies_byte(unsigned int cpu, unsigned int seed)
{
	return 1 + (cpu + seed * 37) % 250;
}

/**
 * spcpu_copies_fill() - write to every possible CPU's copy
 * @ptr: the object
 * @size: its bytes
 * @seed: differs from object to object
 */
void spcpu_copies_fill(void __percpu *ptr, size_t size, unsigned int seed)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(ptr, cpu), spcpu_copies_byte(cpu, seed),
		       size);
}

/**
 * spcpu_copies_hold() - is what spcpu_copies_fill() wrote still there?
 * @ptr: the object
 * @size: its bytes
 * @seed: as it was filled
 *
 * Return: True if every byte of every copy is.
 */
bool spcpu_copies_hold(const void __percpu *ptr, size_t size, unsigned int seed)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (memchr_inv(per_cpu_ptr(ptr, cpu),
			       spcpu_copies_byte(cpu, seed), size))
			return false;
	return true;
}

/**
 * spcpu_copies_zero() - are all copies zeroed?
 * @ptr: the object
 * @size: its bytes
 *
 * Return: True if every byte of every copy is 0.
 */
bool spcpu_copies_zero(const void __percpu *ptr, size_t size)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (memchr_inv(per_cpu_ptr(ptr, cpu), 0, size))
			return false;
	return true;
}

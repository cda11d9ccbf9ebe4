// SPDX-License-Identifier: GPL-2.0
/*
 * Zero: the copies of objects on all CPUs that have pages.
 */
#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "span.h"
#include "zero.h"

/**
 * spcpu_ready_init() - no CPU is ready yet
 * @ready: what to initialize
 * @most: CPUs that there may be
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_ready_init(struct spcpu_ready *ready, unsigned int most)
{
	ready->nr = 0;
	ready->offs = kcalloc(most, sizeof(*ready->offs), GFP_KERNEL);
	return ready->offs ? 0 : -ENOMEM;
}

/**
 * spcpu_ready_exit() - free what spcpu_ready_init() allocated
 * @ready: the CPUs; fine if that failed
 *
 * Context: Any but NMI.
 */
void spcpu_ready_exit(struct spcpu_ready *ready)
{
	kfree(ready->offs);
}

/**
 * spcpu_ready_add() - a CPU's copies are zeroed from now on
 * @ready: the CPUs
 * @cpu: one that is not among them; its copies of what is not live are zero
 *
 * Context: Any; one at a time.
 */
void spcpu_ready_add(struct spcpu_ready *ready, unsigned int cpu)
{
	ready->offs[ready->nr] = per_cpu_offset(cpu);
	/* pairs with spcpu_nr_ready() */
	smp_store_release(&ready->nr, ready->nr + 1);
}

/**
 * spcpu_nr_ready() - how many CPUs' copies are zeroed?
 * @ready: the CPUs; the first so many of @offs are theirs, and stay so
 *
 * Context: Any.
 * Return: As many.
 */
unsigned int spcpu_nr_ready(const struct spcpu_ready *ready)
{
	/* pairs with spcpu_ready_add(): who sees the number sees the offsets */
	return smp_load_acquire(&ready->nr);
}

/**
 * spcpu_zero() - zero all copies of an object
 * @ready: CPUs that have copies; the others' read as zeros
 * @ptr: value of the pointer
 * @size: bytes
 *
 * Context: Any. Nobody else uses the object.
 */
void spcpu_zero(const struct spcpu_ready *ready, unsigned long ptr, size_t size)
{
	unsigned int nr = spcpu_nr_ready(ready), i;

	for (i = 0; i < nr; i++)
		memset((void *)(ptr + ready->offs[i]), 0, size);
}

/*
 * Of a size that the compiler knows: as many stores as it takes, which for a few
 * words is less than any other way
 */
static __always_inline void zero_one(unsigned long addr, size_t size)
{
	u64 *to = (u64 *)addr;

	switch (size) {
	case 64:
		to[7] = 0;
		to[6] = 0;
		to[5] = 0;
		to[4] = 0;
		fallthrough;
	case 32:
		to[3] = 0;
		fallthrough;
	case 24:
		to[2] = 0;
		fallthrough;
	case 16:
		to[1] = 0;
		fallthrough;
	case 8:
		to[0] = 0;
		break;
	case 4:
		*(u32 *)addr = 0;
		break;
	default:
		memset(to, 0, size);
	}
}

static __always_inline void zero_each(unsigned long off,
				      const struct spcpu_object *objects,
				      unsigned int nr, size_t size)
{
	const struct spcpu_object *end = objects + nr;
	const struct spcpu_object *fours = objects + nr / 4 * 4;

	for (; objects < fours; objects += 4) {
		zero_one(objects[0].ptr + off, size);
		zero_one(objects[1].ptr + off, size);
		zero_one(objects[2].ptr + off, size);
		zero_one(objects[3].ptr + off, size);
	}
	for (; objects < end; objects++)
		zero_one(objects->ptr + off, size);
}

static __always_inline void zero_all(const struct spcpu_ready *ready,
				     const struct spcpu_object *objects,
				     unsigned int nr, size_t size)
{
	unsigned int cpus = spcpu_nr_ready(ready), i;

	for (i = 0; i < cpus; i++)
		zero_each(ready->offs[i], objects, nr, size);
}

/**
 * spcpu_zero_objects() - zero all copies of some objects
 * @ready: CPUs that have copies; the others' read as zeros
 * @objects: the objects
 * @nr: how many
 * @size: bytes of each, a multiple of 4
 *
 * CPU by CPU, so that its pages are walked once.
 *
 * Context: Any. Nobody else uses the objects.
 */
void spcpu_zero_objects(const struct spcpu_ready *ready,
			const struct spcpu_object *objects, unsigned int nr,
			size_t size)
{
	switch (size) {
	case 4:
		return zero_all(ready, objects, nr, 4);
	case 8:
		return zero_all(ready, objects, nr, 8);
	case 16:
		return zero_all(ready, objects, nr, 16);
	case 24:
		return zero_all(ready, objects, nr, 24);
	case 32:
		return zero_all(ready, objects, nr, 32);
	case 64:
		return zero_all(ready, objects, nr, 64);
	default:
		return zero_all(ready, objects, nr, size);
	}
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_zero_objects);

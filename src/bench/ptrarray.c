// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU objects as Linux 2.6.12 to 2.6.15 had them: each CPU's copy is memory of
 * its own, from a slab of the CPU's node, and an object is an array of pointers to
 * them, one for each CPU. Finding a copy takes a load from that array, which
 * this_cpu_inc() and its like have no room for: so these are no __percpu pointers.
 *
 * Here the array is as long as there can be CPUs on this machine; then it had NR_CPUS
 * entries, which distributions set to hundreds today. And then nobody saw to the
 * alignment.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/topology.h>

#include "ptrarray.h"

struct ptrarray {
	DECLARE_FLEX_ARRAY(void *, copies);
};

/* pieces of slab memory: copies and arrays */
static atomic_long_t slab_objects;

static void *slab_alloc(size_t size, gfp_t gfp, int node)
{
	void *memory = kmalloc_node(size, gfp | __GFP_ZERO, node);

	if (memory)
		atomic_long_inc(&slab_objects);
	return memory;
}

static void slab_free(void *memory)
{
	if (memory)
		atomic_long_dec(&slab_objects);
	kfree(memory);
}

/*
 * The complement of its address is handed out: whoever dereferences that by mistake
 * crashes at once, and does not count in the array.
 */
static void *to_handle(struct ptrarray *array)
{
	return (void *)~(unsigned long)array;
}

static struct ptrarray *from_handle(void *handle)
{
	return (struct ptrarray *)~(unsigned long)handle;
}

/* slabs align what is as long as a power of two to that, and all else hardly */
static size_t aligned_size(size_t size, size_t align)
{
	if (align <= ARCH_KMALLOC_MINALIGN)
		return size;
	return roundup_pow_of_two(max(size, align));
}

/* a node that is not there gives nothing */
static int node_of(int cpu)
{
	int node = cpu_to_node(cpu);

	return node != NUMA_NO_NODE && node_online(node) ? node : NUMA_NO_NODE;
}

static void array_free(struct ptrarray *array)
{
	int cpu;

	for_each_possible_cpu(cpu)
		slab_free(array->copies[cpu]);
	slab_free(array);
}

static bool alloc_copies(struct ptrarray *array, size_t size, gfp_t gfp)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		array->copies[cpu] = slab_alloc(size, gfp, node_of(cpu));
		if (!array->copies[cpu])
			return false;
	}
	return true;
}

/**
 * ptrarray_alloc() - an object with a zeroed copy for each possible CPU
 * @size: bytes of each copy
 * @align: a power of two
 * @gfp: as for kmalloc()
 *
 * Context: Any that @gfp allows.
 * Return: a handle, which is no address of anything; or NULL.
 */
void *ptrarray_alloc(size_t size, size_t align, gfp_t gfp)
{
	struct ptrarray *array = slab_alloc(struct_size(array, copies, nr_cpu_ids),
					    gfp, NUMA_NO_NODE);

	if (!array)
		return NULL;
	if (alloc_copies(array, aligned_size(size, align), gfp))
		return to_handle(array);
	array_free(array);
	return NULL;
}

/**
 * ptrarray_free() - give back an object with all its copies
 * @handle: from ptrarray_alloc()
 *
 * Context: Any.
 */
void ptrarray_free(void *handle)
{
	array_free(from_handle(handle));
}

/**
 * ptrarray_per_cpu_ptr() - where a CPU's copy is
 * @handle: from ptrarray_alloc()
 * @cpu: a possible one
 *
 * Context: Any.
 * Return: its address.
 */
void *ptrarray_per_cpu_ptr(void *handle, int cpu)
{
	return from_handle(handle)->copies[cpu];
}

/**
 * ptrarray_copy_bytes() - what each copy really takes
 * @handle: from ptrarray_alloc()
 *
 * Context: Any.
 * Return: bytes of slab memory; all copies take the same.
 */
size_t ptrarray_copy_bytes(void *handle)
{
	return ksize(ptrarray_per_cpu_ptr(handle, cpumask_first(cpu_possible_mask)));
}

/**
 * ptrarray_array_bytes() - what an object takes beside its copies
 * @handle: from ptrarray_alloc()
 *
 * Context: Any.
 * Return: bytes of slab memory.
 */
size_t ptrarray_array_bytes(void *handle)
{
	return ksize(from_handle(handle));
}

/**
 * ptrarray_slab_objects() - how many pieces of slab memory all objects are
 *
 * Context: Any.
 * Return: copies and arrays, counted as they came and went.
 */
long ptrarray_slab_objects(void)
{
	return atomic_long_read(&slab_objects);
}

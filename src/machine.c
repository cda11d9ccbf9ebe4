// SPDX-License-Identifier: GPL-2.0
/*
 * Machine: the description of the machine that we run on.
 */
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "compat/kunit.h"
#include "machine.h"

/* what the kernel's own first chunk keeps for its users (linux/percpu.h) */
#define DEFAULT_RESERVED	(8 << 10)
#define DEFAULT_DYN		(28 << 10)

static bool same_node(unsigned int a, unsigned int b)
{
	return cpu_to_node(a) == cpu_to_node(b);
}

/**
 * spcpu_machine_init() - describe this machine
 * @m: set to the machine's CPUs, nodes and offsets, with the sizes that the
 *	kernel uses for itself and no static variables; any may be changed
 *
 * The atom is the 2 MB that the kernel lays its units out by on x86.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_machine_init(struct spcpu_machine *m)
{
	unsigned long *offset;
	unsigned int cpu;

	offset = kvcalloc(nr_cpu_ids, sizeof(*offset), GFP_KERNEL);
	if (!offset)
		return -ENOMEM;

	for_each_possible_cpu(cpu)
		offset[cpu] = per_cpu_offset(cpu);

	*m = (struct spcpu_machine) {
		.nr_cpu_ids	= nr_cpu_ids,
		.possible	= cpumask_bits(cpu_possible_mask),
		.near		= same_node,
		.offset		= offset,
		.reserved_size	= DEFAULT_RESERVED,
		.dyn_size	= DEFAULT_DYN,
		.atom_size	= max_t(size_t, SZ_2M, PAGE_SIZE),
	};
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_machine_init);

/**
 * spcpu_machine_exit() - free what spcpu_machine_init() allocated
 * @m: the description; layouts made from it do not need it any more
 *
 * Context: Process context.
 */
void spcpu_machine_exit(struct spcpu_machine *m)
{
	kvfree(m->offset);
	m->offset = NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_machine_exit);

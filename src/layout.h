/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout: from a description of a machine to groups, units and offsets.
 *
 * Pure: it lays out machines that this one is not.
 */
#ifndef SPCPU_LAYOUT_H
#define SPCPU_LAYOUT_H

#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/types.h>

#define SPCPU_MIN_UNIT_SIZE	SZ_32K		/* also the largest request */
#define SPCPU_MAX_UNIT_SIZE	SZ_1G		/* places in a unit are int */
#define SPCPU_MIN_DYN_SIZE	(20 << 10)
#define SPCPU_NO_CPU		UINT_MAX	/* a unit that belongs to no CPU */
#define SPCPU_NO_UNIT		UINT_MAX	/* a CPU that is not possible */

/**
 * struct spcpu_machine - what a layout is made from
 *
 * @nr_cpu_ids: highest possible CPU number plus one
 * @possible: bitmap of possible CPUs
 * @near: is @b at local distance from @a? CPUs share a group when it says so
 *        both ways; NULL when the machine has one node
 * @offset: per_cpu_offset() by CPU: units of a chunk lie at these distances;
 *          NULL to lay the groups out back to back, as if nothing were mapped
 * @static_size: bytes of static variables
 * @reserved_size: bytes for the reserved chunk, a multiple of 4, may be 0
 * @dyn_size: least number of bytes for dynamic areas in the first chunk
 * @atom_size: an allocation of units is a multiple of this many bytes, itself
 *             a multiple of the page size
 * @unit_size: bytes of a unit, a multiple of the page size; 0 to choose
 *
 * No size may be over %SPCPU_MAX_UNIT_SIZE.
 */
struct spcpu_machine {
	unsigned int nr_cpu_ids;
	const unsigned long *possible;
	bool (*near)(unsigned int a, unsigned int b);
	const unsigned long *offset;
	size_t static_size;
	size_t reserved_size;
	size_t dyn_size;
	size_t atom_size;
	size_t unit_size;
};

/**
 * struct spcpu_group - CPUs close to each other
 *
 * @nr_units: units, CPU-less ones at the end included
 * @nr_cpus: CPUs
 * @base_offset: bytes from the lowest CPU's unit to this group's first unit
 * @cpu_map: unit of the group -> CPU, ascending, or SPCPU_NO_CPU
 */
struct spcpu_group {
	unsigned int nr_units;
	unsigned int nr_cpus;
	unsigned long base_offset;
	unsigned int *cpu_map;
};

/**
 * struct spcpu_layout - how a chunk lies in memory
 *
 * @unit_size: bytes of a unit
 * @alloc_size: bytes allocated together, @upa units
 * @atom_size: as given, or a page when units do not divide an allocation well
 * @static_size: bytes of static variables, as given
 * @reserved_size: bytes of the reserved chunk, as given
 * @dyn_size: bytes for dynamic areas in the first chunk, so that the three
 *            together are whole pages
 * @upa: units per allocation
 * @nr_cpu_ids: length of @unit_map and @unit_off
 * @nr_cpus: number of possible CPUs
 * @nr_units: number of units, CPU-less ones included
 * @nr_groups: number of groups
 * @low_cpu: the CPU whose unit lies lowest
 * @high_cpu: the CPU whose unit lies highest
 * @span: bytes from the start of the lowest unit to the end of the highest
 * @unit_map: CPU -> unit, or SPCPU_NO_UNIT
 * @unit_off: CPU -> bytes from the lowest CPU's unit to this CPU's; 0 for a
 *            CPU that is not possible
 * @groups: the groups
 */
struct spcpu_layout {
	size_t unit_size;
	size_t alloc_size;
	size_t atom_size;
	size_t static_size;
	size_t reserved_size;
	size_t dyn_size;
	unsigned int upa;
	unsigned int nr_cpu_ids;
	unsigned int nr_cpus;
	unsigned int nr_units;
	unsigned int nr_groups;
	unsigned int low_cpu;
	unsigned int high_cpu;
	unsigned long span;
	unsigned int *unit_map;
	unsigned long *unit_off;
	struct spcpu_group *groups;
};

struct spcpu_layout *spcpu_layout_build(const struct spcpu_machine *m);
void spcpu_layout_free(struct spcpu_layout *layout);
int spcpu_layout_print(const struct spcpu_layout *layout, bool by_page,
		       void (*line)(void *to, const char *text), void *to);

/* bytes of a unit of the first chunk that are in use, whole pages */
static inline size_t spcpu_layout_first_size(const struct spcpu_layout *layout)
{
	return layout->static_size + layout->reserved_size + layout->dyn_size;
}

#endif /* SPCPU_LAYOUT_H */

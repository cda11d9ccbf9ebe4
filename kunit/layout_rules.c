// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for any layout, whatever the machine.
 */
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "layout_rules.h"

static bool sizes_hold(const struct spcpu_machine *m,
		       const struct spcpu_layout *l)
{
	size_t sum = spcpu_layout_first_size(l);
	size_t asked = m->static_size + m->reserved_size +
		       max_t(size_t, m->dyn_size, SPCPU_MIN_DYN_SIZE);

	return l->static_size == m->static_size &&
	       l->reserved_size == m->reserved_size &&
	       sum >= asked && sum - asked < PAGE_SIZE && PAGE_ALIGNED(sum) &&
	       l->unit_size >= sum && l->unit_size >= SPCPU_MIN_UNIT_SIZE &&
	       PAGE_ALIGNED(l->unit_size) &&
	       (!m->unit_size || l->unit_size == m->unit_size) &&
	       l->unit_size * l->upa == l->alloc_size &&
	       !(l->alloc_size % l->atom_size) &&
	       (l->atom_size == m->atom_size || l->atom_size == PAGE_SIZE);
}

static bool near_each_other(const struct spcpu_machine *m, unsigned int a,
			    unsigned int b)
{
	return !m->near || (m->near(a, b) && m->near(b, a));
}

/* a CPU is in the first group whose first CPU it is near to */
static bool is_in_right_group(const struct spcpu_machine *m,
			      const struct spcpu_layout *l, unsigned int cpu,
			      unsigned int group)
{
	unsigned int i;

	for (i = 0; i < group; i++) {
		if (near_each_other(m, l->groups[i].cpu_map[0], cpu))
			return false;
	}
	return l->groups[group].cpu_map[0] == cpu ||
	       near_each_other(m, l->groups[group].cpu_map[0], cpu);
}

static bool group_holds(const struct spcpu_machine *m,
			const struct spcpu_layout *l, unsigned int group,
			unsigned int first_unit)
{
	const struct spcpu_group *g = &l->groups[group];
	unsigned int i;

	if (!g->nr_cpus || g->nr_units % l->upa ||
	    g->nr_units - g->nr_cpus >= l->upa ||
	    g->base_offset != l->unit_off[g->cpu_map[0]])
		return false;

	for (i = 0; i < g->nr_cpus; i++) {
		unsigned int cpu = g->cpu_map[i];

		if (cpu >= m->nr_cpu_ids || !test_bit(cpu, m->possible) ||
		    (i && cpu <= g->cpu_map[i - 1]) ||
		    l->unit_map[cpu] != first_unit + i ||
		    !is_in_right_group(m, l, cpu, group))
			return false;
	}
	for (; i < g->nr_units; i++) {
		if (g->cpu_map[i] != SPCPU_NO_CPU)
			return false;
	}
	return true;
}

/* that unit_map agrees both ways makes sure that no CPU is there twice */
static bool groups_hold(const struct spcpu_machine *m,
			const struct spcpu_layout *l)
{
	unsigned int i, units = 0, cpus = 0;

	for (i = 0; i < l->nr_groups; i++) {
		if (!group_holds(m, l, i, units))
			return false;
		units += l->groups[i].nr_units;
		cpus += l->groups[i].nr_cpus;
	}
	for (i = 0; i < m->nr_cpu_ids; i++) {
		if (!test_bit(i, m->possible) &&
		    l->unit_map[i] != SPCPU_NO_UNIT)
			return false;
	}
	return l->nr_cpu_ids == m->nr_cpu_ids && units == l->nr_units &&
	       cpus == l->nr_cpus &&
	       cpus == bitmap_weight(m->possible, m->nr_cpu_ids) &&
	       units - cpus <= cpus / 3;
}

static bool is_clear_of(const struct spcpu_layout *l, unsigned int a,
			unsigned int b)
{
	unsigned long x = l->unit_off[a], y = l->unit_off[b];

	return x < y ? y - x >= l->unit_size : x - y >= l->unit_size;
}

static bool places_hold(const struct spcpu_machine *m,
			const struct spcpu_layout *l)
{
	unsigned int a, b;

	for_each_set_bit(a, m->possible, m->nr_cpu_ids) {
		if (!PAGE_ALIGNED(l->unit_off[a]) ||
		    l->unit_off[a] > l->unit_off[l->high_cpu] ||
		    (m->offset && l->unit_off[a] !=
		     m->offset[a] - m->offset[l->low_cpu]))
			return false;
		for_each_set_bit(b, m->possible, a) {
			if (!is_clear_of(l, a, b))
				return false;
		}
	}
	return !l->unit_off[l->low_cpu] &&
	       l->span == l->unit_off[l->high_cpu] + l->unit_size;
}

/**
 * spcpu_test_broken_rule() - check a layout against what holds for any
 * @m: the machine
 * @l: its layout
 *
 * By brute force, in time that grows with the square of the CPUs.
 *
 * Return: Which kind of rule is broken; empty if none is.
 */
const char *spcpu_test_broken_rule(const struct spcpu_machine *m,
				   const struct spcpu_layout *l)
{
	if (!sizes_hold(m, l))
		return "sizes";
	if (!groups_hold(m, l))
		return "groups and units";
	if (!places_hold(m, l))
		return "places";
	return "";
}

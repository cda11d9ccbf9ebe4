// SPDX-License-Identifier: GPL-2.0
/*
 * Dying cgroups: groups of objects are made, most are freed again here and there,
 * the rest stays. What lives on keeps its values.
 *
 * Pages are for whoever loads this to watch: after loading, and after writing to
 * the parameter next, which frees ten of each eleven groups. No CPU may come or
 * go meanwhile.
 */
#include "memory.h"

#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>

/* of so many groups in a row, a random one stays */
#define ONE_OF		11

#define MAX_SIZES	64

static unsigned int groups = 11000;
module_param(groups, uint, 0444);
MODULE_PARM_DESC(groups, "dying: how many groups of objects (default: 11000)");

static unsigned int sizes[MAX_SIZES], nr_sizes;
module_param_array(sizes, uint, &nr_sizes, 0444);
MODULE_PARM_DESC(sizes, "dying: bytes of each object of a group, in order (default: nothing)");

static unsigned int aligns[MAX_SIZES], nr_aligns;
module_param_array(aligns, uint, &nr_aligns, 0444);
MODULE_PARM_DESC(aligns, "dying: alignments of the same objects (default: nothing)");

static const struct bench_allocator *from;

/* nr_sizes pointers a group */
static void __percpu **ptrs;

/* the word at @at of one CPU's copy of object @i; any other place has another */
static u32 mark(unsigned int i, unsigned int cpu, unsigned int at)
{
	return (i * 2654435761U) ^ (cpu * 40503U << 16) ^ (at + 1);
}

static void write_marks(unsigned int i)
{
	unsigned int cpu, at, nr = sizes[i % nr_sizes] / sizeof(u32);
	u32 *copy;

	for_each_online_cpu(cpu) {
		copy = per_cpu_ptr(ptrs[i], cpu);
		for (at = 0; at < nr; at++)
			copy[at] = mark(i, cpu, at);
	}
}

static bool marks_hold(unsigned int i)
{
	unsigned int cpu, at, nr = sizes[i % nr_sizes] / sizeof(u32);
	const u32 *copy;

	for_each_online_cpu(cpu) {
		copy = per_cpu_ptr(ptrs[i], cpu);
		for (at = 0; at < nr; at++) {
			if (copy[at] != mark(i, cpu, at))
				return false;
		}
	}
	return true;
}

static int make_group(unsigned int group)
{
	unsigned int k, i;

	for (k = 0; k < nr_sizes; k++) {
		i = group * nr_sizes + k;
		ptrs[i] = from->alloc(sizes[k], aligns[k], GFP_KERNEL);
		if (!ptrs[i])
			return -ENOMEM;
		write_marks(i);
	}
	return 0;
}

static void free_group(unsigned int group)
{
	unsigned int k, i;

	for (k = 0; k < nr_sizes; k++) {
		i = group * nr_sizes + k;
		from->free(ptrs[i]);
		ptrs[i] = NULL;
	}
}

static void free_all(void)
{
	unsigned int group;

	for (group = 0; group < groups; group++) {
		free_group(group);
		cond_resched();
	}
	kvfree(ptrs);
}

static int dying_start(const struct bench_allocator *a)
{
	unsigned int group;
	int err = 0;

	if (!nr_sizes || nr_sizes != nr_aligns) {
		pr_err("dying: name as many aligns= as sizes=, at least one\n");
		return -EINVAL;
	}
	from = a;
	ptrs = kvcalloc((size_t)groups * nr_sizes, sizeof(*ptrs), GFP_KERNEL);
	if (!ptrs)
		return -ENOMEM;

	for (group = 0; group < groups && !err; group++) {
		err = make_group(group);
		cond_resched();
	}

	if (err)
		free_all();
	return err;
}

static int dying_next(void)
{
	unsigned int group, stays = 0;
	struct rnd_state rnd;

	bench_seed(&rnd, 0);
	for (group = 0; group < groups; group++) {
		if (!(group % ONE_OF))
			stays = group + prandom_u32_state(&rnd) % ONE_OF;
		if (group != stays)
			free_group(group);
		cond_resched();
	}
	return 0;
}

static void dying_end(void)
{
	unsigned int i, nr = 0, wrong = 0;

	for (i = 0; i < groups * nr_sizes; i++) {
		if (!ptrs[i])
			continue;
		nr++;
		if (!marks_hold(i))
			wrong++;
		cond_resched();
	}
	pr_info("dying: %s: %s: made %u groups, %u of %u objects left, %u of them changed on one of %u CPUs\n",
		bench_verdict(nr && !wrong), from->name, groups, nr,
		groups * nr_sizes, wrong, num_online_cpus());
	free_all();
}

const struct bench_test bench_dying = {
	.name	= "dying",
	.start	= dying_start,
	.next	= dying_next,
	.end	= dying_end,
};

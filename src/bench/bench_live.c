// SPDX-License-Identifier: GPL-2.0
/*
 * Many objects that live at the same time: what each allocation takes, from the
 * first to the last, and what it takes to free all of them in any order.
 */
#include "bench.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>

static unsigned int objects = 100000;
module_param(objects, uint, 0444);
MODULE_PARM_DESC(objects, "live, hold: how many objects (default: 100000)");

static bool kernel;
module_param(kernel, bool, 0444);
MODULE_PARM_DESC(kernel,
		 "hold: have them of the kernel's own allocator (default: 0)");

#define SIZE		8

/* longer ones count as that much in the table that percentiles are read from */
#define MOST		65535

/* figures by part of the allocations, first to last */
#define PARTS		10

static const char * const names[BENCH_WAYS] = { "nothing", "kernel", "shadow" };

/*
 * @ptrs: the objects
 * @order: in which they are freed
 * @took: what each allocation took
 * @counts: how many took how much
 * @nothing: what the clock alone takes
 * @idle: what the machine does on its own
 */
static struct {
	void __percpu **ptrs;
	u32 *order;
	u32 *took;
	u32 *counts;
	u64 nothing;
	u64 idle_alloc;
	u64 idle_free;
} live;

static __always_inline int alloc_way(enum bench_way way)
{
	unsigned int i;
	u64 begin;

	for (i = 0; i < objects; i++) {
		begin = bench_now();
		live.ptrs[i] = bench_alloc(way, SIZE);
		live.took[i] = bench_now() - begin;
		if (!live.ptrs[i])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static int alloc_all(enum bench_way way)
{
	switch (way) {
	case BENCH_KERNEL:
		return alloc_way(BENCH_KERNEL);
	case BENCH_SHADOW:
		return alloc_way(BENCH_SHADOW);
	default:
		return alloc_way(BENCH_NOTHING);
	}
}

static __always_inline void free_way(enum bench_way way)
{
	unsigned int i;

	for (i = 0; i < objects; i++) {
		bench_free(way, live.ptrs[live.order[i]]);
		cond_resched();
	}
	memset(live.ptrs, 0, objects * sizeof(*live.ptrs));
}

static void free_all(enum bench_way way)
{
	switch (way) {
	case BENCH_KERNEL:
		return free_way(BENCH_KERNEL);
	case BENCH_SHADOW:
		return free_way(BENCH_SHADOW);
	default:
		return free_way(BENCH_NOTHING);
	}
}

static u64 percentile(unsigned int percent)
{
	u64 left = (u64)objects * percent / 100;
	unsigned int i;

	for (i = 0; i < MOST && live.counts[i] <= left; i++)
		left -= live.counts[i];
	return i;
}

/* without the clock, which is in it once */
static u64 net(u64 took)
{
	return took > live.nothing ? took - live.nothing : 0;
}

static void report_each(enum bench_way way)
{
	unsigned int i, part, nr = objects / PARTS;
	char name[32];
	u64 sum;

	memset(live.counts, 0, (MOST + 1) * sizeof(*live.counts));
	for (i = 0; i < objects; i++)
		live.counts[min_t(u32, live.took[i], MOST)]++;
	if (way == BENCH_NOTHING) {
		live.nothing = percentile(50);
		return;
	}

	bench_figure("live.alloc_p50", names[way], net(percentile(50)) * 1000);
	bench_figure("live.alloc_p99", names[way], net(percentile(99)) * 1000);
	for (part = 0; part < PARTS; part++) {
		for (sum = 0, i = part * nr; i < (part + 1) * nr; i++)
			sum += net(live.took[i]);
		scnprintf(name, sizeof(name), "live.alloc_part%u", part);
		bench_figure(name, names[way], div_u64(sum * 1000, nr));
	}
}

static void report_all(enum bench_way way, const char *name, u64 took, u64 *idle)
{
	if (way == BENCH_NOTHING)
		*idle = took;
	else
		bench_figure(name, names[way],
			     div_u64((took > *idle ? took - *idle : 0) * 1000,
				     objects));
}

static int live_way(enum bench_way way)
{
	struct bench_busy busy;
	int err;

	bench_busy_begin(&busy);
	err = alloc_all(way);
	report_all(way, "live.alloc_avg", bench_busy_end(&busy),
		   &live.idle_alloc);
	if (!err)
		report_each(way);

	bench_busy_begin(&busy);
	free_all(way);
	report_all(way, "live.free_avg", bench_busy_end(&busy),
		   &live.idle_free);
	return err;
}

static int make_tables(void)
{
	live.ptrs = kvcalloc(objects, sizeof(*live.ptrs), GFP_KERNEL);
	live.order = kvcalloc(objects, sizeof(*live.order), GFP_KERNEL);
	live.took = kvcalloc(objects, sizeof(*live.took), GFP_KERNEL);
	live.counts = kvcalloc(MOST + 1, sizeof(*live.counts), GFP_KERNEL);
	if (!live.ptrs || !live.order || !live.took || !live.counts)
		return -ENOMEM;
	bench_shuffle(live.order, objects, 0);
	return 0;
}

static void free_tables(void)
{
	kvfree(live.ptrs);
	kvfree(live.order);
	kvfree(live.took);
	kvfree(live.counts);
}

/**
 * bench_live() - allocate many objects, and free them all in a random order
 *
 * Context: Process context. Sleeps.
 * Return: 0 or a negative errno.
 */
int bench_live(void)
{
	int err = make_tables();
	unsigned int way;

	for (way = 0; way < BENCH_WAYS && !err; way++)
		err = live_way(way);
	free_tables();
	return err;
}

/**
 * bench_hold() - have many objects, for somebody to look at the dumps meanwhile
 *
 * Context: Process context. May sleep.
 * Return: 0 or a negative errno.
 */
int bench_hold(void)
{
	int err = make_tables() ?:
		  alloc_all(kernel ? BENCH_KERNEL : BENCH_SHADOW);

	if (err)
		bench_hold_end();
	return err;
}

/**
 * bench_hold_end() - free them
 *
 * Context: Process context. May sleep.
 */
void bench_hold_end(void)
{
	if (live.ptrs && live.order)
		free_all(kernel ? BENCH_KERNEL : BENCH_SHADOW);
	free_tables();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What a pair of an allocation and a free takes: of the same object again and again
 * (warm), and of objects here and there among many that live (cold).
 */
#include "bench.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sizes.h>

#define MAX_SIZES	8

static unsigned int sizes[MAX_SIZES] = { 8, 64, 1024, 4096 };
static unsigned int nr_sizes = 4;
module_param_array(sizes, uint, &nr_sizes, 0444);
MODULE_PARM_DESC(sizes,
		 "pairs, cold: bytes of an object (default: 8,64,1024,4096)");

/* pairs of a round: several times what a magazine holds */
#define SMALL_PAIRS	1024
#define LARGE_PAIRS	128

/* cold: how many live, and of how many bytes at most */
#define COLD_LIVE	10240
#define COLD_BYTES	SZ_4M

static unsigned int nr_pairs(size_t size)
{
	return size > 64 ? LARGE_PAIRS : SMALL_PAIRS;
}

/* --- warm --- */

static __always_inline int warm_way(enum bench_way way, size_t size)
{
	unsigned int nr = nr_pairs(size);
	void __percpu *ptr;

	while (nr--) {
		ptr = bench_alloc(way, size);
		if (!ptr)
			return -ENOMEM;
		bench_free(way, ptr);
	}
	return 0;
}

static int warm_once(enum bench_way way, unsigned int round, void *arg)
{
	size_t size = *(unsigned int *)arg;

	switch (way) {
	case BENCH_KERNEL:
		return warm_way(BENCH_KERNEL, size);
	case BENCH_SHADOW:
		return warm_way(BENCH_SHADOW, size);
	default:
		return warm_way(BENCH_NOTHING, size);
	}
}

/**
 * bench_pairs() - pairs of the same object again and again
 *
 * Context: Process context. May sleep.
 * Return: 0 or a negative errno.
 */
int bench_pairs(void)
{
	char name[32];
	struct bench_work work = {
		.name	= name,
		.ways	= { "kernel", "shadow" },
		.once	= warm_once,
	};
	unsigned int i;
	int err;

	for (i = 0; i < nr_sizes; i++) {
		scnprintf(name, sizeof(name), "pair.%u", sizes[i]);
		work.nr = nr_pairs(sizes[i]);
		work.arg = &sizes[i];
		err = bench_alternate(&work) ?: bench_all_of(&work);
		if (err)
			return err;
	}
	return 0;
}

/* --- cold --- */

struct cold {
	size_t size;
	unsigned int nr;	/* objects that live */
	u32 *order;		/* which are replaced in what order */
	void __percpu **ptrs[BENCH_WAYS];
};

/* more go than the magazines hold, and then as many come: from and to all over */
static __always_inline int cold_way(enum bench_way way, const struct cold *c,
				    const u32 *which)
{
	unsigned int nr = nr_pairs(c->size), i;
	void __percpu **ptrs = c->ptrs[way];

	for (i = 0; i < nr; i++) {
		bench_free(way, ptrs[which[i]]);
		ptrs[which[i]] = NULL;
	}
	for (i = 0; i < nr; i++) {
		ptrs[which[i]] = bench_alloc(way, c->size);
		if (!ptrs[which[i]])
			return -ENOMEM;
	}
	return 0;
}

static int cold_once(enum bench_way way, unsigned int round, void *arg)
{
	const struct cold *c = arg;
	unsigned int nr = nr_pairs(c->size);
	const u32 *which = &c->order[round % (c->nr / nr) * nr];

	switch (way) {
	case BENCH_KERNEL:
		return cold_way(BENCH_KERNEL, c, which);
	case BENCH_SHADOW:
		return cold_way(BENCH_SHADOW, c, which);
	default:
		return cold_way(BENCH_NOTHING, c, which);
	}
}

static int cold_fill(struct cold *c)
{
	unsigned int way, i;

	for (way = 0; way < BENCH_WAYS; way++) {
		c->ptrs[way] = kvcalloc(c->nr, sizeof(*c->ptrs[way]),
					GFP_KERNEL);
		if (!c->ptrs[way])
			return -ENOMEM;
		for (i = 0; i < c->nr; i++) {
			c->ptrs[way][i] = bench_alloc(way, c->size);
			if (!c->ptrs[way][i])
				return -ENOMEM;
		}
	}
	return 0;
}

static void cold_empty(struct cold *c)
{
	unsigned int way, i;

	for (way = 0; way < BENCH_WAYS; way++) {
		for (i = 0; c->ptrs[way] && i < c->nr; i++)
			bench_free(way, c->ptrs[way][i]);
		kvfree(c->ptrs[way]);
	}
}

static int cold_size(unsigned int size)
{
	struct cold c = {
		.size	= size,
		.nr	= min_t(unsigned int, COLD_LIVE, COLD_BYTES / size),
	};
	char name[32];
	struct bench_work work = {
		.name	= name,
		.ways	= { "kernel", "shadow" },
		.nr	= nr_pairs(size),
		.once	= cold_once,
		.arg	= &c,
	};
	int err = -ENOMEM;

	scnprintf(name, sizeof(name), "pair_cold.%u", size);
	c.order = kvcalloc(c.nr, sizeof(*c.order), GFP_KERNEL);
	if (c.order) {
		bench_shuffle(c.order, c.nr, size);
		err = cold_fill(&c) ?: bench_alternate(&work) ?:
		      bench_all_of(&work);
	}
	cold_empty(&c);
	kvfree(c.order);
	return err;
}

/**
 * bench_cold() - pairs here and there among many objects
 *
 * Context: Process context. May sleep.
 * Return: 0 or a negative errno.
 */
int bench_cold(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr_sizes && !err; i++)
		err = cold_size(sizes[i]);
	return err;
}

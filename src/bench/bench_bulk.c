// SPDX-License-Identifier: GPL-2.0
/*
 * Several objects by one call, beside as many calls; and one object for which a
 * chunk has to be made.
 */
#include "bench.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/sort.h>
#include <linux/string.h>

/* objects of a call, and calls of a round */
#define BULK_OBJECTS	64
#define BULK_CALLS	16
#define BULK_SIZE	8

static void __percpu *ptrs[BULK_OBJECTS];

static int single(void)
{
	unsigned int i;

	for (i = 0; i < BULK_OBJECTS; i++) {
		ptrs[i] = __shadow_alloc_percpu(BULK_SIZE, BENCH_ALIGN);
		if (!ptrs[i])
			return -ENOMEM;
	}
	for (i = 0; i < BULK_OBJECTS; i++)
		shadow_free_percpu(ptrs[i]);
	return 0;
}

static int bulk(void)
{
	int err = shadow_alloc_percpu_bulk(BULK_SIZE, BENCH_ALIGN, GFP_KERNEL,
					   BULK_OBJECTS, ptrs);

	if (!err)
		shadow_free_percpu_bulk(BULK_OBJECTS, ptrs);
	return err;
}

static int bulk_once(enum bench_way way, unsigned int round, void *arg)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < BULK_CALLS && !err; i++) {
		if (way == BENCH_KERNEL)
			err = single();
		else if (way == BENCH_SHADOW)
			err = bulk();
	}
	return err;
}

/**
 * bench_bulk() - objects by one call, beside as many calls
 *
 * Figures: for each object, its allocation and its free.
 *
 * Context: Process context. May sleep.
 * Return: 0 or a negative errno.
 */
int bench_bulk(void)
{
	const struct bench_work work = {
		.name	= "bulk",
		.ways	= { "single", "bulk" },
		.nr	= BULK_CALLS * BULK_OBJECTS,
		.once	= bulk_once,
	};

	return bench_alternate(&work) ?: bench_all_of(&work);
}

/* --- chunks --- */

/* fill several chunks, whatever the size of a unit */
#define CHUNK_OBJECTS	64
#define CHUNK_SIZE	SZ_32K

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static int chunk_way(enum bench_way way, u64 *took)
{
	void __percpu *objects[CHUNK_OBJECTS] = { };
	unsigned int i;
	int err = 0;

	for (i = 0; i < CHUNK_OBJECTS && !err; i++) {
		took[i] = bench_now();
		objects[i] = bench_alloc(way, CHUNK_SIZE);
		took[i] = bench_now() - took[i];
		if (!objects[i])
			err = -ENOMEM;
	}
	for (i = 0; i < CHUNK_OBJECTS; i++)
		bench_free(way, objects[i]);
	sort(took, CHUNK_OBJECTS, sizeof(*took), compare, NULL);
	return err;
}

/**
 * bench_chunk() - an object for which a chunk has to be made
 *
 * Figures: the dearest of many objects of which few fit into a chunk, and the one in
 * the middle, for which there is room.
 *
 * Context: Process context. May sleep.
 * Return: 0 or a negative errno.
 */
int bench_chunk(void)
{
	static const char * const names[] = { "kernel", "shadow" };
	static u64 took[CHUNK_OBJECTS];
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		err = i ? chunk_way(BENCH_SHADOW, took) :
			  chunk_way(BENCH_KERNEL, took);
		if (err)
			return err;
		bench_figure("chunk.made", names[i],
			     took[CHUNK_OBJECTS - 1] * 1000);
		bench_figure("chunk.there", names[i],
			     took[CHUNK_OBJECTS / 2] * 1000);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of all sizes and alignments, allocated and freed at random.
 *
 * A step fills a random place or empties it, so that about half of the places in
 * use are full. How many are in use changes from time to time, and objects in the
 * others go at once: chunks become empty, give pages back, and are destroyed.
 */
#include "stream.h"

#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#define MIN_SIZE	4

static u32 below(struct rnd_state *rnd, u32 end)
{
	return prandom_u32_state(rnd) % end;
}

/* as many from 4 to 7 as from 8 to 15, and so on up to the largest */
static size_t any_size(struct stream_objects *o)
{
	u32 order = below(&o->rnd, fls(o->max_size) - ilog2(MIN_SIZE));
	u32 size = MIN_SIZE << order;

	return min(size + below(&o->rnd, size), o->max_size);
}

static size_t any_align(struct stream_objects *o, size_t size)
{
	size_t most = min_t(size_t, roundup_pow_of_two(size), PAGE_SIZE);

	return MIN_SIZE << below(&o->rnd, ilog2(most) - ilog2(MIN_SIZE) + 1);
}

static void fill(struct stream_objects *o, unsigned int i)
{
	size_t size = any_size(o);
	size_t align = any_align(o, size);
	bool atomic = below(&o->rnd, 100) < o->atomic;
	gfp_t gfp = atomic ? GFP_ATOMIC : GFP_KERNEL;

	o->ptr[i] = __alloc_percpu_gfp(size, align, gfp | __GFP_NOWARN);
	if (o->ptr[i]) {
		o->stats.allocs++;
		o->stats.atomic += atomic;
	} else if (atomic) {
		o->stats.atomic_failed++;
	} else {
		o->stats.failed++;
	}
}

static void empty(struct stream_objects *o, unsigned int i)
{
	if (!o->ptr[i])
		return;
	free_percpu(o->ptr[i]);
	o->ptr[i] = NULL;
	o->stats.frees++;
}

static void change_span(struct stream_objects *o)
{
	unsigned int i, span = 1 + below(&o->rnd, o->nr);

	for (i = span; i < o->span; i++)
		empty(o, i);
	o->span = span;
	o->left = 1 + below(&o->rnd, 2 * o->nr);
}

/**
 * stream_objects_step() - allocate an object, or free one or many
 * @o: the objects
 *
 * Context: Any if all of them are atomic, else process context, and may sleep.
 */
void stream_objects_step(struct stream_objects *o)
{
	unsigned int i;

	if (!o->left)
		change_span(o);
	o->left--;

	i = below(&o->rnd, o->span);
	if (o->ptr[i])
		empty(o, i);
	else
		fill(o, i);
}

/**
 * stream_objects_create() - make a table without objects
 * @live: about how many there will be at most
 * @seed: of all that is random
 * @max_size: most bytes of an object, 4 at least
 * @atomic: how many of 100 allocations are atomic
 *
 * Context: Process context. May sleep.
 * Return: The table, or NULL.
 */
struct stream_objects *stream_objects_create(unsigned int live, u64 seed,
					     unsigned int max_size,
					     unsigned int atomic)
{
	unsigned int nr = 2 * live;
	struct stream_objects *o;

	o = kvzalloc(struct_size(o, ptr, nr), GFP_KERNEL);
	if (!o)
		return NULL;
	prandom_seed_state(&o->rnd, seed);
	o->max_size = max_size;
	o->atomic = atomic;
	o->nr = nr;
	return o;
}

/**
 * stream_objects_destroy() - free a table, and what is in it
 * @o: the table; may be NULL
 *
 * Context: Process context. May sleep.
 */
void stream_objects_destroy(struct stream_objects *o)
{
	unsigned int i;

	if (!o)
		return;
	for (i = 0; i < o->nr; i++)
		empty(o, i);
	kvfree(o);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Play: what each event of a recording did to the chunks, found by comparing them with
 * what they were before.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "core.h"
#include "engine_bitmap.h"
#include "play.h"

/**
 * struct seen - a chunk as it was told of
 *
 * @node: among those that were, in no order
 * @id: the chunk's
 * @nr_bits: its granules
 * @there: it was met in this step
 * @alloc: its granules that were taken
 * @bound: where its areas began or ended; a bit longer
 * @populated: its pages that were backed
 */
struct seen {
	struct list_head node;
	unsigned int id;
	int nr_bits;
	bool there;
	unsigned long *alloc;
	unsigned long *bound;
	unsigned long *populated;
};

/**
 * struct play - all chunks of one allocator as they were told of
 *
 * @side: the letter that its lines begin with
 * @out: where they go
 * @chunks: the chunks
 */
struct play {
	char side;
	FILE *out;
	struct list_head chunks;
};

/**
 * play_create() - nothing was told yet
 * @side: the letter that lines begin with
 * @out: where they go
 *
 * Return: For play_destroy(); NULL without memory.
 */
struct play *play_create(char side, FILE *out)
{
	struct play *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	p->side = side;
	p->out = out;
	INIT_LIST_HEAD(&p->chunks);
	return p;
}

static void forget(struct seen *seen)
{
	kvfree(seen->alloc);
	kvfree(seen->bound);
	kvfree(seen->populated);
	kfree(seen);
}

/**
 * play_destroy() - end it
 * @p: from play_create(), or NULL
 */
void play_destroy(struct play *p)
{
	struct seen *seen, *next;

	if (!p)
		return;

	list_for_each_entry_safe(seen, next, &p->chunks, node)
		forget(seen);
	kfree(p);
}

static unsigned long *bits(unsigned int nr)
{
	return kvzalloc(BITS_TO_LONGS(nr) * sizeof(long), GFP_KERNEL);
}

/* one that nothing was told of */
static struct seen *learn(struct play *p, const struct spcpu_chunk *chunk)
{
	struct seen *seen = kzalloc(sizeof(*seen), GFP_KERNEL);

	if (!seen)
		return NULL;
	seen->id = chunk->id;
	seen->nr_bits = chunk->map.nr_bits;
	seen->alloc = bits(seen->nr_bits);
	seen->bound = bits(seen->nr_bits + 1);
	seen->populated = bits(chunk->map.nr_blocks);
	if (!seen->alloc || !seen->bound || !seen->populated) {
		forget(seen);
		return NULL;
	}
	list_add_tail(&seen->node, &p->chunks);
	fprintf(p->out, "%c chunk %u %d %u %u %s\n", p->side, chunk->id, chunk->map.nr_blocks,
		chunk->head, chunk->tail, chunk->immutable ? "immutable" : "-");
	return seen;
}

static struct seen *find(struct play *p, unsigned int id)
{
	struct seen *seen;

	list_for_each_entry(seen, &p->chunks, node) {
		if (seen->id == id)
			return seen;
	}
	return NULL;
}

/**
 * struct area - a walk from area to area
 *
 * @alloc: taken granules
 * @bound: where areas begin or end
 * @end: behind the last granule that is the chunk's own
 * @off: where the area begins; @end: there is none any more
 * @bits: its granules
 */
struct area {
	const unsigned long *alloc;
	const unsigned long *bound;
	int end;
	int off;
	int bits;
};

/* to the first one from a granule on */
static void go_to(struct area *a, int from)
{
	a->off = find_next_bit(a->alloc, a->end, from);
	if (a->off < a->end)
		a->bits = find_next_bit(a->bound, a->end, a->off + 1) - a->off;
}

static void tell_area(struct play *p, const struct seen *seen, char what, struct area *a)
{
	fprintf(p->out, "%c %c %u %d %d\n", p->side, what, seen->id,
		a->off << SPCPU_GRANULE_SHIFT, a->bits << SPCPU_GRANULE_SHIFT);
	go_to(a, a->off + a->bits);
}

static void tell_areas(struct play *p, const struct seen *seen,
		       const struct spcpu_chunk *chunk)
{
	const struct spcpu_bitmap *map = spcpu_bitmap(&chunk->map);
	int from = chunk->head >> SPCPU_GRANULE_SHIFT;
	int end = chunk->map.nr_bits - (chunk->tail >> SPCPU_GRANULE_SHIFT);
	struct area was = { .alloc = seen->alloc, .bound = seen->bound, .end = end };
	struct area is = { .alloc = map->alloc, .bound = map->bound, .end = end };

	go_to(&was, from);
	go_to(&is, from);
	while (was.off < end || is.off < end) {
		if (was.off == is.off && was.bits == is.bits) {
			go_to(&was, was.off + was.bits);
			go_to(&is, is.off + is.bits);
		} else if (was.off <= is.off) {
			tell_area(p, seen, '-', &was);
		} else {
			tell_area(p, seen, '+', &is);
		}
	}
}

static void tell_pages(struct play *p, const struct seen *seen,
		       const struct spcpu_chunk *chunk)
{
	int i, end, nr = chunk->map.nr_blocks;

	for (i = 0; i < nr; i = end) {
		bool now = test_bit(i, chunk->populated);

		end = i + 1;
		if (test_bit(i, seen->populated) == now)
			continue;
		while (end < nr && test_bit(end, chunk->populated) == now &&
		       test_bit(end, seen->populated) != now)
			end++;
		fprintf(p->out, "%c pages %u %d %d %d\n", p->side, seen->id, i, end - i, now);
	}
}

/* an area's pages come before it, and go after it */
static void tell(struct play *p, struct seen *seen, const struct spcpu_chunk *chunk)
{
	const struct spcpu_bitmap *map = spcpu_bitmap(&chunk->map);
	int nr = seen->nr_bits;

	if (!bitmap_equal(seen->populated, chunk->populated, chunk->map.nr_blocks)) {
		tell_pages(p, seen, chunk);
		bitmap_copy(seen->populated, chunk->populated, chunk->map.nr_blocks);
	}
	if (!bitmap_equal(seen->alloc, map->alloc, nr) ||
	    !bitmap_equal(seen->bound, map->bound, nr + 1)) {
		tell_areas(p, seen, chunk);
		bitmap_copy(seen->alloc, map->alloc, nr);
		bitmap_copy(seen->bound, map->bound, nr + 1);
	}
}

static void tell_gone(struct play *p)
{
	struct seen *seen, *next;

	list_for_each_entry_safe(seen, next, &p->chunks, node) {
		if (seen->there)
			continue;
		fprintf(p->out, "%c gone %u\n", p->side, seen->id);
		list_del(&seen->node);
		forget(seen);
	}
}

/**
 * play_step() - tell what is not as it was
 * @p: what was told
 * @s: the allocator; its chunks have the bitmap engine
 *
 * Return: False without memory.
 */
bool play_step(struct play *p, const struct spcpu *s)
{
	const struct spcpu_chunk *chunk;
	struct seen *seen;

	list_for_each_entry(seen, &p->chunks, node)
		seen->there = false;
	list_for_each_entry(chunk, &s->chunks, all) {
		seen = find(p, chunk->id);
		if (!seen)
			seen = learn(p, chunk);
		if (!seen)
			return false;
		seen->there = true;
		tell(p, seen, chunk);
	}
	tell_gone(p);
	return true;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Engine: places areas as Linux 2.6.30 to 4.13 did, in the shape of 3.14.
 *
 * The space of a chunk is an array of extents, each a length: above zero it is
 * free, below zero taken. An allocation takes the first extent that holds it and
 * cuts off what it leaves before and behind; a free merges the extent with its free
 * neighbours. Where an extent lies is the sum of all lengths before it, so every
 * call goes through the array from its beginning.
 *
 * What alignment leaves before an area was given to its neighbour when it was
 * shorter than 4 bytes. Here sizes are whole granules, so it is part of the
 * neighbour from the start, and what is left over is worth an extent of its own.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "engine.h"

/* entries of a new array (3.14: PCPU_DFL_MAP_ALLOC) */
#define ENTRIES		16
/* an area cut out of the middle takes two more */
#define MARGIN		2
/* with fewer left the array is to grow until it has so many (3.18: PCPU_ATOMIC_MAP_*) */
#define MARGIN_LOW	32
#define MARGIN_HIGH	64

/**
 * struct areamap - what is remembered of a map
 *
 * @lengths: of all extents, one after the other
 * @nr: how many there are
 * @room: how many there is room for
 * @empty: bit set: the block is free from end to end
 * @last: where next() was last: an extent
 * @last_at: and where that one begins
 */
struct areamap {
	int *lengths;
	int nr;
	int room;
	unsigned long *empty;
	int last;
	int last_at;
};

/* an extent: its place in the array, and in the chunk */
struct extent {
	int i;
	int at;
};

static struct areamap *own(const struct spcpu_map *map)
{
	return map->own;
}

static int length_of(const struct areamap *a, struct extent e)
{
	return abs(a->lengths[e.i]);
}

static bool is_free(const struct areamap *a, struct extent e)
{
	return a->lengths[e.i] > 0;
}

static struct extent next_of(const struct areamap *a, struct extent e)
{
	return (struct extent){ e.i + 1, e.at + length_of(a, e) };
}

/* the extent that has @off; @from comes before it, or is it */
static struct extent extent_of(const struct areamap *a, struct extent from,
			       int off)
{
	while (off >= from.at + length_of(a, from))
		from = next_of(a, from);
	return from;
}

/* @nr entries more behind entry @i, or less: where they were is not set */
static void open_gap(struct areamap *a, int i, int nr)
{
	int *rest = a->lengths + i + 1;

	if (nr > 0)
		memmove(rest + nr, rest, (a->nr - i - 1) * sizeof(*rest));
	else if (nr < 0)
		memmove(rest, rest - nr, (a->nr - i - 1 + nr) * sizeof(*rest));
	a->nr += nr;
	/* next() begins anew */
	a->last = 0;
	a->last_at = 0;
}

static int areamap_init(struct spcpu_map *map, gfp_t gfp)
{
	struct areamap *a = kzalloc(sizeof(*a), gfp);

	map->own = a;
	if (!a)
		return -ENOMEM;

	a->room = ENTRIES;
	a->lengths = kvcalloc(a->room, sizeof(*a->lengths), gfp);
	a->empty = kvcalloc(BITS_TO_LONGS(map->nr_blocks), sizeof(long), gfp);
	if (!a->lengths || !a->empty)
		return -ENOMEM;

	a->lengths[a->nr++] = map->nr_bits;
	bitmap_fill(a->empty, map->nr_blocks);
	map->bytes = sizeof(*a) + a->room * sizeof(*a->lengths) +
		     BITS_TO_LONGS(map->nr_blocks) * sizeof(long);
	return 0;
}

static void areamap_exit(struct spcpu_map *map)
{
	struct areamap *a = own(map);

	if (!a)
		return;

	kvfree(a->empty);
	kvfree(a->lengths);
	kfree(a);
}

static int areamap_find(struct spcpu_map *map, const struct spcpu_wish *wish,
			struct spcpu_fit *fit)
{
	const struct areamap *a = own(map);
	struct extent e = { };
	int longest = 0, off;

	if (wish->bits > map->contig)
		return -ENOSPC;

	for (; e.i < a->nr; e = next_of(a, e)) {
		if (!is_free(a, e))
			continue;

		off = spcpu_map_fit(map, e.at, e.at + length_of(a, e), wish);
		if (off >= 0) {
			if (a->nr + MARGIN > a->room)
				return -ENOBUFS;
			*fit = (struct spcpu_fit){
				off, wish->bits, { e.i, e.at, longest },
			};
			return 0;
		}
		longest = max(longest, length_of(a, e));
	}
	/* all have been seen */
	map->contig = longest;
	return -ENOSPC;
}

static void areamap_take(struct spcpu_map *map, const struct spcpu_fit *fit)
{
	struct areamap *a = own(map);
	struct extent e = { fit->own[0], fit->own[1] };
	int head, tail, i;

	e = extent_of(a, e, fit->off);
	head = fit->off - e.at;
	tail = length_of(a, e) - head - fit->bits;

	/* when it was the last one the search has seen all others */
	if (e.i == a->nr - 1)
		map->contig = max3(fit->own[2], head, tail);

	open_gap(a, e.i, !!head + !!tail);
	i = e.i;
	if (head)
		a->lengths[i++] = head;
	a->lengths[i++] = -fit->bits;
	if (tail)
		a->lengths[i] = tail;

	map->free_bits -= fit->bits;
	for (i = fit->off / SPCPU_BLOCK_BITS;
	     i <= (fit->off + fit->bits - 1) / SPCPU_BLOCK_BITS; i++)
		map->nr_empty -= __test_and_clear_bit(i, a->empty);
}

static int size_at(const struct areamap *a, struct extent e, int off)
{
	if (is_free(a, e))
		return -ENOENT;
	return e.at == off ? length_of(a, e) : -EINVAL;
}

static int areamap_size(const struct spcpu_map *map, int off)
{
	const struct areamap *a = own(map);

	return size_at(a, extent_of(a, (struct extent){ }, off), off);
}

/* an area of @bits at @off has become part of the free extent @e */
static void count_empty(struct spcpu_map *map, struct extent e, int off,
			int bits)
{
	struct areamap *a = own(map);
	int first = max(off / SPCPU_BLOCK_BITS,
			DIV_ROUND_UP(e.at, SPCPU_BLOCK_BITS));
	int end = min(DIV_ROUND_UP(off + bits, SPCPU_BLOCK_BITS),
		      (e.at + length_of(a, e)) / SPCPU_BLOCK_BITS);

	if (first >= end)
		return;
	bitmap_set(a->empty, first, end - first);
	map->nr_empty += end - first;
}

static int areamap_free(struct spcpu_map *map, int off)
{
	struct areamap *a = own(map);
	struct extent before = { }, e = { };
	int bits, len, nr = 0;

	for (; off >= e.at + length_of(a, e); e = next_of(a, e))
		before = e;
	bits = size_at(a, e, off);
	if (bits < 0)
		return bits;

	len = bits;
	if (e.i + 1 < a->nr && is_free(a, next_of(a, e))) {
		len += a->lengths[e.i + 1];
		nr++;
	}
	if (e.i && is_free(a, before)) {
		len += a->lengths[before.i];
		nr++;
		e = before;
	}
	a->lengths[e.i] = len;
	open_gap(a, e.i, -nr);

	map->free_bits += bits;
	map->contig = max(map->contig, len);
	count_empty(map, e, off, bits);
	return bits;
}

static int areamap_next(const struct spcpu_map *map, int from, int *bits)
{
	struct areamap *a = own(map);
	struct extent e = { a->last, a->last_at };

	if (from < e.at)
		e = (struct extent){ };
	while (e.i < a->nr && (e.at < from || is_free(a, e)))
		e = next_of(a, e);
	if (e.i == a->nr)
		return -ENOENT;

	a->last = e.i;
	a->last_at = e.at;
	*bits = length_of(a, e);
	return e.at;
}

static bool areamap_block_free(const struct spcpu_map *map, int i)
{
	return test_bit(i, own(map)->empty);
}

static size_t areamap_wants(const struct spcpu_map *map)
{
	const struct areamap *a = own(map);
	size_t room = ENTRIES;

	if (a->nr + MARGIN_LOW <= a->room)
		return 0;

	while (room < a->nr + MARGIN_HIGH)
		room *= 2;
	return room * sizeof(*a->lengths);
}

static void *areamap_move(struct spcpu_map *map, void *room, size_t bytes)
{
	struct areamap *a = own(map);
	int *old = a->lengths;
	size_t had = a->room * sizeof(*old);

	if (bytes <= had)
		return room;

	memcpy(room, old, a->nr * sizeof(*old));
	a->lengths = room;
	a->room = bytes / sizeof(*old);
	map->bytes += bytes - had;
	return old;
}

const struct spcpu_engine spcpu_engine_areamap = {
	.name = "areamap",
	.init = areamap_init,
	.exit = areamap_exit,
	.find = areamap_find,
	.take = areamap_take,
	.size = areamap_size,
	.free = areamap_free,
	.next = areamap_next,
	.block_free = areamap_block_free,
	.wants = areamap_wants,
	.move = areamap_move,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_engine_areamap);

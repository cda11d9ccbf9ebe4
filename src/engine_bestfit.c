// SPDX-License-Identifier: GPL-2.0
/*
 * Engine: places an area in the shortest free run that holds it.
 *
 * Free runs are sorted into bins by length: one for each length up to 32 granules,
 * then four for each doubling. A chunk is divided into cells, and each bin has a bit
 * for each cell: set while a run of that length may begin there. A bit is set when
 * such a run comes into being, and cleared only by a search that does not find it. So
 * a free goes through no more than its own run, and so does an allocation when length
 * is all that matters. Where alignment, or pages, make it pass over too many runs it
 * goes through all of them, once.
 *
 * Large runs stay whole for large areas, where first fit cuts them up, and there are
 * no hints that could forget a run.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "engine.h"
#include "engine_bits.h"

/* bins: as many as a long has bits; lengths with one of their own; the others */
#define BINS		64
#define EXACT		32
#define SPLIT_SHIFT	2

/* granules of a cell: the shorter, the less is searched, and the more bits there are */
#define CELL_BITS	256

/* cells with runs that do not suit, until all runs are gone through */
#define TRIES		64

/* nobody needs more (32 KB, aligned to a page), so what is longer is not measured */
#define REACH		(8192 + SPCPU_BLOCK_BITS)

/**
 * struct bestfit - what is remembered of a map
 *
 * @nr_cells: how many cells it has
 * @used: bit set: some cell's bit may be set in the bin
 * @alloc: see engine_bits.h
 * @bound: likewise
 * @cells: @nr_cells bits for each bin, one bin after the other
 * @bits: where these are
 */
struct bestfit {
	int nr_cells;
	DECLARE_BITMAP(used, BINS);
	unsigned long *alloc;
	unsigned long *bound;
	unsigned long *cells;
	unsigned long bits[];
};

static struct bestfit *own(const struct spcpu_map *map)
{
	return map->own;
}

/* longer runs are in higher bins */
static int bin_of(int bits)
{
	int order;

	if (bits <= EXACT)
		return bits - 1;
	order = ilog2(bits);
	return min(EXACT + ((order - ilog2(EXACT)) << SPLIT_SHIFT) +
		   ((bits >> (order - SPLIT_SHIFT)) & ((1 << SPLIT_SHIFT) - 1)),
		   BINS - 1);
}

static unsigned long *cells_of(const struct bestfit *b, int bin)
{
	return b->cells + bin * BITS_TO_LONGS(b->nr_cells);
}

/* a free run has come into being */
static void note_run(struct bestfit *b, int start, int end)
{
	int bin = bin_of(end - start);

	__set_bit(bin, b->used);
	__set_bit(start / CELL_BITS, cells_of(b, bin));
}

/* where the free run ends that has @pos, as far as it matters; free up to @known */
static int free_until(const struct spcpu_map *map, int pos, int known)
{
	return find_next_bit(own(map)->alloc, min(pos + REACH, map->nr_bits),
			     known);
}

/* where the free run begins that ends at @pos; negative: too far away to matter */
static int free_since(const struct spcpu_map *map, int pos)
{
	int from = max(round_down(pos, BITS_PER_LONG) - REACH, 0);
	int taken = find_last_bit(own(map)->alloc + BIT_WORD(from), pos - from);

	if (taken < pos - from)
		return from + taken + 1;
	return from ? -1 : 0;
}

static bool block_free(const struct spcpu_map *map, int i)
{
	int end = (i + 1) * SPCPU_BLOCK_BITS;

	return find_next_bit(own(map)->alloc, end, i * SPCPU_BLOCK_BITS) == end;
}

/* how many of the blocks are free that an area lies in */
static int blocks_free(const struct spcpu_map *map, int off, int bits)
{
	int i, nr = 0;

	for (i = off / SPCPU_BLOCK_BITS;
	     i <= (off + bits - 1) / SPCPU_BLOCK_BITS; i++)
		nr += block_free(map, i);
	return nr;
}

static int init_map(struct spcpu_map *map, gfp_t gfp)
{
	int alloc = BITS_TO_LONGS(map->nr_bits);
	int bound = BITS_TO_LONGS(map->nr_bits + 1);
	int nr_cells = map->nr_bits / CELL_BITS;
	struct bestfit *b;

	map->bytes = struct_size(b, bits, alloc + bound +
				 BINS * BITS_TO_LONGS(nr_cells));
	b = kvzalloc(map->bytes, gfp);
	map->own = b;
	if (!b)
		return -ENOMEM;

	b->nr_cells = nr_cells;
	b->alloc = b->bits;
	b->bound = b->alloc + alloc;
	b->cells = b->bound + bound;
	note_run(b, 0, map->nr_bits);
	return 0;
}

static void exit_map(struct spcpu_map *map)
{
	kvfree(map->own);
}

/*
 * Of the runs that begin from @pos on, before @limit, the first of the lowest bin
 * from @bin on, below @beyond, that has room. 0: that is the place. -ENOSPC: none has
 * room. -ENOENT: there are none.
 */
static int search_runs(const struct spcpu_map *map, int pos, int limit, int bin,
		       int beyond, const struct spcpu_wish *wish,
		       struct spcpu_fit *fit)
{
	const unsigned long *alloc = own(map)->alloc;
	int end, off, this, err = -ENOENT;

	/* one that begins before */
	if (pos && !test_bit(pos - 1, alloc))
		pos = find_next_bit(alloc, limit, pos);

	for (; beyond > bin; pos = find_next_bit(alloc, limit, end)) {
		pos = find_next_zero_bit(alloc, limit, pos);
		if (pos >= limit)
			break;
		end = free_until(map, pos, pos);
		this = bin_of(end - pos);
		if (this < bin || this >= beyond)
			continue;

		off = spcpu_map_fit(map, pos, end, wish);
		/* backed pages may be further away than REACH */
		if (off < 0 && wish->populated) {
			end = find_next_bit(alloc, map->nr_bits, end);
			off = spcpu_map_fit(map, pos, end, wish);
		}
		if (off >= 0) {
			*fit = (struct spcpu_fit){ off, wish->bits, { end } };
			beyond = this;
			err = 0;
		} else if (err) {
			err = -ENOSPC;
		}
	}
	return err;
}

static bool search_bin(const struct spcpu_map *map, int bin, int *tries,
		       const struct spcpu_wish *wish, struct spcpu_fit *fit)
{
	unsigned long *cells = cells_of(own(map), bin);
	int nr_cells = own(map)->nr_cells, cell, err;

	for_each_set_bit(cell, cells, nr_cells) {
		err = search_runs(map, cell * CELL_BITS, (cell + 1) * CELL_BITS,
				  bin, bin + 1, wish, fit);
		if (!err)
			return true;
		if (err == -ENOENT)
			__clear_bit(cell, cells);
		else if (!--*tries)
			return false;
	}
	if (bitmap_empty(cells, nr_cells))
		__clear_bit(bin, own(map)->used);
	return false;
}

/* in the first bin some are too short, in the others alignment may cost too much */
static int find_fit(struct spcpu_map *map, const struct spcpu_wish *wish,
		    struct spcpu_fit *fit)
{
	int first = bin_of(wish->bits), bin = first, tries = TRIES;

	if (wish->bits > map->contig)
		return -ENOSPC;

	for_each_set_bit_from(bin, own(map)->used, BINS) {
		if (tries && search_bin(map, bin, &tries, wish, fit))
			return 0;
	}
	if (!tries && !search_runs(map, 0, map->nr_bits, first, BINS, wish, fit))
		return 0;

	/* nowhere: so no run is as long as would do at any place */
	if (!wish->populated)
		map->contig = min(map->contig, wish->bits + wish->align - 2);
	return -ENOSPC;
}

static void take_fit(struct spcpu_map *map, const struct spcpu_fit *fit)
{
	struct bestfit *b = own(map);
	int start = free_since(map, fit->off), end = fit->off + fit->bits;
	/* what the search went through need not be looked at again */
	int free_end = free_until(map, end, max(end, fit->own[0]));

	map->nr_empty -= blocks_free(map, fit->off, fit->bits);
	map->free_bits -= fit->bits;
	spcpu_bits_take(b->alloc, b->bound, fit->off, fit->bits);
	if (start >= 0 && start < fit->off)
		note_run(b, start, fit->off);
	if (end < free_end)
		note_run(b, end, free_end);
}

static int size_at(const struct spcpu_map *map, int off)
{
	return spcpu_bits_size(own(map)->alloc, own(map)->bound, map->nr_bits,
			       off);
}

static int free_at(struct spcpu_map *map, int off)
{
	int bits = size_at(map, off), start, end;

	if (bits < 0)
		return bits;
	bitmap_clear(own(map)->alloc, off, bits);
	map->free_bits += bits;
	map->nr_empty += blocks_free(map, off, bits);

	/* if it is too far away, the run is in the last bin already */
	start = free_since(map, off);
	if (start >= 0) {
		end = free_until(map, off, off + bits);
		note_run(own(map), start, end);
		map->contig = max(map->contig, end - start);
	}
	return bits;
}

static int next_at(const struct spcpu_map *map, int from, int *bits)
{
	return spcpu_bits_next(own(map)->alloc, own(map)->bound, map->nr_bits,
			       from, bits);
}

const struct spcpu_engine spcpu_engine_bestfit = {
	.name = "bestfit",
	.init = init_map,
	.exit = exit_map,
	.find = find_fit,
	.take = take_fit,
	.size = size_at,
	.free = free_at,
	.next = next_at,
	.block_free = block_free,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_engine_bestfit);

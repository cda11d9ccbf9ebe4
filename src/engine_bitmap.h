/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the bitmap engine remembers of a map. Snapshots of the kernel's chunks have
 * the same, and so do the copies that dumps are made from, whatever the engine is.
 */
#ifndef SPCPU_ENGINE_BITMAP_H
#define SPCPU_ENGINE_BITMAP_H

#include "engine.h"

/**
 * struct spcpu_hints - what is known of the free space of a block, or a chunk
 *
 * All in granules, positions relative to the start of the block (of the chunk).
 * A hint never names a granule that is taken, but may know of less than there
 * is: lengths are lower bounds, as in the kernel, and decide where areas go. Of
 * a block, @contig_hint and @left_free are 0 only where they must be, and
 * @contig_hint is @nr_bits whenever it can be.
 *
 * @contig_hint: length of the longest known free run
 * @contig_hint_start: where it begins; means nothing when @contig_hint is 0
 * @scan_hint: length of the longest known free run before the longest one, or
 *             after it, if both are equally long; 0 when none is known
 * @scan_hint_start: where it begins; means nothing when @scan_hint is 0
 * @left_free: length of the free run at the very left
 * @right_free: length of the free run at the very right; often 0 once that run
 *              was made the longest, which takes no look at it
 * @first_free: position of the first free granule, @nr_bits if there is none;
 *              but 0 in a block that lies amid an area
 * @nr_bits: length of the block (of the chunk)
 */
struct spcpu_hints {
	int contig_hint;
	int contig_hint_start;
	int scan_hint;
	int scan_hint_start;
	int left_free;
	int right_free;
	int first_free;
	int nr_bits;
};

/**
 * struct spcpu_bitmap - two bits for each granule, and hints
 *
 * @nr_tail: so many blocks at the end are known to be free; nothing but time depends
 *           on it
 * @whole: hints of the whole chunk; its left_free and right_free are not kept
 *         up, and its contig_hint, which forgets more, can be 0 while runs
 *         shorter than a block are free
 * @blocks: hints of each block
 * @alloc: bit set: the granule is taken
 * @bound: bit set: an area begins here, or one ends just before; accurate only
 *         where @alloc is set; one bit longer than @alloc
 * @open: bit clear: the block's hints know no free run, neither in it nor at its
 *        right end; nothing but time depends on it
 */
struct spcpu_bitmap {
	int nr_tail;
	struct spcpu_hints whole;
	struct spcpu_hints *blocks;
	unsigned long *alloc;
	unsigned long *bound;
	unsigned long *open;
};

/* of a map whose engine is spcpu_engine_bitmap */
static inline struct spcpu_bitmap *spcpu_bitmap(const struct spcpu_map *map)
{
	return map->own;
}

bool spcpu_bitmap_draw(struct spcpu_map *to, const struct spcpu_map *from);
void spcpu_bitmap_look(struct spcpu_map *map);

#endif /* SPCPU_ENGINE_BITMAP_H */

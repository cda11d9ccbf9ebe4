/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Placement: where in a chunk an area goes.
 *
 * Pure: no pages, no locks, no kernel VM. A map knows granules (4 bytes) and
 * blocks (a page's worth of granules) and nothing else, so it can be run by
 * the million outside of any chunk.
 */
#ifndef SPCPU_ENGINE_H
#define SPCPU_ENGINE_H

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/types.h>

#define SPCPU_GRANULE_SHIFT	2
#define SPCPU_GRANULE		((int)BIT(SPCPU_GRANULE_SHIFT))
#define SPCPU_BLOCK_BITS	((int)(PAGE_SIZE >> SPCPU_GRANULE_SHIFT))

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
 * struct spcpu_map - the space of one chunk
 *
 * @nr_blocks: number of blocks, which is the number of pages of a unit's part
 * @nr_bits: number of granules
 * @free_bits: number of free granules
 * @nr_empty: number of blocks that are free from end to end
 * @nr_tail: so many blocks at the end are known to be; nothing but time depends on it
 * @whole: hints of the whole chunk; its left_free and right_free are not kept
 *         up, and its contig_hint, which forgets more, can be 0 while runs
 *         shorter than a block are free
 * @blocks: hints of each block
 * @alloc: bit set: the granule is taken
 * @bound: bit set: an area begins here, or one ends just before; accurate only
 *         where @alloc is set; one bit longer than @alloc
 * @open: bit clear: the block's hints know no free run, neither in it nor at its
 *        right end; nothing but time depends on it
 * @populated: bit set: the page is backed; owned by the chunk, read here
 */
struct spcpu_map {
	int nr_blocks;
	int nr_bits;
	int free_bits;
	int nr_empty;
	int nr_tail;
	struct spcpu_hints whole;
	struct spcpu_hints *blocks;
	unsigned long *alloc;
	unsigned long *bound;
	unsigned long *open;
	const unsigned long *populated;
};

/**
 * struct spcpu_fit - a place for an area, in granules
 *
 * @off: where it would begin
 * @bits: its length
 * @skipped: the longest run that was passed over as too short
 * @skipped_bits: length of that; 0 if there was none
 */
struct spcpu_fit {
	int off;
	int bits;
	int skipped;
	int skipped_bits;
};

int spcpu_map_init(struct spcpu_map *map, int nr_pages,
		   const unsigned long *populated, gfp_t gfp);
void spcpu_map_exit(struct spcpu_map *map);
void spcpu_map_hide(struct spcpu_map *map, int off, int bits);
int spcpu_map_find(const struct spcpu_map *map, int bits, int align,
		   bool populated, struct spcpu_fit *fit);
void spcpu_map_take(struct spcpu_map *map, const struct spcpu_fit *fit);
int spcpu_map_alloc(struct spcpu_map *map, int bits, int align, bool populated);
int spcpu_map_size(const struct spcpu_map *map, int off);
int spcpu_map_around(const struct spcpu_map *map, int off, int *bits);
int spcpu_map_free(struct spcpu_map *map, int off);
int spcpu_map_next(const struct spcpu_map *map, int from, int *bits);

static inline int spcpu_map_contig(const struct spcpu_map *map)
{
	return map->whole.contig_hint;
}

/* is a block free from end to end? */
static inline bool spcpu_map_block_free(const struct spcpu_map *map, int i)
{
	return map->blocks[i].contig_hint == map->blocks[i].nr_bits;
}

#endif /* SPCPU_ENGINE_H */

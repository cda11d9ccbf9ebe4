// SPDX-License-Identifier: GPL-2.0
/*
 * Engine: places areas where the kernel's allocator would.
 *
 * Two bitmaps say what is taken. Hints of each block and of the whole chunk
 * say where it pays to look; they never promise what is not there, but they may
 * know less than there is, and what they do not know decides what is chosen.
 * So each hint here is the one that the kernel has after the same calls, and
 * where it forgets a run, this forgets it too. Such places say so.
 */
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "engine.h"

/* granules next to each other */
struct run {
	int start;
	int len;
};

/* what an allocation asks for */
struct wish {
	int bits;
	int align;
	bool populated;
};

static int run_end(struct run r)
{
	return r.start + r.len;
}

static bool runs_overlap(struct run a, struct run b)
{
	return a.start < run_end(b) && b.start < run_end(a);
}

/* does @a suit more alignments than @b? Position 0 suits all. */
static bool better_aligned(int a, int b)
{
	return b && (!a || __ffs(a) > __ffs(b));
}

static int block_of(int pos)
{
	return pos / SPCPU_BLOCK_BITS;
}

static int block_start(int i)
{
	return i * SPCPU_BLOCK_BITS;
}

static int last_block_of(struct run r)
{
	return block_of(run_end(r) - 1);
}

/* what of @r lies in block @i, relative to the block */
static struct run part_in(struct run r, int i)
{
	int from = max(r.start - block_start(i), 0);
	int to = min(run_end(r) - block_start(i), SPCPU_BLOCK_BITS);

	return (struct run){ from, to - from };
}

/* a block is a whole number of words */
static const unsigned long *block_alloc(const struct spcpu_map *map, int i)
{
	return map->alloc + BIT_WORD(block_start(i));
}

/* where the free run begins that ends at @pos */
static int free_since(const unsigned long *alloc, int pos)
{
	int taken = find_last_bit(alloc, pos);

	/* @pos itself: no bit before it is set */
	return taken == pos ? 0 : taken + 1;
}

/* hints: what a block, or the chunk, knows of its free runs */

static struct run longest_of(const struct spcpu_hints *h)
{
	return (struct run){ h->contig_hint_start, h->contig_hint };
}

static struct run second_of(const struct spcpu_hints *h)
{
	return (struct run){ h->scan_hint_start, h->scan_hint };
}

static void set_longest(struct spcpu_hints *h, struct run r)
{
	h->contig_hint_start = r.start;
	h->contig_hint = r.len;
}

static void set_second(struct spcpu_hints *h, struct run r)
{
	h->scan_hint_start = r.start;
	h->scan_hint = r.len;
}

static void hints_init(struct spcpu_hints *h, int nr_bits)
{
	*h = (struct spcpu_hints){
		.contig_hint = nr_bits,
		.left_free = nr_bits,
		.right_free = nr_bits,
		.nr_bits = nr_bits,
	};
}

/*
 * The longest run gives way to a longer one. It becomes the second where it
 * lies before its successor; a second that lies behind it is forgotten.
 */
static void note_longer(struct spcpu_hints *h, struct run r)
{
	if (r.start <= h->contig_hint_start)
		h->scan_hint = 0;
	else if (h->contig_hint > h->scan_hint)
		set_second(h, longest_of(h));
	else if (r.start < h->scan_hint_start)
		h->scan_hint = 0;

	set_longest(h, r);
}

/* Of two runs of one length the better aligned is held to be the longest. */
static void note_tie(struct spcpu_hints *h, struct run r)
{
	bool shorter_second = h->scan_hint < r.len;

	if (better_aligned(r.start, h->contig_hint_start)) {
		h->contig_hint_start = r.start;
		if (shorter_second && r.start < h->scan_hint_start)
			h->scan_hint = 0;
	} else if (shorter_second || r.start > h->scan_hint_start) {
		set_second(h, r);
	}
}

/* A shorter run is worth knowing only before the longest, the later the better. */
static void note_shorter(struct spcpu_hints *h, struct run r)
{
	if (r.start >= h->contig_hint_start || r.len < h->scan_hint)
		return;
	if (r.len > h->scan_hint || r.start > h->scan_hint_start)
		set_second(h, r);
}

/* @h learns of the free run @r */
static void note_run(struct spcpu_hints *h, struct run r)
{
	h->first_free = min(h->first_free, r.start);
	if (!r.start)
		h->left_free = r.len;
	if (run_end(r) == h->nr_bits)
		h->right_free = r.len;

	if (r.len > h->contig_hint)
		note_longer(h, r);
	else if (r.len == h->contig_hint)
		note_tie(h, r);
	else
		note_shorter(h, r);
}

/*
 * @area was taken in @alloc, which @h speaks of. True: that broke the longest
 * run, and the caller has to look for another.
 */
static bool note_taken(struct spcpu_hints *h, const unsigned long *alloc,
		       struct run area)
{
	if (area.start == h->first_free)
		h->first_free = find_next_zero_bit(alloc, h->nr_bits,
						   run_end(area));
	if (runs_overlap(second_of(h), area))
		h->scan_hint = 0;

	return runs_overlap(longest_of(h), area);
}

/*
 * The longest run is gone. The second takes its place, unseen whether something
 * longer lies before it. Returns from where on other runs have to be noted.
 */
static int promote_second(struct spcpu_hints *h)
{
	if (!h->scan_hint) {
		h->contig_hint = 0;
		return h->first_free;
	}

	set_longest(h, second_of(h));
	h->scan_hint = 0;
	return run_end(longest_of(h));
}

static bool longest_holds(const struct spcpu_hints *h, const struct wish *w)
{
	int pad = ALIGN(h->contig_hint_start, w->align) - h->contig_hint_start;

	return pad + w->bits <= h->contig_hint;
}

/*
 * The longest run holds it, but an earlier one may too: where to begin to look.
 * No run up to the end of the second is taken to be longer than the second.
 */
static int look_from(const struct spcpu_hints *h, int bits)
{
	if (h->scan_hint && h->scan_hint < bits &&
	    h->scan_hint_start < h->contig_hint_start)
		return run_end(second_of(h));

	return h->first_free;
}

/* blocks: their hints after a change of the bitmap */

/* a block's hints have changed: need it be looked at when room is wanted? */
static void note_open(struct spcpu_map *map, int i)
{
	const struct spcpu_hints *h = &map->blocks[i];

	__assign_bit(i, map->open, h->contig_hint || h->right_free);
}

/* the first block from @i on that may have room; @map->nr_blocks: none */
static int next_open(const struct spcpu_map *map, int i)
{
	return find_next_bit(map->open, map->nr_blocks, i);
}

static void rescan_block(struct spcpu_map *map, int i)
{
	struct spcpu_hints *h = &map->blocks[i];
	const unsigned long *alloc = block_alloc(map, i);
	struct run r;
	int pos = promote_second(h);

	/*
	 * Stays 0 if the promoted run is the one at the right end: the kernel
	 * does not look at that run again.
	 */
	h->right_free = 0;

	for (; pos < h->nr_bits; pos = run_end(r)) {
		r.start = find_next_zero_bit(alloc, h->nr_bits, pos);
		r.len = find_next_bit(alloc, h->nr_bits, r.start) - r.start;
		if (r.len)
			note_run(h, r);
	}
}

/* @part of block @i was taken; true if the block was empty */
static bool take_in_block(struct spcpu_map *map, int i, struct run part)
{
	struct spcpu_hints *h = &map->blocks[i];
	bool was_empty = h->contig_hint == h->nr_bits;
	bool broken = note_taken(h, block_alloc(map, i), part);

	h->left_free = min(h->left_free, part.start);
	h->right_free = min(h->right_free, h->nr_bits - run_end(part));
	if (broken)
		rescan_block(map, i);

	note_open(map, i);
	return was_empty;
}

/*
 * @part of block @i was given back; returns the free run it became part of.
 * Next to the longest run the hint is believed, as in the kernel, though it may
 * be a part of its run only: one that grew unnoticed while it was the second.
 */
static struct run give_in_block(struct spcpu_map *map, int i, struct run part)
{
	struct spcpu_hints *h = &map->blocks[i];
	const unsigned long *alloc = block_alloc(map, i);
	struct run longest = longest_of(h);
	int from, to;

	if (run_end(longest) == part.start)
		from = longest.start;
	else
		from = free_since(alloc, part.start);

	if (longest.start == run_end(part))
		to = run_end(longest);
	else
		to = find_next_bit(alloc, h->nr_bits, run_end(part));

	part = (struct run){ from, to - from };
	note_run(h, part);
	note_open(map, i);
	return part;
}

/* the chunk: runs that cross blocks */

/* the free run at the right end of block @i with all it reaches over */
static struct run edge_run(const struct spcpu_map *map, int i)
{
	int len = map->blocks[i].right_free;
	struct run r = { block_start(i + 1) - len, len };
	int left = SPCPU_BLOCK_BITS;

	while (r.len && left == SPCPU_BLOCK_BITS && ++i < map->nr_blocks) {
		if (i >= map->nr_blocks - map->nr_tail) {
			r.len += map->nr_bits - block_start(i);
			break;
		}
		left = map->blocks[i].left_free;
		r.len += left;
	}
	return r;
}

/* the chunk learns of the runs that its blocks know, those from @pos on */
static void survey(struct spcpu_map *map, int pos)
{
	int i;

	for (i = block_of(pos); (i = next_open(map, i)) < map->nr_blocks;
	     i = block_of(pos)) {
		struct run r = longest_of(&map->blocks[i]);
		bool inside = r.len && run_end(r) < SPCPU_BLOCK_BITS;

		r.start += block_start(i);
		if (inside && r.start >= pos)
			note_run(&map->whole, r);

		r = edge_run(map, i);
		if (r.len)
			note_run(&map->whole, r);

		pos = run_end(r);
	}
}

/* hints and counts after @area was taken */
static void take(struct spcpu_map *map, struct run area)
{
	int first = block_of(area.start), last = last_block_of(area);
	int i;

	for (i = first; i <= last; i++) {
		if (take_in_block(map, i, part_in(area, i)))
			map->nr_empty--;
		/*
		 * Of a block amid an area the kernel leaves the position alone;
		 * nothing looks at it while the block has no free run.
		 */
		if (i != first && i != last)
			map->blocks[i].first_free = 0;
	}
	map->nr_tail = min(map->nr_tail, map->nr_blocks - 1 - last);
	map->free_bits -= area.len;

	if (note_taken(&map->whole, map->alloc, area))
		survey(map, promote_second(&map->whole));
}

/* hints and counts after @area was given back */
static void give(struct spcpu_map *map, struct run area)
{
	int first = block_of(area.start), last = last_block_of(area);
	struct spcpu_hints *whole = &map->whole;
	int emptied = 0;
	struct run r;
	int i;

	for (i = first; i <= last; i++) {
		r = give_in_block(map, i, part_in(area, i));
		if (r.len == SPCPU_BLOCK_BITS)
			emptied++;
	}
	map->nr_empty += emptied;
	while (emptied && map->nr_tail < map->nr_blocks &&
	       spcpu_map_block_free(map, map->nr_blocks - 1 - map->nr_tail))
		map->nr_tail++;
	map->free_bits += area.len;

	whole->first_free = min(whole->first_free, area.start);
	if (emptied || first != last) {
		/* the second is kept, though it may be part of a longer run */
		whole->contig_hint = 0;
		survey(map, whole->first_free);
	} else if (!first) {
		/*
		 * Of a run inside a block the chunk learns only in block 0. The
		 * kernel means it for all, but subtracts a position in the
		 * chunk from one in the block, and a negative length is ignored.
		 */
		note_run(whole, r);
	}
}

/* placement */

/*
 * Where to look for room in block @i, and in what its last run reaches over.
 * The longest run counts only if it begins at @pos or after. @last: the last
 * block that the area may touch. Negative: no room known.
 */
static int promise_of(const struct spcpu_map *map, int pos,
		      const struct wish *w, int *last)
{
	int i = block_of(pos);
	const struct spcpu_hints *h = &map->blocks[i];
	struct run r;
	int start;

	*last = i;
	if (block_start(i) + h->contig_hint_start >= pos && longest_holds(h, w))
		return block_start(i) + look_from(h, w->bits);

	r = edge_run(map, i);
	start = ALIGN(r.start, w->align);
	/* nothing left of this block: what follows is the next one's to offer */
	if (block_of(start) != i || start + w->bits > run_end(r))
		return -1;

	*last = block_of(start + w->bits - 1);
	return start;
}

/* are the pages of these blocks backed? If not, @next: the block to go on at */
static bool all_backed(const struct spcpu_map *map, int first, int last,
		       int *next)
{
	int hole = find_next_zero_bit(map->populated, last + 1, first);

	if (hole > last)
		return true;

	*next = find_next_bit(map->populated, last + 1, hole + 1);
	return false;
}

/* where the hints say to look; negative: nowhere */
static int find_promise(const struct spcpu_map *map, const struct wish *w)
{
	int pos;

	if (!longest_holds(&map->whole, w))
		return -1;

	pos = look_from(&map->whole, w->bits);
	while (pos < map->nr_bits) {
		int i = block_of(pos), next = i + 1, last;
		int start = promise_of(map, pos, w, &last);

		if (start >= 0 &&
		    (!w->populated || all_backed(map, i, last, &next)))
			return start;

		pos = block_start(next_open(map, next));
	}
	return -1;
}

/*
 * The first room from @from on, as far as a block further than it would need.
 * @skipped: the longest run that was too short, from its first aligned granule.
 */
static int find_room(const struct spcpu_map *map, int from,
		     const struct wish *w, struct run *skipped)
{
	int limit = min(from + w->bits + SPCPU_BLOCK_BITS, map->nr_bits);
	struct run r = { .start = from };

	for (;;) {
		r.start = find_next_zero_bit(map->alloc, limit, run_end(r));
		r.start = ALIGN(r.start, w->align);
		if (r.start + w->bits > limit)
			return -1;

		r.len = find_next_bit(map->alloc, r.start + w->bits, r.start) -
			r.start;
		if (r.len == w->bits)
			return r.start;

		if (r.len > skipped->len ||
		    (r.len == skipped->len &&
		     better_aligned(r.start, skipped->start)))
			*skipped = r;
	}
}

/*
 * A run that was passed over is told to its block, which may have forgotten
 * it. Not if it goes on into the next block.
 */
static void note_skipped(struct spcpu_map *map, struct run skipped)
{
	int i = block_of(skipped.start);
	int end = run_end(skipped) - block_start(i);
	int start;

	if (!skipped.len || end > SPCPU_BLOCK_BITS)
		return;

	start = free_since(block_alloc(map, i), skipped.start - block_start(i));
	note_run(&map->blocks[i], (struct run){ start, end - start });
	note_open(map, i);
}

static void mark_taken(struct spcpu_map *map, struct run area)
{
	bitmap_set(map->alloc, area.start, area.len);
	__set_bit(area.start, map->bound);
	/* ends of areas that lay here before */
	bitmap_clear(map->bound, area.start + 1, area.len - 1);
	__set_bit(run_end(area), map->bound);
}

/**
 * spcpu_map_init() - make a map, all of it free
 * @map: what to initialize
 * @nr_pages: length in pages, which are blocks, from 1 to what an int holds in
 *            granules
 * @populated: a bit a page, set while the page is backed; read when an area is
 *             wanted in backed pages only, and may be NULL if none ever is
 * @gfp: how memory is allocated
 *
 * Context: Any that @gfp allows.
 * Return: 0, or -ENOMEM, and nothing is left allocated.
 */
int spcpu_map_init(struct spcpu_map *map, int nr_pages,
		   const unsigned long *populated, gfp_t gfp)
{
	int i;

	*map = (struct spcpu_map){ .populated = populated };
	if (nr_pages < 1 || nr_pages > (INT_MAX - 1) / SPCPU_BLOCK_BITS)
		return -ENOMEM;

	map->nr_blocks = nr_pages;
	map->nr_empty = nr_pages;
	map->nr_tail = nr_pages;
	map->nr_bits = block_start(nr_pages);
	map->free_bits = map->nr_bits;

	map->blocks = kvcalloc(nr_pages, sizeof(*map->blocks), gfp);
	map->alloc = kvcalloc(BITS_TO_LONGS(map->nr_bits),
			      sizeof(*map->alloc), gfp);
	map->bound = kvcalloc(BITS_TO_LONGS(map->nr_bits + 1),
			      sizeof(*map->bound), gfp);
	map->open = kvcalloc(BITS_TO_LONGS(nr_pages), sizeof(*map->open), gfp);
	if (!map->blocks || !map->alloc || !map->bound || !map->open) {
		spcpu_map_exit(map);
		return -ENOMEM;
	}

	hints_init(&map->whole, map->nr_bits);
	bitmap_fill(map->open, nr_pages);
	for (i = 0; i < nr_pages; i++)
		hints_init(&map->blocks[i], SPCPU_BLOCK_BITS);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_init);

/**
 * spcpu_map_exit() - free a map
 * @map: a map that spcpu_map_init() was called for, with whatever result
 *
 * Leaves a map of no length. Areas that are still in it need no more care.
 *
 * Context: Process context; may be called twice.
 */
void spcpu_map_exit(struct spcpu_map *map)
{
	kvfree(map->open);
	kvfree(map->bound);
	kvfree(map->alloc);
	kvfree(map->blocks);
	*map = (struct spcpu_map){};
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_exit);

/**
 * spcpu_map_hide() - take one end of a map out of service for ever
 * @map: the map, without areas; the beginning is hidden before the end
 * @off: first granule to hide: 0, or @map->nr_bits - @bits
 * @bits: how many granules, from 1 up; some must be left
 *
 * The hidden range looks like an area, which must never be freed.
 *
 * Context: Any; the caller serializes access to @map.
 */
void spcpu_map_hide(struct spcpu_map *map, int off, int bits)
{
	struct run end = { off, bits };

	mark_taken(map, end);
	take(map, end);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_hide);

/**
 * spcpu_map_find() - where would an area go?
 * @map: the map, which stays as it is
 * @bits: length in granules, from 1 to 8192
 * @align: alignment in granules, a power of two up to SPCPU_BLOCK_BITS
 * @populated: only where all pages are backed
 * @fit: set to the place, for spcpu_map_take()
 *
 * Context: Any; the caller serializes access to @map and to its bits of backed
 * pages.
 * Return: 0; -ENOSPC if the hints know no room, which another try will not
 * change before something is freed or backed; -EAGAIN if they promised room that
 * was not found, which true hints never do.
 */
int spcpu_map_find(const struct spcpu_map *map, int bits, int align,
		   bool populated, struct spcpu_fit *fit)
{
	struct wish wish = { bits, align, populated };
	struct run skipped = {};
	int from;

	from = find_promise(map, &wish);
	if (from < 0)
		return -ENOSPC;

	from = find_room(map, from, &wish, &skipped);
	if (from < 0)
		return -EAGAIN;

	*fit = (struct spcpu_fit){ from, bits, skipped.start, skipped.len };
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_find);

/**
 * spcpu_map_take() - place an area
 * @map: the map
 * @fit: where, from spcpu_map_find(), and nothing has changed since
 *
 * Context: Any; the caller serializes access to @map.
 */
void spcpu_map_take(struct spcpu_map *map, const struct spcpu_fit *fit)
{
	struct run area = { fit->off, fit->bits };

	note_skipped(map, (struct run){ fit->skipped, fit->skipped_bits });
	mark_taken(map, area);
	take(map, area);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_take);

/**
 * spcpu_map_alloc() - find a place and take it
 * @map: the map
 * @bits: length in granules, from 1 to 8192
 * @align: alignment in granules, a power of two up to SPCPU_BLOCK_BITS
 * @populated: only where all pages are backed
 *
 * Context: Any; the caller serializes access to @map and to its bits of backed
 * pages.
 * Return: the position in granules; the errors of spcpu_map_find(), and all is
 * as before.
 */
int spcpu_map_alloc(struct spcpu_map *map, int bits, int align, bool populated)
{
	struct spcpu_fit fit;
	int err;

	err = spcpu_map_find(map, bits, align, populated, &fit);
	if (err)
		return err;

	spcpu_map_take(map, &fit);
	return fit.off;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_alloc);

/**
 * spcpu_map_size() - length of the area that begins at a position
 * @map: the map
 * @off: position in granules, any value
 *
 * A hidden range answers as an area.
 *
 * Context: Any; the caller serializes access to @map.
 * Return: granules; -ENOENT if @off is free; -EINVAL if it is out of range or
 * in the middle of an area.
 */
int spcpu_map_size(const struct spcpu_map *map, int off)
{
	if (off < 0 || off >= map->nr_bits)
		return -EINVAL;
	if (!test_bit(off, map->alloc))
		return -ENOENT;
	if (!test_bit(off, map->bound))
		return -EINVAL;

	return find_next_bit(map->bound, map->nr_bits, off + 1) - off;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_size);

/**
 * spcpu_map_around() - the area that has a granule
 * @map: the map
 * @off: position in granules, any value
 * @bits: set to the length of the area in granules
 *
 * A hidden range answers as an area.
 *
 * Context: Any; the caller serializes access to @map.
 * Return: where it begins; -ENOENT if @off is free; -EINVAL if out of range.
 */
int spcpu_map_around(const struct spcpu_map *map, int off, int *bits)
{
	if (off < 0 || off >= map->nr_bits)
		return -EINVAL;
	if (!test_bit(off, map->alloc))
		return -ENOENT;

	off = find_last_bit(map->bound, off + 1);
	*bits = spcpu_map_size(map, off);
	return off;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_around);

/**
 * spcpu_map_free() - give an area back
 * @map: the map
 * @off: where it begins, in granules; anything but a hidden range
 *
 * Context: Any; the caller serializes access to @map.
 * Return: granules freed; the errors of spcpu_map_size(), and nothing changed.
 */
int spcpu_map_free(struct spcpu_map *map, int off)
{
	struct run area = { off, spcpu_map_size(map, off) };

	if (area.len < 0)
		return area.len;

	bitmap_clear(map->alloc, area.start, area.len);
	give(map, area);
	return area.len;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_free);

/**
 * spcpu_map_next() - find the next area
 * @map: the map
 * @from: position in granules, from 0 up
 * @bits: where its length in granules is put
 *
 * The area that @from is in the middle of does not count; hidden ranges do.
 *
 * Context: Any; the caller serializes access to @map.
 * Return: where the first area begins that begins at @from or after; -ENOENT,
 * @bits not set, if there is none.
 */
int spcpu_map_next(const struct spcpu_map *map, int from, int *bits)
{
	int pos = find_next_bit(map->alloc, map->nr_bits, from);

	if (pos < map->nr_bits && !test_bit(pos, map->bound)) {
		pos = find_next_bit(map->bound, map->nr_bits, pos);
		pos = find_next_bit(map->alloc, map->nr_bits, pos);
	}
	if (pos >= map->nr_bits)
		return -ENOENT;

	*bits = spcpu_map_size(map, pos);
	return pos;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_next);

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
#include "engine_bitmap.h"
#include "engine_bits.h"

/* granules next to each other */
struct run {
	int start;
	int len;
};

/* what is remembered of it */
static struct spcpu_bitmap *own(const struct spcpu_map *map)
{
	return spcpu_bitmap(map);
}

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
	return own(map)->alloc + BIT_WORD(block_start(i));
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

static bool longest_holds(const struct spcpu_hints *h, const struct spcpu_wish *w)
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
	const struct spcpu_hints *h = &own(map)->blocks[i];

	__assign_bit(i, own(map)->open, h->contig_hint || h->right_free);
}

/* the first block from @i on that may have room; @map->nr_blocks: none */
static int next_open(const struct spcpu_map *map, int i)
{
	return find_next_bit(own(map)->open, map->nr_blocks, i);
}

static void rescan_block(struct spcpu_map *map, int i)
{
	struct spcpu_hints *h = &own(map)->blocks[i];
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
	struct spcpu_hints *h = &own(map)->blocks[i];
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
	struct spcpu_hints *h = &own(map)->blocks[i];
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
	int len = own(map)->blocks[i].right_free;
	struct run r = { block_start(i + 1) - len, len };
	int left = SPCPU_BLOCK_BITS;

	while (r.len && left == SPCPU_BLOCK_BITS && ++i < map->nr_blocks) {
		if (i >= map->nr_blocks - own(map)->nr_tail) {
			r.len += map->nr_bits - block_start(i);
			break;
		}
		left = own(map)->blocks[i].left_free;
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
		struct run r = longest_of(&own(map)->blocks[i]);
		bool inside = r.len && run_end(r) < SPCPU_BLOCK_BITS;

		r.start += block_start(i);
		if (inside && r.start >= pos)
			note_run(&own(map)->whole, r);

		r = edge_run(map, i);
		if (r.len)
			note_run(&own(map)->whole, r);

		pos = run_end(r);
	}
}

/* free from end to end: the longest run is known when it is the whole block */
static bool block_free(const struct spcpu_map *map, int i)
{
	const struct spcpu_hints *h = &own(map)->blocks[i];

	return h->contig_hint == h->nr_bits;
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
			own(map)->blocks[i].first_free = 0;
	}
	own(map)->nr_tail = min(own(map)->nr_tail, map->nr_blocks - 1 - last);
	map->free_bits -= area.len;

	if (note_taken(&own(map)->whole, own(map)->alloc, area))
		survey(map, promote_second(&own(map)->whole));
	map->contig = own(map)->whole.contig_hint;
}

/* hints and counts after @area was given back */
static void give(struct spcpu_map *map, struct run area)
{
	int first = block_of(area.start), last = last_block_of(area);
	struct spcpu_hints *whole = &own(map)->whole;
	int emptied = 0;
	struct run r;
	int i;

	for (i = first; i <= last; i++) {
		r = give_in_block(map, i, part_in(area, i));
		if (r.len == SPCPU_BLOCK_BITS)
			emptied++;
	}
	map->nr_empty += emptied;
	while (emptied && own(map)->nr_tail < map->nr_blocks &&
	       block_free(map, map->nr_blocks - 1 - own(map)->nr_tail))
		own(map)->nr_tail++;
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
	map->contig = whole->contig_hint;
}

/* placement */

/*
 * Where to look for room in block @i, and in what its last run reaches over.
 * The longest run counts only if it begins at @pos or after. @last: the last
 * block that the area may touch. Negative: no room known.
 */
static int promise_of(const struct spcpu_map *map, int pos,
		      const struct spcpu_wish *w, int *last)
{
	int i = block_of(pos);
	const struct spcpu_hints *h = &own(map)->blocks[i];
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
static int find_promise(const struct spcpu_map *map, const struct spcpu_wish *w)
{
	int pos;

	if (!longest_holds(&own(map)->whole, w))
		return -1;

	pos = look_from(&own(map)->whole, w->bits);
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
		     const struct spcpu_wish *w, struct run *skipped)
{
	int limit = min(from + w->bits + SPCPU_BLOCK_BITS, map->nr_bits);
	struct run r = { .start = from };

	for (;;) {
		r.start = find_next_zero_bit(own(map)->alloc, limit, run_end(r));
		r.start = ALIGN(r.start, w->align);
		if (r.start + w->bits > limit)
			return -1;

		r.len = find_next_bit(own(map)->alloc, r.start + w->bits, r.start) -
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
	note_run(&own(map)->blocks[i], (struct run){ start, end - start });
	note_open(map, i);
}

static void mark_taken(struct spcpu_map *map, struct run area)
{
	spcpu_bits_take(own(map)->alloc, own(map)->bound, area.start, area.len);
}

/* the engine */

static int init_map(struct spcpu_map *map, gfp_t gfp)
{
	struct spcpu_bitmap *b = kzalloc(sizeof(*b), gfp);
	int nr = map->nr_blocks, i;

	map->own = b;
	if (!b)
		return -ENOMEM;

	b->nr_tail = nr;
	b->blocks = kvcalloc(nr, sizeof(*b->blocks), gfp);
	b->alloc = kvcalloc(BITS_TO_LONGS(map->nr_bits), sizeof(*b->alloc),
			    gfp);
	b->bound = kvcalloc(BITS_TO_LONGS(map->nr_bits + 1), sizeof(*b->bound),
			    gfp);
	b->open = kvcalloc(BITS_TO_LONGS(nr), sizeof(*b->open), gfp);
	if (!b->blocks || !b->alloc || !b->bound || !b->open)
		return -ENOMEM;

	hints_init(&b->whole, map->nr_bits);
	bitmap_fill(b->open, nr);
	for (i = 0; i < nr; i++)
		hints_init(&b->blocks[i], SPCPU_BLOCK_BITS);

	map->bytes = sizeof(*b) + nr * sizeof(*b->blocks) +
		     (BITS_TO_LONGS(map->nr_bits) + BITS_TO_LONGS(nr) +
		      BITS_TO_LONGS(map->nr_bits + 1)) * sizeof(long);
	return 0;
}

static void exit_map(struct spcpu_map *map)
{
	struct spcpu_bitmap *b = own(map);

	if (!b)
		return;

	kvfree(b->open);
	kvfree(b->bound);
	kvfree(b->alloc);
	kvfree(b->blocks);
	kfree(b);
}

static int find_fit(struct spcpu_map *map, const struct spcpu_wish *wish,
		    struct spcpu_fit *fit)
{
	struct run skipped = {};
	int from;

	from = find_promise(map, wish);
	if (from < 0)
		return -ENOSPC;

	/* true hints would never promise what is not there */
	from = find_room(map, from, wish, &skipped);
	if (from < 0)
		return -EAGAIN;

	*fit = (struct spcpu_fit){
		from, wish->bits, { skipped.start, skipped.len },
	};
	return 0;
}

static void take_fit(struct spcpu_map *map, const struct spcpu_fit *fit)
{
	struct run area = { fit->off, fit->bits };

	note_skipped(map, (struct run){ fit->own[0], fit->own[1] });
	mark_taken(map, area);
	take(map, area);
}

static int size_at(const struct spcpu_map *map, int off)
{
	return spcpu_bits_size(own(map)->alloc, own(map)->bound, map->nr_bits,
			       off);
}

static int free_at(struct spcpu_map *map, int off)
{
	struct run area = { off, size_at(map, off) };

	if (area.len < 0)
		return area.len;

	bitmap_clear(own(map)->alloc, area.start, area.len);
	give(map, area);
	return area.len;
}

static int next_at(const struct spcpu_map *map, int from, int *bits)
{
	return spcpu_bits_next(own(map)->alloc, own(map)->bound, map->nr_bits,
			       from, bits);
}

const struct spcpu_engine spcpu_engine_bitmap = {
	.name = "bitmap",
	.init = init_map,
	.exit = exit_map,
	.find = find_fit,
	.take = take_fit,
	.size = size_at,
	.free = free_at,
	.next = next_at,
	.block_free = block_free,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_engine_bitmap);

/* a copy: its record has memory already */

static void copy_own(struct spcpu_map *to, const struct spcpu_map *from)
{
	const struct spcpu_bitmap *f = own(from);
	struct spcpu_bitmap *b = own(to);

	b->nr_tail = f->nr_tail;
	b->whole = f->whole;
	memcpy(b->blocks, f->blocks, from->nr_blocks * sizeof(*f->blocks));
	bitmap_copy(b->alloc, f->alloc, from->nr_bits);
	bitmap_copy(b->bound, f->bound, from->nr_bits + 1);
	bitmap_copy(b->open, f->open, from->nr_blocks);
}

static void draw_areas(struct spcpu_map *to, const struct spcpu_map *from)
{
	int at = 0, bits;

	bitmap_zero(own(to)->alloc, to->nr_bits);
	bitmap_zero(own(to)->bound, to->nr_bits + 1);
	while ((at = spcpu_map_next(from, at, &bits)) >= 0) {
		mark_taken(to, (struct run){ at, bits });
		at += bits;
	}
}

/**
 * spcpu_bitmap_draw() - copy a map of whatever engine
 * @to: a map of this engine, as long as @from or longer when it was set up
 * @from: the map
 *
 * Context: Any; the caller serializes access to both.
 * Return: True: @from is of another engine, and has no hints to be copied. They are
 *	to be found with spcpu_bitmap_look(), for which @from is not needed.
 */
bool spcpu_bitmap_draw(struct spcpu_map *to, const struct spcpu_map *from)
{
	to->nr_blocks = from->nr_blocks;
	to->nr_bits = from->nr_bits;
	to->free_bits = from->free_bits;
	to->nr_empty = from->nr_empty;
	to->contig = from->contig;
	if (from->engine == to->engine) {
		copy_own(to, from);
		return false;
	}
	draw_areas(to, from);
	return true;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_bitmap_draw);

/**
 * spcpu_bitmap_look() - find the hints of a map that was drawn
 * @map: a map after spcpu_bitmap_draw()
 *
 * What another engine believes of its longest run stays as it is, in @map->contig.
 *
 * Context: Any; the caller serializes access to @map.
 */
void spcpu_bitmap_look(struct spcpu_map *map)
{
	struct spcpu_bitmap *b = own(map);
	int i;

	b->nr_tail = 0;
	for (i = 0; i < map->nr_blocks; i++) {
		b->blocks[i] = (struct spcpu_hints){
			.first_free = find_first_zero_bit(block_alloc(map, i),
							  SPCPU_BLOCK_BITS),
			.nr_bits = SPCPU_BLOCK_BITS,
		};
		rescan_block(map, i);
		note_open(map, i);
	}
	b->whole = (struct spcpu_hints){
		.first_free = find_first_zero_bit(b->alloc, map->nr_bits),
		.nr_bits = map->nr_bits,
	};
	survey(map, b->whole.first_free);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_bitmap_look);

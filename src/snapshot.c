// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshot: made, held against itself, and thrown away.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "slot.h"
#include "snapshot.h"

/**
 * spcpu_snapshot_init() - an empty snapshot
 * @snap: what to set up
 *
 * Context: Any.
 */
void spcpu_snapshot_init(struct spcpu_snapshot *snap)
{
	*snap = (struct spcpu_snapshot) { };
	INIT_LIST_HEAD(&snap->chunks);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_snapshot_init);

/**
 * spcpu_snapshot_exit() - empty a snapshot
 * @snap: a snapshot; fine when it is empty already
 *
 * Context: Process context. May sleep.
 */
void spcpu_snapshot_exit(struct spcpu_snapshot *snap)
{
	struct spcpu_snapshot_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &snap->chunks, node) {
		list_del(&chunk->node);
		spcpu_map_exit(&chunk->map);
		kvfree(chunk);
	}
	snap->nr_chunks = 0;
	snap->nr_pages = 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_snapshot_exit);

/**
 * spcpu_snapshot_add() - a chunk more
 * @snap: the snapshot
 * @nr_pages: pages of the chunk
 * @gfp: how memory is allocated; the log is not told if there is none
 *
 * Context: Any that @gfp allows.
 * Return: The chunk, the last of the list, free and without pages; NULL without
 *	memory.
 */
struct spcpu_snapshot_chunk *
spcpu_snapshot_add(struct spcpu_snapshot *snap, int nr_pages, gfp_t gfp)
{
	struct spcpu_snapshot_chunk *chunk;

	gfp |= __GFP_NOWARN;
	chunk = kvzalloc(struct_size(chunk, populated,
				     BITS_TO_LONGS(nr_pages)), gfp);
	if (!chunk)
		return NULL;
	if (spcpu_map_init(&chunk->map, &spcpu_engine_bitmap, nr_pages,
			   chunk->populated, gfp)) {
		kvfree(chunk);
		return NULL;
	}
	list_add_tail(&chunk->node, &snap->chunks);
	snap->nr_chunks++;
	snap->nr_pages += nr_pages;
	return chunk;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_snapshot_add);

/* where a run of no length begins means nothing */
static bool run_fits(int start, int len, int nr_bits)
{
	return !len || (len > 0 && start >= 0 && len <= nr_bits &&
			start <= nr_bits - len);
}

static bool is_within(int value, int most)
{
	return value >= 0 && value <= most;
}

static bool hints_fit(const struct spcpu_hints *h, int nr_bits)
{
	return h->nr_bits == nr_bits &&
	       run_fits(h->contig_hint_start, h->contig_hint, nr_bits) &&
	       run_fits(h->scan_hint_start, h->scan_hint, nr_bits) &&
	       is_within(h->left_free, nr_bits) &&
	       is_within(h->right_free, nr_bits) &&
	       is_within(h->first_free, nr_bits);
}

/* the longest run that a block knows of is there */
static bool run_is_free(const struct spcpu_map *map, int block)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(map);
	const struct spcpu_hints *h = &b->blocks[block];
	int start, end;

	/* where none begins may be any number */
	if (!h->contig_hint)
		return true;
	start = block * SPCPU_BLOCK_BITS + h->contig_hint_start;
	end = start + h->contig_hint;
	return find_next_bit(b->alloc, end, start) == end;
}

/* an area begins where a run of what is taken does, and one ends where the run ends */
static bool areas_fit(const struct spcpu_map *map)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(map);
	int start, end = 0;

	for (;;) {
		start = find_next_bit(b->alloc, map->nr_bits, end);
		if (start >= map->nr_bits)
			return true;
		end = find_next_zero_bit(b->alloc, map->nr_bits, start);
		if (!test_bit(start, b->bound) || !test_bit(end, b->bound))
			return false;
	}
}

static const char *check_blocks(const struct spcpu_map *map)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(map);
	int i, nr_empty = 0;

	for (i = 0; i < map->nr_blocks; i++) {
		if (!hints_fit(&b->blocks[i], SPCPU_BLOCK_BITS))
			return "a block's hints are out of range";
		if (!run_is_free(map, i))
			return "a block's longest free run is not free";
		nr_empty += spcpu_map_block_free(map, i);
	}
	if (nr_empty != map->nr_empty)
		return "its number of free blocks is wrong";
	if (!hints_fit(&b->whole, map->nr_bits))
		return "its hints are out of range";
	return NULL;
}

/* backed pages, whose counting of those without areas is the allocator's own */
static const char *check_pages(const struct spcpu_snapshot_chunk *chunk)
{
	const struct spcpu_map *map = &chunk->map;
	int i, nr_empty = 0;

	if (bitmap_weight(chunk->populated, map->nr_blocks) !=
	    chunk->nr_populated)
		return "its number of backed pages is wrong";

	for (i = 0; i < map->nr_blocks; i++)
		nr_empty += test_bit(i, chunk->populated) &&
			    spcpu_map_block_free(map, i);
	if (nr_empty != chunk->nr_empty_pop)
		return "its number of backed pages without areas is wrong";
	return NULL;
}

/* a chunk that had no room for somebody may be in slot 0 before its time */
static bool slot_fits(const struct spcpu_slots *slots,
		      const struct spcpu_snapshot_chunk *chunk)
{
	size_t space = (size_t)chunk->map.free_bits << SPCPU_GRANULE_SHIFT;
	size_t contig = (size_t)chunk->map.contig << SPCPU_GRANULE_SHIFT;
	int slot;

	if (chunk->reserved)
		return chunk->slot == -1;
	if (chunk->isolated)
		return chunk->slot == slots->sidelined ||
		       chunk->slot == slots->to_depopulate;

	slot = spcpu_slot_of_space(slots, space, contig);
	return chunk->slot == slot ||
	       (!chunk->slot && slot < SPCPU_SLOT_FAIL_THRESHOLD);
}

static const char *check_chunk(const struct spcpu_snapshot *snap,
			       const struct spcpu_snapshot_chunk *chunk)
{
	const struct spcpu_map *map = &chunk->map;
	size_t bytes = (size_t)map->nr_blocks << PAGE_SHIFT;

	if (!chunk->base || offset_in_page(chunk->base))
		return "its address is no page's";
	if (bytes > snap->unit_size)
		return "it is longer than a unit";
	if (!chunk->immutable && (bytes != snap->unit_size || chunk->head ||
				  chunk->tail))
		return "it is shorter than a unit";
	if ((chunk->head | chunk->tail) % SPCPU_GRANULE ||
	    chunk->head >= PAGE_SIZE || chunk->tail >= PAGE_SIZE ||
	    chunk->head + chunk->tail >= bytes)
		return "its ends are out of range";
	if (chunk->immutable ? chunk->isolated : chunk->reserved)
		return "its flags cannot be together";
	if (map->nr_bits - bitmap_weight(spcpu_bitmap(map)->alloc,
					 map->nr_bits) != map->free_bits)
		return "its number of free bytes is not what its map has";
	if (!areas_fit(map))
		return "what is taken is not divided into areas";
	return check_blocks(map) ?: check_pages(chunk);
}

/* each chunk once, in the order of their slots */
static const char *check_order(const struct spcpu_snapshot *snap)
{
	const struct spcpu_snapshot_chunk *chunk, *other;
	int slot = -1;

	list_for_each_entry(chunk, &snap->chunks, node) {
		if (chunk->slot < slot)
			return "chunks are not in the order of their slots";
		slot = chunk->slot;
		other = chunk;
		list_for_each_entry_continue(other, &snap->chunks, node) {
			if (other->base == chunk->base &&
			    other->reserved == chunk->reserved)
				return "a chunk is on two lists";
		}
	}
	return NULL;
}

static const char *check(const struct spcpu_snapshot *snap)
{
	const struct spcpu_snapshot_chunk *chunk;
	int nr_empty = 0, nr_reserved = 0, nr_immutable = 0;
	struct spcpu_slots slots;
	const char *why;

	spcpu_slots_number(&slots, snap->unit_size);
	if (slots.nr != snap->nr_slots)
		return "its slots are others than those of such a unit";

	list_for_each_entry(chunk, &snap->chunks, node) {
		why = check_chunk(snap, chunk);
		if (why)
			return why;
		if (!slot_fits(&slots, chunk))
			return "a chunk is in a slot where it does not belong";
		nr_reserved += chunk->reserved;
		nr_immutable += chunk->immutable;
		if (!chunk->reserved && !chunk->isolated)
			nr_empty += chunk->nr_empty_pop;
	}
	if (nr_reserved > 1 || nr_immutable - nr_reserved > 1)
		return "it has more than one first chunk";
	if (nr_empty != snap->nr_empty_pop)
		return "the number of backed pages without areas is not the chunks' sum";
	return check_order(snap);
}

/**
 * spcpu_snapshot_check() - hold a snapshot against itself
 * @snap: the snapshot, with maps and numbers of any values
 * @why: on error set to what cannot be, in words; of a chunk if it says "it"
 *
 * Context: Any; takes time for all pages of all chunks.
 * Return: 0, or -EINVAL.
 */
int spcpu_snapshot_check(const struct spcpu_snapshot *snap, const char **why)
{
	const char *wrong = check(snap);

	if (!wrong)
		return 0;
	*why = wrong;
	return -EINVAL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_snapshot_check);

/* where there is no run, where it begins means nothing */
static bool hints_differ(const struct spcpu_hints *a,
			 const struct spcpu_hints *b)
{
	return a->contig_hint != b->contig_hint ||
	       a->scan_hint != b->scan_hint ||
	       a->first_free != b->first_free ||
	       (a->contig_hint && a->contig_hint_start != b->contig_hint_start) ||
	       (a->scan_hint && a->scan_hint_start != b->scan_hint_start);
}

static bool blocks_differ(const struct spcpu_hints *a,
			  const struct spcpu_hints *b)
{
	return hints_differ(a, b) || a->left_free != b->left_free ||
	       a->right_free != b->right_free;
}

/* the two ends of a whole chunk are not kept up, the kernel's neither */
static const char *maps_differ(const struct spcpu_map *a,
			       const struct spcpu_map *b)
{
	const struct spcpu_bitmap *x = spcpu_bitmap(a), *y = spcpu_bitmap(b);
	int i;

	if (!bitmap_equal(x->alloc, y->alloc, a->nr_bits))
		return "what is taken";
	if (!bitmap_equal(x->bound, y->bound, a->nr_bits + 1))
		return "where areas end";
	if (a->free_bits != b->free_bits)
		return "its free bytes";
	if (hints_differ(&x->whole, &y->whole))
		return "its hints";
	for (i = 0; i < a->nr_blocks; i++) {
		if (blocks_differ(&x->blocks[i], &y->blocks[i]))
			return "a block's hints";
	}
	return NULL;
}

static const char *chunks_differ(const struct spcpu_snapshot_chunk *a,
				 const struct spcpu_snapshot_chunk *b)
{
	if (a->base != b->base)
		return "its address";
	if (a->map.nr_blocks != b->map.nr_blocks || a->head != b->head ||
	    a->tail != b->tail)
		return "its length";
	if (a->slot != b->slot)
		return "its slot";
	if (a->reserved != b->reserved || a->immutable != b->immutable ||
	    a->isolated != b->isolated)
		return "its flags";
	if (a->nr_populated != b->nr_populated ||
	    !bitmap_equal(a->populated, b->populated, a->map.nr_blocks))
		return "its pages";
	if (a->nr_empty_pop != b->nr_empty_pop)
		return "its pages without areas";
	return maps_differ(&a->map, &b->map);
}

/**
 * spcpu_snapshot_diff() - what is different in two snapshots?
 * @a: one
 * @b: the other
 * @first: set to a sentence about the first difference; empty if there is none
 * @size: room there
 *
 * Context: Any.
 * Return: Number of chunks that differ, those that only one has included.
 */
int spcpu_snapshot_diff(const struct spcpu_snapshot *a,
			const struct spcpu_snapshot *b, char *first,
			size_t size)
{
	const struct list_head *at = a->chunks.next, *bt = b->chunks.next;
	const struct spcpu_snapshot_chunk *ac, *bc;
	const char *what;
	int nr = 0;

	*first = '\0';
	for (; at != &a->chunks && bt != &b->chunks;
	     at = at->next, bt = bt->next) {
		ac = list_entry(at, struct spcpu_snapshot_chunk, node);
		bc = list_entry(bt, struct spcpu_snapshot_chunk, node);
		what = chunks_differ(ac, bc);
		if (what && !nr++)
			scnprintf(first, size,
				  "chunk %llx, slot %d, here and %llx, slot %d, there: %s",
				  (unsigned long long)ac->base, ac->slot,
				  (unsigned long long)bc->base, bc->slot, what);
	}
	for (; at != &a->chunks; at = at->next)
		nr++;
	for (; bt != &b->chunks; bt = bt->next)
		nr++;
	if (nr && !*first)
		scnprintf(first, size, "%u chunks here, %u there",
			  a->nr_chunks, b->nr_chunks);
	if (!nr && a->nr_empty_pop != b->nr_empty_pop) {
		scnprintf(first, size,
			  "%d pages of reserve here, %d there",
			  a->nr_empty_pop, b->nr_empty_pop);
		nr++;
	}
	return nr;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_snapshot_diff);

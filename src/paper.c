// SPDX-License-Identifier: GPL-2.0
/*
 * Paper: an allocator without memory.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "engine_bitmap.h"
#include "paper.h"

static const struct spcpu_backing backing = {
	.name = "paper",
	.lazy = true,
};

static int populate(struct spcpu *s, const struct spcpu_gap *gap, gfp_t gfp)
{
	spin_lock_irq(&s->lock);
	spcpu_pages_came(s, gap);
	spin_unlock_irq(&s->lock);
	return 0;
}

static unsigned long depopulate(struct spcpu *s, struct spcpu_chunk *chunk,
				unsigned int most)
{
	unsigned long nr;

	mutex_lock(&s->mapping);
	spin_lock_irq(&s->lock);
	nr = spcpu_pages_leave(s, chunk, most);
	bitmap_zero(chunk->leaving, chunk->map.nr_blocks);
	spin_unlock_irq(&s->lock);
	mutex_unlock(&s->mapping);
	return nr;
}

static void free_chunk(struct spcpu_chunk *chunk)
{
	kfree(chunk->window);
	spcpu_chunk_destroy(chunk);
}

/* the window of a chunk is nothing but its address */
static struct spcpu_chunk *make_chunk(struct spcpu *s, u64 base, size_t bytes,
				      unsigned int head, unsigned int tail)
{
	struct spcpu_window *window;
	struct spcpu_chunk *chunk;

	window = kzalloc(sizeof(*window), GFP_KERNEL);
	if (!window)
		return NULL;

	window->base = base;
	window->nr_pages = bytes >> PAGE_SHIFT;
	chunk = spcpu_chunk_create(window, &spcpu_engine_bitmap, head,
				   bytes - head - tail, false,
				   GFP_KERNEL | __GFP_NOWARN);
	if (!chunk) {
		kfree(window);
		return NULL;
	}
	chunk->type = &s->types[SPCPU_PLAIN];
	window->chunk = chunk;
	return chunk;
}

/**
 * spcpu_paper_add() - a new chunk, without pages
 * @s: the allocator
 * @base: its address
 *
 * Context: Process context. May sleep.
 * Return: The chunk, in service; NULL without memory.
 */
struct spcpu_chunk *spcpu_paper_add(struct spcpu *s, u64 base)
{
	struct spcpu_chunk *chunk;

	chunk = make_chunk(s, base, s->layout->unit_size, 0, 0);
	if (!chunk)
		return NULL;

	spin_lock_irq(&s->lock);
	spcpu_add_chunk(s, chunk);
	s->stats.nr_chunks++;
	s->stats.nr_max_chunks = max(s->stats.nr_max_chunks,
				     s->stats.nr_chunks);
	spin_unlock_irq(&s->lock);
	return chunk;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_paper_add);

/**
 * spcpu_paper_drop() - a chunk is gone
 * @s: the allocator
 * @chunk: a chunk that is not part of the first one, whatever is in it
 *
 * Context: Process context. May sleep.
 */
void spcpu_paper_drop(struct spcpu *s, struct spcpu_chunk *chunk)
{
	spin_lock_irq(&s->lock);
	spcpu_unlist_chunk(s, chunk);
	s->stats.nr_chunks--;
	spin_unlock_irq(&s->lock);
	free_chunk(chunk);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_paper_drop);

/* addresses that no kernel has */
static bool grow(struct spcpu *s, gfp_t gfp)
{
	return spcpu_paper_add(s, (u64)(s->next_id + 1) * s->layout->unit_size);
}

static void retire(struct spcpu *s, struct list_head *chunks)
{
	struct spcpu_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, chunks, node) {
		list_del(&chunk->node);
		free_chunk(chunk);
	}
}

static const struct spcpu_paging paging = {
	.populate = populate,
	.depopulate = depopulate,
	.grow = grow,
	.retire = retire,
};

/* its live areas, those that hide its ends not counted */
static int count_areas(const struct spcpu_chunk *chunk)
{
	int end = chunk->map.nr_bits - (chunk->tail >> SPCPU_GRANULE_SHIFT);
	int at = chunk->head >> SPCPU_GRANULE_SHIFT;
	int bits, nr = 0;

	for (;;) {
		at = spcpu_map_next(&chunk->map, at, &bits);
		if (at < 0 || at >= end)
			return nr;
		at += bits;
		nr++;
	}
}

/* where it is in its slot is where the snapshot has it, whatever its hints say */
static void enlist(struct spcpu *s, struct spcpu_chunk *chunk, int slot)
{
	bool isolated = chunk->isolated;

	chunk->isolated = false;
	spcpu_add_chunk(s, chunk);
	s->stats.nr_cur_alloc += chunk->nr_alloc;
	if (chunk == s->reserved)
		return;

	s->stats.nr_chunks++;
	if (isolated)
		spcpu_isolate(s, chunk);
	spcpu_slot_move(&chunk->type->slots, &chunk->node, slot, false);
}

static int add_copy(struct spcpu *s, const struct spcpu_snapshot_chunk *from)
{
	size_t bytes = (size_t)from->map.nr_blocks << PAGE_SHIFT;
	struct spcpu_chunk *chunk;

	chunk = make_chunk(s, from->base, bytes, from->head, from->tail);
	if (!chunk)
		return -ENOMEM;

	spcpu_bitmap_draw(&chunk->map, &from->map);
	/* snapshots do not say */
	spcpu_bitmap(&chunk->map)->nr_tail = 0;
	bitmap_copy(chunk->populated, from->populated, from->map.nr_blocks);
	chunk->immutable = from->immutable;
	chunk->isolated = from->isolated;
	chunk->nr_populated = from->nr_populated;
	chunk->nr_empty_pop = from->nr_empty_pop;
	chunk->nr_alloc = count_areas(chunk);
	if (from->reserved)
		s->reserved = chunk;
	else if (from->immutable)
		s->first = chunk;

	spin_lock_irq(&s->lock);
	enlist(s, chunk, from->slot);
	spin_unlock_irq(&s->lock);
	return 0;
}

static struct spcpu *make_empty(const struct spcpu_snapshot *from)
{
	struct spcpu *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;

	s->layout = kzalloc(sizeof(*s->layout), GFP_KERNEL);
	if (!s->layout ||
	    spcpu_slots_init(&s->types[SPCPU_PLAIN].slots, from->unit_size) ||
	    spcpu_slots_init(&s->types[SPCPU_ACCOUNTED].slots,
			     from->unit_size)) {
		spcpu_slots_exit(&s->types[SPCPU_PLAIN].slots);
		kfree(s->layout);
		kfree(s);
		return NULL;
	}

	s->layout->unit_size = from->unit_size;
	spin_lock_init(&s->lock);
	mutex_init(&s->mapping);
	mutex_init(&s->growing);
	INIT_LIST_HEAD(&s->chunks);
	spcpu_index_init(&s->index, from->unit_size);
	s->options.backing = &backing;
	s->options.engine = &spcpu_engine_bitmap;
	s->paging = &paging;
	s->types[SPCPU_PLAIN].used = true;
	s->types[SPCPU_PLAIN].atomic_failed = from->atomic_failed;
	/* there is no worker that could be woken */
	s->dying = true;
	return s;
}

/**
 * spcpu_paper_create() - an allocator on paper
 * @from: what it begins as; one that spcpu_snapshot_check() has passed
 *
 * Context: Process context. May sleep.
 * Return: The allocator, for spcpu_paper_destroy(); NULL without memory.
 */
struct spcpu *spcpu_paper_create(const struct spcpu_snapshot *from)
{
	const struct spcpu_snapshot_chunk *chunk;
	struct spcpu *s = make_empty(from);

	if (!s)
		return NULL;
	list_for_each_entry(chunk, &from->chunks, node) {
		if (add_copy(s, chunk))
			goto err;
	}
	s->stats.nr_max_chunks = s->stats.nr_chunks;
	return s;

err:
	spcpu_paper_destroy(s);
	return NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_paper_create);

/**
 * spcpu_paper_destroy() - give it back
 * @s: the allocator, or NULL
 *
 * Context: Process context. May sleep.
 */
void spcpu_paper_destroy(struct spcpu *s)
{
	struct spcpu_chunk *chunk, *next;
	int i;

	if (!s)
		return;

	list_for_each_entry_safe(chunk, next, &s->chunks, all)
		free_chunk(chunk);
	for (i = 0; i < SPCPU_NR_TYPES; i++)
		spcpu_slots_exit(&s->types[i].slots);
	spcpu_index_exit(&s->index);
	kfree(s->layout);
	kfree(s);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_paper_destroy);

/**
 * spcpu_paper_find() - the chunk that has a place
 * @s: the allocator
 * @base: the chunk's address, which the parts of the first chunk may share
 * @off: bytes from there
 *
 * Context: Process context.
 * Return: The chunk, or NULL.
 */
struct spcpu_chunk *spcpu_paper_find(struct spcpu *s, u64 base,
				     unsigned int off)
{
	struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk->window->base == base && spcpu_chunk_has(chunk, off))
			return chunk;
	}
	return NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_paper_find);

static int copy_to(struct spcpu_snapshot *snap, const struct spcpu *s,
		   const struct spcpu_chunk *chunk, int slot)
{
	struct spcpu_snapshot_chunk *to;

	to = spcpu_snapshot_add(snap, chunk->map.nr_blocks, GFP_KERNEL);
	if (!to)
		return -ENOMEM;

	if (spcpu_bitmap_draw(&to->map, &chunk->map))
		spcpu_bitmap_look(&to->map);
	bitmap_copy(to->populated, chunk->populated, chunk->map.nr_blocks);
	to->base = spcpu_chunk_base(chunk);
	to->slot = slot;
	to->head = chunk->head;
	to->tail = chunk->tail;
	to->reserved = chunk == s->reserved;
	to->immutable = chunk->immutable;
	to->isolated = chunk->isolated;
	to->nr_populated = chunk->nr_populated;
	to->nr_empty_pop = chunk->nr_empty_pop;
	return 0;
}

/**
 * spcpu_snapshot_of() - what an allocator is like now
 * @s: one on paper, or a real one that nobody uses meanwhile; its accounted chunks
 *	are left out
 * @snap: an empty snapshot, which it fills
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM, and the snapshot is to be emptied all the same.
 */
int spcpu_snapshot_of(struct spcpu *s, struct spcpu_snapshot *snap)
{
	const struct spcpu_chunk_type *type = &s->types[SPCPU_PLAIN];
	const struct spcpu_chunk *chunk;
	int slot, err = 0;

	snap->unit_size = s->layout->unit_size;
	snap->nr_slots = type->slots.nr;
	snap->nr_empty_pop = type->nr_empty_pop;
	snap->atomic_failed = type->atomic_failed;
	if (s->reserved)
		err = copy_to(snap, s, s->reserved, -1);
	for (slot = 0; slot < type->slots.nr; slot++) {
		list_for_each_entry(chunk, &type->slots.lists[slot], node) {
			if (err)
				return err;
			err = copy_to(snap, s, chunk, slot);
		}
	}
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_snapshot_of);

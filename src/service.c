// SPDX-License-Identifier: GPL-2.0
/*
 * Service: chunks in service, where they stand in the slots, and what is counted
 * of them. All of it under the allocator's lock, which those that let go of a
 * chunk take themselves; none of it takes memory.
 */
#include <linux/bitmap.h>
#include <linux/minmax.h>

#include "compat/kunit.h"
#include "core.h"

/* of all backed pages one in so many may be beyond the reserve, with the cache */
#define FAT_SHARE	32

static int slot_of(const struct spcpu_chunk *chunk)
{
	return spcpu_slot_of_space(&chunk->type->slots,
				   spcpu_chunk_free_bytes(chunk),
				   spcpu_chunk_contig_bytes(chunk));
}

/* pages of a unit that a chunk brings; those of the first chunk are shared */
static unsigned long pages_of(const struct spcpu *s,
			      const struct spcpu_chunk *chunk)
{
	if (chunk == s->reserved)
		return 0;
	return chunk->immutable ? chunk->window->nr_pages :
				  chunk->nr_populated;
}

/* under the lock; looked at without it, too */
static void count_reserve(struct spcpu_chunk_type *type, int nr)
{
	WRITE_ONCE(type->nr_empty_pop, type->nr_empty_pop + nr);
}

/* backed pages without areas became more or less */
static void count_empty(struct spcpu *s, struct spcpu_chunk *chunk, int nr)
{
	chunk->nr_empty_pop += nr;
	s->nr_empty += nr;
	if (chunk != s->reserved && !chunk->isolated)
		count_reserve(chunk->type, nr);
}

/**
 * spcpu_chunk_state() - note what an operation on the map may change
 * @chunk: the chunk
 *
 * Context: Any but NMI, the allocator's lock held.
 * Return: For spcpu_chunk_changed().
 */
struct spcpu_slot_state spcpu_chunk_state(const struct spcpu_chunk *chunk)
{
	return (struct spcpu_slot_state) {
		.slot = slot_of(chunk),
		.nr_empty = chunk->map.nr_empty,
	};
}

/**
 * spcpu_chunk_changed() - follow a change of a chunk's map
 * @s: the allocator
 * @chunk: the chunk
 * @before: spcpu_chunk_state() before the change
 *
 * Isolated chunks stay where they are.
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_chunk_changed(struct spcpu *s, struct spcpu_chunk *chunk,
			 struct spcpu_slot_state before)
{
	lockdep_assert_held(&s->lock);

	count_empty(s, chunk, chunk->map.nr_empty - before.nr_empty);
	if (chunk != s->reserved && !chunk->isolated)
		spcpu_slot_relocate(&chunk->type->slots, &chunk->node,
				    before.slot, slot_of(chunk));
}

/**
 * spcpu_add_chunk() - take a new chunk into service
 * @s: the allocator
 * @chunk: a chunk without areas, whose window is in the index
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_add_chunk(struct spcpu *s, struct spcpu_chunk *chunk)
{
	lockdep_assert_held(&s->lock);

	chunk->id = s->next_id;
	WRITE_ONCE(s->next_id, chunk->id + 1);
	list_add_tail(&chunk->all, &s->chunks);
	s->nr_populated += pages_of(s, chunk);
	s->nr_empty += chunk->nr_empty_pop;
	if (chunk == s->reserved)
		return;

	s->va_pages += chunk->window->va_pages;
	count_reserve(chunk->type, chunk->nr_empty_pop);
	spcpu_slot_relocate(&chunk->type->slots, &chunk->node, -1,
			    slot_of(chunk));
}

/**
 * spcpu_unlist_chunk() - take a chunk out of service
 * @s: the allocator
 * @chunk: a chunk that spcpu_add_chunk() added and nobody has pinned; its node
 *	stays the caller's
 *
 * No lookup under the lock finds it from now on.
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_unlist_chunk(struct spcpu *s, struct spcpu_chunk *chunk)
{
	lockdep_assert_held(&s->lock);
	WARN_ON_ONCE(chunk->pins);

	list_del_init(&chunk->node);
	list_del_init(&chunk->all);
	s->nr_populated -= pages_of(s, chunk);
	s->nr_empty -= chunk->nr_empty_pop;
	if (chunk != s->reserved) {
		s->va_pages -= chunk->window->va_pages;
		if (!chunk->isolated)
			count_reserve(chunk->type, -chunk->nr_empty_pop);
	}
	spcpu_finder_del(&s->finder, chunk->window->cells);
	spcpu_index_del(&s->index, chunk->window, s->layout);
}

/**
 * spcpu_pages_came() - pages are backed now
 * @s: the allocator
 * @gap: where; pages that were not backed have no areas
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_pages_came(struct spcpu *s, const struct spcpu_gap *gap)
{
	unsigned int end = gap->from + gap->nr, nr = 0;
	unsigned int i = gap->from;

	lockdep_assert_held(&s->lock);

	for_each_clear_bit_from(i, gap->chunk->populated, end) {
		__set_bit(i, gap->chunk->populated);
		nr++;
	}
	gap->chunk->nr_populated += nr;
	s->nr_populated += nr;
	count_empty(s, gap->chunk, nr);
}

/**
 * spcpu_pages_went() - pages are not backed any more
 * @s: the allocator
 * @gap: where; pages that were backed have no areas
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_pages_went(struct spcpu *s, const struct spcpu_gap *gap)
{
	unsigned int end = gap->from + gap->nr, nr = 0;
	unsigned int i = gap->from;

	lockdep_assert_held(&s->lock);

	for_each_set_bit_from(i, gap->chunk->populated, end) {
		__clear_bit(i, gap->chunk->populated);
		nr++;
	}
	gap->chunk->nr_populated -= nr;
	s->nr_populated -= nr;
	count_empty(s, gap->chunk, -nr);
}

/**
 * spcpu_pages_leave() - a chunk's backed pages without areas are not backed from
 *	now on
 * @s: the allocator
 * @chunk: the chunk; its @leaving says which
 * @most: how many, from the end; pages are wanted where areas are, in front
 *
 * Context: Any but NMI, @s->lock and @s->mapping held.
 * Return: How many.
 */
unsigned int spcpu_pages_leave(struct spcpu *s, struct spcpu_chunk *chunk,
			       unsigned int most)
{
	unsigned int nr = 0;
	int i;

	lockdep_assert_held(&s->lock);
	lockdep_assert_held(&s->mapping);

	for (i = chunk->map.nr_blocks - 1; i >= 0 && nr < most; i--) {
		if (!test_bit(i, chunk->populated) ||
		    !spcpu_map_block_free(&chunk->map, i))
			continue;
		__set_bit(i, chunk->leaving);
		__clear_bit(i, chunk->populated);
		nr++;
	}
	chunk->nr_populated -= nr;
	s->nr_populated -= nr;
	count_empty(s, chunk, -nr);
	return nr;
}

/**
 * spcpu_isolate() - have a chunk give its empty pages back
 * @s: the allocator
 * @chunk: a chunk that is not immutable; isolated already or not
 *
 * Nothing is allocated from it until the worker was there.
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_isolate(struct spcpu *s, struct spcpu_chunk *chunk)
{
	struct spcpu_chunk_type *type = chunk->type;

	lockdep_assert_held(&s->lock);

	if (!chunk->isolated) {
		chunk->isolated = true;
		count_reserve(type, -chunk->nr_empty_pop);
	}
	spcpu_slot_move(&type->slots, &chunk->node, type->slots.to_depopulate,
			true);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_isolate);

/**
 * spcpu_reintegrate() - put an isolated chunk among the others again
 * @s: the allocator
 * @chunk: a chunk, isolated or not
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_reintegrate(struct spcpu *s, struct spcpu_chunk *chunk)
{
	lockdep_assert_held(&s->lock);

	if (!chunk->isolated)
		return;

	chunk->isolated = false;
	count_reserve(chunk->type, chunk->nr_empty_pop);
	spcpu_slot_relocate(&chunk->type->slots, &chunk->node, -1,
			    slot_of(chunk));
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_reintegrate);

/**
 * spcpu_has_surplus() - are there more free chunks than the one that is kept?
 * @s: the allocator
 * @type: of this kind
 *
 * Context: Any but NMI, @s->lock held.
 * Return: True if there are.
 */
bool spcpu_has_surplus(const struct spcpu *s,
		       const struct spcpu_chunk_type *type)
{
	const struct list_head *free = &type->slots.lists[type->slots.free];

	lockdep_assert_held(&s->lock);
	return !list_empty(free) && !list_is_singular(free);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_has_surplus);

/*
 * When a chunk gives pages back (mm/percpu.c, pcpu_should_reclaim_chunk()): if it
 * did so before, each page that falls free; otherwise when a quarter of its
 * pages is for nothing and the others have a full reserve without it.
 */
static bool should_give_back(const struct spcpu *s,
			     const struct spcpu_chunk *chunk)
{
	if (!s->options.backing->lazy || !chunk->nr_empty_pop)
		return false;
	if (chunk->isolated)
		return true;

	return chunk->nr_empty_pop >= chunk->map.nr_blocks / 4 &&
	       chunk->type->nr_empty_pop >
	       SPCPU_EMPTY_POP_PAGES_HIGH + chunk->nr_empty_pop;
}

/**
 * spcpu_excess() - how many backed pages are there beyond a full reserve?
 * @type: chunks of this kind
 *
 * Context: Any but NMI, the allocator's lock held.
 * Return: As many.
 */
int spcpu_excess(const struct spcpu_chunk_type *type)
{
	return max(type->nr_empty_pop - SPCPU_EMPTY_POP_PAGES_HIGH, 0);
}

/* of these, those that can go: the first chunk keeps its pages */
static int loose_excess(const struct spcpu *s,
			const struct spcpu_chunk_type *type)
{
	int fixed = type == &s->types[SPCPU_PLAIN] ? s->first->nr_empty_pop : 0;

	return spcpu_excess(type) - fixed;
}

/**
 * spcpu_is_fat() - are there so many backed pages beyond a full reserve that they
 *	are to go at once?
 * @s: the allocator
 * @type: chunks of this kind
 *
 * The cache has something for atomic callers, too, and what it keeps it takes from
 * the same pages. Without it as mm/percpu.c does.
 *
 * Context: Any but NMI, @s->lock held.
 * Return: True if it is.
 */
bool spcpu_is_fat(const struct spcpu *s, const struct spcpu_chunk_type *type)
{
	lockdep_assert_held(&s->lock);
	return s->options.cache && s->options.backing->lazy &&
	       loose_excess(s, type) > SPCPU_EMPTY_POP_PAGES_HIGH +
				    (int)(s->nr_populated / FAT_SHARE);
}

/* worth to look into when it gets quiet, and nobody is going to yet */
static bool should_thin(const struct spcpu *s, const struct spcpu_chunk *chunk)
{
	if (!s->wq || !s->options.backing->lazy)
		return false;

	return (s->options.cache ? loose_excess(s, chunk->type) > 0 :
		spcpu_excess(chunk->type) > chunk->map.nr_blocks / 4) &&
	       !delayed_work_pending(&s->thin);
}

/**
 * spcpu_review() - see what should become of a chunk from which was freed
 * @s: the allocator
 * @chunk: the chunk; if it is pinned, this is put off until it is let go
 *
 * Context: Any but NMI, @s->lock held.
 * Return: True if the worker has something to do.
 */
bool spcpu_review(struct spcpu *s, struct spcpu_chunk *chunk)
{
	lockdep_assert_held(&s->lock);

	if (chunk->immutable)
		return false;
	chunk->freed = chunk->pins;
	if (chunk->freed)
		return false;
	if (!chunk->isolated && spcpu_chunk_is_free(chunk))
		return spcpu_has_surplus(s, chunk->type);
	if (!should_give_back(s, chunk))
		return should_thin(s, chunk) || spcpu_is_fat(s, chunk->type);

	spcpu_isolate(s, chunk);
	return true;
}

/**
 * spcpu_pin() - keep a chunk, and its pages, from going away
 * @s: the allocator
 * @chunk: a chunk in service
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_pin(struct spcpu *s, struct spcpu_chunk *chunk)
{
	lockdep_assert_held(&s->lock);
	chunk->pins++;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_pin);

/**
 * spcpu_unpin() - let go of a chunk
 * @s: the allocator
 * @chunk: a chunk after spcpu_pin()
 *
 * Context: Any but NMI, @s->lock held.
 * Return: True if the worker has something to do.
 */
bool spcpu_unpin(struct spcpu *s, struct spcpu_chunk *chunk)
{
	lockdep_assert_held(&s->lock);
	if (--chunk->pins)
		return false;

	/* chunks are isolated when something is freed, as in the kernel */
	return (chunk->freed || chunk->isolated) && spcpu_review(s, chunk);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_unpin);

/**
 * spcpu_let_go() - let go of a chunk, and have it looked after if that is due
 * @s: the allocator
 * @chunk: a chunk after spcpu_pin()
 *
 * Context: Any but NMI. Takes the lock.
 */
void spcpu_let_go(struct spcpu *s, struct spcpu_chunk *chunk)
{
	unsigned long flags;
	bool kick;

	spin_lock_irqsave(&s->lock, flags);
	kick = spcpu_unpin(s, chunk);
	spin_unlock_irqrestore(&s->lock, flags);
	if (kick)
		spcpu_kick(s);
}

/**
 * spcpu_put_aside() - let go of a chunk that gave its pages back
 * @s: the allocator
 * @chunk: an isolated chunk, pinned
 *
 * It is asked last from now on, unless it is free from end to end. When pages
 * fell free meanwhile it stays among those that are to give some back.
 *
 * Context: Process context. Takes the lock.
 * Return: True if the worker has something to do.
 */
bool spcpu_put_aside(struct spcpu *s, struct spcpu_chunk *chunk)
{
	struct spcpu_slots *slots = &chunk->type->slots;
	bool kick = false;

	spin_lock_irq(&s->lock);
	chunk->pins--;
	chunk->freed = false;
	if (spcpu_chunk_is_free(chunk)) {
		spcpu_reintegrate(s, chunk);
		kick = spcpu_has_surplus(s, chunk->type);
	} else if (!chunk->nr_empty_pop) {
		spcpu_slot_move(slots, &chunk->node, slots->sidelined, false);
	} else {
		kick = true;
	}
	spin_unlock_irq(&s->lock);
	return kick;
}

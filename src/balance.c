// SPDX-License-Identifier: GPL-2.0
/*
 * Balance: what the worker does with the chunks of a type, in the order of
 * mm/percpu.c. One free chunk is kept, the others go; chunks that are mostly
 * empty give pages back; the reserve is filled up.
 */
#include <linux/limits.h>

#include "compat/kunit.h"
#include "core.h"

/* the free chunk that is kept; those that are pinned will not be free for long */
static struct spcpu_chunk *spare_of(struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &type->slots.lists[type->slots.free], node) {
		if (!chunk->pins)
			return chunk;
	}
	return NULL;
}

/*
 * Out of service: the last in line of the free chunks, if not the only one.
 * @empty_only: and has no pages, which may be the reserve
 */
static struct spcpu_chunk *take_surplus(struct spcpu *s,
					struct spcpu_chunk_type *type,
					bool empty_only)
{
	struct list_head *free = &type->slots.lists[type->slots.free];
	struct spcpu_chunk *chunk, *spare, *surplus = NULL;

	spin_lock_irq(&s->lock);
	spare = spare_of(type);
	list_for_each_entry_reverse(chunk, free, node) {
		if (chunk == spare)
			break;
		if (chunk->immutable || chunk->pins ||
		    (empty_only && chunk->nr_empty_pop))
			continue;
		spcpu_unlist_chunk(s, chunk);
		s->stats.nr_chunks--;
		surplus = chunk;
		break;
	}
	spin_unlock_irq(&s->lock);
	return surplus;
}

/* the lock is taken for a chunk at a time */
static void trim(struct spcpu *s, struct spcpu_chunk_type *type,
		 bool empty_only)
{
	struct spcpu_chunk *chunk;
	LIST_HEAD(surplus);

	while ((chunk = take_surplus(s, type, empty_only)))
		list_add(&chunk->node, &surplus);
	s->paging->retire(s, &surplus);
}

/*
 * Pinned: the next chunk that is to give pages back. While the others have too
 * small a reserve, such chunks help out with theirs instead.
 */
static struct spcpu_chunk *next_to_depopulate(struct spcpu *s,
					      struct spcpu_chunk_type *type)
{
	struct list_head *from = &type->slots.lists[type->slots.to_depopulate];
	struct spcpu_chunk *chunk, *next, *found = NULL;

	spin_lock_irq(&s->lock);
	list_for_each_entry_safe(chunk, next, from, node) {
		if (chunk->pins)
			continue;
		if (type->nr_empty_pop < SPCPU_EMPTY_POP_PAGES_HIGH) {
			spcpu_reintegrate(s, chunk);
			continue;
		}
		spcpu_pin(s, chunk);
		found = chunk;
		break;
	}
	spin_unlock_irq(&s->lock);
	return found;
}

/* true: chunks that are free now may be too many */
static bool reclaim(struct spcpu *s, struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;
	bool surplus = false;

	while ((chunk = next_to_depopulate(s, type))) {
		s->paging->depopulate(s, chunk, UINT_MAX);
		surplus |= spcpu_put_aside(s, chunk);
	}
	return surplus;
}

/* what the cache does not want to keep for atomic callers */
static void slim(struct spcpu *s, struct spcpu_chunk_type *type)
{
	bool fat;

	spin_lock_irq(&s->lock);
	fat = spcpu_is_fat(s, type);
	spin_unlock_irq(&s->lock);
	if (fat)
		spcpu_thin_out(s, type);
}

/**
 * spcpu_balance() - keep one free chunk and room for atomic callers, and no more
 * @s: the allocator
 * @type: chunks of this kind
 *
 * Context: Process context. May sleep, and wait for memory reclaim. No lock held.
 */
void spcpu_balance(struct spcpu *s, struct spcpu_chunk_type *type)
{
	bool surplus;

	trim(s, type, false);
	surplus = reclaim(s, type);
	slim(s, type);
	spcpu_fill_reserve(s, type);
	spcpu_enlarge_all(s, type);
	/* what fell free meanwhile */
	trim(s, type, !surplus);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_balance);

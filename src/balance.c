// SPDX-License-Identifier: GPL-2.0
/*
 * Balance: one free chunk is kept, and some backed pages for atomic callers; the
 * rest is given back. The worker goes over the chunks of each type in the order
 * of mm/percpu.c.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "compat/kunit.h"
#include "core.h"

/* nobody asked for these pages: fail rather than strain the machine */
#define GFP_SPARE	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

/**
 * spcpu_kick() - have the worker look after the chunks
 * @s: the allocator
 *
 * Context: Any but NMI.
 */
void spcpu_kick(struct spcpu *s)
{
	if (!READ_ONCE(s->dying))
		queue_work(s->wq, &s->balance);
}

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
	spcpu_retire(s, &surplus);
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

static void reclaim(struct spcpu *s, struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;

	while ((chunk = next_to_depopulate(s, type))) {
		spcpu_depopulate(s, chunk);
		spcpu_put_aside(s, chunk);
	}
}

/*
 * How many backed pages without areas are wanted. Where chunks are backed all
 * over, room comes a chunk at a time: when hardly a page is left, or when an
 * atomic caller failed and no chunk is free.
 */
static int pages_wanted(struct spcpu *s, struct spcpu_chunk_type *type)
{
	bool failed = type->atomic_failed;
	int missing = SPCPU_EMPTY_POP_PAGES_HIGH - type->nr_empty_pop;

	lockdep_assert_held(&s->lock);

	type->atomic_failed = false;
	if (!type->used)
		return 0;
	if (s->options.backing->lazy)
		return failed ? SPCPU_EMPTY_POP_PAGES_HIGH : max(missing, 0);
	if (type->nr_empty_pop < SPCPU_EMPTY_POP_PAGES_LOW)
		return 1;
	return failed && list_empty(&type->slots.lists[type->slots.free]);
}

/* the first run of pages of a chunk that are not backed, at most @most of them */
static bool gap_of(struct spcpu_chunk *chunk, unsigned int most,
		   struct spcpu_gap *gap)
{
	unsigned int nr_pages = chunk->map.nr_blocks;
	unsigned int from = find_first_zero_bit(chunk->populated, nr_pages);
	unsigned int to;

	if (from == nr_pages)
		return false;

	to = find_next_bit(chunk->populated, nr_pages, from);
	*gap = (struct spcpu_gap) { chunk, from, min(to - from, most) };
	return true;
}

/* where pages are put for nobody in particular; its chunk is pinned */
static bool find_gap(struct spcpu *s, struct spcpu_chunk_type *type,
		     unsigned int most, struct spcpu_gap *gap)
{
	struct spcpu_chunk *chunk;
	int slot;

	lockdep_assert_held(&s->lock);

	for (slot = spcpu_slot_of_size(&type->slots, PAGE_SIZE);
	     slot <= type->slots.free; slot++) {
		list_for_each_entry(chunk, &type->slots.lists[slot], node) {
			if (!gap_of(chunk, most, gap))
				continue;
			/* a reserve is what others can count on */
			spcpu_reintegrate(s, chunk);
			spcpu_pin(s, chunk);
			return true;
		}
	}
	return false;
}

/* a chunk to put pages into; for accounted objects too, nobody is charged */
static bool grow(struct spcpu *s, struct spcpu_chunk_type *type)
{
	bool accounted = type == &s->types[SPCPU_ACCOUNTED];
	bool grown;

	mutex_lock(&s->growing);
	grown = spcpu_grow(s, GFP_SPARE | (accounted ? __GFP_ACCOUNT : 0));
	mutex_unlock(&s->growing);
	return grown;
}

static int fill(struct spcpu *s, const struct spcpu_gap *gap)
{
	int err = spcpu_populate(s, gap, GFP_SPARE);

	spin_lock_irq(&s->lock);
	gap->chunk->pins--;
	spin_unlock_irq(&s->lock);
	return err;
}

static void replenish(struct spcpu *s, struct spcpu_chunk_type *type)
{
	struct spcpu_gap gap;
	bool found;
	int wanted, err;

	spin_lock_irq(&s->lock);
	wanted = pages_wanted(s, type);
	spin_unlock_irq(&s->lock);

	/* it comes with all its pages */
	if (wanted > 0 && !s->options.backing->lazy) {
		grow(s, type);
		return;
	}

	while (wanted > 0) {
		spin_lock_irq(&s->lock);
		found = find_gap(s, type, wanted, &gap);
		spin_unlock_irq(&s->lock);

		if (!found) {
			if (!grow(s, type))
				return;
			continue;
		}
		err = fill(s, &gap);
		if (!err)
			wanted -= gap.nr;
		else if (err != -EAGAIN)
			return;
	}
}

/**
 * spcpu_balance_work() - keep one free chunk and room for atomic callers
 * @work: &struct spcpu.balance
 *
 * Context: Process context (workqueue).
 */
void spcpu_balance_work(struct work_struct *work)
{
	struct spcpu *s = container_of(work, struct spcpu, balance);
	int i;

	for (i = 0; i < SPCPU_NR_TYPES; i++) {
		struct spcpu_chunk_type *type = &s->types[i];

		/* queued by somebody who did not see it coming */
		if (READ_ONCE(s->dying))
			return;

		trim(s, type, false);
		reclaim(s, type);
		replenish(s, type);
		/* what fell free meanwhile */
		trim(s, type, true);
	}
}

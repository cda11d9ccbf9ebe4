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

/* without an allocation for so long it is quiet */
#define QUIET	(HZ / 2)

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

/* true: chunks that are free now may be too many */
static bool reclaim(struct spcpu *s, struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;
	bool surplus = false;

	while ((chunk = next_to_depopulate(s, type))) {
		spcpu_depopulate(s, chunk, UINT_MAX);
		surplus |= spcpu_put_aside(s, chunk);
	}
	return surplus;
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

/*
 * Pinned: the first chunk of a slot that has pages which are not backed. Where a
 * side-lined one is chosen it goes among the others, which mm/percpu.c does not
 * do: a reserve is what others can count on.
 */
static struct spcpu_chunk *first_with_gap(struct spcpu *s,
					  struct spcpu_chunk_type *type,
					  int slot)
{
	struct spcpu_chunk *chunk, *found = NULL;

	spin_lock_irq(&s->lock);
	list_for_each_entry(chunk, &type->slots.lists[slot], node) {
		if (chunk->nr_populated == chunk->map.nr_blocks)
			continue;
		spcpu_reintegrate(s, chunk);
		spcpu_pin(s, chunk);
		found = chunk;
		break;
	}
	spin_unlock_irq(&s->lock);
	return found;
}

/*
 * For accounted objects who takes the reserve is charged for what refills it. The
 * kernel charges no worker.
 */
static gfp_t spare_for(struct spcpu *s, const struct spcpu_chunk_type *type)
{
	return type == &s->types[SPCPU_ACCOUNTED] ? GFP_SPARE | __GFP_ACCOUNT :
						    GFP_SPARE;
}

/* put pages into one chunk, which is let go; how many are still wanted */
static int fill_chunk(struct spcpu *s, struct spcpu_chunk *chunk, int wanted)
{
	struct spcpu_gap gap;
	bool more;
	int err;

	while (wanted > 0) {
		spin_lock_irq(&s->lock);
		more = gap_of(chunk, wanted, &gap);
		spin_unlock_irq(&s->lock);
		if (!more)
			break;

		err = spcpu_populate(s, &gap, spare_for(s, chunk->type));
		if (!err)
			wanted -= gap.nr;
		else if (err != -EAGAIN)
			wanted = 0;
	}

	spin_lock_irq(&s->lock);
	more = spcpu_unpin(s, chunk);
	spin_unlock_irq(&s->lock);
	if (more)
		spcpu_kick(s);
	return wanted;
}

/* the fullest chunks that have room for a page come first, one of each slot */
static int fill_chunks(struct spcpu *s, struct spcpu_chunk_type *type,
		       int wanted)
{
	struct spcpu_chunk *chunk;
	int slot;

	for (slot = spcpu_slot_of_size(&type->slots, PAGE_SIZE);
	     slot <= type->slots.free && wanted > 0; slot++) {
		chunk = first_with_gap(s, type, slot);
		if (chunk)
			wanted = fill_chunk(s, chunk, wanted);
	}
	return wanted;
}

/* a chunk to put pages into */
static bool grow(struct spcpu *s, struct spcpu_chunk_type *type)
{
	bool grown;

	mutex_lock(&s->growing);
	grown = spcpu_grow(s, spare_for(s, type));
	mutex_unlock(&s->growing);
	return grown;
}

static void fill_reserve(struct spcpu *s, struct spcpu_chunk_type *type)
{
	int wanted;

	spin_lock_irq(&s->lock);
	wanted = pages_wanted(s, type);
	spin_unlock_irq(&s->lock);

	if (s->options.backing->lazy)
		wanted = fill_chunks(s, type, wanted);
	/* without lazy backing a chunk comes with all its pages */
	if (wanted > 0 && grow(s, type) && s->options.backing->lazy)
		fill_chunks(s, type, wanted);
}

/* false: somebody else is at it, and one is enough; nobody waits */
static bool replenish(struct spcpu *s, struct spcpu_chunk_type *type)
{
	if (test_and_set_bit_lock(SPCPU_REPLENISHING, &s->flags))
		return false;

	fill_reserve(s, type);
	clear_bit_unlock(SPCPU_REPLENISHING, &s->flags);
	return true;
}

/**
 * spcpu_replenish() - a caller that can wait makes good for what it took
 * @s: the allocator
 * @type: chunks of this kind, whose reserve is low
 *
 * The worker may be late, and atomic callers find nothing until it comes. Chunks
 * that come with all their pages take too long for this: they are left to it.
 *
 * Context: Process context. May sleep, and wait for memory reclaim. No lock held.
 */
void spcpu_replenish(struct spcpu *s, struct spcpu_chunk_type *type)
{
	if (!s->options.backing->lazy || !replenish(s, type))
		spcpu_kick(s);
}

/* pages beyond the reserve may be of use yet; see when it is quiet */
static void thin_later(struct spcpu *s, const struct spcpu_chunk_type *type)
{
	if (s->options.backing->lazy && READ_ONCE(type->nr_empty_pop) >
	    SPCPU_EMPTY_POP_PAGES_HIGH)
		queue_delayed_work(s->wq, &s->thin, QUIET);
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
	bool surplus;
	int i;

	for (i = 0; i < SPCPU_NR_TYPES; i++) {
		struct spcpu_chunk_type *type = &s->types[i];

		/* queued by somebody who did not see it coming */
		if (READ_ONCE(s->dying))
			return;

		trim(s, type, false);
		surplus = reclaim(s, type);
		replenish(s, type);
		/* what fell free meanwhile */
		trim(s, type, !surplus);
		thin_later(s, type);
	}
}

/*
 * Pinned: a chunk with backed pages beyond the reserve, and how many of them may
 * go. The emptiest are asked first.
 */
static struct spcpu_chunk *next_to_thin(struct spcpu *s,
					struct spcpu_chunk_type *type, int *most)
{
	struct spcpu_chunk *chunk;
	int slot;

	lockdep_assert_held(&s->lock);

	*most = spcpu_excess(type);
	for (slot = type->slots.free; *most && slot >= 0; slot--) {
		list_for_each_entry(chunk, &type->slots.lists[slot], node) {
			if (chunk->immutable || chunk->isolated ||
			    chunk->pins || !chunk->nr_empty_pop)
				continue;
			spcpu_pin(s, chunk);
			return chunk;
		}
	}
	return NULL;
}

static void thin_out(struct spcpu *s, struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;
	int most;

	spin_lock_irq(&s->lock);
	while ((chunk = next_to_thin(s, type, &most))) {
		spin_unlock_irq(&s->lock);
		spcpu_depopulate(s, chunk, most);
		spin_lock_irq(&s->lock);
		chunk->pins--;
	}
	spin_unlock_irq(&s->lock);
}

/* has anything been allocated since this was asked last? */
static bool is_quiet(struct spcpu *s)
{
	bool quiet;

	spin_lock_irq(&s->lock);
	quiet = s->thin_seen == s->stats.nr_alloc;
	s->thin_seen = s->stats.nr_alloc;
	spin_unlock_irq(&s->lock);
	return quiet;
}

/**
 * spcpu_thin_work() - give back pages beyond the reserve when it is quiet
 * @work: &struct spcpu.thin
 *
 * While there are allocations, pages that fell free are likely to be wanted again,
 * by atomic callers too, who can have no others. mm/percpu.c keeps a free chunk's
 * pages, and those of the last chunk with any, for ever. Chunks stay where they
 * are in the slots, so that this changes no placement of callers that can sleep.
 *
 * Context: Process context (workqueue).
 */
void spcpu_thin_work(struct work_struct *work)
{
	struct spcpu *s = container_of(to_delayed_work(work), struct spcpu, thin);
	int i;

	if (READ_ONCE(s->dying) || !s->options.backing->lazy)
		return;
	if (!is_quiet(s)) {
		queue_delayed_work(s->wq, &s->thin, QUIET);
		return;
	}
	for (i = 0; i < SPCPU_NR_TYPES; i++)
		thin_out(s, &s->types[i]);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_thin_work);

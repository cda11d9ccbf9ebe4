// SPDX-License-Identifier: GPL-2.0
/*
 * Reserve: backed pages without areas, for callers that cannot wait for any. The
 * worker keeps them, and so does who took some and can wait.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "core.h"

/* nobody asked for these pages: fail rather than strain the machine */
#define GFP_SPARE	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

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

	WRITE_ONCE(type->atomic_failed, false);
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

		err = s->paging->populate(s, &gap, spare_for(s, chunk->type));
		if (!err)
			wanted -= gap.nr;
		else if (err != -EAGAIN)
			wanted = 0;
	}

	spcpu_let_go(s, chunk);
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
	grown = s->paging->grow(s, spare_for(s, type));
	mutex_unlock(&s->growing);
	return grown;
}

static void fill(struct spcpu *s, struct spcpu_chunk_type *type)
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

/**
 * spcpu_fill_reserve() - put pages where atomic callers can have them
 * @s: the allocator
 * @type: chunks of this kind
 *
 * One at a time is enough, and nobody waits.
 *
 * Context: Process context. May sleep, and wait for memory reclaim. No lock held.
 * Return: False if somebody else is at it. What atomic callers have missed since
 *	that one began is left to the next.
 */
bool spcpu_fill_reserve(struct spcpu *s, struct spcpu_chunk_type *type)
{
	if (test_and_set_bit_lock(SPCPU_REPLENISHING, &type->flags))
		return false;

	fill(s, type);
	clear_bit_unlock(SPCPU_REPLENISHING, &type->flags);
	return true;
}

/**
 * spcpu_replenish() - a caller that can wait makes good for what it took
 * @s: the allocator
 * @type: chunks of this kind, whose reserve is low
 *
 * The worker may be late, and atomic callers find nothing until it comes. Chunks
 * that come with all their pages take too long for this: they are left to it. And
 * it passes by while we are at it, so what was missed meanwhile is told it now.
 *
 * Context: Process context. May sleep, and wait for memory reclaim. No lock held.
 */
void spcpu_replenish(struct spcpu *s, struct spcpu_chunk_type *type)
{
	if (!s->options.backing->lazy || !spcpu_fill_reserve(s, type) ||
	    READ_ONCE(type->atomic_failed))
		spcpu_kick(s);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Balance: chunks come and go.
 *
 * Memory is allocated and freed here without any lock held, so that nobody
 * waits for an allocation that waits for reclaim. The price is that callers that
 * run dry at the same time make a chunk each, where the kernel lets them queue
 * for one; who then finds more than one chunk free has the worker give back what
 * was too much.
 */
#include <linux/sched/mm.h>

#include "compat/kunit.h"
#include "core.h"
#include "trace.h"

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

/* a window with pages and addresses for all units */
static struct spcpu_window *back_window(struct spcpu *s, gfp_t gfp)
{
	struct spcpu_window *window;

	window = spcpu_window_create(s->layout,
				     s->layout->unit_size >> PAGE_SHIFT, gfp);
	if (!window)
		return NULL;

	if (spcpu_window_fill(window, s->layout, gfp) ||
	    spcpu_window_map(window, s->layout, s->dummy, gfp)) {
		spcpu_window_destroy(window, s->layout);
		return NULL;
	}
	return window;
}

static void free_chunk(struct spcpu *s, struct spcpu_chunk *chunk)
{
	spcpu_window_destroy(chunk->window, s->layout);
	spcpu_chunk_destroy(chunk);
}

static struct spcpu_chunk *make_chunk(struct spcpu *s, gfp_t gfp)
{
	struct spcpu_window *window;
	struct spcpu_chunk *chunk;

	window = back_window(s, gfp);
	if (!window)
		return NULL;

	chunk = spcpu_chunk_create(window, 0, s->layout->unit_size, gfp);
	if (!chunk) {
		spcpu_window_destroy(window, s->layout);
		return NULL;
	}

	if (spcpu_index_add(&s->index, window, s->layout, gfp)) {
		free_chunk(s, chunk);
		return NULL;
	}
	return chunk;
}

/**
 * spcpu_grow() - make a chunk and take it into service
 * @s: the allocator
 * @gfp: the caller's flags; must allow to sleep. Only what concerns the caller
 *	(I/O, file systems, how hard to try, warnings) is passed on.
 *
 * Context: Process context. May sleep. No lock held.
 * Return: True if there is a chunk more.
 */
bool spcpu_grow(struct spcpu *s, gfp_t gfp)
{
	struct spcpu_chunk *chunk;

	gfp &= GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	chunk = make_chunk(s, gfp);
	if (!chunk)
		return false;

	trace_percpu_create_chunk(spcpu_chunk_base(chunk));
	spin_lock_irq(&s->lock);
	/* from now on pointers into the window lead to the chunk */
	chunk->window->chunk = chunk;
	spcpu_add_chunk(s, chunk);
	s->stats.nr_chunks++;
	s->stats.nr_max_chunks = max(s->stats.nr_max_chunks,
				     s->stats.nr_chunks);
	spin_unlock_irq(&s->lock);
	return true;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_grow);

/**
 * spcpu_retire() - free chunks that are out of service
 * @s: the allocator
 * @chunks: chunks after spcpu_unlist_chunk(), linked by their node
 *
 * Context: Process context. May sleep.
 */
void spcpu_retire(struct spcpu *s, struct list_head *chunks)
{
	struct spcpu_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, chunks, node) {
		list_del(&chunk->node);
		trace_percpu_destroy_chunk(spcpu_chunk_base(chunk));
		free_chunk(s, chunk);
		cond_resched();
	}
}

/* out of service: the last in line of the free chunks, if not the only one */
static struct spcpu_chunk *take_surplus(struct spcpu *s)
{
	struct list_head *free = &s->slots.lists[s->slots.free];
	struct spcpu_chunk *chunk, *surplus = NULL;

	spin_lock_irq(&s->lock);
	list_for_each_entry_reverse(chunk, free, node) {
		if (list_is_first(&chunk->node, free))
			break;
		if (chunk->immutable)
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
static void trim(struct spcpu *s)
{
	struct spcpu_chunk *chunk;
	LIST_HEAD(surplus);

	while ((chunk = take_surplus(s)))
		list_add(&chunk->node, &surplus);
	spcpu_retire(s, &surplus);
}

/*
 * With vmap backing a chunk is backed all over, so room for atomic callers
 * comes a chunk at a time: when hardly a page is left without areas, or when
 * one of them failed and no chunk is free.
 */
static void replenish(struct spcpu *s)
{
	bool grow;

	spin_lock_irq(&s->lock);
	grow = s->nr_empty_pop < SPCPU_EMPTY_POP_PAGES_LOW ||
	       (s->atomic_failed &&
		list_empty(&s->slots.lists[s->slots.free]));
	s->atomic_failed = false;
	spin_unlock_irq(&s->lock);

	/* nobody asked for this one: fail rather than strain the machine */
	if (grow)
		spcpu_grow(s, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
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

	/* queued by somebody who did not see it coming */
	if (READ_ONCE(s->dying))
		return;

	trim(s);
	replenish(s);
	/* what fell free meanwhile */
	trim(s);
}

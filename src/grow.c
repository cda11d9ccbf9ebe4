// SPDX-License-Identifier: GPL-2.0
/*
 * Grow: chunks come and go.
 *
 * Memory is allocated and freed here without any lock held that reclaim could
 * wait for.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat/kunit.h"
#include "core.h"
#include "trace.h"

/* addresses for all units, and pages too where the backing is not lazy */
static struct spcpu_window *back_window(struct spcpu *s, gfp_t gfp,
					u64 *reserve_ns)
{
	const struct spcpu_backing *backing = s->options.backing;
	gfp_t own = gfp & ~__GFP_ACCOUNT;
	struct spcpu_window *window;
	u64 start;

	window = spcpu_window_create(s->layout,
				     s->layout->unit_size >> PAGE_SHIFT, own);
	if (!window)
		return NULL;

	if (!backing->lazy &&
	    spcpu_window_fill(window, s->layout, &s->pages, s->backed_cpus,
			      gfp))
		goto err;

	start = ktime_get_ns();
	if (spcpu_window_map(window, s->layout, backing, s->blank, own))
		goto err;
	*reserve_ns = ktime_get_ns() - start;
	return window;

err:
	spcpu_window_destroy(window, s->layout, &s->pages);
	return NULL;
}

static void free_chunk(struct spcpu *s, struct spcpu_chunk *chunk)
{
	spcpu_window_destroy(chunk->window, s->layout, &s->pages);
	spcpu_chunk_destroy(chunk);
}

/**
 * spcpu_make_known() - let a window be found by addresses and pointers
 * @s: the allocator
 * @window: a mapped window, whose chunks are not in service yet
 * @gfp: how memory is allocated; must allow to sleep
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM, and it is not known.
 */
int spcpu_make_known(struct spcpu *s, struct spcpu_window *window, gfp_t gfp)
{
	if (spcpu_window_cut(window, s->layout, gfp) ||
	    spcpu_finder_add(&s->finder, window->cells, gfp))
		return -ENOMEM;
	if (spcpu_index_add(&s->index, window, s->layout, gfp)) {
		spcpu_finder_del(&s->finder, window->cells);
		return -ENOMEM;
	}
	return 0;
}

static struct spcpu_chunk *make_chunk(struct spcpu *s, gfp_t gfp,
				      u64 *reserve_ns)
{
	gfp_t own = gfp & ~__GFP_ACCOUNT;
	struct spcpu_window *window;
	struct spcpu_chunk *chunk;

	window = back_window(s, gfp, reserve_ns);
	if (!window)
		return NULL;

	chunk = spcpu_chunk_create(window, s->options.engine, 0,
				   s->layout->unit_size,
				   !s->options.backing->lazy, own);
	if (!chunk) {
		spcpu_window_destroy(window, s->layout, &s->pages);
		return NULL;
	}
	chunk->type = spcpu_type_for(s, gfp);

	if (spcpu_make_known(s, window, own)) {
		free_chunk(s, chunk);
		return NULL;
	}
	return chunk;
}

/**
 * spcpu_grow() - make a chunk and take it into service
 * @s: the allocator
 * @gfp: the caller's flags; must allow to sleep. Only what concerns the caller
 *	(I/O, file systems, how hard to try, warnings, who is charged) is passed
 *	on. With __GFP_ACCOUNT the chunk is for accounted objects.
 *
 * Context: Process context. May sleep. No lock held but @s->growing.
 * Return: True if there is a chunk more.
 */
bool spcpu_grow(struct spcpu *s, gfp_t gfp)
{
	struct spcpu_chunk *chunk;
	u64 reserve_ns;

	gfp &= GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN;
	chunk = make_chunk(s, gfp, &reserve_ns);
	if (!chunk)
		return false;

	trace_percpu_create_chunk(spcpu_chunk_base(chunk));
	spin_lock_irq(&s->lock);
	/* from now on pointers into the window lead to the chunk */
	chunk->window->chunk = chunk;
	spcpu_add_chunk(s, chunk);
	s->reserve_ns = reserve_ns;
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

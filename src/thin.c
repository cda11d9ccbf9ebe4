// SPDX-License-Identifier: GPL-2.0
/*
 * Thin: pages beyond the reserve are given back when it is quiet.
 */
#include "compat/kunit.h"
#include "core.h"

/* without a new area for so long it is quiet: hits of the cache do not count */
#define QUIET	(HZ / 2)

/**
 * spcpu_thin_later() - pages beyond the reserve may be of use yet: see when it is
 *	quiet
 * @s: the allocator
 * @type: chunks of this kind
 *
 * Context: Any but NMI.
 */
void spcpu_thin_later(struct spcpu *s, const struct spcpu_chunk_type *type)
{
	if (s->options.backing->lazy && READ_ONCE(type->nr_empty_pop) >
	    SPCPU_EMPTY_POP_PAGES_HIGH)
		queue_delayed_work(s->wq, &s->thin, QUIET);
}

static struct spcpu_chunk *emptiest(struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;
	int slot;

	for (slot = type->slots.free; slot >= 0; slot--) {
		list_for_each_entry(chunk, &type->slots.lists[slot], node) {
			if (!chunk->immutable && !chunk->isolated &&
			    !chunk->pins && chunk->nr_empty_pop)
				return chunk;
		}
	}
	return NULL;
}

/*
 * Pinned: a chunk with backed pages beyond the reserve, and how many of them may
 * go. The emptiest are asked first.
 */
static struct spcpu_chunk *next_to_thin(struct spcpu *s,
					struct spcpu_chunk_type *type, int *most)
{
	struct spcpu_chunk *chunk = NULL;

	spin_lock_irq(&s->lock);
	*most = spcpu_excess(type);
	if (*most)
		chunk = emptiest(type);
	if (chunk)
		spcpu_pin(s, chunk);
	spin_unlock_irq(&s->lock);
	return chunk;
}

/**
 * spcpu_thin_out() - give back all backed pages beyond the reserve
 * @s: the allocator
 * @type: chunks of this kind
 *
 * Context: Process context. May sleep. No lock held.
 */
void spcpu_thin_out(struct spcpu *s, struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;
	int most;

	while ((chunk = next_to_thin(s, type, &most))) {
		spcpu_depopulate(s, chunk, most);
		spcpu_let_go(s, chunk);
	}
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
		spcpu_thin_out(s, &s->types[i]);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_thin_work);

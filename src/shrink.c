// SPDX-License-Identifier: GPL-2.0
/*
 * Shrink: when memory is short, the reserve and the free chunks are given back
 * too.
 *
 * This runs inside memory reclaim. What it waits for, the mapping mutex and the
 * lock, nobody holds while memory is allocated.
 */
#include <linux/minmax.h>

#include "compat/kunit.h"
#include "core.h"

static unsigned int count_free_chunks(const struct spcpu *s,
				      const struct spcpu_chunk_type *type)
{
	const struct spcpu_chunk *chunk;
	unsigned int nr = 0;

	list_for_each_entry(chunk, &type->slots.lists[type->slots.free], node)
		nr += !chunk->immutable;
	return nr;
}

/**
 * spcpu_shrink_count() - how many pages could be given back
 * @s: the allocator
 *
 * Context: Process context, memory reclaim included.
 * Return: Pages of all units together.
 */
unsigned long spcpu_shrink_count(struct spcpu *s)
{
	unsigned long nr = 0;
	int i;

	spin_lock_irq(&s->lock);
	if (s->options.backing->lazy) {
		nr = s->nr_empty - s->first->nr_empty_pop;
		if (s->reserved)
			nr -= s->reserved->nr_empty_pop;
	} else {
		for (i = 0; i < SPCPU_NR_TYPES; i++)
			nr += count_free_chunks(s, &s->types[i]);
		nr *= s->layout->unit_size >> PAGE_SHIFT;
	}
	spin_unlock_irq(&s->lock);
	/* what CPUs keep may be all that is left in a page: nobody knows */
	nr += atomic_read(&s->cache.nr_magazines);
	return nr * READ_ONCE(s->ready.nr);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_shrink_count);

/* out of service: a free chunk; one without pages still takes metadata */
static struct spcpu_chunk *take_free(struct spcpu *s,
				     struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk, *found = NULL;

	spin_lock_irq(&s->lock);
	list_for_each_entry_reverse(chunk,
				    &type->slots.lists[type->slots.free],
				    node) {
		if (chunk->immutable || chunk->pins)
			continue;
		spcpu_unlist_chunk(s, chunk);
		s->stats.nr_chunks--;
		found = chunk;
		break;
	}
	spin_unlock_irq(&s->lock);
	return found;
}

static unsigned long drop_free_chunks(struct spcpu *s,
				      struct spcpu_chunk_type *type,
				      unsigned long most)
{
	unsigned int cpus = READ_ONCE(s->ready.nr);
	struct spcpu_chunk *chunk;
	unsigned long nr = 0;
	LIST_HEAD(gone);

	while (nr < most && (chunk = take_free(s, type))) {
		nr += (unsigned long)chunk->nr_populated * cpus;
		list_add(&chunk->node, &gone);
	}
	spcpu_retire(s, &gone);
	return nr;
}

/*
 * Pinned and isolated: the chunk with backed pages that have no areas before
 * @prev, which is pinned, or the last one.
 */
static struct spcpu_chunk *partly_empty_before(struct spcpu *s,
					       struct spcpu_chunk *prev)
{
	struct spcpu_chunk *chunk, *found = NULL;

	spin_lock_irq(&s->lock);
	chunk = prev ?: list_entry(&s->chunks, struct spcpu_chunk, all);
	list_for_each_entry_continue_reverse(chunk, &s->chunks, all) {
		if (chunk->immutable || chunk->pins || !chunk->nr_empty_pop)
			continue;
		spcpu_isolate(s, chunk);
		spcpu_pin(s, chunk);
		found = chunk;
		break;
	}
	spin_unlock_irq(&s->lock);
	return found;
}

static unsigned long drop_empty_pages(struct spcpu *s, unsigned long most)
{
	struct spcpu_chunk *chunk = NULL, *prev;
	unsigned long nr = 0;
	bool kick = false;

	do {
		prev = chunk;
		chunk = nr < most ? partly_empty_before(s, prev) : NULL;
		if (prev)
			kick |= spcpu_put_aside(s, prev);
		if (chunk)
			nr += spcpu_depopulate(s, chunk, UINT_MAX);
	} while (chunk);

	if (kick)
		spcpu_kick(s);
	return nr;
}

static unsigned long drop_unused(struct spcpu *s, unsigned long most)
{
	unsigned long nr = 0;
	int i;

	for (i = 0; i < SPCPU_NR_TYPES && nr < most; i++)
		nr += drop_free_chunks(s, &s->types[i], most - nr);
	if (s->options.backing->lazy && nr < most)
		nr += drop_empty_pages(s, most - nr);
	return nr;
}

/**
 * spcpu_shrink() - give back free chunks, and pages without areas; if these are too
 *	few, those, too, that only the cache has something in
 * @s: the allocator
 * @most: pages, of all units together; it may become a chunk's worth more
 *
 * Context: Process context, memory reclaim included. May sleep.
 * Return: Pages given back.
 */
unsigned long spcpu_shrink(struct spcpu *s, unsigned long most)
{
	unsigned long nr = drop_unused(s, most);

	if (nr < most) {
		spcpu_cache_drain(s);
		nr += drop_unused(s, most - nr);
	}
	return nr;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_shrink);

static unsigned long count(void *s)
{
	return spcpu_shrink_count(s);
}

static unsigned long scan(void *s, unsigned long nr)
{
	return spcpu_shrink(s, nr);
}

/**
 * spcpu_shrinker_add() - have memory reclaim ask for pages
 * @s: an allocator with its first chunk
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_shrinker_add(struct spcpu *s)
{
	s->shrinker.count = count;
	s->shrinker.scan = scan;
	s->shrinker.of = s;
	return spcpu_shrinker_register(&s->shrinker);
}

/**
 * spcpu_shrinker_del() - reclaim asks no more
 * @s: an allocator after spcpu_shrinker_add()
 *
 * Context: Process context. May sleep.
 */
void spcpu_shrinker_del(struct spcpu *s)
{
	spcpu_shrinker_unregister(&s->shrinker);
}

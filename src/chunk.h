/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Chunk: the same area for every possible CPU. A window that it lives in, a map
 * of what is taken, and the counts that decide what becomes of it.
 */
#ifndef SPCPU_CHUNK_H
#define SPCPU_CHUNK_H

#include <linux/list.h>

#include "engine.h"
#include "window.h"

struct spcpu_chunk_type;

/**
 * struct spcpu_chunk - one chunk; all of it under the allocator's lock
 *
 * Areas lie at offsets in bytes from @start. The first chunk is two chunks in
 * one window, the reserved and the dynamic one, whose parts need not begin or
 * end at a page: @head and @tail bytes at the ends of the map are not theirs.
 *
 * @node: on the list of a slot; nowhere for the reserved chunk
 * @all: on the list of all chunks, by ascending @id
 * @id: number by age, from 0; the reserved chunk of an allocator is 0
 * @type: chunks of its kind, among which it has its slot
 * @window: where it lives
 * @start: bytes from the start of a unit to this chunk's first page
 * @head: bytes at the beginning that belong to somebody else
 * @tail: bytes at the end that belong to nobody
 * @immutable: part of the first chunk: never goes away
 * @isolated: it gives or gave pages back: sidelined, or about to be. Its pages
 *            are no reserve, and it is asked after all others
 * @pins: who looks after its pages without the lock; meanwhile it neither goes
 *        away nor gives pages back
 * @freed: an area was freed while it was pinned; it is reviewed when let go
 * @nr_populated: pages of each unit that are backed
 * @nr_empty_pop: backed pages without any area
 * @nr_alloc: live areas
 * @max_alloc_size: largest request since the chunk was last without areas
 * @map: what is taken
 * @leaving: bit set: the page is being given back; under the mapping mutex
 * @populated: bit set: the page is backed in the unit of every CPU that has
 *             memory. Areas lie in backed pages only
 */
struct spcpu_chunk {
	struct list_head node;
	struct list_head all;
	unsigned int id;
	struct spcpu_chunk_type *type;
	struct spcpu_window *window;
	unsigned long start;
	unsigned int head;
	unsigned int tail;
	bool immutable;
	bool isolated;
	unsigned int pins;
	bool freed;
	int nr_populated;
	int nr_empty_pop;
	int nr_alloc;
	size_t max_alloc_size;
	struct spcpu_map map;
	unsigned long *leaving;
	unsigned long populated[];
};

bool spcpu_chunk_has(const struct spcpu_chunk *chunk, unsigned long off);
struct spcpu_chunk *spcpu_chunk_create(struct spcpu_window *window,
				       const struct spcpu_engine *engine,
				       unsigned long from, size_t size,
				       bool populated, gfp_t gfp);
void spcpu_chunk_destroy(struct spcpu_chunk *chunk);

/* address of the lowest CPU's copy of offset 0 */
static inline unsigned long spcpu_chunk_base(const struct spcpu_chunk *chunk)
{
	return chunk->window->base + chunk->start;
}

static inline size_t spcpu_chunk_free_bytes(const struct spcpu_chunk *chunk)
{
	return (size_t)chunk->map.free_bits << SPCPU_GRANULE_SHIFT;
}

/* is it free from end to end? */
static inline bool spcpu_chunk_is_free(const struct spcpu_chunk *chunk)
{
	return !chunk->immutable && chunk->map.free_bits == chunk->map.nr_bits;
}

static inline size_t spcpu_chunk_contig_bytes(const struct spcpu_chunk *chunk)
{
	return (size_t)chunk->map.contig << SPCPU_GRANULE_SHIFT;
}

#endif /* SPCPU_CHUNK_H */

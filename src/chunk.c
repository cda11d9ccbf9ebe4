// SPDX-License-Identifier: GPL-2.0
/*
 * Chunk: a part of a window, and the map of what is taken in it.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "chunk.h"
#include "compat/kunit.h"

/**
 * spcpu_chunk_create() - make a chunk of a part of a window
 * @window: where it lives; not taken over
 * @engine: who places areas in it
 * @from: bytes from the start of a unit to the chunk's first byte, a multiple
 *	of 4
 * @size: bytes of the chunk, a multiple of 4, not 0
 * @populated: all of its pages are backed; otherwise none is
 * @gfp: how memory is allocated; must allow to sleep
 *
 * The map covers whole pages; what lies in them before and after the part is
 * hidden.
 *
 * Context: Process context. May sleep.
 * Return: The chunk, for spcpu_chunk_destroy(), or NULL without memory.
 */
struct spcpu_chunk *spcpu_chunk_create(struct spcpu_window *window,
				       const struct spcpu_engine *engine,
				       unsigned long from, size_t size,
				       bool populated, gfp_t gfp)
{
	unsigned int head = offset_in_page(from);
	unsigned int tail = PAGE_ALIGN(head + size) - head - size;
	int nr_pages = PAGE_ALIGN(head + size) >> PAGE_SHIFT;
	struct spcpu_chunk *chunk;

	chunk = kvzalloc(struct_size(chunk, populated,
				     2 * BITS_TO_LONGS(nr_pages)), gfp);
	if (!chunk)
		return NULL;

	if (spcpu_map_init(&chunk->map, engine, nr_pages, chunk->populated,
			   gfp)) {
		kvfree(chunk);
		return NULL;
	}

	INIT_LIST_HEAD(&chunk->node);
	INIT_LIST_HEAD(&chunk->all);
	chunk->window = window;
	chunk->start = from - head;
	chunk->head = head;
	chunk->tail = tail;
	chunk->leaving = chunk->populated + BITS_TO_LONGS(nr_pages);

	if (head)
		spcpu_map_hide(&chunk->map, 0, head >> SPCPU_GRANULE_SHIFT);
	if (tail)
		spcpu_map_hide(&chunk->map,
			       (head + size) >> SPCPU_GRANULE_SHIFT,
			       tail >> SPCPU_GRANULE_SHIFT);
	if (populated) {
		bitmap_fill(chunk->populated, nr_pages);
		chunk->nr_populated = nr_pages;
		chunk->nr_empty_pop = chunk->map.nr_empty;
	}
	return chunk;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_chunk_create);

/**
 * spcpu_chunk_destroy() - free a chunk, not its window
 * @chunk: a chunk on no list, or NULL
 *
 * Context: Process context. May sleep.
 */
void spcpu_chunk_destroy(struct spcpu_chunk *chunk)
{
	if (!chunk)
		return;

	spcpu_map_exit(&chunk->map);
	kvfree(chunk);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_chunk_destroy);

/**
 * spcpu_chunk_has() - does a place in a unit belong to a chunk?
 * @chunk: the chunk, or NULL, which has nothing
 * @off: bytes from the start of a unit of its window
 *
 * Context: Any.
 * Return: True if it does.
 */
bool spcpu_chunk_has(const struct spcpu_chunk *chunk, unsigned long off)
{
	unsigned long end;

	if (!chunk)
		return false;

	end = chunk->start + ((unsigned long)chunk->map.nr_blocks << PAGE_SHIFT) -
	      chunk->tail;
	return off >= chunk->start + chunk->head && off < end;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * View: a copy of one chunk, to be looked at without the lock.
 *
 * Chunks come and go while somebody reads a dump. A view remembers no chunk,
 * only a number, and holds the lock no longer than copying one chunk takes.
 */
#ifndef SPCPU_VIEW_H
#define SPCPU_VIEW_H

#include "core.h"
#include "engine_bitmap.h"

/**
 * struct spcpu_view - one chunk as it was at one moment
 *
 * Where the chunk has spans the copy's map, but not its hints and counts, shows the
 * objects in them that are live.
 *
 * @s: the allocator
 * @chunk: the copy, map included; on no list and without a window
 * @cells: the spans that it had, by cell; good only while it is loaded
 * @kept: bit set: the granule is in a span, and not live
 * @nr_spans: areas that are spans
 * @nr_live: objects, in spans or not
 * @base: address of the lowest CPU's copy of offset 0; for %p only
 * @slot: the slot it is in; -1 for the reserved chunk, which is in none
 * @accounted: its objects are accounted
 * @reserved: it is the reserved chunk
 * @first: it is the dynamic chunk of the first chunk
 */
struct spcpu_view {
	struct spcpu *s;
	struct spcpu_chunk *chunk;
	struct spcpu_span **cells;
	unsigned long *kept;
	unsigned int nr_spans;
	unsigned int nr_live;
	void *base;
	int slot;
	bool accounted;
	bool reserved;
	bool first;
};

struct spcpu_view *spcpu_view_create(struct spcpu *s);
void spcpu_view_destroy(struct spcpu_view *view);
bool spcpu_view_load(struct spcpu_view *view, unsigned int id);
const char *spcpu_view_flags(const struct spcpu_view *view);

/* where the chunk's own bytes end, from its first page */
static inline unsigned long spcpu_view_end(const struct spcpu_view *view)
{
	return ((unsigned long)view->chunk->map.nr_blocks << PAGE_SHIFT) -
	       view->chunk->tail;
}

#endif /* SPCPU_VIEW_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * View: a copy of one chunk, to be looked at without the lock.
 */
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "view.h"

/**
 * spcpu_view_create() - make room for a copy of any chunk
 * @s: the allocator; outlives the view
 *
 * No chunk has more pages than a unit, so whatever spcpu_view_load() finds has
 * room, and nothing has to be allocated when the lock is held.
 *
 * Context: Process context. May sleep.
 * Return: The view, for spcpu_view_destroy(), or NULL without memory. There is
 *	no chunk in it yet.
 */
struct spcpu_view *spcpu_view_create(struct spcpu *s)
{
	/* who looks is told, and need not find it in the log */
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	struct spcpu_view *view;

	view = kzalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return NULL;

	view->s = s;
	view->chunk = spcpu_chunk_create(NULL, &spcpu_engine_bitmap, 0,
					 s->layout->unit_size, false, gfp);
	view->cells = kvcalloc(s->layout->unit_size >> SPCPU_CELL_SHIFT,
			       sizeof(*view->cells), gfp);
	view->kept = kvcalloc(BITS_TO_LONGS(s->layout->unit_size >>
					    SPCPU_GRANULE_SHIFT),
			      sizeof(*view->kept), gfp);
	if (!view->chunk || !view->cells || !view->kept) {
		spcpu_view_destroy(view);
		return NULL;
	}
	return view;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_view_create);

/**
 * spcpu_view_destroy() - free a view
 * @view: from spcpu_view_create(), or NULL
 *
 * Context: Process context. May sleep.
 */
void spcpu_view_destroy(struct spcpu_view *view)
{
	if (!view)
		return;

	kvfree(view->kept);
	kvfree(view->cells);
	spcpu_chunk_destroy(view->chunk);
	kfree(view);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_view_destroy);

/* true: its map has no hints yet */
static bool copy_chunk(struct spcpu_chunk *to, const struct spcpu_chunk *from)
{
	unsigned long *leaving = to->leaving;
	struct spcpu_map map = to->map;
	bool blind = spcpu_bitmap_draw(&map, &from->map);

	*to = *from;
	to->map = map;
	to->leaving = leaving;
	bitmap_copy(to->populated, from->populated, from->map.nr_blocks);

	/* what the copy is not part of */
	INIT_LIST_HEAD(&to->node);
	INIT_LIST_HEAD(&to->all);
	to->window = NULL;
	return blind;
}

/* cells of a chunk */
static unsigned int nr_cells(const struct spcpu_chunk *chunk)
{
	return (unsigned int)chunk->map.nr_blocks << (PAGE_SHIFT -
						      SPCPU_CELL_SHIFT);
}

static void copy_cells(struct spcpu_view *view, const struct spcpu_chunk *from)
{
	const struct spcpu_cells *cells = from->window->cells;

	memcpy(view->cells, &cells->by_cell[from->start >> SPCPU_CELL_SHIFT],
	       nr_cells(from) * sizeof(*view->cells));
}

/* objects that are live become areas, the others holes */
static void cut_span(struct spcpu_view *view, const struct spcpu_span *span)
{
	const struct spcpu_class *class = &spcpu_classes[span->class];
	struct spcpu_bitmap *map = spcpu_bitmap(&view->chunk->map);
	unsigned int bits = class->size >> SPCPU_GRANULE_SHIFT;
	unsigned int at = span->off >> SPCPU_GRANULE_SHIFT, i;

	for (i = 0; i < class->objects; i++, at += bits) {
		u8 state = READ_ONCE(span->states[(i * class->size) >>
						  span->shift]);

		if (state >= SPCPU_LIVE) {
			view->nr_live++;
			__set_bit(at, map->bound);
			__set_bit(at + bits, map->bound);
		} else {
			bitmap_clear(map->alloc, at, bits);
			bitmap_set(view->kept, at, bits);
		}
	}
}

/*
 * Under rcu_read_lock() since the chunk was copied. @from, which may have gone, is
 * only compared: the two of the first chunk share a page.
 */
static void cut_spans(struct spcpu_view *view, const struct spcpu_chunk *from)
{
	const struct spcpu_span *last = NULL;
	unsigned int i;

	bitmap_zero(view->kept, view->chunk->map.nr_bits);
	view->nr_spans = 0;
	view->nr_live = view->chunk->nr_alloc;
	for (i = 0; i < nr_cells(view->chunk); i++) {
		const struct spcpu_span *span = view->cells[i];

		if (!span || span == last || span->chunk != from)
			continue;
		view->nr_spans++;
		view->nr_live--;
		cut_span(view, span);
		last = span;
	}
}

static const struct spcpu_chunk *find(const struct spcpu *s, unsigned int id)
{
	const struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all)
		if (chunk->id >= id)
			return chunk;
	return NULL;
}

/**
 * spcpu_view_load() - copy the first chunk from a number on
 * @view: the view; what it had before is gone
 * @id: the least number to look for
 *
 * The states of objects in spans are read after the chunk was copied; they go on
 * meanwhile.
 *
 * Context: Any but NMI.
 * Return: True, and @view has the chunk with the least number that is not below
 *	@id; false if there is none.
 */
bool spcpu_view_load(struct spcpu_view *view, unsigned int id)
{
	struct spcpu *s = view->s;
	const struct spcpu_chunk *chunk;
	unsigned long flags;
	bool blind = false;

	rcu_read_lock();
	spin_lock_irqsave(&s->lock, flags);
	chunk = find(s, id);
	if (chunk) {
		blind = copy_chunk(view->chunk, chunk);
		copy_cells(view, chunk);
		view->base = (void *)spcpu_chunk_base(chunk);
		view->slot = spcpu_slot_where(&chunk->type->slots,
					      &chunk->node);
		view->accounted = spcpu_is_accounted(s, chunk);
		view->reserved = chunk == s->reserved;
		view->first = chunk == s->first;
	}
	spin_unlock_irqrestore(&s->lock, flags);
	if (blind)
		spcpu_bitmap_look(&view->chunk->map);
	if (chunk)
		cut_spans(view, chunk);
	rcu_read_unlock();

	return chunk;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_view_load);

/**
 * spcpu_view_flags() - what is special about the chunk
 * @view: a view with a chunk
 *
 * Context: Any.
 * Return: Words with commas between them, "-" if there are none. Not to be
 *	freed.
 */
const char *spcpu_view_flags(const struct spcpu_view *view)
{
	if (view->reserved)
		return "reserved,immutable";
	if (view->first)
		return "first,immutable";
	if (view->accounted)
		return view->chunk->isolated ? "accounted,isolated" :
					       "accounted";
	if (view->chunk->isolated)
		return "isolated";
	return "-";
}

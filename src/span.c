// SPDX-License-Identifier: GPL-2.0
/*
 * Span: objects of one class side by side in an area of the core. Where the core
 * takes hundreds of instructions to place an area or to take it away, an object
 * that comes back to its span costs a bit in a map.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "core.h"
#include "quick.h"

/* of a class's spans one in so many may be whole, and is kept for a while */
#define KEEP_PART	32

/**
 * spcpu_stock_init() - make an empty stock
 * @stock: what to initialize
 *
 * Context: Any.
 */
void spcpu_stock_init(struct spcpu_stock *stock)
{
	raw_spin_lock_init(&stock->lock);
	INIT_LIST_HEAD(&stock->spans);
}

static bool is_whole(const struct spcpu_span *span)
{
	return span->nr_free == spcpu_classes[span->class].objects;
}

/* objects of one span, which goes off the list with its last */
static unsigned int take_from(struct spcpu_stock *stock, struct spcpu_span *span,
			      struct spcpu_object *objects, unsigned int most)
{
	unsigned long word, bits, step;
	unsigned int nr = 0;

	stock->nr_whole -= is_whole(span);

	/* word by word: this is done for every object */
	for (word = 0; word < BITS_TO_LONGS(span->steps); word++) {
		for (bits = span->free[word]; bits && nr < most; nr++) {
			step = word * BITS_PER_LONG + __ffs(bits);
			bits &= bits - 1;
			WRITE_ONCE(span->states[step], SPCPU_IN_MAGAZINE);
			objects[nr].ptr = span->ptr + (step << span->shift);
			objects[nr].state = &span->states[step];
		}
		span->free[word] = bits;
	}
	span->nr_free -= nr;
	if (!span->nr_free)
		list_del_init(&span->node);
	return nr;
}

/**
 * spcpu_stock_take() - take objects out of stock
 * @stock: the stock
 * @objects: where they go
 * @most: how many, at most
 *
 * Context: Any but NMI.
 * Return: How many there were. They are not zeroed.
 */
unsigned int spcpu_stock_take(struct spcpu_stock *stock,
			      struct spcpu_object *objects, unsigned int most)
{
	struct spcpu_span *span;
	unsigned int nr = 0;
	unsigned long flags;

	raw_spin_lock_irqsave(&stock->lock, flags);
	while (nr < most && !list_empty(&stock->spans)) {
		span = list_first_entry(&stock->spans, struct spcpu_span, node);
		nr += take_from(stock, span, objects + nr, most - nr);
	}
	WRITE_ONCE(stock->nr_objects, stock->nr_objects - nr);
	WRITE_ONCE(stock->taken, stock->taken + !!nr);
	raw_spin_unlock_irqrestore(&stock->lock, flags);
	return nr;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_stock_take);

/* one object back into its span */
static void give_to(struct spcpu_stock *stock, struct spcpu_span *span,
		    const struct spcpu_object *object)
{
	WRITE_ONCE(*object->state, SPCPU_IN_SPAN);
	__set_bit(object->state - span->states, span->free);
	/* to the front: spans that are nearly used up are used up first */
	if (!span->nr_free++)
		list_add(&span->node, &stock->spans);
}

/* a span that is whole again: kept behind the others, if there are few of them */
static void keep_or_drop(struct spcpu_stock *stock, struct spcpu_span *span,
			 struct list_head *empty)
{
	if (stock->nr_whole < stock->nr_spans / KEEP_PART) {
		stock->nr_whole++;
		list_move_tail(&span->node, &stock->spans);
		return;
	}
	list_move(&span->node, empty);
	WRITE_ONCE(stock->nr_objects, stock->nr_objects - span->nr_free);
	stock->nr_spans--;
}

/**
 * spcpu_stock_give() - put objects back into stock
 * @s: the allocator
 * @stock: the stock of their class
 * @objects: objects that are in a magazine
 * @nr: how many
 * @empty: spans that are whole again and not kept are added here, for
 *	spcpu_spans_release()
 *
 * Context: Any but NMI.
 */
void spcpu_stock_give(struct spcpu *s, struct spcpu_stock *stock,
		      const struct spcpu_object *objects, unsigned int nr,
		      struct list_head *empty)
{
	unsigned int whole = spcpu_classes[stock - s->cache.stocks].objects;
	const struct spcpu_cells *cells = &spcpu_nowhere;
	struct spcpu_span *span;
	unsigned long flags, off;
	unsigned int i;

	raw_spin_lock_irqsave(&stock->lock, flags);
	WRITE_ONCE(stock->nr_objects, stock->nr_objects + nr);
	stock->given++;
	for (i = 0; i < nr; i++) {
		/* often in the same window as the one before */
		off = objects[i].ptr - cells->ptr;
		if (off >= cells->bytes)
			spcpu_finder_find(&s->finder, objects[i].ptr, &cells,
					  &off);
		span = cells->by_cell[off >> SPCPU_CELL_SHIFT];
		give_to(stock, span, &objects[i]);
		if (span->nr_free == whole)
			keep_or_drop(stock, span, empty);
	}
	raw_spin_unlock_irqrestore(&stock->lock, flags);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_stock_give);

/**
 * spcpu_stock_trim() - take whole spans off
 * @stock: the stock
 * @empty: they are added here, for spcpu_spans_release()
 *
 * Those that were kept, and new ones: two that find no stock at the same time make
 * one each. They are behind the others, which are used first.
 *
 * Context: Any but NMI.
 */
void spcpu_stock_trim(struct spcpu_stock *stock, struct list_head *empty)
{
	struct spcpu_span *span, *prev;
	unsigned long flags;

	if (!READ_ONCE(stock->nr_objects))
		return;

	raw_spin_lock_irqsave(&stock->lock, flags);
	list_for_each_entry_safe_reverse(span, prev, &stock->spans, node) {
		if (!is_whole(span))
			break;
		list_move(&span->node, empty);
		WRITE_ONCE(stock->nr_objects, stock->nr_objects - span->nr_free);
		stock->nr_spans--;
		stock->nr_whole--;
	}
	raw_spin_unlock_irqrestore(&stock->lock, flags);
}

static struct spcpu_span *alloc_span(unsigned int class, gfp_t gfp)
{
	const struct spcpu_class *c = &spcpu_classes[class];
	unsigned int steps = (c->size * c->objects) >> c->shift, i;
	struct spcpu_span *span;

	span = kzalloc(struct_size(span, states, steps), spcpu_own_gfp(gfp));
	if (!span)
		return NULL;

	span->class = class;
	span->shift = c->shift;
	span->steps = steps;
	span->nr_free = c->objects;
	for (i = 0; i < c->objects; i++)
		__set_bit((i * c->size) >> c->shift, span->free);
	return span;
}

/* frees that look here from now on find the span, or none any more */
static void set_cells(struct spcpu_chunk *chunk, const struct spcpu_span *span,
		      struct spcpu_span *to)
{
	unsigned int cell = (chunk->start + span->off) >> SPCPU_CELL_SHIFT;
	unsigned int nr = (span->steps << span->shift) >> SPCPU_CELL_SHIFT;

	while (nr--)
		WRITE_ONCE(chunk->window->cells->by_cell[cell++], to);
}

/**
 * spcpu_span_settle() - an area is a span now
 * @s: the allocator
 * @span: the span, that of the request
 * @chunk: the chunk
 * @off: bytes from its start to the area
 *
 * Context: Any but NMI, @s->lock held since the area was taken.
 */
void spcpu_span_settle(struct spcpu *s, struct spcpu_span *span,
		       struct spcpu_chunk *chunk, unsigned int off)
{
	lockdep_assert_held(&s->lock);

	s->stats.nr_span_alloc++;
	span->chunk = chunk;
	span->off = off;
	span->ptr = (__force unsigned long)spcpu_ptr(s, chunk, off);
	/* who finds the span must see what it is */
	smp_wmb();
	set_cells(chunk, span, span);
}

/**
 * spcpu_span_create() - add to the stock of a class
 * @s: the allocator, with the cache on
 * @class: the class
 * @gfp: as for __shadow_alloc_percpu_gfp(); accounted if the class is
 *
 * Context: Any but NMI, if @gfp does not allow to sleep; else process context.
 * Return: 0, or an error of spcpu_alloc().
 */
int spcpu_span_create(struct spcpu *s, unsigned int class, gfp_t gfp)
{
	const struct spcpu_class *c = &spcpu_classes[class];
	struct spcpu_stock *stock = &s->cache.stocks[class];
	struct spcpu_request req = {
		.size = c->size * c->objects,
		.align = SPCPU_CELL,
		.gfp = gfp,
		.span = alloc_span(class, gfp),
	};
	unsigned long flags;
	int err;

	if (!req.span)
		return -ENOMEM;

	err = spcpu_area_alloc(s, &req);
	if (err) {
		kfree(req.span);
		return err;
	}

	raw_spin_lock_irqsave(&stock->lock, flags);
	list_add_tail(&req.span->node, &stock->spans);
	WRITE_ONCE(stock->nr_objects, stock->nr_objects + c->objects);
	stock->nr_spans++;
	stock->nr_whole++;
	raw_spin_unlock_irqrestore(&stock->lock, flags);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_span_create);

/**
 * spcpu_spans_drop() - forget all spans of a window, whatever is in them
 * @window: a window in which nobody uses anything any more
 *
 * Context: Process context. May sleep.
 */
void spcpu_spans_drop(struct spcpu_window *window)
{
	struct spcpu_cells *cells = window->cells;
	size_t nr = cells->bytes >> SPCPU_CELL_SHIFT, i;
	struct spcpu_span *span, *last = NULL;

	for (i = 0; i < nr; i++) {
		span = cells->by_cell[i];
		if (span && span != last)
			kfree_rcu(span, rcu);
		cells->by_cell[i] = NULL;
		last = span;
	}
}

/**
 * spcpu_spans_release() - give areas back to the core
 * @s: the allocator
 * @empty: whole spans, from spcpu_stock_give() or spcpu_stock_trim()
 *
 * Context: Any but NMI.
 */
void spcpu_spans_release(struct spcpu *s, struct list_head *empty)
{
	struct spcpu_span *span, *next;
	unsigned long flags;
	bool kick = false;

	list_for_each_entry_safe(span, next, empty, node) {
		spin_lock_irqsave(&s->lock, flags);
		set_cells(span->chunk, span, NULL);
		s->stats.nr_span_dealloc++;
		spcpu_place_give(s, span->chunk, span->off, &kick);
		spin_unlock_irqrestore(&s->lock, flags);
		kfree_rcu(span, rcu);
	}
	if (kick)
		spcpu_kick(s);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_spans_release);

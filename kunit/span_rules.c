// SPDX-License-Identifier: GPL-2.0
/*
 * Span rules: what must hold of spans, stocks, magazines and the finder between
 * two calls, found again from the areas and from each object's state.
 */
#include <linux/bitmap.h>
#include <linux/string.h>

#include "cached.h"
#include "finding.h"
#include "quick.h"
#include "tally.h"

/* stands in the state of an object that was found in a magazine */
#define FOUND	0x80

/* more spans than this on a list: it runs in a circle */
#define MANY_SPANS	100000

/**
 * struct tally - the objects of one class, counted one by one
 *
 * @spans: spans
 * @listed: of these, with objects in stock
 * @whole: of these, with all of them
 * @in_span: objects in stock
 * @in_magazine: objects whose state says so
 * @live: objects that were handed out
 */
struct tally {
	unsigned long spans;
	unsigned long listed;
	unsigned long whole;
	unsigned long in_span;
	unsigned long in_magazine;
	unsigned long live;
};

static bool starts_object(const struct spcpu_span *span, unsigned int step)
{
	return !((step << span->shift) % spcpu_classes[span->class].size);
}

static void check_step(struct finding *f, const struct spcpu_span *span,
		       unsigned int step, struct tally *t)
{
	unsigned int id = span->chunk->id;
	u8 state = span->states[step];

	same(f, "free bit of a span", id, test_bit(step, span->free),
	     state == SPCPU_IN_SPAN && starts_object(span, step));
	if (!starts_object(span, step)) {
		same(f, "state where no object begins", id, state,
		     SPCPU_IN_SPAN);
		return;
	}
	same(f, "state of an object", id, state > SPCPU_LIVE_INIT, 0);
	t->in_span += state == SPCPU_IN_SPAN;
	t->in_magazine += state == SPCPU_IN_MAGAZINE;
	t->live += state >= SPCPU_LIVE;
}

/* one area of the core's, just as long, in whole cells that all lead here */
static void check_area(struct finding *f, const struct spcpu *s,
		       const struct spcpu_chunk *chunk,
		       const struct spcpu_span *span)
{
	unsigned long start = chunk->start + span->off;
	unsigned long bytes = (unsigned long)span->steps << span->shift;
	unsigned long i;

	same(f, "span between cells", chunk->id, start % SPCPU_CELL, 0);
	same(f, "span of half a cell", chunk->id, bytes % SPCPU_CELL, 0);
	same(f, "area of a span", chunk->id,
	     spcpu_map_size(&chunk->map, span->off >> SPCPU_GRANULE_SHIFT),
	     bytes >> SPCPU_GRANULE_SHIFT);
	same(f, "pointer of a span", chunk->id, span->ptr,
	     (__force unsigned long)spcpu_ptr(s, chunk, span->off));
	for (i = start; i < start + bytes; i += SPCPU_CELL)
		same(f, "cell of a span", chunk->id,
		     chunk->window->cells->by_cell[i / SPCPU_CELL] == span, 1);
}

static bool is_whole(const struct spcpu_span *span)
{
	return span->nr_free == spcpu_classes[span->class].objects;
}

static void check_span(struct finding *f, const struct spcpu *s,
		       const struct spcpu_chunk *chunk,
		       const struct spcpu_span *span, struct tally *t)
{
	const struct spcpu_class *c = &spcpu_classes[span->class];
	unsigned int step;

	same(f, "shift of a span", chunk->id, span->shift, c->shift);
	same(f, "steps of a span", chunk->id, span->steps << span->shift,
	     c->size * c->objects);
	same(f, "span among accounted objects", chunk->id,
	     span->class >> SPCPU_CLASS_SHIFT, spcpu_is_accounted(s, chunk));
	check_area(f, s, chunk, span);

	for (step = 0; step < span->steps; step++)
		check_step(f, span, step, t);
	same(f, "nr_free of a span", chunk->id, span->nr_free,
	     bitmap_weight(span->free, span->steps));
	same(f, "span on a list", chunk->id, !list_empty(&span->node),
	     !!span->nr_free);
	t->spans++;
	t->listed += !!span->nr_free;
	t->whole += is_whole(span);
}

/* cells behind the first of a span lead to it; all others lead nowhere */
static void check_spans(struct finding *f, const struct spcpu *s,
			const struct spcpu_chunk *chunk, struct tally *tallies)
{
	const struct spcpu_cells *cells = chunk->window->cells;
	const struct spcpu_span *span;
	unsigned long nr = 0;
	size_t cell = 0, i;

	while ((span = spcpu_cached_next(chunk, &cell))) {
		check_span(f, s, chunk, span, &tallies[span->class]);
		nr += (span->steps << span->shift) >> SPCPU_CELL_SHIFT;
		if (f->what)
			return;
	}
	for (i = 0; i < cells->bytes >> SPCPU_CELL_SHIFT; i++) {
		span = cells->by_cell[i];
		nr -= span && span->chunk == chunk;
	}
	same(f, "stray cells", chunk->id, nr, 0);
}

/* what is on the list was found in a chunk, and is whole only at the end */
static void check_stock(struct finding *f, const struct spcpu *s,
			unsigned int class, const struct tally *t)
{
	const struct spcpu_stock *stock = &s->cache.stocks[class];
	const struct spcpu_span *span;
	unsigned long nr = 0, whole = 0;

	list_for_each_entry(span, &stock->spans, node) {
		same(f, "used span behind whole ones", NO_CHUNK,
		     whole && !is_whole(span), 0);
		whole += is_whole(span);
		same(f, "class of a span in stock", NO_CHUNK, span->class, class);
		same(f, "span in stock that is none", NO_CHUNK,
		     spcpu_span_find(&s->finder, span->ptr) == span, 1);
		if (f->what || ++nr > MANY_SPANS)
			return;
	}
	same(f, "spans in stock", NO_CHUNK, nr, t->listed);
	same(f, "nr_whole", NO_CHUNK, stock->nr_whole, t->whole);
	same(f, "nr_spans", NO_CHUNK, stock->nr_spans, t->spans);
	same(f, "nr_objects", NO_CHUNK, stock->nr_objects, t->in_span);
}

/* each object is in one place in one magazine, and its state says so */
static void find_objects(struct finding *f, const struct spcpu *s,
			 unsigned int class, const struct spcpu_object *from,
			 const struct spcpu_object *to)
{
	for (; from < to; from++) {
		struct spcpu_span *span = spcpu_span_find(&s->finder, from->ptr);

		same(f, "object of no span in a magazine", class, !span, 0);
		if (f->what)
			return;
		same(f, "object in another class's magazine", class,
		     span->class, class);
		same(f, "where the state of an object is", class, from->state ==
		     &span->states[spcpu_span_step(span, from->ptr)], 1);
		same(f, "object in a magazine", class, *from->state,
		     SPCPU_IN_MAGAZINE);
		if (f->what)
			return;
		*from->state |= FOUND;
	}
}

static void forget_objects(const struct spcpu_object *from,
			   const struct spcpu_object *to)
{
	for (; from < to; from++)
		*from->state &= ~FOUND;
}

/* two halves of the room, neither of them beyond its end */
static void check_halves(struct finding *f, const struct spcpu_magazines *m,
			 unsigned int class)
{
	unsigned int half = spcpu_classes[class].magazine;
	const struct spcpu_object *other = m->bottom == m->room ?
					   m->room + half : m->room;

	same(f, "class of magazines", class, m->class, class);
	same(f, "size of magazines", class, m->size >= 1 && m->size <= half, 1);
	same(f, "first magazine", class,
	     m->bottom == m->room || m->bottom == m->room + half, 1);
	same(f, "second magazine", class, m->in_first == other, 1);
	same(f, "top of a magazine", class, m->top >= m->bottom &&
	     m->top <= m->bottom + half, 1);
	same(f, "clean part of a magazine", class, m->clean >= m->bottom &&
	     m->clean <= m->top, 1);
	same(f, "in of a magazine", class, m->in >= m->in_first &&
	     m->in <= m->in_end && m->in_end <= m->in_first + half, 1);
}

/* what is handed out next as it is, is zero where it can be other */
static void check_clean(struct finding *f, const struct spcpu *s,
			const struct spcpu_magazines *m, unsigned int class)
{
	const struct spcpu_object *object;
	unsigned int cpu;

	for (object = m->clean; object < m->top; object++) {
		for_each_cpu(cpu, s->ready_cpus)
			same(f, "clean object", class, !memchr_inv((void *)
			     (object->ptr + per_cpu_offset(cpu)), 0,
			     spcpu_classes[class].size), 1);
	}
}

static void check_magazines(struct finding *f, const struct spcpu *s,
			    const struct spcpu_magazines *m, unsigned int class)
{
	check_halves(f, m, class);
	if (f->what)
		return;
	check_clean(f, s, m, class);
	find_objects(f, s, class, m->bottom, m->top);
	find_objects(f, s, class, m->in_first, m->in);
}

static void forget_magazines(const struct spcpu_magazines *m)
{
	forget_objects(m->bottom, m->top);
	forget_objects(m->in_first, m->in);
}

/* those of all CPUs; how many objects they have */
static void check_cpus(struct finding *f, const struct spcpu *s,
		       unsigned int class, unsigned long objects)
{
	const struct spcpu_magazines *m;
	unsigned long nr = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		m = per_cpu_ptr(s->cache.cpus, cpu)->magazines[class];
		if (m == &spcpu_no_magazines)
			continue;
		check_magazines(f, s, m, class);
		if (f->what)
			return;
		nr += m->top - m->bottom + (m->in - m->in_first);
	}
	same(f, "objects in magazines", class, nr, objects);

	for_each_possible_cpu(cpu) {
		m = per_cpu_ptr(s->cache.cpus, cpu)->magazines[class];
		if (m != &spcpu_no_magazines)
			forget_magazines(m);
	}
}

static void check_counts(struct finding *f, const struct spcpu *s)
{
	unsigned int cpu, class, all = 0;

	for_each_possible_cpu(cpu) {
		const struct spcpu_cpu_cache *c = per_cpu_ptr(s->cache.cpus, cpu);
		unsigned int nr = 0;

		for (class = 0; class < SPCPU_NR_CLASSES; class++)
			nr += c->magazines[class] != &spcpu_no_magazines;
		same(f, "magazines of a CPU", cpu, c->nr, nr);
		same(f, "somebody is in a CPU's part", cpu, c->busy, false);
		all += nr;
	}
	same(f, "nr_magazines", NO_CHUNK, atomic_read(&s->cache.nr_magazines),
	     all);
	same(f, "magazines that nobody empties", NO_CHUNK,
	     llist_empty(&s->cache.surrendered), 1);
	same(f, "objects in no magazines", NO_CHUNK,
	     spcpu_no_magazines.top - spcpu_no_magazines.bottom, 0);
	same(f, "room in no magazines", NO_CHUNK,
	     spcpu_no_magazines.in_end - spcpu_no_magazines.in_first, 0);
}

static void check_class(struct finding *f, const struct spcpu *s,
			unsigned int class, const struct tally *t)
{
	same(f, "objects of a class", class,
	     t->in_span + t->in_magazine + t->live,
	     t->spans * spcpu_classes[class].objects);
	check_stock(f, s, class, t);
	if (!f->what)
		check_cpus(f, s, class, t->in_magazine);
}

/* what all CPUs together say that they did */
static void check_tally(struct finding *f, struct spcpu *s, u64 live)
{
	struct spcpu_tally one;
	unsigned int cpu;
	u64 nr = 0;

	for_each_possible_cpu(cpu) {
		spcpu_tally_cpu(s, cpu, &one);
		nr += one.alloc - one.free;
	}
	same(f, "objects allocated and not freed", NO_CHUNK, nr, live);
}

/**
 * spcpu_check_cache() - check spans, stocks and magazines
 * @f: where it is written down what is wrong; for what concerns a class its number
 *	stands for the chunk's
 * @s: an allocator that nobody else uses meanwhile, under its lock
 */
void spcpu_check_cache(struct finding *f, struct spcpu *s)
{
	/* under a spinlock, and too large for the stack */
	static struct tally tallies[SPCPU_NR_CLASSES];
	const struct spcpu_chunk *chunk;
	unsigned int class;
	u64 live = 0;

	memset(tallies, 0, sizeof(tallies));
	same(f, "stocks", NO_CHUNK, !!s->cache.stocks, s->options.cache);
	list_for_each_entry(chunk, &s->chunks, all) {
		if (!f->what)
			check_spans(f, s, chunk, tallies);
	}
	check_counts(f, s);
	for (class = 0; class < SPCPU_NR_CLASSES; class++) {
		live += tallies[class].live;
		if (!s->cache.stocks)
			same(f, "spans without a cache", class,
			     tallies[class].spans, 0);
		else if (!f->what)
			check_class(f, s, class, &tallies[class]);
	}
	check_tally(f, s, live);
}

static bool leads_to(const struct spcpu *s, unsigned long ptr,
		     const struct spcpu_cells *cells)
{
	const struct spcpu_cells *found;
	unsigned long off;

	return spcpu_finder_find(&s->finder, ptr, &found, &off) &&
	       found == cells && off == ptr - cells->ptr;
}

/**
 * spcpu_check_finder() - check that each window, and no other, is found
 * @f: where it is written down what is wrong
 * @s: an allocator that nobody else uses meanwhile, under its lock
 * @windows: how many there are
 */
void spcpu_check_finder(struct finding *f, const struct spcpu *s, int windows)
{
	const struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all) {
		const struct spcpu_cells *cells = chunk->window->cells;
		unsigned long first = cells->ptr;
		unsigned long last = first + cells->bytes - 1;

		same(f, "cells of a window", chunk->id,
		     cells->window == chunk->window, 1);
		same(f, "pointers of a window", chunk->id, first,
		     chunk->window->base - per_cpu_offset(s->layout->low_cpu));
		same(f, "first pointer is found", chunk->id,
		     leads_to(s, first, cells), 1);
		same(f, "last pointer is found", chunk->id,
		     leads_to(s, last, cells), 1);
	}
	same(f, "windows in the finder", NO_CHUNK, s->finder.nr, windows);
}

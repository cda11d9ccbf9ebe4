// SPDX-License-Identifier: GPL-2.0
/*
 * Leftovers: objects that are live when their allocator goes away.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kmemleak.h>
#include <linux/sched.h>

#include "compat/kunit.h"
#include "core.h"
#include "debug.h"

/* what is done with each live object */
typedef void each_fn(struct spcpu *s, void __percpu *ptr, size_t size,
		     unsigned int off, const struct spcpu_chunk *chunk);

static void report_object(struct spcpu *s, void __percpu *ptr, size_t size,
			  unsigned int off, const struct spcpu_chunk *chunk)
{
	struct spcpu_debug *d = spcpu_debug_of(s);

	if (!d || !spcpu_report_leak_at(d, ptr))
		pr_warn("leaked: %zu bytes per CPU at offset %u of chunk %u, pointer %p\n",
			size, off, chunk->id, (void *)(__force unsigned long)ptr);
}

/* kmemleak would go on looking at it when there is nothing any more */
static void forget_object(struct spcpu *s, void __percpu *ptr, size_t size,
			  unsigned int off, const struct spcpu_chunk *chunk)
{
	kmemleak_free_percpu(ptr);
}

/* those of a span's objects that are live */
static unsigned int each_of_span(struct spcpu *s, const struct spcpu_chunk *chunk,
				 const struct spcpu_span *span, each_fn *fn)
{
	unsigned int nr = 0, step, off;

	for (step = 0; step < span->steps; step++) {
		if (span->states[step] < SPCPU_LIVE)
			continue;
		off = span->off + (step << span->shift);
		fn(s, spcpu_ptr(s, chunk, off),
		   spcpu_classes[span->class].size, off, chunk);
		nr++;
	}
	return nr;
}

/* the live objects of one chunk; nobody else uses it any more */
static unsigned int each_of_chunk(struct spcpu *s, struct spcpu_chunk *chunk,
				  each_fn *fn)
{
	int end = chunk->map.nr_bits - (chunk->tail >> SPCPU_GRANULE_SHIFT);
	int at = chunk->head >> SPCPU_GRANULE_SHIFT;
	unsigned int nr = 0;
	int bits;

	for (;;) {
		const struct spcpu_span *span;
		unsigned int off;

		at = spcpu_map_next(&chunk->map, at, &bits);
		if (at < 0 || at >= end)
			return nr;

		off = at << SPCPU_GRANULE_SHIFT;
		span = spcpu_span_at(chunk, off);
		if (span) {
			nr += each_of_span(s, chunk, span, fn);
		} else {
			fn(s, spcpu_ptr(s, chunk, off),
			   bits << SPCPU_GRANULE_SHIFT, off, chunk);
			nr++;
		}
		at += bits;
		cond_resched();
	}
}

/**
 * spcpu_report_leaks() - name every live object in the log
 * @s: an allocator after spcpu_shutdown() that nobody frees to any more
 *
 * Context: Process context. May sleep.
 * Return: How many there are.
 */
unsigned int spcpu_report_leaks(struct spcpu *s)
{
	struct spcpu_chunk *chunk;
	struct spcpu_debug *d = spcpu_debug_of(s);
	unsigned int nr = 0;

	if (d) {
		spcpu_debug_flush(d);
		spcpu_debug_scan(d, "when the allocator went away");
	}
	list_for_each_entry(chunk, &s->chunks, all)
		nr += each_of_chunk(s, chunk, report_object);
	if (nr)
		pr_warn("leaked: %u objects in all; their memory is given back\n",
			nr);
	return nr;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_report_leaks);

/**
 * spcpu_forget_leftovers() - have kmemleak forget every live object
 * @s: an allocator after spcpu_shutdown() that nobody frees to any more
 *
 * Context: Process context. May sleep.
 */
void spcpu_forget_leftovers(struct spcpu *s)
{
	struct spcpu_chunk *chunk;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return;

	list_for_each_entry(chunk, &s->chunks, all)
		each_of_chunk(s, chunk, forget_object);
}

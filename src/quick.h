/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quick: what a call does that finds what it needs with its CPU. Every instruction
 * counts here; `make bench` counts them.
 */
#ifndef SPCPU_QUICK_H
#define SPCPU_QUICK_H

#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/irqflags.h>

#include "cache.h"

/* where to begin looking for a stretch */
static __always_inline unsigned long spcpu_finder_hash(unsigned long stretch)
{
	return ((u32)stretch * GOLDEN_RATIO_32) >> 12;
}

/**
 * spcpu_finder_find() - which window has this pointer?
 * @finder: the finder
 * @ptr: value of a pointer, any
 *
 * Context: Any, under rcu_read_lock() or with preemption or interrupts off; or
 *	under the lock under which windows are deleted.
 * Return: The window's cells; NULL: it is no pointer of ours.
 */
static __always_inline struct spcpu_cells *
spcpu_finder_find(const struct spcpu_finder *finder, unsigned long ptr)
{
	const struct spcpu_finder_table *table;
	struct spcpu_cells *cells;
	unsigned long i;

	table = rcu_dereference_check(finder->table,
				      rcu_read_lock_sched_held());
	for (i = spcpu_finder_hash(ptr >> finder->shift);; i++) {
		cells = READ_ONCE(table->places[i & table->mask]);
		if (unlikely(!cells) || likely(ptr - cells->ptr < cells->bytes))
			return cells;
	}
}

/**
 * spcpu_span_find() - which span has this pointer?
 * @finder: the allocator's finder
 * @ptr: value of a pointer, any
 *
 * Context: As spcpu_finder_find().
 * Return: The span; NULL: none has.
 */
static __always_inline struct spcpu_span *
spcpu_span_find(const struct spcpu_finder *finder, unsigned long ptr)
{
	const struct spcpu_cells *cells = spcpu_finder_find(finder, ptr);

	if (unlikely(!cells))
		return NULL;
	return READ_ONCE(cells->by_cell[(ptr - cells->ptr) >>
					SPCPU_CELL_SHIFT]);
}

/**
 * spcpu_span_step() - which of a span's steps is it?
 * @span: the span
 * @ptr: value of a pointer in it
 *
 * Context: Any, while the span is there.
 * Return: The step; @span->steps or more between two of them, where no object
 *	begins.
 */
static __always_inline unsigned long
spcpu_span_step(const struct spcpu_span *span, unsigned long ptr)
{
	/* what is less than a step becomes the highest bits */
	return ror64(ptr - span->ptr, span->shift);
}

/**
 * spcpu_span_check() - does an object begin there, and is it live?
 * @span: the span
 * @ptr: value of a pointer in it
 *
 * Context: Any, while the span is there.
 * Return: 0; -EINVAL: none begins there; -ENOENT: it is free.
 */
static inline int spcpu_span_check(const struct spcpu_span *span,
				   unsigned long ptr)
{
	unsigned long step = spcpu_span_step(span, ptr);

	if (step < span->steps && READ_ONCE(span->states[step]) >= SPCPU_LIVE)
		return 0;
	return (ptr - span->ptr) % spcpu_classes[span->class].size ? -EINVAL :
								     -ENOENT;
}

/* an object that is zeroed, of which there is one; interrupts are off */
static __always_inline void __percpu *
__spcpu_cache_pop(struct spcpu_magazines *m)
{
	const struct spcpu_object *object = --m->top;

	WRITE_ONCE(*object->state, SPCPU_LIVE);
	return (void __percpu __force *)object->ptr;
}

/**
 * spcpu_cache_pop() - take an object out of this CPU's magazine
 * @cache: the cache, on or off
 * @class: the class
 *
 * Context: Any but NMI.
 * Return: The object, live and zeroed; NULL: there is none that is, and
 *	spcpu_cache_alloc() knows what to do.
 */
static __always_inline void __percpu *
spcpu_cache_pop(const struct spcpu_cache *cache, unsigned int class)
{
	struct spcpu_magazines *m;
	unsigned long flags;
	void __percpu *ptr;

	local_irq_save(flags);
	m = __this_cpu_read(cache->cpus->magazines[class]);
	if (unlikely(m->top == m->clean)) {
		local_irq_restore(flags);
		return NULL;
	}
	ptr = __spcpu_cache_pop(m);
	local_irq_restore(flags);
	return ptr;
}

/* put a live object into a magazine; interrupts are off */
static __always_inline bool
__spcpu_cache_push(const struct spcpu_cache *cache,
		   const struct spcpu_finder *finder, unsigned long ptr)
{
	struct spcpu_span *span = spcpu_span_find(finder, ptr);
	struct spcpu_magazines *m;
	struct spcpu_object *object;
	unsigned long step;
	u8 state = SPCPU_LIVE;

	if (unlikely(!span))
		return false;
	step = spcpu_span_step(span, ptr);
	if (unlikely(step >= span->steps))
		return false;
	m = __this_cpu_read(cache->cpus->magazines[span->class]);
	object = m->in;
	if (unlikely(object == m->in_end))
		return false;
	/* of two that free it at the same time, one finds that it is free */
	if (unlikely(!try_cmpxchg(&span->states[step], &state,
				  SPCPU_IN_MAGAZINE)))
		return false;
	object->ptr = ptr;
	object->state = &span->states[step];
	m->in = object + 1;
	return true;
}

/**
 * spcpu_cache_push() - put an object into this CPU's magazine
 * @cache: the cache, on or off
 * @finder: the allocator's finder
 * @ptr: any pointer; NULL is nobody's
 *
 * Context: Any but NMI.
 * Return: True if that is done; if not, nothing has changed, and
 *	spcpu_cache_free() knows what to do.
 */
static __always_inline bool spcpu_cache_push(const struct spcpu_cache *cache,
					     const struct spcpu_finder *finder,
					     const void __percpu *ptr)
{
	unsigned long flags;

	local_irq_save(flags);
	if (unlikely(!__spcpu_cache_push(cache, finder,
					 (__force unsigned long)ptr))) {
		local_irq_restore(flags);
		return false;
	}
	local_irq_restore(flags);
	return true;
}

#endif /* SPCPU_QUICK_H */

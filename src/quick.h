/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quick: what a call does that finds what it needs with its CPU. Every instruction
 * counts here; `make bench` counts them.
 */
#ifndef SPCPU_QUICK_H
#define SPCPU_QUICK_H

#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

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
 * @cells: set to the window's, if one has
 * @off: set to the bytes from the start of a unit, then
 *
 * Context: Any, under rcu_read_lock() or with preemption or interrupts off; or
 *	under the lock under which windows are deleted.
 * Return: True if one has; false: it is no pointer of ours.
 */
static __always_inline bool
spcpu_finder_find(const struct spcpu_finder *finder, unsigned long ptr,
		  const struct spcpu_cells **cells, unsigned long *off)
{
	const struct spcpu_finder_table *table;
	unsigned long i;

	table = rcu_dereference_check(finder->table,
				      rcu_read_lock_sched_held());
	i = spcpu_finder_hash(ptr >> finder->shift) & table->mask;
	*cells = READ_ONCE(table->places[i]);
	*off = ptr - (*cells)->ptr;
	while (unlikely(*off >= (*cells)->bytes)) {
		if (*cells == &spcpu_nowhere)
			return false;
		i = (i + 1) & table->mask;
		*cells = READ_ONCE(table->places[i]);
		*off = ptr - (*cells)->ptr;
	}
	return true;
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
	const struct spcpu_cells *cells;
	unsigned long off;

	if (unlikely(!spcpu_finder_find(finder, ptr, &cells, &off)))
		return NULL;
	return READ_ONCE(cells->by_cell[off >> SPCPU_CELL_SHIFT]);
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

/**
 * spcpu_cache_enter() - go into this CPU's part
 * @cpus: all CPUs' parts
 *
 * Interrupts stay on. One that comes meanwhile finds somebody in, and does without
 * magazines: it goes to the stock.
 *
 * Context: Any but NMI. From now on preemption is off.
 * Return: False if this is such an interrupt; then nothing has changed.
 */
static __always_inline bool
spcpu_cache_enter(struct spcpu_cpu_cache __percpu *cpus)
{
	preempt_disable();
	/* who comes in between these two is out again before the second */
	if (unlikely(__this_cpu_read(cpus->busy))) {
		preempt_enable();
		return false;
	}
	__this_cpu_write(cpus->busy, true);
	barrier();
	return true;
}

/**
 * spcpu_cache_leave() - leave it
 * @cpus: all CPUs' parts
 *
 * Context: After spcpu_cache_enter() returned true, on the same CPU.
 */
static __always_inline void
spcpu_cache_leave(struct spcpu_cpu_cache __percpu *cpus)
{
	barrier();
	__this_cpu_write(cpus->busy, false);
	preempt_enable();
}

/* an object that is zeroed, of which there is one */
static __always_inline void __percpu *
__spcpu_cache_pop(struct spcpu_magazines *m)
{
	struct spcpu_object *object = m->top - 1;

	WRITE_ONCE(m->top, object);
	WRITE_ONCE(*object->state, SPCPU_LIVE);
	return (void __percpu __force *)object->ptr;
}

/**
 * spcpu_cache_pop() - take an object out of this CPU's magazine
 * @cache: the cache, on or off
 * @class: the class
 * @ptr: set to the object, live and zeroed, if there is one
 *
 * Context: Any but NMI.
 * Return: True if there is; if not, spcpu_cache_alloc() knows what to do.
 */
static __always_inline bool spcpu_cache_pop(const struct spcpu_cache *cache,
					    unsigned int class,
					    void __percpu **ptr)
{
	struct spcpu_cpu_cache __percpu *cpus = cache->cpus;
	struct spcpu_magazines *m;

	if (unlikely(!spcpu_cache_enter(cpus)))
		return false;

	m = __this_cpu_read(cpus->magazines[class]);
	if (unlikely(m->top == m->clean)) {
		spcpu_cache_leave(cpus);
		return false;
	}
	*ptr = __spcpu_cache_pop(m);
	spcpu_cache_leave(cpus);
	return true;
}

/*
 * Put a live object of @span, or anything that is none, into a magazine of this CPU,
 * in whose part we are.
 */
static __always_inline bool
__spcpu_cache_push(struct spcpu_cpu_cache __percpu *cpus,
		   struct spcpu_span *span, unsigned long ptr)
{
	unsigned long step = spcpu_span_step(span, ptr);
	u8 *live = &span->states[step], state = SPCPU_LIVE;
	struct spcpu_magazines *m;
	struct spcpu_object *object;

	if (unlikely(step >= span->steps))
		return false;
	m = __this_cpu_read(cpus->magazines[span->class]);
	object = m->in;
	if (unlikely(object == m->in_end))
		return false;
	/* of two that free it at the same time, one finds that it is free */
	if (unlikely(!try_cmpxchg(live, &state, SPCPU_IN_MAGAZINE)))
		return false;
	object->ptr = ptr;
	object->state = live;
	WRITE_ONCE(m->in, object + 1);
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
	struct spcpu_cpu_cache __percpu *cpus = cache->cpus;
	unsigned long value = (__force unsigned long)ptr;
	struct spcpu_span *span;

	if (unlikely(!spcpu_cache_enter(cpus)))
		return false;

	span = spcpu_span_find(finder, value);
	if (unlikely(!span || !__spcpu_cache_push(cpus, span, value))) {
		spcpu_cache_leave(cpus);
		return false;
	}
	spcpu_cache_leave(cpus);
	return true;
}

#endif /* SPCPU_QUICK_H */

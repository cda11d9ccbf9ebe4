// SPDX-License-Identifier: GPL-2.0
/*
 * Cache: what a call does that does not find what it needs in its CPU's magazines.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "core.h"
#include "quick.h"
#include "watch.h"

/* what kept an object from being had, or put away, at once */
enum lack {
	NOTHING,
	MAGAZINES,	/* this CPU has none */
	STOCK,		/* there are none in stock either */
	LEAVE,		/* we interrupt somebody who is in the CPU's part */
};

static struct spcpu_magazines *here(const struct spcpu_cache *cache,
				    unsigned int class)
{
	return __this_cpu_read(cache->cpus->magazines[class]);
}

/* an object from this CPU's magazines, which is zeroed here if need be */
static enum lack take(struct spcpu *s, unsigned int class,
		      struct spcpu_object *object)
{
	struct spcpu_magazines *m;
	bool cleaned;

	if (!spcpu_cache_enter(s->cache.cpus))
		return LEAVE;

	m = here(&s->cache, class);
	if (m != &spcpu_no_magazines && m->top == m->bottom)
		spcpu_magazines_refill(s, m);
	if (m->top == m->bottom) {
		spcpu_cache_leave(s->cache.cpus);
		return m == &spcpu_no_magazines ? MAGAZINES : STOCK;
	}

	cleaned = spcpu_magazines_clean(s, m);
	WRITE_ONCE(m->top, m->top - 1);
	*object = *m->top;
	if (!cleaned)
		m->clean = m->top;
	spcpu_cache_leave(s->cache.cpus);

	if (!cleaned)
		spcpu_zero(&s->ready, object->ptr, spcpu_classes[class].size);
	WRITE_ONCE(*object->state, SPCPU_LIVE);
	return NOTHING;
}

/* an object from the stock, for want of magazines */
static enum lack take_from_stock(struct spcpu *s, unsigned int class,
				 struct spcpu_object *object)
{
	/* then nobody has magazines, and nobody gets anything else */
	if (READ_ONCE(s->dying) ||
	    !spcpu_stock_take(&s->cache.stocks[class], object, 1))
		return STOCK;

	this_cpu_inc(s->cache.cpus->nr_stock_alloc);
	spcpu_zero(&s->ready, object->ptr, spcpu_classes[class].size);
	WRITE_ONCE(*object->state, SPCPU_LIVE);
	return NOTHING;
}

static int alloc_from_core(struct spcpu *s, const struct spcpu_request *req,
			   void __percpu **ptr)
{
	int err = spcpu_alloc(s, req, ptr);

	if (!err)
		this_cpu_inc(s->cache.cpus->nr_core_alloc);
	return err;
}

/**
 * spcpu_cache_alloc() - allocate one object, with whatever that takes
 * @s: the allocator
 * @want: what is asked for
 * @class: spcpu_class_of() it
 * @ptr: set to the object; NULL on error
 *
 * Where there is no room for a span there may be some for the one object: then it
 * comes from the core, as do those that have no class, or one that is not in demand.
 *
 * Context: As spcpu_alloc().
 * Return: As spcpu_alloc().
 */
int spcpu_cache_alloc(struct spcpu *s, const struct spcpu_request *want,
		      int class, void __percpu **ptr)
{
	struct spcpu_request req = *want;
	struct spcpu_object object;
	bool wanted = false;
	enum lack lack;

	if (class < 0 || req.reserved || !s->cache.stocks)
		return alloc_from_core(s, want, ptr);

	req.gfp = current_gfp_context(want->gfp);
	might_alloc(req.gfp);
	do {
		lack = take(s, class, &object);
		wanted = wanted || !lack ||
			 READ_ONCE(s->cache.stocks[class].nr_objects) ||
			 spcpu_is_wanted(s, class);
		if (!wanted)
			return alloc_from_core(s, want, ptr);
		if (lack == LEAVE ||
		    (lack == MAGAZINES && !spcpu_magazines_add(s, class, req.gfp)))
			lack = take_from_stock(s, class, &object);
		if (lack == STOCK && spcpu_span_create(s, class, req.gfp))
			return alloc_from_core(s, want, ptr);
	} while (lack);
	*ptr = (void __percpu __force *)object.ptr;
	if (spcpu_alloc_watched())
		spcpu_watch_alloc(s, &req, *ptr);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_cache_alloc);

/* no more than a look at what is to be freed; its class */
static int examine(struct spcpu *s, unsigned long ptr, unsigned int *class)
{
	struct spcpu_span *span;
	u8 *state;
	int err;

	rcu_read_lock();
	span = spcpu_span_find(&s->finder, ptr);
	err = span ? spcpu_span_check(span, ptr) : -EFAULT;
	if (!err) {
		*class = span->class;
		state = &span->states[spcpu_span_step(span, ptr)];
		if (READ_ONCE(*state) == SPCPU_LIVE_INIT) {
			spcpu_object_gone(s, (void __percpu __force *)ptr);
			cmpxchg(state, SPCPU_LIVE_INIT, SPCPU_LIVE);
		}
	}
	rcu_read_unlock();
	return err;
}

/* into this CPU's magazine, with room made for it; true if that is done */
static enum lack put(struct spcpu *s, unsigned long ptr, unsigned int class,
		     struct list_head *empty, bool *done)
{
	struct spcpu_magazines *m;
	struct spcpu_span *span;

	*done = false;
	if (!spcpu_cache_enter(s->cache.cpus))
		return LEAVE;

	m = here(&s->cache, class);
	if (m == &spcpu_no_magazines) {
		spcpu_cache_leave(s->cache.cpus);
		return MAGAZINES;
	}
	if (m->in == m->in_end)
		spcpu_magazines_make_room(s, m, empty);
	span = spcpu_span_find(&s->finder, ptr);
	*done = span && __spcpu_cache_push(s->cache.cpus, span, ptr);
	if (*done && spcpu_free_watched())
		spcpu_watch_free(s, (void __percpu __force *)ptr);
	spcpu_cache_leave(s->cache.cpus);
	return NOTHING;
}

/* past the magazines into the stock; true if that is done */
static bool put_in_stock(struct spcpu *s, unsigned long ptr,
			 struct list_head *empty)
{
	struct spcpu_object object = { .ptr = ptr };
	struct spcpu_span *span;
	bool done = false;

	rcu_read_lock();
	span = spcpu_span_find(&s->finder, ptr);
	/* it has been looked at, but others may have been faster */
	if (span && !spcpu_span_check(span, ptr)) {
		object.state = &span->states[spcpu_span_step(span, ptr)];
		done = cmpxchg(object.state, SPCPU_LIVE, SPCPU_IN_MAGAZINE) ==
		       SPCPU_LIVE;
	}
	if (done) {
		this_cpu_inc(s->cache.cpus->nr_stock_free);
		if (spcpu_free_watched())
			spcpu_watch_free(s, (void __percpu __force *)ptr);
		spcpu_stock_give(s, &s->cache.stocks[span->class], &object, 1,
				 empty);
	}
	rcu_read_unlock();
	return done;
}

static int free_to_core(struct spcpu *s, void __percpu *ptr)
{
	bool accounted;
	size_t size;
	int err;

	err = spcpu_free_area(s, ptr, &size, &accounted);
	if (err)
		return err;

	this_cpu_inc(s->cache.cpus->nr_core_free);
	if (s->cache.stocks)
		spcpu_was_freed(s, size, accounted ? __GFP_ACCOUNT : 0);
	return 0;
}

/**
 * spcpu_cache_free() - free one object, with whatever that takes
 * @s: the allocator
 * @ptr: what an allocation gave
 *
 * Context: Any but NMI.
 * Return: As spcpu_free().
 */
int spcpu_cache_free(struct spcpu *s, void __percpu *ptr)
{
	unsigned long value = (__force unsigned long)ptr;
	unsigned int class;
	LIST_HEAD(empty);
	enum lack lack;
	bool done;
	int err;

	if (!s->cache.stocks)
		return free_to_core(s, ptr);

	do {
		err = examine(s, value, &class);
		if (err)
			break;

		lack = put(s, value, class, &empty, &done);
		if (lack == LEAVE ||
		    (lack == MAGAZINES && !spcpu_magazines_add(s, class, GFP_NOWAIT)))
			done = put_in_stock(s, value, &empty);
	} while (!done);

	spcpu_spans_release(s, &empty);
	return err == -EFAULT ? free_to_core(s, ptr) : err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_cache_free);

/**
 * spcpu_cache_mark() - an object has a callback for new CPUs, or has none any more
 * @s: the allocator
 * @ptr: a live object, of a span or not
 * @init: it has
 *
 * Its free then does not go the short way, but sees to the callback.
 *
 * Context: Any but NMI. The caller sees to it that the object is not freed.
 */
void spcpu_cache_mark(struct spcpu *s, void __percpu *ptr, bool init)
{
	unsigned long value = (__force unsigned long)ptr;
	u8 from = init ? SPCPU_LIVE : SPCPU_LIVE_INIT;
	u8 to = init ? SPCPU_LIVE_INIT : SPCPU_LIVE;
	struct spcpu_span *span;

	rcu_read_lock();
	span = spcpu_span_find(&s->finder, value);
	if (span && !spcpu_span_check(span, value))
		cmpxchg(&span->states[spcpu_span_step(span, value)], from, to);
	rcu_read_unlock();
}

static void clear_cpus(struct spcpu_cache *cache)
{
	struct spcpu_cpu_cache *c;
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(cache->cpus, cpu);
		seqcount_init(&c->leaving);
		for (i = 0; i < SPCPU_NR_CLASSES; i++)
			c->magazines[i] = &spcpu_no_magazines;
	}
}

/**
 * spcpu_cache_init() - make the cache of an allocator
 * @s: the allocator; @s->options says whether it is on
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_cache_init(struct spcpu *s)
{
	struct spcpu_cache *cache = &s->cache;
	int i;

	INIT_DELAYED_WORK(&cache->idle, spcpu_cache_idle_work);
	cache->cpus = alloc_percpu(struct spcpu_cpu_cache);
	if (!cache->cpus)
		return -ENOMEM;
	clear_cpus(cache);
	if (!s->options.cache)
		return 0;

	cache->stocks = kvcalloc(SPCPU_NR_CLASSES, sizeof(*cache->stocks),
				 GFP_KERNEL | __GFP_NOWARN);
	if (!cache->stocks) {
		free_percpu(cache->cpus);
		return -ENOMEM;
	}
	for (i = 0; i < SPCPU_NR_CLASSES; i++)
		spcpu_stock_init(&cache->stocks[i]);
	return 0;
}

/**
 * spcpu_cache_exit() - free it
 * @s: an allocator after spcpu_shutdown() whose spans are gone
 *
 * Context: Process context. May sleep.
 */
void spcpu_cache_exit(struct spcpu *s)
{
	kvfree(s->cache.stocks);
	free_percpu(s->cache.cpus);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_cache_exit);

// SPDX-License-Identifier: GPL-2.0
/*
 * Cache: what a call does that does not find what it needs in its CPU's magazines.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "core.h"
#include "quick.h"
#include "watch.h"

/* at a time, with preemption off, so many are zeroed: objects, copies, bytes */
#define ZERO_OBJECTS	64
#define ZERO_COPIES	256
#define ZERO_BYTES	16384
/* larger ones gain nothing from it: each is zeroed by who gets it */
#define ZERO_LARGEST	64

/* a CPU that has none has these: no objects, and no room for any */
struct spcpu_magazines spcpu_no_magazines;
EXPORT_SYMBOL_FOR_KUNIT(spcpu_no_magazines);

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

static struct spcpu_magazines *make_magazines(unsigned int class, gfp_t gfp)
{
	const struct spcpu_class *c = &spcpu_classes[class];
	struct spcpu_magazines *m;

	m = kmalloc(struct_size(m, room, 2 * c->magazine), spcpu_own_gfp(gfp));
	if (!m)
		return NULL;

	*m = (struct spcpu_magazines) {
		.class = class,
		.size = c->first,
		.bottom = m->room,
		.full = m->room,
		.top = m->room,
		.clean = m->room,
		.in_first = m->room + c->magazine,
		.in = m->room + c->magazine,
		.in_end = m->room + c->magazine + c->first,
	};
	seqcount_init(&m->moves);
	return m;
}

/* into this CPU's part; false if the allocator is going away, or if we are not in */
static bool install(struct spcpu *s, struct spcpu_magazines *m)
{
	struct spcpu_cpu_cache *cpu;
	bool alive;

	if (!spcpu_cache_enter(s->cache.cpus)) {
		kfree(m);
		return false;
	}
	cpu = this_cpu_ptr(s->cache.cpus);
	alive = !READ_ONCE(s->dying);
	/* another CPU than the one that had none, or an interrupt was faster */
	if (alive && cpu->magazines[m->class] == &spcpu_no_magazines) {
		/* pairs with tally.c, which looks from elsewhere */
		smp_store_release(&cpu->magazines[m->class], m);
		WRITE_ONCE(cpu->nr, cpu->nr + 1);
		/* in here, for which spcpu_cache_drain_all() waits */
		if (atomic_inc_return(&s->cache.nr_magazines) == 1)
			spcpu_cache_watch(s);
		m = NULL;
	}
	spcpu_cache_leave(s->cache.cpus);

	kfree(m);
	return alive;
}

/* this CPU, or the one that we are on by then, gets magazines */
static bool add_magazines(struct spcpu *s, unsigned int class, gfp_t gfp)
{
	struct spcpu_magazines *m = make_magazines(class, gfp);

	return m && install(s, m);
}

/* what was collected is handed out next */
static void exchange(struct spcpu_magazines *m)
{
	struct spcpu_object *first = m->in_first, *end = m->in;

	raw_write_seqcount_begin(&m->moves);
	m->nr_alloc = spcpu_magazines_allocs(m);
	m->nr_free = spcpu_magazines_frees(m);
	m->in_first = m->bottom;
	m->in = m->bottom;
	m->in_end = m->bottom + m->size;
	m->bottom = first;
	m->full = end;
	m->top = end;
	m->clean = end;
	raw_write_seqcount_end(&m->moves);
}

/*
 * Full again, as far as the stock goes. A class that is asked for again and again
 * may keep more, so that it takes longer until the next time.
 */
static void refill(struct spcpu *s, struct spcpu_magazines *m)
{
	struct spcpu_stock *stock = &s->cache.stocks[m->class];
	bool exchanged = m->in != m->in_first;
	unsigned int nr = 0;

	if (exchanged)
		exchange(m);
	if (m->top != m->bottom + m->size && READ_ONCE(stock->nr_objects))
		nr = spcpu_stock_take(stock, m->top,
				      m->bottom + m->size - m->top);
	raw_write_seqcount_begin(&m->moves);
	m->nr_alloc = spcpu_magazines_allocs(m);
	m->top += nr;
	m->full = m->top;
	raw_write_seqcount_end(&m->moves);
	m->clean = m->top;
	if (exchanged || nr)
		m->size = min_t(unsigned int, m->size * 2,
				spcpu_classes[m->class].magazine);
	m->in_end = m->in_first + m->size;
}

/* the next few objects; true if the class's are zeroed before they are wanted */
static bool clean(struct spcpu *s, struct spcpu_magazines *m)
{
	unsigned int size = spcpu_classes[m->class].size;
	unsigned int nr = min(ZERO_BYTES / size, ZERO_COPIES) / s->ready.nr;

	if (size > ZERO_LARGEST)
		return false;
	if (m->top != m->clean)
		return true;

	nr = clamp_t(unsigned int, nr, 1, ZERO_OBJECTS);
	nr = min_t(unsigned int, nr, m->top - m->bottom);
	m->clean = m->top - nr;
	spcpu_zero_objects(&s->ready, m->clean, nr, size);
	return true;
}

/**
 * spcpu_cache_prepare() - have objects that can be popped
 * @s: the allocator
 * @m: magazines of this CPU, in whose part we are, with none that can
 *
 * Context: Any but NMI.
 * Return: True if there are some now; false: there is no stock, or the class's are
 *	zeroed by who gets them.
 */
bool spcpu_cache_prepare(struct spcpu *s, struct spcpu_magazines *m)
{
	if (m == &spcpu_no_magazines)
		return false;
	if (m->top == m->bottom)
		refill(s, m);
	return m->top != m->bottom && clean(s, m);
}

/**
 * spcpu_cache_pop_next() - take an object out of this CPU's magazine, after making
 *	some ready
 * @s: the allocator
 * @class: the class
 * @ptr: set to the object, live and zeroed, if there is one
 *
 * Context: Any but NMI.
 * Return: True if there is; if not, spcpu_cache_alloc() knows what to do.
 */
bool spcpu_cache_pop_next(struct spcpu *s, unsigned int class,
			  void __percpu **ptr)
{
	struct spcpu_cpu_cache __percpu *cpus = s->cache.cpus;
	struct spcpu_magazines *m;
	bool ready;

	if (!spcpu_cache_enter(cpus))
		return false;

	m = here(&s->cache, class);
	ready = m->top != m->clean || spcpu_cache_prepare(s, m);
	if (ready)
		*ptr = __spcpu_cache_pop(m);
	spcpu_cache_leave(cpus);
	return ready;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_cache_pop_next);

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
		refill(s, m);
	if (m->top == m->bottom) {
		spcpu_cache_leave(s->cache.cpus);
		return m == &spcpu_no_magazines ? MAGAZINES : STOCK;
	}

	cleaned = clean(s, m);
	*object = *--m->top;
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
 * comes from the core, as do those that have no class.
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
		    (lack == MAGAZINES && !add_magazines(s, class, req.gfp)))
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

/* the magazine that collects has no room: make some */
static void make_room(struct spcpu *s, struct spcpu_magazines *m,
		      struct list_head *empty)
{
	if (m->top == m->bottom) {
		exchange(m);
		return;
	}
	spcpu_stock_give(s, &s->cache.stocks[m->class], m->in_first,
			 m->in - m->in_first, empty);
	raw_write_seqcount_begin(&m->moves);
	m->nr_free = spcpu_magazines_frees(m);
	m->in = m->in_first;
	raw_write_seqcount_end(&m->moves);
}

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
		make_room(s, m, empty);
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
		    (lack == MAGAZINES && !add_magazines(s, class, GFP_NOWAIT)))
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
				 GFP_KERNEL);
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

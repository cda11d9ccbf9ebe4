// SPDX-License-Identifier: GPL-2.0
/*
 * Magazine: how a CPU's magazines come, are exchanged, filled and emptied, and how
 * objects in them are made ready. All of it for who is in the CPU's part of the cache.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "core.h"
#include "quick.h"

/* at a time, with preemption off, so many are zeroed: objects, copies, bytes */
#define ZERO_OBJECTS	64
#define ZERO_COPIES	256
#define ZERO_BYTES	16384
/* larger ones gain nothing from it: each is zeroed by who gets it */
#define ZERO_LARGEST	64

/* a CPU that has none has these: no objects, and no room for any */
struct spcpu_magazines spcpu_no_magazines;
EXPORT_SYMBOL_FOR_KUNIT(spcpu_no_magazines);

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

/**
 * spcpu_magazines_add() - give this CPU magazines
 * @s: the allocator
 * @class: of this class
 * @gfp: how memory is allocated; as the caller may
 *
 * This CPU, or the one that we are on by then.
 *
 * Context: Any but NMI that @gfp allows, but not in the CPU's part.
 * Return: False if it gets none: no memory, the allocator is going away, or we
 *	interrupt somebody who is in.
 */
bool spcpu_magazines_add(struct spcpu *s, unsigned int class, gfp_t gfp)
{
	struct spcpu_magazines *m = make_magazines(class, gfp);

	return m && install(s, m);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_magazines_add);

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

/**
 * spcpu_magazines_refill() - full again, as far as the stock goes
 * @s: the allocator
 * @m: magazines of which the one that hands out is empty
 *
 * A class that is asked for again and again may keep more, so that it takes longer
 * until the next time.
 *
 * Context: Any but NMI, in the CPU's part.
 */
void spcpu_magazines_refill(struct spcpu *s, struct spcpu_magazines *m)
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

/**
 * spcpu_magazines_clean() - zero the next few objects
 * @s: the allocator
 * @m: magazines that have some to hand out
 *
 * Context: Any but NMI, in the CPU's part.
 * Return: True if the class's are zeroed before they are wanted; otherwise by who
 *	gets them.
 */
bool spcpu_magazines_clean(struct spcpu *s, struct spcpu_magazines *m)
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
 * spcpu_magazines_prepare() - have objects that can be popped
 * @s: the allocator
 * @m: magazines of this CPU, in whose part we are, with none that can
 *
 * Context: Any but NMI.
 * Return: True if there are some now; false: there is no stock, or the class's are
 *	zeroed by who gets them.
 */
bool spcpu_magazines_prepare(struct spcpu *s, struct spcpu_magazines *m)
{
	if (m == &spcpu_no_magazines)
		return false;
	if (m->top == m->bottom)
		spcpu_magazines_refill(s, m);
	return m->top != m->bottom && spcpu_magazines_clean(s, m);
}

/**
 * spcpu_magazines_pop() - take an object out of this CPU's magazine, after making
 *	some ready
 * @s: the allocator
 * @class: the class
 * @ptr: set to the object, live and zeroed, if there is one
 *
 * Context: Any but NMI.
 * Return: True if there is; if not, spcpu_cache_alloc() knows what to do.
 */
bool spcpu_magazines_pop(struct spcpu *s, unsigned int class,
			 void __percpu **ptr)
{
	struct spcpu_cpu_cache __percpu *cpus = s->cache.cpus;
	struct spcpu_magazines *m;
	bool ready;

	/* those are never ready, and spcpu_cache_alloc() would do it all again */
	if (spcpu_classes[class].size > ZERO_LARGEST ||
	    !spcpu_cache_enter(cpus))
		return false;

	m = __this_cpu_read(cpus->magazines[class]);
	ready = m->top != m->clean || spcpu_magazines_prepare(s, m);
	if (ready)
		*ptr = __spcpu_cache_pop(m);
	spcpu_cache_leave(cpus);
	return ready;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_magazines_pop);

/**
 * spcpu_magazines_make_room() - have room for what is freed
 * @s: the allocator
 * @m: magazines of which the one that collects is full
 * @empty: see spcpu_stock_give()
 *
 * Context: Any but NMI, in the CPU's part.
 */
void spcpu_magazines_make_room(struct spcpu *s, struct spcpu_magazines *m,
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

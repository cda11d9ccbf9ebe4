// SPDX-License-Identifier: GPL-2.0
/*
 * Tally: what the cache has done, and has, added up over CPUs or classes.
 *
 * Magazines change while they are looked at, and may be taken away; they are freed
 * when nobody can be looking any more. What is counted in them and what was counted
 * in those that are gone is added up under a sequence count, so that nothing is
 * ever counted twice or left out.
 */
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/seqlock.h>

#include "compat/kunit.h"
#include "core.h"
#include "debug.h"
#include "tally.h"

/* under rcu_read_lock(); they may belong to no CPU any more */
static void add_magazines(const struct spcpu_magazines *m,
			  struct spcpu_tally *to)
{
	unsigned long alloc, free, kept;
	unsigned int seq;

	if (m == &spcpu_no_magazines)
		return;

	do {
		seq = read_seqcount_begin(&m->moves);
		alloc = spcpu_magazines_allocs(m);
		free = spcpu_magazines_frees(m);
		kept = READ_ONCE(m->top) - m->bottom +
		       READ_ONCE(m->in) - m->in_first;
	} while (read_seqcount_retry(&m->moves, seq));

	to->alloc += alloc;
	to->free += free;
	to->magazines++;
	to->kept += kept;
	to->bytes += kept * spcpu_classes[m->class].size;
}

/**
 * spcpu_tally_cpu() - what a CPU has done with objects of spans
 * @s: the allocator, with the cache on or off
 * @cpu: a possible CPU
 * @to: set to it, all classes together
 *
 * Context: Process context. It goes on meanwhile.
 */
void spcpu_tally_cpu(struct spcpu *s, unsigned int cpu, struct spcpu_tally *to)
{
	const struct spcpu_cpu_cache *c = per_cpu_ptr(s->cache.cpus, cpu);
	unsigned int seq, i;

	rcu_read_lock();
	do {
		seq = read_seqcount_begin(&c->leaving);
		*to = (struct spcpu_tally) {
			.alloc = c->nr_alloc + READ_ONCE(c->nr_stock_alloc),
			.free = c->nr_free + READ_ONCE(c->nr_stock_free),
		};
		for (i = 0; READ_ONCE(c->nr) && i < SPCPU_NR_CLASSES; i++)
			add_magazines(READ_ONCE(c->magazines[i]), to);
	} while (read_seqcount_retry(&c->leaving, seq));
	rcu_read_unlock();
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_tally_cpu);

static void add_stock(struct spcpu_stock *stock, struct spcpu_class_tally *to)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&stock->lock, flags);
	to->cpus.alloc += stock->nr_alloc;
	to->cpus.free += stock->nr_free;
	to->spans = stock->nr_spans;
	to->stock = stock->nr_objects;
	to->taken = stock->taken;
	to->given = stock->given;
	raw_spin_unlock_irqrestore(&stock->lock, flags);
}

/**
 * spcpu_tally_class() - what there is of a class, and was done with it
 * @s: the allocator, with the cache on
 * @class: the class
 * @to: set to it, all CPUs together
 *
 * Magazines that are being emptied at this moment may be left out, and what was in
 * them taken for live.
 *
 * Context: Process context. It goes on meanwhile.
 */
void spcpu_tally_class(struct spcpu *s, unsigned int class,
		       struct spcpu_class_tally *to)
{
	unsigned long objects, idle;
	unsigned int cpu;

	*to = (struct spcpu_class_tally) { };
	rcu_read_lock();
	for_each_possible_cpu(cpu)
		add_magazines(READ_ONCE(per_cpu_ptr(s->cache.cpus,
						    cpu)->magazines[class]),
			      &to->cpus);
	rcu_read_unlock();
	add_stock(&s->cache.stocks[class], to);

	objects = to->spans * spcpu_classes[class].objects;
	idle = to->stock + to->cpus.kept;
	to->live = objects > idle ? objects - idle : 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_tally_class);

/* what all CPUs have freed, or allocated, of spans' objects */
static u64 all_cpus(struct spcpu *s, bool free)
{
	struct spcpu_tally one;
	unsigned int cpu;
	u64 nr = 0;

	for_each_possible_cpu(cpu) {
		spcpu_tally_cpu(s, cpu, &one);
		nr += free ? one.free : one.alloc;
	}
	return nr;
}

static void add_sizes(const struct spcpu_cache *cache, struct spcpu_objects *to)
{
	size_t size;
	int i;

	for (i = 0; i < SPCPU_NR_CLASSES; i++) {
		if (!READ_ONCE(cache->stocks[i].taken))
			continue;
		size = spcpu_classes[i].size;
		to->min_size = min(to->min_size, size);
		to->max_size = max(to->max_size, size);
	}
}

/**
 * spcpu_tally_objects() - count objects, wherever they lie
 * @s: the allocator, with the cache on or off
 * @to: set to the counts
 *
 * Context: Process context. It goes on meanwhile.
 */
void spcpu_tally_objects(struct spcpu *s, struct spcpu_objects *to)
{
	struct spcpu_debug *d = spcpu_debug_of(s);
	struct spcpu_stats *st = &s->stats;
	unsigned long flags;
	u64 free, alloc;

	/* frees first, and no object is freed before it was allocated */
	free = all_cpus(s, true);
	alloc = all_cpus(s, false);

	spin_lock_irqsave(&s->lock, flags);
	to->alloc = st->nr_alloc - st->nr_span_alloc + alloc;
	to->free = st->nr_dealloc - st->nr_span_dealloc + free;
	/* an area that is given back does not wait any more by then */
	if (d)
		to->free += READ_ONCE(d->nr_waiting);
	to->live = to->alloc - to->free;
	if (s->cache.stocks) {
		st->nr_max_seen = max(st->nr_max_seen, to->live);
		to->max_live = st->nr_max_seen;
	} else {
		to->max_live = st->nr_max_alloc;
	}
	to->min_size = st->min_alloc_size;
	to->max_size = st->max_alloc_size;
	spin_unlock_irqrestore(&s->lock, flags);

	if (s->cache.stocks)
		add_sizes(&s->cache, to);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_tally_objects);

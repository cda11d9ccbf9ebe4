// SPDX-License-Identifier: GPL-2.0
/*
 * Drain: magazines that are not used, or whose CPU goes, or whose memory is wanted,
 * are taken from their CPU and emptied into the stock. Spans that are whole again
 * go back to the core.
 *
 * A CPU hands over its magazines itself, in an interrupt that asks for them, unless
 * that finds somebody in its part; and somebody who can take the time empties them.
 */
#include <linux/cpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "compat/kunit.h"
#include "core.h"
#include "quick.h"
#include "tally.h"

/* magazines that nobody touched for so long are taken */
#define IDLE	HZ

/* of the CPU in whose part we are, or of one that is not there */
static void surrender(struct spcpu_cache *cache, struct spcpu_cpu_cache *cpu,
		      unsigned int class)
{
	struct spcpu_magazines *m = cpu->magazines[class];

	if (m == &spcpu_no_magazines)
		return;

	raw_write_seqcount_begin(&cpu->leaving);
	WRITE_ONCE(cpu->magazines[class], &spcpu_no_magazines);
	cpu->nr_alloc += spcpu_magazines_allocs(m);
	cpu->nr_free += spcpu_magazines_frees(m);
	WRITE_ONCE(cpu->nr, cpu->nr - 1);
	raw_write_seqcount_end(&cpu->leaving);
	atomic_dec(&cache->nr_magazines);
	llist_add(&m->node, &cache->surrendered);
}

static void surrender_all(void *data)
{
	struct spcpu_cache *cache = data;
	unsigned int i;

	if (!spcpu_cache_enter(cache->cpus))
		return;

	for (i = 0; i < SPCPU_NR_CLASSES; i++)
		surrender(cache, this_cpu_ptr(cache->cpus), i);
	spcpu_cache_leave(cache->cpus);
}

static bool is_idle(struct spcpu_magazines *m)
{
	bool idle = m->seen_top == m->top && m->seen_in == m->in;

	m->seen_top = m->top;
	m->seen_in = m->in;
	return idle;
}

static void surrender_idle(void *data)
{
	struct spcpu_cache *cache = data;
	struct spcpu_cpu_cache *cpu;
	unsigned int i;

	if (!spcpu_cache_enter(cache->cpus))
		return;

	cpu = this_cpu_ptr(cache->cpus);
	for (i = 0; i < SPCPU_NR_CLASSES; i++) {
		if (cpu->magazines[i] != &spcpu_no_magazines &&
		    is_idle(cpu->magazines[i]))
			surrender(cache, cpu, i);
	}
	spcpu_cache_leave(cache->cpus);
}

/* or is about to have some */
static bool has_magazines(int cpu, void *data)
{
	struct spcpu_cache *cache = data;
	struct spcpu_cpu_cache *part = per_cpu_ptr(cache->cpus, cpu);

	return READ_ONCE(part->nr) || READ_ONCE(part->busy);
}

static void keep_counts(struct spcpu_stock *stock,
			const struct spcpu_magazines *m)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&stock->lock, flags);
	stock->nr_alloc += spcpu_magazines_allocs(m);
	stock->nr_free += spcpu_magazines_frees(m);
	raw_spin_unlock_irqrestore(&stock->lock, flags);
}

static void empty_one(struct spcpu *s, struct spcpu_magazines *m)
{
	struct spcpu_stock *stock = &s->cache.stocks[m->class];
	LIST_HEAD(empty);

	keep_counts(stock, m);
	if (m->top != m->bottom)
		spcpu_stock_give(s, stock, m->bottom, m->top - m->bottom,
				 &empty);
	if (m->in != m->in_first)
		spcpu_stock_give(s, stock, m->in_first, m->in - m->in_first,
				 &empty);
	spcpu_spans_release(s, &empty);
	kfree_rcu(m, rcu);
}

static void trim_stocks(struct spcpu *s)
{
	LIST_HEAD(empty);
	unsigned int i;

	for (i = 0; s->cache.stocks && i < SPCPU_NR_CLASSES; i++)
		spcpu_stock_trim(&s->cache.stocks[i], &empty);
	spcpu_spans_release(s, &empty);
}

static void empty_surrendered(struct spcpu *s)
{
	struct spcpu_magazines *m, *next;
	struct llist_node *nodes;

	nodes = llist_del_all(&s->cache.surrendered);
	llist_for_each_entry_safe(m, next, nodes, node)
		empty_one(s, m);
	trim_stocks(s);
}

/**
 * spcpu_cache_drain() - have all CPUs that are online give their objects back
 * @s: the allocator
 *
 * They may take new ones at once. A CPU that is just about to use its own keeps them.
 *
 * Context: Process context, memory reclaim included; interrupts on. May sleep.
 */
void spcpu_cache_drain(struct spcpu *s)
{
	on_each_cpu_cond(has_magazines, surrender_all, &s->cache, true);
	empty_surrendered(s);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_cache_drain);

/**
 * spcpu_cache_drain_cpu() - give back the objects of a CPU that is not there
 * @s: the allocator
 * @cpu: a CPU that is offline and stays so
 *
 * Context: Process context.
 */
void spcpu_cache_drain_cpu(struct spcpu *s, unsigned int cpu)
{
	unsigned int i;

	preempt_disable();
	for (i = 0; i < SPCPU_NR_CLASSES; i++)
		surrender(&s->cache, per_cpu_ptr(s->cache.cpus, cpu), i);
	preempt_enable();
	empty_surrendered(s);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_cache_drain_cpu);

/**
 * spcpu_cache_drain_all() - no CPU has any objects, nor gets any
 * @s: an allocator that is dying
 *
 * Context: Process context, without the CPU hotplug lock. May sleep.
 */
void spcpu_cache_drain_all(struct spcpu *s)
{
	unsigned int cpu;

	/* who did not see that it is dying was in before, and is out after this */
	synchronize_rcu();
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		while (has_magazines(cpu, &s->cache)) {
			spcpu_cache_drain(s);
			cond_resched();
		}
	}
	for_each_possible_cpu(cpu) {
		if (!cpu_online(cpu))
			spcpu_cache_drain_cpu(s, cpu);
	}
	cpus_read_unlock();
	cancel_delayed_work_sync(&s->cache.idle);
}

/**
 * spcpu_cache_watch() - there are magazines: take those that are not used
 * @s: the allocator
 *
 * Context: Any but NMI.
 */
void spcpu_cache_watch(struct spcpu *s)
{
	queue_delayed_work(s->wq, &s->cache.idle, IDLE);
}

/**
 * spcpu_cache_idle_work() - take magazines that nobody touched since the last time
 * @work: &struct spcpu_cache.idle
 *
 * Context: Process context (workqueue).
 */
void spcpu_cache_idle_work(struct work_struct *work)
{
	struct spcpu *s = container_of(to_delayed_work(work), struct spcpu,
				       cache.idle);
	struct spcpu_objects objects;

	/* for the most there ever were: as often as this it is worth counting */
	spcpu_tally_objects(s, &objects);
	on_each_cpu_cond(has_magazines, surrender_idle, &s->cache, true);
	empty_surrendered(s);
	if (!READ_ONCE(s->dying) && atomic_read(&s->cache.nr_magazines))
		spcpu_cache_watch(s);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_cache_idle_work);

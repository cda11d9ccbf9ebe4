/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cache: magazines of objects with each CPU, in front of the core.
 *
 * A CPU has two magazines for each class (Bonwick, Magazines and Vmem, 2001): it
 * hands out from one and collects in the other. What was collected is handed out
 * when the first is empty, and goes back to the stock when both are full. A call
 * that finds what it needs there takes no lock, and writes to no line that other
 * CPUs write to but that with the states of a span's objects, which are with one
 * CPU as long as it is the only one to use them.
 */
#ifndef SPCPU_CACHE_H
#define SPCPU_CACHE_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/seqlock.h>
#include <linux/workqueue.h>

#include "span.h"

/**
 * struct spcpu_magazines - the two magazines of a class on a CPU
 *
 * Of who is in its CPU's part, see spcpu_cache_enter(); those that were surrendered,
 * of whoever took them. Who only counts looks at them at any time, see tally.c.
 *
 * @top: behind the next object to hand out
 * @clean: those from here to @top are zeroed; those before are not
 * @bottom: the first object to hand out last
 * @in: where the next object that is freed goes
 * @in_first: the first that was collected
 * @in_end: no more are collected: @in_first + @size
 * @full: where @top was when @nr_alloc was counted
 * @nr_alloc: objects handed out before that
 * @nr_free: objects collected before @in was at @in_first
 * @size: objects in each magazine, at present; grows up to that of the class
 * @class: the class
 * @seen_top: @top when the worker was here last
 * @seen_in: @in then
 * @moves: around changes of what does not change with each call; raw, for lockdep
 *         does not know that no interrupt comes in between
 * @node: among those that were surrendered
 * @rcu: somebody may still be counting
 * @room: the objects of both
 */
struct spcpu_magazines {
	struct spcpu_object *top;
	struct spcpu_object *clean;
	struct spcpu_object *in;
	struct spcpu_object *in_end;
	struct spcpu_object *full;
	struct spcpu_object *bottom;
	struct spcpu_object *in_first;
	unsigned long nr_alloc;
	unsigned long nr_free;
	unsigned int size;
	unsigned int class;
	struct spcpu_object *seen_top;
	struct spcpu_object *seen_in;
	seqcount_t moves;
	struct llist_node node;
	struct rcu_head rcu;
	struct spcpu_object room[];
};

/**
 * struct spcpu_cpu_cache - one CPU's part
 *
 * @busy: somebody is in it, see spcpu_cache_enter()
 * @magazines: by class; &spcpu_no_magazines where there are none
 * @nr: how many there are
 * @last: class of the last object that was neither in a magazine nor in stock
 * @run: how many of that class came one after the other
 * @leaving: around changes of all of these when some go: @magazines, @nr, @nr_alloc,
 *           @nr_free; raw as well
 * @nr_alloc: objects handed out from magazines that are no more
 * @nr_free: objects collected by them
 * @nr_stock_alloc: objects that were got from the stock, past magazines
 * @nr_stock_free: and put there
 * @nr_core_alloc: objects that were got from the core
 * @nr_core_free: and given back to it
 */
struct spcpu_cpu_cache {
	bool busy;
	struct spcpu_magazines *magazines[SPCPU_NR_CLASSES];
	unsigned int nr;
	unsigned int last;
	unsigned int run;
	seqcount_t leaving;
	u64 nr_alloc;
	u64 nr_free;
	u64 nr_stock_alloc;
	u64 nr_stock_free;
	u64 nr_core_alloc;
	u64 nr_core_free;
};

/**
 * struct spcpu_cache - the cache of an allocator
 *
 * @cpus: each CPU's part
 * @stocks: by class; NULL: the cache is off
 * @surrendered: magazines that were taken from CPUs, to be emptied
 * @nr_magazines: how many CPUs have, all together
 * @idle: takes magazines that are not used
 */
struct spcpu_cache {
	struct spcpu_cpu_cache __percpu *cpus;
	struct spcpu_stock *stocks;
	struct llist_head surrendered;
	atomic_t nr_magazines;
	struct delayed_work idle;
};

struct spcpu_request;

/* has no objects, and no room for any */
extern struct spcpu_magazines spcpu_no_magazines;

/* objects handed out: hits are not counted one by one */
static inline unsigned long
spcpu_magazines_allocs(const struct spcpu_magazines *m)
{
	return m->nr_alloc + (m->full - READ_ONCE(m->top));
}

/* objects collected */
static inline unsigned long
spcpu_magazines_frees(const struct spcpu_magazines *m)
{
	return m->nr_free + (READ_ONCE(m->in) - m->in_first);
}

/* cache.c */
int spcpu_cache_init(struct spcpu *s);
void spcpu_cache_exit(struct spcpu *s);
int spcpu_cache_alloc(struct spcpu *s, const struct spcpu_request *req,
		      int class, void __percpu **ptr);
int spcpu_cache_free(struct spcpu *s, void __percpu *ptr);

void spcpu_cache_mark(struct spcpu *s, void __percpu *ptr, bool init);

/* magazine.c */
bool spcpu_magazines_add(struct spcpu *s, unsigned int class, gfp_t gfp);
void spcpu_magazines_refill(struct spcpu *s, struct spcpu_magazines *m);
bool spcpu_magazines_clean(struct spcpu *s, struct spcpu_magazines *m);
void spcpu_magazines_make_room(struct spcpu *s, struct spcpu_magazines *m,
			       struct list_head *empty);
bool spcpu_magazines_prepare(struct spcpu *s, struct spcpu_magazines *m);
bool spcpu_magazines_pop(struct spcpu *s, unsigned int class,
			 void __percpu **ptr);

/* demand.c */
bool spcpu_is_wanted(struct spcpu *s, unsigned int class);
void spcpu_was_freed(struct spcpu *s, size_t size, gfp_t gfp);

/* bulk.c */
int spcpu_alloc_bulk(struct spcpu *s, const struct spcpu_request *req,
		     size_t nr, void __percpu **ptrs);
size_t spcpu_free_bulk(struct spcpu *s, size_t nr, void __percpu **ptrs,
		       int *err);

/* drain.c */
void spcpu_cache_drain(struct spcpu *s);
void spcpu_cache_drain_cpu(struct spcpu *s, unsigned int cpu);
void spcpu_cache_drain_all(struct spcpu *s);
void spcpu_cache_watch(struct spcpu *s);
void spcpu_cache_idle_work(struct work_struct *work);

#endif /* SPCPU_CACHE_H */

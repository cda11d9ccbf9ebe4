/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Span: an area that is cut into objects of one class, and the stock of all that
 * are in spans and not with any CPU.
 */
#ifndef SPCPU_SPAN_H
#define SPCPU_SPAN_H

#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/spinlock.h>

#include "class.h"
#include "finder.h"

struct spcpu;
struct spcpu_chunk;

/* what becomes of an object; anything else is a mistake of who frees it */
enum spcpu_object_state {
	SPCPU_IN_SPAN,		/* also where no object begins */
	SPCPU_IN_MAGAZINE,
	SPCPU_LIVE,
	SPCPU_LIVE_INIT,	/* and has a callback for new CPUs */
};

/**
 * struct spcpu_object - an object that is with a CPU
 *
 * @ptr: value of the pointer to it
 * @state: its &enum spcpu_object_state, in its span
 */
struct spcpu_object {
	unsigned long ptr;
	u8 *state;
};

/**
 * struct spcpu_span - an area cut into objects
 *
 * What a free looks at comes first, and does not change. The rest is under the lock
 * of the class's stock.
 *
 * @ptr: value of the pointer to the first object
 * @steps: objects begin at 0 to @steps - 1 times 1 << @shift bytes
 * @shift: as of the class
 * @class: the class
 * @nr_free: objects in the stock
 * @off: bytes from the chunk's start
 * @chunk: the chunk
 * @node: among the class's spans that have objects in stock
 * @rcu: frees of what is no object may still look at it
 * @free: bit set: an object begins at this step and is in stock
 * @states: &enum spcpu_object_state by step
 */
struct spcpu_span {
	unsigned long ptr;
	u16 steps;
	u8 shift;
	u8 class;
	u16 nr_free;
	unsigned int off;
	struct spcpu_chunk *chunk;
	struct list_head node;
	struct rcu_head rcu;
	DECLARE_BITMAP(free, SPCPU_SPAN_MAX_STEPS);
	u8 states[];
};

/**
 * struct spcpu_stock - the objects of a class that are with no CPU
 *
 * @lock: all of it; taken with interrupts off, nothing is taken inside
 * @spans: those that have objects in stock
 * @nr_spans: all spans
 * @nr_whole: those of which all objects are in stock, last in @spans
 * @nr_objects: objects in stock
 * @freed: objects that were areas of their own and were freed lately; not under the
 *         lock, and no more than a hint
 * @taken: times that a CPU took objects
 * @given: times that a CPU gave some back
 * @nr_alloc: objects handed out from magazines that are no more
 * @nr_free: objects that they collected
 */
struct spcpu_stock {
	raw_spinlock_t lock; /* the stock and its spans */
	struct list_head spans;
	unsigned long nr_spans;
	unsigned long nr_whole;
	unsigned long nr_objects;
	unsigned int freed;
	u64 taken;
	u64 given;
	u64 nr_alloc;
	u64 nr_free;
} ____cacheline_aligned_in_smp;

/* flags for our own small allocations, which may fail: of the caller's how hard to try */
static inline gfp_t spcpu_own_gfp(gfp_t gfp)
{
	return (gfp & (GFP_KERNEL | GFP_ATOMIC | __GFP_NORETRY)) | __GFP_NOWARN;
}

void spcpu_stock_init(struct spcpu_stock *stock);
unsigned int spcpu_stock_take(struct spcpu_stock *stock,
			      struct spcpu_object *objects, unsigned int most);
void spcpu_stock_give(struct spcpu *s, struct spcpu_stock *stock,
		      const struct spcpu_object *objects, unsigned int nr,
		      struct list_head *empty);
void spcpu_stock_trim(struct spcpu_stock *stock, struct list_head *empty);

int spcpu_span_create(struct spcpu *s, unsigned int class, gfp_t gfp);
void spcpu_span_settle(struct spcpu *s, struct spcpu_span *span,
		       struct spcpu_chunk *chunk, unsigned int off);
void spcpu_spans_drop(struct spcpu_window *window);
void spcpu_spans_release(struct spcpu *s, struct list_head *empty);

#endif /* SPCPU_SPAN_H */

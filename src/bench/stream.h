/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The client module behind `make mirror`: what its parts share. All of them ask
 * the kernel's own percpu allocator.
 */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/prandom.h>
#include <linux/types.h>

/**
 * struct stream_stats - what was asked for, and what came of it
 *
 * @allocs: objects that were allocated
 * @atomic: of these, by a caller that could not sleep
 * @frees: objects that were freed
 * @failed: requests in vain by callers that could sleep
 * @atomic_failed: requests in vain by those that could not
 */
struct stream_stats {
	u64 allocs;
	u64 atomic;
	u64 frees;
	u64 failed;
	u64 atomic_failed;
};

/**
 * struct stream_objects - a table of objects, all of one user
 *
 * @rnd: where randomness comes from
 * @max_size: most bytes of an object
 * @atomic: how many of 100 allocations are atomic
 * @span: how many places are in use now
 * @left: steps until @span changes
 * @stats: what was done
 * @nr: number of places
 * @ptr: the places; NULL: empty
 */
struct stream_objects {
	struct rnd_state rnd;
	unsigned int max_size;
	unsigned int atomic;
	unsigned int span;
	unsigned int left;
	struct stream_stats stats;
	unsigned int nr;
	void __percpu *ptr[];
};

/* stream_objects.c */
struct stream_objects *stream_objects_create(unsigned int live, u64 seed,
					     unsigned int max_size,
					     unsigned int atomic);
void stream_objects_destroy(struct stream_objects *o);
void stream_objects_step(struct stream_objects *o);

/* stream_irq.c */
int stream_irq_start(unsigned int live, u64 seed, unsigned int max_size);
void stream_irq_stop(struct stream_stats *stats);
void stream_irq_exit(void);

/* stream_pairs.c */
int stream_pairs(unsigned int nr);

#endif /* BENCH_STREAM_H */

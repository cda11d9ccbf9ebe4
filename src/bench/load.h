/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Load: threads that allocate, count in and free objects of mixed sizes.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <linux/types.h>

#include "memory.h"

struct bench_load;

/**
 * struct bench_result - what threads or timers did
 *
 * @objects: objects that were allocated
 * @failed: allocations that failed
 * @counted: how often was counted, in objects of one's own and in the common one
 * @lost: counts that objects of one's own had not, or had too many, when freed
 * @common: how often was counted in the common counter
 */
struct bench_result {
	u64 objects;
	u64 failed;
	u64 counted;
	u64 lost;
	u64 common;
};

void bench_result_add(struct bench_result *to, const struct bench_result *r);

/**
 * struct bench_object - an object that its only user counts in
 *
 * @from: its allocator
 * @ptr: a counter, and as many bytes more as the size asked for; NULL if there
 *	is none
 * @count: what all copies of the counter hold together
 */
struct bench_object {
	const struct bench_allocator *from;
	u64 __percpu *ptr;
	u64 count;
};

bool bench_object_get(struct bench_object *object,
		      const struct bench_allocator *a, size_t size, gfp_t gfp,
		      struct bench_result *r);
void bench_object_put(struct bench_object *object, struct bench_result *r);
void bench_object_count(struct bench_object *object, struct bench_result *r);

u64 bench_sum(const u64 __percpu *ptr);
u64 bench_distance(u64 a, u64 b);

struct bench_load *
bench_load_start(const struct bench_allocator * const *allocators,
		 unsigned int nr_allocators, u64 __percpu *common);
void bench_load_stop(struct bench_load *load, struct bench_result *r);

#endif /* BENCH_LOAD_H */

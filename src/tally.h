/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tally: what the cache has done, and has, added up over CPUs or classes. Nothing
 * on the way of a call is locked or counted twice for it.
 */
#ifndef SPCPU_TALLY_H
#define SPCPU_TALLY_H

#include <linux/types.h>

struct spcpu;

/**
 * struct spcpu_tally - objects of spans, as far as CPUs had to do with them
 *
 * @alloc: objects handed out
 * @free: objects that came back
 * @magazines: pairs of magazines there are
 * @kept: objects in them
 * @bytes: of each copy of these
 */
struct spcpu_tally {
	u64 alloc;
	u64 free;
	unsigned long magazines;
	unsigned long kept;
	unsigned long bytes;
};

/**
 * struct spcpu_class_tally - the same of a class, and what is not with any CPU
 *
 * @cpus: with CPUs
 * @spans: spans
 * @stock: objects in stock
 * @live: objects that are neither there nor in magazines
 * @taken: times that a CPU took objects from the stock
 * @given: times that a CPU gave some back
 */
struct spcpu_class_tally {
	struct spcpu_tally cpus;
	unsigned long spans;
	unsigned long stock;
	unsigned long live;
	u64 taken;
	u64 given;
};

/**
 * struct spcpu_objects - the objects of an allocator as callers see them
 *
 * Objects of spans and others; spans are none.
 *
 * @alloc: handed out since load
 * @free: freed since load
 * @live: the difference
 * @max_live: the most there were; with the cache on, of those times when somebody
 *            looked, which the worker does while there are magazines
 * @min_size: the smallest ever, in bytes; that of a unit if there was none
 * @max_size: the largest ever, in bytes
 */
struct spcpu_objects {
	u64 alloc;
	u64 free;
	u64 live;
	u64 max_live;
	size_t min_size;
	size_t max_size;
};

void spcpu_tally_cpu(struct spcpu *s, unsigned int cpu, struct spcpu_tally *to);
void spcpu_tally_class(struct spcpu *s, unsigned int class,
		       struct spcpu_class_tally *to);
void spcpu_tally_objects(struct spcpu *s, struct spcpu_objects *to);

#endif /* SPCPU_TALLY_H */

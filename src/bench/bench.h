/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The client module behind `make bench`: what its parts share.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/timex.h>
#include <linux/types.h>

#include "shadow_percpu.h"

/* alignment of all objects, as of a counter */
#define BENCH_ALIGN	sizeof(u64)

/**
 * enum bench_way - what is compared
 *
 * @BENCH_NOTHING: the same loop without what is measured: what it takes is taken
 *	off the others
 * @BENCH_KERNEL: the kernel's own allocator; or the first of two other ways
 * @BENCH_SHADOW: the shadow; or the second
 * @BENCH_WAYS: how many there are
 */
enum bench_way {
	BENCH_NOTHING,
	BENCH_KERNEL,
	BENCH_SHADOW,
	BENCH_WAYS,
};

/**
 * bench_now() - the clock
 *
 * Under -icount it counts instructions; the test `clock` holds it against time.
 *
 * Context: Any.
 * Return: Its reading.
 */
static __always_inline u64 bench_now(void)
{
	u64 now;

	barrier();
	now = get_cycles();
	barrier();
	return now;
}

/* Inlined, so that each way has a loop of its own that calls what it calls. */
static __always_inline void __percpu *bench_alloc(enum bench_way way,
						  size_t size)
{
	size_t value = size;

	if (way == BENCH_KERNEL)
		return __alloc_percpu(size, BENCH_ALIGN);
	if (way == BENCH_SHADOW)
		return __shadow_alloc_percpu(size, BENCH_ALIGN);
	OPTIMIZER_HIDE_VAR(value);
	return (void __percpu __force *)value;
}

static __always_inline void bench_free(enum bench_way way, void __percpu *ptr)
{
	if (way == BENCH_KERNEL)
		free_percpu(ptr);
	else if (way == BENCH_SHADOW)
		shadow_free_percpu(ptr);
	else
		OPTIMIZER_HIDE_VAR(ptr);
}

/**
 * struct bench_work - something that is done the one way and the other in turn
 *
 * @name: of the figures, ``NAME.WAY``
 * @ways: what the two are called
 * @nr: a figure is what one of so many takes
 * @once: do it one way; the number of the round tells it what is due
 * @arg: for @once
 */
struct bench_work {
	const char *name;
	const char *ways[2];
	unsigned int nr;
	int (*once)(enum bench_way way, unsigned int round, void *arg);
	void *arg;
};

/**
 * struct bench_busy - a span of time in which the machine's one CPU is watched
 *
 * @begin: the clock when it began
 * @idle: how long the CPU had been idle by then
 */
struct bench_busy {
	u64 begin;
	u64 idle;
};

/* bench.c */
void bench_figure(const char *name, const char *of, u64 value);
void bench_shuffle(u32 *order, unsigned int nr, unsigned int stream);

/* bench_work.c */
int bench_alternate(const struct bench_work *work);
int bench_all_of(const struct bench_work *work);
void bench_busy_begin(struct bench_busy *busy);
u64 bench_busy_end(const struct bench_busy *busy);

/* the tests */
int bench_clock(void);
int bench_pairs(void);
int bench_cold(void);
int bench_live(void);
int bench_bulk(void);
int bench_chunk(void);
int bench_threads(void);
int bench_hold(void);
void bench_hold_end(void);

#endif /* BENCH_BENCH_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The client module behind `make memory`: what its parts share.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/prandom.h>
#include <linux/types.h>

/**
 * struct bench_allocator - one of the two that are compared
 *
 * @name: for the log
 * @alloc: as __alloc_percpu_gfp()
 * @free: as free_percpu()
 */
struct bench_allocator {
	const char *name;
	void __percpu *(*alloc)(size_t size, size_t align, gfp_t gfp);
	void (*free)(void __percpu *ptr);
};

extern const struct bench_allocator bench_kernel;
extern const struct bench_allocator bench_shadow;

/**
 * struct bench_test - one of the tests that test= chooses from
 *
 * @name: what test= calls it
 * @start: at load; on error the module does not load, and nothing is left
 * @next: when somebody writes to the parameter next; NULL if there is no second
 *	part
 * @end: at unload: report, and give everything back
 *
 * Each logs its result as one line, ``NAME: PASS: ...`` or ``NAME: FAIL: ...``.
 */
struct bench_test {
	const char *name;
	int (*start)(const struct bench_allocator *a);
	int (*next)(void);
	void (*end)(void);
};

extern const struct bench_test bench_absent;
extern const struct bench_test bench_dying;
extern const struct bench_test bench_hotplug;
extern const struct bench_test bench_atomic;

void bench_seed(struct rnd_state *rnd, unsigned int stream);
size_t bench_size(struct rnd_state *rnd);

/* prints "PASS" if that is true */
#define bench_verdict(good)	((good) ? "PASS" : "FAIL")

#endif /* BENCH_MEMORY_H */

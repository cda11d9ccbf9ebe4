/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture: allocators of a test's own, and a check of everything that must hold
 * of an allocator.
 *
 * What a test makes here goes away when the test ends, however it ends.
 */
#ifndef SPCPU_FIXTURE_H
#define SPCPU_FIXTURE_H

#include <kunit/test.h>
#include <linux/prandom.h>

#include "core.h"

struct spcpu_test_pages;

/* fixture.c: making things, and getting rid of them */
void spcpu_test_at_exit(struct kunit *test, void (*call)(void *what),
			void *what);
void spcpu_test_drop(struct kunit *test, void *what);
void spcpu_test_forget(struct kunit *test, void *what);
struct spcpu *spcpu_test_create(struct kunit *test, size_t unit_size,
				size_t reserved, size_t dyn,
				size_t static_size,
				const struct spcpu_options *options);
const struct spcpu_backing *spcpu_test_backing(void);
struct spcpu *spcpu_test_allocator(struct kunit *test, size_t unit_size,
				   size_t reserved, size_t dyn,
				   size_t static_size, const void *image,
				   enum spcpu_first_mode mode);
void spcpu_test_settle(struct spcpu *s);
work_func_t spcpu_test_swap_worker(struct spcpu *s, work_func_t func);
unsigned int spcpu_test_wakeups(const struct spcpu *s, unsigned int nr);
struct spcpu_chunk *spcpu_test_grow(struct kunit *test, struct spcpu *s);
void spcpu_test_back(struct kunit *test, struct spcpu *s,
		     struct spcpu_chunk *chunk, unsigned int from,
		     unsigned int nr);
void spcpu_test_back_all(struct kunit *test, struct spcpu *s,
			 struct spcpu_chunk *chunk);

/* fixture.c: requests that must succeed, or may fail */
int spcpu_test_request(struct spcpu *s, size_t size, size_t align,
		       bool reserved, gfp_t gfp, void __percpu **ptr);
void __percpu *spcpu_test_alloc(struct kunit *test, struct spcpu *s,
				size_t size, size_t align);
void spcpu_test_free(struct kunit *test, struct spcpu *s, void __percpu *ptr);
struct spcpu_place spcpu_test_place(struct kunit *test, struct spcpu *s,
				    const void __percpu *ptr);
unsigned int spcpu_test_nr_chunks(struct spcpu *s);

/* fixture.c: lines in the log that would otherwise fail the run */
void spcpu_test_expecting(struct kunit *test, const char *regex);
void spcpu_test_allowing(struct kunit *test, const char *regex);
void spcpu_test_expecting_no_more(struct kunit *test);

/* invariants.c */
void spcpu_test_check(struct kunit *test, struct spcpu *s);
void spcpu_test_check_chunks(struct kunit *test, struct spcpu *s);

/* held.c: what became of an allocator's pages? */
struct spcpu_test_pages *spcpu_test_hold(struct kunit *test, struct spcpu *s);
unsigned long spcpu_test_nr_pages(const struct spcpu *s);
unsigned long spcpu_test_nr_used(const struct spcpu_test_pages *held);
unsigned long spcpu_test_nr_mapped(const struct spcpu_test_pages *held);

/* a number from 0 to @n - 1, the same in every run */
static inline u32 spcpu_test_below(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

#endif /* SPCPU_FIXTURE_H */

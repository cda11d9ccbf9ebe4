/* SPDX-License-Identifier: GPL-2.0 */
/* Three full chunks of page-sized objects, and a worker that waits. */
#ifndef SPCPU_TEST_PILE_H
#define SPCPU_TEST_PILE_H

#include "fixture.h"
#include "interfere.h"

#define PILE_CHUNKS	3
#define PILE_PAGES	16

/**
 * struct pile - chunks, and the object on each of their pages
 *
 * The first chunk is full, too.
 *
 * @test: the test
 * @s: the allocator
 * @f: what stands between it and its pages
 * @plain: &s->types[SPCPU_PLAIN]
 * @chunk: the chunks
 * @ptr: their objects, NULL once freed
 */
struct pile {
	struct kunit *test;
	struct spcpu *s;
	struct spcpu_interference *f;
	struct spcpu_chunk_type *plain;
	struct spcpu_chunk *chunk[PILE_CHUNKS];
	void __percpu *ptr[PILE_CHUNKS][PILE_PAGES];
};

typedef void spcpu_backing_case(struct kunit *test, struct spcpu *s,
				struct spcpu_interference *f);

struct spcpu *spcpu_test_with(struct kunit *test,
			      const struct spcpu_backing *backing,
			      struct spcpu_interference **f);
void spcpu_test_for_backings(struct kunit *test, spcpu_backing_case *run);
void spcpu_test_for_caches(struct kunit *test, spcpu_backing_case *run);

struct pile *spcpu_pile(struct kunit *test,
			const struct spcpu_backing *backing);
void spcpu_pile_free(struct pile *p, unsigned int chunk, unsigned int from,
		     unsigned int nr);
void spcpu_pile_expect_values(struct pile *p);
void spcpu_test_pin(struct spcpu *s, struct spcpu_chunk *chunk, int by);
int spcpu_slot_holding(struct spcpu *s, const struct spcpu_chunk *chunk);
const struct spcpu_chunk *spcpu_chunk_of(struct spcpu *s,
					 const void __percpu *ptr);

#endif /* SPCPU_TEST_PILE_H */

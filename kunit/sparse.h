/* SPDX-License-Identifier: GPL-2.0 */
/* Allocators with lazy backing whose pages a test moves by hand. */
#ifndef SPCPU_TEST_SPARSE_H
#define SPCPU_TEST_SPARSE_H

#include "fixture.h"
#include "interfere.h"

/* the most pages of a unit that a bitmap on the stack has to have */
#define SPCPU_TEST_MAX_PAGES	1024

typedef void spcpu_sparse_case(struct kunit *test, struct spcpu *s,
			       struct spcpu_interference *f);

struct spcpu *spcpu_test_sparse(struct kunit *test, size_t unit_size,
				struct spcpu_interference **f);
void spcpu_test_for_units(struct kunit *test, spcpu_sparse_case *run);
struct spcpu_chunk *spcpu_test_fresh_chunk(struct kunit *test,
					   struct spcpu *s);
int spcpu_test_populate(struct spcpu *s, struct spcpu_chunk *chunk,
			unsigned int from, unsigned int nr);
unsigned long spcpu_test_depopulate(struct spcpu *s, struct spcpu_chunk *chunk);
void spcpu_test_expect_pages(struct kunit *test, struct spcpu *s,
			     struct spcpu_chunk *chunk,
			     const unsigned long *want);

#endif /* SPCPU_TEST_SPARSE_H */

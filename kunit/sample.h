/* SPDX-License-Identifier: GPL-2.0 */
/* Sample: allocators with something in them, to be shown. */
#ifndef SPCPU_SAMPLE_H
#define SPCPU_SAMPLE_H

#include "core.h"
#include "fixture.h"
#include "view.h"

#define SPCPU_TEST_OBJECTS	200
#define SPCPU_TEST_PAGES	16	/* of a unit */

/**
 * struct spcpu_test_objects - what a test has allocated
 *
 * @s: where
 * @nr: how many
 * @ptr: the objects
 * @at: where each lies
 */
struct spcpu_test_objects {
	struct spcpu *s;
	unsigned int nr;
	void __percpu *ptr[SPCPU_TEST_OBJECTS];
	struct spcpu_place at[SPCPU_TEST_OBJECTS];
};

struct spcpu *spcpu_test_bare(struct kunit *test);
struct spcpu *spcpu_test_parted(struct kunit *test);
struct spcpu_test_objects *spcpu_test_scatter(struct kunit *test,
					      struct spcpu *s);
struct spcpu_chunk *spcpu_test_chunk(struct kunit *test, struct spcpu *s,
				     unsigned int id);
struct spcpu_chunk *spcpu_test_punched(struct kunit *test, struct spcpu *s);
void spcpu_test_repair(struct spcpu_chunk *chunk);
struct spcpu_view *spcpu_test_view(struct kunit *test, struct spcpu *s);

#endif /* SPCPU_SAMPLE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failing: something is done again and again, and each memory allocation in it fails
 * once, in turn; then once more, with all that come after it failing, too.
 */
#ifndef SPCPU_TEST_FAILING_H
#define SPCPU_TEST_FAILING_H

#include <kunit/test.h>

#include "core.h"
#include "times.h"

/**
 * struct spcpu_failing - what is done, and what must hold of it
 *
 * @test: the test
 * @what: for reports
 * @s: the allocator whose state must not change when @op fails, or NULL. It is paused,
 *     and nobody else uses it
 * @op: what is done in the test's own task: 0, or -ENOMEM
 * @undo: takes back what @op did when it gave 0, or NULL
 * @failed: looks at what is left when it did not, or NULL; @op itself has no memory to
 *          look with
 * @with: for both
 * @never: @op does what it can, and gives 0 whatever fails
 * @slow: @op takes long, and most of its allocations are tried in other cases: of those
 *        behind the first few only some fail, and none with all that come after it
 */
struct spcpu_failing {
	struct kunit *test;
	const char *what;
	struct spcpu *s;
	int (*op)(void *with);
	void (*undo)(void *with);
	void (*failed)(void *with);
	void *with;
	bool never;
	bool slow;
};

int spcpu_failing_init(struct kunit *test);
void spcpu_failing_from(unsigned int nth, bool all);
bool spcpu_failing_end(void);
unsigned int spcpu_failing_each(const struct spcpu_failing *f);
void spcpu_failing_none(const struct spcpu_failing *f);

/*
 * A chunk takes long where there are many CPUs, and those of nodes far from each other;
 * and so does each failure, whose stack is kept, where all is watched.
 */
static inline bool spcpu_failing_slowly(void)
{
	return num_possible_cpus() > 8 || spcpu_test_is_watched();
}

unsigned int spcpu_failing_areas(struct kunit *test);
void spcpu_failing_expect_areas(struct kunit *test, unsigned int before);

#endif /* SPCPU_TEST_FAILING_H */

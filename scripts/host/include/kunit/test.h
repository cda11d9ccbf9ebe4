/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests: what the models of kunit/ need to be used outside of a kernel. The first
 * thing that is wrong ends the process.
 */
#ifndef HOST_KUNIT_TEST_H
#define HOST_KUNIT_TEST_H

#include <linux/bug.h>
#include <linux/slab.h>

/**
 * struct kunit - a test
 *
 * @priv: the test's own
 * @held: what was allocated for it
 * @nr_held: how many
 */
struct kunit {
	void *priv;
	void *held[32];
	unsigned int nr_held;
};

static inline void *kunit_kcalloc(struct kunit *test, size_t n, size_t size,
				  gfp_t gfp)
{
	void *ptr = kcalloc(n, size, gfp);

	WARN_ON(test->nr_held == ARRAY_SIZE(test->held));
	test->held[test->nr_held++] = ptr;
	return ptr;
}

/* the test is over */
static inline void host_kunit_end(struct kunit *test)
{
	while (test->nr_held)
		kfree(test->held[--test->nr_held]);
}

#define kunit_info(test, ...)	((void)(test), pr_info(__VA_ARGS__))

#define KUNIT_ASSERT_TRUE_MSG(test, what, ...)				\
	do {								\
		if (!(what)) {						\
			kunit_info(test, __VA_ARGS__);			\
			host_warn("", __FILE__, __LINE__);		\
		}							\
	} while (0)

#define host_must(test, what)		((void)(test), WARN_ON(!(what)))
#define KUNIT_ASSERT_EQ(test, a, b)	host_must(test, (a) == (b))
#define KUNIT_ASSERT_LT(test, a, b)	host_must(test, (a) < (b))
#define KUNIT_EXPECT_LT(test, a, b)	host_must(test, (a) < (b))
#define KUNIT_ASSERT_NOT_NULL(test, a)	host_must(test, a)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a)	host_must(test, a)

#endif /* HOST_KUNIT_TEST_H */

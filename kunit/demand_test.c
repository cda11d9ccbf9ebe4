// SPDX-License-Identifier: GPL-2.0
/*
 * Demand: what is asked for in a row, or again, is in spans; the rest is the core's.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>

#include "cached.h"
#include "quick.h"
#include "suites.h"

#define SMALL	24
#define LARGE	1000
#define OTHER	40

/* as a module that was just loaded has it, on one CPU; objects go with it */
static struct spcpu *make(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	unsigned int i;

	for (i = 0; i < SPCPU_NR_CLASSES; i++)
		s->cache.stocks[i].freed = 0;
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	return s;
}

static bool is_in_span(struct kunit *test, struct spcpu *s, size_t size)
{
	return spcpu_cached_span(s, spcpu_cached_alloc(test, s, size, 4));
}

/* many small ones in a row are in spans, from some number on, each */
static void demand_in_a_row(struct kunit *test)
{
	struct spcpu *s = make(test);
	unsigned int i, alone = 0;

	while (!is_in_span(test, s, SMALL))
		KUNIT_ASSERT_LT(test, ++alone, 100);
	KUNIT_EXPECT_GT(test, alone, 1);
	for (i = 0; i < 200; i++)
		KUNIT_EXPECT_TRUE(test, is_in_span(test, s, SMALL));
	/* others are no more wanted for that */
	KUNIT_EXPECT_FALSE(test, is_in_span(test, s, OTHER));
}

/* what is made among others is the core's, however often */
static void demand_in_between(struct kunit *test)
{
	struct spcpu *s = make(test);
	unsigned int i;

	for (i = 0; i < 200; i++) {
		KUNIT_EXPECT_FALSE(test, is_in_span(test, s, SMALL));
		KUNIT_EXPECT_FALSE(test, is_in_span(test, s, OTHER));
	}
}

/* a span of one large object saves nothing as long as none is freed */
static void demand_for_large(struct kunit *test)
{
	struct spcpu *s = make(test);
	unsigned int i;

	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_FALSE(test, is_in_span(test, s, LARGE));
}

/* who frees and allocates again and again finds what was freed, of any size */
static void demand_again(struct kunit *test)
{
	static const size_t sizes[] = { SMALL, OTHER, LARGE, 4096 };
	struct spcpu *s = make(test);
	unsigned int i, j;

	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		void __percpu *ptr = NULL;

		for (i = 0; i < 10; i++) {
			ptr = spcpu_cached_alloc(test, s, sizes[j], 4);
			spcpu_cached_free(s, ptr);
		}
		KUNIT_EXPECT_NOT_NULL(test, spcpu_cached_span(s, ptr));
	}
}

/* a span for what was freed, and no more */
static void demand_is_used_up(struct kunit *test)
{
	int class = spcpu_class_of(LARGE, 4, GFP_KERNEL);
	struct spcpu *s = make(test);
	unsigned int nr = 0;

	spcpu_cached_free(s, spcpu_cached_alloc(test, s, LARGE, 4));
	while (is_in_span(test, s, LARGE))
		KUNIT_ASSERT_LT(test, ++nr, 10);
	KUNIT_EXPECT_EQ(test, nr, spcpu_classes[class].objects);
}

static struct kunit_case demand_cases[] = {
	KUNIT_CASE(demand_in_a_row),
	KUNIT_CASE(demand_in_between),
	KUNIT_CASE(demand_for_large),
	KUNIT_CASE(demand_again),
	KUNIT_CASE(demand_is_used_up),
	{ }
};

struct kunit_suite spcpu_demand_suite = {
	.name = "shadow_percpu_demand",
	.test_cases = demand_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Demand: what is asked for now and then is the core's, without spans; what is asked
 * for often is kept.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>

#include "cached.h"
#include "quick.h"
#include "suites.h"

#define SMALL	24
#define LARGE	1000
#define OTHER	700

/* as a module that was just loaded has it, on one CPU; objects go with it */
static struct spcpu *make(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	unsigned int i;

	for (i = 0; i < SPCPU_NR_CLASSES; i++)
		s->cache.stocks[i].asked = 0;
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	return s;
}

static bool is_in_span(struct kunit *test, struct spcpu *s, size_t size)
{
	return spcpu_cached_span(s, spcpu_cached_alloc(test, s, size, 4));
}

/* from some number on, each; and for good */
static void demand_for_small(struct kunit *test)
{
	unsigned int nr = spcpu_classes[spcpu_class_of(SMALL, 4, GFP_KERNEL)].objects;
	struct spcpu *s = make(test);
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_FALSE(test, is_in_span(test, s, SMALL));
	for (i = 0; i < 3 * nr; i++)
		KUNIT_EXPECT_TRUE(test, is_in_span(test, s, SMALL));
	spcpu_cache_drain(s);
	KUNIT_EXPECT_TRUE(test, is_in_span(test, s, SMALL));
	/* others are no more wanted for that */
	KUNIT_EXPECT_FALSE(test, is_in_span(test, s, SMALL / 2));
}

/* one after the other, or never */
static void demand_for_large(struct kunit *test)
{
	struct spcpu *s = make(test);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_FALSE(test, is_in_span(test, s, LARGE));
		KUNIT_EXPECT_FALSE(test, is_in_span(test, s, OTHER));
	}
	for (i = 0; i < SPCPU_RECENT; i++)
		is_in_span(test, s, LARGE);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_TRUE(test, is_in_span(test, s, LARGE));
	KUNIT_EXPECT_FALSE(test, is_in_span(test, s, OTHER));
}

/* somebody who frees and allocates again and again finds what was freed */
static void demand_for_pairs(struct kunit *test)
{
	struct spcpu *s = make(test);
	void __percpu *ptr = NULL, *last = NULL;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		last = ptr;
		ptr = spcpu_cached_alloc(test, s, LARGE, 4);
		spcpu_cached_free(s, ptr);
	}
	KUNIT_EXPECT_PTR_EQ(test, ptr, last);
	KUNIT_EXPECT_NOT_NULL(test, spcpu_cached_span(s, ptr));
}

static struct kunit_case demand_cases[] = {
	KUNIT_CASE(demand_for_small),
	KUNIT_CASE(demand_for_large),
	KUNIT_CASE(demand_for_pairs),
	{ }
};

struct kunit_suite spcpu_demand_suite = {
	.name = "shadow_percpu_demand",
	.test_cases = demand_cases,
};

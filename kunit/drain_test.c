// SPDX-License-Identifier: GPL-2.0
/*
 * Drain: what CPUs keep comes back when it is asked for, when nobody uses it, when
 * the CPU leaves and when the allocator ends; and with it spans, areas, pages.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "cached.h"
#include "copies.h"
#include "cpus.h"
#include "kmsg.h"
#include "suites.h"

#define NR	40

/* on one CPU, objects of many sizes come and go */
static long churn(void *of)
{
	static const u16 sizes[] = { 8, 8, 64, 100, 512, 4096 };
	void __percpu *ptr[NR];
	struct spcpu *s = of;
	unsigned int i;
	long wrong = 0;

	for (i = 0; i < NR; i++)
		wrong += !!spcpu_cached_request(s, sizes[i % ARRAY_SIZE(sizes)],
						4, i % 2 ? GFP_KERNEL :
							   GFP_KERNEL_ACCOUNT,
						&ptr[i]);
	for (i = 0; i < NR; i++)
		wrong += !!spcpu_cached_free(s, ptr[i]);
	return wrong;
}

/* @live: objects of the case, which stay */
static void churn_everywhere(struct kunit *test, struct spcpu *s, u64 live)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		KUNIT_ASSERT_EQ(test, work_on_cpu(cpu, churn, s), 0L);
	KUNIT_EXPECT_GE(test, atomic_read(&s->cache.nr_magazines),
			5 * (int)num_online_cpus());
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), live);
	spcpu_test_check(test, s);
}

/* nothing is left of it, and all that it took can be given back */
static void expect_nothing(struct kunit *test, struct spcpu *s,
			   unsigned long pages)
{
	unsigned int i;

	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 0);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
	for (i = 0; i < SPCPU_NR_CLASSES; i++) {
		KUNIT_EXPECT_EQ(test, s->cache.stocks[i].nr_spans, 0UL);
		KUNIT_EXPECT_EQ(test, s->cache.stocks[i].nr_objects, 0UL);
	}
	spcpu_shrink(s, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
}

static void drain_all_cpus(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	unsigned long pages = spcpu_pages_total(&s->pages);

	churn_everywhere(test, s, 0);
	spcpu_cached_expect_drained(test, s);
	expect_nothing(test, s, pages);
	churn_everywhere(test, s, 0);
	spcpu_cached_expect_drained(test, s);
	expect_nothing(test, s, pages);
}

/* memory reclaim asks for it too, and is told that there is something */
static void drain_by_reclaim(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	unsigned long pages = spcpu_pages_total(&s->pages);

	churn_everywhere(test, s, 0);
	KUNIT_EXPECT_GE(test, spcpu_shrink_count(s),
			0UL + atomic_read(&s->cache.nr_magazines));
	/* more than there is without what CPUs keep */
	spcpu_shrink(s, ULONG_MAX);
	spcpu_test_settle(s);
	expect_nothing(test, s, pages);
}

static void drain_keeps_live(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	void __percpu *ptr[NR];
	unsigned int i;

	for (i = 0; i < NR; i++) {
		ptr[i] = spcpu_cached_alloc(test, s, 8 + i * 16, 8);
		spcpu_copies_fill(ptr[i], 8 + i * 16, i);
	}
	churn_everywhere(test, s, NR);
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), 0ULL + NR);
	spcpu_test_check(test, s);
	for (i = 0; i < NR; i++) {
		KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(ptr[i], 8 + i * 16,
							  i));
		KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, ptr[i]), 0);
	}
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

static void idle_once(struct spcpu *s)
{
	spcpu_cache_idle_work(&s->cache.idle.work);
}

/* those that were touched since the last time stay, those that were not go */
static void drain_idle(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	const struct spcpu_magazines *m;
	int class = spcpu_class_of(8, 8, GFP_KERNEL), i;
	void __percpu *ptr;

	spcpu_cached_stay();
	KUNIT_ASSERT_EQ(test, churn(s), 0L);
	idle_once(s);
	KUNIT_EXPECT_GE(test, atomic_read(&s->cache.nr_magazines), 5);
	for (i = 0; i < 5; i++) {
		ptr = spcpu_cached_alloc(test, s, 8, 8);
		idle_once(s);
		KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, ptr), 0);
		idle_once(s);
		KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 1);
		spcpu_test_check(test, s);
	}
	m = per_cpu_ptr(s->cache.cpus, raw_smp_processor_id())->magazines[class];
	KUNIT_EXPECT_PTR_NE(test, m, &spcpu_no_magazines);
	idle_once(s);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 0);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
	spcpu_test_check(test, s);
}

/* nobody need ask: whoever gets magazines sees to it that they go again */
static void drain_watched(struct kunit *test)
{
	const struct spcpu_options options = {
		.backing = spcpu_test_backing(),
		.cache = true,
	};
	struct spcpu *s = spcpu_test_create(test, 64 << 10, 0, 20 << 10, 0,
					    &options);
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&s->cache.idle));
	KUNIT_ASSERT_EQ(test, churn(s), 0L);
	/* now, and not when it is time */
	for (i = 0; i < 3; i++)
		flush_delayed_work(&s->cache.idle);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 0);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&s->cache.idle));
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);

	/* and the next time again */
	KUNIT_ASSERT_EQ(test, churn(s), 0L);
	for (i = 0; i < 3; i++)
		flush_delayed_work(&s->cache.idle);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 0);
}

/* a CPU leaves, and what it had is there for others; where one can leave */
static void drain_offline(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	unsigned int cpu = cpumask_last(cpu_online_mask);

	if (!cpu)
		return;

	KUNIT_ASSERT_EQ(test, work_on_cpu(cpu, churn, s), 0L);
	KUNIT_EXPECT_GE(test, atomic_read(&s->cache.nr_magazines), 5);
	spcpu_cpus_leave(test, num_online_cpus() - 1);
	KUNIT_ASSERT_FALSE(test, cpu_online(cpu));
	KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 0);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
	spcpu_test_check(test, s);

	/* it comes back without, and gets new ones */
	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	KUNIT_ASSERT_EQ(test, work_on_cpu(cpu, churn, s), 0L);
	KUNIT_EXPECT_GE(test, atomic_read(&s->cache.nr_magazines), 5);
	spcpu_test_check(test, s);
}

/* objects of a CPU that left before are drained by the end at the latest */
static void drain_at_shutdown(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	void __percpu *ptr = spcpu_cached_alloc(test, s, 64, 64);
	void __percpu *large = spcpu_cached_alloc(test, s, 8192, 64), *none;

	churn_everywhere(test, s, 2);
	spcpu_shutdown(s);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 0);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 2ULL);
	spcpu_test_check(test, s);

	/* nothing new, but what there is can be freed, and once only */
	KUNIT_EXPECT_EQ(test, spcpu_cached_request(s, 64, 64, GFP_KERNEL, &none),
			-ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, spcpu_cached_request(s, 64, 64, GFP_ATOMIC, &none),
			-ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, ptr), 0);
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, ptr), -ENOENT);
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, large), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 0);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
	spcpu_test_check(test, s);
}

/* live objects are named, one by one; what is with CPUs, or in stock, is not */
static void drain_names_live(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	void __percpu *ptr[5];
	struct spcpu_kmsg log;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		ptr[i] = spcpu_cached_alloc(test, s, 59, 4);
	spcpu_cached_alloc(test, s, 5000, 4);
	KUNIT_ASSERT_EQ(test, spcpu_cached_free(s, ptr[1]), 0);
	KUNIT_ASSERT_EQ(test, spcpu_cached_free(s, ptr[3]), 0);
	KUNIT_ASSERT_EQ(test, churn(s), 0L);
	spcpu_shutdown(s);

	spcpu_test_expecting(test, "leaked: ");
	spcpu_kmsg_mark(&log);
	KUNIT_EXPECT_EQ(test, spcpu_report_leaks(s), 4U);
	if (IS_ENABLED(CONFIG_PRINTK)) {
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "leaked: 64 bytes per CPU"),
				3U);
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "leaked: 5000 bytes per CPU"),
				1U);
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "leaked: 4 objects in all"),
				1U);
	}
	spcpu_test_expecting_no_more(test);
}

static struct kunit_case drain_cases[] = {
	KUNIT_CASE(drain_all_cpus),
	KUNIT_CASE(drain_by_reclaim),
	KUNIT_CASE(drain_keeps_live),
	KUNIT_CASE(drain_idle),
	KUNIT_CASE(drain_watched),
	KUNIT_CASE(drain_offline),
	KUNIT_CASE(drain_at_shutdown),
	KUNIT_CASE(drain_names_live),
	{ }
};

struct kunit_suite spcpu_drain_suite = {
	.name = "shadow_percpu_drain",
	.test_cases = drain_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Hotplug, in between: CPUs come while pages do, and the other way round.
 *
 * Where a page is taken no lock is held, so everything may happen there. The
 * test has it happen: at a page of its choice, in its own thread, and so the same
 * in every run.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "cached.h"
#include "copies.h"
#include "cpus.h"
#include "hotplug.h"
#include "shadow_percpu.h"
#include "suites.h"

#define SIZE	(5 * PAGE_SIZE)	/* of objects that need pages */
#define NR_SMALL	40	/* objects of spans */

/**
 * struct race - one case; test->priv
 *
 * @test: the case
 * @task: the case's thread; others take pages as ever
 * @s: an allocator with hotplug=online, of the round
 * @get: where its pages come from
 * @in: pages until @what is to happen
 * @what: what is to happen; NULL: nothing, or it has
 * @cpu: who comes; nobody, where no CPU is absent
 * @came: what became of that
 * @cache: the allocator has a cache
 * @fails: the callback of @first refuses whoever comes
 * @first: an object that was there before
 * @second: an object that came in between
 * @small: objects of spans, or NULL
 */
struct race {
	struct kunit *test;
	struct task_struct *task;
	struct spcpu *s;
	struct page *(*get)(int node, gfp_t gfp);
	unsigned int in;
	void (*what)(struct race *race);
	unsigned int cpu;
	int came;
	bool cache;
	bool fails;
	void __percpu *first;
	void __percpu *second;
	void __percpu *small[NR_SMALL];
};

/* one case at a time */
static struct race *race;

static struct page *get_and_race(int node, gfp_t gfp)
{
	void (*what)(struct race *race) = race->what;

	if (what && current == race->task && !race->in--) {
		race->what = NULL;
		what(race);
	}
	return race->get(node, gfp);
}

static void let_happen(unsigned int in, void (*what)(struct race *race))
{
	race->in = in;
	race->what = what;
}

static int refuse(void *copy, unsigned int cpu, void *arg)
{
	struct race *race = arg;

	return race->fails && !cpu_online(cpu) ? -EIO : 0;
}

static int race_init(struct kunit *test)
{
	race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	if (!race)
		return -ENOMEM;

	race->test = test;
	race->task = current;
	spcpu_cpus_leave(test, 2);
	return 0;
}

/* the next round, in which something is to happen at page @in */
static void begin(unsigned int in, void (*what)(struct race *race))
{
	struct kunit *test = race->test;

	if (race->s)
		spcpu_test_drop(test, race->s);
	race->s = spcpu_cpus_create(test, SPCPU_FIRST_EMBED,
				    &spcpu_backing_sparse, true, race->cache);
	race->cpu = cpumask_first(spcpu_cpus_absent(test, race->s));
	race->first = spcpu_test_alloc(test, race->s, SIZE, 8);
	race->second = spcpu_test_alloc(test, race->s, SIZE, 8);
	KUNIT_ASSERT_EQ(test, 0, spcpu_set_init(race->s, race->first, refuse,
						race));
	spcpu_test_settle(race->s);
	race->get = race->s->pages.get;
	race->s->pages.get = get_and_race;
	race->came = 0;
	let_happen(in, what);
}

/* as when the CPU comes online, but there is no need to do so, nor to leave */
static void come(struct race *race)
{
	if (race->cpu >= nr_cpu_ids)
		return;

	cpus_read_lock();
	race->came = spcpu_hotplug_prepare(race->s, race->cpu);
	cpus_read_unlock();
}

/* dirty what others may get afterwards; absent CPUs' copies cannot be */
static void fill_ready(void __percpu *ptr)
{
	unsigned int cpu;

	for_each_cpu(cpu, race->s->ready_cpus)
		memset(per_cpu_ptr(ptr, cpu), 0xee, SIZE);
}

static void expect_sound(struct kunit *test)
{
	unsigned int cpu;

	spcpu_test_check(test, race->s);
	for_each_cpu(cpu, race->s->ready_cpus)
		spcpu_cpus_expect_present(test, race->s, cpu);
	spcpu_cpus_expect_absent(test, race->s);
}

/* at the first page of an allocation, at the next, ... until it has all */
static void try_during_allocation(struct kunit *test, int expected)
{
	unsigned int in;
	void __percpu *ptr;

	for (in = 0;; in++) {
		begin(in, come);
		ptr = spcpu_test_alloc(test, race->s, SHADOW_PERCPU_MAX_SIZE,
				       PAGE_SIZE);
		if (race->what)
			break;
		if (race->cpu < nr_cpu_ids)
			KUNIT_ASSERT_EQ(test, race->came, expected);
		KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr,
							  SHADOW_PERCPU_MAX_SIZE));
		expect_sound(test);
	}
	KUNIT_EXPECT_GE(test, in, 4 * cpumask_weight(race->s->ready_cpus));
}

static void hotplug_race_cpu_while_pages_come(struct kunit *test)
{
	try_during_allocation(test, 0);
}

static void hotplug_race_refused_while_pages_come(struct kunit *test)
{
	race->fails = true;
	try_during_allocation(test, -EIO);
}

static void allocate(struct race *race)
{
	race->second = spcpu_test_alloc(race->test, race->s, SIZE, 8);
	KUNIT_EXPECT_TRUE(race->test, spcpu_copies_zero(race->second, SIZE));
	fill_ready(race->second);
}

static void replace(struct race *race)
{
	fill_ready(race->second);
	spcpu_test_free(race->test, race->s, race->second);
	allocate(race);
}

/* what lies where the CPU that comes has its pages already, or has not yet */
static void try_during_coming(struct kunit *test,
			      void (*what)(struct race *race))
{
	unsigned int in;

	for (in = 0;; in += 4) {
		begin(in, what);
		come(race);
		KUNIT_ASSERT_EQ(test, race->came, 0);
		if (race->what)
			break;
		KUNIT_EXPECT_NULL(test, memchr_inv(per_cpu_ptr(race->second,
							       race->cpu),
						   0, SIZE));
		expect_sound(test);
	}
	if (race->cpu < nr_cpu_ids)
		KUNIT_EXPECT_GE(test, in, 12U);
}

static void hotplug_race_objects_while_cpu_comes(struct kunit *test)
{
	try_during_coming(test, allocate);
}

static void hotplug_race_replaced_while_cpu_comes(struct kunit *test)
{
	try_during_coming(test, replace);
}

static void grow(struct race *race)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		spcpu_test_alloc(race->test, race->s, SHADOW_PERCPU_MAX_SIZE,
				 PAGE_SIZE);
	allocate(race);
}

static void hotplug_race_chunks_while_cpu_comes(struct kunit *test)
{
	try_during_coming(test, grow);
}

static size_t small_size(unsigned int i)
{
	return i % 4 ? 48 : 1024;
}

/* dirty on all CPUs that are there */
static void make_small(struct race *race, unsigned int i)
{
	unsigned int cpu;

	race->small[i] = spcpu_cached_alloc(race->test, race->s, small_size(i),
					    8);
	KUNIT_EXPECT_TRUE(race->test, spcpu_copies_zero(race->small[i],
							small_size(i)));
	for_each_cpu(cpu, race->s->ready_cpus)
		memset(per_cpu_ptr(race->small[i], cpu), 0xee, small_size(i));
}

static void free_small(struct race *race, unsigned int i)
{
	KUNIT_EXPECT_EQ(race->test, spcpu_cached_free(race->s, race->small[i]),
			0);
	race->small[i] = NULL;
}

/* every other one goes, and others come */
static void replace_small(struct race *race)
{
	unsigned int i;

	for (i = 0; i < NR_SMALL; i += 2)
		free_small(race, i);
	for (i = 0; i < NR_SMALL; i += 2)
		make_small(race, i);
}

/* what was zeroed before the CPU came is zero there too when it is handed out */
static void hotplug_race_small_while_cpu_comes(struct kunit *test)
{
	unsigned int in, i;

	race->cache = true;
	for (in = 0;; in += 4) {
		begin(in, NULL);
		for (i = 0; i < NR_SMALL; i++)
			make_small(race, i);
		let_happen(in, replace_small);
		come(race);
		KUNIT_ASSERT_EQ(test, race->came, 0);
		if (race->what)
			break;
		for (i = 0; i < NR_SMALL; i++)
			KUNIT_EXPECT_NULL(test,
					  memchr_inv(per_cpu_ptr(race->small[i],
								 race->cpu), 0,
						     small_size(i)));
		replace_small(race);
		for (i = 0; i < NR_SMALL; i++)
			free_small(race, i);
		for (i = 0; i < NR_SMALL; i++)
			make_small(race, i);
		expect_sound(test);
	}
	if (race->cpu < nr_cpu_ids)
		KUNIT_EXPECT_GE(test, in, 12U);
}

/* pages of chunks before and behind the one that the CPU gets pages for */
static void shrink(struct race *race)
{
	spcpu_test_free(race->test, race->s, race->second);
	spcpu_shrink(race->s, ULONG_MAX);
	race->second = spcpu_test_alloc(race->test, race->s, SIZE, 8);
}

static void shrink_between(struct race *race)
{
	void __percpu *ptr[6];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		ptr[i] = spcpu_test_alloc(race->test, race->s, SIZE, 8);
	for (i = 1; i < ARRAY_SIZE(ptr); i += 2)
		spcpu_test_free(race->test, race->s, ptr[i]);
	shrink(race);
}

static void hotplug_race_pages_leave_while_cpu_comes(struct kunit *test)
{
	try_during_coming(test, shrink);
	try_during_coming(test, shrink_between);
}

static void allocate_and_refuse(struct race *race)
{
	grow(race);
	race->fails = true;
}

/* what was made meanwhile stays, without the CPU that did not come */
static void hotplug_race_refused_after_pages_came(struct kunit *test)
{
	begin(1, allocate_and_refuse);
	if (race->cpu >= nr_cpu_ids)
		return;

	come(race);
	KUNIT_EXPECT_EQ(test, race->came, -EIO);
	expect_sound(test);
	race->fails = false;
	come(race);
	KUNIT_EXPECT_EQ(test, race->came, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(per_cpu_ptr(race->second, race->cpu),
					   0, SIZE));
	expect_sound(test);
}

/* nobody who comes after the end gets anything */
static void hotplug_race_after_shutdown(struct kunit *test)
{
	unsigned long pages;
	unsigned int cpu;

	begin(0, NULL);
	cpu = race->cpu;
	pages = spcpu_pages_total(&race->s->pages);
	spcpu_shutdown(race->s);
	if (cpu < nr_cpu_ids && cpu_present(cpu)) {
		KUNIT_ASSERT_EQ(test, 0, add_cpu(cpu));
		KUNIT_EXPECT_FALSE(test, cpumask_test_cpu(cpu,
							  race->s->ready_cpus));
	}
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&race->s->pages), pages);
	expect_sound(test);
}

static struct kunit_case hotplug_race_cases[] = {
	KUNIT_CASE(hotplug_race_cpu_while_pages_come),
	KUNIT_CASE(hotplug_race_refused_while_pages_come),
	KUNIT_CASE(hotplug_race_objects_while_cpu_comes),
	KUNIT_CASE(hotplug_race_replaced_while_cpu_comes),
	KUNIT_CASE(hotplug_race_chunks_while_cpu_comes),
	KUNIT_CASE(hotplug_race_small_while_cpu_comes),
	KUNIT_CASE(hotplug_race_pages_leave_while_cpu_comes),
	KUNIT_CASE(hotplug_race_refused_after_pages_came),
	KUNIT_CASE(hotplug_race_after_shutdown),
	{ }
};

struct kunit_suite spcpu_hotplug_race_suite = {
	.name = "shadow_percpu_hotplug_race",
	.init = race_init,
	.test_cases = hotplug_race_cases,
};

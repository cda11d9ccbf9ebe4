// SPDX-License-Identifier: GPL-2.0
/*
 * Hotplug, failures: a CPU that cannot get all that it needs does not come
 * online, whatever it was that failed, and leaves nothing behind; later it may.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/string.h>

#include "cpus.h"
#include "hotplug.h"
#include "kmsg.h"
#include "shadow_percpu.h"
#include "state.h"
#include "suites.h"

#define NEVER	UINT_MAX

/* how often something works before it fails, once */
static unsigned int countdown;

static bool fails_now(void)
{
	if (countdown == NEVER || countdown--)
		return false;
	countdown = NEVER;
	return true;
}

static struct page *(*real_get)(int node, gfp_t gfp);

static struct page *fail_to_get(int node, gfp_t gfp)
{
	return fails_now() ? NULL : real_get(node, gfp);
}

/* fails in the middle of the range, as backings may */
static int fail_to_show(struct spcpu_window *window,
			const struct spcpu_layout *layout, unsigned int cpu,
			unsigned int from, unsigned int nr, struct page *blank)
{
	const struct spcpu_backing *real = &spcpu_backing_sparse;

	if (!fails_now())
		return real->show(window, layout, cpu, from, nr, blank);

	if (nr > 1)
		WARN_ON(real->show(window, layout, cpu, from, nr / 2, blank));
	return -ENOMEM;
}

/**
 * struct callback - of one object
 *
 * @ptr: the object
 * @err: what is returned for CPUs that come, once
 * @calls: how often it was called
 */
struct callback {
	u64 __percpu *ptr;
	int err;
	unsigned int calls;
};

static int set_up(void *copy, unsigned int cpu, void *arg)
{
	struct callback *c = arg;
	int err = c->err;

	c->calls++;
	*(u64 *)copy = cpu + 1;
	if (!cpu_online(cpu)) {
		c->err = 0;
		return err;
	}
	return 0;
}

/**
 * struct failing - one case
 *
 * @s: an allocator with hotplug=online, objects in several chunks, and callbacks
 * @cpus: CPUs that are not there
 * @backing: as sparse, but it can fail
 * @callbacks: called in this order, which is that of their objects
 */
struct failing {
	struct spcpu *s;
	const struct cpumask *cpus;
	struct spcpu_backing backing;
	struct callback callbacks[3];
};

static void add_callbacks(struct kunit *test, struct failing *f)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(f->callbacks); i++) {
		struct callback *c = &f->callbacks[i];

		c->ptr = spcpu_test_alloc(test, f->s, sizeof(u64), sizeof(u64));
		if (i)
			KUNIT_ASSERT_GT(test, (__force unsigned long)c->ptr,
					(__force unsigned long)c[-1].ptr);
		KUNIT_ASSERT_EQ(test, 0, spcpu_set_init(f->s, c->ptr, set_up, c));
	}
}

static struct failing *prepare_case(struct kunit *test,
				    enum spcpu_first_mode mode)
{
	struct failing *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	countdown = NEVER;
	f->backing = spcpu_backing_sparse;
	f->backing.show = fail_to_show;
	spcpu_cpus_leave(test, 2);
	f->s = spcpu_cpus_create(test, mode, &f->backing, true, false);
	f->cpus = spcpu_cpus_absent(test, f->s);

	spcpu_test_alloc(test, f->s, 3 * PAGE_SIZE, 4);
	for (i = 0; i < 3; i++)
		spcpu_test_alloc(test, f->s, SHADOW_PERCPU_MAX_SIZE - 4, 4);
	add_callbacks(test, f);
	spcpu_test_settle(f->s);
	real_get = f->s->pages.get;
	f->s->pages.get = fail_to_get;
	return f;
}

static void expect_nothing_left(struct kunit *test, struct failing *f,
				unsigned int cpu,
				const struct spcpu_state *before,
				unsigned long pages)
{
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, cpu_online(cpu));
	KUNIT_EXPECT_FALSE(test, cpumask_test_cpu(cpu, f->s->ready_cpus));
	KUNIT_EXPECT_FALSE(test, cpumask_test_cpu(cpu, f->s->backed_cpus));
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&f->s->pages), pages);
	spcpu_state_expect(test, f->s, before, "a CPU that did not come");
	spcpu_test_check_chunks(test, f->s);
	spcpu_cpus_expect_absent(test, f->s);
	for (i = 0; i < ARRAY_SIZE(f->callbacks); i++)
		KUNIT_EXPECT_EQ(test, *per_cpu_ptr(f->callbacks[i].ptr, cpu),
				0ULL);
}

static void expect_all_there(struct kunit *test, struct failing *f,
			     unsigned int cpu)
{
	unsigned int i;

	spcpu_test_check(test, f->s);
	spcpu_cpus_expect_present(test, f->s, cpu);
	KUNIT_EXPECT_FALSE(test, memcmp(spcpu_cpus_static(f->s, cpu),
					spcpu_cpus_image, SPCPU_CPUS_STATIC));
	for (i = 0; i < ARRAY_SIZE(f->callbacks); i++)
		KUNIT_EXPECT_EQ(test, *per_cpu_ptr(f->callbacks[i].ptr, cpu),
				cpu + 1ULL);
}

/* let the next step fail, and the next, until all go well; how many failed */
static unsigned int fail_each_step(struct kunit *test, struct failing *f,
				   unsigned int cpu)
{
	unsigned long pages = spcpu_pages_total(&f->s->pages);
	struct spcpu_state *before = spcpu_state_take(test, f->s);
	unsigned int steps = 0;
	int err;

	for (;;) {
		countdown = steps;
		err = spcpu_cpus_come(f->s, cpu);
		if (countdown != NEVER)
			break;
		KUNIT_ASSERT_EQ_MSG(test, err, -ENOMEM, "step %u", steps);
		expect_nothing_left(test, f, cpu, before, pages);
		steps++;
	}
	countdown = NEVER;
	KUNIT_ASSERT_EQ(test, err, 0);
	expect_all_there(test, f, cpu);
	return steps;
}

/* on a machine of one CPU nobody can be absent */
static bool has_absent(struct kunit *test, const struct failing *f)
{
	if (!cpumask_empty(f->cpus))
		return true;
	KUNIT_EXPECT_EQ(test, num_possible_cpus(), 1U);
	return false;
}

static void hotplug_fail_at_each_step_embed(struct kunit *test)
{
	struct failing *f = prepare_case(test, SPCPU_FIRST_EMBED);
	unsigned int cpu = cpumask_first(f->cpus);

	/* every page, and every time that some are shown */
	if (has_absent(test, f))
		KUNIT_EXPECT_GT(test, fail_each_step(test, f, cpu) + 0UL,
				f->s->nr_populated);
}

static void hotplug_fail_at_each_step_page(struct kunit *test)
{
	struct failing *f = prepare_case(test, SPCPU_FIRST_PAGE);
	unsigned int cpu = cpumask_last(f->cpus);

	if (has_absent(test, f))
		KUNIT_EXPECT_GT(test, fail_each_step(test, f, cpu) + 0UL,
				f->s->nr_populated);
}

static void hotplug_fail_to_show(struct kunit *test)
{
	struct failing *f = prepare_case(test, SPCPU_FIRST_EMBED);
	unsigned int cpu = cpumask_first(f->cpus);

	f->s->pages.get = real_get;
	if (has_absent(test, f))
		KUNIT_EXPECT_GE(test, fail_each_step(test, f, cpu), 3U);
}

/* those before it were called, those behind were not, and all are tried again */
static void fail_callback(struct kunit *test, struct failing *f,
			  unsigned int which, int err)
{
	unsigned long pages = spcpu_pages_total(&f->s->pages);
	struct spcpu_state *before = spcpu_state_take(test, f->s);
	unsigned int cpu = cpumask_first(f->cpus), i;
	struct spcpu_kmsg log;
	char line[80];

	for (i = 0; i < ARRAY_SIZE(f->callbacks); i++)
		f->callbacks[i].calls = 0;
	f->callbacks[which].err = err;

	spcpu_kmsg_mark(&log);
	KUNIT_EXPECT_EQ(test, spcpu_cpus_come(f->s, cpu), err);
	expect_nothing_left(test, f, cpu, before, pages);
	for (i = 0; i < ARRAY_SIZE(f->callbacks); i++)
		KUNIT_EXPECT_EQ(test, f->callbacks[i].calls,
				i <= which ? 1U : 0U);
	snprintf(line, sizeof(line), "CPU %u cannot come online: ", cpu);
	if (IS_ENABLED(CONFIG_PRINTK)) {
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, line), 1U);
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "shadow_percpu: "),
				1U);
	}
}

static void hotplug_fail_in_callback(struct kunit *test)
{
	struct failing *f = prepare_case(test, SPCPU_FIRST_EMBED);
	unsigned int cpu = cpumask_first(f->cpus);

	if (cpu >= nr_cpu_ids)
		return;

	fail_callback(test, f, 0, -EIO);
	fail_callback(test, f, 1, -ENOMEM);
	fail_callback(test, f, 2, -EIO);
	KUNIT_ASSERT_EQ(test, spcpu_cpus_come(f->s, cpu), 0);
	expect_all_there(test, f, cpu);
}

/* one line says which CPU, and that it was memory */
static void hotplug_fail_says_so(struct kunit *test)
{
	struct failing *f = prepare_case(test, SPCPU_FIRST_EMBED);
	unsigned int cpu = cpumask_first(f->cpus);
	struct spcpu_kmsg log;
	char line[80];

	if (cpu >= nr_cpu_ids)
		return;

	spcpu_kmsg_mark(&log);
	countdown = 5;
	KUNIT_EXPECT_EQ(test, spcpu_cpus_come(f->s, cpu), -ENOMEM);
	snprintf(line, sizeof(line),
		 "CPU %u cannot come online: no memory for its copies of %lu pages",
		 cpu, f->s->nr_populated);
	if (IS_ENABLED(CONFIG_PRINTK)) {
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, line), 1U);
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "shadow_percpu: "),
				1U);
	}
}

/* what was allocated meanwhile, others have; who comes later has it too */
static void hotplug_fail_and_go_on(struct kunit *test)
{
	struct failing *f = prepare_case(test, SPCPU_FIRST_PAGE);
	unsigned int cpu;
	void __percpu *ptr;

	for_each_cpu(cpu, f->cpus) {
		countdown = 3;
		KUNIT_ASSERT_EQ(test, spcpu_cpus_come(f->s, cpu), -ENOMEM);
		ptr = spcpu_test_alloc(test, f->s, SHADOW_PERCPU_MAX_SIZE, 4);
		spcpu_test_check(test, f->s);
		spcpu_cpus_expect_absent(test, f->s);
		spcpu_test_free(test, f->s, ptr);
	}
	for_each_cpu(cpu, f->cpus) {
		KUNIT_ASSERT_EQ(test, spcpu_cpus_come(f->s, cpu), 0);
		expect_all_there(test, f, cpu);
	}
}

/* another allocator that could, keeps its pages, and is not asked twice */
static void hotplug_fail_of_one_of_two(struct kunit *test)
{
	struct failing *f = prepare_case(test, SPCPU_FIRST_EMBED);
	struct spcpu *other = spcpu_cpus_online(test, SPCPU_FIRST_PAGE);
	unsigned int cpu = cpumask_last(f->cpus);

	/* only CPUs that the machine has are told of to all */
	if (cpu >= nr_cpu_ids || !cpu_present(cpu)) {
		KUNIT_EXPECT_TRUE(test, cpumask_equal(f->s->ready_cpus,
						      other->ready_cpus));
		return;
	}

	countdown = 0;
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, cpu_online(cpu));
	KUNIT_EXPECT_FALSE(test, cpumask_test_cpu(cpu, f->s->ready_cpus));
	spcpu_test_check(test, other);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_test_cpu(cpu, other->ready_cpus));
	expect_all_there(test, f, cpu);
	spcpu_cpus_expect_present(test, other, cpu);
	spcpu_test_check(test, other);
}

static struct kunit_case hotplug_fail_cases[] = {
	KUNIT_CASE(hotplug_fail_at_each_step_embed),
	KUNIT_CASE(hotplug_fail_at_each_step_page),
	KUNIT_CASE(hotplug_fail_to_show),
	KUNIT_CASE(hotplug_fail_in_callback),
	KUNIT_CASE(hotplug_fail_says_so),
	KUNIT_CASE(hotplug_fail_and_go_on),
	KUNIT_CASE(hotplug_fail_of_one_of_two),
	{ }
};

struct kunit_suite spcpu_hotplug_fail_suite = {
	.name = "shadow_percpu_hotplug_fail",
	.test_cases = hotplug_fail_cases,
};

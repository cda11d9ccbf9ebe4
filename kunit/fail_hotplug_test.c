// SPDX-License-Identifier: GPL-2.0
/*
 * Fail, hotplug: whichever memory is missing when a CPU comes, and when a callback for
 * new CPUs is registered.
 */
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "cpus.h"
#include "failing.h"
#include "hotplug.h"
#include "interfere.h"
#include "suites.h"

/* each of the two ways to fail ends when one has come */
#define LEAVE	2

static int fail_hotplug_init(struct kunit *test)
{
	return spcpu_failing_init(test);
}

/* a CPU that comes to an allocator */
struct coming {
	struct kunit *test;
	struct spcpu *s;
	unsigned int cpu;
};

static int come(void *with)
{
	struct coming *c = with;
	int err;

	cpus_read_lock();
	err = spcpu_hotplug_prepare(c->s, c->cpu);
	cpus_read_unlock();
	return err;
}

static void has_not_come(void *with)
{
	struct coming *c = with;

	KUNIT_EXPECT_FALSE(c->test, cpumask_test_cpu(c->cpu, c->s->backed_cpus));
	KUNIT_EXPECT_FALSE(c->test, cpumask_test_cpu(c->cpu, c->s->ready_cpus));
	spcpu_cpus_expect_absent(c->test, c->s);
}

/* @nr_cpu_ids or more: none */
static unsigned int next_absent(struct kunit *test, const struct spcpu *s)
{
	return cpumask_first(spcpu_cpus_absent(test, s));
}

/* it is there, and stays; the next one is tried next */
static void has_come(void *with)
{
	struct coming *c = with;

	spcpu_cpus_expect_present(c->test, c->s, c->cpu);
	/* as many come as there are ways to fail, and one of them is done */
	c->cpu = next_absent(c->test, c->s);
}

static struct spcpu *lived_in(struct kunit *test, enum spcpu_first_mode mode)
{
	struct spcpu *s = spcpu_cpus_online(test, mode);

	spcpu_test_pause(s);
	spcpu_test_alloc(test, s, SZ_16K, 4);
	spcpu_test_alloc(test, s, SZ_16K, 4);
	return s;
}

static void fail_coming(struct kunit *test)
{
	enum spcpu_first_mode mode;
	struct coming c = { .test = test };

	spcpu_cpus_leave(test, LEAVE);
	for (mode = 0; mode < SPCPU_NR_FIRST_MODES; mode++) {
		c.s = lived_in(test, mode);
		c.cpu = next_absent(test, c.s);
		/* on a machine of one CPU nobody can be absent */
		if (c.cpu >= nr_cpu_ids) {
			KUNIT_EXPECT_EQ(test, num_possible_cpus(), 1U);
			return;
		}
		spcpu_failing_each(&(struct spcpu_failing) {
			.test = test, .what = "a CPU that comes",
			.s = c.s, .op = come, .undo = has_come,
			.failed = has_not_come, .with = &c,
		});
		spcpu_test_drop(test, c.s);
	}
}

static int count_up(void *copy, unsigned int cpu, void *arg)
{
	++*(u64 *)copy;
	return 0;
}

struct calling {
	struct kunit *test;
	struct spcpu *s;
	void __percpu *ptr;
};

static int set_callback(void *with)
{
	struct calling *c = with;

	return spcpu_set_init(c->s, c->ptr, count_up, NULL);
}

static void clear_callback(void *with)
{
	struct calling *c = with;

	KUNIT_EXPECT_EQ(c->test, 0, spcpu_clear_init(c->s, c->ptr));
}

static void fail_callback(struct kunit *test)
{
	struct calling c = {
		.test = test,
		.s = spcpu_cpus_online(test, SPCPU_FIRST_EMBED),
	};

	spcpu_test_pause(c.s);
	c.ptr = spcpu_test_alloc(test, c.s, 64, 8);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a callback", .s = c.s,
		.op = set_callback, .undo = clear_callback, .with = &c,
	});
}

static struct kunit_case fail_hotplug_cases[] = {
	KUNIT_CASE(fail_coming),
	KUNIT_CASE(fail_callback),
	{ }
};

struct kunit_suite spcpu_fail_hotplug_suite = {
	.name = "shadow_percpu_fail_hotplug",
	.init = fail_hotplug_init,
	.test_cases = fail_hotplug_cases,
};

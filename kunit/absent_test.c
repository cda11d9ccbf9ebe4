// SPDX-License-Identifier: GPL-2.0
/*
 * Absent: what the log says when somebody writes to the copy of a CPU that is not
 * there. Where no CPU can be absent it says nothing, whatever the address.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "cached.h"
#include "cpus.h"
#include "hotplug.h"
#include "kmsg.h"
#include "shadow_percpu.h"
#include "suites.h"

/**
 * struct absent - one case
 *
 * @s: an allocator with hotplug=online
 * @cpus: CPUs that are not there
 * @log: the log after the last look at it
 */
struct absent {
	struct spcpu *s;
	const struct cpumask *cpus;
	struct spcpu_kmsg log;
};

static int absent_init(struct kunit *test)
{
	struct absent *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	if (!a)
		return -ENOMEM;

	spcpu_cpus_leave(test, 2);
	a->s = spcpu_cpus_online(test, SPCPU_FIRST_EMBED);
	a->cpus = spcpu_cpus_absent(test, a->s);
	test->priv = a;
	return 0;
}

/* exactly one line that contains this, and no other */
static void expect_line(struct kunit *test, const char *line)
{
	struct absent *a = test->priv;

	if (!IS_ENABLED(CONFIG_PRINTK))
		return;
	KUNIT_EXPECT_EQ_MSG(test, spcpu_kmsg_count(&a->log, line), 1U, "%s",
			    line);
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&a->log, "shadow_percpu: "), 1U);
}

/* the address of somebody who is there: false, and nothing in the log */
static void expect_silence(struct kunit *test, unsigned long addr)
{
	struct absent *a = test->priv;

	spcpu_kmsg_mark(&a->log);
	KUNIT_EXPECT_FALSE_MSG(test, spcpu_absent_explain(a->s, addr), "%lx",
			       addr);
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&a->log, "shadow_percpu: "), 0U);
}

static void explain(struct kunit *test, const void *addr)
{
	struct absent *a = test->priv;

	spcpu_kmsg_mark(&a->log);
	KUNIT_EXPECT_TRUE(test, spcpu_absent_explain(a->s, (unsigned long)addr));
}

/* a byte of an object's copies: of absent CPUs, and of those that are there */
static void expect_object(struct kunit *test, void __percpu *ptr, size_t byte)
{
	struct absent *a = test->priv;
	struct spcpu_place place = spcpu_test_place(test, a->s, ptr);
	unsigned int cpu;
	char line[160];

	for_each_possible_cpu(cpu) {
		const void *addr = per_cpu_ptr(ptr, cpu) + byte;

		if (!cpumask_test_cpu(cpu, a->cpus)) {
			expect_silence(test, (unsigned long)addr);
			continue;
		}
		explain(test, addr);
		snprintf(line, sizeof(line),
			 "write to CPU %u's copy, byte %zu of an object of %zu bytes (chunk %u, offset %u)",
			 cpu, byte, place.size, place.id, place.off);
		expect_line(test, line);
	}
}

static void absent_object(struct kunit *test)
{
	struct absent *a = test->priv;
	void __percpu *ptr;

	spcpu_test_alloc(test, a->s, 36, 4);
	ptr = spcpu_test_alloc(test, a->s, 97, 4);
	spcpu_test_alloc(test, a->s, 4, 4);
	expect_object(test, ptr, 0);
	expect_object(test, ptr, 3);
	expect_object(test, ptr, 4);
	expect_object(test, ptr, 99);
}

static void absent_object_over_pages(struct kunit *test)
{
	struct absent *a = test->priv;
	void __percpu *ptr;

	ptr = spcpu_test_alloc(test, a->s, SHADOW_PERCPU_MAX_SIZE, 4);
	expect_object(test, ptr, 0);
	expect_object(test, ptr, PAGE_SIZE + 1);
	expect_object(test, ptr, SHADOW_PERCPU_MAX_SIZE - 1);
}

static void absent_object_in_another_chunk(struct kunit *test)
{
	struct absent *a = test->priv;
	void __percpu *ptr;
	unsigned int i;

	for (i = 0; i < 3; i++)
		ptr = spcpu_test_alloc(test, a->s, SHADOW_PERCPU_MAX_SIZE, 4);
	KUNIT_ASSERT_GT(test, spcpu_test_place(test, a->s, ptr).id, 2U);
	expect_object(test, ptr, 1000);
}

static void absent_reserved_object(struct kunit *test)
{
	struct absent *a = test->priv;
	void __percpu *ptr;

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(a->s, 20, 4, true,
						    GFP_KERNEL, &ptr));
	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(a->s, 24, 4, true,
						    GFP_KERNEL, &ptr));
	KUNIT_ASSERT_EQ(test, spcpu_test_place(test, a->s, ptr).id, 0U);
	expect_object(test, ptr, 23);
}

/* the cache's: an object of a span, while somebody has it */
static void absent_cached_object(struct kunit *test)
{
	struct absent *a = test->priv;
	void __percpu *ptr[3];
	unsigned int i, cpu;

	a->s = spcpu_cpus_create(test, SPCPU_FIRST_EMBED, &spcpu_backing_sparse, true, true);
	a->cpus = spcpu_cpus_absent(test, a->s);
	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		ptr[i] = spcpu_cached_alloc(test, a->s, 48, 8);
	KUNIT_ASSERT_NOT_NULL(test, spcpu_cached_span(a->s, ptr[1]));
	expect_object(test, ptr[1], 0);
	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		expect_object(test, ptr[i], 47);
	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(a->s, ptr[i]));

	for_each_cpu(cpu, a->cpus) {
		explain(test, per_cpu_ptr(ptr[1], cpu));
		expect_line(test, ", where no object is");
	}
}

/* bytes from the start of the unit that belong to no object */
static void expect_no_object(struct kunit *test, struct spcpu_window *window,
			     unsigned long off)
{
	struct absent *a = test->priv;
	unsigned int cpu;
	char line[160];

	for_each_possible_cpu(cpu) {
		unsigned long addr = window->units[cpu].start + off;

		if (!cpumask_test_cpu(cpu, a->cpus)) {
			expect_silence(test, addr);
			continue;
		}
		explain(test, (void *)addr);
		snprintf(line, sizeof(line),
			 "write to CPU %u's unit, byte %lu, where no object is",
			 cpu, off);
		expect_line(test, line);
	}
}

static void absent_static_variables(struct kunit *test)
{
	struct absent *a = test->priv;

	expect_no_object(test, a->s->first->window, 0);
	expect_no_object(test, a->s->first->window, SPCPU_CPUS_STATIC - 1);
}

static void absent_free_space(struct kunit *test)
{
	struct absent *a = test->priv;
	struct spcpu_window *window = a->s->first->window;
	unsigned long off;
	void __percpu *ptr;

	spcpu_test_alloc(test, a->s, 16, 4);
	ptr = spcpu_test_alloc(test, a->s, 16, 4);
	off = (unsigned long)per_cpu_ptr(ptr, a->s->layout->low_cpu) -
	      window->base;
	spcpu_test_free(test, a->s, ptr);
	expect_no_object(test, window, off);
	expect_no_object(test, window, (window->nr_pages << PAGE_SHIFT) - 1);
}

/* who writes with our lock held gets an answer too, if not the whole */
static void absent_while_locked(struct kunit *test)
{
	struct absent *a = test->priv;
	void __percpu *ptr = spcpu_test_alloc(test, a->s, 64, 4);
	unsigned int cpu;
	char line[80];
	bool said;

	for_each_cpu(cpu, a->cpus) {
		unsigned long addr = (unsigned long)per_cpu_ptr(ptr, cpu);

		spcpu_kmsg_mark(&a->log);
		spin_lock_irq(&a->s->lock);
		said = spcpu_absent_explain(a->s, addr);
		spin_unlock_irq(&a->s->lock);
		KUNIT_EXPECT_TRUE(test, said);
		snprintf(line, sizeof(line), "write to CPU %u's ", cpu);
		expect_line(test, line);
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&a->log,
						       "where no object is"), 0U);
	}
}

static void absent_foreign_addresses(struct kunit *test)
{
	static u64 here;
	struct absent *a = test->priv;
	struct spcpu_window *window = a->s->first->window;
	unsigned long __percpu *native;
	unsigned int cpu;

	native = alloc_percpu(unsigned long);
	KUNIT_ASSERT_TRUE(test, !!native);
	expect_silence(test, 0);
	expect_silence(test, 8);
	expect_silence(test, ULONG_MAX);
	expect_silence(test, (unsigned long)&here);
	expect_silence(test, (unsigned long)a->s);
	expect_silence(test, (unsigned long)page_address(a->s->blank));
	for_each_possible_cpu(cpu) {
		unsigned long start = window->units[cpu].start;

		expect_silence(test, (unsigned long)per_cpu_ptr(native, cpu));
		expect_silence(test, start + (window->nr_pages << PAGE_SHIFT));
	}
	free_percpu(native);
}

/* a CPU that came is not explained any more */
static void absent_no_more(struct kunit *test)
{
	struct absent *a = test->priv;
	void __percpu *ptr = spcpu_test_alloc(test, a->s, 64, 4);
	unsigned int cpu;

	for_each_cpu(cpu, a->cpus) {
		explain(test, per_cpu_ptr(ptr, cpu));
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(a->s, cpu));
		expect_silence(test, (unsigned long)per_cpu_ptr(ptr, cpu));
	}
}

static struct kunit_case absent_cases[] = {
	KUNIT_CASE(absent_object),
	KUNIT_CASE(absent_object_over_pages),
	KUNIT_CASE(absent_object_in_another_chunk),
	KUNIT_CASE(absent_reserved_object),
	KUNIT_CASE(absent_cached_object),
	KUNIT_CASE(absent_static_variables),
	KUNIT_CASE(absent_free_space),
	KUNIT_CASE(absent_while_locked),
	KUNIT_CASE(absent_foreign_addresses),
	KUNIT_CASE(absent_no_more),
	{ }
};

struct kunit_suite spcpu_absent_suite = {
	.name = "shadow_percpu_absent",
	.init = absent_init,
	.test_cases = absent_cases,
};

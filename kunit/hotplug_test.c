// SPDX-License-Identifier: GPL-2.0
/*
 * Hotplug: with hotplug=online CPUs that are not there cost nothing, and have
 * everything when they come.
 *
 * Where no CPU can be absent all of this holds of none, and hotplug=online is
 * the same as hotplug=all.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "copies.h"
#include "cpus.h"
#include "hotplug.h"
#include "shadow_percpu.h"
#include "suites.h"

/* bytes of each copy; from a part of a page to several, more than one chunk */
static const size_t sizes[] = {
	100, 3 * PAGE_SIZE, 4, SHADOW_PERCPU_MAX_SIZE, PAGE_SIZE + 4, 60,
	SHADOW_PERCPU_MAX_SIZE, 2 * PAGE_SIZE,
};

struct objects {
	void __percpu *ptr[ARRAY_SIZE(sizes)];
};

/* an object in the reserved chunk, and others in several more */
static struct objects allocate(struct kunit *test, struct spcpu *s)
{
	struct objects o;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, sizes[0], 4, true,
						    GFP_KERNEL, &o.ptr[0]));
	for (i = 1; i < ARRAY_SIZE(sizes); i++)
		o.ptr[i] = spcpu_test_alloc(test, s, sizes[i], 4);
	KUNIT_ASSERT_GE(test, spcpu_test_nr_chunks(s), 3U);
	return o;
}

static void fill_copy(const struct objects *o, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		memset(per_cpu_ptr(o->ptr[i], cpu), spcpu_copies_byte(cpu, i),
		       sizes[i]);
}

static bool copy_holds(const struct objects *o, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (memchr_inv(per_cpu_ptr(o->ptr[i], cpu),
			       spcpu_copies_byte(cpu, i), sizes[i]))
			return false;
	return true;
}

static bool copy_is_zero(const struct objects *o, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (memchr_inv(per_cpu_ptr(o->ptr[i], cpu), 0, sizes[i]))
			return false;
	return true;
}

static bool has_image(const struct spcpu *s, unsigned int cpu)
{
	return !memcmp(spcpu_cpus_static(s, cpu), spcpu_cpus_image,
		       SPCPU_CPUS_STATIC);
}

/* pages for CPUs that are there, and one for all that is not */
static void expect_pages(struct kunit *test, struct spcpu *s)
{
	unsigned int cpu;

	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages),
			s->nr_populated * cpumask_weight(s->ready_cpus));
	for_each_cpu(cpu, s->ready_cpus)
		spcpu_cpus_expect_present(test, s, cpu);
	spcpu_cpus_expect_absent(test, s);
}

static void try_first_chunk(struct kunit *test, enum spcpu_first_mode mode)
{
	const struct cpumask *absent;
	struct spcpu *s;
	unsigned int cpu;

	spcpu_cpus_leave(test, 2);
	s = spcpu_cpus_online(test, mode);
	absent = spcpu_cpus_absent(test, s);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(s->ready_cpus, cpu_online_mask));
	KUNIT_EXPECT_TRUE(test, cpumask_equal(s->backed_cpus, cpu_online_mask));
	expect_pages(test, s);
	for_each_cpu(cpu, s->ready_cpus)
		KUNIT_EXPECT_TRUE(test, has_image(s, cpu));
	for_each_cpu(cpu, absent)
		KUNIT_EXPECT_NULL(test, memchr_inv(spcpu_cpus_static(s, cpu), 0,
						   SPCPU_CPUS_STATIC));
}

static void hotplug_first_chunk_embed(struct kunit *test)
{
	try_first_chunk(test, SPCPU_FIRST_EMBED);
}

static void hotplug_first_chunk_page(struct kunit *test)
{
	try_first_chunk(test, SPCPU_FIRST_PAGE);
}

/* where all CPUs are there it costs what hotplug=all does, and elsewhere less */
static void hotplug_costs_what_is_there(struct kunit *test)
{
	struct spcpu *all, *online;

	spcpu_cpus_leave(test, 2);
	all = spcpu_cpus_create(test, SPCPU_FIRST_EMBED, &spcpu_backing_sparse,
				false, false);
	online = spcpu_cpus_online(test, SPCPU_FIRST_EMBED);
	KUNIT_EXPECT_EQ(test, online->nr_populated, all->nr_populated);

	allocate(test, all);
	allocate(test, online);
	spcpu_test_settle(all);
	spcpu_test_settle(online);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&all->pages),
			all->nr_populated * num_possible_cpus());
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&online->pages),
			online->nr_populated * num_online_cpus());
}

/* objects in every chunk: absent copies are zero, the others are memory */
static void hotplug_absent_copies(struct kunit *test)
{
	const struct cpumask *absent;
	struct objects o;
	struct spcpu *s;
	unsigned int cpu;

	spcpu_cpus_leave(test, 2);
	s = spcpu_cpus_online(test, SPCPU_FIRST_EMBED);
	absent = spcpu_cpus_absent(test, s);
	o = allocate(test, s);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_TRUE(test, copy_is_zero(&o, cpu));

	for_each_cpu(cpu, s->ready_cpus)
		fill_copy(&o, cpu);
	for_each_cpu(cpu, s->ready_cpus)
		KUNIT_EXPECT_TRUE(test, copy_holds(&o, cpu));
	for_each_cpu(cpu, absent)
		KUNIT_EXPECT_TRUE(test, copy_is_zero(&o, cpu));
	expect_pages(test, s);
}

static void try_write(struct kunit *test, u8 *copy, unsigned int cpu, bool can)
{
	KUNIT_EXPECT_EQ_MSG(test, spcpu_cpus_can_write(copy), can,
			    "CPU %u", cpu);
	KUNIT_EXPECT_EQ_MSG(test, *copy, (u8)can, "CPU %u", cpu);
}

/* first and last byte of each object, and in the static part */
static void hotplug_writes_to_absent_copies(struct kunit *test)
{
	const struct cpumask *absent;
	unsigned int cpu, i;
	struct objects o;
	struct spcpu *s;

	spcpu_cpus_leave(test, 2);
	s = spcpu_cpus_online(test, SPCPU_FIRST_PAGE);
	absent = spcpu_cpus_absent(test, s);
	o = allocate(test, s);
	for_each_possible_cpu(cpu) {
		bool there = cpu_online(cpu);

		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			u8 *copy = per_cpu_ptr(o.ptr[i], cpu);

			try_write(test, copy, cpu, there);
			try_write(test, copy + sizes[i] - 1, cpu, there);
		}
		try_write(test, spcpu_cpus_static(s, cpu), cpu, there);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(s->blank), 0, PAGE_SIZE));
	for_each_cpu(cpu, absent)
		KUNIT_EXPECT_TRUE(test, copy_is_zero(&o, cpu));
}

/* one after the other, with what the others hold untouched */
static void try_to_come(struct kunit *test, enum spcpu_first_mode mode)
{
	const struct cpumask *absent;
	unsigned int cpu, other;
	struct objects o, late;
	struct spcpu *s;

	spcpu_cpus_leave(test, 2);
	s = spcpu_cpus_online(test, mode);
	absent = spcpu_cpus_absent(test, s);
	o = allocate(test, s);
	for_each_cpu(cpu, s->ready_cpus)
		fill_copy(&o, cpu);

	for_each_cpu(cpu, absent) {
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
		KUNIT_EXPECT_EQ(test, cpu_online(cpu), cpu_present(cpu));
		KUNIT_EXPECT_TRUE(test, has_image(s, cpu));
		KUNIT_EXPECT_TRUE(test, copy_is_zero(&o, cpu));
		fill_copy(&o, cpu);
		for_each_cpu(other, s->ready_cpus)
			KUNIT_EXPECT_TRUE(test, copy_holds(&o, other));
		spcpu_test_check(test, s);
		spcpu_cpus_expect_present(test, s, cpu);
	}
	KUNIT_EXPECT_TRUE(test, cpumask_equal(s->ready_cpus, cpu_possible_mask));

	late = allocate(test, s);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_TRUE(test, copy_is_zero(&late, cpu));
		fill_copy(&late, cpu);
		KUNIT_EXPECT_TRUE(test, copy_holds(&o, cpu));
	}
	expect_pages(test, s);
}

static void hotplug_cpus_come_embed(struct kunit *test)
{
	try_to_come(test, SPCPU_FIRST_EMBED);
}

static void hotplug_cpus_come_page(struct kunit *test)
{
	try_to_come(test, SPCPU_FIRST_PAGE);
}

static void hotplug_comes_twice(struct kunit *test)
{
	const struct cpumask *absent;
	unsigned long pages;
	struct objects o;
	struct spcpu *s;
	unsigned int cpu;

	spcpu_cpus_leave(test, 1);
	s = spcpu_cpus_online(test, SPCPU_FIRST_EMBED);
	absent = spcpu_cpus_absent(test, s);
	o = allocate(test, s);
	for_each_cpu(cpu, absent) {
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
		fill_copy(&o, cpu);
		spcpu_test_settle(s);
		pages = spcpu_pages_total(&s->pages);

		cpus_read_lock();
		KUNIT_EXPECT_EQ(test, 0, spcpu_hotplug_prepare(s, cpu));
		cpus_read_unlock();
		KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
		KUNIT_EXPECT_TRUE(test, copy_holds(&o, cpu));
	}
	spcpu_test_check(test, s);
}

/**
 * struct peek - a byte, as a CPU sees it
 *
 * @at: its address
 * @value: what is there
 */
struct peek {
	const u8 *at;
	u8 value;
};

static void do_peek(void *arg)
{
	struct peek *peek = arg;

	peek->value = READ_ONCE(*peek->at);
}

static u8 seen_by(struct kunit *test, unsigned int cpu, const u8 *at)
{
	struct peek peek = { at, 0xff };

	KUNIT_EXPECT_EQ(test, 0, smp_call_function_single(cpu, do_peek, &peek,
							  1));
	return peek.value;
}

/* who has read zeros from the blank page does not go on doing so */
static void hotplug_others_see_new_pages(struct kunit *test)
{
	const struct cpumask *absent;
	unsigned int cpu, other;
	void __percpu *ptr;
	struct spcpu *s;

	spcpu_cpus_leave(test, 1);
	s = spcpu_cpus_online(test, SPCPU_FIRST_EMBED);
	absent = spcpu_cpus_absent(test, s);
	ptr = spcpu_test_alloc(test, s, SHADOW_PERCPU_MAX_SIZE, PAGE_SIZE);
	for_each_cpu(cpu, absent) {
		u8 *copy = per_cpu_ptr(ptr, cpu);

		for_each_online_cpu(other)
			KUNIT_EXPECT_EQ(test, seen_by(test, other, copy), 0);
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
		/* not by way of the mapping, which would be looked up again */
		*(u8 *)page_address(vmalloc_to_page(copy)) = 1 + cpu;
		for_each_online_cpu(other)
			KUNIT_EXPECT_EQ(test, seen_by(test, other, copy),
					1 + cpu);
	}
}

/* counted on the CPU itself, by the instruction that clients use */
static void count_here(void *ptr)
{
	u64 __percpu *counter = (u64 __percpu __force *)ptr;

	this_cpu_inc(*counter);
}

static void count_on(struct kunit *test, unsigned int cpu, u64 __percpu *ptr)
{
	KUNIT_EXPECT_EQ(test, 0,
			smp_call_function_single(cpu, count_here,
						 (void __force *)ptr, 1));
}

static u64 sum_of(u64 __percpu *ptr)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(ptr, cpu);
	return sum;
}

/* all that are online count; then they go, and come back, and count on */
static void try_counting(struct kunit *test, const struct spcpu_backing *backing,
			 bool online)
{
	u64 __percpu *ptr;
	struct spcpu *s;
	u64 counted = 0;
	unsigned int cpu, i;

	s = spcpu_cpus_create(test, SPCPU_FIRST_EMBED, backing, online, false);
	ptr = spcpu_test_alloc(test, s, sizeof(u64), sizeof(u64));
	for (i = 0; i < 3; i++) {
		unsigned int before = num_online_cpus();

		for_each_online_cpu(cpu) {
			count_on(test, cpu, ptr);
			counted++;
		}
		spcpu_cpus_leave(test, 2);
		KUNIT_EXPECT_EQ(test, sum_of(ptr), counted);
		for_each_possible_cpu(cpu) {
			if (cpu_present(cpu) && !cpu_online(cpu))
				KUNIT_ASSERT_EQ(test, 0, add_cpu(cpu));
		}
		KUNIT_EXPECT_EQ(test, num_online_cpus(), before);
		KUNIT_EXPECT_EQ(test, sum_of(ptr), counted);
	}
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_EQ(test, *per_cpu_ptr(ptr, cpu), 3ULL);
	spcpu_test_check(test, s);
}

static void hotplug_values_stay_online(struct kunit *test)
{
	try_counting(test, &spcpu_backing_sparse, true);
}

static void hotplug_values_stay_all_sparse(struct kunit *test)
{
	try_counting(test, &spcpu_backing_sparse, false);
}

static void hotplug_values_stay_all_vmap(struct kunit *test)
{
	try_counting(test, &spcpu_backing_vmap, false);
}

/* with hotplug=all nobody is absent, whoever is offline */
static void try_all(struct kunit *test, const struct spcpu_backing *backing)
{
	unsigned int cpu, i;
	struct objects o;
	struct spcpu *s;

	spcpu_cpus_leave(test, 2);
	s = spcpu_cpus_create(test, SPCPU_FIRST_EMBED, backing, false, false);
	o = allocate(test, s);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(s->ready_cpus, cpu_possible_mask));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(o.ptr[i], sizes[i]));
		spcpu_copies_fill(o.ptr[i], sizes[i], i);
	}
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_TRUE(test, has_image(s, cpu));
		KUNIT_EXPECT_TRUE(test, copy_holds(&o, cpu));
		if (cpu_present(cpu) && !cpu_online(cpu))
			KUNIT_ASSERT_EQ(test, 0, add_cpu(cpu));
	}
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_TRUE(test, copy_holds(&o, cpu));
	spcpu_test_check(test, s);
}

static void hotplug_all_sparse(struct kunit *test)
{
	try_all(test, &spcpu_backing_sparse);
}

static void hotplug_all_vmap(struct kunit *test)
{
	try_all(test, &spcpu_backing_vmap);
}

static struct kunit_case hotplug_cases[] = {
	KUNIT_CASE(hotplug_first_chunk_embed),
	KUNIT_CASE(hotplug_first_chunk_page),
	KUNIT_CASE(hotplug_costs_what_is_there),
	KUNIT_CASE(hotplug_absent_copies),
	KUNIT_CASE(hotplug_writes_to_absent_copies),
	KUNIT_CASE(hotplug_cpus_come_embed),
	KUNIT_CASE(hotplug_cpus_come_page),
	KUNIT_CASE(hotplug_comes_twice),
	KUNIT_CASE(hotplug_others_see_new_pages),
	KUNIT_CASE(hotplug_values_stay_online),
	KUNIT_CASE(hotplug_values_stay_all_sparse),
	KUNIT_CASE(hotplug_values_stay_all_vmap),
	KUNIT_CASE(hotplug_all_sparse),
	KUNIT_CASE(hotplug_all_vmap),
	{ }
};

struct kunit_suite spcpu_hotplug_suite = {
	.name = "shadow_percpu_hotplug",
	.test_cases = hotplug_cases,
};

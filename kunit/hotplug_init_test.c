// SPDX-License-Identifier: GPL-2.0
/*
 * Hotplug, initial values: callbacks that set up the copies of CPUs that are
 * there, and of those that come; and static variables of modules.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/string.h>

#include "client.h"
#include "copies.h"
#include "cpus.h"
#include "hotplug.h"
#include "kmsg.h"
#include "section.h"
#include "shadow_percpu.h"
#include "suites.h"

#define SIZE	(PAGE_SIZE + 100)	/* of each object */

/**
 * struct record - what became of the callback of one object
 *
 * @s: the allocator
 * @ptr: the object
 * @seed: what copies are filled with
 * @calls: how often it was called, by CPU
 * @all: how often it was called
 * @wrong: line of this file where it was called as it should not be
 * @fails: when it is called for this CPU, it returns @err
 * @err: errno
 */
struct record {
	struct spcpu *s;
	void __percpu *ptr;
	unsigned int seed;
	unsigned int *calls;
	unsigned int all;
	int wrong;
	unsigned int fails;
	int err;
};

static void found_wrong(struct record *record, int line)
{
	if (!record->wrong)
		record->wrong = line;
}

#define expect(record, holds) do {					\
	if (!(holds))							\
		found_wrong(record, __LINE__);				\
} while (0)

/* who comes is neither online nor known to others yet */
static int set_up(void *copy, unsigned int cpu, void *arg)
{
	struct record *r = arg;

	r->all++;
	r->calls[cpu]++;
	expect(r, copy == per_cpu_ptr(r->ptr, cpu));
	expect(r, !memchr_inv(copy, 0, SIZE));
	expect(r, cpumask_test_cpu(cpu, r->s->backed_cpus));
	if (!cpumask_test_cpu(cpu, r->s->ready_cpus))
		expect(r, !cpu_online(cpu));
	else if (r->s->options.online)
		expect(r, cpu_online(cpu) || !cpu_present(cpu));
	if (cpu == r->fails)
		return r->err;

	memset(copy, spcpu_copies_byte(cpu, r->seed), SIZE);
	return 0;
}

static struct record *make_record(struct kunit *test, struct spcpu *s,
				  void __percpu *ptr, unsigned int seed)
{
	struct record *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->s = s;
	r->ptr = ptr;
	r->seed = seed;
	r->fails = nr_cpu_ids;
	r->calls = kunit_kcalloc(test, nr_cpu_ids, sizeof(*r->calls),
				 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->calls);
	return r;
}

static struct record *make_object(struct kunit *test, struct spcpu *s,
				  unsigned int seed)
{
	return make_record(test, s, spcpu_test_alloc(test, s, SIZE, 8), seed);
}

static int register_it(struct record *r)
{
	return spcpu_set_init(r->s, r->ptr, set_up, r);
}

/* called once for each of these CPUs, for no other, and never in a wrong way */
static void expect_calls(struct kunit *test, const struct record *r,
			 const struct cpumask *cpus)
{
	unsigned int cpu;

	KUNIT_EXPECT_EQ(test, r->wrong, 0);
	KUNIT_EXPECT_EQ(test, r->all, cpumask_weight(cpus));
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ_MSG(test, r->calls[cpu],
				    cpumask_test_cpu(cpu, cpus) ? 1U : 0U,
				    "CPU %u", cpu);
}

static void expect_values(struct kunit *test, const struct record *r,
			  const struct cpumask *cpus)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		u8 byte = cpumask_test_cpu(cpu, cpus) ?
			  spcpu_copies_byte(cpu, r->seed) : 0;

		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(per_cpu_ptr(r->ptr, cpu),
						       byte, SIZE),
				      "CPU %u", cpu);
	}
}

static void expect_set_up(struct kunit *test, const struct record *r,
			  const struct cpumask *cpus)
{
	expect_calls(test, r, cpus);
	expect_values(test, r, cpus);
}

static struct spcpu *with_some_away(struct kunit *test)
{
	spcpu_cpus_leave(test, 2);
	return spcpu_cpus_online(test, SPCPU_FIRST_EMBED);
}

static void hotplug_init_of_those_who_are_there(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	struct record *r = make_object(test, s, 1);

	KUNIT_ASSERT_EQ(test, 0, register_it(r));
	expect_set_up(test, r, cpu_online_mask);
	KUNIT_EXPECT_EQ(test, 0, spcpu_clear_init(s, r->ptr));
	spcpu_test_check(test, s);
}

/* several objects, one of them registered when all have come */
static void hotplug_init_of_those_who_come(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	struct record *r[4];
	unsigned int cpu, i;

	for (i = 0; i < 3; i++) {
		r[i] = make_object(test, s, i);
		KUNIT_ASSERT_EQ(test, 0, register_it(r[i]));
	}
	r[3] = make_object(test, s, 3);
	for_each_cpu(cpu, absent) {
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
		for (i = 0; i < 3; i++)
			expect_set_up(test, r[i], s->ready_cpus);
		expect_values(test, r[3], cpu_none_mask);
	}
	KUNIT_ASSERT_EQ(test, 0, register_it(r[3]));
	expect_set_up(test, r[3], cpu_possible_mask);
	spcpu_test_check(test, s);
}

/* a callback that was taken back is not called any more */
static void hotplug_init_cleared(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	struct record *r[3];
	unsigned int cpu, i;

	for (i = 0; i < ARRAY_SIZE(r); i++) {
		r[i] = make_object(test, s, i);
		KUNIT_ASSERT_EQ(test, 0, register_it(r[i]));
	}
	KUNIT_ASSERT_EQ(test, 0, spcpu_clear_init(s, r[1]->ptr));
	for_each_cpu(cpu, absent)
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
	expect_set_up(test, r[0], cpu_possible_mask);
	expect_set_up(test, r[2], cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, r[1]->all,
			num_possible_cpus() - cpumask_weight(absent));
}

/* leaving and coming back is no reason to be set up again */
static void hotplug_init_not_twice(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	struct record *r = make_object(test, s, 1);
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	unsigned int cpu;

	KUNIT_ASSERT_EQ(test, 0, register_it(r));
	for_each_cpu(cpu, absent) {
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
		if (cpu_online(cpu)) {
			KUNIT_ASSERT_EQ(test, 0, remove_cpu(cpu));
			KUNIT_ASSERT_EQ(test, 0, add_cpu(cpu));
		}
	}
	expect_set_up(test, r, cpu_possible_mask);
}

static void try_all(struct kunit *test, const struct spcpu_backing *backing)
{
	struct record *r;
	struct spcpu *s;

	spcpu_cpus_leave(test, 2);
	s = spcpu_cpus_create(test, SPCPU_FIRST_EMBED, backing, false, false);
	r = make_object(test, s, 1);
	KUNIT_ASSERT_EQ(test, 0, register_it(r));
	expect_set_up(test, r, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, 0, spcpu_clear_init(s, r->ptr));
}

static void hotplug_init_all_sparse(struct kunit *test)
{
	try_all(test, &spcpu_backing_sparse);
}

static void hotplug_init_all_vmap(struct kunit *test)
{
	try_all(test, &spcpu_backing_vmap);
}

/* not called after the first CPU it fails for, nor for any that come */
static void hotplug_init_fails_at_once(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	struct record *r = make_object(test, s, 1);
	unsigned int cpu;

	r->fails = cpumask_last(s->ready_cpus);
	r->err = -EIO;
	KUNIT_EXPECT_EQ(test, register_it(r), -EIO);
	expect_calls(test, r, s->ready_cpus);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, r->ptr), -ENOENT);

	for_each_cpu(cpu, absent)
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
	KUNIT_EXPECT_EQ(test, r->all,
			num_possible_cpus() - cpumask_weight(absent));
	spcpu_test_check(test, s);
}

static void hotplug_init_fails_for_the_first(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	struct record *r = make_object(test, s, 1);

	r->fails = cpumask_first(s->ready_cpus);
	r->err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, register_it(r), -ENOMEM);
	expect_calls(test, r, cpumask_of(r->fails));
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, r->ptr), -ENOENT);

	/* what it did before it failed is the client's to clear up */
	memset(per_cpu_ptr(r->ptr, r->fails), 0, SIZE);
	r = make_record(test, s, r->ptr, 2);
	KUNIT_EXPECT_EQ(test, register_it(r), 0);
	expect_set_up(test, r, s->ready_cpus);
}

static void hotplug_init_twice_is_busy(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	struct record *r = make_object(test, s, 1);
	struct record *second = make_record(test, s, r->ptr, 2);

	KUNIT_ASSERT_EQ(test, register_it(r), 0);
	KUNIT_EXPECT_EQ(test, register_it(second), -EBUSY);
	KUNIT_EXPECT_EQ(test, register_it(r), -EBUSY);
	expect_calls(test, second, cpu_none_mask);
	expect_set_up(test, r, s->ready_cpus);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, r->ptr), 0);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, r->ptr), -ENOENT);
}

static void hotplug_init_of_no_object(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	struct record *r = make_object(test, s, 1);
	void __percpu *ptr = r->ptr;

	r->ptr = ptr + 4;
	KUNIT_EXPECT_EQ(test, register_it(r), -EINVAL);
	r->ptr = ptr + 1;
	KUNIT_EXPECT_EQ(test, register_it(r), -EINVAL);
	r->ptr = NULL;
	KUNIT_EXPECT_EQ(test, register_it(r), -EFAULT);
	r->ptr = (void __percpu __force *)&r->all;
	KUNIT_EXPECT_EQ(test, register_it(r), -EFAULT);
	r->ptr = ptr;
	spcpu_test_free(test, s, ptr);
	KUNIT_EXPECT_EQ(test, register_it(r), -ENOENT);

	expect_calls(test, r, cpu_none_mask);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, ptr), -ENOENT);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, NULL), -ENOENT);
	spcpu_test_check(test, s);
}

/* freed with its callback, which goes too: said so, and those who come do come */
static void hotplug_init_of_what_was_freed(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	struct record *r = make_object(test, s, 1);
	struct record *other = make_object(test, s, 2);
	struct spcpu_kmsg log;
	unsigned int cpu;

	KUNIT_ASSERT_EQ(test, register_it(r), 0);
	KUNIT_ASSERT_EQ(test, register_it(other), 0);
	spcpu_kmsg_mark(&log);
	spcpu_test_free(test, s, r->ptr);
	if (IS_ENABLED(CONFIG_PRINTK))
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "stayed registered"),
				1U);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, r->ptr), -ENOENT);

	for_each_cpu(cpu, absent)
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
	expect_set_up(test, other, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, r->wrong, 0);
	KUNIT_EXPECT_EQ(test, r->all,
			num_possible_cpus() - cpumask_weight(absent));
	spcpu_test_check(test, s);
}

/* who gets the place has no callback, and may have one */
static void hotplug_init_of_a_successor(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	struct record *r = make_object(test, s, 1), *next;
	unsigned int cpu;

	KUNIT_ASSERT_EQ(test, register_it(r), 0);
	KUNIT_ASSERT_EQ(test, spcpu_clear_init(s, r->ptr), 0);
	spcpu_test_free(test, s, r->ptr);
	next = make_object(test, s, 2);
	KUNIT_EXPECT_PTR_EQ(test, (void __force *)next->ptr,
			    (void __force *)r->ptr);
	expect_values(test, next, cpu_none_mask);
	KUNIT_ASSERT_EQ(test, register_it(next), 0);
	for_each_cpu(cpu, absent)
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
	expect_set_up(test, next, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, r->all,
			num_possible_cpus() - cpumask_weight(absent));
}

/* static variables as those of a module, and where they are registered */
struct variables {
	struct spcpu *s;
	struct shadow_percpu_section section;
	unsigned long ptrs[2];
	u64 image[400];
};

static void unregister(void *what)
{
	struct variables *v = what;

	spcpu_section_unregister(v->s, &v->section);
}

static struct variables *register_variables(struct kunit *test, struct spcpu *s)
{
	struct variables *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, v);
	for (i = 0; i < ARRAY_SIZE(v->image); i++)
		v->image[i] = 1000 + i;
	v->s = s;
	v->ptrs[0] = (unsigned long)&v->image[0];
	v->ptrs[1] = (unsigned long)&v->image[399];
	v->section = (struct shadow_percpu_section) {
		.start		= (char *)v->image,
		.end		= (char *)(v->image + ARRAY_SIZE(v->image)),
		.ptrs		= v->ptrs,
		.ptrs_end	= v->ptrs + ARRAY_SIZE(v->ptrs),
		.align		= 8,
	};
	KUNIT_ASSERT_EQ(test, spcpu_section_register(s, &v->section, "test"), 0);
	spcpu_test_at_exit(test, unregister, v);
	return v;
}

static bool cpu_has_variables(const struct variables *v, unsigned int cpu)
{
	const u64 *first = per_cpu_ptr((u64 __percpu *)v->ptrs[0], cpu);
	const u64 *last = per_cpu_ptr((u64 __percpu *)v->ptrs[1], cpu);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->image); i++)
		if (first[i] != 1000 + i)
			return false;
	return last == first + ARRAY_SIZE(v->image) - 1;
}

static void hotplug_init_static_variables(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	struct variables *v = register_variables(test, s);
	unsigned int cpu;

	/* what registering copied; the module's own may change later */
	memset(v->image, 0xff, sizeof(v->image));
	for_each_cpu(cpu, s->ready_cpus)
		KUNIT_EXPECT_TRUE(test, cpu_has_variables(v, cpu));
	for_each_cpu(cpu, absent) {
		u64 *first = per_cpu_ptr((u64 __percpu *)v->ptrs[0], cpu);

		KUNIT_EXPECT_NULL(test, memchr_inv(first, 0, sizeof(v->image)));
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
		KUNIT_EXPECT_TRUE(test, cpu_has_variables(v, cpu));
	}
	spcpu_test_check(test, s);
	spcpu_test_drop(test, v);
	KUNIT_EXPECT_EQ(test, v->ptrs[0], (unsigned long)v->image);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

/* unregistered before somebody comes: nothing is copied to where they were */
static void hotplug_init_no_static_variables(struct kunit *test)
{
	struct spcpu *s = with_some_away(test);
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	struct variables *v = register_variables(test, s);
	u64 __percpu *ptr = (u64 __percpu *)v->ptrs[0];
	unsigned int cpu;

	spcpu_test_drop(test, v);
	for_each_cpu(cpu, absent) {
		KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
		KUNIT_EXPECT_NULL(test, memchr_inv(per_cpu_ptr(ptr, cpu), 0,
						   sizeof(v->image)));
	}
}

static int count_call(void *copy, unsigned int cpu, void *arg)
{
	*(u64 *)copy = cpu + 1;
	(*(unsigned int *)arg)++;
	return 0;
}

/* the exported calls, of the living module, which has hotplug=all */
static void hotplug_init_through_the_api(struct kunit *test)
{
	u64 __percpu *ptr = spcpu_client_alloc(test, sizeof(u64), sizeof(u64));
	unsigned int cpu, calls = 0;

	KUNIT_EXPECT_EQ(test, shadow_percpu_clear_init(ptr), -ENOENT);
	KUNIT_EXPECT_EQ(test, shadow_percpu_set_init(NULL, count_call, &calls),
			-EFAULT);
	KUNIT_ASSERT_EQ(test, shadow_percpu_set_init(ptr, count_call, &calls), 0);
	KUNIT_EXPECT_EQ(test, calls, num_possible_cpus());
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, *per_cpu_ptr(ptr, cpu), cpu + 1ULL);
	KUNIT_EXPECT_EQ(test, shadow_percpu_set_init(ptr, count_call, &calls),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, shadow_percpu_clear_init(ptr), 0);
	KUNIT_EXPECT_EQ(test, shadow_percpu_clear_init(ptr), -ENOENT);
	KUNIT_EXPECT_EQ(test, calls, num_possible_cpus());
}

static struct kunit_case hotplug_init_cases[] = {
	KUNIT_CASE(hotplug_init_of_those_who_are_there),
	KUNIT_CASE(hotplug_init_of_those_who_come),
	KUNIT_CASE(hotplug_init_cleared),
	KUNIT_CASE(hotplug_init_not_twice),
	KUNIT_CASE(hotplug_init_all_sparse),
	KUNIT_CASE(hotplug_init_all_vmap),
	KUNIT_CASE(hotplug_init_fails_at_once),
	KUNIT_CASE(hotplug_init_fails_for_the_first),
	KUNIT_CASE(hotplug_init_twice_is_busy),
	KUNIT_CASE(hotplug_init_of_no_object),
	KUNIT_CASE(hotplug_init_of_what_was_freed),
	KUNIT_CASE(hotplug_init_of_a_successor),
	KUNIT_CASE(hotplug_init_static_variables),
	KUNIT_CASE(hotplug_init_no_static_variables),
	KUNIT_CASE(hotplug_init_through_the_api),
	{ }
};

struct kunit_suite spcpu_hotplug_init_suite = {
	.name = "shadow_percpu_hotplug_init",
	.init = spcpu_client_init,
	.exit = spcpu_client_exit,
	.test_cases = hotplug_init_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input: what is refused changes nothing, says why, and harms nobody.
 *
 * Most cases ask the core, which says nothing to the log but tells errors apart;
 * the last ones ask the API and read the log. Its lines are rate-limited by 10
 * in 5 s each, so these few cases are the only ones that provoke them.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/percpu.h>
#include <linux/prandom.h>

#include "api.h"
#include "client.h"
#include "copies.h"
#include "fixture.h"
#include "kmsg.h"
#include "shadow_percpu.h"
#include "state.h"
#include "suites.h"

#define STATIC_SIZE	100
#define LARGE		8192

static DEFINE_PER_CPU(u64, kernel_static);

/**
 * struct victim - an allocator with some objects in it
 *
 * @s: the allocator
 * @before: all that it knew before it was asked badly
 * @small: an object of 64 bytes
 * @reserved: one in the reserved chunk
 * @large: one of several pages
 * @freed: a hole behind @small
 */
struct victim {
	struct spcpu *s;
	struct spcpu_state *before;
	char __percpu *small;
	char __percpu *reserved;
	char __percpu *large;
	char __percpu *freed;
};

static void __percpu *make_object(struct kunit *test, struct spcpu *s,
				  size_t size, bool reserved)
{
	void __percpu *ptr;

	KUNIT_ASSERT_EQ(test, spcpu_test_request(s, size, 8, reserved, GFP_KERNEL,
						 &ptr), 0);
	if (s == spcpu_api_allocator())
		KUNIT_ASSERT_TRUE(test, !!spcpu_client_keep(test, ptr));
	return ptr;
}

static struct victim *make_victim(struct kunit *test, struct spcpu *s)
{
	struct victim *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, v);
	v->s = s;
	v->small = make_object(test, s, 64, false);
	v->freed = make_object(test, s, 64, false);
	make_object(test, s, 64, false);
	v->large = make_object(test, s, LARGE, false);
	v->reserved = make_object(test, s, 64, true);
	if (s == spcpu_api_allocator())
		spcpu_client_free(test, v->freed);
	else
		spcpu_test_free(test, s, v->freed);

	spcpu_copies_fill(v->small, 64, 1);
	spcpu_copies_fill(v->reserved, 64, 2);
	spcpu_copies_fill(v->large, LARGE, 3);
	v->before = spcpu_state_take(test, s);
	return v;
}

/* the living module: what is refused must not disturb its other users */
static struct victim *living(struct kunit *test)
{
	return make_victim(test, spcpu_api_allocator());
}

/* an allocator that may be harmed: small units, a static part */
static struct victim *mortal(struct kunit *test)
{
	static const u8 image[STATIC_SIZE];

	return make_victim(test, spcpu_test_allocator(test, 64 << 10, 8192,
						      20 << 10, STATIC_SIZE,
						      image, SPCPU_FIRST_EMBED));
}

static void expect_unharmed(struct kunit *test, struct victim *v,
			    const char *after_what)
{
	spcpu_state_expect(test, v->s, v->before, after_what);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(v->small, 64, 1));
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(v->reserved, 64, 2));
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(v->large, LARGE, 3));
}

static void refuse_request(struct kunit *test, struct victim *v, size_t size,
			   size_t align)
{
	static const gfp_t gfp[] = { GFP_KERNEL, GFP_NOFS, GFP_ATOMIC };
	void __percpu *ptr;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(gfp); i++) {
		ptr = v->small;
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    spcpu_test_request(v->s, size, align, i % 2,
						       gfp[i / 2], &ptr),
				    "%zu bytes aligned to %zu", size, align);
		KUNIT_EXPECT_TRUE(test, !ptr);
	}
}

static void bad_size(struct kunit *test)
{
	static const size_t sizes[] = {
		0, SHADOW_PERCPU_MAX_SIZE + 1, SHADOW_PERCPU_MAX_SIZE + 4,
		64 << 10, INT_MAX, UINT_MAX, 1UL << (BITS_PER_LONG - 1),
		SIZE_MAX, SIZE_MAX - 2, SIZE_MAX - 3,
	};
	struct victim *v = living(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		refuse_request(test, v, sizes[i], 4);
	expect_unharmed(test, v, "bad sizes");
}

static void bad_alignment(struct kunit *test)
{
	static const size_t aligns[] = {
		0, 3, 5, 6, 12, PAGE_SIZE - 1, PAGE_SIZE + 1, 2 * PAGE_SIZE,
		3 * PAGE_SIZE, 1UL << 31, 1UL << (BITS_PER_LONG - 1), SIZE_MAX,
		SIZE_MAX - 2,
	};
	struct victim *v = living(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aligns); i++)
		refuse_request(test, v, 8, aligns[i]);
	refuse_request(test, v, 0, 0);
	expect_unharmed(test, v, "bad alignments");
}

/* a pointer that is refused, by all who take one */
static void refuse(struct kunit *test, struct victim *v, void __percpu *ptr,
		   int err, const char *what)
{
	struct spcpu_place place;

	KUNIT_EXPECT_EQ_MSG(test, spcpu_free(v->s, ptr), err, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, spcpu_locate(v->s, ptr, &place), err, "%s",
			    what);
	KUNIT_EXPECT_EQ_MSG(test, place.size, (size_t)0, "%s", what);
}

/* the pointer that belongs to an address in the lowest CPU's unit */
static void __percpu *to_ptr(const struct victim *v, unsigned long addr)
{
	return (void __percpu __force *)(addr -
					 per_cpu_offset(v->s->layout->low_cpu));
}

static void bad_free_of_kernel_objects(struct kunit *test)
{
	struct victim *v = living(test);
	u64 __percpu *other = alloc_percpu(u64);

	KUNIT_ASSERT_TRUE(test, !!other);
	refuse(test, v, other, -EFAULT, "an object of the kernel's");
	free_percpu(other);
	refuse(test, v, &kernel_static, -EFAULT, "a variable of the kernel's");
	expect_unharmed(test, v, "objects of the kernel's");
}

static void bad_free_of_others(struct kunit *test)
{
	struct victim *v = living(test), *other = mortal(test);

	refuse(test, v, other->small, -EFAULT, "another allocator's object");
	refuse(test, v, other->reserved, -EFAULT, "another allocator's object");
	refuse(test, v, other->large, -EFAULT, "another allocator's object");
	expect_unharmed(test, v, "another allocator's objects");
	expect_unharmed(test, other, "frees elsewhere");
}

static void bad_free_of_numbers(struct kunit *test)
{
	static const unsigned long numbers[] = {
		0, 1, 4, 8, PAGE_SIZE - 1, PAGE_SIZE, ~0UL, ~0UL - 3,
		-PAGE_SIZE, LONG_MAX, 1UL + LONG_MAX, 0xdead0000,
	};
	struct victim *v = living(test);
	struct rnd_state rnd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		refuse(test, v, (void __percpu __force *)numbers[i], -EFAULT,
		       "a number");

	prandom_seed_state(&rnd, 2);
	for (i = 0; i < 1000; i++) {
		u64 number = (u64)prandom_u32_state(&rnd) << 32 |
			     prandom_u32_state(&rnd);

		refuse(test, v, (void __percpu __force *)(unsigned long)number,
		       -EFAULT, "a random number");
	}
	expect_unharmed(test, v, "numbers");
}

/* what per_cpu_ptr() gives is no __percpu pointer */
static void bad_free_of_addresses(struct kunit *test)
{
	struct victim *v = living(test);
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		refuse(test, v,
		       (void __percpu __force *)per_cpu_ptr(v->small, cpu),
		       -EFAULT, "an address");
		refuse(test, v,
		       (void __percpu __force *)per_cpu_ptr(v->large, cpu),
		       -EFAULT, "an address");
		refuse(test, v, (void __percpu __force *)&cpu, -EFAULT,
		       "an address on the stack");
	}
	expect_unharmed(test, v, "addresses");
}

/* a right pointer is off by the distance to another CPU's unit */
static void bad_free_by_other_units(struct kunit *test)
{
	struct victim *v = living(test);
	struct spcpu_layout *layout = v->s->layout;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (cpu == layout->low_cpu)
			continue;
		refuse(test, v, v->small + layout->unit_off[cpu], -EFAULT,
		       "in another CPU's unit");
		refuse(test, v, v->large + layout->unit_off[cpu], -EFAULT,
		       "in another CPU's unit");
	}
	expect_unharmed(test, v, "other CPUs' units");
}

static void bad_free_around_units(struct kunit *test)
{
	struct victim *v = mortal(test);
	unsigned long base = v->s->first->window->base;
	unsigned long end = base + spcpu_layout_first_size(v->s->layout);

	refuse(test, v, to_ptr(v, base - 4), -EFAULT, "before a unit");
	refuse(test, v, to_ptr(v, end), -EFAULT, "behind the first chunk");
	refuse(test, v, to_ptr(v, end + 4), -EFAULT, "behind the first chunk");
	refuse(test, v, to_ptr(v, base + v->s->layout->unit_size), -EFAULT,
	       "behind a unit");
	expect_unharmed(test, v, "pointers around units");
}

/* refused, but it is known what it is the middle of */
static void refuse_byte(struct kunit *test, struct victim *v,
			char __percpu *object, size_t size, size_t byte)
{
	struct spcpu_place place, around;

	refuse(test, v, object + byte, -EINVAL, "in the middle");
	KUNIT_ASSERT_EQ(test, spcpu_locate(v->s, object, &place), 0);
	KUNIT_EXPECT_EQ(test, spcpu_locate_around(v->s, object + byte, &around), 0);
	KUNIT_EXPECT_EQ(test, around.id, place.id);
	KUNIT_EXPECT_EQ(test, around.off, place.off);
	KUNIT_EXPECT_EQ(test, around.size, size);
}

static void refuse_middle(struct kunit *test, struct victim *v,
			  char __percpu *ptr, size_t size)
{
	static const size_t offs[] = { 1, 2, 3, 4, 5, 8, 16, 32 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offs); i++)
		refuse_byte(test, v, ptr, size, offs[i]);
	refuse_byte(test, v, ptr, size, size - 4);
	refuse_byte(test, v, ptr, size, size - 1);
}

static void bad_free_in_second_chunk(struct kunit *test)
{
	struct victim *v = mortal(test);
	char __percpu *ptr = make_object(test, v->s, SHADOW_PERCPU_MAX_SIZE, false);
	struct spcpu_chunk *chunk =
		list_last_entry(&v->s->chunks, struct spcpu_chunk, all);
	unsigned long base = chunk->window->base;

	v->before = spcpu_state_take(test, v->s);
	refuse_middle(test, v, ptr, SHADOW_PERCPU_MAX_SIZE);
	refuse(test, v, to_ptr(v, base - 4), -EFAULT, "before a unit");
	refuse(test, v, to_ptr(v, base + v->s->layout->unit_size), -EFAULT,
	       "behind a unit");
	refuse(test, v, to_ptr(v, base + SHADOW_PERCPU_MAX_SIZE), -ENOENT,
	       "behind the last object");
	expect_unharmed(test, v, "pointers into the second chunk");
}

static void bad_free_of_static_part(struct kunit *test)
{
	struct victim *v = mortal(test);
	unsigned long base = v->s->first->window->base;
	unsigned int off;

	for (off = 0; off < STATIC_SIZE; off++)
		refuse(test, v, to_ptr(v, base + off), -EFAULT,
		       "in the static part");
	expect_unharmed(test, v, "pointers into the static part");
}

static void bad_free_of_middle(struct kunit *test)
{
	struct victim *v = living(test);

	refuse_middle(test, v, v->small, 64);
	refuse_middle(test, v, v->reserved, 64);
	refuse_middle(test, v, v->large, LARGE);
	refuse(test, v, v->large + PAGE_SIZE, -EINVAL, "at its second page");
	expect_unharmed(test, v, "pointers into objects");
}

static void bad_free_of_free_space(struct kunit *test)
{
	struct victim *v = living(test);
	struct spcpu_place place;

	refuse(test, v, v->freed, -ENOENT, "freed already");
	refuse(test, v, v->freed + 4, -ENOENT, "freed already");
	refuse(test, v, v->freed + 60, -ENOENT, "freed already");
	KUNIT_EXPECT_EQ(test, spcpu_locate_around(v->s, v->freed + 60, &place),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, spcpu_locate_around(v->s, NULL, &place), -EFAULT);
	expect_unharmed(test, v, "pointers to free space");
}

static void bad_double_free(struct kunit *test)
{
	struct victim *v = mortal(test);
	char __percpu *all[] = { v->small, v->reserved, v->large };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		spcpu_test_free(test, v->s, all[i]);
	v->before = spcpu_state_take(test, v->s);

	for (i = 0; i < 2 * ARRAY_SIZE(all); i++)
		refuse(test, v, all[i % ARRAY_SIZE(all)], -ENOENT,
		       "a double free");
	spcpu_state_expect(test, v->s, v->before, "double frees");
	spcpu_test_check(test, v->s);
}

/* the worker's place is taken, so that it does not help meanwhile */
static atomic_t kicks;

static void count_kick(struct work_struct *work)
{
	atomic_inc(&kicks);
}

/* until not even the smallest object finds room in what is there */
static unsigned int use_up(struct spcpu *s)
{
	void __percpu *ptr;
	unsigned int nr = 0;
	size_t size;

	for (size = SHADOW_PERCPU_MAX_SIZE; size >= 4; size /= 2) {
		while (!spcpu_test_request(s, size, 4, false, GFP_ATOMIC, &ptr)) {
			nr++;
			cond_resched();
		}
	}
	return nr;
}

static void bad_atomic_without_room(struct kunit *test)
{
	struct victim *v = mortal(test);
	work_func_t worker = spcpu_test_swap_worker(v->s, count_kick);
	struct spcpu_state *full;
	void __percpu *ptr;

	KUNIT_EXPECT_GT(test, use_up(v->s), 0U);
	full = spcpu_state_take(test, v->s);

	atomic_set(&kicks, 0);
	KUNIT_EXPECT_EQ(test, spcpu_test_request(v->s, 4, 4, false, GFP_ATOMIC,
						 &ptr), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, !ptr);
	KUNIT_EXPECT_EQ(test, spcpu_test_request(v->s, 4, 4, false, GFP_NOWAIT,
						 &ptr), -ENOMEM);
	spcpu_state_expect(test, v->s, full, "atomic requests without room");
	KUNIT_EXPECT_GT(test, atomic_read(&kicks), 0);

	/* the next one is served: the worker was told to make room */
	spcpu_test_swap_worker(v->s, worker);
	KUNIT_EXPECT_EQ(test, spcpu_test_request(v->s, 4, 4, false, GFP_NOWAIT,
						 &ptr), -ENOMEM);
	/* it may have woken itself */
	while (flush_work(&v->s->balance))
		;
	KUNIT_EXPECT_EQ(test, spcpu_test_request(v->s, 4, 4, false, GFP_ATOMIC,
						 &ptr), 0);
	spcpu_test_check(test, v->s);
}

/* pages enough, but not side by side; that too has the worker make room */
static void bad_atomic_too_large(struct kunit *test)
{
	struct victim *v = mortal(test);
	unsigned int i, pages = SHADOW_PERCPU_MAX_SIZE / PAGE_SIZE;
	void __percpu *ptr;

	KUNIT_ASSERT_GE(test, v->s->types[SPCPU_PLAIN].nr_empty_pop,
			SPCPU_EMPTY_POP_PAGES_LOW);
	for (i = 0; i < spcpu_test_wakeups(v->s, pages); i++) {
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				spcpu_test_request(v->s, SHADOW_PERCPU_MAX_SIZE,
						   4, false, GFP_ATOMIC, &ptr));
		/* it may have woken itself */
		while (flush_work(&v->s->balance))
			;
	}
	KUNIT_EXPECT_EQ(test, spcpu_test_request(v->s, SHADOW_PERCPU_MAX_SIZE, 4,
						 false, GFP_ATOMIC, &ptr), 0);
	spcpu_test_check(test, v->s);
}

static void bad_reserved_without_room(struct kunit *test)
{
	struct victim *v = mortal(test);
	void __percpu *ptr;
	size_t size;

	for (size = 4096; size >= 4; size /= 2)
		while (!spcpu_test_request(v->s, size, 4, true, GFP_KERNEL, &ptr))
			cond_resched();

	v->before = spcpu_state_take(test, v->s);
	KUNIT_EXPECT_EQ(test, spcpu_test_request(v->s, 4, 4, true, GFP_KERNEL,
						 &ptr), -ENOMEM);
	expect_unharmed(test, v, "a request to the full reserved chunk");
	spcpu_test_check(test, v->s);
}

static void bad_alloc_after_shutdown(struct kunit *test)
{
	static const gfp_t gfp[] = { GFP_KERNEL, GFP_NOFS, GFP_ATOMIC };
	struct victim *v = mortal(test);
	void __percpu *ptr;
	unsigned int i;

	spcpu_shutdown(v->s);
	v->before = spcpu_state_take(test, v->s);
	for (i = 0; i < 2 * ARRAY_SIZE(gfp); i++) {
		KUNIT_EXPECT_EQ(test, spcpu_test_request(v->s, 8, 8, i % 2,
							 gfp[i / 2], &ptr),
				-ESHUTDOWN);
		KUNIT_EXPECT_TRUE(test, !ptr);
	}
	KUNIT_EXPECT_EQ(test, spcpu_test_request(v->s, 0, 8, false, GFP_KERNEL,
						 &ptr), -EINVAL);
	expect_unharmed(test, v, "requests after the end");
}

static void bad_free_after_shutdown(struct kunit *test)
{
	struct victim *v = mortal(test);
	u64 live = v->s->stats.nr_cur_alloc;

	spcpu_shutdown(v->s);
	KUNIT_EXPECT_EQ(test, spcpu_free(v->s, v->small), 0);
	KUNIT_EXPECT_EQ(test, spcpu_free(v->s, v->reserved), 0);
	KUNIT_EXPECT_EQ(test, spcpu_free(v->s, v->large), 0);
	KUNIT_EXPECT_EQ(test, spcpu_free(v->s, v->large), -ENOENT);
	KUNIT_EXPECT_EQ(test, v->s->stats.nr_cur_alloc, live - 3);
	KUNIT_EXPECT_FALSE(test, work_busy(&v->s->balance));
	spcpu_test_check(test, v->s);
}

static void expect_logged(struct kunit *test, const struct spcpu_kmsg *since,
			  const char *what)
{
	if (IS_ENABLED(CONFIG_PRINTK))
		KUNIT_EXPECT_EQ_MSG(test, spcpu_kmsg_count(since, what), 1U,
				    "%s", what);
}

/* through the API, on the living module: refused, and said so */
static void bad_alloc_is_logged(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	struct spcpu_state *before = spcpu_state_take(test, s);
	gfp_t silent = GFP_KERNEL | __GFP_NOWARN;
	struct spcpu_kmsg log;

	spcpu_kmsg_mark(&log);
	KUNIT_EXPECT_FALSE(test, !!__shadow_alloc_percpu(0, 4));
	KUNIT_EXPECT_FALSE(test, !!__shadow_alloc_percpu_gfp(32769, 4, GFP_ATOMIC));
	KUNIT_EXPECT_FALSE(test, !!__shadow_alloc_reserved_percpu(8, 3));
	KUNIT_EXPECT_FALSE(test, !!__shadow_alloc_percpu_gfp(SIZE_MAX - 2, 8192,
							     silent));

	expect_logged(test, &log, "refused an object of 0 bytes aligned to 4: ");
	expect_logged(test, &log, "refused an object of 32769 bytes aligned to 4: ");
	expect_logged(test, &log, "refused an object of 8 bytes aligned to 3: ");
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "aligned to 8192"), 0U);
	spcpu_state_expect(test, s, before, "bad requests");
}

static void bad_free_is_logged(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	char __percpu *ptr = spcpu_client_alloc(test, 64, 8);
	u64 __percpu *other = alloc_percpu(u64);
	struct spcpu_state *before = spcpu_state_take(test, s);
	struct spcpu_kmsg log;

	spcpu_kmsg_mark(&log);
	shadow_free_percpu(other);
	expect_logged(test, &log, "refused: not an object of this allocator");
	shadow_free_percpu(ptr + 4);
	expect_logged(test, &log, "refused: the middle of an object, offset ");
	expect_logged(test, &log, ", byte 4 of the 64 at ");
	spcpu_state_expect(test, s, before, "bad frees");
	free_percpu(other);

	spcpu_client_free(test, ptr);
	before = spcpu_state_take(test, s);
	shadow_free_percpu(ptr);
	expect_logged(test, &log, "refused: free already (double free?), offset ");

	spcpu_kmsg_mark(&log);
	shadow_free_percpu(ptr + 2);
	expect_logged(test, &log, "refused: the middle of an object, offset ");
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, ", byte "), 0U);
	spcpu_state_expect(test, s, before, "a double free");
}

/* nobody can flood the log; and what is refused is counted all the same */
static void bad_input_is_rate_limited(struct kunit *test)
{
	struct spcpu_calls before, after;
	struct spcpu_kmsg log;
	unsigned int i, nr;

	spcpu_kmsg_mark(&log);
	migrate_disable();
	spcpu_api_calls(smp_processor_id(), &before);
	for (i = 0; i < 200; i++)
		shadow_free_percpu((void __percpu __force *)4);
	spcpu_api_calls(smp_processor_id(), &after);
	migrate_enable();

	nr = spcpu_kmsg_count(&log, "refused: not an object");
	KUNIT_EXPECT_EQ(test, after.refused - before.refused, 200ULL);
	KUNIT_EXPECT_LE(test, nr, 50U);
}

static struct kunit_case bad_input_cases[] = {
	KUNIT_CASE(bad_size),
	KUNIT_CASE(bad_alignment),
	KUNIT_CASE(bad_free_of_kernel_objects),
	KUNIT_CASE(bad_free_of_others),
	KUNIT_CASE(bad_free_of_numbers),
	KUNIT_CASE(bad_free_of_addresses),
	KUNIT_CASE(bad_free_by_other_units),
	KUNIT_CASE(bad_free_around_units),
	KUNIT_CASE(bad_free_in_second_chunk),
	KUNIT_CASE(bad_free_of_static_part),
	KUNIT_CASE(bad_free_of_middle),
	KUNIT_CASE(bad_free_of_free_space),
	KUNIT_CASE(bad_double_free),
	KUNIT_CASE(bad_atomic_without_room),
	KUNIT_CASE(bad_atomic_too_large),
	KUNIT_CASE(bad_reserved_without_room),
	KUNIT_CASE(bad_alloc_after_shutdown),
	KUNIT_CASE(bad_free_after_shutdown),
	KUNIT_CASE(bad_alloc_is_logged),
	KUNIT_CASE(bad_free_is_logged),
	KUNIT_CASE(bad_input_is_rate_limited),
	{ }
};

struct kunit_suite spcpu_bad_input_suite = {
	.name = "shadow_percpu_bad_input",
	.init = spcpu_client_init,
	.exit = spcpu_client_exit,
	.test_cases = bad_input_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Bulk: all or nothing, however many; frees of what belongs together and of what
 * does not, and of some that are no objects among them.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "api.h"
#include "cached.h"
#include "client.h"
#include "copies.h"
#include "interfere.h"
#include "kmsg.h"
#include "shadow_percpu.h"
#include "suites.h"

#define MOST	1000

/* one case at a time */
static void __percpu *ptrs[MOST + 1];

static int bulk(struct spcpu *s, size_t size, size_t align, gfp_t gfp,
		unsigned int nr)
{
	const struct spcpu_request req = {
		.size = size,
		.align = align,
		.gfp = gfp,
	};

	memset(ptrs, 0xff, sizeof(ptrs));
	return spcpu_alloc_bulk(s, &req, nr, ptrs);
}

/* all of them objects, zeroed, no two the same, and not one more written */
static void expect_bulk(struct kunit *test, struct spcpu *s, size_t size,
			size_t align, unsigned int nr)
{
	struct spcpu_place place;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_EQ(test, spcpu_locate(s, ptrs[i], &place), 0);
		KUNIT_ASSERT_GE(test, place.size, size);
		KUNIT_ASSERT_TRUE(test, spcpu_copies_zero(ptrs[i], place.size));
		KUNIT_ASSERT_TRUE(test,
				  IS_ALIGNED((unsigned long)per_cpu_ptr(ptrs[i], 0),
					     align));
		spcpu_copies_fill(ptrs[i], place.size, i);
	}
	/* had two been the same, the first would hold what the second got */
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_TRUE(test, spcpu_copies_hold(ptrs[i], size, i));
	KUNIT_EXPECT_EQ(test, (__force unsigned long)ptrs[nr], ~0UL);
}

static void try_bulk(struct kunit *test, struct spcpu *s, size_t size,
		     size_t align, unsigned int nr)
{
	u64 live = spcpu_cached_live(s);
	int err = -EIO;

	KUNIT_ASSERT_EQ(test, bulk(s, size, align, GFP_KERNEL, nr), 0);
	expect_bulk(test, s, size, align, nr);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), live + nr);
	KUNIT_EXPECT_EQ(test, spcpu_free_bulk(s, nr, ptrs, &err), (size_t)nr);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), live);
	cond_resched();
}

static void try_numbers(struct kunit *test, bool cache)
{
	static const unsigned int numbers[] = { 0, 1, 2, 63, 64, 65, 129, MOST };
	struct spcpu *s = spcpu_cached_create(test, cache);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		try_bulk(test, s, 8, 8, numbers[i]);
		try_bulk(test, s, 64, 64, numbers[i]);
	}
	for (i = 0; i < ARRAY_SIZE(numbers) - 1; i++) {
		try_bulk(test, s, 1, 1, numbers[i]);
		try_bulk(test, s, 200, 8, numbers[i]);
		try_bulk(test, s, 4096, 64, numbers[i]);
		try_bulk(test, s, 12, 256, numbers[i]);
		try_bulk(test, s, 5000, 8, numbers[i]);
	}
	spcpu_test_check(test, s);
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

static void bulk_numbers(struct kunit *test)
{
	try_numbers(test, true);
}

static void bulk_numbers_without_cache(struct kunit *test)
{
	try_numbers(test, false);
}

static void expect_none(struct kunit *test, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_TRUE(test, !ptrs[i]);
	KUNIT_EXPECT_EQ(test, (__force unsigned long)ptrs[nr], ~0UL);
}

/* as many as there are, and one too many: then none at all */
static void try_too_many(struct kunit *test, bool cache, size_t size)
{
	struct spcpu *s = spcpu_cached_create(test, cache);
	void __percpu *some = spcpu_cached_alloc(test, s, size, 4);
	unsigned int nr = 0;
	void __percpu *ptr;
	u64 live;

	spcpu_test_pause(s);
	while (!spcpu_test_request(s, SZ_4K, 4, false, GFP_NOWAIT, &ptr))
		;
	live = spcpu_cached_live(s);
	while (!bulk(s, size, 4, GFP_NOWAIT, nr + 1)) {
		nr++;
		KUNIT_ASSERT_LT(test, nr, 0U + MOST);
		spcpu_free_bulk(s, nr, ptrs, NULL);
		KUNIT_ASSERT_EQ(test, spcpu_cached_live(s), live);
	}
	expect_none(test, nr + 1);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), live);
	KUNIT_EXPECT_GT(test, nr, 0U);
	spcpu_test_check(test, s);

	KUNIT_EXPECT_EQ(test, bulk(s, size, 4, GFP_NOWAIT, MOST), -ENOMEM);
	expect_none(test, MOST);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), live);
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, some), 0);
	spcpu_test_check(test, s);
	spcpu_test_resume(s);
	spcpu_test_drop(test, s);
}

static void bulk_all_or_nothing(struct kunit *test)
{
	spcpu_cached_stay();
	try_too_many(test, true, 64);
	try_too_many(test, false, 64);
	try_too_many(test, true, 512);
}

static void bulk_refused(struct kunit *test)
{
	static const size_t sizes[] = {
		0, SHADOW_PERCPU_MAX_SIZE + 1, SIZE_MAX, SIZE_MAX - 2,
	};
	struct spcpu *s = spcpu_cached_create(test, true);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_EQ(test, bulk(s, sizes[i], 4, GFP_KERNEL, 5),
				-EINVAL);
		expect_none(test, 5);
	}
	KUNIT_EXPECT_EQ(test, bulk(s, 8, 3, GFP_KERNEL, 5), -EINVAL);
	expect_none(test, 5);
	spcpu_shutdown(s);
	KUNIT_EXPECT_EQ(test, bulk(s, 8, 8, GFP_KERNEL, 5), -ESHUTDOWN);
	expect_none(test, 5);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), 0ULL);
	spcpu_test_check(test, s);
}

/* nothing in here may sleep; DEBUG_ATOMIC_SLEEP watches */
static void bulk_atomic(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	static DEFINE_SPINLOCK(lock);
	unsigned long flags;
	int err, err2 = 0;
	size_t nr;

	spin_lock_irqsave(&lock, flags);
	err = bulk(s, 24, 8, GFP_ATOMIC, 20);
	nr = spcpu_free_bulk(s, 20, ptrs, &err2);
	spin_unlock_irqrestore(&lock, flags);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, err2, 0);
	KUNIT_EXPECT_EQ(test, nr, (size_t)20);
	spcpu_test_check(test, s);
}

static void shuffle(unsigned int nr)
{
	struct rnd_state rnd;
	unsigned int i, j;

	prandom_seed_state(&rnd, 9);
	for (i = nr - 1; i; i--) {
		j = spcpu_test_below(&rnd, i + 1);
		swap(ptrs[i], ptrs[j]);
	}
}

/* of every kind there is, with gaps */
static void bulk_free_of_all_kinds(struct kunit *test)
{
	static const u16 sizes[] = { 4, 8, 64, 100, 1000, 4096, 4100, 9000 };
	struct spcpu *s = spcpu_cached_create(test, true);
	unsigned int i;
	int err;

	for (i = 0; i < 240; i++) {
		ptrs[i] = NULL;
		if (i % 5)
			KUNIT_ASSERT_EQ(test, 0,
					spcpu_cached_request(s, sizes[i % 8],
							     1 << i % 9,
							     i % 2 ? GFP_KERNEL :
							     GFP_KERNEL_ACCOUNT,
							     &ptrs[i]));
	}
	shuffle(240);
	KUNIT_EXPECT_EQ(test, spcpu_free_bulk(s, 240, ptrs, &err), (size_t)240);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), 0ULL);
	memset(ptrs, 0, sizeof(ptrs));
	KUNIT_EXPECT_EQ(test, spcpu_free_bulk(s, 100, ptrs, &err), (size_t)100);
	KUNIT_EXPECT_EQ(test, spcpu_free_bulk(s, 0, ptrs, &err), (size_t)0);
	KUNIT_EXPECT_EQ(test, err, 0);
	spcpu_test_check(test, s);
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

/* up to the first that is none, which is said, and nothing behind it */
static void bulk_free_stops(struct kunit *test)
{
	static const int errs[] = { -EINVAL, -ENOENT, -EFAULT };
	struct spcpu *s = spcpu_cached_create(test, true);
	void __percpu *bad[3];
	unsigned int i;
	int err;

	bad[0] = (char __percpu *)spcpu_cached_alloc(test, s, 64, 64) + 4;
	bad[1] = spcpu_cached_alloc(test, s, 64, 64);
	KUNIT_ASSERT_EQ(test, spcpu_cached_free(s, bad[1]), 0);
	spcpu_cache_drain(s);
	bad[2] = (void __percpu __force *)8UL;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_ASSERT_EQ(test, bulk(s, 48, 16, GFP_KERNEL, 10), 0);
		swap(ptrs[7], bad[i]);
		KUNIT_EXPECT_EQ(test, spcpu_free_bulk(s, 10, ptrs, &err),
				(size_t)7);
		KUNIT_EXPECT_EQ(test, err, errs[i]);
		KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), 1ULL + 3);
		KUNIT_EXPECT_EQ(test, spcpu_free_bulk(s, 2, ptrs + 8, &err),
				(size_t)2);
		KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, bad[i]), 0);
	}
	spcpu_test_check(test, s);
}

/* through the API bad ones are logged, and all others freed */
static void bulk_api(struct kunit *test)
{
	void __percpu *some = spcpu_client_alloc(test, 64, 8);
	u64 live = spcpu_cached_live(spcpu_api_allocator());
	struct spcpu_kmsg log;

	memset(ptrs, 0xff, sizeof(ptrs));
	KUNIT_ASSERT_EQ(test, shadow_alloc_percpu_bulk(40, 8, GFP_KERNEL, 100,
						       ptrs), 0);
	expect_bulk(test, spcpu_api_allocator(), 40, 8, 100);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(spcpu_api_allocator()),
			live + 100);

	/* three bad ones in front, in the middle, at the end; and a gap */
	shadow_free_percpu(ptrs[50]);
	shadow_free_percpu(ptrs[0]);
	shadow_free_percpu(ptrs[98]);
	ptrs[0] = (char __percpu *)some + 4;
	ptrs[98] = NULL;
	spcpu_kmsg_mark(&log);
	ptrs[100] = (void __percpu __force *)8UL;
	shadow_free_percpu_bulk(101, ptrs);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(spcpu_api_allocator()), live);
	if (IS_ENABLED(CONFIG_PRINTK))
		KUNIT_EXPECT_LE(test, spcpu_kmsg_count(&log, " refused: "), 3U);
	shadow_free_percpu_bulk(0, ptrs);
	KUNIT_EXPECT_EQ(test, shadow_alloc_percpu_bulk(40, 8, GFP_KERNEL, 0,
						       ptrs), 0);
	KUNIT_EXPECT_EQ(test,
			shadow_alloc_percpu_bulk(0, 8, GFP_KERNEL | __GFP_NOWARN,
						 3, ptrs), -EINVAL);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(spcpu_api_allocator()), live);
}

static struct kunit_case bulk_cases[] = {
	KUNIT_CASE(bulk_numbers),
	KUNIT_CASE(bulk_numbers_without_cache),
	KUNIT_CASE(bulk_all_or_nothing),
	KUNIT_CASE(bulk_refused),
	KUNIT_CASE(bulk_atomic),
	KUNIT_CASE(bulk_free_of_all_kinds),
	KUNIT_CASE(bulk_free_stops),
	KUNIT_CASE(bulk_api),
	{ }
};

struct kunit_suite spcpu_bulk_suite = {
	.name = "shadow_percpu_bulk",
	.init = spcpu_client_init,
	.exit = spcpu_client_exit,
	.test_cases = bulk_cases,
};

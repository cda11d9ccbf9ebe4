// SPDX-License-Identifier: GPL-2.0
/*
 * Prefill: what was set aside is there, for as many as there are, whoever asks and
 * in whatever context; and nothing of it is lost.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/smp.h>

#include "api.h"
#include "cached.h"
#include "client.h"
#include "copies.h"
#include "shadow_percpu.h"
#include "suites.h"

static u64 live(void)
{
	return spcpu_cached_live(spcpu_api_allocator());
}

static struct shadow_percpu_prefill *prefill(struct kunit *test, size_t size,
					     unsigned int nr)
{
	struct shadow_percpu_prefill *pre;

	pre = shadow_percpu_prefill(size, 8, nr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pre);
	return pre;
}

/* in atomic context; each is an object of its own, zeroed, freed as any other */
static void try_all(struct kunit *test, size_t size, unsigned int nr)
{
	struct shadow_percpu_prefill *pre;
	u64 before = live();
	unsigned int i;

	pre = prefill(test, size, nr);
	KUNIT_EXPECT_EQ(test, live(), before + nr);
	for (i = 0; i < nr; i++) {
		void __percpu *ptr;

		preempt_disable();
		ptr = shadow_percpu_take(pre);
		preempt_enable();
		KUNIT_ASSERT_TRUE(test, !!spcpu_client_keep(test, ptr));
		KUNIT_EXPECT_GE(test, shadow_percpu_size(ptr), size);
		KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr, size));
		spcpu_copies_fill(ptr, size, i);
	}
	KUNIT_EXPECT_TRUE(test, !shadow_percpu_take(pre));
	KUNIT_EXPECT_TRUE(test, !shadow_percpu_take(pre));
	KUNIT_EXPECT_EQ(test, live(), before + nr);
	shadow_percpu_prefill_end(pre);
	KUNIT_EXPECT_EQ(test, live(), before + nr);
}

static void prefill_take_all(struct kunit *test)
{
	try_all(test, 8, 1);
	try_all(test, 64, 100);
	try_all(test, 5000, 3);
}

static void prefill_end_gives_back(struct kunit *test)
{
	struct shadow_percpu_prefill *pre;
	u64 before = live();
	void __percpu *ptr;

	pre = prefill(test, 64, 50);
	shadow_percpu_prefill_end(pre);
	KUNIT_EXPECT_EQ(test, live(), before);

	pre = prefill(test, 64, 50);
	ptr = shadow_percpu_take(pre);
	KUNIT_ASSERT_TRUE(test, !!spcpu_client_keep(test, ptr));
	spcpu_copies_fill(ptr, 64, 7);
	shadow_percpu_prefill_end(pre);
	KUNIT_EXPECT_EQ(test, live(), before + 1);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(ptr), (size_t)64);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(ptr, 64, 7));
	shadow_percpu_prefill_end(NULL);
}

static void prefill_refused(struct kunit *test)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;
	u64 before = live();

	KUNIT_EXPECT_TRUE(test, !shadow_percpu_prefill(8, 8, 0, gfp));
	KUNIT_EXPECT_TRUE(test, !shadow_percpu_prefill(0, 8, 4, gfp));
	KUNIT_EXPECT_TRUE(test, !shadow_percpu_prefill(8, 3, 4, gfp));
	KUNIT_EXPECT_TRUE(test, !shadow_percpu_prefill(SHADOW_PERCPU_MAX_SIZE + 1,
						       8, 4, gfp));
	KUNIT_EXPECT_TRUE(test, !shadow_percpu_prefill(8, 8, UINT_MAX, gfp));
	KUNIT_EXPECT_TRUE(test, !shadow_percpu_prefill(8, 8, INT_MAX, gfp));
	KUNIT_EXPECT_EQ(test, live(), before);
}

/* several contexts at a time */

#define NR	2000

/**
 * struct feast - many take from one promise, more than there is
 *
 * @pre: the promise
 * @taken: what was taken
 * @nr: how much
 * @none: how often there was nothing any more
 */
struct feast {
	struct shadow_percpu_prefill *pre;
	void __percpu *taken[NR];
	atomic_t nr;
	atomic_t none;
};

static struct feast *feast;

static void take_one(void)
{
	void __percpu *ptr = shadow_percpu_take(feast->pre);

	if (ptr)
		feast->taken[atomic_inc_return(&feast->nr) - 1] = ptr;
	else
		atomic_inc(&feast->none);
}

static void take_some(void *unused)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		take_one();
}

static void take_in_irq(struct irq_work *irq)
{
	take_some(NULL);
}

/* all CPUs at once, in interrupts, and this thread, which interrupts come into */
static void prefill_taken_by_many(struct kunit *test)
{
	struct irq_work irq = IRQ_WORK_INIT_HARD(take_in_irq);
	unsigned int i, rounds = 0;
	u64 before = live();

	feast = kunit_kzalloc(test, sizeof(*feast), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, feast);
	feast->pre = prefill(test, 8, NR);
	while (!atomic_read(&feast->none)) {
		on_each_cpu(take_some, NULL, false);
		irq_work_queue(&irq);
		take_some(NULL);
		rounds++;
		cond_resched();
	}
	on_each_cpu(take_some, NULL, true);
	irq_work_sync(&irq);

	KUNIT_EXPECT_GT(test, rounds, 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&feast->nr), NR);
	KUNIT_EXPECT_EQ(test, live(), before + NR);
	shadow_percpu_prefill_end(feast->pre);
	KUNIT_EXPECT_EQ(test, live(), before + NR);

	/* each of them once, or a free would be refused, and one stay */
	for (i = 0; i < NR; i++)
		shadow_free_percpu(feast->taken[i]);
	KUNIT_EXPECT_EQ(test, live(), before);
}

static struct kunit_case prefill_cases[] = {
	KUNIT_CASE(prefill_take_all),
	KUNIT_CASE(prefill_end_gives_back),
	KUNIT_CASE(prefill_refused),
	KUNIT_CASE(prefill_taken_by_many),
	{ }
};

struct kunit_suite spcpu_prefill_suite = {
	.name = "shadow_percpu_prefill",
	.init = spcpu_client_init,
	.exit = spcpu_client_exit,
	.test_cases = prefill_cases,
};

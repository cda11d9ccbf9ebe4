// SPDX-License-Identifier: GPL-2.0
/*
 * View: reading while chunks come and go.
 */
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "dump.h"
#include "engine_bitmap.h"
#include "sample.h"
#include "suites.h"
#include "text.h"

/* two threads have up to 16 objects, which need no more than 9 chunks */
#define CHURN_OBJECTS	8
#define ENOUGH_CHUNKS	12
#define ENOUGH_VIEWS	200
#define ENOUGH_DUMPS	20

static bool has_chunk(struct spcpu *s, unsigned int id)
{
	const struct spcpu_chunk *chunk;
	bool found = false;

	spin_lock_irq(&s->lock);
	list_for_each_entry(chunk, &s->chunks, all)
		found |= chunk->id == id;
	spin_unlock_irq(&s->lock);
	return found;
}

static void expect_at(struct kunit *test, struct seq_file *m, loff_t pos,
		      unsigned int id)
{
	const struct spcpu_view *view = m->private;

	KUNIT_ASSERT_PTR_EQ(test, spcpu_map_ops.start(m, &pos), m->private);
	KUNIT_EXPECT_EQ(test, view->chunk->id, id);
	KUNIT_EXPECT_EQ(test, pos, (loff_t)id + 1);
}

static void dumps_go_on_behind_a_chunk_that_left(struct kunit *test)
{
	struct spcpu *s = spcpu_test_bare(test);
	struct seq_file m = { .private = spcpu_test_view(test, s) };
	void __percpu *ptr[6];
	loff_t pos = 4;
	int i;

	/* two in each of chunks 1 to 3, which the first chunk has no room for */
	for (i = 0; i < 6; i++)
		ptr[i] = spcpu_test_alloc(test, s, SZ_32K, 4);
	expect_at(test, &m, 2, 1);
	expect_at(test, &m, 3, 2);

	/* the last one that is free stays as a spare; the worker sees each free */
	for (i = 2; i < 6; i++) {
		spcpu_test_free(test, s, ptr[i]);
		spcpu_test_settle(s);
	}
	KUNIT_ASSERT_FALSE(test, has_chunk(s, 2));
	KUNIT_ASSERT_TRUE(test, has_chunk(s, 3));

	expect_at(test, &m, 2, 1);
	expect_at(test, &m, 3, 3);
	expect_at(test, &m, 4, 3);
	KUNIT_EXPECT_NULL(test, spcpu_map_ops.next(&m, m.private, &pos));
	KUNIT_EXPECT_EQ(test, pos, (loff_t)5);
	KUNIT_EXPECT_NULL(test, spcpu_map_ops.start(&m, &pos));
}

static void dumps_end_at_any_position(struct kunit *test)
{
	static const loff_t far[] = {
		UINT_MAX, UINT_MAX + 1LL, UINT_MAX + 2LL, LLONG_MAX - 1,
	};
	struct spcpu *s = spcpu_test_bare(test);
	struct seq_file m = { .private = spcpu_test_view(test, s) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(far); i++) {
		loff_t pos = far[i];

		KUNIT_EXPECT_NULL(test, spcpu_map_ops.start(&m, &pos));
	}
}

/* a thread that makes an allocator's chunks come and go */
struct churn {
	struct spcpu *s;
	struct task_struct *task;
	u32 seed;
};

static void churn_once(struct spcpu *s, struct rnd_state *rnd,
		       void __percpu **ptr)
{
	if (*ptr) {
		spcpu_free(s, *ptr);
		*ptr = NULL;
		return;
	}
	spcpu_test_request(s, 1 + spcpu_test_below(rnd, SZ_32K), 4, false,
			   GFP_KERNEL, ptr);
}

static void churn_all(struct spcpu *s, void __percpu **ptr, unsigned int nr)
{
	while (nr--) {
		if (ptr[nr])
			spcpu_free(s, ptr[nr]);
		ptr[nr] = NULL;
	}
}

/* objects pile up and are freed again, so that chunks fall free */
static int churn(void *data)
{
	struct churn *c = data;
	void __percpu *ptr[CHURN_OBJECTS] = {};
	struct rnd_state rnd;

	prandom_seed_state(&rnd, c->seed);
	while (!kthread_should_stop()) {
		churn_once(c->s, &rnd,
			   &ptr[spcpu_test_below(&rnd, CHURN_OBJECTS)]);
		if (!spcpu_test_below(&rnd, 32))
			churn_all(c->s, ptr, ARRAY_SIZE(ptr));
		cond_resched();
	}
	churn_all(c->s, ptr, ARRAY_SIZE(ptr));
	return 0;
}

static void stop_churn(void *what)
{
	struct churn *c = what;

	kthread_stop(c->task);
}

static void start_churn(struct kunit *test, struct spcpu *s, u32 seed)
{
	struct churn *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->s = s;
	c->seed = seed;
	c->task = kthread_run(churn, c, "spcpu_churn/%u", seed);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->task);
	spcpu_test_at_exit(test, stop_churn, c);
}

/* a copy that was taken under the lock is one moment's */
static void expect_consistent(struct kunit *test, const struct spcpu_view *view)
{
	const struct spcpu_chunk *chunk = view->chunk;
	const struct spcpu_map *map = &chunk->map;
	int end = spcpu_view_end(view) >> SPCPU_GRANULE_SHIFT;
	int at = chunk->head >> SPCPU_GRANULE_SHIFT;
	int bits, nr = 0;

	KUNIT_ASSERT_EQ(test, map->free_bits,
			map->nr_bits - bitmap_weight(spcpu_bitmap(map)->alloc,
						     map->nr_bits));
	for (;; at += bits, nr++) {
		at = spcpu_map_next(map, at, &bits);
		if (at < 0 || at >= end)
			break;
	}
	KUNIT_ASSERT_EQ(test, nr, chunk->nr_alloc);
}

/* for half a minute at most, until chunks have come and gone under our eyes */
static void views_are_of_one_moment(struct kunit *test)
{
	unsigned long until = jiffies + 30 * HZ;
	struct spcpu *s = spcpu_test_parted(test);
	struct spcpu_view *view = spcpu_test_view(test, s);
	unsigned int id, most = 0, nr = 0;

	start_churn(test, s, 1);
	start_churn(test, s, 2);
	while (time_before(jiffies, until) &&
	       (nr < ENOUGH_VIEWS || most < ENOUGH_CHUNKS)) {
		for (id = 0; spcpu_view_load(view, id); id++) {
			id = view->chunk->id;
			expect_consistent(test, view);
			nr++;
		}
		most = max(most, id);
		cond_resched();
	}
	KUNIT_EXPECT_GE(test, nr, (unsigned int)ENOUGH_VIEWS);
	KUNIT_EXPECT_GE(test, most, (unsigned int)ENOUGH_CHUNKS);
}

static void dumps_work_while_chunks_change(struct kunit *test)
{
	static const struct seq_operations * const ops[] = {
		&spcpu_chunks_ops, &spcpu_map_ops, &spcpu_objects_ops, &spcpu_stats_ops,
	};
	struct spcpu *s = spcpu_test_parted(test);
	struct spcpu_view *view = spcpu_test_view(test, s);
	unsigned int i, nr;

	start_churn(test, s, 3);
	start_churn(test, s, 4);
	for (nr = 0; nr < ENOUGH_DUMPS; nr++) {
		for (i = 0; i < ARRAY_SIZE(ops); i++)
			kunit_kfree(test, spcpu_test_dump(test, ops[i], view));
		kunit_kfree(test, spcpu_test_show(test, spcpu_slots_show, s));
		cond_resched();
	}
}

static struct kunit_case spcpu_view_cases[] = {
	KUNIT_CASE(dumps_go_on_behind_a_chunk_that_left),
	KUNIT_CASE(dumps_end_at_any_position),
	KUNIT_CASE(views_are_of_one_moment),
	KUNIT_CASE(dumps_work_while_chunks_change),
	{}
};

struct kunit_suite spcpu_view_suite = {
	.name = "shadow_percpu_view",
	.test_cases = spcpu_view_cases,
};

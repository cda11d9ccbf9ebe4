// SPDX-License-Identifier: GPL-2.0
/*
 * Follow: a shadow on paper decides as an allocator of ours does, and says so when
 * it does not.
 */
#include <linux/sizes.h>
#include <linux/string.h>

#include "paper.h"
#include "pile.h"
#include "scribe.h"
#include "suites.h"

/**
 * struct scene - a scribe, and one who follows what he writes
 *
 * @w: the scribe
 * @f: who follows
 */
struct scene {
	struct scribe *w;
	struct spcpu_follow *f;
};

static void hand_on(void *to, const struct spcpu_op *op)
{
	struct scene *scene = to;

	const char *why;

	spcpu_follow_op(scene->f, op, &why);
}

static void destroy_follow(void *f)
{
	spcpu_follow_destroy(f);
}

static struct scene *make_scene(struct kunit *test, bool own_way)
{
	const struct spcpu_follow_options options = {
		.own_way = own_way,
		.rehearse = !own_way,
	};
	struct scene *scene = kunit_kzalloc(test, sizeof(*scene), GFP_KERNEL);
	struct spcpu_snapshot *first;

	first = kunit_kzalloc(test, sizeof(*first), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, scene);
	KUNIT_ASSERT_NOT_NULL(test, first);
	scene->w = spcpu_scribe(test, hand_on, scene);
	spcpu_scribe_snapshot(test, scene->w->s, first);
	scene->f = spcpu_follow_create(first, &options);
	KUNIT_ASSERT_NOT_NULL(test, scene->f);
	spcpu_test_at_exit(test, destroy_follow, scene->f);
	return scene;
}

static struct spcpu_follow_stats stats_of(struct scene *scene)
{
	struct spcpu_follow_stats st;

	spcpu_follow_stats(scene->f, &st);
	return st;
}

static void expect_same(struct kunit *test, struct scene *scene)
{
	struct spcpu_snapshot *now;

	now = kunit_kzalloc(test, sizeof(*now), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, now);
	spcpu_scribe_snapshot(test, scene->w->s, now);
	KUNIT_EXPECT_EQ(test, spcpu_follow_compare(scene->f, now), 0);
}

static void expect_all_identical(struct kunit *test, struct scene *scene)
{
	struct spcpu_follow_stats st = stats_of(scene);

	KUNIT_EXPECT_GT(test, st.allocs, 100ULL);
	KUNIT_EXPECT_EQ(test, st.identical, st.allocs);
	KUNIT_EXPECT_EQ(test, st.wrong, 0ULL);
	KUNIT_EXPECT_EQ(test, st.undecidable, 0ULL);
	KUNIT_EXPECT_EQ(test, st.bad, 0ULL);
	KUNIT_EXPECT_EQ(test, st.refused, st.fails);
	KUNIT_EXPECT_EQ(test, st.live, (u64)scene->w->nr);
	expect_same(test, scene);
}

/* sleeping and not, with the worker's doings in between */
static void follow_everything(struct kunit *test)
{
	struct scene *scene = make_scene(test, false);
	struct spcpu_follow_stats st;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		spcpu_scribe_steps(scene->w, 1000, i % 4 * 20);
		spcpu_scribe_worker(scene->w);
	}
	expect_all_identical(test, scene);

	st = stats_of(scene);
	KUNIT_EXPECT_EQ(test, st.passes, 20ULL);
	KUNIT_EXPECT_EQ(test, st.rehearsed, 20ULL);
	KUNIT_EXPECT_EQ(test, st.passes_same, 20ULL);
	KUNIT_EXPECT_GT(test, st.fails, 0ULL);
	KUNIT_EXPECT_GT(test, st.max_chunks, 3ULL);
	KUNIT_EXPECT_EQ(test, st.pages, (u64)scene->w->s->nr_populated);
}

/* chunks that live already, isolated ones among them, are taken over as they are */
static void follow_from_the_middle(struct kunit *test)
{
	struct scene *scene = make_scene(test, false), *late;
	struct spcpu_snapshot *middle;
	struct spcpu_follow_options options = { };

	middle = kunit_kzalloc(test, sizeof(*middle), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, middle);
	spcpu_scribe_steps(scene->w, 5000, 10);
	spcpu_scribe_worker(scene->w);
	spcpu_scribe_steps(scene->w, 1500, 10);
	spcpu_scribe_snapshot(test, scene->w->s, middle);

	late = kunit_kzalloc(test, sizeof(*late), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, late);
	late->w = scene->w;
	late->f = spcpu_follow_create(middle, &options);
	KUNIT_ASSERT_NOT_NULL(test, late->f);
	spcpu_test_at_exit(test, destroy_follow, late->f);
	scene->w->to = late;
	spcpu_scribe_steps(scene->w, 5000, 10);
	spcpu_scribe_worker(scene->w);
	spcpu_scribe_steps(scene->w, 1500, 10);
	expect_all_identical(test, late);
}

static struct spcpu_op alloc_at(u64 base, u32 off, u32 size, u8 flags)
{
	return (struct spcpu_op) {
		.kind = SPCPU_OP_ALLOC, .base = base, .off = off, .size = size,
		.align = 4, .flags = flags,
	};
}

static u64 base_of_first(struct scene *scene)
{
	return spcpu_chunk_base(scene->w->s->first);
}

static void look_for_maps(void *to, const char *text)
{
	unsigned int *found = to;

	if (strstarts(text, "mismatch: event 3,"))
		*found |= BIT(0);
	if (strstarts(text, "  recorded: chunk ") && strstr(text, " offset 8192,"))
		*found |= BIT(1);
	if (strstarts(text, "  shadow: chunk ") && strstr(text, " offset 128,"))
		*found |= BIT(2);
	/* two areas of 64 bytes, of which a character each is shown */
	if (strstarts(text, "  page   0 |##......"))
		*found |= BIT(3);
	if (strstarts(text, "  page   2 |........"))
		*found |= BIT(4);
}

static void follow_says_where(struct kunit *test)
{
	struct scene *scene = make_scene(test, false);
	u64 base = base_of_first(scene);
	const struct spcpu_op ops[] = {
		alloc_at(base, 0, 64, 0),
		alloc_at(base, 64, 64, 0),
		alloc_at(base, SZ_8K, 64, 0),
		alloc_at(base, SZ_16K, 64, 0),
	};
	unsigned int i, found = 0;
	const char *why;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		spcpu_follow_op(scene->f, &ops[i], &why);
	KUNIT_EXPECT_EQ(test, stats_of(scene).identical, 2ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).wrong, 2ULL);
	spcpu_follow_report(scene->f, look_for_maps, &found);
	KUNIT_EXPECT_EQ(test, found, 0x1fU);
}

/* what is wrong, and what nobody can know, are told apart */
static void follow_undecidable(struct kunit *test)
{
	static const u8 flags[] = { SPCPU_OP_LOOSE, SPCPU_OP_BUSY };
	struct scene *scene = make_scene(test, false);
	u64 base = base_of_first(scene);
	struct spcpu_op op;
	const char *why;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		op = alloc_at(base, SZ_8K + i * SZ_4K, 64, flags[i]);
		spcpu_follow_op(scene->f, &op, &why);
	}
	KUNIT_EXPECT_EQ(test, stats_of(scene).undecidable, 2ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).wrong, 0ULL);

	op = alloc_at(base, SZ_16K, 64, 0);
	spcpu_follow_op(scene->f, &op, &why);
	KUNIT_EXPECT_EQ(test, stats_of(scene).wrong, 1ULL);

	op = (struct spcpu_op) { .kind = SPCPU_OP_LOST, .word = 3 };
	spcpu_follow_op(scene->f, &op, &why);
	op = alloc_at(base, SZ_16K + SZ_1K, 64, 0);
	spcpu_follow_op(scene->f, &op, &why);
	KUNIT_EXPECT_EQ(test, stats_of(scene).wrong, 1ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).undecidable, 3ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).lost, 3ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).live, 4ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).live_bytes, 256ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).bad, 0ULL);
}

/* no event, whatever it says, leads astray */
static void follow_what_cannot_be(struct kunit *test)
{
	struct scene *scene = make_scene(test, false);
	u64 base = base_of_first(scene);
	struct spcpu_op ops[] = {
		{ .kind = SPCPU_OP_FREE, .base = base, .off = 64 },
		{ .kind = SPCPU_OP_FREE, .base = 1, .off = 64 },
		{ .kind = SPCPU_OP_FREE, .base = base, .off = UINT_MAX },
		{ .kind = SPCPU_OP_FREE, .base = base, .off = 3 },
		alloc_at(base, 0, 0, 0),
		alloc_at(base, 0, SZ_64K, 0),
		alloc_at(base, 2, 8, 0),
		alloc_at(base, SZ_64K, 8, 0),
		alloc_at(base, UINT_MAX - 3, 8, 0),
		alloc_at(12345, 0, 8, 0),
		{ .kind = SPCPU_OP_ALLOC, .base = base, .size = 8, .align = 3 },
		{ .kind = SPCPU_OP_DESTROY, .base = base },
		{ .kind = SPCPU_OP_DESTROY, .base = 77 },
		{ .kind = SPCPU_OP_CREATE, .base = base },
		{ .kind = SPCPU_OP_STATE, .base = base, .slot = 1 },
		{ .kind = SPCPU_OP_STATE, .base = 78, .slot = 1 },
		{ .kind = 'q' },
	};
	const char *why = NULL;
	unsigned int i;

	/* after the first nothing is certain, and no event a surprise */
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		KUNIT_EXPECT_EQ(test, i ? 0 : -EINVAL,
				spcpu_follow_op(scene->f, &ops[i], &why));
	KUNIT_EXPECT_NOT_NULL(test, why);
	KUNIT_EXPECT_EQ(test, stats_of(scene).bad, (u64)ARRAY_SIZE(ops));
	KUNIT_EXPECT_EQ(test, stats_of(scene).identical, 0ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).live, 0ULL);
}

static int make_chunk(struct scene *scene, unsigned int i)
{
	const struct spcpu_op op = {
		.kind = SPCPU_OP_CREATE, .base = i * SZ_64K,
	};
	const char *why;

	return spcpu_follow_op(scene->f, &op, &why);
}

/* other chunks than those that were made, and are not gone, may not be */
static void follow_pending(struct kunit *test)
{
	struct scene *scene = make_scene(test, false);
	struct spcpu_op op;
	const char *why;
	unsigned int i;

	for (i = 1; i <= 16; i++)
		KUNIT_EXPECT_EQ(test, 0, make_chunk(scene, i));

	/* the first chunk has 24 KB; then the oldest of those made is used */
	op = alloc_at(SZ_64K, 0, SZ_32K, 0);
	KUNIT_EXPECT_EQ(test, 0, spcpu_follow_op(scene->f, &op, &why));
	KUNIT_EXPECT_EQ(test, stats_of(scene).identical, 1ULL);
	KUNIT_EXPECT_EQ(test, stats_of(scene).chunks, 2ULL);

	op = (struct spcpu_op) {
		.kind = SPCPU_OP_DESTROY, .base = 2 * SZ_64K,
	};
	KUNIT_EXPECT_EQ(test, 0, spcpu_follow_op(scene->f, &op, &why));

	/* two are not pending any more */
	KUNIT_EXPECT_EQ(test, 0, make_chunk(scene, 17));
	KUNIT_EXPECT_EQ(test, 0, make_chunk(scene, 18));
	KUNIT_EXPECT_EQ(test, stats_of(scene).bad, 0ULL);
	KUNIT_EXPECT_EQ(test, -EINVAL, make_chunk(scene, 19));

	op = alloc_at(2 * SZ_64K, 0, 8, 0);
	spcpu_follow_op(scene->f, &op, &why);
	KUNIT_EXPECT_EQ(test, stats_of(scene).bad, 2ULL);
}

/* the same policy, left to itself, comes to the same objects */
static void follow_own_way(struct kunit *test)
{
	struct scene *scene = make_scene(test, true);
	struct spcpu *shadow = spcpu_follow_shadow(scene->f);
	struct spcpu_follow_stats st;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		spcpu_scribe_steps(scene->w, 1000, 0);
		spcpu_scribe_worker(scene->w);
	}
	st = stats_of(scene);
	KUNIT_EXPECT_EQ(test, st.bad, 0ULL);
	KUNIT_EXPECT_EQ(test, st.live, (u64)scene->w->nr);
	KUNIT_EXPECT_GT(test, st.max_chunks, 3ULL);
	KUNIT_EXPECT_LE(test, st.pages, st.max_pages);

	/* its own worker has kept the reserve, and no more than a free chunk */
	KUNIT_EXPECT_GE(test, shadow->types[SPCPU_PLAIN].nr_empty_pop,
			SPCPU_EMPTY_POP_PAGES_LOW);
	spin_lock_irq(&shadow->lock);
	KUNIT_EXPECT_FALSE(test,
			   spcpu_has_surplus(shadow,
					     &shadow->types[SPCPU_PLAIN]));
	spin_unlock_irq(&shadow->lock);
}

static struct kunit_case follow_cases[] = {
	KUNIT_CASE(follow_everything),
	KUNIT_CASE(follow_from_the_middle),
	KUNIT_CASE(follow_says_where),
	KUNIT_CASE(follow_undecidable),
	KUNIT_CASE(follow_what_cannot_be),
	KUNIT_CASE(follow_pending),
	KUNIT_CASE(follow_own_way),
	{ }
};

struct kunit_suite spcpu_follow_suite = {
	.name = "shadow_percpu_follow",
	.test_cases = follow_cases,
};

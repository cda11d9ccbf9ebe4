// SPDX-License-Identifier: GPL-2.0
/*
 * Fit: a place is looked for first and taken later, once there are pages behind
 * it. Two maps with one past: in the one areas are placed in a single step, in
 * the other in two.
 */
#include <linux/bitmap.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "engine.h"
#include "engine_bitmap.h"
#include "fixture.h"
#include "suites.h"

#define PAGES	16
#define AREAS	600
#define STEPS	6000

/**
 * struct twins - two maps that ought to stay the same
 *
 * @one: areas are placed in one step
 * @two: in two
 * @populated: the pages that are backed, of both
 * @rnd: what is done next
 * @areas: where areas begin
 * @nr: how many
 */
struct twins {
	struct spcpu_map one;
	struct spcpu_map two;
	unsigned long populated[BITS_TO_LONGS(PAGES)];
	struct rnd_state rnd;
	int areas[AREAS];
	unsigned int nr;
};

static void exit_map(void *map)
{
	spcpu_map_exit(map);
}

static struct twins *make_twins(struct kunit *test, u64 seed)
{
	struct twins *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	prandom_seed_state(&t->rnd, seed);
	bitmap_fill(t->populated, PAGES);
	KUNIT_ASSERT_EQ(test, 0, spcpu_map_init(&t->one, &spcpu_engine_bitmap,
						PAGES, t->populated,
						GFP_KERNEL));
	spcpu_test_at_exit(test, exit_map, &t->one);
	KUNIT_ASSERT_EQ(test, 0, spcpu_map_init(&t->two, &spcpu_engine_bitmap,
						PAGES, t->populated,
						GFP_KERNEL));
	spcpu_test_at_exit(test, exit_map, &t->two);
	return t;
}

static bool same_bytes(const struct spcpu_map *a, const struct spcpu_map *b)
{
	const struct spcpu_bitmap *x = spcpu_bitmap(a), *y = spcpu_bitmap(b);

	return !memcmp(&x->whole, &y->whole, sizeof(x->whole)) &&
	       !memcmp(x->blocks, y->blocks,
		       a->nr_blocks * sizeof(*x->blocks)) &&
	       bitmap_equal(x->alloc, y->alloc, a->nr_bits) &&
	       bitmap_equal(x->bound, y->bound, a->nr_bits + 1) &&
	       a->free_bits == b->free_bits && a->nr_empty == b->nr_empty;
}

static int some_bits(struct twins *t)
{
	if (spcpu_test_below(&t->rnd, 16))
		return 1 + spcpu_test_below(&t->rnd, 150);
	return 1 + spcpu_test_below(&t->rnd, 4 * SPCPU_BLOCK_BITS);
}

static void place(struct kunit *test, struct twins *t)
{
	int bits = some_bits(t);
	int align = 1 << spcpu_test_below(&t->rnd, 11);
	bool populated = spcpu_test_below(&t->rnd, 2);
	struct spcpu_fit fit;
	int off, err;

	err = spcpu_map_find(&t->two, bits, align, populated, &fit);
	/* nobody has touched the other one yet */
	KUNIT_ASSERT_TRUE(test, same_bytes(&t->one, &t->two));

	off = spcpu_map_alloc(&t->one, bits, align, populated);
	if (err) {
		KUNIT_ASSERT_EQ(test, off, err);
	} else {
		KUNIT_ASSERT_EQ(test, off, fit.off);
		KUNIT_ASSERT_EQ(test, bits, fit.bits);
		spcpu_map_take(&t->two, &fit);
		t->areas[t->nr++] = off;
	}
	KUNIT_ASSERT_TRUE(test, same_bytes(&t->one, &t->two));
}

static void give_back(struct kunit *test, struct twins *t)
{
	u32 which = spcpu_test_below(&t->rnd, t->nr);
	int off = t->areas[which];

	KUNIT_ASSERT_EQ(test, spcpu_map_free(&t->one, off),
			spcpu_map_free(&t->two, off));
	t->areas[which] = t->areas[--t->nr];
}

static void run_twins(struct kunit *test, u64 seed)
{
	struct twins *t = make_twins(test, seed);
	bool filling = true;
	int i;

	for (i = 0; i < STEPS; i++) {
		if (!spcpu_test_below(&t->rnd, 300))
			filling = !filling;
		if (!spcpu_test_below(&t->rnd, 20))
			t->populated[0] = prandom_u32_state(&t->rnd);
		if (t->nr == AREAS ||
		    (t->nr && spcpu_test_below(&t->rnd, 4) == filling))
			give_back(test, t);
		else
			place(test, t);
		cond_resched();
	}
}

static void fit_two_steps(struct kunit *test)
{
	u64 seed;

	for (seed = 1; seed <= 4; seed++)
		run_twins(test, seed);
}

/* looking as often as one likes gives the same answer */
static void fit_looks_again(struct kunit *test)
{
	struct twins *t = make_twins(test, 9);
	struct spcpu_fit a, b;
	int i;

	for (i = 0; i < 40; i++)
		place(test, t);
	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, 0, spcpu_map_find(&t->two, 77, 8, false,
							&a));
		KUNIT_ASSERT_EQ(test, 0, spcpu_map_find(&t->two, 77, 8, false,
							&b));
		KUNIT_ASSERT_EQ(test, 0, memcmp(&a, &b, sizeof(a)));
		spcpu_map_take(&t->two, &a);
		KUNIT_ASSERT_EQ(test, spcpu_map_alloc(&t->one, 77, 8, false),
				a.off);
	}
}

/* every granule against a walk over all areas */
static void expect_around(struct kunit *test, const struct spcpu_map *map)
{
	int at, next, bits, len, i;

	for (at = 0; at < map->nr_bits; at = next) {
		next = spcpu_map_next(map, at, &bits);
		if (next < 0)
			next = map->nr_bits;
		for (i = at; i < next; i++)
			KUNIT_ASSERT_EQ(test, -ENOENT,
					spcpu_map_around(map, i, &len));
		if (next == map->nr_bits)
			break;
		for (i = next; i < next + bits; i++) {
			KUNIT_ASSERT_EQ(test, next,
					spcpu_map_around(map, i, &len));
			KUNIT_ASSERT_EQ(test, len, bits);
		}
		next += bits;
	}
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_map_around(map, -1, &len));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			spcpu_map_around(map, map->nr_bits, &len));
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_map_around(map, INT_MIN, &len));
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_map_around(map, INT_MAX, &len));
}

static void fit_around(struct kunit *test)
{
	struct twins *t = make_twins(test, 5);
	int i;

	expect_around(test, &t->one);
	for (i = 0; i < 300; i++)
		place(test, t);
	expect_around(test, &t->one);
	for (i = 0; i < 150 && t->nr; i++)
		give_back(test, t);
	expect_around(test, &t->one);
}

/* the hidden ends answer as areas */
static void fit_around_hidden_ends(struct kunit *test)
{
	struct twins *t = make_twins(test, 6);
	int bits, end = t->one.nr_bits;

	spcpu_map_hide(&t->one, 0, 10);
	spcpu_map_hide(&t->one, end - 6, 6);
	KUNIT_EXPECT_EQ(test, 0, spcpu_map_around(&t->one, 9, &bits));
	KUNIT_EXPECT_EQ(test, bits, 10);
	KUNIT_EXPECT_EQ(test, end - 6, spcpu_map_around(&t->one, end - 1,
							&bits));
	KUNIT_EXPECT_EQ(test, bits, 6);
	expect_around(test, &t->one);
}

static struct kunit_case fit_cases[] = {
	KUNIT_CASE(fit_two_steps),
	KUNIT_CASE(fit_looks_again),
	KUNIT_CASE(fit_around),
	KUNIT_CASE(fit_around_hidden_ends),
	{ }
};

struct kunit_suite spcpu_fit_suite = {
	.name = "shadow_percpu_fit",
	.test_cases = fit_cases,
};

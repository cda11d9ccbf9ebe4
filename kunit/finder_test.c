// SPDX-License-Identifier: GPL-2.0
/*
 * Finder: pointers into many windows, wherever these are, against a list of them;
 * while windows come and go and the table grows.
 *
 * The windows of these tests are numbers only.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "fixture.h"
#include "quick.h"
#include "suites.h"

#define NR	300

/* units of no power of two, so that a window touches up to three stretches */
static const size_t units[] = {
	SZ_32K, SZ_64K, SZ_64K + SZ_4K, SZ_128K + SZ_32K + SZ_16K + SZ_8K,
	SZ_256K - SZ_4K, SZ_1M,
};

/**
 * struct windows - some of which a finder knows
 *
 * @finder: the finder
 * @unit: bytes of each
 * @nr: how many there are
 * @known: those that the finder should know
 * @cells: where they are; none overlaps another
 */
struct windows {
	struct spcpu_finder finder;
	size_t unit;
	unsigned int nr;
	bool known[NR];
	struct spcpu_cells *cells[NR];
};

static void exit_finder(void *finder)
{
	spcpu_finder_exit(finder);
}

/* @nr windows of which none is known, one every @stride from @base up */
static struct windows *lay_out(struct kunit *test, size_t unit, unsigned int nr,
			       unsigned long base, unsigned long stride)
{
	struct windows *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_EQ(test, 0, spcpu_finder_init(&w->finder, unit));
	spcpu_test_at_exit(test, exit_finder, &w->finder);
	w->unit = unit;
	w->nr = nr;
	for (i = 0; i < nr; i++) {
		w->cells[i] = kunit_kzalloc(test, sizeof(*w->cells[i]),
					    GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, w->cells[i]);
		w->cells[i]->ptr = base + i * stride;
		w->cells[i]->bytes = unit;
	}
	return w;
}

static void add(struct kunit *test, struct windows *w, unsigned int i)
{
	KUNIT_ASSERT_EQ(test, 0, spcpu_finder_add(&w->finder, w->cells[i],
						  GFP_KERNEL));
	w->known[i] = true;
}

static void del(struct windows *w, unsigned int i)
{
	spcpu_finder_del(&w->finder, w->cells[i]);
	w->known[i] = false;
}

static const struct spcpu_cells *model_find(const struct windows *w,
					    unsigned long ptr)
{
	unsigned int i;

	for (i = 0; i < w->nr; i++) {
		if (w->known[i] && ptr - w->cells[i]->ptr < w->cells[i]->bytes)
			return w->cells[i];
	}
	return NULL;
}

static void expect_found(struct kunit *test, const struct windows *w,
			 unsigned long ptr)
{
	const struct spcpu_cells *should = model_find(w, ptr), *cells;
	unsigned long off;
	bool found;

	rcu_read_lock();
	found = spcpu_finder_find(&w->finder, ptr, &cells, &off);
	rcu_read_unlock();
	KUNIT_ASSERT_EQ_MSG(test, found, !!should, "pointer %lx, units of %zu",
			    ptr, w->unit);
	if (!found)
		return;
	KUNIT_ASSERT_PTR_EQ_MSG(test, cells, should,
				"pointer %lx, units of %zu", ptr, w->unit);
	KUNIT_ASSERT_EQ(test, off, ptr - should->ptr);
}

/* at both ends, on either side of them, and wherever a stretch may end */
static void expect_window(struct kunit *test, const struct windows *w,
			  unsigned int i, struct rnd_state *rnd)
{
	unsigned long ptr = w->cells[i]->ptr, off;

	expect_found(test, w, ptr - 1);
	expect_found(test, w, ptr);
	expect_found(test, w, ptr + w->unit - 1);
	expect_found(test, w, ptr + w->unit);
	for (off = 0; off < w->unit; off += SZ_16K)
		expect_found(test, w, ptr + off);
	for (off = 0; off < 4; off++)
		expect_found(test, w, ptr + spcpu_test_below(rnd, w->unit));
}

/* at least half of the places are free, or lookups might not end */
static void expect_table(struct kunit *test, const struct windows *w)
{
	const struct spcpu_finder_table *table;
	unsigned long i, used = 0;
	unsigned int known = 0;

	for (i = 0; i < w->nr; i++)
		known += w->known[i];
	table = rcu_dereference_protected(w->finder.table, true);
	for (i = 0; i <= table->mask; i++)
		used += table->places[i] != &spcpu_nowhere;
	KUNIT_ASSERT_EQ(test, w->finder.nr, known);
	KUNIT_ASSERT_EQ(test, table->used, used);
	KUNIT_ASSERT_LE(test, used * 2, table->mask + 1);
}

static void expect_all(struct kunit *test, const struct windows *w)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 5);
	for (i = 0; i < w->nr; i++)
		expect_window(test, w, i, &rnd);
	expect_found(test, w, 0);
	expect_found(test, w, ~0UL);
	for (i = 0; i < 500; i++)
		expect_found(test, w, (u64)prandom_u32_state(&rnd) << 32 |
				      prandom_u32_state(&rnd));
	expect_table(test, w);
	cond_resched();
}

/* all come, every third goes, and comes back */
static void try_windows(struct kunit *test, size_t unit, unsigned int nr,
			unsigned long base, unsigned long stride)
{
	struct windows *w = lay_out(test, unit, nr, base, stride);
	unsigned int i;

	expect_all(test, w);
	for (i = 0; i < w->nr; i++)
		add(test, w, i);
	expect_all(test, w);
	for (i = 0; i < w->nr; i += 3)
		del(w, i);
	expect_all(test, w);
	for (i = 0; i < w->nr; i += 3)
		add(test, w, i);
	expect_all(test, w);
	for (i = 0; i < w->nr; i++)
		del(w, i);
	expect_all(test, w);
	spcpu_test_drop(test, &w->finder);
	kunit_kfree(test, w);
}

static void finder_side_by_side(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(units); i++)
		try_windows(test, units[i], NR, 0xffff888012345000, units[i]);
}

/* as far apart as nodes may be, and as the values of the hash are alike */
static void finder_far_apart(struct kunit *test)
{
	static const unsigned long strides[] = {
		SZ_1M, SZ_1G, 1UL << 32, 1UL << 35, (1UL << 40) + SZ_4K,
		1UL << 47, 1UL << 48, (1UL << 52) + SZ_1M,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(strides); i++)
		try_windows(test, SZ_128K + SZ_32K + SZ_16K + SZ_8K, 200,
			    0x7000, strides[i]);
}

/* hashes that are all the same: everybody waits behind everybody */
static void finder_same_hash(struct kunit *test)
{
	unsigned long stretch = 1UL << ilog2(SZ_64K);

	try_windows(test, SZ_64K, 100, 0, stretch << 32);
	try_windows(test, SZ_64K, 100, SZ_64K - SZ_4K, stretch << 32);
}

/* values of pointers go on at 0 */
static void finder_around_0(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		try_windows(test, units[i], 40, -20 * units[i], units[i]);
		try_windows(test, units[i], 40, -20 * units[i] - SZ_4K,
			    units[i]);
		try_windows(test, units[i], 40, SZ_4K - 20 * units[i],
			    units[i]);
		try_windows(test, units[i], 1, 0 - units[i], units[i]);
	}
}

/* in any order, most of the places in the table marks of what was there */
static void finder_come_and_go(struct kunit *test)
{
	struct windows *w = lay_out(test, SZ_128K + SZ_32K + SZ_16K + SZ_8K, NR,
				    -40 * SZ_1M, SZ_256K);
	struct rnd_state rnd;
	unsigned int step, i;

	prandom_seed_state(&rnd, 11);
	for (step = 0; step < 20000; step++) {
		/* many at times, few at others */
		i = spcpu_test_below(&rnd, step / 1000 % 3 ? NR : 8);
		if (w->known[i])
			del(w, i);
		else
			add(test, w, i);
		expect_found(test, w, w->cells[i]->ptr + SZ_128K);
		expect_found(test, w, w->cells[spcpu_test_below(&rnd, NR)]->ptr);
		if (step % 1000 == 0)
			expect_all(test, w);
		if (step % 100 == 0)
			expect_table(test, w);
	}
	expect_all(test, w);
}

/* it grows with the windows there are, not with those there were */
static void finder_stays_small(struct kunit *test)
{
	struct windows *w = lay_out(test, SZ_64K, NR, 0, SZ_1M);
	const struct spcpu_finder_table *table;
	unsigned int i, j;

	for (i = 0; i < 20; i++) {
		for (j = 0; j < NR; j++) {
			add(test, w, j);
			if (j)
				del(w, j - 1);
		}
		del(w, NR - 1);
	}
	table = rcu_dereference_protected(w->finder.table, true);
	KUNIT_EXPECT_LE(test, table->mask + 1, 64UL);
	expect_all(test, w);
}

/* those that nobody knows, and nothing at all */
static void finder_del_of_unknown(struct kunit *test)
{
	struct windows *w = lay_out(test, SZ_64K + SZ_4K, 20, SZ_4K,
				    SZ_64K + SZ_4K);
	unsigned int i;

	spcpu_finder_del(&w->finder, NULL);
	for (i = 0; i < w->nr; i++)
		spcpu_finder_del(&w->finder, w->cells[i]);
	expect_all(test, w);
	for (i = 0; i < w->nr; i += 2)
		add(test, w, i);
	for (i = 1; i < w->nr; i += 2)
		spcpu_finder_del(&w->finder, w->cells[i]);
	expect_all(test, w);
	for (i = 0; i < 4; i++) {
		del(w, 4);
		expect_all(test, w);
	}
}

static struct kunit_case finder_cases[] = {
	KUNIT_CASE(finder_side_by_side),
	KUNIT_CASE(finder_far_apart),
	KUNIT_CASE(finder_same_hash),
	KUNIT_CASE(finder_around_0),
	KUNIT_CASE(finder_come_and_go),
	KUNIT_CASE(finder_stays_small),
	KUNIT_CASE(finder_del_of_unknown),
	{ }
};

struct kunit_suite spcpu_finder_suite = {
	.name = "shadow_percpu_finder",
	.test_cases = finder_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Index: from an address to its window, against a search through all units.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/gfp.h>

#include "fixture.h"
#include "machine.h"
#include "suites.h"

#define MAX_WINDOWS	16
#define UNIT		SPCPU_MIN_UNIT_SIZE
#define UNIT_PAGES	(UNIT >> PAGE_SHIFT)

/**
 * struct bench - an index and the windows in it
 *
 * @index: the index under test
 * @layout: how the windows lie; their pages are never touched
 * @page: stands for all of them
 * @window: the windows; NULL after it was taken out
 * @nr: how many have been made
 */
struct bench {
	struct spcpu_index index;
	struct spcpu_layout *layout;
	struct page *page;
	struct spcpu_window *window[MAX_WINDOWS];
	unsigned int nr;
};

static void take_out(struct bench *b, unsigned int i)
{
	if (!b->window[i])
		return;

	spcpu_index_del(&b->index, b->window[i], b->layout);
	spcpu_window_destroy(b->window[i], b->layout, NULL);
	b->window[i] = NULL;
}

static void clear_bench(void *what)
{
	struct bench *b = what;
	unsigned int i;

	for (i = 0; i < b->nr; i++)
		take_out(b, i);
	spcpu_index_exit(&b->index);
	spcpu_layout_free(b->layout);
	if (b->page)
		__free_page(b->page);
}

static struct bench *make_bench(struct kunit *test,
				const struct spcpu_machine *m)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	struct spcpu_layout *layout;

	KUNIT_ASSERT_NOT_NULL(test, b);
	layout = spcpu_layout_build(m);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, layout);
	b->layout = layout;
	spcpu_index_init(&b->index, layout->unit_size);
	spcpu_test_at_exit(test, clear_bench, b);

	b->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, b->page);
	return b;
}

/* windows as on this machine */
static struct bench *bench_here(struct kunit *test)
{
	struct spcpu_machine m;
	struct bench *b;

	KUNIT_ASSERT_EQ(test, 0, spcpu_machine_init(&m));
	m.unit_size = UNIT;
	m.reserved_size = 0;
	m.dyn_size = UNIT;
	b = make_bench(test, &m);
	spcpu_machine_exit(&m);
	return b;
}

/*
 * Windows of a machine with holes between its CPUs' numbers, whose lowest unit
 * is not CPU 0's, and whose units are no multiple of a unit apart: cells of the
 * index are cut at other places in each unit. Two units touch.
 */
static struct bench *bench_scattered(struct kunit *test)
{
	static const unsigned long offset[7] = {
		[3] = 100 << PAGE_SHIFT,
		[0] = (100 + UNIT_PAGES + 1) << PAGE_SHIFT,
		[6] = (100 + 2 * UNIT_PAGES + 6) << PAGE_SHIFT,
		[2] = (100 + 3 * UNIT_PAGES + 6) << PAGE_SHIFT,
		[5] = (100 + 9 * UNIT_PAGES + 7) << PAGE_SHIFT,
	};
	static const unsigned long possible = BIT(0) | BIT(2) | BIT(3) |
					      BIT(5) | BIT(6);
	const struct spcpu_machine m = {
		.nr_cpu_ids = ARRAY_SIZE(offset),
		.possible = &possible,
		.offset = offset,
		.dyn_size = UNIT,
		.atom_size = PAGE_SIZE,
		.unit_size = UNIT,
	};

	return make_bench(test, &m);
}

static unsigned int put_in(struct kunit *test, struct bench *b,
			   unsigned int nr_pages)
{
	struct spcpu_window *window;
	unsigned int i;

	KUNIT_ASSERT_LT(test, b->nr, (unsigned int)MAX_WINDOWS);
	window = spcpu_window_create(b->layout, nr_pages, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, window);
	b->window[b->nr] = window;

	for (i = 0; i < b->layout->nr_units * nr_pages; i++)
		window->pages[i] = b->page;
	for (i = 0; i < b->layout->nr_cpu_ids; i++)
		window->units[i].borrowed = true;
	i = b->nr++;
	KUNIT_ASSERT_EQ(test, 0, spcpu_window_map(window, b->layout,
						  spcpu_test_backing(), b->page,
						  GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 0, spcpu_index_add(&b->index, window, b->layout,
						 GFP_KERNEL));
	return i;
}

static bool has_cpu(const struct bench *b, unsigned int cpu)
{
	return b->layout->unit_map[cpu] != SPCPU_NO_UNIT;
}

/* the unit that has an address, looked for in every one there is */
static struct spcpu_window *search(const struct bench *b, unsigned long addr,
				   unsigned long *off)
{
	unsigned int i, cpu;

	for (i = 0; i < b->nr; i++) {
		struct spcpu_window *window = b->window[i];

		for (cpu = 0; window && cpu < b->layout->nr_cpu_ids; cpu++) {
			*off = addr - window->base - b->layout->unit_off[cpu];
			if (has_cpu(b, cpu) &&
			    *off < (size_t)window->nr_pages << PAGE_SHIFT)
				return window;
		}
	}
	return NULL;
}

static void probe(struct kunit *test, struct bench *b, unsigned long addr)
{
	unsigned long off = ~0UL, should_off = ~0UL;
	struct spcpu_window *should = search(b, addr, &should_off);
	struct spcpu_window *found = spcpu_index_find(&b->index, addr, &off);

	KUNIT_ASSERT_PTR_EQ_MSG(test, found, should, "address %lx", addr);
	if (found)
		KUNIT_ASSERT_EQ(test, off, should_off);
}

/* all around the beginning, the end of what is backed, and the end of a unit */
static void probe_unit(struct kunit *test, struct bench *b, unsigned long start,
		       unsigned int nr_pages)
{
	const unsigned long near[] = {
		start, start + PAGE_SIZE, start + UNIT / 2,
		start + ((size_t)nr_pages << PAGE_SHIFT), start + UNIT,
		start + UNIT + PAGE_SIZE, start - UNIT,
	};
	unsigned int i;
	int d;

	for (i = 0; i < ARRAY_SIZE(near); i++) {
		for (d = -1; d <= 1; d++)
			probe(test, b, near[i] + d);
	}
}

static void probe_all(struct kunit *test, struct bench *b)
{
	unsigned int i, cpu;

	for (i = 0; i < b->nr; i++) {
		for (cpu = 0; cpu < b->layout->nr_cpu_ids; cpu++) {
			if (b->window[i] && has_cpu(b, cpu))
				probe_unit(test, b, b->window[i]->base +
					   b->layout->unit_off[cpu],
					   b->window[i]->nr_pages);
		}
		cond_resched();
	}
}

static void put_in_some(struct kunit *test, struct bench *b)
{
	put_in(test, b, UNIT_PAGES);
	put_in(test, b, UNIT_PAGES - 3);
	put_in(test, b, 1);
	put_in(test, b, UNIT_PAGES);
}

static void index_boundaries_here(struct kunit *test)
{
	struct bench *b = bench_here(test);

	put_in_some(test, b);
	probe_all(test, b);
}

static void index_boundaries_scattered(struct kunit *test)
{
	struct bench *b = bench_scattered(test);

	put_in_some(test, b);
	probe_all(test, b);
}

/*
 * The first chunk has pages for a part of its units only. Windows like that
 * must not come so close to each other that two units start in one cell.
 */
static void index_short_windows(struct kunit *test)
{
	struct bench *b = bench_scattered(test);
	unsigned int i;

	for (i = 0; i < MAX_WINDOWS; i++)
		put_in(test, b, 1 + i % 2);
	probe_all(test, b);

	for (i = 0; i < MAX_WINDOWS; i += 3)
		take_out(b, i);
	probe_all(test, b);
}

static void index_ends_of_memory(struct kunit *test)
{
	static const unsigned long ends[] = {
		0, 1, UNIT - 1, UNIT, 2 * UNIT, ~0UL, ~0UL - 1,
		~0UL - UNIT, -2UL * UNIT, LONG_MAX, 1UL + LONG_MAX,
	};
	struct bench *b = bench_scattered(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		probe(test, b, ends[i]);
	put_in_some(test, b);
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		probe(test, b, ends[i]);
}

static void index_random_addresses(struct kunit *test)
{
	struct bench *b = bench_scattered(test);
	struct rnd_state rnd;
	unsigned int i, hits = 0;

	put_in_some(test, b);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 5000; i++) {
		unsigned long base = b->window[i % b->nr]->base;
		unsigned long addr = base - UNIT +
			spcpu_test_below(&rnd, b->layout->span + 2 * UNIT);
		unsigned long off;

		probe(test, b, addr);
		hits += !!search(b, addr, &off);
	}
	KUNIT_EXPECT_GT(test, hits, 500U);
	KUNIT_EXPECT_LT(test, hits, 4500U);
}

static void index_forgets(struct kunit *test)
{
	struct bench *b = bench_here(test);
	unsigned long base, off;
	unsigned int i, cpu;

	put_in_some(test, b);
	for (i = 0; i < b->nr; i++) {
		base = b->window[i]->base;
		take_out(b, i);
		for (cpu = 0; cpu < b->layout->nr_cpu_ids; cpu++) {
			if (has_cpu(b, cpu))
				probe(test, b, base + b->layout->unit_off[cpu]);
		}
		probe_all(test, b);
	}
	KUNIT_EXPECT_TRUE(test, xa_empty(&b->index.units));
	KUNIT_EXPECT_NULL(test, spcpu_index_find(&b->index, base, &off));
}

/* what another window has put into the same cells stays */
static void index_del_of_unknown(struct kunit *test)
{
	struct bench *b = bench_scattered(test);
	struct spcpu_window *other;
	unsigned int i, cpu;

	i = put_in(test, b, UNIT_PAGES);
	other = spcpu_window_create(b->layout, UNIT_PAGES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, other);
	spcpu_index_del(&b->index, other, b->layout);
	probe_all(test, b);

	for (cpu = 0; cpu < b->layout->nr_cpu_ids; cpu++) {
		other->units[cpu] = b->window[i]->units[cpu];
		if (other->units[cpu].window)
			other->units[cpu].window = other;
	}
	spcpu_index_del(&b->index, other, b->layout);
	/* it has neither pages nor addresses of its own */
	spcpu_window_destroy(other, b->layout, NULL);
	probe_all(test, b);
}

static struct kunit_case index_cases[] = {
	KUNIT_CASE(index_boundaries_here),
	KUNIT_CASE(index_boundaries_scattered),
	KUNIT_CASE(index_short_windows),
	KUNIT_CASE(index_ends_of_memory),
	KUNIT_CASE(index_random_addresses),
	KUNIT_CASE(index_forgets),
	KUNIT_CASE(index_del_of_unknown),
	{ }
};

struct kunit_suite spcpu_index_suite = {
	.name = "shadow_percpu_index",
	.test_cases = index_cases,
};

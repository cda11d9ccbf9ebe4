// SPDX-License-Identifier: GPL-2.0
/*
 * Held: what became of an allocator's pages?
 *
 * A test takes a reference to every page behind an allocator. Once that should
 * have given them back, nobody but the test may have a reference, and none may
 * be found any more at the address where it was.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "fixture.h"

/* a page, and the address it was mapped at, if any */
struct held_page {
	struct page *page;
	void *addr;
};

/**
 * struct spcpu_test_pages - pages that a test has references to
 *
 * @nr: how many
 * @max: how many there is room for
 * @at: the pages and where they were mapped
 */
struct spcpu_test_pages {
	unsigned long nr;
	unsigned long max;
	struct held_page at[];
};

static void put_held(void *what)
{
	struct spcpu_test_pages *held = what;
	unsigned long i;

	for (i = 0; i < held->nr; i++)
		put_page(held->at[i].page);
	kvfree(held);
}

static void hold_page(struct spcpu_test_pages *held, struct page *page,
		      void *addr)
{
	if (!page || held->nr == held->max)
		return;

	get_page(page);
	held->at[held->nr++] = (struct held_page) { page, addr };
}

/* without lazy backing all pages are there, with it some may be */
static struct page *page_behind(const void *addr)
{
	return vmalloc_to_page(addr);
}

static void hold_window(struct spcpu_test_pages *held,
			const struct spcpu_window *window,
			const struct cpumask *cpus)
{
	unsigned int cpu, i;

	for_each_cpu(cpu, cpus) {
		for (i = 0; i < window->nr_pages; i++) {
			void *addr = (void *)window->units[cpu].start +
				     (i << PAGE_SHIFT);

			hold_page(held, page_behind(addr), addr);
		}
	}
}

/**
 * spcpu_test_nr_pages() - how many pages there are behind an allocator
 * @s: an allocator that nobody else uses meanwhile
 *
 * Return: Pages of all its units, and the one for the holes between them.
 */
unsigned long spcpu_test_nr_pages(const struct spcpu *s)
{
	return s->nr_populated * cpumask_weight(s->ready_cpus) + 1;
}

/**
 * spcpu_test_hold() - refer to every page behind an allocator
 * @test: the test, at whose end the references are given up
 * @s: an allocator that nobody else uses meanwhile
 *
 * Return: The pages.
 */
struct spcpu_test_pages *spcpu_test_hold(struct kunit *test, struct spcpu *s)
{
	struct spcpu_test_pages *held;
	struct spcpu_chunk *chunk;
	unsigned long max;

	spcpu_test_settle(s);
	max = spcpu_test_nr_pages(s);
	held = kvzalloc(struct_size(held, at, max), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	held->max = max;
	spcpu_test_at_exit(test, put_held, held);

	hold_page(held, s->blank, NULL);
	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk != s->reserved)
			hold_window(held, chunk->window, s->ready_cpus);
	}
	KUNIT_ASSERT_EQ(test, held->nr, max);
	return held;
}

/**
 * spcpu_test_nr_used() - how many of them does somebody else still use?
 * @held: the pages
 *
 * Return: Pages that were not given back.
 */
unsigned long spcpu_test_nr_used(const struct spcpu_test_pages *held)
{
	unsigned long i, nr = 0;

	for (i = 0; i < held->nr; i++)
		nr += page_count(held->at[i].page) > 1;
	return nr;
}

/**
 * spcpu_test_nr_mapped() - how many of them are still where they were?
 * @held: the pages
 *
 * Return: Pages that are found at their old addresses.
 */
unsigned long spcpu_test_nr_mapped(const struct spcpu_test_pages *held)
{
	unsigned long i, nr = 0;

	for (i = 0; i < held->nr; i++) {
		const struct held_page *at = &held->at[i];

		nr += at->addr && vmalloc_to_page(at->addr) == at->page;
	}
	return nr;
}

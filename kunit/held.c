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

static void hold_page(struct spcpu_test_pages *held, void *addr)
{
	struct page *page = vmalloc_to_page(addr);

	if (!page || held->nr == held->max)
		return;

	get_page(page);
	held->at[held->nr++] = (struct held_page) { page, addr };
}

static void hold_window(struct spcpu_test_pages *held,
			const struct spcpu_window *window)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		for (i = 0; i < window->nr_pages; i++)
			hold_page(held, (void *)window->units[cpu].start +
					(i << PAGE_SHIFT));
	}
}

/**
 * spcpu_test_hold() - refer to every page of every chunk
 * @test: the test, at whose end the references are given up
 * @s: an allocator that nobody else uses meanwhile
 *
 * Return: The pages.
 */
struct spcpu_test_pages *spcpu_test_hold(struct kunit *test, struct spcpu *s)
{
	unsigned long max = (unsigned long)spcpu_test_nr_chunks(s) *
			    s->layout->nr_cpus *
			    (s->layout->unit_size >> PAGE_SHIFT);
	struct spcpu_test_pages *held;
	struct spcpu_chunk *chunk;

	spcpu_test_settle(s);
	held = kvzalloc(struct_size(held, at, max), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	held->max = max;
	spcpu_test_at_exit(test, put_held, held);

	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk != s->reserved)
			hold_window(held, chunk->window);
	}
	KUNIT_ASSERT_EQ(test, held->nr, s->nr_populated * s->layout->nr_cpus);
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

	for (i = 0; i < held->nr; i++)
		nr += vmalloc_to_page(held->at[i].addr) == held->at[i].page;
	return nr;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Sparse: allocators with lazy backing whose pages a test moves by hand: their
 * worker waits, and what their backing is asked for is counted.
 */
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/topology.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "sparse.h"

/**
 * spcpu_test_sparse() - make an allocator with lazy backing
 * @test: the test, at whose end it is destroyed
 * @unit_size: bytes of a unit, 0 for the default
 * @f: set to what stands between it and its pages
 *
 * Return: The allocator, with 24 KB in its first chunk and a worker that waits.
 */
struct spcpu *spcpu_test_sparse(struct kunit *test, size_t unit_size,
				struct spcpu_interference **f)
{
	struct spcpu_options options = { };
	struct spcpu *s;

	*f = spcpu_interfere(&spcpu_backing_sparse);
	options.backing = &(*f)->backing;
	s = spcpu_test_create(test, unit_size, 0, SZ_16K + SZ_8K, 0, &options);
	spcpu_interfere_with(s);
	spcpu_test_pause(s);
	return s;
}

/**
 * spcpu_test_for_units() - run a case with units of several sizes
 * @test: the test
 * @run: the case
 */
void spcpu_test_for_units(struct kunit *test, spcpu_sparse_case *run)
{
	static const size_t sizes[] = { SZ_32K, 0 };
	struct spcpu_interference *f;
	struct spcpu *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		s = spcpu_test_sparse(test, sizes[i], &f);
		run(test, s, f);
		spcpu_test_check(test, s);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->unprotected), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->memory_under_lock), 0);
		spcpu_test_drop(test, s);
	}
}

/**
 * spcpu_test_fresh_chunk() - make a chunk that has no pages
 * @test: the test
 * @s: a new allocator
 *
 * Return: The chunk, from which the next objects come: no other has room.
 */
struct spcpu_chunk *spcpu_test_fresh_chunk(struct kunit *test, struct spcpu *s)
{
	spcpu_test_alloc(test, s, spcpu_chunk_contig_bytes(s->first), 4);
	KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	return list_last_entry(&s->chunks, struct spcpu_chunk, all);
}

static void pin(struct spcpu *s, struct spcpu_chunk *chunk, int by)
{
	spin_lock_irq(&s->lock);
	chunk->pins += by;
	spin_unlock_irq(&s->lock);
}

/**
 * spcpu_test_populate() - put pages behind a range, for nobody
 * @s: the allocator
 * @chunk: one of its chunks
 * @from: first page
 * @nr: how many
 *
 * Return: As spcpu_populate().
 */
int spcpu_test_populate(struct spcpu *s, struct spcpu_chunk *chunk,
			unsigned int from, unsigned int nr)
{
	const struct spcpu_gap gap = { chunk, from, nr };
	int err;

	pin(s, chunk, 1);
	err = spcpu_populate(s, &gap, GFP_KERNEL);
	pin(s, chunk, -1);
	return err;
}

/**
 * spcpu_test_depopulate() - have a chunk give its empty pages back
 * @s: the allocator
 * @chunk: one of its chunks; afterwards it is among the others as before
 *
 * Return: Pages given back, of all units together.
 */
unsigned long spcpu_test_depopulate(struct spcpu *s, struct spcpu_chunk *chunk)
{
	unsigned long nr;

	spin_lock_irq(&s->lock);
	spcpu_isolate(s, chunk);
	chunk->pins++;
	spin_unlock_irq(&s->lock);

	nr = spcpu_depopulate(s, chunk, UINT_MAX);

	spin_lock_irq(&s->lock);
	chunk->pins--;
	spcpu_reintegrate(s, chunk);
	spin_unlock_irq(&s->lock);
	return nr;
}

/* at an address there is what is in the slot for it, and on no other node */
static bool page_ok(const struct spcpu *s, struct page *page, unsigned int cpu,
		    const void *addr)
{
	int node = cpu_to_node(cpu);
	long value;

	if (vmalloc_to_page(addr) != page)
		return false;
	if (!page)
		return copy_from_kernel_nofault(&value, addr, sizeof(value)) ==
		       -EFAULT;
	return page != s->blank &&
	       (node == NUMA_NO_NODE || !node_online(node) ||
		page_to_nid(page) == node);
}

/**
 * spcpu_test_expect_pages() - every unit has the same pages, of its own
 * @test: the test
 * @s: the allocator
 * @chunk: one of its chunks
 * @want: bit set: there is one
 */
void spcpu_test_expect_pages(struct kunit *test, struct spcpu *s,
			     struct spcpu_chunk *chunk,
			     const unsigned long *want)
{
	const struct spcpu_window *window = chunk->window;
	unsigned int cpu, i, wrong = 0;

	KUNIT_ASSERT_LE(test, window->nr_pages, SPCPU_TEST_MAX_PAGES + 0U);
	for_each_possible_cpu(cpu) {
		struct page **unit = spcpu_window_unit_pages(window, s->layout,
							     cpu);

		for (i = 0; i < window->nr_pages; i++) {
			void *addr = (void *)(window->units[cpu].start +
					      ((unsigned long)i << PAGE_SHIFT));

			if (!!unit[i] == test_bit(i, want) &&
			    page_ok(s, unit[i], cpu, addr))
				continue;
			wrong++;
			kunit_err(test, "CPU %u, page %u\n", cpu, i);
		}
	}
	KUNIT_ASSERT_EQ(test, wrong, 0U);
}

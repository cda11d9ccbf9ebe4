// SPDX-License-Identifier: GPL-2.0
/*
 * Sparse: chunks that have addresses first, and pages where and when they are
 * needed. Each case for the smallest units there are, which lie far apart, and
 * for those of the default size.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat/resolve.h"
#include "copies.h"
#include "interfere.h"
#include "kmsg.h"
#include "sparse.h"
#include "suites.h"

/* addresses */

static void expect_nothing_there(struct kunit *test, struct spcpu *s,
				 struct spcpu_chunk *chunk)
{
	DECLARE_BITMAP(none, SPCPU_TEST_MAX_PAGES) = { };

	spcpu_test_expect_pages(test, s, chunk, none);
}

static void fresh_chunk(struct kunit *test, struct spcpu *s,
			struct spcpu_interference *f)
{
	unsigned long pages = spcpu_pages_total(&s->pages);
	unsigned long va_pages = s->va_pages;
	struct spcpu_chunk *chunk;

	chunk = spcpu_test_fresh_chunk(test, s);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->pages), 0);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
	KUNIT_EXPECT_EQ(test, chunk->nr_populated, 0);
	KUNIT_EXPECT_EQ(test, chunk->nr_empty_pop, 0);
	KUNIT_EXPECT_TRUE(test, spcpu_chunk_is_free(chunk));

	/* units, and nothing for the distance between them */
	KUNIT_EXPECT_EQ(test, chunk->window->va_pages,
			s->layout->nr_cpus * (s->layout->unit_size >> PAGE_SHIFT));
	KUNIT_EXPECT_EQ(test, s->va_pages - va_pages, chunk->window->va_pages);
	expect_nothing_there(test, s, chunk);
}

static void sparse_fresh_chunk(struct kunit *test)
{
	spcpu_test_for_units(test, fresh_chunk);
}

/* the area that has a unit's first address */
static struct vm_struct *area_of(const struct spcpu_window *window,
				 unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < window->nr_areas; i++) {
		unsigned long from = (unsigned long)window->areas[i]->addr;

		if (window->units[cpu].start - from < window->areas[i]->size)
			return window->areas[i];
	}
	return NULL;
}

static bool is_unit(const struct spcpu *s, const struct spcpu_window *window,
		    unsigned long start)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (start == window->base + s->layout->unit_off[cpu])
			return true;
	}
	return false;
}

/* what lies right behind a unit and is none belongs to nobody of ours */
static void expect_nobody(struct kunit *test, struct spcpu *s,
			  struct spcpu_window *window,
			  unsigned long addr)
{
	struct spcpu_window *found;
	unsigned long off;

	if (is_unit(s, window, addr))
		return;

	/* another chunk's unit may well be there */
	rcu_read_lock();
	found = spcpu_index_find(&s->index, addr, &off);
	rcu_read_unlock();
	KUNIT_EXPECT_PTR_NE(test, found, window);
	KUNIT_EXPECT_PTR_NE(test, vmalloc_to_page((void *)addr), s->blank);
}

static void addresses(struct kunit *test, struct spcpu *s,
		      struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	struct spcpu_window *window = chunk->window;
	unsigned long size = 0;
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		unsigned long start = window->units[cpu].start;
		struct vm_struct *area = area_of(window, cpu);

		KUNIT_EXPECT_EQ(test, start - window->base,
				per_cpu_offset(cpu) -
				per_cpu_offset(s->layout->low_cpu));
		KUNIT_ASSERT_NOT_NULL(test, area);
		KUNIT_EXPECT_LE(test, start + s->layout->unit_size,
				(unsigned long)area->addr + area->size);
		expect_nobody(test, s, window, start + s->layout->unit_size);
	}
	for (i = 0; i < window->nr_areas; i++)
		size += window->areas[i]->size;
	KUNIT_EXPECT_EQ(test, size, s->layout->nr_cpus * s->layout->unit_size);
}

static void sparse_addresses(struct kunit *test)
{
	spcpu_test_for_units(test, addresses);
}

/* pages */

/*
 * Place an object of @size bytes, and expect pages behind it where there were
 * none, for every CPU, and no others. @want has the pages there were.
 */
static void __percpu *expect_placed(struct kunit *test, struct spcpu *s,
				    struct spcpu_interference *f,
				    struct spcpu_chunk *chunk, size_t size,
				    unsigned long *want)
{
	unsigned int first, last, had;
	struct spcpu_place place;
	void __percpu *ptr;

	spcpu_interfere_reset();
	ptr = spcpu_test_alloc(test, s, size, 4);
	place = spcpu_test_place(test, s, ptr);
	KUNIT_ASSERT_EQ(test, place.id, chunk->id);

	first = place.off >> PAGE_SHIFT;
	last = (place.off + place.size - 1) >> PAGE_SHIFT;
	had = bitmap_weight(want, chunk->map.nr_blocks);
	bitmap_set(want, first, last - first + 1);
	KUNIT_EXPECT_EQ(test, (unsigned int)atomic_read(&f->pages),
			(bitmap_weight(want, chunk->map.nr_blocks) - had) *
			s->layout->nr_cpus);
	spcpu_test_expect_pages(test, s, chunk, want);
	spcpu_test_check(test, s);
	return ptr;
}

static void pages_where_needed(struct kunit *test, struct spcpu *s,
			       struct spcpu_interference *f)
{
	static const size_t sizes[] = {
		4, SZ_4K - 4, 8, SZ_4K - 8, SZ_8K + 4, 100, SZ_4K,
	};
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	DECLARE_BITMAP(want, SPCPU_TEST_MAX_PAGES) = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		expect_placed(test, s, f, chunk, sizes[i], want);
}

static void sparse_pages_where_needed(struct kunit *test)
{
	spcpu_test_for_units(test, pages_where_needed);
}

/* a page that has an object has room for more, and leaves with none of them */
static void shared_page(struct kunit *test, struct spcpu *s,
			struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	DECLARE_BITMAP(want, SPCPU_TEST_MAX_PAGES) = { };
	void __percpu *a, *b;

	a = expect_placed(test, s, f, chunk, 64, want);
	spcpu_copies_fill(a, 64, 1);
	b = expect_placed(test, s, f, chunk, 64, want);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->pages), 0);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(b, 64));
	spcpu_copies_fill(b, 64, 2);

	spcpu_test_free(test, s, a);
	KUNIT_EXPECT_EQ(test, spcpu_test_depopulate(s, chunk), 0UL);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(b, 64, 2));
	spcpu_test_expect_pages(test, s, chunk, want);
}

static void sparse_shared_page(struct kunit *test)
{
	spcpu_test_for_units(test, shared_page);
}

/* of pages 0 to 5 some are there already; what is on them stays */
static void some_are_there(struct kunit *test, struct spcpu *s,
			   struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	DECLARE_BITMAP(want, SPCPU_TEST_MAX_PAGES) = { };
	void __percpu *ptr;

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_populate(s, chunk, 1, 1));
	KUNIT_ASSERT_EQ(test, 0, spcpu_test_populate(s, chunk, 3, 2));
	bitmap_set(want, 1, 1);
	bitmap_set(want, 3, 2);
	spcpu_test_expect_pages(test, s, chunk, want);
	KUNIT_EXPECT_EQ(test, chunk->nr_empty_pop, 3);

	ptr = expect_placed(test, s, f, chunk, 6 * SZ_4K - 8, want);
	KUNIT_EXPECT_EQ(test, chunk->nr_populated, 6);
	KUNIT_EXPECT_EQ(test, chunk->nr_empty_pop, 0);
	/* 0, 2 and 5 */
	KUNIT_EXPECT_EQ(test, (unsigned int)atomic_read(&f->shows),
			3 * s->layout->nr_cpus);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr, 6 * SZ_4K - 8));
}

static void sparse_some_are_there(struct kunit *test)
{
	spcpu_test_for_units(test, some_are_there);
}

/* no two copies are the same memory, and each is what __percpu code finds */
static void copies(struct kunit *test, struct spcpu *s,
		   struct spcpu_interference *f)
{
	DECLARE_BITMAP(want, SPCPU_TEST_MAX_PAGES) = { };
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	void __percpu *a = expect_placed(test, s, f, chunk, 3000, want);
	void __percpu *b = expect_placed(test, s, f, chunk, SZ_8K, want);
	unsigned int cpu;
	u32 __percpu *n;

	spcpu_copies_fill(a, 3000, 11);
	spcpu_copies_fill(b, SZ_8K, 12);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(a, 3000, 11));
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(b, SZ_8K, 12));

	n = (u32 __percpu *)expect_placed(test, s, f, chunk, 4, want);
	migrate_disable();
	cpu = smp_processor_id();
	this_cpu_write(*n, 41);
	this_cpu_inc(*n);
	migrate_enable();
	KUNIT_EXPECT_EQ(test, *per_cpu_ptr(n, cpu), 42U);
	*per_cpu_ptr(n, cpu) = 0;
	KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(n, 4));
}

static void sparse_copies(struct kunit *test)
{
	spcpu_test_for_units(test, copies);
}

/* who cannot wait for pages gets what is there, wherever that is */
static void atomic_callers(struct kunit *test, struct spcpu *s,
			   struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	void __percpu *ptr;

	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_test_request(s, 4, 4, false,
							  GFP_NOWAIT, &ptr));
	KUNIT_ASSERT_EQ(test, 0, spcpu_test_populate(s, chunk, 3, 1));
	KUNIT_ASSERT_EQ(test, 0, spcpu_test_populate(s, chunk, 5, 2));
	spcpu_interfere_reset();

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, SZ_8K, 4, false,
						    GFP_NOWAIT, &ptr));
	KUNIT_EXPECT_EQ(test, spcpu_test_place(test, s, ptr).off, 5U * SZ_4K);
	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, 8, 4, false,
						    GFP_ATOMIC, &ptr));
	KUNIT_EXPECT_EQ(test, spcpu_test_place(test, s, ptr).off, 3U * SZ_4K);
	spcpu_copies_fill(ptr, 8, 1);
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_test_request(s, SZ_4K, 4, false,
							  GFP_ATOMIC, &ptr));
	KUNIT_EXPECT_EQ(test, atomic_read(&f->pages), 0);
}

static void sparse_atomic_callers(struct kunit *test)
{
	spcpu_test_for_units(test, atomic_callers);
}

/* the first chunk has all its pages from the start, and keeps them */
static void first_chunk(struct kunit *test, struct spcpu *s,
			struct spcpu_interference *f)
{
	DECLARE_BITMAP(all, SPCPU_TEST_MAX_PAGES);

	bitmap_fill(all, SPCPU_TEST_MAX_PAGES);
	spcpu_test_expect_pages(test, s, s->first, all);
	KUNIT_EXPECT_EQ(test, s->nr_populated, s->first->window->nr_pages);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages),
			s->nr_populated * s->layout->nr_cpus);

	spcpu_shrink(s, ULONG_MAX);
	spcpu_test_expect_pages(test, s, s->first, all);
}

static void sparse_first_chunk(struct kunit *test)
{
	spcpu_test_for_units(test, first_chunk);
}

/* pages leave */

/* one flush for it all, after which, and not before, pages are given back */
static void depopulate(struct kunit *test, struct spcpu *s,
		       struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	DECLARE_BITMAP(want, SPCPU_TEST_MAX_PAGES) = { };
	struct spcpu_test_pages *held;
	unsigned long pages, nr = 4 * s->layout->nr_cpus;
	void __percpu *ptr[7];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		ptr[i] = expect_placed(test, s, f, chunk, SZ_4K, want);
		spcpu_copies_fill(ptr[i], SZ_4K, i);
	}
	held = spcpu_test_hold(test, s);
	pages = spcpu_pages_total(&s->pages);
	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		if (i == 0 || i == 2 || i == 3 || i == 6) {
			spcpu_test_free(test, s, ptr[i]);
			bitmap_clear(want, i, 1);
		}
	}

	spcpu_interfere_reset();
	KUNIT_EXPECT_EQ(test, spcpu_test_depopulate(s, chunk), nr);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->flushes), 1);
	KUNIT_EXPECT_EQ(test, f->pages_at_flush, pages);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages - nr);
	KUNIT_EXPECT_EQ(test, chunk->nr_populated, 3);
	KUNIT_EXPECT_EQ(test, chunk->nr_empty_pop, 0);
	spcpu_test_expect_pages(test, s, chunk, want);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(held), spcpu_test_nr_pages(s));
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_mapped(held),
			spcpu_test_nr_pages(s) - 1);
	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		if (test_bit(i, want))
			KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(ptr[i], SZ_4K,
								  i));
	}

	/* nothing more to do: nothing done */
	KUNIT_EXPECT_EQ(test, spcpu_test_depopulate(s, chunk), 0UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->flushes), 1);
}

static void sparse_depopulate(struct kunit *test)
{
	spcpu_test_for_units(test, depopulate);
}

/* what is read at an address, on the CPU that does it */
static void read_there(void *addr)
{
	unsigned long *at = addr, value;

	*at = copy_from_kernel_nofault(&value, (void *)*at, sizeof(value));
}

/* every CPU has just read from every page, and would know if it still could */
static void no_stale_reads(struct kunit *test, struct spcpu *s,
			   struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	unsigned int cpu, reader, stale = 0;
	unsigned long at;

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_populate(s, chunk, 0, 3));
	for_each_online_cpu(reader) {
		for_each_possible_cpu(cpu) {
			at = chunk->window->units[cpu].start + SZ_4K;
			smp_call_function_single(reader, read_there, &at, true);
			KUNIT_EXPECT_EQ(test, at, 0UL);
		}
	}
	KUNIT_EXPECT_EQ(test, spcpu_test_depopulate(s, chunk),
			3UL * s->layout->nr_cpus);
	for_each_online_cpu(reader) {
		for_each_possible_cpu(cpu) {
			at = chunk->window->units[cpu].start + SZ_4K;
			smp_call_function_single(reader, read_there, &at, true);
			stale += at != -EFAULT;
		}
	}
	KUNIT_EXPECT_EQ(test, stale, 0U);
}

static void sparse_no_stale_reads(struct kunit *test)
{
	spcpu_test_for_units(test, no_stale_reads);
}

/* come, go, come: other pages, zeroed objects, the same addresses */
static void again(struct kunit *test, struct spcpu *s,
		  struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	unsigned long pages = spcpu_pages_total(&s->pages);
	void __percpu *ptr, *before = NULL;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		ptr = spcpu_test_alloc(test, s, SZ_8K, SZ_4K);
		KUNIT_EXPECT_TRUE(test, !before || ptr == before);
		KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr, SZ_8K));
		spcpu_copies_fill(ptr, SZ_8K, i);
		spcpu_test_free(test, s, ptr);
		KUNIT_EXPECT_EQ(test, spcpu_test_depopulate(s, chunk),
				2UL * s->layout->nr_cpus);
		KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
		expect_nothing_there(test, s, chunk);
		before = ptr;
	}
}

static void sparse_again(struct kunit *test)
{
	spcpu_test_for_units(test, again);
}

/* the whole lot goes with the allocator */
static void sparse_gives_back_everything(struct kunit *test)
{
	struct spcpu_interference *f;
	struct spcpu_test_pages *held;
	struct spcpu *s;
	unsigned int i;

	s = spcpu_test_sparse(test, SZ_32K, &f);
	for (i = 0; i < 5; i++)
		spcpu_test_alloc(test, s, SZ_32K - i * SZ_1K, 4);
	held = spcpu_test_hold(test, s);
	spcpu_interfere_reset();
	spcpu_test_drop(test, s);
	/* theirs and the first */
	KUNIT_EXPECT_EQ(test, atomic_read(&f->unmaps), 6);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(held), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_mapped(held), 0UL);
}

/* what it needs from the kernel */

static void sparse_resolves(struct kunit *test)
{
	unsigned long found = 0;
	const struct spcpu_symbol symbols[] = { { "vmalloc_to_page", &found } };

	KUNIT_EXPECT_EQ(test, 0, spcpu_resolve(symbols, 1, "a test", "none"));
	KUNIT_EXPECT_EQ(test, found, (unsigned long)vmalloc_to_page);
}

#define NO_SUCH	"shadow_percpu_knows_no_such"

static void sparse_misses_a_symbol(struct kunit *test)
{
	unsigned long was[3] = { 1, 2, 3 };
	const struct spcpu_symbol symbols[] = {
		{ "pcpu_get_vm_areas", &was[0] },
		{ NO_SUCH, &was[1] },
		{ "init_mm", &was[2] },
	};
	struct spcpu_kmsg log;

	spcpu_kmsg_mark(&log);
	KUNIT_EXPECT_EQ(test, -ENOENT, spcpu_resolve(symbols, 3, "a test", "none"));
	KUNIT_EXPECT_EQ(test, was[0], 1UL);
	KUNIT_EXPECT_EQ(test, was[1], 2UL);
	KUNIT_EXPECT_EQ(test, was[2], 3UL);
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, NO_SUCH ", which"), 1U);
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "a test needs "), 1U);
}

/* not more addresses than there are for anybody, whatever the memory */
static void sparse_too_far_apart(struct kunit *test)
{
	struct spcpu_layout layout = { };
	struct spcpu_kmsg log;

	layout.span = VMALLOC_TOTAL;
	KUNIT_EXPECT_EQ(test, 0, spcpu_backing_sparse.fits(&layout, 1));
	spcpu_kmsg_mark(&log);
	layout.span = VMALLOC_TOTAL + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_backing_sparse.fits(&layout, 1));
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "for mappings"), 1U);
}

static struct kunit_case sparse_cases[] = {
	KUNIT_CASE(sparse_fresh_chunk),
	KUNIT_CASE(sparse_addresses),
	KUNIT_CASE(sparse_pages_where_needed),
	KUNIT_CASE(sparse_shared_page),
	KUNIT_CASE(sparse_some_are_there),
	KUNIT_CASE(sparse_copies),
	KUNIT_CASE(sparse_atomic_callers),
	KUNIT_CASE(sparse_first_chunk),
	KUNIT_CASE(sparse_depopulate),
	KUNIT_CASE(sparse_no_stale_reads),
	KUNIT_CASE(sparse_again),
	KUNIT_CASE(sparse_gives_back_everything),
	KUNIT_CASE(sparse_resolves),
	KUNIT_CASE(sparse_misses_a_symbol),
	KUNIT_CASE(sparse_too_far_apart),
	{ }
};

struct kunit_suite spcpu_sparse_suite = {
	.name = "shadow_percpu_sparse",
	.test_cases = sparse_cases,
};

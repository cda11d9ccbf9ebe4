// SPDX-License-Identifier: GPL-2.0
/*
 * Sparse, failing: whichever page is not to be had, whichever range cannot be
 * shown, whichever window gets no addresses, a call says so and leaves all as it
 * was, and the next one succeeds.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "copies.h"
#include "interfere.h"
#include "kmsg.h"
#include "machine.h"
#include "state.h"
#include "sparse.h"
#include "suites.h"

#define WANTED_PAGES	3
#define WANTED		(WANTED_PAGES * SZ_4K - 100)

/* what must not change, besides what is in a snapshot */
struct before {
	struct spcpu_state *snapshot;
	unsigned long pages;
};

static struct before remember(struct kunit *test, struct spcpu *s)
{
	return (struct before) {
		.snapshot = spcpu_state_take(test, s),
		.pages = spcpu_pages_total(&s->pages),
	};
}

static void expect_as_before(struct kunit *test, struct spcpu *s,
			     const struct before *before, const char *after)
{
	spcpu_state_expect(test, s, before->snapshot, after);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), before->pages);
}

/* refused, for want of memory and with nothing changed */
static void expect_refused(struct kunit *test, struct spcpu *s, size_t size,
			   gfp_t gfp, const struct before *before)
{
	void __percpu *ptr = (void __percpu __force *)s;

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			spcpu_test_request(s, size, 4, false, gfp, &ptr));
	KUNIT_EXPECT_NULL(test, (__force void *)ptr);
	expect_as_before(test, s, before, "an allocation that failed");
}

static void expect_works(struct kunit *test, struct spcpu *s, size_t size)
{
	void __percpu *ptr;

	spcpu_interfere_no_more();
	ptr = spcpu_test_alloc(test, s, size, 4);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr, size));
	spcpu_copies_fill(ptr, size, 3);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(ptr, size, 3));
	spcpu_test_check(test, s);
}

/* a chunk with an object in page 0, and nothing behind the others */
static struct spcpu_chunk *begun_chunk(struct kunit *test, struct spcpu *s)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);

	spcpu_test_alloc(test, s, SZ_4K, 4);
	KUNIT_ASSERT_EQ(test, chunk->nr_populated, 1);
	return chunk;
}

/* page @n of all that are wanted, for every n */
static void no_page(struct kunit *test, struct spcpu *s,
		    struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = begun_chunk(test, s);
	DECLARE_BITMAP(want, SPCPU_TEST_MAX_PAGES) = { BIT(0) };
	struct before before = remember(test, s);
	int n, nr = WANTED_PAGES * s->layout->nr_cpus;

	for (n = 0; n < nr; n++) {
		spcpu_interfere_reset();
		f->fail_page = n;
		expect_refused(test, s, WANTED, GFP_KERNEL, &before);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->pages), n + 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->shows), 0);
	}
	spcpu_test_expect_pages(test, s, chunk, want);
	spcpu_test_check(test, s);
	expect_works(test, s, WANTED);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->pages), 2 * nr);
}

static void sparse_fail_no_page(struct kunit *test)
{
	spcpu_test_for_units(test, no_page);
}

/* the range of unit @n, with @first of its pages shown and hidden again */
static void expect_not_shown(struct kunit *test, struct spcpu *s,
			     struct spcpu_interference *f, int n,
			     unsigned int first, const struct before *before)
{
	unsigned long taken = WANTED_PAGES * s->layout->nr_cpus;

	spcpu_interfere_reset();
	f->fail_show = n;
	f->shown_first = first;
	expect_refused(test, s, WANTED, GFP_KERNEL, before);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->shows), n + 1);
	/* before any of these pages is somebody else's */
	KUNIT_EXPECT_EQ(test, atomic_read(&f->flushes), 1);
	KUNIT_EXPECT_EQ(test, f->pages_at_flush, before->pages + taken);
}

static void not_shown(struct kunit *test, struct spcpu *s,
		      struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = begun_chunk(test, s);
	DECLARE_BITMAP(want, SPCPU_TEST_MAX_PAGES) = { BIT(0) };
	struct before before = remember(test, s);
	int n, nr = s->layout->nr_cpus;

	for (n = 0; n < nr; n++) {
		expect_not_shown(test, s, f, n, 0, &before);
		expect_not_shown(test, s, f, n, 1, &before);
		expect_not_shown(test, s, f, n, WANTED_PAGES, &before);
		spcpu_test_expect_pages(test, s, chunk, want);
	}
	spcpu_test_check(test, s);
	expect_works(test, s, WANTED);
}

static void sparse_fail_not_shown(struct kunit *test)
{
	spcpu_test_for_units(test, not_shown);
}

/* the same for pages that are wanted for nobody in particular */
static void populate(struct kunit *test, struct spcpu *s,
		     struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = begun_chunk(test, s);
	DECLARE_BITMAP(want, SPCPU_TEST_MAX_PAGES) = { BIT(0) };
	struct before before = remember(test, s);

	spcpu_interfere_reset();
	f->fail_page = 3 * s->layout->nr_cpus - 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_test_populate(s, chunk, 4, 3));
	expect_as_before(test, s, &before, "populating without a page");

	spcpu_interfere_reset();
	f->fail_show = s->layout->nr_cpus - 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_test_populate(s, chunk, 4, 3));
	expect_as_before(test, s, &before, "populating without a mapping");
	spcpu_test_expect_pages(test, s, chunk, want);

	/* somebody was there before: his pages stay, ours go back */
	spcpu_interfere_no_more();
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_populate(s, chunk, 5, 1));
	before = remember(test, s);
	KUNIT_EXPECT_EQ(test, -EAGAIN, spcpu_test_populate(s, chunk, 5, 1));
	expect_as_before(test, s, &before, "populating what is there");
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_populate(s, chunk, 4, 3));
	bitmap_set(want, 4, 3);
	spcpu_test_expect_pages(test, s, chunk, want);
}

static void sparse_fail_populate(struct kunit *test)
{
	spcpu_test_for_units(test, populate);
}

/* Pages are missing in two places: those for one alone do not come either. */
static void second_gap(struct kunit *test, struct spcpu *s,
		       struct spcpu_interference *f)
{
	struct spcpu_chunk *chunk = spcpu_test_fresh_chunk(test, s);
	unsigned int n, nr = 2 * s->layout->nr_cpus;
	struct before before;

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_populate(s, chunk, 1, 1));
	before = remember(test, s);
	for (n = 0; n < nr; n++) {
		spcpu_interfere_reset();
		f->fail_page = n;
		expect_refused(test, s, WANTED, GFP_KERNEL, &before);
		spcpu_interfere_reset();
		f->fail_show = n;
		expect_refused(test, s, WANTED, GFP_KERNEL, &before);
		spcpu_test_check(test, s);
	}
	spcpu_interfere_reset();
	expect_works(test, s, WANTED);
}

static void sparse_fail_second_gap(struct kunit *test)
{
	spcpu_test_for_units(test, second_gap);
}

/* nobody has room, and there is no new chunk: the addresses are missing */
static void no_addresses(struct kunit *test, struct spcpu *s,
			 struct spcpu_interference *f)
{
	struct before before;

	spcpu_test_alloc(test, s, SZ_16K, 4);
	before = remember(test, s);
	spcpu_interfere_reset();
	f->fail_map = 0;
	KUNIT_EXPECT_FALSE(test, spcpu_grow(s, GFP_KERNEL));
	expect_as_before(test, s, &before, "growing without addresses");
	expect_refused(test, s, SZ_32K, GFP_KERNEL, &before);
	expect_refused(test, s, SZ_32K, GFP_NOIO, &before);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->maps), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->unmaps), 0);
	spcpu_test_check(test, s);
	expect_works(test, s, SZ_32K);
}

static void sparse_fail_no_addresses(struct kunit *test)
{
	spcpu_test_for_units(test, no_addresses);
}

/* a new chunk, but no page for it: the chunk stays, for those to come */
static void grown_for_nothing(struct kunit *test, struct spcpu *s,
			      struct spcpu_interference *f)
{
	unsigned long pages = spcpu_pages_total(&s->pages);
	struct before before;
	void __percpu *ptr;

	spcpu_interfere_reset();
	f->fail_page = s->layout->nr_cpus - 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_test_request(s, SZ_32K, 4, false,
							  GFP_KERNEL, &ptr));
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 2U);
	spcpu_test_check(test, s);

	before = remember(test, s);
	expect_refused(test, s, SZ_32K, GFP_KERNEL, &before);
	expect_works(test, s, SZ_32K);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 2U);
}

static void sparse_fail_grown_for_nothing(struct kunit *test)
{
	spcpu_test_for_units(test, grown_for_nothing);
}

/* with backing=vmap a chunk wants all its pages at once, and then addresses */
static void sparse_fail_vmap_grow(struct kunit *test)
{
	struct spcpu_interference *f = spcpu_interfere(&spcpu_backing_vmap);
	struct spcpu_options options = { .backing = &f->backing };
	struct before before;
	struct spcpu *s;
	int n, nr;

	s = spcpu_test_create(test, SZ_32K, 0, SZ_16K + SZ_8K, 0, &options);
	spcpu_interfere_with(s);
	spcpu_test_pause(s);
	nr = s->layout->nr_cpus * (SZ_32K >> PAGE_SHIFT);
	before = remember(test, s);

	for (n = 0; n < nr; n++) {
		spcpu_interfere_reset();
		f->fail_page = n;
		KUNIT_EXPECT_FALSE(test, spcpu_grow(s, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, atomic_read(&f->pages), n + 1);
		expect_as_before(test, s, &before, "growing without a page");
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&f->maps), 0);
	expect_refused(test, s, SZ_32K, GFP_KERNEL, &before);

	spcpu_interfere_reset();
	f->fail_map = 0;
	expect_refused(test, s, SZ_32K, GFP_KERNEL, &before);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->pages), nr);
	expect_works(test, s, SZ_32K);
}

/* an allocator is not made by halves either */
static struct spcpu *try_to_create(struct kunit *test,
				   const struct spcpu_options *options)
{
	struct spcpu_layout *layout;
	struct spcpu_machine m;
	struct spcpu *s;

	KUNIT_ASSERT_EQ(test, 0, spcpu_machine_init(&m));
	m.unit_size = SZ_32K;
	m.reserved_size = 0;
	layout = spcpu_layout_build(&m);
	spcpu_machine_exit(&m);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, layout);

	s = spcpu_create(layout, options);
	if (IS_ERR(s))
		spcpu_layout_free(layout);
	return s;
}

static void expect_none_created(struct kunit *test,
				struct spcpu_interference *f,
				enum spcpu_first_mode mode)
{
	const struct spcpu_options options = {
		.first_mode = mode,
		.backing = &f->backing,
	};
	struct spcpu_kmsg log;
	struct spcpu *s;

	spcpu_kmsg_mark(&log);
	s = try_to_create(test, &options);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(s), -ENOMEM);
	if (!IS_ERR(s))
		spcpu_destroy(s);
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "no memory for a first"),
			1U);
}

static void sparse_fail_create(struct kunit *test)
{
	struct spcpu_interference *f = spcpu_interfere(&spcpu_backing_sparse);
	unsigned int n, nr = num_possible_cpus();
	enum spcpu_first_mode mode;

	KUNIT_ASSERT_EQ(test, 0, f->backing.init());
	for (mode = 0; mode < SPCPU_NR_FIRST_MODES; mode++) {
		spcpu_interfere_reset();
		f->fail_map = 0;
		expect_none_created(test, f, mode);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->unmaps), 0);

		for (n = 0; n < nr; n++) {
			spcpu_interfere_reset();
			f->fail_show = n;
			f->shown_first = n & 1;
			expect_none_created(test, f, mode);
			KUNIT_EXPECT_EQ(test, atomic_read(&f->unmaps), 1);
		}
	}
}

static struct kunit_case sparse_fail_cases[] = {
	KUNIT_CASE(sparse_fail_no_page),
	KUNIT_CASE(sparse_fail_not_shown),
	KUNIT_CASE(sparse_fail_populate),
	KUNIT_CASE(sparse_fail_second_gap),
	KUNIT_CASE(sparse_fail_no_addresses),
	KUNIT_CASE(sparse_fail_grown_for_nothing),
	KUNIT_CASE(sparse_fail_vmap_grow),
	KUNIT_CASE(sparse_fail_create),
	{ }
};

struct kunit_suite spcpu_sparse_fail_suite = {
	.name = "shadow_percpu_sparse_fail",
	.test_cases = sparse_fail_cases,
};

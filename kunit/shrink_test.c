// SPDX-License-Identifier: GPL-2.0
/*
 * Shrink: what memory reclaim gets when it asks.
 */
#include <linux/sizes.h>

#include "copies.h"
#include "pile.h"
#include "suites.h"

static unsigned long unit_pages(const struct spcpu *s)
{
	return (s->layout->unit_size >> PAGE_SHIFT) * s->layout->nr_cpus;
}

/* of an allocator that has its first chunk only there is nothing to be had */
static void nothing(struct kunit *test, struct spcpu *s,
		    struct spcpu_interference *f)
{
	unsigned long pages = spcpu_pages_total(&s->pages);

	spcpu_test_alloc(test, s, 64, 8);
	KUNIT_EXPECT_EQ(test, spcpu_shrink_count(s), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_shrink(s, ULONG_MAX), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 1U);
}

static void shrink_nothing(struct kunit *test)
{
	spcpu_test_for_backings(test, nothing);
}

/* chunks with as many pages free as a test leaves in them */
static struct pile *half_empty(struct kunit *test,
			       const struct spcpu_backing *backing)
{
	struct pile *p = spcpu_pile(test, backing);

	spcpu_pile_free(p, 0, 3, 5);
	spcpu_pile_free(p, 1, 0, 3);
	spcpu_pile_free(p, 2, 0, PILE_PAGES);
	return p;
}

/* the free chunk with all its pages, and the pages without objects of others */
static void shrink_sparse(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	unsigned int cpus = p->s->layout->nr_cpus;
	struct spcpu *s = p->s;
	unsigned long pages = spcpu_pages_total(&s->pages);
	struct spcpu_test_pages *held = spcpu_test_hold(test, s);

	spcpu_pile_free(p, 0, 3, 4);
	spcpu_pile_free(p, 1, 0, 3);
	spcpu_pile_free(p, 2, 0, PILE_PAGES);
	KUNIT_EXPECT_EQ(test, spcpu_shrink_count(s), (4UL + 3 + 16) * cpus);
	KUNIT_EXPECT_EQ(test, spcpu_shrink(s, ULONG_MAX), (4UL + 3 + 16) * cpus);
	KUNIT_EXPECT_EQ(test, spcpu_shrink_count(s), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages),
			pages - (4 + 3 + 16) * cpus);
	KUNIT_EXPECT_EQ(test, s->nr_empty, 0UL);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, 0);
	KUNIT_EXPECT_EQ(test, spcpu_slot_holding(s, p->chunk[0]),
			p->plain->slots.sidelined);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(held), spcpu_test_nr_pages(s));
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_mapped(held),
			spcpu_test_nr_pages(s) - 1);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* the free chunk */
static void shrink_vmap(struct kunit *test)
{
	struct pile *p = half_empty(test, &spcpu_backing_vmap);
	struct spcpu *s = p->s;
	unsigned long pages = spcpu_pages_total(&s->pages);
	struct spcpu_test_pages *held = spcpu_test_hold(test, s);

	KUNIT_EXPECT_EQ(test, spcpu_shrink_count(s), unit_pages(s));
	KUNIT_EXPECT_EQ(test, spcpu_shrink(s, ULONG_MAX), unit_pages(s));
	KUNIT_EXPECT_EQ(test, spcpu_shrink_count(s), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_shrink(s, ULONG_MAX), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages),
			pages - unit_pages(s));
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 3U);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(held), spcpu_test_nr_pages(s));
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* asked for little it does not give all */
static void shrink_a_little(struct kunit *test)
{
	struct pile *p = half_empty(test, &spcpu_backing_sparse);
	unsigned int cpus = p->s->layout->nr_cpus;
	struct spcpu *s = p->s;
	unsigned long all, got;

	spcpu_test_check(test, s);
	all = spcpu_shrink_count(s);
	KUNIT_EXPECT_EQ(test, spcpu_shrink(s, 0), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_shrink_count(s), all);

	/* chunks with nothing on them first, then the youngest */
	got = spcpu_shrink(s, 1);
	KUNIT_EXPECT_GT(test, got, 0UL);
	KUNIT_EXPECT_LE(test, got, unit_pages(s));
	KUNIT_EXPECT_EQ(test, spcpu_shrink_count(s), all - got);
	KUNIT_EXPECT_LT(test, got, all);
	got = spcpu_shrink(s, 1);
	KUNIT_EXPECT_EQ(test, got, 3UL * cpus);
	KUNIT_EXPECT_EQ(test, p->chunk[0]->nr_populated, PILE_PAGES);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* who can sleep is served right after, and the reserve comes back with him */
static void refills(struct kunit *test, struct spcpu *s,
		    struct spcpu_interference *f)
{
	struct spcpu_chunk_type *plain = &s->types[SPCPU_PLAIN];
	void __percpu *ptr[6], *none;
	unsigned int i;

	spcpu_test_alloc(test, s, SZ_16K + SZ_8K, 4);
	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		ptr[i] = spcpu_test_alloc(test, s, SZ_8K, 4);
		spcpu_copies_fill(ptr[i], SZ_8K, i);
		spcpu_test_settle(s);
		KUNIT_EXPECT_GE(test, plain->nr_empty_pop,
				SPCPU_EMPTY_POP_PAGES_LOW);
		spcpu_shrink(s, ULONG_MAX);
		spcpu_test_check(test, s);
		if (f->backing.lazy) {
			KUNIT_EXPECT_EQ(test, s->nr_empty, 0UL);
			KUNIT_EXPECT_EQ(test, -ENOMEM,
					spcpu_test_request(s, 4, 4, false,
							   GFP_ATOMIC, &none));
			spcpu_test_settle(s);
			KUNIT_EXPECT_EQ(test, plain->nr_empty_pop,
					SPCPU_EMPTY_POP_PAGES_HIGH);
		}
	}
	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(ptr[i], SZ_8K, i));
}

static void shrink_refills(struct kunit *test)
{
	spcpu_test_for_backings(test, refills);
}

/* both kinds of chunks */
static void both_kinds(struct kunit *test, struct spcpu *s,
		       struct spcpu_interference *f)
{
	unsigned long pages = spcpu_pages_total(&s->pages);
	void __percpu *ptr;

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, 64, 8, false,
						    GFP_KERNEL_ACCOUNT, &ptr));
	spcpu_test_settle(s);
	spcpu_test_free(test, s, ptr);
	spcpu_test_settle(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 2U);
	KUNIT_EXPECT_EQ(test, spcpu_shrink_count(s),
			spcpu_pages_total(&s->pages) - pages);
	spcpu_shrink(s, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 1U);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
}

static void shrink_both_kinds(struct kunit *test)
{
	spcpu_test_for_backings(test, both_kinds);
}

/* somebody puts pages there: his chunk is left alone, be it free or not */
static void shrink_leaves_pinned(struct kunit *test)
{
	struct pile *p = half_empty(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;
	unsigned int i;

	for (i = 0; i < PILE_CHUNKS; i++)
		spcpu_test_pin(s, p->chunk[i], 1);
	spcpu_interfere_reset();
	KUNIT_EXPECT_EQ(test, spcpu_shrink(s, ULONG_MAX), 0UL);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->hides), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->unmaps), 0);

	for (i = 0; i < PILE_CHUNKS; i++)
		spcpu_test_pin(s, p->chunk[i], -1);
	KUNIT_EXPECT_GT(test, spcpu_shrink(s, ULONG_MAX), 0UL);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* what memory reclaim was told to call */
static void registered(struct kunit *test, struct spcpu *s,
		       struct spcpu_interference *f)
{
	unsigned long nr;

	KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	spcpu_test_settle(s);
	nr = spcpu_shrink_count(s);
	KUNIT_EXPECT_EQ(test, nr, f->backing.lazy ? 0UL : unit_pages(s));
	KUNIT_EXPECT_EQ(test, s->shrinker.count(s->shrinker.of), nr);
	KUNIT_EXPECT_EQ(test, s->shrinker.scan(s->shrinker.of, 128), nr);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 1U);
}

static void shrink_registered(struct kunit *test)
{
	spcpu_test_for_backings(test, registered);
}

static struct kunit_case shrink_cases[] = {
	KUNIT_CASE(shrink_nothing),
	KUNIT_CASE(shrink_sparse),
	KUNIT_CASE(shrink_vmap),
	KUNIT_CASE(shrink_a_little),
	KUNIT_CASE(shrink_refills),
	KUNIT_CASE(shrink_both_kinds),
	KUNIT_CASE(shrink_leaves_pinned),
	KUNIT_CASE(shrink_registered),
	{ }
};

struct kunit_suite spcpu_shrink_suite = {
	.name = "shadow_percpu_shrink",
	.test_cases = shrink_cases,
};

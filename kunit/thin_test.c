// SPDX-License-Identifier: GPL-2.0
/*
 * Thin: what is given back when it is quiet; and the reserve, filled up by who
 * took it.
 */
#include <linux/sizes.h>

#include "pile.h"
#include "suites.h"

#define LOW	SPCPU_EMPTY_POP_PAGES_LOW
#define HIGH	SPCPU_EMPTY_POP_PAGES_HIGH

/* the look that finds no allocation since the last one */
static void be_quiet(struct spcpu *s)
{
	s->thin_seen = s->stats.nr_alloc;
	spcpu_thin_work(&s->thin.work);
}

/* all but a few objects of two chunks go: one by policy, the other is reserve */
static struct pile *mess(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);

	spcpu_pile_free(p, 0, 1, PILE_PAGES - 2);
	spcpu_pile_free(p, 1, 3, PILE_PAGES / 4);
	spcpu_test_catch_up(p->s);
	KUNIT_ASSERT_GT(test, p->plain->nr_empty_pop, HIGH);
	return p;
}

static void thin_when_quiet(struct kunit *test)
{
	struct pile *p = mess(test);
	struct spcpu *s = p->s;
	unsigned long pages = spcpu_pages_total(&s->pages);
	int excess = p->plain->nr_empty_pop - HIGH;
	int slot[PILE_CHUNKS];
	unsigned int i;

	for (i = 0; i < PILE_CHUNKS; i++)
		slot[i] = spcpu_slot_holding(s, p->chunk[i]);
	be_quiet(s);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages),
			pages - excess * s->layout->nr_cpus);

	/* who can sleep is served from the same place as before */
	for (i = 0; i < PILE_CHUNKS; i++)
		KUNIT_EXPECT_EQ(test, spcpu_slot_holding(s, p->chunk[i]),
				slot[i]);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);

	/* nothing more to be had */
	spcpu_interfere_reset();
	be_quiet(s);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->flushes), 0);
}

static void thin_not_while_busy(struct kunit *test)
{
	struct pile *p = mess(test);
	struct spcpu *s = p->s;
	int reserve = p->plain->nr_empty_pop;

	spcpu_test_free(test, s, spcpu_test_alloc(test, s, 4, 4));
	spcpu_thin_work(&s->thin.work);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, reserve);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&s->thin));

	/* since then it was quiet */
	spcpu_thin_work(&s->thin.work);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH);
	spcpu_test_check(test, s);
}

/* the pages of the free chunk that is kept are not */
static void thin_free_chunk(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;

	spcpu_pile_free(p, 2, 0, PILE_PAGES);
	spcpu_test_catch_up(s);
	KUNIT_ASSERT_TRUE(test, spcpu_chunk_is_free(p->chunk[2]));
	KUNIT_ASSERT_EQ(test, p->plain->nr_empty_pop, PILE_PAGES);
	be_quiet(s);
	KUNIT_EXPECT_EQ(test, p->chunk[2]->nr_populated, HIGH);
	KUNIT_EXPECT_EQ(test, spcpu_slot_holding(s, p->chunk[2]),
			p->plain->slots.free);
	/* in front, where areas come first */
	KUNIT_EXPECT_TRUE(test, test_bit(0, p->chunk[2]->populated));
	KUNIT_EXPECT_FALSE(test, test_bit(HIGH, p->chunk[2]->populated));
	spcpu_test_check(test, s);
}

static void thin_not_what_is_pinned(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;

	spcpu_pile_free(p, 1, 0, PILE_PAGES - 1);
	spcpu_test_pin(s, p->chunk[1], 1);
	be_quiet(s);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, PILE_PAGES);
	spcpu_test_pin(s, p->chunk[1], -1);
	be_quiet(s);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, HIGH + 1);
	spcpu_test_check(test, s);
}

static void thin_not_vmap(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_vmap);
	struct spcpu *s = p->s;
	unsigned long pages = spcpu_pages_total(&s->pages);

	spcpu_pile_free(p, 1, 0, PILE_PAGES);
	spcpu_test_catch_up(s);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&s->thin));
	be_quiet(s);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
	spcpu_test_check(test, s);
}

/* what a free would have a chunk do, an allocation does not */
static void thin_no_verdict_by_allocation(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;

	/* the last free in chunk 0 found no reserve elsewhere, now there is */
	spcpu_pile_free(p, 0, 0, PILE_PAGES - 1);
	spcpu_pile_free(p, 1, 0, PILE_PAGES / 4 - 1);
	spcpu_pile_free(p, 2, 0, PILE_PAGES / 4 - 1);
	KUNIT_ASSERT_FALSE(test, p->chunk[0]->isolated);
	spin_lock_irq(&s->lock);
	spcpu_pin(s, p->chunk[0]);
	spcpu_unpin(s, p->chunk[0]);
	spin_unlock_irq(&s->lock);
	KUNIT_EXPECT_FALSE(test, p->chunk[0]->isolated);

	/* but a free that came meanwhile is made up for */
	spin_lock_irq(&s->lock);
	spcpu_pin(s, p->chunk[0]);
	spin_unlock_irq(&s->lock);
	spcpu_pile_free(p, 0, PILE_PAGES - 1, 1);
	spcpu_test_free(test, s, spcpu_test_alloc(test, s, 4, 4));
	KUNIT_EXPECT_FALSE(test, p->chunk[0]->isolated);
	spin_lock_irq(&s->lock);
	spcpu_unpin(s, p->chunk[0]);
	spin_unlock_irq(&s->lock);
	KUNIT_EXPECT_TRUE(test, p->chunk[0]->isolated ||
			  spcpu_chunk_is_free(p->chunk[0]));
	spcpu_test_check(test, s);
}

/* the worker is not needed for it */
static void thin_reserve_refilled_by_caller(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;
	void __percpu *ptr;

	spcpu_test_catch_up(s);
	clear_bit(SPCPU_REPLENISHING, &p->plain->flags);
	while (p->plain->nr_empty_pop >= LOW)
		KUNIT_ASSERT_EQ(test, 0,
				spcpu_test_request(s, SZ_4K, SZ_4K, false,
						   GFP_ATOMIC, &ptr));
	spcpu_test_forget_woken(s);

	/* who may not wait for reclaim leaves it to the worker */
	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, 4, 4, false, GFP_NOIO,
						    &ptr));
	KUNIT_EXPECT_LT(test, p->plain->nr_empty_pop, LOW);
	KUNIT_EXPECT_TRUE(test, spcpu_test_woken(s));

	spcpu_test_forget_woken(s);
	spcpu_test_alloc(test, s, 4, 4);
	KUNIT_EXPECT_GE(test, p->plain->nr_empty_pop, HIGH);
	KUNIT_EXPECT_FALSE(test, spcpu_test_woken(s));
	set_bit(SPCPU_REPLENISHING, &p->plain->flags);
	spcpu_test_check(test, s);
}

static struct pile *thinned;

static void free_the_last(struct spcpu *s)
{
	if (thinned->chunk[1]->pins && thinned->chunk[1]->nr_alloc)
		spcpu_pile_free(thinned, 1, PILE_PAGES - 1, 1);
}

/* a free while pages go is looked after when the chunk is let go */
static void thin_while_freed_from(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;

	spcpu_pile_free(p, 1, 0, PILE_PAGES - 1);
	spcpu_pile_free(p, 2, 0, PILE_PAGES);
	spcpu_test_catch_up(s);
	KUNIT_ASSERT_TRUE(test, spcpu_chunk_is_free(p->chunk[2]));
	KUNIT_ASSERT_FALSE(test, p->chunk[1]->isolated);

	thinned = p;
	p->f->at_flush = free_the_last;
	be_quiet(s);
	spcpu_interfere_no_more();
	KUNIT_EXPECT_TRUE(test, spcpu_chunk_is_free(p->chunk[1]));
	KUNIT_EXPECT_TRUE(test, spcpu_test_woken(s));
	spcpu_test_catch_up(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 0U + PILE_CHUNKS);
	spcpu_test_check(test, s);
}

static struct kunit_case thin_cases[] = {
	KUNIT_CASE(thin_when_quiet),
	KUNIT_CASE(thin_not_while_busy),
	KUNIT_CASE(thin_free_chunk),
	KUNIT_CASE(thin_not_what_is_pinned),
	KUNIT_CASE(thin_not_vmap),
	KUNIT_CASE(thin_no_verdict_by_allocation),
	KUNIT_CASE(thin_reserve_refilled_by_caller),
	KUNIT_CASE(thin_while_freed_from),
	{ }
};

struct kunit_suite spcpu_thin_suite = {
	.name = "shadow_percpu_thin",
	.test_cases = thin_cases,
};

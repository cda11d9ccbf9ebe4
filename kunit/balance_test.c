// SPDX-License-Identifier: GPL-2.0
/*
 * Balance: what the worker makes of chunks that have more room than is needed,
 * or less than there should be. It waits while a test makes the mess.
 */
#include <linux/sizes.h>

#include "copies.h"
#include "pile.h"
#include "suites.h"

#define LOW	SPCPU_EMPTY_POP_PAGES_LOW
#define HIGH	SPCPU_EMPTY_POP_PAGES_HIGH

static void expect_slot(struct kunit *test, struct spcpu *s,
			const struct spcpu_chunk *chunk, int slot)
{
	KUNIT_EXPECT_EQ(test, spcpu_slot_holding(s, chunk), slot);
}

/* free chunks: one stays, the one that would be asked first */

static void surplus(struct kunit *test, struct spcpu *s,
		    struct spcpu_interference *f)
{
	struct spcpu_chunk *last;
	unsigned int i;

	spcpu_test_pause(s);
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	last = list_last_entry(&s->chunks, struct spcpu_chunk, all);
	KUNIT_EXPECT_FALSE(test, spcpu_test_woken(s));

	/* anybody who comes by has it looked after, though he needs no chunk */
	spcpu_test_free(test, s, spcpu_test_alloc(test, s, 4, 4));
	KUNIT_EXPECT_TRUE(test, spcpu_test_woken(s));
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 5U);
	spcpu_interfere_reset();
	spcpu_test_resume(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 2U);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->unmaps), 3);
	expect_slot(test, s, last, s->types[SPCPU_PLAIN].slots.free);
}

static void balance_surplus(struct kunit *test)
{
	spcpu_test_for_backings(test, surplus);
}

/* somebody is about to put pages into the chunk that would go */
static void pinned_surplus(struct kunit *test, struct spcpu *s,
			   struct spcpu_interference *f)
{
	struct spcpu_chunk *old, *mid;

	spcpu_test_pause(s);
	KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	old = list_last_entry(&s->chunks, struct spcpu_chunk, all);
	KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	mid = list_last_entry(&s->chunks, struct spcpu_chunk, all);
	KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	spcpu_test_pin(s, old, 1);
	spcpu_test_pin(s, mid, 1);
	spcpu_test_free(test, s, spcpu_test_alloc(test, s, 4, 4));
	spcpu_test_catch_up(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 4U);
	KUNIT_EXPECT_EQ(test, spcpu_shrink(s, 1) > 0, !f->backing.lazy);
	KUNIT_EXPECT_GE(test, s->stats.nr_chunks, 3U);

	spcpu_test_pin(s, old, -1);
	spcpu_test_pin(s, mid, -1);
	spcpu_test_wake(s);
	spcpu_test_resume(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 2U);
}

static void balance_pinned_surplus(struct kunit *test)
{
	spcpu_test_for_backings(test, pinned_surplus);
}

/* pages: a chunk that is mostly empty gives them back */

/* chunk 0 has a reserve of 5 pages, chunk 1 as many as make it give back */
static struct pile *quarter_empty(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);

	spcpu_pile_free(p, 0, 0, HIGH + 1);
	spcpu_pile_free(p, 1, 2, PILE_PAGES / 4 - 1);
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);

	spcpu_pile_free(p, 1, 10, 1);
	KUNIT_EXPECT_TRUE(test, p->chunk[1]->isolated);
	KUNIT_EXPECT_FALSE(test, p->chunk[0]->isolated);
	KUNIT_EXPECT_TRUE(test, spcpu_test_woken(p->s));
	return p;
}

static void balance_gives_back(struct kunit *test)
{
	struct pile *p = quarter_empty(test);
	struct spcpu *s = p->s;
	unsigned long pages = spcpu_pages_total(&s->pages);

	expect_slot(test, s, p->chunk[1], p->plain->slots.to_depopulate);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_empty_pop, PILE_PAGES / 4);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH + 1);
	KUNIT_EXPECT_EQ(test, s->nr_empty, HIGH + 1UL + PILE_PAGES / 4);

	spcpu_test_resume(s);
	expect_slot(test, s, p->chunk[1], p->plain->slots.sidelined);
	KUNIT_EXPECT_TRUE(test, p->chunk[1]->isolated);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, PILE_PAGES * 3 / 4);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_empty_pop, 0);
	KUNIT_EXPECT_EQ(test, p->chunk[0]->nr_populated, PILE_PAGES);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH + 1);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages),
			pages - PILE_PAGES / 4 * s->layout->nr_cpus);
	/* two runs of pages, one flush */
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->flushes), 1);
	KUNIT_EXPECT_EQ(test, p->f->pages_at_flush, pages);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* no more than a reserve elsewhere, or three quarters in use: all stays */
static void balance_keeps(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);

	spcpu_pile_free(p, 0, 0, HIGH);
	spcpu_pile_free(p, 1, 0, PILE_PAGES - 1);
	spcpu_pile_free(p, 2, 0, PILE_PAGES / 4 - 1);
	KUNIT_EXPECT_FALSE(test, p->chunk[2]->isolated);
	KUNIT_EXPECT_FALSE(test, p->chunk[0]->isolated);
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);
	spcpu_test_resume(p->s);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->flushes), 0);
	spcpu_test_check(test, p->s);
}

/* with backing=vmap pages do not leave, whatever there is */
static void balance_vmap_keeps(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_vmap);
	unsigned long pages = spcpu_pages_total(&p->s->pages);

	spcpu_pile_free(p, 0, 0, PILE_PAGES - 1);
	spcpu_pile_free(p, 1, 0, PILE_PAGES - 1);
	spcpu_pile_free(p, 2, 0, PILE_PAGES - 1);
	spcpu_test_resume(p->s);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&p->s->pages), pages);
	KUNIT_EXPECT_FALSE(test, p->chunk[0]->isolated);
	KUNIT_EXPECT_FALSE(test, p->chunk[2]->isolated);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, p->s);
}

/* fuller than the others, and yet asked after them; but before a new one */
static void balance_asked_last(struct kunit *test)
{
	struct pile *p = quarter_empty(test);
	struct spcpu *s = p->s;
	void __percpu *ptr;
	unsigned int i;

	spcpu_test_catch_up(s);
	for (i = 0; i <= HIGH; i++) {
		ptr = spcpu_test_alloc(test, s, SZ_4K, SZ_4K);
		KUNIT_EXPECT_PTR_EQ(test, spcpu_chunk_of(s, ptr),
				    (const struct spcpu_chunk *)p->chunk[0]);
	}
	KUNIT_EXPECT_TRUE(test, p->chunk[1]->isolated);
	spcpu_interfere_reset();
	ptr = spcpu_test_alloc(test, s, SZ_4K, SZ_4K);
	KUNIT_EXPECT_PTR_EQ(test, spcpu_chunk_of(s, ptr),
			    (const struct spcpu_chunk *)p->chunk[1]);
	KUNIT_EXPECT_EQ(test, (unsigned int)atomic_read(&p->f->pages),
			s->layout->nr_cpus);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr, SZ_4K));

	/* one of the others from now on */
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);
	KUNIT_EXPECT_LT(test, spcpu_slot_holding(s, p->chunk[1]),
			p->plain->slots.sidelined);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 1U + PILE_CHUNKS);
	spcpu_test_check(test, s);
	spcpu_test_resume(s);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH);
	/* all there is room for, and the rest in a new chunk */
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, PILE_PAGES);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 2U + PILE_CHUNKS);
	spcpu_pile_expect_values(p);
}

/* the reserve that was elsewhere is used up before the worker comes */
static void balance_helps_out(struct kunit *test)
{
	struct pile *p = quarter_empty(test);
	struct spcpu *s = p->s;

	spcpu_test_alloc(test, s, SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH);
	spcpu_test_alloc(test, s, SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH - 1);
	KUNIT_EXPECT_TRUE(test, p->chunk[1]->isolated);

	spcpu_test_resume(s);
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, PILE_PAGES);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop,
			HIGH - 1 + PILE_PAGES / 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->flushes), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->pages), 0);
	spcpu_test_check(test, s);
}

/* one page less than that: there is enough without it */
static void balance_needs_no_help(struct kunit *test)
{
	struct pile *p = quarter_empty(test);

	spcpu_test_alloc(test, p->s, SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH);
	spcpu_test_resume(p->s);
	expect_slot(test, p->s, p->chunk[1], p->plain->slots.sidelined);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH);
	spcpu_test_check(test, p->s);
}

/* who gave pages back once does so with each that falls free */
static void balance_gives_back_later(struct kunit *test)
{
	struct pile *p = quarter_empty(test);
	struct spcpu *s = p->s;

	spcpu_test_catch_up(s);
	spcpu_interfere_reset();
	spcpu_pile_free(p, 1, 12, 1);
	KUNIT_EXPECT_TRUE(test, spcpu_test_woken(s));
	expect_slot(test, s, p->chunk[1], p->plain->slots.to_depopulate);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH + 1);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_empty_pop, 1);

	spcpu_test_resume(s);
	expect_slot(test, s, p->chunk[1], p->plain->slots.sidelined);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated,
			PILE_PAGES * 3 / 4 - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->flushes), 1);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* the last object of a sidelined chunk goes, and there is no other free chunk */
static void balance_free_at_last(struct kunit *test)
{
	struct pile *p = quarter_empty(test);
	struct spcpu *s = p->s;

	spcpu_test_catch_up(s);
	spcpu_pile_free(p, 1, 0, 2);
	spcpu_pile_free(p, 1, 5, 5);
	spcpu_pile_free(p, 1, 11, 5);
	spcpu_test_catch_up(s);
	KUNIT_EXPECT_TRUE(test, spcpu_chunk_is_free(p->chunk[1]));
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, 0);
	expect_slot(test, s, p->chunk[1], p->plain->slots.free);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 1U + PILE_CHUNKS);
	spcpu_test_check(test, s);

	/* a second one is one too many, and neither has pages */
	spcpu_pile_free(p, 2, 0, PILE_PAGES);
	spcpu_test_resume(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 0U + PILE_CHUNKS);
	KUNIT_EXPECT_EQ(test, p->chunk[0]->nr_populated, PILE_PAGES);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH + 1);
	KUNIT_EXPECT_EQ(test, s->nr_populated,
			PILE_PAGES + s->first->window->nr_pages + 0UL);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* somebody puts pages into it: left alone until he is done */
static void balance_pinned(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;

	spcpu_pile_free(p, 0, 0, HIGH + 1);
	spcpu_test_pin(s, p->chunk[1], 1);
	spcpu_pile_free(p, 1, 0, PILE_PAGES / 2);
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);
	KUNIT_EXPECT_FALSE(test, spcpu_test_woken(s));

	/* pinned between being told to give back and doing it */
	spin_lock_irq(&s->lock);
	spcpu_isolate(s, p->chunk[1]);
	spin_unlock_irq(&s->lock);
	spcpu_test_wake(s);
	spcpu_test_catch_up(s);
	expect_slot(test, s, p->chunk[1], p->plain->slots.to_depopulate);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, PILE_PAGES);
	spcpu_test_pin(s, p->chunk[1], -1);
	spcpu_test_wake(s);
	spcpu_test_resume(s);
	expect_slot(test, s, p->chunk[1], p->plain->slots.sidelined);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, PILE_PAGES / 2);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

static bool let_go(struct spcpu *s, struct spcpu_chunk *chunk)
{
	bool kick;

	spin_lock_irq(&s->lock);
	kick = spcpu_unpin(s, chunk);
	spin_unlock_irq(&s->lock);
	return kick;
}

/* what fell free meanwhile is looked after by the last who lets go */
static void balance_let_go(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;

	spcpu_pile_free(p, 0, 0, HIGH + 1);
	spcpu_test_pin(s, p->chunk[1], 2);
	spcpu_pile_free(p, 1, 0, PILE_PAGES / 2);
	KUNIT_EXPECT_FALSE(test, let_go(s, p->chunk[1]));
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);
	KUNIT_EXPECT_TRUE(test, let_go(s, p->chunk[1]));
	expect_slot(test, s, p->chunk[1], p->plain->slots.to_depopulate);

	/* and again, where it is to give back already */
	spcpu_test_pin(s, p->chunk[1], 1);
	KUNIT_EXPECT_TRUE(test, let_go(s, p->chunk[1]));
	spcpu_test_wake(s);
	spcpu_test_resume(s);
	expect_slot(test, s, p->chunk[1], p->plain->slots.sidelined);
	KUNIT_EXPECT_EQ(test, p->chunk[1]->nr_populated, PILE_PAGES / 2);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* nothing fell free: nothing to look after, whatever the chunk is like */
static void balance_let_go_of_nothing(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;

	/* too few elsewhere when they fall free here, and then enough */
	spcpu_pile_free(p, 1, 0, PILE_PAGES / 2);
	spcpu_pile_free(p, 0, 0, PILE_PAGES / 4 - 1);
	spcpu_pile_free(p, 2, 0, PILE_PAGES / 4 - 1);
	KUNIT_EXPECT_GT(test, p->plain->nr_empty_pop, HIGH + PILE_PAGES / 2);
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);
	spcpu_test_pin(s, p->chunk[1], 1);
	KUNIT_EXPECT_FALSE(test, let_go(s, p->chunk[1]));
	KUNIT_EXPECT_FALSE(test, p->chunk[1]->isolated);
	spcpu_test_check(test, s);
}

/* the reserve */

/* below LOW the worker is woken, and not before, and fills up to HIGH */
static void balance_reserve(struct kunit *test)
{
	struct spcpu_interference *f;
	struct spcpu *s = spcpu_test_with(test, &spcpu_backing_sparse, &f);
	struct spcpu_chunk_type *plain = &s->types[SPCPU_PLAIN];
	int i, left, filled = 0;

	spcpu_test_pause(s);
	for (i = 0; i < 60; i++) {
		spcpu_test_forget_woken(s);
		spcpu_test_alloc(test, s, SZ_4K, SZ_4K);
		left = plain->nr_empty_pop;
		KUNIT_EXPECT_EQ(test, spcpu_test_woken(s), left < LOW);
		spcpu_test_catch_up(s);
		KUNIT_EXPECT_EQ(test, plain->nr_empty_pop,
				left < LOW ? HIGH : left);
		filled += left < LOW;
		spcpu_test_check_chunks(test, s);
	}
	KUNIT_EXPECT_GE(test, filled, 60 / HIGH - 1);
}

/* no memory for it: it comes later, and nothing else has come to harm */
static void balance_reserve_fails(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;
	unsigned long pages = spcpu_pages_total(&s->pages);

	p->f->fail_page = 2 * s->layout->nr_cpus;
	spcpu_test_wake(s);
	spcpu_test_catch_up(s);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, 0);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
	spcpu_test_check(test, s);

	spcpu_interfere_reset();
	p->f->fail_map = 0;
	spcpu_test_wake(s);
	spcpu_test_resume(s);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, HIGH);
	spcpu_test_check(test, s);
}

/* a whole new chunk for it where that is the only way */
static void atomic_room(struct kunit *test, struct spcpu *s,
			struct spcpu_interference *f)
{
	struct spcpu_chunk_type *plain = &s->types[SPCPU_PLAIN];
	void __percpu *ptr;
	unsigned int i;

	spcpu_test_pause(s);
	for (i = 0; i < 20; i++) {
		spcpu_test_forget_woken(s);
		while (!spcpu_test_request(s, SZ_4K, SZ_4K, false, GFP_ATOMIC,
					   &ptr))
			spcpu_copies_fill(ptr, SZ_4K, i);
		KUNIT_EXPECT_EQ(test, plain->nr_empty_pop, 0);
		KUNIT_EXPECT_TRUE(test, plain->atomic_failed);
		KUNIT_EXPECT_TRUE(test, spcpu_test_woken(s));
		spcpu_test_catch_up(s);
		KUNIT_EXPECT_FALSE(test, plain->atomic_failed);
		KUNIT_EXPECT_GE(test, plain->nr_empty_pop, HIGH);
		spcpu_test_check(test, s);
	}
}

static void balance_atomic_room(struct kunit *test)
{
	spcpu_test_for_backings(test, atomic_room);
}

/* the reserve is there, in pieces too small for this one */
static void balance_atomic_large(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;
	void __percpu *ptr;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		spcpu_pile_free(p, i, 1, 1);
		spcpu_pile_free(p, i, 5, 1);
	}
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, 6);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			spcpu_test_request(s, HIGH * SZ_4K, SZ_4K, false,
					   GFP_ATOMIC, &ptr));
	spcpu_test_catch_up(s);
	KUNIT_EXPECT_EQ(test, p->plain->nr_empty_pop, 6 + HIGH);
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, HIGH * SZ_4K, SZ_4K,
						    false, GFP_ATOMIC, &ptr));
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, s);
}

/* accounted objects */

static void accounted(struct kunit *test, struct spcpu *s,
		      struct spcpu_interference *f)
{
	struct spcpu_chunk_type *type = &s->types[SPCPU_ACCOUNTED];
	void __percpu *ptr[80];
	unsigned int i;

	for (i = 0; i < 10; i++)
		spcpu_test_alloc(test, s, SZ_4K, SZ_4K);
	spcpu_test_settle(s);
	/* nobody asked for any yet */
	KUNIT_EXPECT_FALSE(test, type->used);
	KUNIT_EXPECT_EQ(test, type->nr_empty_pop, 0);
	KUNIT_EXPECT_FALSE(test, f->gfp_any & __GFP_ACCOUNT);

	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		gfp_t gfp = i % 3 ? GFP_KERNEL_ACCOUNT : GFP_KERNEL;

		KUNIT_ASSERT_EQ(test, 0,
				spcpu_test_request(s, 1 + i * 40, 8, false, gfp,
						   &ptr[i]));
		KUNIT_EXPECT_EQ(test, !!(i % 3),
				spcpu_is_accounted(s, spcpu_chunk_of(s, ptr[i])));
		spcpu_test_check(test, s);
		KUNIT_EXPECT_GE(test, s->types[SPCPU_PLAIN].nr_empty_pop, LOW);
		KUNIT_EXPECT_TRUE(test, i < 1 || type->nr_empty_pop >= LOW);
	}
	KUNIT_EXPECT_TRUE(test, f->gfp_any & __GFP_ACCOUNT);
	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		spcpu_test_free(test, s, ptr[i]);
	spcpu_test_settle(s);

	/* one that fell free while the worker looked for such has gone now */
	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, 4, 4, false,
						    GFP_KERNEL_ACCOUNT,
						    &ptr[0]));
	spcpu_test_free(test, s, ptr[0]);
	spcpu_test_settle(s);
	KUNIT_EXPECT_LE(test, s->stats.nr_chunks, 4U);
}

static void balance_accounted(struct kunit *test)
{
	spcpu_test_for_backings(test, accounted);
}

/* the first to ask cannot wait: there is nothing yet, and then there is */
static void accounted_atomic(struct kunit *test, struct spcpu *s,
			     struct spcpu_interference *f)
{
	void __percpu *ptr;

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			spcpu_test_request(s, 64, 8, false,
					   GFP_ATOMIC | __GFP_ACCOUNT, &ptr));
	spcpu_test_settle(s);
	KUNIT_EXPECT_GE(test, s->types[SPCPU_ACCOUNTED].nr_empty_pop, HIGH);
	KUNIT_EXPECT_EQ(test, 0,
			spcpu_test_request(s, 64, 8, false,
					   GFP_ATOMIC | __GFP_ACCOUNT, &ptr));
	KUNIT_EXPECT_TRUE(test, spcpu_is_accounted(s, spcpu_chunk_of(s, ptr)));
}

static void balance_accounted_atomic(struct kunit *test)
{
	spcpu_test_for_backings(test, accounted_atomic);
}

static struct kunit_case balance_cases[] = {
	KUNIT_CASE(balance_surplus),
	KUNIT_CASE(balance_pinned_surplus),
	KUNIT_CASE(balance_gives_back),
	KUNIT_CASE(balance_keeps),
	KUNIT_CASE(balance_vmap_keeps),
	KUNIT_CASE(balance_asked_last),
	KUNIT_CASE(balance_helps_out),
	KUNIT_CASE(balance_needs_no_help),
	KUNIT_CASE(balance_gives_back_later),
	KUNIT_CASE(balance_free_at_last),
	KUNIT_CASE(balance_pinned),
	KUNIT_CASE(balance_let_go),
	KUNIT_CASE(balance_let_go_of_nothing),
	KUNIT_CASE(balance_reserve),
	KUNIT_CASE(balance_reserve_fails),
	KUNIT_CASE(balance_atomic_room),
	KUNIT_CASE(balance_atomic_large),
	KUNIT_CASE(balance_accounted),
	KUNIT_CASE(balance_accounted_atomic),
	{ }
};

struct kunit_suite spcpu_balance_suite = {
	.name = "shadow_percpu_balance",
	.test_cases = balance_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Core: allocating and freeing, and the chunks that come and go with it.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fixture.h"
#include "interfere.h"
#include "model.h"
#include "shadow_percpu.h"
#include "suites.h"

/* objects of this size, and no others, are left behind on purpose */
#define LEAKED		1236
#define LEAK_REGEX	"shadow_percpu: leaked: (1236 bytes per CPU|3 objects)"

/* a first chunk that is one free unit, and units of 32 KB: easy to fill */
static struct spcpu *small_units(struct kunit *test)
{
	return spcpu_test_allocator(test, SZ_32K, 0, SZ_32K, 0, NULL,
				    SPCPU_FIRST_EMBED);
}

/* a first chunk that has no room for the largest objects */
static struct spcpu *small_first(struct kunit *test)
{
	return spcpu_test_allocator(test, SZ_32K, SZ_4K, SZ_16K + SZ_8K, 0,
				    NULL, SPCPU_FIRST_EMBED);
}

static unsigned int chunk_of(struct kunit *test, struct spcpu *s,
			     const void __percpu *ptr)
{
	return spcpu_test_place(test, s, ptr).id;
}

/* allocate, and say from which chunk */
static unsigned int served_by(struct kunit *test, struct spcpu *s, size_t size,
			      void __percpu **ptr)
{
	*ptr = spcpu_test_alloc(test, s, size, 4);
	spcpu_test_check(test, s);
	return chunk_of(test, s, *ptr);
}

/* all that an allocator counts */
struct counters {
	struct spcpu_stats stats;
	int nr_empty_pop;
	unsigned long nr_populated;
	unsigned int next_id;
	unsigned int nr_chunks;
	long free_bits;
};

static struct counters count(struct spcpu *s)
{
	struct spcpu_chunk *chunk;
	struct counters c;

	memset(&c, 0, sizeof(c));
	spcpu_test_settle(s);
	c.nr_chunks = spcpu_test_nr_chunks(s);
	spin_lock_irq(&s->lock);
	c.stats = s->stats;
	c.nr_empty_pop = s->types[SPCPU_PLAIN].nr_empty_pop;
	c.nr_populated = s->nr_populated;
	c.next_id = s->next_id;
	list_for_each_entry(chunk, &s->chunks, all)
		c.free_bits += chunk->map.free_bits;
	spin_unlock_irq(&s->lock);
	return c;
}

static void expect_unchanged(struct kunit *test, struct spcpu *s,
			     const struct counters *before)
{
	struct counters now = count(s);

	KUNIT_EXPECT_EQ(test, 0, memcmp(&now, before, sizeof(now)));
	spcpu_test_check(test, s);
}

static void run_model(struct kunit *test, struct spcpu *s, unsigned int steps,
		      unsigned int most)
{
	struct spcpu_test_model *m = spcpu_test_model(test, s, most, 4);

	while (steps--)
		spcpu_test_model_step(m);
	spcpu_test_model_finish(m);
	/* the first chunk, and no more than one to spare */
	KUNIT_EXPECT_LE(test, s->stats.nr_chunks, 2U);
}

static void core_random_embed_32k(struct kunit *test)
{
	run_model(test, spcpu_test_allocator(test, SZ_32K, 0, 0, 0, NULL,
					     SPCPU_FIRST_EMBED), 1500, 150);
}

static void core_random_page_64k(struct kunit *test)
{
	run_model(test, spcpu_test_allocator(test, SZ_64K, SZ_4K, SZ_32K, 0,
					     NULL, SPCPU_FIRST_PAGE), 1500, 200);
}

static void core_random_default_unit(struct kunit *test)
{
	run_model(test, spcpu_test_allocator(test, 0, SZ_8K, SZ_16K + SZ_8K, 0,
					     NULL, SPCPU_FIRST_EMBED), 300, 150);
}

/* placement depends on geometry and calls alone, not on where pages are from */
static void core_same_calls_same_places(struct kunit *test)
{
	struct spcpu *s[2];
	struct spcpu_test_model *m[2];
	struct spcpu_place a, b;
	unsigned int i;

	s[0] = spcpu_test_allocator(test, SZ_32K, SZ_4K, 0, 0, NULL,
				    SPCPU_FIRST_EMBED);
	s[1] = spcpu_test_allocator(test, SZ_32K, SZ_4K, 0, 0, NULL,
				    SPCPU_FIRST_PAGE);
	for (i = 0; i < 2; i++)
		m[i] = spcpu_test_model(test, s[i], 100, 5);

	for (i = 0; i < 300; i++) {
		a = spcpu_test_model_step(m[0]);
		b = spcpu_test_model_step(m[1]);
		KUNIT_ASSERT_EQ(test, a.id, b.id);
		KUNIT_ASSERT_EQ(test, a.off, b.off);
		KUNIT_ASSERT_EQ(test, a.size, b.size);
	}
}

static void expect_object(struct kunit *test, struct spcpu *s, size_t size,
			  size_t align)
{
	void __percpu *ptr = spcpu_test_alloc(test, s, size, align);
	struct spcpu_place place = spcpu_test_place(test, s, ptr);
	unsigned int cpu;

	KUNIT_EXPECT_EQ(test, place.size, ALIGN(size, 4));
	for_each_possible_cpu(cpu) {
		char *copy = per_cpu_ptr(ptr, cpu);

		KUNIT_EXPECT_PTR_EQ(test, PTR_ALIGN(copy, max(align, 4UL)),
				    copy);
		KUNIT_ASSERT_NULL(test, memchr_inv(copy, 0, place.size));
		memset(copy, 0xa5, place.size);
	}
	spcpu_test_free(test, s, ptr);
}

/* every time into memory that the one before wrote all over */
static void core_sizes_and_alignments(struct kunit *test)
{
	static const size_t sizes[] = {
		1, 2, 3, 4, 5, 12, 255, SZ_4K, SZ_4K + 1, SHADOW_PERCPU_MAX_SIZE,
	};
	struct spcpu *s = small_first(test);
	struct counters before;
	unsigned int i;
	size_t align;

	expect_object(test, s, SHADOW_PERCPU_MAX_SIZE, PAGE_SIZE);
	before = count(s);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (align = 1; align <= PAGE_SIZE; align *= 2)
			expect_object(test, s, sizes[i], align);
		cond_resched();
	}
	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, count(s).free_bits, before.free_bits);
	KUNIT_EXPECT_EQ(test, count(s).next_id, before.next_id);
}

static void core_counts(struct kunit *test)
{
	struct spcpu *s = small_units(test);
	void __percpu *ptr[3];

	ptr[0] = spcpu_test_alloc(test, s, 100, 4);
	ptr[1] = spcpu_test_alloc(test, s, 6, 4);
	ptr[2] = spcpu_test_alloc(test, s, 3000, 4);
	KUNIT_EXPECT_EQ(test, s->stats.nr_alloc, 3ULL);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 3ULL);
	KUNIT_EXPECT_EQ(test, s->stats.min_alloc_size, 8UL);
	KUNIT_EXPECT_EQ(test, s->stats.max_alloc_size, 3000UL);
	KUNIT_EXPECT_EQ(test, s->first->max_alloc_size, 3000UL);

	spcpu_test_free(test, s, ptr[2]);
	KUNIT_EXPECT_EQ(test, s->stats.nr_dealloc, 1ULL);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 2ULL);
	KUNIT_EXPECT_EQ(test, s->first->max_alloc_size, 3000UL);

	spcpu_test_free(test, s, ptr[0]);
	spcpu_test_free(test, s, ptr[1]);
	KUNIT_EXPECT_EQ(test, s->first->max_alloc_size, 0UL);

	spcpu_test_alloc(test, s, 40, 4);
	KUNIT_EXPECT_EQ(test, s->first->max_alloc_size, 40UL);
	KUNIT_EXPECT_EQ(test, s->stats.nr_alloc, 4ULL);
	KUNIT_EXPECT_EQ(test, s->stats.nr_max_alloc, 3ULL);
	KUNIT_EXPECT_EQ(test, s->stats.min_alloc_size, 8UL);
	KUNIT_EXPECT_EQ(test, s->stats.max_alloc_size, 3000UL);
	spcpu_test_check(test, s);
}

/* chunks: they come when there is no room, and go when they are free */

static void core_chunks_come_and_go(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	struct spcpu_test_pages *held;
	void __percpu *ptr[5];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		ptr[i] = spcpu_test_alloc(test, s, SZ_32K, 4);
	spcpu_test_check(test, s);
	/* reserved 0, dynamic 1, and one for each object */
	KUNIT_EXPECT_EQ(test, chunk_of(test, s, ptr[4]), 6U);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 6U);
	held = spcpu_test_hold(test, s);

	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		spcpu_test_free(test, s, ptr[(i + 2) % 5]);
		spcpu_test_check(test, s);
		KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 6 - i);
		KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(held),
				spcpu_test_nr_pages(s));
		KUNIT_EXPECT_EQ(test, spcpu_test_nr_mapped(held),
				spcpu_test_nr_pages(s) - 1);
	}
	KUNIT_EXPECT_EQ(test, s->stats.nr_max_chunks, 6U);

	/* the spare serves the next one, and numbers are not used again */
	ptr[0] = spcpu_test_alloc(test, s, SZ_32K, 4);
	ptr[1] = spcpu_test_alloc(test, s, SZ_32K, 4);
	KUNIT_EXPECT_LE(test, chunk_of(test, s, ptr[0]), 6U);
	KUNIT_EXPECT_EQ(test, chunk_of(test, s, ptr[1]), 7U);
	spcpu_test_check(test, s);
}

/*
 * Nobody waits for a chunk that somebody else is making, so several may be made
 * at once. Whoever finds that too many are free has the worker give them back.
 */
static void core_chunks_made_together(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	unsigned int i;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 5U);

	spcpu_test_alloc(test, s, SZ_32K, 4);
	spcpu_test_settle(s);
	/* the first one, the one in use, and the spare */
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 3U);
	spcpu_test_check(test, s);
}

static void core_gives_back_everything(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	struct spcpu_test_pages *held;
	unsigned int i;

	for (i = 0; i < 3; i++)
		spcpu_test_alloc(test, s, SZ_32K, 4);
	held = spcpu_test_hold(test, s);
	spcpu_test_drop(test, s);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(held), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_mapped(held), 0UL);
}

static bool fail_to_grow(struct spcpu *s)
{
	struct spcpu_breakage was = spcpu_test_break_growth(s);
	bool grown = spcpu_grow(s, GFP_KERNEL);

	spcpu_test_mend_growth(s, was);
	return !grown;
}

static void core_growth_fails(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	struct counters before = count(s);
	struct spcpu_breakage was;
	void __percpu *ptr;
	int err;

	was = spcpu_test_break_growth(s);
	err = spcpu_test_request(s, SZ_32K, 4, false, GFP_KERNEL, &ptr);
	spcpu_test_mend_growth(s, was);

	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_NULL(test, (__force void *)ptr);
	expect_unchanged(test, s, &before);
	spcpu_test_alloc(test, s, SZ_32K, 4);
	spcpu_test_check(test, s);
}

static struct page *(*get_page_really)(int node, gfp_t gfp);
static long pages_left;

static struct page *get_page_if_left(int node, gfp_t gfp)
{
	return pages_left-- > 0 ? get_page_really(node, gfp) : NULL;
}

/* all pages of a chunk are there but for the last one */
static bool fail_to_back(struct spcpu *s)
{
	unsigned long before = spcpu_pages_total(&s->pages);
	void __percpu *ptr;
	int err;

	get_page_really = s->pages.get;
	pages_left = s->layout->nr_cpus * (SZ_32K >> PAGE_SHIFT) - 1;
	s->pages.get = get_page_if_left;
	err = spcpu_test_request(s, SZ_32K, 4, false, GFP_KERNEL, &ptr);
	s->pages.get = get_page_really;
	return err == -ENOMEM && pages_left == -1 &&
	       spcpu_pages_total(&s->pages) == before;
}

/* at the last step: mapping, or the last page where that comes before */
static bool fail_late(struct spcpu *s)
{
	return s->options.backing->lazy ? fail_to_back(s) : fail_to_grow(s);
}

static unsigned long free_pages_now(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram;
}

/* others use memory meanwhile, but not half as much as would be lost */
static void core_failed_growth_keeps_nothing(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	unsigned long before, now, all;
	unsigned int i, rounds = 32;

	all = rounds * s->layout->nr_cpus * (SZ_32K >> PAGE_SHIFT);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, fail_to_grow(s) && fail_late(s));

	before = free_pages_now();
	for (i = 0; i < rounds; i++) {
		KUNIT_ASSERT_TRUE(test, fail_late(s));
		cond_resched();
	}
	now = free_pages_now();
	KUNIT_EXPECT_GT(test, now + all / 2, before);
	spcpu_test_check(test, s);
}

static void core_growth_keeps_flags(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_KERNEL | __GFP_NOWARN,
		GFP_KERNEL | __GFP_NORETRY, GFP_KERNEL_ACCOUNT,
	};
	struct spcpu *s = small_first(test);
	void __percpu *ptr;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, SZ_32K, 4, false,
							    flags[i], &ptr));
	spcpu_test_check(test, s);
}

/* atomic callers */

static void core_atomic_finds_room_later(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	unsigned int i, nr = spcpu_test_wakeups(s, SZ_32K >> PAGE_SHIFT);
	bool lazy = s->options.backing->lazy;
	void __percpu *ptr;

	/* what there is has room for small ones, at once, and then for fewer */
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, SZ_16K, 4, false,
						    GFP_NOWAIT, &ptr));
	KUNIT_EXPECT_EQ(test, chunk_of(test, s, ptr), s->first->id);
	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, lazy ? 2U : 1U);

	/*
	 * and nothing for a large one, until the worker has been there; pages that
	 * the chunk cannot take in the end go into one more
	 */
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				spcpu_test_request(s, SZ_32K, 4, false,
						   GFP_NOWAIT, &ptr));
		KUNIT_EXPECT_NULL(test, (__force void *)ptr);
		spcpu_test_check(test, s);
		KUNIT_EXPECT_EQ(test, s->stats.nr_chunks,
				lazy && i == nr - 1 ? 3U : 2U);
	}
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, SZ_32K, 4, false,
						    GFP_ATOMIC, &ptr));
	spcpu_test_check(test, s);
}

/* the worker's place is taken, so that it does not help meanwhile */
static void do_nothing(struct work_struct *work)
{
}

/* a chunk of which two pages are backed, or say they are */
static struct spcpu_chunk *hardly_backed(struct kunit *test, struct spcpu *s)
{
	struct spcpu_chunk *chunk = spcpu_test_grow(test, s);

	if (s->options.backing->lazy) {
		spcpu_test_back(test, s, chunk, 5, 1);
		spcpu_test_back(test, s, chunk, 7, 1);
	}
	spin_lock_irq(&s->lock);
	chunk->populated[0] = BIT(5) | BIT(7);
	spin_unlock_irq(&s->lock);
	return chunk;
}

/* they get pages that are there; the others may have those that are not */
static void core_atomic_wants_backed_pages(struct kunit *test)
{
	struct spcpu *s = small_units(test);
	work_func_t worker = spcpu_test_swap_worker(s, do_nothing);
	bool lazy = s->options.backing->lazy;
	struct spcpu_chunk *chunk;
	void __percpu *ptr[4];
	int err[4], i;

	/* nobody does the worker's work */
	set_bit(SPCPU_REPLENISHING, &s->types[SPCPU_PLAIN].flags);
	spcpu_test_alloc(test, s, SZ_32K, 4);
	chunk = hardly_backed(test, s);
	for (i = 0; i < 3; i++)
		err[i] = spcpu_test_request(s, SZ_4K, SZ_4K, false, GFP_NOWAIT,
					    &ptr[i]);
	err[3] = spcpu_test_request(s, SZ_4K, SZ_4K, false, GFP_KERNEL,
				    &ptr[3]);
	KUNIT_EXPECT_EQ(test, chunk->populated[0],
			BIT(5) | BIT(7) | (lazy ? BIT(0) : 0));
	spin_lock_irq(&s->lock);
	if (!lazy)
		chunk->populated[0] = BIT(8) - 1;
	spin_unlock_irq(&s->lock);

	KUNIT_ASSERT_EQ(test, err[0], 0);
	KUNIT_ASSERT_EQ(test, err[1], 0);
	KUNIT_EXPECT_EQ(test, err[2], -ENOMEM);
	KUNIT_ASSERT_EQ(test, err[3], 0);
	KUNIT_EXPECT_EQ(test, spcpu_test_place(test, s, ptr[0]).off, 5U * SZ_4K);
	KUNIT_EXPECT_EQ(test, spcpu_test_place(test, s, ptr[1]).off, 7U * SZ_4K);
	KUNIT_EXPECT_EQ(test, spcpu_test_place(test, s, ptr[3]).off, 0U);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, chunk_of(test, s, ptr[i == 2 ? 3 : i]),
				chunk->id);

	/* somebody failed: there is a chunk more, or there are pages */
	spcpu_test_swap_worker(s, worker);
	clear_bit(SPCPU_REPLENISHING, &s->types[SPCPU_PLAIN].flags);
	queue_work(s->wq, &s->balance);
	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, lazy ? 2U : 3U);
	KUNIT_EXPECT_EQ(test, chunk->populated[0],
			lazy ? BIT(5) - 1 + BIT(5) + BIT(7) : BIT(8) - 1);
}

/* no caller ever finds fewer empty pages than that once the worker was there */
static void core_keeps_empty_pages(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	unsigned int i;

	for (i = 0; i < 25; i++) {
		spcpu_test_alloc(test, s, SZ_4K, SZ_4K);
		spcpu_test_check(test, s);
		KUNIT_EXPECT_GE(test, s->types[SPCPU_PLAIN].nr_empty_pop,
				SPCPU_EMPTY_POP_PAGES_LOW);
		/* there were two more than that in the first chunk */
		if (s->options.backing->lazy && i)
			KUNIT_EXPECT_LE(test, s->types[SPCPU_PLAIN].nr_empty_pop,
					max(6 - (int)i - 1,
					    SPCPU_EMPTY_POP_PAGES_HIGH));
	}
	/* 24 KB and 3 * 32 KB hold 25 and two more, and none is for vanity */
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 4U);
}

/* woken for nothing, the worker does nothing, whatever it did before */
static void core_worker_wants_no_more(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	bool lazy = s->options.backing->lazy;
	struct counters before;
	void __percpu *ptr;

	spcpu_test_alloc(test, s, SZ_16K, SZ_4K);
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_test_request(s, SZ_32K, 4, false,
							  GFP_NOWAIT, &ptr));
	spcpu_test_settle(s);
	spcpu_test_alloc(test, s, SZ_32K, 4);

	KUNIT_EXPECT_EQ(test, count(s).nr_empty_pop, SPCPU_EMPTY_POP_PAGES_LOW);
	/* it puts a few pages with those that are left, but a chunk nowhere */
	if (lazy)
		queue_work(s->wq, &s->balance);
	before = count(s);
	KUNIT_EXPECT_EQ(test, before.nr_empty_pop,
			lazy ? SPCPU_EMPTY_POP_PAGES_HIGH :
			       SPCPU_EMPTY_POP_PAGES_LOW);
	queue_work(s->wq, &s->balance);
	expect_unchanged(test, s, &before);
}

static void core_atomic_context(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	int err, err_free;
	void __percpu *ptr;

	local_irq_disable();
	err = spcpu_test_request(s, 64, 64, false, GFP_ATOMIC, &ptr);
	err_free = spcpu_free(s, ptr);
	local_irq_enable();

	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, err_free, 0);
	spcpu_test_check(test, s);
}

/* slots: which chunk serves a request */

static void core_fullest_first(struct kunit *test)
{
	struct spcpu *s = small_units(test);
	void __percpu *ptr, *in_2;

	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_32K, &ptr), 0U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K, &ptr), 1U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K + SZ_8K, &in_2), 2U);

	/* 16 KB are free in 1, and 8 KB in 2 */
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_4K, &ptr), 2U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_8K, &ptr), 1U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_4K, &ptr), 2U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_4K, &ptr), 1U);

	/* 4 KB are free in 1, and 24 KB in 2 */
	spcpu_test_free(test, s, in_2);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_4K, &ptr), 1U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_4K, &ptr), 2U);
}

/* in a slot, those that gained room come before those that lost some */
static void core_order_in_a_slot(struct kunit *test)
{
	struct spcpu *s = small_units(test);
	void __percpu *ptr, *a, *b;

	/* 0 is full; 1 and 2 have 16 KB each */
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_32K, &ptr), 0U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K, &ptr), 1U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K + 4, &b), 2U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K, &a), 1U);
	spcpu_test_free(test, s, a);
	spcpu_test_free(test, s, b);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K, &b), 1U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K, &a), 2U);
	spcpu_test_free(test, s, b);

	/* 2 had 16 KB when 1 got as much: 1 comes first */
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K, &b), 1U);
	spcpu_test_free(test, s, b);

	/* 1 has 12 KB when 2 comes down to as much: 1 comes first */
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_4K, &ptr), 1U);
	spcpu_test_free(test, s, a);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_16K + SZ_4K, &ptr), 2U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_4K, &ptr), 1U);
}

static int slot_of(struct spcpu *s, const struct spcpu_chunk *wanted)
{
	struct spcpu_chunk *chunk;
	int slot, found = -1;

	spin_lock_irq(&s->lock);
	for (slot = 0; slot < s->types[SPCPU_PLAIN].slots.nr; slot++) {
		list_for_each_entry(chunk, &s->types[SPCPU_PLAIN].slots.lists[slot], node) {
			if (chunk == wanted)
				found = slot;
		}
	}
	spin_unlock_irq(&s->lock);
	return found;
}

/*
 * A nearly full chunk that refused is not asked again, though it would have
 * room for less, until a free puts it into another slot.
 */
static void core_puts_aside(struct kunit *test)
{
	struct spcpu *s = small_units(test);
	void __percpu *ptr, *small, *next, *hole;

	KUNIT_EXPECT_EQ(test, served_by(test, s, 12, &small), 0U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, 32, &next), 0U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, 16, &hole), 0U);
	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_32K - 60, &ptr), 0U);
	KUNIT_EXPECT_EQ(test, slot_of(s, s->first), 0);
	spcpu_test_free(test, s, hole);
	KUNIT_EXPECT_EQ(test, slot_of(s, s->first), 2);

	/* 16 bytes left, and a request that the slot is for */
	KUNIT_EXPECT_EQ(test, served_by(test, s, 20, &ptr), 1U);
	KUNIT_EXPECT_EQ(test, slot_of(s, s->first), 0);
	KUNIT_EXPECT_EQ(test, served_by(test, s, 16, &ptr), 1U);

	/* 16 bytes are still the longest run */
	spcpu_test_free(test, s, small);
	KUNIT_EXPECT_EQ(test, slot_of(s, s->first), 0);
	KUNIT_EXPECT_EQ(test, served_by(test, s, 4, &ptr), 1U);

	spcpu_test_free(test, s, next);
	KUNIT_EXPECT_EQ(test, slot_of(s, s->first), 3);
	KUNIT_EXPECT_EQ(test, served_by(test, s, 60, &ptr), 0U);
}

/* from the slots above, where most requests fit, none is put aside */
static void core_keeps_roomy_chunks(struct kunit *test)
{
	struct spcpu *s = small_units(test);
	void __percpu *ptr;

	KUNIT_EXPECT_EQ(test, served_by(test, s, SZ_32K - 32, &ptr), 0U);
	KUNIT_EXPECT_EQ(test, slot_of(s, s->first), 3);
	KUNIT_EXPECT_EQ(test, served_by(test, s, 60, &ptr), 1U);
	KUNIT_EXPECT_EQ(test, slot_of(s, s->first), 3);
	KUNIT_EXPECT_EQ(test, served_by(test, s, 32, &ptr), 0U);
}

/* the reserved chunk */

static void core_reserved_apart(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	struct counters full;
	void __percpu *ptr, *last = NULL;
	int i, err = 0;

	for (i = 0; !err; i++) {
		err = spcpu_test_request(s, 1000, 4, true, GFP_KERNEL, &ptr);
		if (!err) {
			KUNIT_ASSERT_EQ(test, chunk_of(test, s, ptr), 0U);
			last = ptr;
		}
		spcpu_test_check(test, s);
	}
	KUNIT_EXPECT_EQ(test, i, 5);
	KUNIT_EXPECT_EQ(test, err, -ENOMEM);

	/* no room: nothing grows, nobody else helps out, nothing has changed */
	full = count(s);
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_test_request(s, 1000, 4, true,
							  GFP_KERNEL, &ptr));
	expect_unchanged(test, s, &full);

	spcpu_test_free(test, s, last);
	/* others do not get what is free there */
	for (i = 0; i < 60; i++) {
		ptr = spcpu_test_alloc(test, s, 1000, 4);
		KUNIT_EXPECT_NE(test, chunk_of(test, s, ptr), 0U);
	}
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, 1000, 4, true,
						    GFP_KERNEL, &ptr));
	spcpu_test_check(test, s);
}

static void core_reserved_without_chunk(struct kunit *test)
{
	struct spcpu *s = spcpu_test_allocator(test, SZ_32K, 0, SZ_16K + SZ_8K,
					       0, NULL, SPCPU_FIRST_EMBED);
	void __percpu *ptr;

	KUNIT_EXPECT_NULL(test, s->reserved);
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, SZ_16K, 4, true,
						    GFP_KERNEL, &ptr));
	KUNIT_EXPECT_EQ(test, chunk_of(test, s, ptr), 0U);
	/* growing where others would */
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, SZ_32K, 4, true,
						    GFP_KERNEL, &ptr));
	KUNIT_EXPECT_EQ(test, chunk_of(test, s, ptr), 1U);
	spcpu_test_check(test, s);
}

/* what is refused changes nothing */

static void core_refuses_requests(struct kunit *test)
{
	static const struct {
		size_t size, align;
	} bad[] = {
		{ 0, 4 }, { SHADOW_PERCPU_MAX_SIZE + 1, 4 }, { SIZE_MAX, 4 },
		{ SIZE_MAX - 3, 4 }, { 8, 0 }, { 8, 3 }, { 8, 12 },
		{ 8, 2 * PAGE_SIZE }, { 8, SIZE_MAX }, { 0, 0 },
	};
	struct spcpu *s = small_first(test);
	struct counters before = count(s);
	void __percpu *ptr = (void __percpu __force *)s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, -EINVAL,
				spcpu_test_request(s, bad[i].size, bad[i].align,
						   i & 1, GFP_KERNEL, &ptr));
		KUNIT_EXPECT_NULL(test, (__force void *)ptr);
	}
	expect_unchanged(test, s, &before);
}

static void refuse(struct kunit *test, struct spcpu *s, unsigned long ptr,
		   int err)
{
	void __percpu *p = (void __percpu __force *)ptr;
	struct spcpu_place place;

	KUNIT_EXPECT_EQ_MSG(test, err, spcpu_free(s, p), "pointer %lx", ptr);
	KUNIT_EXPECT_EQ_MSG(test, err, spcpu_locate(s, p, &place),
			    "pointer %lx", ptr);
	KUNIT_EXPECT_EQ(test, place.size, 0UL);
}

static void core_refuses_frees(struct kunit *test)
{
	struct spcpu *s = small_first(test), *other = small_first(test);
	unsigned long in_other, gone, at;
	struct counters before;
	unsigned int cpu;

	spcpu_test_alloc(test, s, 100, 4);
	at = (__force unsigned long)spcpu_test_alloc(test, s, 101, 64);
	gone = (__force unsigned long)spcpu_test_alloc(test, s, SZ_32K, 4);
	in_other = (__force unsigned long)spcpu_test_alloc(test, other, 8, 4);
	spcpu_test_free(test, s, (void __percpu __force *)gone);
	before = count(s);

	refuse(test, s, 0, -EFAULT);
	refuse(test, s, ~0UL, -EFAULT);
	refuse(test, s, (unsigned long)s, -EFAULT);
	refuse(test, s, in_other, -EFAULT);
	refuse(test, s, gone, -ENOENT);
	refuse(test, s, gone + SZ_16K, -ENOENT);
	refuse(test, s, at + 1, -EINVAL);
	refuse(test, s, at + 4, -EINVAL);
	refuse(test, s, at + 100, -EINVAL);
	refuse(test, s, at + 104, -ENOENT);
	/* the address of a copy is no pointer, be it another CPU's or not */
	refuse(test, s, (unsigned long)raw_cpu_ptr((void __percpu __force *)at),
	       -EFAULT);
	for_each_possible_cpu(cpu) {
		if (cpu != s->layout->low_cpu)
			refuse(test, s, at + s->layout->unit_off[cpu], -EFAULT);
	}
	expect_unchanged(test, s, &before);
}

static void core_locates(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	void __percpu *ptr = spcpu_test_alloc(test, s, 50, 64);
	struct spcpu_place place, inside;

	place = spcpu_test_place(test, s, ptr);
	KUNIT_EXPECT_PTR_EQ(test, (__force void *)ptr,
			    (__force void *)spcpu_ptr(s, s->first, place.off));
	KUNIT_EXPECT_EQ(test, place.id, s->first->id);
	KUNIT_EXPECT_EQ(test, place.size, 52UL);

	/* a wrong pointer has a place, for the report */
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_locate(s, ptr + 8, &inside));
	KUNIT_EXPECT_EQ(test, inside.id, place.id);
	KUNIT_EXPECT_EQ(test, inside.off, place.off + 8);
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_locate(s, ptr + 3, &inside));
	KUNIT_EXPECT_EQ(test, inside.id, place.id);
	KUNIT_EXPECT_EQ(test, inside.off, place.off + 3);
	KUNIT_EXPECT_EQ(test, -ENOENT, spcpu_locate(s, ptr + 52, &inside));
	KUNIT_EXPECT_EQ(test, inside.off, place.off + 52);
}

/* the end */

static void core_shutdown(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	void __percpu *ptr[3], *none;
	struct counters before;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		ptr[i] = spcpu_test_alloc(test, s, SZ_32K, 4);
	/* the worker has something to do, and time to do it or not */
	spcpu_test_request(s, SZ_32K, 4, false, GFP_NOWAIT, &none);
	spcpu_shutdown(s);
	KUNIT_EXPECT_FALSE(test, work_busy(&s->balance));

	before = count(s);
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, spcpu_test_request(s, 8, 8, false,
							     GFP_KERNEL, &none));
	KUNIT_EXPECT_NULL(test, (__force void *)none);
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, spcpu_test_request(s, 8, 8, false,
							     GFP_NOWAIT, &none));
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, spcpu_test_request(s, 8, 8, true,
							     GFP_KERNEL, &none));
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_test_request(s, 8, 3, false,
							  GFP_KERNEL, &none));
	expect_unchanged(test, s, &before);

	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		spcpu_test_free(test, s, ptr[i]);
	KUNIT_EXPECT_FALSE(test, work_busy(&s->balance));
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, before.stats.nr_chunks);
	spcpu_test_check(test, s);
}

static void core_reports_leaks(struct kunit *test)
{
	struct spcpu *s = small_first(test);
	struct spcpu_test_pages *held;
	void __percpu *ptr, *filler;

	KUNIT_EXPECT_EQ(test, spcpu_report_leaks(s), 0U);
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, LEAKED, 4, true,
						    GFP_KERNEL, &ptr));
	spcpu_test_alloc(test, s, LEAKED, 4);
	filler = spcpu_test_alloc(test, s, SZ_16K + SZ_8K - LEAKED, 4);
	ptr = spcpu_test_alloc(test, s, LEAKED, 4);
	KUNIT_EXPECT_GT(test, chunk_of(test, s, ptr), s->first->id);
	spcpu_test_free(test, s, filler);

	held = spcpu_test_hold(test, s);
	spcpu_test_forget(test, s);
	spcpu_shutdown(s);
	spcpu_test_expecting(test, LEAK_REGEX);
	KUNIT_EXPECT_EQ(test, spcpu_report_leaks(s), 3U);
	spcpu_test_expecting_no_more(test);
	spcpu_destroy(s);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(held), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_mapped(held), 0UL);
}

static struct kunit_case core_cases[] = {
	KUNIT_CASE(core_sizes_and_alignments),
	KUNIT_CASE(core_counts),
	KUNIT_CASE(core_locates),
	KUNIT_CASE(core_fullest_first),
	KUNIT_CASE(core_order_in_a_slot),
	KUNIT_CASE(core_puts_aside),
	KUNIT_CASE(core_keeps_roomy_chunks),
	KUNIT_CASE(core_reserved_apart),
	KUNIT_CASE(core_reserved_without_chunk),
	KUNIT_CASE(core_chunks_come_and_go),
	KUNIT_CASE(core_chunks_made_together),
	KUNIT_CASE(core_gives_back_everything),
	KUNIT_CASE(core_growth_fails),
	KUNIT_CASE(core_failed_growth_keeps_nothing),
	KUNIT_CASE(core_growth_keeps_flags),
	KUNIT_CASE(core_atomic_finds_room_later),
	KUNIT_CASE(core_atomic_wants_backed_pages),
	KUNIT_CASE(core_keeps_empty_pages),
	KUNIT_CASE(core_worker_wants_no_more),
	KUNIT_CASE(core_atomic_context),
	KUNIT_CASE(core_refuses_requests),
	KUNIT_CASE(core_refuses_frees),
	KUNIT_CASE(core_shutdown),
	KUNIT_CASE(core_reports_leaks),
	KUNIT_CASE(core_same_calls_same_places),
	KUNIT_CASE(core_random_embed_32k),
	KUNIT_CASE(core_random_page_64k),
	KUNIT_CASE(core_random_default_unit),
	{ }
};

struct kunit_suite spcpu_core_suite = {
	.name = "shadow_percpu_core",
	.test_cases = core_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Pile: three full chunks of page-sized objects, and a worker that waits. What
 * happens when some of them go is what tests of the worker are about.
 */
#include <linux/sizes.h>

#include "copies.h"
#include "pile.h"

static struct spcpu *with(struct kunit *test,
			  const struct spcpu_backing *backing, bool cache,
			  struct spcpu_interference **f)
{
	struct spcpu_options options = { .cache = cache };
	struct spcpu *s;

	*f = spcpu_interfere(backing);
	options.backing = &(*f)->backing;
	s = spcpu_test_create(test, SZ_64K, 0, SZ_16K + SZ_8K, 0, &options);
	spcpu_interfere_with(s);
	return s;
}

/**
 * spcpu_test_with() - make an allocator with a backing
 * @test: the test, at whose end it is destroyed
 * @backing: its backing
 * @f: set to what stands between it and its pages
 *
 * Return: The allocator: 64 KB a unit, 24 KB in its first chunk.
 */
struct spcpu *spcpu_test_with(struct kunit *test,
			      const struct spcpu_backing *backing,
			      struct spcpu_interference **f)
{
	return with(test, backing, false, f);
}

static void for_backings(struct kunit *test, bool cache,
			 spcpu_backing_case *run)
{
	static const struct spcpu_backing * const backings[] = {
		&spcpu_backing_vmap, &spcpu_backing_sparse,
	};
	struct spcpu_interference *f;
	struct spcpu *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(backings); i++) {
		s = with(test, backings[i], cache, &f);
		run(test, s, f);
		spcpu_test_check(test, s);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->unprotected), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&f->memory_under_lock), 0);
		spcpu_test_drop(test, s);
	}
}

/**
 * spcpu_test_for_backings() - run a case with every backing
 * @test: the test
 * @run: the case
 */
void spcpu_test_for_backings(struct kunit *test, spcpu_backing_case *run)
{
	for_backings(test, false, run);
}

/**
 * spcpu_test_for_caches() - run a case with every backing, without a cache and
 *	with one
 * @test: the test
 * @run: the case
 */
void spcpu_test_for_caches(struct kunit *test, spcpu_backing_case *run)
{
	for_backings(test, false, run);
	for_backings(test, true, run);
}

static unsigned int seed_of(unsigned int chunk, unsigned int page)
{
	return chunk * PILE_PAGES + page;
}

static void add(struct pile *p, unsigned int chunk, unsigned int page)
{
	void __percpu *ptr = spcpu_test_alloc(p->test, p->s, SZ_4K, SZ_4K);
	struct spcpu_place place = spcpu_test_place(p->test, p->s, ptr);

	KUNIT_ASSERT_EQ(p->test, place.off, page * (unsigned int)SZ_4K);
	spcpu_copies_fill(ptr, 64, seed_of(chunk, page));
	p->ptr[chunk][page] = ptr;
}

/**
 * spcpu_pile() - make a pile
 * @test: the test
 * @backing: the allocator's backing
 *
 * Return: The pile; its allocator is paused. Its reserve is as it comes: none.
 */
struct pile *spcpu_pile(struct kunit *test,
			const struct spcpu_backing *backing)
{
	struct pile *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	unsigned int chunk, page;

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->test = test;
	p->s = spcpu_test_with(test, backing, &p->f);
	p->plain = &p->s->types[SPCPU_PLAIN];
	spcpu_test_pause(p->s);

	spcpu_test_alloc(test, p->s, SZ_16K + SZ_8K, 4);
	for (chunk = 0; chunk < PILE_CHUNKS; chunk++) {
		for (page = 0; page < PILE_PAGES; page++)
			add(p, chunk, page);
		p->chunk[chunk] = list_last_entry(&p->s->chunks,
						  struct spcpu_chunk, all);
	}
	KUNIT_ASSERT_EQ(test, p->s->stats.nr_chunks, 1U + PILE_CHUNKS);
	KUNIT_ASSERT_EQ(test, p->plain->nr_empty_pop, 0);
	spcpu_interfere_reset();

	/* what it was woken for while the pile grew is no concern */
	spcpu_test_forget_woken(p->s);
	return p;
}

/**
 * spcpu_pile_free() - free some objects
 * @p: the pile
 * @chunk: of this chunk
 * @from: the first, by page
 * @nr: how many
 */
void spcpu_pile_free(struct pile *p, unsigned int chunk, unsigned int from,
		     unsigned int nr)
{
	for (; nr--; from++) {
		spcpu_test_free(p->test, p->s, p->ptr[chunk][from]);
		p->ptr[chunk][from] = NULL;
	}
}

/**
 * spcpu_pile_expect_values() - those that are left have their values
 * @p: the pile
 */
void spcpu_pile_expect_values(struct pile *p)
{
	unsigned int chunk, page;

	for (chunk = 0; chunk < PILE_CHUNKS; chunk++) {
		for (page = 0; page < PILE_PAGES; page++) {
			void __percpu *ptr = p->ptr[chunk][page];

			if (!ptr)
				continue;
			KUNIT_EXPECT_TRUE(p->test,
					  spcpu_copies_hold(ptr, 64,
							    seed_of(chunk,
								    page)));
		}
	}
}

/**
 * spcpu_test_pin() - look after a chunk's pages, or stop
 * @s: the allocator
 * @chunk: the chunk
 * @by: so many more, or fewer, do
 */
void spcpu_test_pin(struct spcpu *s, struct spcpu_chunk *chunk, int by)
{
	spin_lock_irq(&s->lock);
	chunk->pins += by;
	spin_unlock_irq(&s->lock);
}

/**
 * spcpu_slot_holding() - in which slot is a chunk?
 * @s: the allocator
 * @chunk: one of its chunks, or one that is gone
 *
 * Return: The slot, -1 for none.
 */
int spcpu_slot_holding(struct spcpu *s, const struct spcpu_chunk *chunk)
{
	struct spcpu_chunk *pos;
	int i, slot, found = -1;

	spin_lock_irq(&s->lock);
	for (i = 0; i < SPCPU_NR_TYPES; i++) {
		struct spcpu_slots *slots = &s->types[i].slots;

		for (slot = 0; slot < slots->nr; slot++) {
			list_for_each_entry(pos, &slots->lists[slot], node)
				if (pos == chunk)
					found = slot;
		}
	}
	spin_unlock_irq(&s->lock);
	return found;
}

/**
 * spcpu_chunk_of() - the chunk that has an object
 * @s: an allocator that nobody else uses
 * @ptr: the object
 *
 * Return: The chunk; NULL if it is no object.
 */
const struct spcpu_chunk *spcpu_chunk_of(struct spcpu *s,
					 const void __percpu *ptr)
{
	const struct spcpu_chunk *pos, *found = NULL;
	struct spcpu_place place;

	if (spcpu_locate(s, ptr, &place))
		return NULL;

	spin_lock_irq(&s->lock);
	list_for_each_entry(pos, &s->chunks, all) {
		if (pos->id == place.id)
			found = pos;
	}
	spin_unlock_irq(&s->lock);
	return found;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Sample: allocators with something in them, to be shown.
 */
#include <linux/bitmap.h>
#include <linux/sizes.h>

#include "sample.h"

#define UNIT	(SPCPU_TEST_PAGES << PAGE_SHIFT)

/**
 * spcpu_test_bare() - an allocator of nothing but a first chunk of six pages
 * @test: the test, at whose end it goes away
 *
 * Return: The allocator.
 */
struct spcpu *spcpu_test_bare(struct kunit *test)
{
	return spcpu_test_allocator(test, UNIT, 0, 6 * PAGE_SIZE, 0, NULL,
				    SPCPU_FIRST_PAGE);
}

/**
 * spcpu_test_parted() - an allocator whose parts begin in the middle of a page
 * @test: the test, at whose end it goes away
 *
 * 100 bytes of static variables, 8 KB for the reserved chunk, and the rest of
 * eight pages.
 *
 * Return: The allocator.
 */
struct spcpu *spcpu_test_parted(struct kunit *test)
{
	static const u8 image[100];

	return spcpu_test_allocator(test, UNIT, SZ_8K, 5 * PAGE_SIZE,
				    sizeof(image), image, SPCPU_FIRST_PAGE);
}

static void add(struct kunit *test, struct spcpu_test_objects *o, size_t size,
		size_t align, bool reserved)
{
	KUNIT_ASSERT_EQ(test, 0,
			spcpu_test_request(o->s, size, align, reserved,
					   GFP_KERNEL, &o->ptr[o->nr]));
	o->at[o->nr] = spcpu_test_place(test, o->s, o->ptr[o->nr]);
	o->nr++;
}

static void drop(struct kunit *test, struct spcpu_test_objects *o,
		 unsigned int i)
{
	spcpu_test_free(test, o->s, o->ptr[i]);
	o->nr--;
	o->ptr[i] = o->ptr[o->nr];
	o->at[i] = o->at[o->nr];
}

/**
 * spcpu_test_scatter() - objects of all sizes, with holes between them
 * @test: the test
 * @s: a new allocator
 *
 * In several chunks, and a few in the reserved chunk if there is one. The
 * worker has nothing to do when this returns.
 *
 * Return: The objects.
 */
struct spcpu_test_objects *spcpu_test_scatter(struct kunit *test,
					      struct spcpu *s)
{
	struct spcpu_test_objects *o;
	struct rnd_state rnd;
	unsigned int i;
	u32 most;

	o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, o);
	o->s = s;
	prandom_seed_state(&rnd, 7);
	for (i = 0; i < SPCPU_TEST_OBJECTS; i++) {
		most = 4 << spcpu_test_below(&rnd, 12);
		add(test, o, 1 + spcpu_test_below(&rnd, most),
		    1 << spcpu_test_below(&rnd, 8),
		    s->reserved && most <= 256 && i % 10 == 0);
	}
	for (i = 0; i < SPCPU_TEST_OBJECTS / 2; i++)
		drop(test, o, spcpu_test_below(&rnd, o->nr));

	KUNIT_ASSERT_GT(test, spcpu_test_nr_chunks(s), 3U);
	spcpu_test_settle(s);
	return o;
}

/**
 * spcpu_test_chunk() - a chunk by its number
 * @test: the test, which ends if there is none
 * @s: an allocator that nobody else uses
 * @id: the number
 *
 * Return: The chunk.
 */
struct spcpu_chunk *spcpu_test_chunk(struct kunit *test, struct spcpu *s,
				     unsigned int id)
{
	struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all)
		if (chunk->id == id)
			return chunk;
	KUNIT_ASSERT_FAILURE(test, "no chunk %u", id);
	return NULL;
}

/**
 * spcpu_test_punched() - a chunk that says that some of its pages are not there
 * @test: the test
 * @s: an allocator from spcpu_test_bare() that nobody else uses
 *
 * Pages 3, 4 and 7 to 14 are called not populated, in a free chunk with number
 * 1. Nothing may be allocated before spcpu_test_repair().
 *
 * Return: The chunk.
 */
struct spcpu_chunk *spcpu_test_punched(struct kunit *test, struct spcpu *s)
{
	struct spcpu_chunk *chunk = spcpu_test_grow(test, s);

	spcpu_test_back_all(test, s, chunk);
	KUNIT_ASSERT_EQ(test, chunk->id, 1U);
	bitmap_clear(chunk->populated, 3, 2);
	bitmap_clear(chunk->populated, 7, 8);
	return chunk;
}

/**
 * spcpu_test_repair() - make a punched chunk usable again
 * @chunk: from spcpu_test_punched()
 */
void spcpu_test_repair(struct spcpu_chunk *chunk)
{
	bitmap_fill(chunk->populated, SPCPU_TEST_PAGES);
}

static void destroy_view(void *view)
{
	spcpu_view_destroy(view);
}

/**
 * spcpu_test_view() - a view of an allocator
 * @test: the test, at whose end it goes away
 * @s: the allocator
 *
 * Return: The view.
 */
struct spcpu_view *spcpu_test_view(struct kunit *test, struct spcpu *s)
{
	struct spcpu_view *view = spcpu_view_create(s);

	KUNIT_ASSERT_NOT_NULL(test, view);
	spcpu_test_at_exit(test, destroy_view, view);
	return view;
}

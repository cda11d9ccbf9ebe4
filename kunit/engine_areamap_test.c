// SPDX-License-Identifier: GPL-2.0
/*
 * Engine areamap: where it places areas, when its array is full, and what becomes of
 * it when it moves, step by step.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "engine_model.h"
#include "suites.h"

/* entries of a new array, and what an area in the middle of a free extent takes */
#define ENTRIES		16
#define MARGIN		2

static struct spcpu_model *model_of_pages(struct kunit *test, int nr_pages)
{
	return spcpu_model_create(test, &spcpu_engine_areamap,
				  (struct spcpu_geometry){
					.nr_pages = nr_pages, .cramped = true,
				  });
}

/* the first extent that holds it, however well others would */
static void engine_areamap_first_fit(struct kunit *test)
{
	const int lengths[] = { 100, 4, 30, 4, 10, 4 };
	struct spcpu_model *m = model_of_pages(test, 1);

	spcpu_model_lay(m, 0, lengths, ARRAY_SIZE(lengths));
	spcpu_model_give(m, 0);
	spcpu_model_give(m, 104);
	spcpu_model_give(m, 138);

	KUNIT_EXPECT_EQ(test, 0, spcpu_model_place(m, 10, 1, false));
	KUNIT_EXPECT_EQ(test, 10, spcpu_model_place(m, 30, 1, false));
	KUNIT_EXPECT_EQ(test, 64, spcpu_model_place(m, 10, 64, false));
	/* what alignment left before it is there for the next one */
	KUNIT_EXPECT_EQ(test, 40, spcpu_model_place(m, 24, 1, false));
}

/* a free extent on neither side, on one, on the other, on both: one entry is left */
static void engine_areamap_merges(struct kunit *test)
{
	static const int order[][3] = {
		{ 0, 10, 20 }, { 20, 10, 0 }, { 0, 20, 10 }, { 20, 0, 10 },
		{ 10, 0, 20 }, { 10, 20, 0 },
	};
	const int lengths[] = { 10, 10, 10 };
	int i, k;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		struct spcpu_model *m = model_of_pages(test, 1);

		spcpu_model_lay(m, 0, lengths, ARRAY_SIZE(lengths));
		for (k = 0; k < 3; k++)
			spcpu_model_give(m, order[i][k]);
		/* the array holds as many as that of a new map, to the last entry */
		for (k = 0; k < ENTRIES - MARGIN; k++)
			KUNIT_EXPECT_EQ(test, k,
					spcpu_model_place(m, 1, 1, false));
		KUNIT_EXPECT_EQ(test, -ENOBUFS, spcpu_model_place(m, 1, 1, false));
		spcpu_model_destroy(m);
	}
}

/*
 * With two entries to go it is full, whatever the next area would take. It is not if
 * there is no place for it anyway, and has room when an area has gone.
 */
static void engine_areamap_is_full(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 1);
	int i;

	for (i = 0; i < ENTRIES - MARGIN; i++)
		spcpu_model_place(m, 10, 1, false);
	KUNIT_EXPECT_EQ(test, -ENOBUFS, spcpu_model_place(m, 10, 1, false));
	KUNIT_EXPECT_EQ(test, -ENOBUFS,
			spcpu_model_place(m, m->map.contig, 1, false));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			spcpu_model_place(m, m->map.contig + 1, 1, false));

	spcpu_model_give(m, 10 * (i - 1));
	KUNIT_EXPECT_EQ(test, 10 * (i - 1), spcpu_model_place(m, 10, 1, false));
}

/* where the last extent is cut the others were seen: the longest run is known */
static void engine_areamap_contig(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 1);
	int bits = m->map.nr_bits;

	KUNIT_EXPECT_EQ(test, 0, spcpu_model_place(m, 300, 1, false));
	KUNIT_EXPECT_EQ(test, bits - 300, m->map.contig);
	KUNIT_EXPECT_EQ(test, 300, spcpu_model_place(m, 300, 1, false));
	spcpu_model_give(m, 0);
	KUNIT_EXPECT_EQ(test, bits - 600, m->map.contig);
	KUNIT_EXPECT_EQ(test, 600, spcpu_model_place(m, bits - 700, 1, false));
	KUNIT_EXPECT_EQ(test, 300, m->map.contig);

	/* but not where another is: it may have been the longest, or not */
	KUNIT_EXPECT_EQ(test, 0, spcpu_model_place(m, 100, 1, false));
	KUNIT_EXPECT_EQ(test, 300, m->map.contig);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 300, 1, false));
	KUNIT_EXPECT_EQ(test, 200, m->map.contig);
	/* too long for any: nobody looks, and nothing is learnt */
	KUNIT_EXPECT_EQ(test, 100, spcpu_model_place(m, 50, 1, false));
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 201, 1, false));
	KUNIT_EXPECT_EQ(test, 200, m->map.contig);
}

/* a record that has as much by now keeps what it has */
static void engine_areamap_moves_once(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 1);
	size_t bytes = spcpu_map_wants(&m->map), had;
	void *late = kvmalloc(bytes, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, late);
	spcpu_model_place(m, 10, 1, false);
	spcpu_model_move(m);
	KUNIT_EXPECT_EQ(test, (size_t)0, spcpu_map_wants(&m->map));

	had = m->map.bytes;
	KUNIT_EXPECT_PTR_EQ(test, late,
			    m->map.engine->move(&m->map, late, bytes));
	KUNIT_EXPECT_PTR_EQ(test, late,
			    m->map.engine->move(&m->map, late, bytes / 2));
	KUNIT_EXPECT_EQ(test, had, m->map.bytes);
	kvfree(late);
	spcpu_model_check(m, (struct spcpu_extent){ });
}

/* long before it is full it wants more, and so much that it does not soon again */
static void engine_areamap_wants_in_time(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 2);
	int nr = 0, due;

	spcpu_model_move(m);
	while (!spcpu_map_wants(&m->map))
		KUNIT_ASSERT_EQ(test, nr++, spcpu_model_place(m, 1, 1, false));
	KUNIT_EXPECT_GE(test, nr, 32);

	/* so many who cannot wait find room until it comes */
	for (due = nr; spcpu_model_place(m, 1, 1, false) == nr; nr++)
		;
	KUNIT_EXPECT_EQ(test, (int)(m->room_bytes / sizeof(int)) - MARGIN, nr);
	KUNIT_EXPECT_GE(test, nr - due, 28);
	spcpu_model_move(m);
	KUNIT_EXPECT_EQ(test, (size_t)0, spcpu_map_wants(&m->map));
	KUNIT_EXPECT_EQ(test, nr, spcpu_model_place(m, 1, 1, false));
}

static void engine_areamap_exit(struct kunit *test)
{
	if (test->priv)
		spcpu_model_destroy(test->priv);
}

static struct kunit_case engine_areamap_cases[] = {
	KUNIT_CASE(engine_areamap_first_fit),
	KUNIT_CASE(engine_areamap_merges),
	KUNIT_CASE(engine_areamap_is_full),
	KUNIT_CASE(engine_areamap_contig),
	KUNIT_CASE(engine_areamap_moves_once),
	KUNIT_CASE(engine_areamap_wants_in_time),
	{}
};

struct kunit_suite spcpu_engine_areamap_suite = {
	.name = "shadow_percpu_engine_areamap",
	.exit = engine_areamap_exit,
	.test_cases = engine_areamap_cases,
};

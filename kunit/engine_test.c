// SPDX-License-Identifier: GPL-2.0
/*
 * Engine: what all engines promise, each held against a model that is a byte for
 * each granule (engine_model.c); and with it what it promises beyond that.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "engine_bitmap.h"
#include "engine_model.h"
#include "engines.h"
#include "suites.h"
#include "times.h"

static struct spcpu_model *model_of(struct kunit *test,
				    struct spcpu_geometry geometry)
{
	return spcpu_model_create(test, spcpu_test_engine(test), geometry);
}

static struct spcpu_model *model_of_pages(struct kunit *test, int nr_pages)
{
	return model_of(test, (struct spcpu_geometry){ .nr_pages = nr_pages });
}

static void engine_random_steps(struct kunit *test)
{
	struct spcpu_geometry geometry = { .nr_pages = 8 };

	spcpu_model_run(model_of(test, geometry), 1,
			spcpu_test_times(100000));
}

static void engine_random_steps_hidden_ends(struct kunit *test)
{
	struct spcpu_geometry geometry = {
		.nr_pages = 9, .head = 613, .tail = 41,
	};

	spcpu_model_run(model_of(test, geometry), 2, 50000);
}

static void engine_random_steps_holes(struct kunit *test)
{
	struct spcpu_geometry geometry = { .nr_pages = 16, .holes = true };

	spcpu_model_run(model_of(test, geometry), 3, 50000);
}

static void engine_random_steps_one_page(struct kunit *test)
{
	struct spcpu_geometry geometry = { .nr_pages = 1 };

	spcpu_model_run(model_of(test, geometry), 4, 50000);
}

/* longer than any run is measured */
static void engine_random_steps_many_pages(struct kunit *test)
{
	struct spcpu_geometry geometry = { .nr_pages = 40, .holes = true };

	spcpu_model_run(model_of(test, geometry), 7, 10000);
}

/* the record stays as it was at first; it is full most of the time */
static void engine_random_steps_cramped(struct kunit *test)
{
	struct spcpu_geometry geometry = {
		.nr_pages = 4, .head = 3, .holes = true, .cramped = true,
	};
	struct spcpu_model *m = model_of(test, geometry);

	spcpu_model_run(m, 6, 20000);
	KUNIT_EXPECT_EQ(test, m->nr_full > 1000, !!m->map.engine->wants);
}

static void engine_fresh_map(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 4);
	const struct spcpu_map *map = &m->map;
	int bits;

	KUNIT_EXPECT_PTR_EQ(test, map->engine, spcpu_test_engine(test));
	KUNIT_EXPECT_EQ(test, 4, map->nr_blocks);
	KUNIT_EXPECT_EQ(test, 4 * SPCPU_BLOCK_BITS, map->nr_bits);
	KUNIT_EXPECT_EQ(test, map->nr_bits, map->free_bits);
	KUNIT_EXPECT_EQ(test, map->nr_bits, map->contig);
	KUNIT_EXPECT_EQ(test, 4, map->nr_empty);
	KUNIT_EXPECT_GT(test, map->bytes, (size_t)0);
	KUNIT_EXPECT_EQ(test, -ENOENT, spcpu_map_next(map, 0, &bits));
}

/* place an area that the model is not told of */
static int try(struct spcpu_model *m, int bits, int align)
{
	int off = spcpu_map_alloc(&m->map, bits, align, false);

	if (off != -ENOBUFS)
		return off;
	spcpu_model_move(m);
	return spcpu_map_alloc(&m->map, bits, align, false);
}

/* an area of @bits with @align in a hole alone in a full block */
static int fit_hole(struct spcpu_extent hole, int bits, int align)
{
	int off = ALIGN(hole.off, align);

	return off + bits <= hole.off + hole.bits ? off : -ENOSPC;
}

static void try_hole(struct spcpu_model *m, struct spcpu_extent hole)
{
	int bits, align;

	for (bits = 1; bits <= hole.bits + 1; bits++) {
		for (align = 1; align <= 32; align *= 2) {
			int off = try(m, bits, align);

			KUNIT_ASSERT_EQ_MSG(m->test,
					    fit_hole(hole, bits, align), off,
					    "%d/%d in a hole of %d at %d",
					    bits, align, hole.bits, hole.off);
			if (off >= 0)
				spcpu_map_free(&m->map, off);
		}
	}
}

static void engine_every_hole(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 1);
	struct spcpu_extent hole;
	int i;

	m->trusting = true;
	for (i = 0; i < SPCPU_BLOCK_BITS; i++)
		KUNIT_ASSERT_EQ(test, i, try(m, 1, 1));

	for (hole.off = 0; hole.off < 24; hole.off++) {
		for (hole.bits = 1; hole.bits <= 24; hole.bits++) {
			i = hole.off + hole.bits - 1;
			KUNIT_ASSERT_EQ(test, 1, spcpu_map_free(&m->map, i));
			try_hole(m, hole);
		}
		for (i = hole.off; i < hole.off + 24; i++)
			KUNIT_ASSERT_EQ(test, i, try(m, 1, 1));
		cond_resched();
	}
}

/* do what the digits of @code say: four lengths to take, two ways to give */
static void short_sequence(struct spcpu_model *m, int code, int nr_steps)
{
	const int bits[] = { 1, SPCPU_BLOCK_BITS / 2, SPCPU_BLOCK_BITS - 1,
			     SPCPU_BLOCK_BITS + 3 };

	for (; nr_steps; nr_steps--, code /= 6) {
		if (code % 6 < 4)
			spcpu_model_place(m, bits[code % 6], 1 << code % 4,
					  false);
		else if (m->nr_areas)
			spcpu_model_give_nth(m, code % 6 == 4 ?
						0 : m->nr_areas - 1);
	}
	while (m->nr_areas)
		spcpu_model_give_nth(m, 0);
}

static void engine_every_short_sequence(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 2);
	int code;

	for (code = 0; code < 6 * 6 * 6 * 6; code++) {
		m->seed = code;
		short_sequence(m, code, 4);
		cond_resched();
	}
}

/* from the largest down each fits between the ones before */
static void engine_alignment(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 2);
	int align;

	KUNIT_EXPECT_GE(test, spcpu_model_place(m, 1, SPCPU_BLOCK_BITS, false),
			0);
	for (align = SPCPU_BLOCK_BITS; align > 1; align /= 2)
		KUNIT_EXPECT_GE(test, spcpu_model_place(m, align / 2, align,
							false), 0);
	KUNIT_EXPECT_GE(test, spcpu_model_place(m, 1, 1, false), 0);
	KUNIT_EXPECT_GE(test, spcpu_model_place(m, 1, 1, false), 0);
}

static void engine_full_and_back(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 2);
	const struct spcpu_map *map = &m->map;
	int bits, i;

	for (bits = 1; map->free_bits; bits = bits % 31 + 1)
		KUNIT_ASSERT_GE(test,
				spcpu_model_place(m, min(bits, map->free_bits),
						  1, false), 0);
	KUNIT_EXPECT_EQ(test, 0, map->nr_empty);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 1, 1, false));
	KUNIT_EXPECT_EQ(test, 0, map->contig);

	for (i = 0; m->nr_areas; i += 7)
		spcpu_model_give_nth(m, i % m->nr_areas);
	KUNIT_EXPECT_EQ(test, map->nr_bits, map->contig);
	KUNIT_EXPECT_EQ(test, 2, map->nr_empty);

	/* and areas go where they would go in a new map */
	for (i = 0, bits = 1; bits < 32; i += bits++)
		KUNIT_EXPECT_EQ(test, i, spcpu_model_place(m, bits, 1, false));
}

static void expect_error(struct spcpu_model *m, int off, int error)
{
	int bits;

	KUNIT_EXPECT_EQ_MSG(m->test, error, spcpu_map_size(&m->map, off),
			    "size at %d", off);
	KUNIT_EXPECT_EQ_MSG(m->test, error, spcpu_map_free(&m->map, off),
			    "free at %d", off);
	if (off < 0 || off >= m->map.nr_bits)
		KUNIT_EXPECT_EQ_MSG(m->test, -EINVAL,
				    spcpu_map_around(&m->map, off, &bits),
				    "around %d", off);
	spcpu_model_check(m, (struct spcpu_extent){ });
}

static void engine_bad_positions(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 2);
	int nr_bits = m->map.nr_bits;
	const int lengths[] = { 10, 20, SPCPU_BLOCK_BITS };

	spcpu_model_lay(m, 0, lengths, ARRAY_SIZE(lengths));
	expect_error(m, -1, -EINVAL);
	expect_error(m, INT_MIN, -EINVAL);
	expect_error(m, nr_bits, -EINVAL);
	expect_error(m, INT_MAX, -EINVAL);
	expect_error(m, 1, -EINVAL);
	expect_error(m, 9, -EINVAL);
	expect_error(m, 29, -EINVAL);
	expect_error(m, SPCPU_BLOCK_BITS, -EINVAL);
	expect_error(m, nr_bits - 1, -ENOENT);

	/* twice; also where the area is gone that it was once in the middle of */
	spcpu_model_give(m, 10);
	expect_error(m, 10, -ENOENT);
	expect_error(m, 20, -ENOENT);

	/* where an area began and ended another one has its middle */
	spcpu_model_give(m, 0);
	KUNIT_EXPECT_EQ(test, 0, spcpu_model_place(m, 30, 1, false));
	expect_error(m, 10, -EINVAL);
}

/* that no area is where there is no page is what the model looks at */
static void engine_wants_backed_pages(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 4);
	const int page = SPCPU_BLOCK_BITS;

	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 1, 1, true));
	__set_bit(2, m->populated);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, page + 1, 1, true));
	KUNIT_EXPECT_GE(test, spcpu_model_place(m, 1, 1, true), 2 * page);

	/* over two pages: only when both are there */
	__set_bit(0, m->populated);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, page + 1, 1, true));
	__set_bit(1, m->populated);
	KUNIT_EXPECT_GE(test, spcpu_model_place(m, page + 1, 1, true), 0);

	bitmap_clear(m->populated, 0, 4);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 1, 1, true));
	KUNIT_EXPECT_GE(test, spcpu_model_place(m, 1, 1, false), 0);
}

static void engine_hidden_ends(struct kunit *test)
{
	struct spcpu_geometry geometry = {
		.nr_pages = 3, .head = 100, .tail = 1500,
	};
	struct spcpu_model *m = model_of(test, geometry);
	int room = m->map.nr_bits - 1600;

	KUNIT_EXPECT_EQ(test, room, m->map.free_bits);
	KUNIT_EXPECT_GE(test, m->map.contig, room);
	KUNIT_EXPECT_EQ(test, 100, spcpu_map_size(&m->map, 0));
	KUNIT_EXPECT_EQ(test, 1500, spcpu_map_size(&m->map, 100 + room));

	KUNIT_EXPECT_EQ(test, 100, spcpu_model_place(m, 10, 1, false));
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, room, 1, false));
	KUNIT_EXPECT_EQ(test, 110, spcpu_model_place(m, room - 10, 1, false));
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 1, 1, false));
	spcpu_model_give(m, 100);
	spcpu_model_give(m, 110);
	KUNIT_EXPECT_EQ(test, 100, spcpu_model_place(m, room, 1, false));
}

/* the first area from @from on, by looking at each cell */
static int next_area(const struct spcpu_model *m, int from)
{
	while (from < m->map.nr_bits && m->cells[from] != SPCPU_FIRST)
		from++;
	return from < m->map.nr_bits ? from : -ENOENT;
}

static int end_of_area(const struct spcpu_model *m, int at)
{
	while (++at < m->map.nr_bits && m->cells[at] == SPCPU_REST)
		;
	return at;
}

static void expect_next(struct spcpu_model *m, int from)
{
	int bits = 0, at = spcpu_map_next(&m->map, from, &bits);
	int want = next_area(m, from);

	KUNIT_ASSERT_EQ_MSG(m->test, want, at, "from %d", from);
	if (at >= 0)
		KUNIT_ASSERT_EQ_MSG(m->test, end_of_area(m, at) - at, bits,
				    "at %d", at);
}

/* wherever a walk begins, and wherever the one before was, it meets the areas */
static void engine_walk(struct kunit *test)
{
	struct spcpu_geometry geometry = { .nr_pages = 3, .head = 7, .tail = 9 };
	struct spcpu_model *m = model_of(test, geometry);
	u64 rnd = 9;
	int i;

	spcpu_model_start(m, 5);
	for (i = 0; i < 300; i++)
		spcpu_model_step(m);

	for (i = 0; i < m->map.nr_bits; i++)
		expect_next(m, i);
	for (i = m->map.nr_bits - 1; i >= 0; i--)
		expect_next(m, i);
	for (i = 0; i < 3000; i++)
		expect_next(m, spcpu_model_below(&rnd, m->map.nr_bits));
}

/* the areas of @m, as the bitmap engine has them in dumps */
static void expect_drawn(struct spcpu_model *m, struct spcpu_model *drawn)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(&drawn->map);
	const char *wrong;

	if (spcpu_bitmap_draw(&drawn->map, &m->map))
		spcpu_bitmap_look(&drawn->map);
	KUNIT_ASSERT_EQ(m->test, m->map.contig, drawn->map.contig);
	KUNIT_ASSERT_EQ(m->test, m->map.free_bits, drawn->map.free_bits);
	KUNIT_ASSERT_EQ(m->test, m->map.nr_empty, drawn->map.nr_empty);
	if (m->map.engine != &spcpu_engine_bitmap)
		KUNIT_ASSERT_EQ(m->test, m->whole.longest,
				b->whole.contig_hint);

	/* to its rules it is one of theirs */
	drawn->map.contig = b->whole.contig_hint;
	drawn->whole = m->whole;
	wrong = spcpu_bitmap_rules.check(drawn, (struct spcpu_extent){
		0, m->map.nr_bits
	});
	KUNIT_ASSERT_NULL_MSG(m->test, wrong, "%s", wrong);
}

/* @drawn looks at the truth of @m, and has a map of its own */
static void engine_drawn(struct kunit *test)
{
	struct spcpu_geometry geometry = { .nr_pages = 8, .head = 5 };
	struct spcpu_model *m = model_of(test, geometry), drawn;
	int i;

	drawn = *m;
	KUNIT_ASSERT_EQ(test, 0, spcpu_map_init(&drawn.map, &spcpu_engine_bitmap,
						geometry.nr_pages, NULL,
						GFP_KERNEL));
	spcpu_bitmap_rules.begin(&drawn);
	spcpu_model_start(m, 8);
	for (i = 0; i < 10000; i++) {
		spcpu_model_step(m);
		if (i % 16 == 0)
			expect_drawn(m, &drawn);
	}
	spcpu_map_exit(&drawn.map);
}

/*
 * Lengths at which, where one piece of memory can be 4 MB, some parts of a record
 * do not fit, or none does.
 */
static void engine_no_memory(struct kunit *test)
{
	const int nr_pages[] = { INT_MIN, -1, 0, INT_MAX, INT_MAX / 1024,
				 200000, 40000, 32768 };
	struct spcpu_map map;
	int i, err;

	for (i = 0; i < ARRAY_SIZE(nr_pages); i++) {
		err = spcpu_map_init(&map, spcpu_test_engine(test), nr_pages[i],
				     NULL, GFP_NOWAIT | __GFP_NOWARN);
		/* a machine may have the memory after all */
		if (!err && nr_pages[i] > 0) {
			KUNIT_EXPECT_EQ(test, 0, spcpu_map_alloc(&map, 1, 1,
								 false));
			KUNIT_EXPECT_NOT_NULL(test, map.own);
			spcpu_map_exit(&map);
		} else {
			KUNIT_EXPECT_EQ_MSG(test, -ENOMEM, err, "%d pages",
					    nr_pages[i]);
		}
		KUNIT_EXPECT_EQ(test, 0, map.nr_bits);
		KUNIT_EXPECT_NULL(test, map.own);
		/* may be called again */
		spcpu_map_exit(&map);
	}
}

static void engine_exit(struct kunit *test)
{
	if (test->priv)
		spcpu_model_destroy(test->priv);
}

static struct kunit_case engine_cases[] = {
	SPCPU_ENGINE_CASE(engine_fresh_map),
	SPCPU_ENGINE_CASE(engine_every_hole),
	SPCPU_ENGINE_CASE(engine_every_short_sequence),
	SPCPU_ENGINE_CASE(engine_alignment),
	SPCPU_ENGINE_CASE(engine_full_and_back),
	SPCPU_ENGINE_CASE(engine_bad_positions),
	SPCPU_ENGINE_CASE(engine_wants_backed_pages),
	SPCPU_ENGINE_CASE(engine_hidden_ends),
	SPCPU_ENGINE_CASE(engine_walk),
	SPCPU_ENGINE_CASE(engine_drawn),
	SPCPU_ENGINE_CASE(engine_no_memory),
	SPCPU_ENGINE_CASE(engine_random_steps),
	SPCPU_ENGINE_CASE(engine_random_steps_hidden_ends),
	SPCPU_ENGINE_CASE(engine_random_steps_holes),
	SPCPU_ENGINE_CASE(engine_random_steps_one_page),
	SPCPU_ENGINE_CASE(engine_random_steps_many_pages),
	SPCPU_ENGINE_CASE(engine_random_steps_cramped),
	{}
};

struct kunit_suite spcpu_engine_suite = {
	.name = "shadow_percpu_engine",
	.exit = engine_exit,
	.test_cases = engine_cases,
};

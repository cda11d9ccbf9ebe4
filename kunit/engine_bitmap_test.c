// SPDX-License-Identifier: GPL-2.0
/*
 * Engine bitmap: where it places areas, and what it forgets, is what the kernel does.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/sched.h>

#include "engine_bitmap.h"
#include "engine_model.h"
#include "suites.h"

static struct spcpu_model *model_of_pages(struct kunit *test, int nr_pages)
{
	return spcpu_model_create(test, &spcpu_engine_bitmap,
				  (struct spcpu_geometry){ .nr_pages = nr_pages });
}

static void only_with_4k_pages(struct kunit *test)
{
	if (SPCPU_BLOCK_BITS != 1024)
		kunit_skip(test, "worked out for pages of 4 KB");
}

static u64 mix(u64 sum, int value)
{
	return (sum ^ (u32)value) * 0x100000001b3ULL;
}

static u64 mix_hints(u64 sum, const struct spcpu_hints *h)
{
	sum = mix(mix(sum, h->contig_hint), h->contig_hint_start);
	sum = mix(mix(sum, h->scan_hint), h->scan_hint_start);
	sum = mix(mix(sum, h->left_free), h->right_free);
	return mix(sum, h->first_free);
}

/* a sum over all results and all hints after each of many steps */
static u64 sum_of_steps(struct spcpu_model *m, u32 seed, int nr_steps)
{
	u64 sum = 0xcbf29ce484222325ULL;
	int i, k;

	m->trusting = true;
	/* what the sums were taken of */
	m->most = SPCPU_MODEL_MOST / 2;
	spcpu_model_start(m, seed);
	for (i = 0; i < nr_steps; i++) {
		sum = mix(sum, spcpu_model_step(m));
		sum = mix(mix(sum, m->map.nr_empty), m->map.free_bits);
		sum = mix_hints(sum, &spcpu_bitmap(&m->map)->whole);
		for (k = 0; k < m->map.nr_blocks; k++)
			sum = mix_hints(sum, &spcpu_bitmap(&m->map)->blocks[k]);
		if (i % 64 == 0)
			cond_resched();
	}
	return sum;
}

/*
 * The sums were taken of the same steps carried out by the functions of the
 * 6.1 kernel's allocator itself, built into a program with these tests.
 */
static void engine_bitmap_same_as_kernel(struct kunit *test)
{
	static const struct {
		struct spcpu_geometry geometry;
		u64 sum;
	} runs[] = {
		{ { .nr_pages = 8 }, 0xe84b9e3e8a02565aULL },
		{ { .nr_pages = 11, .head = 300, .tail = 77 }, 0x2650bd8e4230c9c8ULL },
		{ { .nr_pages = 16, .holes = true }, 0xc8f2ede42a61c139ULL },
		{ { .nr_pages = 1, .head = 5 }, 0xc36b8a66ded57ffaULL },
		{ { .nr_pages = 2, .head = 1001, .tail = 983 }, 0x71bbf935a80ea30eULL },
		{ { .nr_pages = 3, .tail = 3000, .holes = true }, 0x4817bdf9151216ULL },
	};
	struct spcpu_model *m;
	int i;

	only_with_4k_pages(test);
	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		m = spcpu_model_create(test, &spcpu_engine_bitmap,
				       runs[i].geometry);
		KUNIT_EXPECT_EQ_MSG(test, runs[i].sum,
				    sum_of_steps(m, 100 + i, 20000),
				    "run %d", i);
		spcpu_model_destroy(m);
	}
}

/*
 * Block 0 has room for 64 aligned granules at 128, but its longest run, 1..100,
 * can only offer 64..100. So the block is passed over, and the area goes to
 * the next one, where first fit would have taken 128.
 */
static void engine_bitmap_passes_over_a_block(struct kunit *test)
{
	const int lengths[] = { 1, 100, 27, 64, 1024 - 192 };
	struct spcpu_model *m = model_of_pages(test, 2);

	only_with_4k_pages(test);
	spcpu_model_lay(m, 0, lengths, ARRAY_SIZE(lengths));
	spcpu_model_give(m, 1);
	spcpu_model_give(m, 128);

	KUNIT_EXPECT_EQ(test, 1024, spcpu_model_place(m, 64, 64, false));
	/* where alignment costs nothing the longest run is good enough */
	KUNIT_EXPECT_EQ(test, 1, spcpu_model_place(m, 64, 1, false));
}

/*
 * The runs are A = 100 at 0, S = 10 at 104, C = 200 at 118, F = 416 at 608.
 *  - A and C are given back: C is the second, being longer than A and before F.
 *  - 250 go to F, where C is promoted: A, before it, is forgotten.
 *  - S is given back: it is the second now, the only run known before C.
 *  - 50 fit into A, but S is too short for them, so nothing up to its end is
 *    looked at: they go to C.
 *  - 8 fit into S, so the search begins at the first free granule: A.
 */
static void engine_bitmap_forgets_a_run(struct kunit *test)
{
	const int lengths[] = { 100, 4, 10, 4, 200, 4, 286 };
	struct spcpu_model *m = model_of_pages(test, 1);

	only_with_4k_pages(test);
	spcpu_model_lay(m, 0, lengths, ARRAY_SIZE(lengths));
	spcpu_model_give(m, 0);
	spcpu_model_give(m, 118);
	KUNIT_EXPECT_EQ(test, 608, spcpu_model_place(m, 250, 1, false));
	spcpu_model_give(m, 104);

	KUNIT_EXPECT_EQ(test, 118, spcpu_model_place(m, 50, 1, false));
	KUNIT_EXPECT_EQ(test, 0, spcpu_model_place(m, 8, 1, false));
}

/*
 * In a full chunk a run inside a block is offered only if that is block 0: of
 * the others the chunk is not told. It learns of them when it next has to look
 * for its longest run; here, when the one in block 0 is taken.
 */
static void engine_bitmap_hides_runs_of_later_blocks(struct kunit *test)
{
	const int lengths[] = { 16, 1008, 16, 992, 32, 1008 };
	struct spcpu_model *m = model_of_pages(test, 3);

	only_with_4k_pages(test);
	spcpu_model_lay(m, 0, lengths, ARRAY_SIZE(lengths));
	spcpu_model_give(m, 1024);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 8, 1, false));
	spcpu_model_give(m, 0);
	KUNIT_EXPECT_EQ(test, 0, spcpu_model_place(m, 8, 1, false));
	KUNIT_EXPECT_EQ(test, 8, spcpu_model_place(m, 8, 1, false));
	KUNIT_EXPECT_EQ(test, 1024, spcpu_model_place(m, 8, 1, false));
}

/*
 * The runs 0..2, 5..7 are of one length, the first is better aligned, so the
 * other is the second. It stays so as 7..24 are given back, where all of 5..24
 * becomes the longest. When that is broken at 8 the second is promoted, which
 * is a granule short by now. And when 2..5 are given back, next to the longest,
 * its hint is believed: the run is said to be 0..7.
 */
static void engine_bitmap_believes_its_hint(struct kunit *test)
{
	const int lengths[] = { 2, 3, 2, 17, 1000 };
	struct spcpu_model *m = model_of_pages(test, 1);

	only_with_4k_pages(test);
	spcpu_model_lay(m, 0, lengths, ARRAY_SIZE(lengths));
	spcpu_model_give(m, 0);
	spcpu_model_give(m, 5);
	spcpu_model_give(m, 7);
	KUNIT_EXPECT_EQ(test, 8, spcpu_model_place(m, 16, 8, false));
	KUNIT_EXPECT_EQ(test, 2, m->map.contig);
	spcpu_model_give(m, 2);

	KUNIT_EXPECT_EQ(test, 7, m->map.contig);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 8, 1, false));
	KUNIT_EXPECT_EQ(test, 0, spcpu_model_place(m, 7, 1, false));
}

/*
 * The chunk knows 1500 at 100. When 90 at 10 are given back, all it hears of is
 * the part in block 0, 1014 at 10, which becomes the second: a shorter run
 * before the longest. So a search for more begins behind it, in the middle of
 * the longest run, and finds too little.
 */
static void engine_bitmap_refuses_what_it_has(struct kunit *test)
{
	const int lengths[] = { 10, 90, 1500, 448 };
	struct spcpu_model *m = model_of_pages(test, 2);

	only_with_4k_pages(test);
	spcpu_model_lay(m, 0, lengths, ARRAY_SIZE(lengths));
	spcpu_model_give(m, 100);
	spcpu_model_give(m, 10);

	KUNIT_EXPECT_EQ(test, 1500, m->map.contig);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, 1500, 1, false));
	KUNIT_EXPECT_EQ(test, 10, spcpu_model_place(m, 1014, 1, false));
}

static void engine_bitmap_alignment(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 2);
	int align;

	KUNIT_EXPECT_EQ(test, 0,
			spcpu_model_place(m, 1, SPCPU_BLOCK_BITS, false));
	/* from the largest down each fits between 0 and the one before */
	for (align = SPCPU_BLOCK_BITS; align > 1; align /= 2)
		KUNIT_EXPECT_EQ(test, align,
				spcpu_model_place(m, align / 2, align, false));
	KUNIT_EXPECT_EQ(test, 1, spcpu_model_place(m, 1, 1, false));
	KUNIT_EXPECT_EQ(test, 3, spcpu_model_place(m, 1, 1, false));
}

/* hints of a map that was full are those of a new one */
static void engine_bitmap_full_and_back(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 2);
	const struct spcpu_map *map = &m->map;
	const struct spcpu_bitmap *b = spcpu_bitmap(map);
	int bits, i;

	for (bits = 1; map->free_bits; bits = bits % 31 + 1)
		spcpu_model_place(m, min(bits, map->free_bits), 1, false);
	KUNIT_EXPECT_EQ(test, 0, map->contig);

	for (i = 0; m->nr_areas; i += 7)
		spcpu_model_give_nth(m, i % m->nr_areas);
	KUNIT_EXPECT_EQ(test, map->nr_bits, map->contig);
	KUNIT_EXPECT_EQ(test, 0, b->whole.contig_hint_start);
	KUNIT_EXPECT_EQ(test, 0, b->whole.scan_hint);
	for (i = 0; i < map->nr_blocks; i++) {
		KUNIT_EXPECT_EQ(test, 0, b->blocks[i].contig_hint_start);
		KUNIT_EXPECT_EQ(test, 0, b->blocks[i].scan_hint);
		KUNIT_EXPECT_EQ(test, SPCPU_BLOCK_BITS, b->blocks[i].right_free);
	}
}

static void engine_bitmap_backed_pages(struct kunit *test)
{
	struct spcpu_model *m = model_of_pages(test, 4);
	const int page = SPCPU_BLOCK_BITS;

	__set_bit(2, m->populated);
	KUNIT_EXPECT_EQ(test, 2 * page, spcpu_model_place(m, 1, 1, true));
	/* who does not care goes to the front */
	KUNIT_EXPECT_EQ(test, 0, spcpu_model_place(m, 1, 1, false));

	/* over two pages: only when both are there */
	__set_bit(1, m->populated);
	KUNIT_EXPECT_EQ(test, -ENOSPC, spcpu_model_place(m, page + 1, 1, true));
	__set_bit(0, m->populated);
	KUNIT_EXPECT_EQ(test, 1, spcpu_model_place(m, page + 1, 1, true));
}

static void engine_bitmap_exit(struct kunit *test)
{
	if (test->priv)
		spcpu_model_destroy(test->priv);
}

static struct kunit_case engine_bitmap_cases[] = {
	KUNIT_CASE(engine_bitmap_alignment),
	KUNIT_CASE(engine_bitmap_full_and_back),
	KUNIT_CASE(engine_bitmap_backed_pages),
	KUNIT_CASE(engine_bitmap_passes_over_a_block),
	KUNIT_CASE(engine_bitmap_forgets_a_run),
	KUNIT_CASE(engine_bitmap_hides_runs_of_later_blocks),
	KUNIT_CASE(engine_bitmap_refuses_what_it_has),
	KUNIT_CASE(engine_bitmap_believes_its_hint),
	KUNIT_CASE(engine_bitmap_same_as_kernel),
	{}
};

struct kunit_suite spcpu_engine_bitmap_suite = {
	.name = "shadow_percpu_engine_bitmap",
	.exit = engine_bitmap_exit,
	.test_cases = engine_bitmap_cases,
};

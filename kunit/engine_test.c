// SPDX-License-Identifier: GPL-2.0
/*
 * Engine: a map of free and taken granules against a model that is a byte for
 * each granule, read from end to end.
 *
 * What must hold after each step:
 *  - both bitmaps, free_bits and nr_empty are exact;
 *  - no hint names a granule that is taken, and no run is said to be longer
 *    than the longest;
 *  - of a block, first_free is exact (but may be 0 in a block amid an area),
 *    left_free is 0 only if the first granule is taken, contig_hint is 0 only
 *    if all are, and its length if, and only if, none is;
 *  - of the chunk, first_free is exact, and contig_hint is short of the truth
 *    by less than two pages: a run may have grown at both of its ends, each
 *    inside a block, without the chunk being told;
 *  - scan_hint is no longer than contig_hint, and lies after it only if it is
 *    as long.
 * Whether a hint knows of the longest run is not for a rule to say: the kernel
 * forgets some. That it is the same that the kernel forgets is what
 * engine_same_as_kernel is for.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "engine.h"
#include "engine_bitmap.h"
#include "suites.h"

#define MAX_AREAS	4096
#define MAX_BITS	8192

enum cell { FREE, FIRST, REST };

struct extent {
	int off;
	int bits;
};

/* what is so in a block, or the chunk */
struct truth {
	int free;
	int first_free;
	int left;
	int right;
	int longest;
};

/**
 * struct geometry - a map to test
 *
 * @nr_pages: its length
 * @head: granules hidden at the beginning
 * @tail: granules hidden at the end
 * @holes: pages come and go, and every other area wants them backed
 */
struct geometry {
	int nr_pages;
	int head;
	int tail;
	bool holes;
};

/**
 * struct model - a map, and what ought to be in it
 *
 * @test: whom to tell
 * @map: what is tested
 * @geometry: its shape
 * @populated: the pages that are backed
 * @cells: what each granule is, see &enum cell
 * @taken: @cells as the allocation map must have it
 * @first: @cells as the boundary map must have it where an area is
 * @blocks: what is so in each block
 * @seen: the hints of each block when they were last looked at
 * @areas: live areas, in no order
 * @nr_areas: how many
 * @rnd: state of the random numbers
 * @seed: what they follow from
 * @step: number of steps so far
 * @trusting: look at nothing but results
 * @nr_hints: hints of blocks that were looked at
 * @nr_short: those that knew less than the longest run
 */
struct model {
	struct kunit *test;
	struct spcpu_map map;
	struct geometry geometry;
	unsigned long *populated;
	u8 *cells;
	unsigned long *taken;
	unsigned long *first;
	struct truth *blocks;
	struct spcpu_hints *seen;
	struct extent *areas;
	int nr_areas;
	u64 rnd;
	u32 seed;
	int step;
	bool trusting;
	int nr_hints;
	int nr_short;
};

/* the model: what is so */

static void *model_array(struct kunit *test, size_t n, size_t size)
{
	void *array = kunit_kcalloc(test, n, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, array);
	return array;
}

/* the truth of @n cells, by looking at each; their bits go to two bitmaps */
static struct truth look_at(const u8 *cells, int n, unsigned long *taken,
			    unsigned long *first)
{
	struct truth t = { .first_free = n };
	int run = 0;
	int i;

	bitmap_zero(taken, n);
	bitmap_zero(first, n);
	for (i = 0; i < n; i++) {
		if (cells[i] == FREE) {
			if (!t.free++)
				t.first_free = i;
			t.longest = max(t.longest, ++run);
			continue;
		}
		taken[BIT_WORD(i)] |= BIT_MASK(i);
		if (cells[i] == FIRST)
			first[BIT_WORD(i)] |= BIT_MASK(i);
		if (run == i)
			t.left = run;
		run = 0;
	}
	if (run == n)
		t.left = run;
	t.right = run;
	return t;
}

static void look_at_block(struct model *m, int i)
{
	int from = i * SPCPU_BLOCK_BITS;

	m->blocks[i] = look_at(m->cells + from, SPCPU_BLOCK_BITS,
			       m->taken + BIT_WORD(from),
			       m->first + BIT_WORD(from));
}

/* the truth of the chunk from that of its blocks */
static struct truth look_at_all(const struct model *m)
{
	struct truth all = { .first_free = m->map.nr_bits };
	int run = 0;
	int i;

	for (i = 0; i < m->map.nr_blocks; i++) {
		const struct truth *t = &m->blocks[i];

		if (t->free && !all.free)
			all.first_free = i * SPCPU_BLOCK_BITS + t->first_free;
		all.free += t->free;

		run += t->left;
		all.longest = max3(all.longest, run, t->longest);
		if (t->free < SPCPU_BLOCK_BITS)
			run = t->right;
	}
	return all;
}

/* the rules; each function names the one that was broken, or returns NULL */

static bool all_free(const u8 *cells, int start, int len)
{
	return !memchr_inv(cells + start, FREE, len);
}

static const char *wrong_hints(const struct spcpu_hints *h, const u8 *cells,
			       const struct truth *t)
{
	if (h->contig_hint < 0 || h->contig_hint > t->longest)
		return "contig_hint";
	if (h->contig_hint &&
	    !all_free(cells, h->contig_hint_start, h->contig_hint))
		return "contig_hint_start";
	if (h->scan_hint < 0 || h->scan_hint > h->contig_hint)
		return "scan_hint";
	if (h->scan_hint && !all_free(cells, h->scan_hint_start, h->scan_hint))
		return "scan_hint_start";
	if (h->scan_hint && h->scan_hint_start > h->contig_hint_start &&
	    h->scan_hint != h->contig_hint)
		return "order of contig_hint and scan_hint";
	return NULL;
}

static const char *wrong_block(const struct spcpu_hints *h, const u8 *cells,
			       const struct truth *t)
{
	if (h->nr_bits != SPCPU_BLOCK_BITS)
		return "nr_bits";
	if (h->first_free != t->first_free &&
	    (t->free || h->first_free || cells[0] != REST))
		return "first_free";
	if (h->left_free > t->left || !h->left_free != !t->left)
		return "left_free";
	if (h->right_free < 0 || h->right_free > t->right)
		return "right_free";
	if (!h->contig_hint != !t->free)
		return "contig_hint of a full block";
	if (t->free == SPCPU_BLOCK_BITS && h->contig_hint != t->free)
		return "contig_hint of an empty block";
	return wrong_hints(h, cells, t);
}

static const char *wrong_whole(const struct model *m)
{
	const struct spcpu_hints *h = &spcpu_bitmap(&m->map)->whole;
	struct truth t = look_at_all(m);
	int i, nr_empty = 0;

	for (i = 0; i < m->map.nr_blocks; i++)
		nr_empty += m->blocks[i].free == SPCPU_BLOCK_BITS;

	if (m->map.nr_empty != nr_empty)
		return "nr_empty";
	if (m->map.free_bits != t.free)
		return "free_bits";
	if (h->nr_bits != m->map.nr_bits)
		return "nr_bits";
	if (h->first_free != t.first_free)
		return "first_free";
	if (h->contig_hint <= t.longest - 2 * SPCPU_BLOCK_BITS)
		return "contig_hint, too short";
	return wrong_hints(h, m->cells, &t);
}

static const char *wrong_bitmaps(const struct model *m)
{
	const struct spcpu_map *map = &m->map;
	unsigned long last = 0;
	size_t i;

	for (i = 0; i < BITS_TO_LONGS(map->nr_bits); i++) {
		unsigned long taken = m->taken[i];
		unsigned long ends = ~taken & (taken << 1 | last);

		if (spcpu_bitmap(map)->alloc[i] != taken)
			return "allocation map";
		if ((spcpu_bitmap(map)->bound[i] & taken) != m->first[i])
			return "boundary map";
		if (~spcpu_bitmap(map)->bound[i] & ends)
			return "boundary map behind an area";
		last = taken >> (BITS_PER_LONG - 1);
	}
	if (last && !test_bit(map->nr_bits, spcpu_bitmap(map)->bound))
		return "boundary map at its end";
	return NULL;
}

static void fail(struct model *m, const char *wrong, int block)
{
	const struct spcpu_hints *h;

	h = block < 0 ? &spcpu_bitmap(&m->map)->whole : &spcpu_bitmap(&m->map)->blocks[block];
	KUNIT_ASSERT_TRUE_MSG(m->test, false,
			      "seed %u step %d: %s of block %d (-1: all): contig %d@%d scan %d@%d left %d right %d first %d",
			      m->seed, m->step, wrong, block,
			      h->contig_hint, h->contig_hint_start,
			      h->scan_hint, h->scan_hint_start,
			      h->left_free, h->right_free, h->first_free);
}

static void check_block(struct model *m, int i)
{
	const struct truth *t = &m->blocks[i];
	const char *wrong;

	m->seen[i] = spcpu_bitmap(&m->map)->blocks[i];
	wrong = wrong_block(&m->seen[i], m->cells + i * SPCPU_BLOCK_BITS, t);
	if (wrong)
		fail(m, wrong, i);

	m->nr_hints++;
	m->nr_short += m->seen[i].contig_hint < t->longest;
}

/*
 * Everything is checked after each step: of a block that no cell changed in the
 * truth is known, and hints that did not change either need no second look.
 */
static void check(struct model *m, struct extent touched)
{
	int first = touched.off / SPCPU_BLOCK_BITS;
	int end = DIV_ROUND_UP(touched.off + touched.bits, SPCPU_BLOCK_BITS);
	const char *wrong;
	int i;

	for (i = first; i < end; i++)
		look_at_block(m, i);

	wrong = wrong_bitmaps(m);
	if (!wrong)
		wrong = wrong_whole(m);
	if (wrong)
		fail(m, wrong, -1);

	for (i = 0; i < m->map.nr_blocks; i++) {
		if ((i >= first && i < end) ||
		    memcmp(&m->seen[i], &spcpu_bitmap(&m->map)->blocks[i], sizeof(m->seen[i])))
			check_block(m, i);
	}
}

/* the model: what is done */

static void set_cells(struct model *m, struct extent area, bool taken)
{
	memset(m->cells + area.off, taken ? REST : FREE, area.bits);
	if (taken)
		m->cells[area.off] = FIRST;

	m->step++;
	if (!m->trusting)
		check(m, area);
}

static void hide(struct model *m, int off, int bits)
{
	if (!bits)
		return;
	spcpu_map_hide(&m->map, off, bits);
	set_cells(m, (struct extent){ off, bits }, true);
}

/* a model in test->priv; one in a test */
static struct model *model_create(struct kunit *test, struct geometry geometry)
{
	struct model *m = model_array(test, 1, sizeof(*m));
	int nr_bits = geometry.nr_pages * SPCPU_BLOCK_BITS;
	int i;

	m->test = test;
	m->geometry = geometry;
	m->populated = model_array(test, BITS_TO_LONGS(geometry.nr_pages),
				   sizeof(long));
	m->cells = model_array(test, nr_bits, 1);
	m->taken = model_array(test, BITS_TO_LONGS(nr_bits), sizeof(long));
	m->first = model_array(test, BITS_TO_LONGS(nr_bits), sizeof(long));
	m->blocks = model_array(test, geometry.nr_pages, sizeof(*m->blocks));
	m->seen = model_array(test, geometry.nr_pages, sizeof(*m->seen));
	m->areas = model_array(test, MAX_AREAS, sizeof(*m->areas));

	KUNIT_ASSERT_EQ(test, 0, spcpu_map_init(&m->map, &spcpu_engine_bitmap, geometry.nr_pages,
						m->populated, GFP_KERNEL));
	test->priv = m;
	for (i = 0; i < geometry.nr_pages; i++)
		look_at_block(m, i);
	check(m, (struct extent){ 0, nr_bits });
	hide(m, 0, geometry.head);
	hide(m, nr_bits - geometry.tail, geometry.tail);
	return m;
}

static struct model *model_of_pages(struct kunit *test, int nr_pages)
{
	return model_create(test, (struct geometry){ .nr_pages = nr_pages });
}

static void model_destroy(struct model *m)
{
	spcpu_map_exit(&m->map);
	m->test->priv = NULL;
}

static bool is_backed(const struct model *m, struct extent area)
{
	int first = area.off / SPCPU_BLOCK_BITS;
	int end = DIV_ROUND_UP(area.off + area.bits, SPCPU_BLOCK_BITS);

	return find_next_zero_bit(m->populated, end, first) >= end;
}

/* place an area; returns what the map returned */
static int place(struct model *m, int bits, int align, bool populated)
{
	int off = spcpu_map_alloc(&m->map, bits, align, populated);
	struct extent area = { off, bits };

	if (off < 0) {
		if (off != -ENOSPC)
			fail(m, "error", -1);
		if (!m->trusting)
			check(m, (struct extent){ 0, 0 });
		m->step++;
		return off;
	}
	if (off + bits > m->map.nr_bits || off % align ||
	    !all_free(m->cells, off, bits))
		fail(m, "place", -1);
	if (populated && !is_backed(m, area))
		fail(m, "backing", -1);

	KUNIT_ASSERT_LT(m->test, m->nr_areas, MAX_AREAS);
	m->areas[m->nr_areas++] = area;
	set_cells(m, area, true);
	return off;
}

/* give back the area that @areas has at @i; returns where it lay */
static int give_nth(struct model *m, int i)
{
	struct extent area = m->areas[i];

	m->areas[i] = m->areas[--m->nr_areas];
	if (spcpu_map_size(&m->map, area.off) != area.bits)
		fail(m, "size", -1);
	if (spcpu_map_free(&m->map, area.off) != area.bits)
		fail(m, "freed size", -1);
	set_cells(m, area, false);
	return area.off;
}

static void give(struct model *m, int off)
{
	int i = 0;

	while (i < m->nr_areas && m->areas[i].off != off)
		i++;
	KUNIT_ASSERT_LT(m->test, i, m->nr_areas);
	give_nth(m, i);
}

/* areas of these lengths, one next to the other, from @off on */
static void lay(struct model *m, int off, const int *lengths, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(m->test, off, place(m, lengths[i], 1, false));
		off += lengths[i];
	}
}

/* random steps */

/* a number from 0 to @n - 1, the same on every kernel */
static u32 below(struct model *m, u32 n)
{
	m->rnd = m->rnd * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(m->rnd >> 33) % n;
}

static int random_bits(struct model *m)
{
	switch (below(m, 16)) {
	case 0:
		return 1 + below(m, MAX_BITS / 2);
	case 1:
	case 2:
		return 1 + below(m, 300);
	case 3:
		return 1 << below(m, 12);
	default:
		return 1 + below(m, 32);
	}
}

static int random_align(struct model *m)
{
	return 1 << below(m, below(m, 8) ? 3 : 11);
}

static void random_pages(struct model *m)
{
	int first = below(m, m->geometry.nr_pages);
	int nr = 1 + below(m, m->geometry.nr_pages - first);

	if (below(m, 3))
		bitmap_set(m->populated, first, nr);
	else
		bitmap_clear(m->populated, first, nr);
}

/* one step of filling up, of keeping full, of draining, of keeping empty */
static int random_step(struct model *m)
{
	static const int percent[] = { 90, 50, 10, 50 };
	int phase = m->step / 1500 % ARRAY_SIZE(percent);
	bool holes = m->geometry.holes;

	if (holes && !below(m, 32))
		random_pages(m);

	if (!m->nr_areas ||
	    (m->nr_areas < MAX_AREAS && below(m, 100) < percent[phase])) {
		int bits = random_bits(m), align = random_align(m);

		return place(m, bits, align, holes && below(m, 2));
	}
	return give_nth(m, below(m, m->nr_areas));
}

static void random_start(struct model *m, u32 seed)
{
	m->seed = seed;
	m->rnd = seed;
}

static void random_steps(struct kunit *test, struct geometry geometry,
			 u32 seed, int nr_steps)
{
	struct model *m = model_create(test, geometry);
	int i;

	random_start(m, seed);
	for (i = 0; i < nr_steps; i++) {
		random_step(m);
		if (i % 64 == 0)
			cond_resched();
	}
	/* forgetting is the exception */
	KUNIT_EXPECT_LT(test, m->nr_short, m->nr_hints / 20);
}

static void engine_random_steps(struct kunit *test)
{
	random_steps(test, (struct geometry){ .nr_pages = 8 }, 1, 100000);
}

static void engine_random_steps_hidden_ends(struct kunit *test)
{
	struct geometry geometry = { .nr_pages = 9, .head = 613, .tail = 41 };

	random_steps(test, geometry, 2, 50000);
}

static void engine_random_steps_holes(struct kunit *test)
{
	struct geometry geometry = { .nr_pages = 16, .holes = true };

	random_steps(test, geometry, 3, 50000);
}

static void engine_random_steps_one_page(struct kunit *test)
{
	random_steps(test, (struct geometry){ .nr_pages = 1 }, 4, 50000);
}

/* decisions: the kernel's */

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
static u64 sum_of_steps(struct model *m, u32 seed, int nr_steps)
{
	u64 sum = 0xcbf29ce484222325ULL;
	int i, k;

	m->trusting = true;
	random_start(m, seed);
	for (i = 0; i < nr_steps; i++) {
		sum = mix(sum, random_step(m));
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
static void engine_same_as_kernel(struct kunit *test)
{
	static const struct {
		struct geometry geometry;
		u64 sum;
	} runs[] = {
		{ { .nr_pages = 8 }, 0xe84b9e3e8a02565aULL },
		{ { .nr_pages = 11, .head = 300, .tail = 77 }, 0x2650bd8e4230c9c8ULL },
		{ { .nr_pages = 16, .holes = true }, 0xc8f2ede42a61c139ULL },
		{ { .nr_pages = 1, .head = 5 }, 0xc36b8a66ded57ffaULL },
		{ { .nr_pages = 2, .head = 1001, .tail = 983 }, 0x71bbf935a80ea30eULL },
		{ { .nr_pages = 3, .tail = 3000, .holes = true }, 0x4817bdf9151216ULL },
	};
	int i;

	only_with_4k_pages(test);
	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		struct model *m = model_create(test, runs[i].geometry);

		KUNIT_EXPECT_EQ_MSG(test, runs[i].sum,
				    sum_of_steps(m, 100 + i, 20000),
				    "run %d", i);
		model_destroy(m);
	}
}

/*
 * Block 0 has room for 64 aligned granules at 128, but its longest run, 1..100,
 * can only offer 64..100. So the block is passed over, and the area goes to
 * the next one, where first fit would have taken 128.
 */
static void engine_passes_over_a_block(struct kunit *test)
{
	const int lengths[] = { 1, 100, 27, 64, 1024 - 192 };
	struct model *m = model_of_pages(test, 2);

	only_with_4k_pages(test);
	lay(m, 0, lengths, ARRAY_SIZE(lengths));
	give(m, 1);
	give(m, 128);

	KUNIT_EXPECT_EQ(test, 1024, place(m, 64, 64, false));
	/* where alignment costs nothing the longest run is good enough */
	KUNIT_EXPECT_EQ(test, 1, place(m, 64, 1, false));
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
static void engine_forgets_a_run(struct kunit *test)
{
	const int lengths[] = { 100, 4, 10, 4, 200, 4, 286 };
	struct model *m = model_of_pages(test, 1);

	only_with_4k_pages(test);
	lay(m, 0, lengths, ARRAY_SIZE(lengths));
	give(m, 0);
	give(m, 118);
	KUNIT_EXPECT_EQ(test, 608, place(m, 250, 1, false));
	give(m, 104);

	KUNIT_EXPECT_EQ(test, 118, place(m, 50, 1, false));
	KUNIT_EXPECT_EQ(test, 0, place(m, 8, 1, false));
}

/*
 * In a full chunk a run inside a block is offered only if that is block 0: of
 * the others the chunk is not told. It learns of them when it next has to look
 * for its longest run; here, when the one in block 0 is taken.
 */
static void engine_hides_runs_of_later_blocks(struct kunit *test)
{
	const int lengths[] = { 16, 1008, 16, 992, 32, 1008 };
	struct model *m = model_of_pages(test, 3);

	only_with_4k_pages(test);
	lay(m, 0, lengths, ARRAY_SIZE(lengths));
	give(m, 1024);
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, 8, 1, false));
	give(m, 0);
	KUNIT_EXPECT_EQ(test, 0, place(m, 8, 1, false));
	KUNIT_EXPECT_EQ(test, 8, place(m, 8, 1, false));
	KUNIT_EXPECT_EQ(test, 1024, place(m, 8, 1, false));
}

/*
 * The runs 0..2, 5..7 are of one length, the first is better aligned, so the
 * other is the second. It stays so as 7..24 are given back, where all of 5..24
 * becomes the longest. When that is broken at 8 the second is promoted, which
 * is a granule short by now. And when 2..5 are given back, next to the longest,
 * its hint is believed: the run is said to be 0..7.
 */
static void engine_believes_its_hint(struct kunit *test)
{
	const int lengths[] = { 2, 3, 2, 17, 1000 };
	struct model *m = model_of_pages(test, 1);

	only_with_4k_pages(test);
	lay(m, 0, lengths, ARRAY_SIZE(lengths));
	give(m, 0);
	give(m, 5);
	give(m, 7);
	KUNIT_EXPECT_EQ(test, 8, place(m, 16, 8, false));
	KUNIT_EXPECT_EQ(test, 2, m->map.contig);
	give(m, 2);

	KUNIT_EXPECT_EQ(test, 7, m->map.contig);
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, 8, 1, false));
	KUNIT_EXPECT_EQ(test, 0, place(m, 7, 1, false));
}

/*
 * The chunk knows 1500 at 100. When 90 at 10 are given back, all it hears of is
 * the part in block 0, 1014 at 10, which becomes the second: a shorter run
 * before the longest. So a search for more begins behind it, in the middle of
 * the longest run, and finds too little.
 */
static void engine_refuses_what_it_has(struct kunit *test)
{
	const int lengths[] = { 10, 90, 1500, 448 };
	struct model *m = model_of_pages(test, 2);

	only_with_4k_pages(test);
	lay(m, 0, lengths, ARRAY_SIZE(lengths));
	give(m, 100);
	give(m, 10);

	KUNIT_EXPECT_EQ(test, 1500, m->map.contig);
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, 1500, 1, false));
	KUNIT_EXPECT_EQ(test, 10, place(m, 1014, 1, false));
}

/* simple cases */

static void engine_fresh_map(struct kunit *test)
{
	struct model *m = model_of_pages(test, 4);
	const struct spcpu_map *map = &m->map;
	int bits;

	KUNIT_EXPECT_EQ(test, 4, map->nr_blocks);
	KUNIT_EXPECT_EQ(test, 4 * SPCPU_BLOCK_BITS, map->nr_bits);
	KUNIT_EXPECT_EQ(test, map->nr_bits, map->free_bits);
	KUNIT_EXPECT_EQ(test, map->nr_bits, map->contig);
	KUNIT_EXPECT_EQ(test, 4, map->nr_empty);
	KUNIT_EXPECT_EQ(test, -ENOENT, spcpu_map_next(map, 0, &bits));
}

/* an area of @bits with @align in a hole alone in a full block */
static int fit_hole(struct extent hole, int bits, int align)
{
	int off = ALIGN(hole.off, align);

	return off + bits <= hole.off + hole.bits ? off : -ENOSPC;
}

static void try_hole(struct kunit *test, struct spcpu_map *map,
		     struct extent hole)
{
	int bits, align;

	for (bits = 1; bits <= hole.bits + 1; bits++) {
		for (align = 1; align <= 32; align *= 2) {
			int off = spcpu_map_alloc(map, bits, align, false);

			KUNIT_ASSERT_EQ_MSG(test, fit_hole(hole, bits, align),
					    off, "%d/%d in a hole of %d at %d",
					    bits, align, hole.bits, hole.off);
			if (off >= 0)
				spcpu_map_free(map, off);
		}
	}
}

static void engine_every_hole(struct kunit *test)
{
	struct model *m = model_of_pages(test, 1);
	struct extent hole;
	int i;

	for (i = 0; i < SPCPU_BLOCK_BITS; i++)
		KUNIT_ASSERT_EQ(test, i, spcpu_map_alloc(&m->map, 1, 1, false));

	for (hole.off = 0; hole.off < 24; hole.off++) {
		for (hole.bits = 1; hole.bits <= 24; hole.bits++) {
			i = hole.off + hole.bits - 1;
			KUNIT_ASSERT_EQ(test, 1, spcpu_map_free(&m->map, i));
			try_hole(test, &m->map, hole);
		}
		for (i = hole.off; i < hole.off + 24; i++)
			KUNIT_ASSERT_EQ(test, i,
					spcpu_map_alloc(&m->map, 1, 1, false));
		cond_resched();
	}
}

/* do what the digits of @code say: four lengths to take, two ways to give */
static void short_sequence(struct model *m, int code, int nr_steps)
{
	const int bits[] = { 1, SPCPU_BLOCK_BITS / 2, SPCPU_BLOCK_BITS - 1,
			     SPCPU_BLOCK_BITS + 3 };

	for (; nr_steps; nr_steps--, code /= 6) {
		if (code % 6 < 4)
			place(m, bits[code % 6], 1 << code % 4, false);
		else if (m->nr_areas)
			give_nth(m, code % 6 == 4 ? 0 : m->nr_areas - 1);
	}
	while (m->nr_areas)
		give_nth(m, 0);
}

static void engine_every_short_sequence(struct kunit *test)
{
	struct model *m = model_of_pages(test, 2);
	int code;

	for (code = 0; code < 6 * 6 * 6 * 6; code++) {
		m->seed = code;
		short_sequence(m, code, 4);
		cond_resched();
	}
}

static void engine_alignment(struct kunit *test)
{
	struct model *m = model_of_pages(test, 2);
	int align;

	KUNIT_EXPECT_EQ(test, 0, place(m, 1, SPCPU_BLOCK_BITS, false));
	/* from the largest down each fits between 0 and the one before */
	for (align = SPCPU_BLOCK_BITS; align > 1; align /= 2)
		KUNIT_EXPECT_EQ(test, align, place(m, align / 2, align, false));
	KUNIT_EXPECT_EQ(test, 1, place(m, 1, 1, false));
	KUNIT_EXPECT_EQ(test, 3, place(m, 1, 1, false));
}

static void engine_full_and_back(struct kunit *test)
{
	struct model *m = model_of_pages(test, 2);
	const struct spcpu_map *map = &m->map;
	int bits, i;

	for (bits = 1; map->free_bits; bits = bits % 31 + 1)
		KUNIT_ASSERT_GE(test, place(m, min(bits, map->free_bits), 1,
					    false), 0);
	KUNIT_EXPECT_EQ(test, 0, map->contig);
	KUNIT_EXPECT_EQ(test, 0, map->nr_empty);
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, 1, 1, false));

	for (i = 0; m->nr_areas; i += 7)
		give_nth(m, i % m->nr_areas);
	KUNIT_EXPECT_EQ(test, map->nr_bits, map->contig);
	KUNIT_EXPECT_EQ(test, 0, spcpu_bitmap(map)->whole.contig_hint_start);
	KUNIT_EXPECT_EQ(test, 0, spcpu_bitmap(map)->whole.scan_hint);
	KUNIT_EXPECT_EQ(test, 2, map->nr_empty);
	for (i = 0; i < map->nr_blocks; i++) {
		KUNIT_EXPECT_EQ(test, 0, spcpu_bitmap(map)->blocks[i].contig_hint_start);
		KUNIT_EXPECT_EQ(test, 0, spcpu_bitmap(map)->blocks[i].scan_hint);
		KUNIT_EXPECT_EQ(test, SPCPU_BLOCK_BITS,
				spcpu_bitmap(map)->blocks[i].right_free);
	}

	/* and areas go where they would go in a new map */
	for (i = 0, bits = 1; bits < 32; i += bits++)
		KUNIT_EXPECT_EQ(test, i, place(m, bits, 1, false));
}

static void expect_error(struct model *m, int off, int error)
{
	KUNIT_EXPECT_EQ_MSG(m->test, error, spcpu_map_size(&m->map, off),
			    "size at %d", off);
	KUNIT_EXPECT_EQ_MSG(m->test, error, spcpu_map_free(&m->map, off),
			    "free at %d", off);
	check(m, (struct extent){ 0, 0 });
}

static void engine_bad_positions(struct kunit *test)
{
	struct model *m = model_of_pages(test, 2);
	int nr_bits = m->map.nr_bits;
	const int lengths[] = { 10, 20, SPCPU_BLOCK_BITS };

	lay(m, 0, lengths, ARRAY_SIZE(lengths));
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
	give(m, 10);
	expect_error(m, 10, -ENOENT);
	expect_error(m, 20, -ENOENT);

	/* where an area began and ended another one has its middle */
	give(m, 0);
	KUNIT_EXPECT_EQ(test, 0, place(m, 30, 1, false));
	expect_error(m, 10, -EINVAL);
}

static void engine_wants_backed_pages(struct kunit *test)
{
	struct model *m = model_of_pages(test, 4);
	const int page = SPCPU_BLOCK_BITS;

	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, 1, 1, true));
	__set_bit(2, m->populated);
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, page + 1, 1, true));
	KUNIT_EXPECT_EQ(test, 2 * page, place(m, 1, 1, true));
	/* who does not care goes to the front */
	KUNIT_EXPECT_EQ(test, 0, place(m, 1, 1, false));

	/* over two pages: only when both are there */
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, page + 1, 1, true));
	__set_bit(1, m->populated);
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, page + 1, 1, true));
	__set_bit(0, m->populated);
	KUNIT_EXPECT_EQ(test, 1, place(m, page + 1, 1, true));

	bitmap_clear(m->populated, 0, 4);
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, 1, 1, true));
}

static void engine_hidden_ends(struct kunit *test)
{
	struct geometry geometry = { .nr_pages = 3, .head = 100, .tail = 1500 };
	struct model *m = model_create(test, geometry);
	int room = m->map.nr_bits - 1600;

	KUNIT_EXPECT_EQ(test, room, m->map.free_bits);
	KUNIT_EXPECT_EQ(test, room, m->map.contig);
	KUNIT_EXPECT_EQ(test, 100, spcpu_map_size(&m->map, 0));
	KUNIT_EXPECT_EQ(test, 1500, spcpu_map_size(&m->map, 100 + room));

	KUNIT_EXPECT_EQ(test, 100, place(m, 10, 1, false));
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, room, 1, false));
	KUNIT_EXPECT_EQ(test, 110, place(m, room - 10, 1, false));
	KUNIT_EXPECT_EQ(test, -ENOSPC, place(m, 1, 1, false));
	give(m, 100);
	give(m, 110);
	KUNIT_EXPECT_EQ(test, 100, place(m, room, 1, false));
}

/* an area by area walk meets exactly the areas that are there */
static void engine_walk(struct kunit *test)
{
	struct geometry geometry = { .nr_pages = 3, .head = 7, .tail = 9 };
	struct model *m = model_create(test, geometry);
	int from, step;

	random_start(m, 5);
	for (step = 0; step < 300; step++)
		random_step(m);

	for (from = 0; from < m->map.nr_bits; from++) {
		const u8 *cells = m->cells;
		int want = from, end, bits = 0, off;

		while (want < m->map.nr_bits && cells[want] != FIRST)
			want++;
		for (end = want + 1; end < m->map.nr_bits; end++)
			if (cells[end] != REST)
				break;

		off = spcpu_map_next(&m->map, from, &bits);
		if (want == m->map.nr_bits) {
			KUNIT_ASSERT_EQ(test, -ENOENT, off);
			continue;
		}
		KUNIT_ASSERT_EQ_MSG(test, want, off, "from %d", from);
		KUNIT_ASSERT_EQ_MSG(test, end - want, bits, "at %d", off);
	}
}

/*
 * Lengths at which, where one piece of memory can be 4 MB, the blocks, the
 * allocation map, and only the longer boundary map do not fit.
 */
static void engine_no_memory(struct kunit *test)
{
	const int nr_pages[] = { INT_MIN, -1, 0, INT_MAX, INT_MAX / 1024,
				 200000, 40000, 32768 };
	struct spcpu_map map;
	int i, err;

	for (i = 0; i < ARRAY_SIZE(nr_pages); i++) {
		err = spcpu_map_init(&map, &spcpu_engine_bitmap, nr_pages[i], NULL,
				     GFP_NOWAIT | __GFP_NOWARN);
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
		model_destroy(test->priv);
}

static struct kunit_case engine_cases[] = {
	KUNIT_CASE(engine_fresh_map),
	KUNIT_CASE(engine_every_hole),
	KUNIT_CASE(engine_every_short_sequence),
	KUNIT_CASE(engine_alignment),
	KUNIT_CASE(engine_full_and_back),
	KUNIT_CASE(engine_bad_positions),
	KUNIT_CASE(engine_wants_backed_pages),
	KUNIT_CASE(engine_hidden_ends),
	KUNIT_CASE(engine_walk),
	KUNIT_CASE(engine_no_memory),
	KUNIT_CASE(engine_passes_over_a_block),
	KUNIT_CASE(engine_forgets_a_run),
	KUNIT_CASE(engine_hides_runs_of_later_blocks),
	KUNIT_CASE(engine_refuses_what_it_has),
	KUNIT_CASE(engine_believes_its_hint),
	KUNIT_CASE(engine_random_steps),
	KUNIT_CASE(engine_random_steps_hidden_ends),
	KUNIT_CASE(engine_random_steps_holes),
	KUNIT_CASE(engine_random_steps_one_page),
	KUNIT_CASE(engine_same_as_kernel),
	{}
};

struct kunit_suite spcpu_engine_suite = {
	.name = "shadow_percpu_engine",
	.exit = engine_exit,
	.test_cases = engine_cases,
};

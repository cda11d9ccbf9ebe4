// SPDX-License-Identifier: GPL-2.0
/*
 * Engine: maps against a byte for each granule, read from end to end.
 *
 * What must hold after each step:
 *  - an area is placed where it was free, aligned, inside the map, and in backed
 *    pages if it was to be;
 *  - free_bits, nr_empty, and the ends of each area are exact, and who walks through
 *    the map meets the areas that are there;
 *  - of bitmap no hint names a granule that is taken; that of the chunk's longest run
 *    is short of the truth by less than two pages; and no request that fits a page is
 *    refused while the chunk knows of a run of three;
 *  - of the others none is refused that fits anywhere; areamap takes the first place;
 *  - the memory of a record is what it says, as it grows, too.
 * kunit/engine_test.c looks closer; this is to see that the host's build of the
 * engines is one, and to run under sanitizers, which see what is written behind a
 * record.
 */
#include <linux/align.h>
#include <linux/bitmap.h>

#include "engine.h"
#include "engine_bitmap.h"
#include "random.h"
#include "selftest.h"

#define MOST_PAGES	24
#define MOST_BITS	(MOST_PAGES * SPCPU_BLOCK_BITS)
#define MOST_AREAS	3000
#define STEPS_OF_A_MAP	5000

/* between looks at every granule */
#define STEPS_UNSEEN	16

/* what an allocation may take beyond its bytes, and how many a record is made of */
#define EXCESS		32
#define MOST_PARTS	6

/* entries of a new array of areamap */
#define ENTRIES		16

struct area {
	int off;
	int bits;
};

struct model {
	const struct spcpu_engine *engine;
	size_t memory_before;
	u64 rnd;
	struct spcpu_map map;
	DECLARE_BITMAP(populated, MOST_PAGES);
	u8 taken[MOST_BITS];
	struct area areas[MOST_AREAS];
	unsigned int nr_areas;
	unsigned int room;
	bool hidden;
	bool shrinking;
};

/* the longest free run in a part of the map */
static int longest(const struct model *m, int from, int to)
{
	int len = 0, most = 0, i;

	for (i = from; i < to; i++) {
		len = m->taken[i] ? 0 : len + 1;
		most = max(most, len);
	}
	return most;
}

static bool all_are(const struct model *m, int from, int len, u8 value)
{
	while (len--) {
		if (m->taken[from + len] != value)
			return false;
	}
	return true;
}

static bool all_backed(const struct model *m, struct area a)
{
	int i;

	for (i = a.off / SPCPU_BLOCK_BITS;
	     i <= (a.off + a.bits - 1) / SPCPU_BLOCK_BITS; i++) {
		if (!test_bit(i, m->populated))
			return false;
	}
	return true;
}

/* runs that hints name lie in their part and are free */
static void check_hints(const struct model *m, const struct spcpu_hints *h,
			int from)
{
	int most = longest(m, from, from + h->nr_bits);

	expect(h->contig_hint <= most);
	expect(h->scan_hint <= h->contig_hint);
	expect(!h->contig_hint || all_are(m, from + h->contig_hint_start,
					  h->contig_hint, false));
	expect(!h->scan_hint || all_are(m, from + h->scan_hint_start,
					h->scan_hint, false));
}

/* of a block, its ends too */
static void check_ends(const struct model *m, const struct spcpu_hints *h,
		       int from)
{
	expect(all_are(m, from, h->left_free, false));
	expect(all_are(m, from + h->nr_bits - h->right_free, h->right_free,
		       false));
}

/* what bitmap alone has */
static void check_bitmap(const struct model *m)
{
	const struct spcpu_map *map = &m->map;
	const struct spcpu_bitmap *b = spcpu_bitmap(map);
	int i;

	for (i = 0; i < map->nr_bits; i++)
		expect(test_bit(i, b->alloc) == m->taken[i]);
	for (i = 0; i < map->nr_blocks; i++) {
		check_hints(m, &b->blocks[i], i * SPCPU_BLOCK_BITS);
		check_ends(m, &b->blocks[i], i * SPCPU_BLOCK_BITS);
	}
	check_hints(m, &b->whole, 0);
	expect(map->contig == b->whole.contig_hint);
	expect(map->contig > longest(m, 0, map->nr_bits) - 2 * SPCPU_BLOCK_BITS);
}

static void check_counts(const struct model *m)
{
	const struct spcpu_map *map = &m->map;
	int i, nr_free = 0, nr_empty = 0;

	for (i = 0; i < map->nr_bits; i++)
		nr_free += !m->taken[i];
	expect(map->free_bits == nr_free);

	for (i = 0; i < map->nr_blocks; i++) {
		bool is_free = all_are(m, i * SPCPU_BLOCK_BITS, SPCPU_BLOCK_BITS,
				       false);

		expect(spcpu_map_block_free(map, i) == is_free);
		nr_empty += is_free;
	}
	expect(map->nr_empty == nr_empty);
	expect(map->contig <= map->free_bits);
	expect((map->contig == map->nr_bits) == (nr_free == map->nr_bits));
	expect(map->contig || longest(m, 0, map->nr_bits) < SPCPU_BLOCK_BITS);
}

/* areas, and the hidden beginning, which is one */
static void check_areas(const struct model *m)
{
	unsigned int nr = 0;
	int at = 0, end = 0, bits;

	while ((at = spcpu_map_next(&m->map, at, &bits)) >= 0) {
		expect(all_are(m, end, at - end, false));
		expect(all_are(m, at, bits, true));
		at += bits;
		end = at;
		nr++;
	}
	expect(at == -ENOENT);
	expect(all_are(m, end, m->map.nr_bits - end, false));
	expect(nr == m->nr_areas + m->hidden);
}

/* from anywhere, wherever the last walk ended */
static void check_next(const struct model *m, int from)
{
	int at = m->hidden && !from ? 0 : INT_MAX, bits;
	unsigned int i;

	for (i = 0; i < m->nr_areas; i++) {
		if (m->areas[i].off >= from)
			at = min(at, m->areas[i].off);
	}
	expect(spcpu_map_next(&m->map, from, &bits) ==
	       (at == INT_MAX ? -ENOENT : at));
}

static void check_memory(const struct model *m)
{
	size_t taken = m->memory_before - host_memory_left;

	expect(m->map.bytes <= taken);
	expect(m->map.bytes + MOST_PARTS * EXCESS >= taken);
}

static void check_all(const struct model *m)
{
	check_counts(m);
	check_areas(m);
	check_memory(m);
	if (m->engine == &spcpu_engine_bitmap)
		check_bitmap(m);
}

/* by looking at every place that may be one; negative: none */
static int first_fit(const struct model *m, int bits, int align, bool populated)
{
	struct area a = { .bits = bits };
	int i;

	while (a.off + bits <= m->map.nr_bits) {
		for (i = bits - 1; i >= 0 && !m->taken[a.off + i]; i--)
			;
		if (i < 0 && (!populated || all_backed(m, a)))
			return a.off;
		a.off = ALIGN(a.off + max(i, 0) + 1, align);
	}
	return -ENOSPC;
}

static void check_refusal(const struct model *m, int bits, int align,
			  bool populated)
{
	if (m->engine == &spcpu_engine_bitmap)
		expect(populated || bits > SPCPU_BLOCK_BITS ||
		       m->map.contig < 3 * SPCPU_BLOCK_BITS);
	else
		expect(first_fit(m, bits, align, populated) < 0);
	/* whoever looked through all of it knows */
	if (m->engine == &spcpu_engine_areamap && bits <= m->map.contig)
		expect(m->map.contig == longest(m, 0, m->map.nr_bits));
}

/* free runs and areas, side by side */
static unsigned int nr_extents(const struct model *m)
{
	unsigned int nr = m->nr_areas + m->hidden;
	int i;

	for (i = 0; i < m->map.nr_bits; i++)
		nr += !m->taken[i] && (!i || m->taken[i - 1]);
	return nr;
}

static void enlarge(struct model *m)
{
	size_t bytes = spcpu_map_wants(&m->map);
	void *room = host_alloc(bytes), *old;

	expect(bytes && room);
	/* an entry for each extent, and two more for an area in the middle of one */
	if (m->engine == &spcpu_engine_areamap)
		expect(nr_extents(m) + 2 > m->room && nr_extents(m) <= m->room);
	/* what is there has no meaning */
	memset(room, 0x5a, bytes);
	old = m->map.engine->move(&m->map, room, bytes);
	expect(old && old != room);
	host_free(old);
	m->room = bytes / sizeof(int);
	/* a second one came late: what it brought is not needed */
	room = host_alloc(bytes);
	expect(m->map.engine->move(&m->map, room, bytes) == room);
	host_free(room);
	check_all(m);
}

static int alloc(struct model *m, int bits, int align, bool populated)
{
	int off = spcpu_map_alloc(&m->map, bits, align, populated);

	if (off != -ENOBUFS) {
		expect(off < 0 || m->engine != &spcpu_engine_areamap ||
		       nr_extents(m) + 2 <= m->room);
		return off;
	}
	enlarge(m);
	off = spcpu_map_alloc(&m->map, bits, align, populated);
	expect(off >= 0);
	return off;
}

/* mostly small, of all alignments */
static void add(struct model *m)
{
	int bits = 1 + host_below(&m->rnd, 1U << host_below(&m->rnd, 14));
	int align = 1 << host_below(&m->rnd, 11);
	bool populated = host_below(&m->rnd, 2);
	struct area a = { .bits = bits };
	int want = -ENOSPC;

	if (m->engine == &spcpu_engine_areamap)
		want = first_fit(m, bits, align, populated);
	a.off = alloc(m, bits, align, populated);
	if (a.off < 0) {
		expect(a.off == -ENOSPC);
		check_refusal(m, bits, align, populated);
		return;
	}
	expect(m->engine != &spcpu_engine_areamap || a.off == want);
	expect(a.off + bits <= m->map.nr_bits);
	expect(a.off % align == 0);
	expect(all_are(m, a.off, bits, false));
	expect(!populated || all_backed(m, a));
	memset(m->taken + a.off, true, bits);
	m->areas[m->nr_areas++] = a;
}

static void remove_one(struct model *m)
{
	struct area *a = &m->areas[host_below(&m->rnd, m->nr_areas)];
	int inside = a->off + host_below(&m->rnd, a->bits), bits = 0;

	expect(spcpu_map_size(&m->map, a->off) == a->bits);
	expect(spcpu_map_around(&m->map, inside, &bits) == a->off);
	expect(bits == a->bits);
	expect(inside == a->off || spcpu_map_free(&m->map, inside) == -EINVAL);
	expect(spcpu_map_free(&m->map, a->off) == a->bits);
	expect(spcpu_map_free(&m->map, a->off) == -ENOENT);
	memset(m->taken + a->off, false, a->bits);
	*a = m->areas[--m->nr_areas];
}

static void step(struct model *m)
{
	unsigned int page = host_below(&m->rnd, m->map.nr_blocks);

	/* pages leave only where nothing lies */
	if (spcpu_map_block_free(&m->map, page))
		__assign_bit(page, m->populated, host_below(&m->rnd, 2));
	else
		__set_bit(page, m->populated);

	if (m->nr_areas == MOST_AREAS || !host_below(&m->rnd, 500))
		m->shrinking = !m->shrinking;
	if (m->nr_areas && (m->nr_areas == MOST_AREAS ||
			    !host_below(&m->rnd, 4) == !m->shrinking))
		remove_one(m);
	else
		add(m);
	check_next(m, host_below(&m->rnd, m->map.nr_bits));
}

static void begin(struct model *m)
{
	int nr_pages = 1 + host_below(&m->rnd, MOST_PAGES);

	memset(m->taken, false, sizeof(m->taken));
	m->nr_areas = 0;
	m->room = ENTRIES;
	m->memory_before = host_memory_left;
	expect(!spcpu_map_init(&m->map, m->engine, nr_pages, m->populated,
			       GFP_KERNEL));
	m->hidden = host_below(&m->rnd, 2);
	if (m->hidden) {
		int head = 1 + host_below(&m->rnd, SPCPU_BLOCK_BITS - 1);

		spcpu_map_hide(&m->map, 0, head);
		memset(m->taken, true, head);
	}
	bitmap_fill(m->populated, nr_pages);
}

static void end(struct model *m)
{
	spcpu_map_exit(&m->map);
	expect(host_memory_left == m->memory_before);
}

void host_test_engine(const struct spcpu_engine *engine, u64 seed,
		      unsigned int steps)
{
	struct model *m = host_alloc(sizeof(*m));
	unsigned int i;

	expect(m);
	m->engine = engine;
	m->rnd = seed;
	for (i = 0; i < steps; i++) {
		if (i % STEPS_OF_A_MAP == 0) {
			if (i)
				end(m);
			begin(m);
		}
		step(m);
		if (i % STEPS_UNSEEN == 0)
			check_all(m);
	}
	end(m);
	host_free(m);
}

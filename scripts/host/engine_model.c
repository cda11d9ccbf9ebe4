// SPDX-License-Identifier: GPL-2.0
/*
 * Engine: maps against a byte for each granule, read from end to end.
 *
 * What must hold after each step:
 *  - an area is placed where it was free, aligned, inside the map, and in backed
 *    pages if it was to be;
 *  - free_bits, nr_empty, and the ends of each area are exact;
 *  - no hint names a granule that is taken; that of the chunk's longest run is short
 *    of the truth by less than two pages;
 *  - no request that fits a page is refused while the chunk knows of a run of three.
 * kunit/engine_test.c looks closer; this is to see that the host's build of the
 * engine is one, and to run under sanitizers.
 */
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

struct area {
	int off;
	int bits;
};

struct model {
	u64 rnd;
	struct spcpu_map map;
	DECLARE_BITMAP(populated, MOST_PAGES);
	u8 taken[MOST_BITS];
	struct area areas[MOST_AREAS];
	unsigned int nr_areas;
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

static void check_all(const struct model *m)
{
	const struct spcpu_map *map = &m->map;
	int i, nr_free = 0, nr_empty = 0;

	for (i = 0; i < map->nr_bits; i++) {
		expect(test_bit(i, spcpu_bitmap(map)->alloc) == m->taken[i]);
		nr_free += !m->taken[i];
	}
	expect(map->free_bits == nr_free);

	for (i = 0; i < map->nr_blocks; i++) {
		check_hints(m, &spcpu_bitmap(map)->blocks[i], i * SPCPU_BLOCK_BITS);
		check_ends(m, &spcpu_bitmap(map)->blocks[i], i * SPCPU_BLOCK_BITS);
		nr_empty += all_are(m, i * SPCPU_BLOCK_BITS, SPCPU_BLOCK_BITS,
				    false);
	}
	expect(map->nr_empty == nr_empty);

	check_hints(m, &spcpu_bitmap(map)->whole, 0);
	expect(spcpu_bitmap(map)->whole.contig_hint >
	       longest(m, 0, map->nr_bits) - 2 * SPCPU_BLOCK_BITS);
}

/* mostly small, of all alignments */
static void add(struct model *m)
{
	int bits = 1 + host_below(&m->rnd, 1U << host_below(&m->rnd, 14));
	int align = 1 << host_below(&m->rnd, 11);
	bool populated = host_below(&m->rnd, 2);
	struct area a = { .bits = bits };

	a.off = spcpu_map_alloc(&m->map, bits, align, populated);
	if (a.off < 0) {
		expect(a.off == -ENOSPC);
		expect(populated || bits > SPCPU_BLOCK_BITS ||
		       spcpu_bitmap(&m->map)->whole.contig_hint < 3 * SPCPU_BLOCK_BITS);
		return;
	}
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
}

static void begin(struct model *m)
{
	int nr_pages = 1 + host_below(&m->rnd, MOST_PAGES);

	memset(m->taken, false, sizeof(m->taken));
	m->nr_areas = 0;
	expect(!spcpu_map_init(&m->map, &spcpu_engine_bitmap, nr_pages, m->populated, GFP_KERNEL));
	if (host_below(&m->rnd, 2)) {
		int head = 1 + host_below(&m->rnd, SPCPU_BLOCK_BITS - 1);

		spcpu_map_hide(&m->map, 0, head);
		memset(m->taken, true, head);
	}
	bitmap_fill(m->populated, nr_pages);
}

void host_test_engine(u64 seed, unsigned int steps)
{
	struct model *m = host_alloc(sizeof(*m));
	unsigned int i;

	expect(m);
	m->rnd = seed;
	for (i = 0; i < steps; i++) {
		if (i % STEPS_OF_A_MAP == 0) {
			spcpu_map_exit(&m->map);
			begin(m);
		}
		step(m);
		if (i % STEPS_UNSEEN == 0)
			check_all(m);
	}
	spcpu_map_exit(&m->map);
	host_free(m);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Engine rules: what each engine promises beyond what all do.
 *
 * Who adds an engine may add its rules. Without any it is held against what all
 * engines promise.
 */
#include <linux/align.h>
#include <linux/bitmap.h>

#include "engine_model.h"

/* entries of the array of a new map of areamap, and what an area may take of them */
#define ENTRIES		16
#define MARGIN		2

/* may an area that begins at @off lie there? If not: from where on it may */
static int backed_from(const struct spcpu_model *m, int off, int bits)
{
	int first = off / SPCPU_BLOCK_BITS;
	int end = DIV_ROUND_UP(off + bits, SPCPU_BLOCK_BITS);
	int hole = find_next_zero_bit(m->populated, end, first);

	return hole >= end ? off : (hole + 1) * SPCPU_BLOCK_BITS;
}

/* the lowest place where it fits; -ENOSPC: none */
static int first_fit(const struct spcpu_model *m, struct spcpu_wish w)
{
	unsigned long nr_bits = m->map.nr_bits, at = 0;
	int off;

	for (;;) {
		at = bitmap_find_next_zero_area(m->taken, nr_bits, at, w.bits,
						w.align - 1);
		if (at >= nr_bits)
			return -ENOSPC;
		if (!w.populated)
			return at;

		off = backed_from(m, at, w.bits);
		if (off == at)
			return at;
		at = off;
	}
}

/* areamap: the first extent that holds it */

static int areamap_choose(const struct spcpu_model *m, struct spcpu_wish wish)
{
	return first_fit(m, wish);
}

/* only a search in vain through all of it finds the longest run anew */
static const char *areamap_check(struct spcpu_model *m,
				 struct spcpu_extent touched)
{
	return m->map.contig < m->whole.longest ? "contig is too short" : NULL;
}

static const char *areamap_refused(const struct spcpu_model *m,
				   struct spcpu_wish wish)
{
	if (wish.bits > m->map.contig)
		return NULL;
	return m->map.contig != m->whole.longest ? "contig after a search" : NULL;
}

/* areas, and what is free between them: each begins with the one bit or the other */
static int nr_extents(const struct spcpu_model *m)
{
	unsigned long before = 1;
	int i, nr = 0;

	for (i = 0; i < BITS_TO_LONGS(m->map.nr_bits); i++) {
		unsigned long taken = m->taken[i];

		nr += hweight_long(m->first[i]);
		nr += hweight_long(~taken & (taken << 1 | before));
		before = taken >> (BITS_PER_LONG - 1);
	}
	return nr;
}

static bool areamap_full(const struct spcpu_model *m)
{
	int room = m->room ? m->room_bytes / sizeof(int) : ENTRIES;

	return nr_extents(m) + MARGIN > room;
}

static const struct spcpu_rules areamap_rules = {
	.engine = &spcpu_engine_areamap,
	.check = areamap_check,
	.choose = areamap_choose,
	.refused = areamap_refused,
	.full = areamap_full,
};

/* bestfit: of the runs that hold it one of the lowest bin, and there the first */

/* the lowest place in a free run; -ENOSPC: none */
static int fit_in(const struct spcpu_model *m, int at, int end,
		  struct spcpu_wish w)
{
	int off;

	for (off = ALIGN(at, w.align); off + w.bits <= end;
	     off = ALIGN(at, w.align)) {
		at = w.populated ? backed_from(m, off, w.bits) : off;
		if (at == off)
			return off;
	}
	return -ENOSPC;
}

/* as far as runs are measured */
#define REACH		(SPCPU_MODEL_MOST + SPCPU_BLOCK_BITS)
#define LAST_BIN	63

/* one for each length up to 32, then four for each doubling */
static int bin_of(int bits)
{
	int bin = 32, from = 32;

	if (bits <= 32)
		return bits - 1;
	for (; bits >= 2 * from; from *= 2)
		bin += 4;
	return min(bin + 4 * (bits - from) / from, LAST_BIN);
}

static int bestfit_choose(const struct spcpu_model *m, struct spcpu_wish wish)
{
	int nr_bits = m->map.nr_bits, best = LAST_BIN + 1, found = -ENOSPC;
	int at = 0, end, off;

	while ((at = find_next_zero_bit(m->taken, nr_bits, at)) < nr_bits) {
		end = find_next_bit(m->taken, nr_bits, at);
		if (bin_of(end - at) < best) {
			off = fit_in(m, at, end, wish);
			if (off >= 0) {
				best = bin_of(end - at);
				found = off;
			}
		}
		at = end;
	}
	return found;
}

static const char *bestfit_check(struct spcpu_model *m,
				 struct spcpu_extent touched)
{
	return m->map.contig < min(m->whole.longest, REACH) ?
		"contig is too short" : NULL;
}

/* no run is as long as would do wherever it lay */
static const char *bestfit_refused(const struct spcpu_model *m,
				   struct spcpu_wish wish)
{
	return !wish.populated && m->map.contig > wish.bits + wish.align - 2 ?
		"contig after a search" : NULL;
}

static const struct spcpu_rules bestfit_rules = {
	.engine = &spcpu_engine_bestfit,
	.check = bestfit_check,
	.choose = bestfit_choose,
	.refused = bestfit_refused,
};

/**
 * spcpu_rules_of() - what an engine promises beyond what all do
 * @engine: the engine
 *
 * Return: Its rules; NULL: it has none.
 */
const struct spcpu_rules *spcpu_rules_of(const struct spcpu_engine *engine)
{
	static const struct spcpu_rules * const all[] = {
		&spcpu_bitmap_rules, &areamap_rules, &bestfit_rules,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i]->engine == engine)
			return all[i];
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Engine rules of bitmap: what its hints may say.
 *
 * What must hold after each step:
 *  - both bitmaps are exact;
 *  - no hint names a granule that is taken, and no run is said to be longer
 *    than the longest;
 *  - of a block, first_free is exact (but may be 0 in a block amid an area),
 *    left_free is 0 only if the first granule is taken, contig_hint is 0 only
 *    if all are, and its length if, and only if, none is;
 *  - of the chunk, first_free is exact, and contig_hint is short of the truth
 *    by less than two pages: a run may have grown at both of its ends, each
 *    inside a block, without the chunk being told;
 *  - scan_hint is no longer than contig_hint, and lies after it only if it is
 *    as long;
 *  - no request that fits a page is refused while a run of three is known.
 * Whether a hint knows of the longest run is not for a rule to say: the kernel
 * forgets some. That it is the same that the kernel forgets is what
 * engine_bitmap_same_as_kernel is for.
 */
#include <linux/bitmap.h>
#include <linux/string.h>

#include "engine_bitmap.h"
#include "engine_model.h"

/**
 * struct memory - what is remembered
 *
 * @nr_hints: hints of blocks that were looked at
 * @nr_short: those that knew less than the longest run
 * @seen: the hints of each block when they were last looked at
 */
struct memory {
	int nr_hints;
	int nr_short;
	struct spcpu_hints seen[];
};

static void begin(struct spcpu_model *m)
{
	struct memory *memory;

	m->rules_own = spcpu_model_array(m->test, 1,
					 struct_size(memory, seen,
						     m->map.nr_blocks));
}

static bool is_free(const struct spcpu_model *m, int from, int start, int len)
{
	return spcpu_model_all_free(m, (struct spcpu_extent){
		from + start, len
	});
}

/* each function names the rule that was broken, or returns NULL; @from: its start */
static const char *wrong_hints(const struct spcpu_model *m,
			       const struct spcpu_hints *h, int from,
			       const struct spcpu_truth *t)
{
	if (h->contig_hint < 0 || h->contig_hint > t->longest)
		return "contig_hint";
	if (h->contig_hint &&
	    !is_free(m, from, h->contig_hint_start, h->contig_hint))
		return "contig_hint_start";
	if (h->scan_hint < 0 || h->scan_hint > h->contig_hint)
		return "scan_hint";
	if (h->scan_hint && !is_free(m, from, h->scan_hint_start, h->scan_hint))
		return "scan_hint_start";
	if (h->scan_hint && h->scan_hint_start > h->contig_hint_start &&
	    h->scan_hint != h->contig_hint)
		return "order of contig_hint and scan_hint";
	return NULL;
}

static const char *wrong_block(const struct spcpu_model *m, int i)
{
	const struct spcpu_hints *h = &spcpu_bitmap(&m->map)->blocks[i];
	const struct spcpu_truth *t = &m->blocks[i];
	int from = i * SPCPU_BLOCK_BITS;

	if (h->nr_bits != SPCPU_BLOCK_BITS)
		return "nr_bits";
	if (h->first_free != t->first_free &&
	    (t->free || h->first_free || m->cells[from] != SPCPU_REST))
		return "first_free";
	if (h->left_free > t->left || !h->left_free != !t->left)
		return "left_free";
	if (h->right_free < 0 || h->right_free > t->right)
		return "right_free";
	if (!h->contig_hint != !t->free)
		return "contig_hint of a full block";
	if (t->free == SPCPU_BLOCK_BITS && h->contig_hint != t->free)
		return "contig_hint of an empty block";
	return wrong_hints(m, h, from, t);
}

static const char *wrong_whole(const struct spcpu_model *m)
{
	const struct spcpu_hints *h = &spcpu_bitmap(&m->map)->whole;
	const struct spcpu_truth *t = &m->whole;

	if (h->nr_bits != m->map.nr_bits)
		return "nr_bits";
	if (h->first_free != t->first_free)
		return "first_free";
	if (h->contig_hint != m->map.contig)
		return "contig";
	if (h->contig_hint <= t->longest - 2 * SPCPU_BLOCK_BITS)
		return "contig_hint, too short";
	return wrong_hints(m, h, 0, t);
}

static const char *wrong_bitmaps(const struct spcpu_model *m)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(&m->map);
	unsigned long last = 0;
	size_t i;

	for (i = 0; i < BITS_TO_LONGS(m->map.nr_bits); i++) {
		unsigned long taken = m->taken[i];
		unsigned long ends = ~taken & (taken << 1 | last);

		if (b->alloc[i] != taken)
			return "allocation map";
		if ((b->bound[i] & taken) != m->first[i])
			return "boundary map";
		if (~b->bound[i] & ends)
			return "boundary map behind an area";
		last = taken >> (BITS_PER_LONG - 1);
	}
	if (last && !test_bit(m->map.nr_bits, b->bound))
		return "boundary map at its end";
	return NULL;
}

/* of block @i, -1: of all */
static const char *with_hints(const struct spcpu_model *m, const char *wrong,
			      int i)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(&m->map);
	const struct spcpu_hints *h = i < 0 ? &b->whole : &b->blocks[i];

	kunit_info(m->test,
		   "%s of block %d (-1: all): contig %d@%d scan %d@%d left %d right %d first %d\n",
		   wrong, i, h->contig_hint, h->contig_hint_start, h->scan_hint,
		   h->scan_hint_start, h->left_free, h->right_free,
		   h->first_free);
	return wrong;
}

static const char *check_block(struct spcpu_model *m, int i)
{
	struct memory *memory = m->rules_own;
	const char *wrong = wrong_block(m, i);

	if (wrong)
		return with_hints(m, wrong, i);

	memory->seen[i] = spcpu_bitmap(&m->map)->blocks[i];
	memory->nr_hints++;
	memory->nr_short += memory->seen[i].contig_hint < m->blocks[i].longest;
	return NULL;
}

/* where no cell changed, hints that did not change either need no second look */
static const char *check(struct spcpu_model *m, struct spcpu_extent touched)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(&m->map);
	const struct memory *memory = m->rules_own;
	int first = touched.off / SPCPU_BLOCK_BITS;
	int end = DIV_ROUND_UP(touched.off + touched.bits, SPCPU_BLOCK_BITS);
	const char *wrong = wrong_bitmaps(m) ?: wrong_whole(m);
	int i;

	if (wrong)
		return with_hints(m, wrong, -1);

	for (i = 0; !wrong && i < m->map.nr_blocks; i++) {
		if ((i >= first && i < end) ||
		    memcmp(&memory->seen[i], &b->blocks[i],
			   sizeof(b->blocks[i])))
			wrong = check_block(m, i);
	}
	return wrong;
}

static const char *refusal(const struct spcpu_model *m, struct spcpu_wish wish)
{
	if (!wish.populated && wish.bits <= SPCPU_BLOCK_BITS &&
	    m->map.contig >= 3 * SPCPU_BLOCK_BITS)
		return "refused, though there is a long run";
	return NULL;
}

/* forgetting is the exception */
static void end(struct spcpu_model *m)
{
	const struct memory *memory = m->rules_own;

	KUNIT_EXPECT_LT(m->test, memory->nr_short, memory->nr_hints / 20);
}

const struct spcpu_rules spcpu_bitmap_rules = {
	.engine = &spcpu_engine_bitmap,
	.begin = begin,
	.check = check,
	.refused = refusal,
	.end = end,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshot: what is refused of its text, and of its numbers, and in which words; and
 * what two are told apart by.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "engine_bitmap.h"
#include "fixture.h"
#include "snapshot.h"
#include "suites.h"

/* a first chunk of four pages, and a chunk of eight that is free */
static const char * const good[] = {
	"snapshot 32768 17 4 0 2",
	"chunk 1000000 12 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	"pages 0 f",
	"block 0 1024 0 0 0 1024 1024 0 0 1",
	"bound",
	"chunk 2000000 15 - 8 0 0 32768 0 0 8192 0 0 0 8192 8192 0",
	"end",
};

/* a chunk's address and its slot, which may be any */
#define ANY_CHUNK	"chunk 1000000 12 "
#define UNIT_SIZE	"wants the size of a unit, whole pages, from 32 KB to 256 MB"
#define SIX_NUMBERS	"wants six numbers behind the flags, the first no more than a unit's pages"
#define HINTS		"1024 0 0 0 1024 1024 0"

#define F16		"ffffffffffffffff"
#define F64		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void exit_snapshot(void *snap)
{
	spcpu_snapshot_exit(snap);
}

/* a snapshot of as many of the good lines */
static struct spcpu_snapshot *begin(struct kunit *test, unsigned int nr)
{
	struct spcpu_snapshot *snap = kunit_kzalloc(test, sizeof(*snap),
						    GFP_KERNEL);
	const char *why = "";
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, snap);
	spcpu_snapshot_init(snap);
	spcpu_test_at_exit(test, exit_snapshot, snap);
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ_MSG(test, i == ARRAY_SIZE(good) - 1,
				    spcpu_snapshot_parse(snap, good[i], &why),
				    "%s: %s", good[i], why);
	return snap;
}

static void expect_refused(struct kunit *test, unsigned int behind,
			   const char *line, const char *expected)
{
	struct spcpu_snapshot *snap = begin(test, behind);
	const char *why = "nothing";

	KUNIT_EXPECT_EQ_MSG(test, -EINVAL, spcpu_snapshot_parse(snap, line, &why),
			    "%s", line);
	if (expected)
		KUNIT_EXPECT_STREQ_MSG(test, why, expected, "%s", line);
	spcpu_test_drop(test, snap);
}

/* behind how many good lines which line is refused, and why */
static const struct {
	unsigned int behind;
	const char *line;
	const char *why;
} refused[] = {
	{ 0, "chunk 1000000", "comes before the line `snapshot`" },
	{ 0, "end", "comes before the line `snapshot`" },
	{ 0, "snapshot 0 17 4 0 2", UNIT_SIZE },
	{ 0, "snapshot 100 17 4 0 2", UNIT_SIZE },
	{ 0, "snapshot 32769 17 4 0 2", UNIT_SIZE },
	{ 0, "snapshot 28672 17 4 0 2", UNIT_SIZE },
	{ 0, "snapshot 268439552 30 4 0 2", UNIT_SIZE },
	{ 0, "snapshot 32768 17 4 0", "wants four numbers behind the size of a unit" },
	{ 0, "snapshot 32768 17 4 0 2 5", "has more words than it takes" },
	{ 1, "snapshot 32768 17 4 0 2", "begins a snapshot in a snapshot" },
	{ 1, "pages 0 f", "comes before its chunk" },
	{ 1, "block 0 " HINTS " 0 0", "comes before its chunk" },
	{ 1, "bound", "comes before its chunk" },
	{ 1, "what", "is none of a snapshot's" },
	{ 1, "end", "ends a snapshot with fewer chunks than it says" },
	{ 1, "chunk", "wants a chunk's address" },
	{ 1, "chunk 1000000 -2", "wants a slot behind the address, or -1" },
	{ 1, ANY_CHUNK "Q", "wants flags behind the slot, or -" },
	{ 1, ANY_CHUNK "F 0 0 0 16384 4 4", SIX_NUMBERS },
	{ 1, ANY_CHUNK "F 9 0 0 16384 4 4", SIX_NUMBERS },
	{ 1, ANY_CHUNK "F 4 0 0 16384 4 4 1", "wants seven numbers for hints" },
	{ 2, "pages 4 1", "wants a page of the chunk and 64 pages' bits" },
	{ 2, "pages 0 x", "wants a page of the chunk and 64 pages' bits" },
	{ 2, "pages 0 1f", "backs pages beyond the chunk" },
	{ 2, "pages 3 3", "backs pages beyond the chunk" },
	{ 2, "block 4 " HINTS " 0 0", "wants a block of the chunk" },
	{ 2, "block 0 " HINTS " 0 x", "wants twice a block's bits behind the hints" },
	{ 6, "chunk 3000000", "is of a chunk more than the snapshot says it has" },
};

static void snapshot_says_why(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		expect_refused(test, refused[i].behind, refused[i].line,
			       refused[i].why);
}

/* no line is good without its last words, wherever it is cut */
static void snapshot_cut_lines(struct kunit *test)
{
	char line[80];
	unsigned int i;
	char *end;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		strscpy(line, good[i], sizeof(line));
		while ((end = strrchr(line, ' '))) {
			*end = '\0';
			expect_refused(test, i, line, NULL);
		}
	}
}

/* bits of more granules than a block has */
static void snapshot_long_bits(struct kunit *test)
{
	const size_t len = SPCPU_BLOCK_BITS / 4 + 1;
	char *line = kunit_kzalloc(test, SPCPU_SNAPSHOT_LINE_MAX, GFP_KERNEL);
	size_t at;

	KUNIT_ASSERT_NOT_NULL(test, line);
	at = scnprintf(line, SPCPU_SNAPSHOT_LINE_MAX, "block 0 %s ", HINTS);
	memset(line + at, '1', len);
	strcpy(line + at + len, " 0");
	expect_refused(test, 2, line, "wants twice a block's bits behind the hints");
}

static struct spcpu_snapshot_chunk *first_of(struct spcpu_snapshot *snap)
{
	return list_first_entry(&snap->chunks, struct spcpu_snapshot_chunk, node);
}

static struct spcpu_snapshot_chunk *last_of(struct spcpu_snapshot *snap)
{
	return list_last_entry(&snap->chunks, struct spcpu_snapshot_chunk, node);
}

static void expect_checked(struct kunit *test, struct spcpu_snapshot *snap,
			   const char *expected, const char *what)
{
	const char *why = "nothing";

	KUNIT_EXPECT_EQ_MSG(test, -EINVAL, spcpu_snapshot_check(snap, &why), "%s",
			    what);
	KUNIT_EXPECT_STREQ_MSG(test, why, expected, "%s", what);
}

#define EXPECT_CHECKED(field, change, why) do {				\
	typeof(field) saved = (field);					\
									\
	(field) = (change);						\
	expect_checked(test, snap, why, #field " = " #change);		\
	(field) = saved;						\
} while (0)

/* numbers of a chunk, and of the snapshot */
static void snapshot_numbers(struct kunit *test)
{
	struct spcpu_snapshot *snap = begin(test, ARRAY_SIZE(good));
	struct spcpu_snapshot_chunk *first = first_of(snap), *last = last_of(snap);
	const char *why;

	EXPECT_CHECKED(snap->nr_slots, 16, "its slots are others than those of such a unit");
	EXPECT_CHECKED(first->base, 0, "its address is no page's");
	EXPECT_CHECKED(first->base, first->base + 8, "its address is no page's");
	EXPECT_CHECKED(last->head, 8, "it is shorter than a unit");
	EXPECT_CHECKED(last->tail, 8, "it is shorter than a unit");
	EXPECT_CHECKED(first->head, 2, "its ends are out of range");
	EXPECT_CHECKED(first->head, PAGE_SIZE, "its ends are out of range");
	EXPECT_CHECKED(first->tail, PAGE_SIZE, "its ends are out of range");
	EXPECT_CHECKED(first->isolated, true, "its flags cannot be together");
	EXPECT_CHECKED(last->reserved, true, "its flags cannot be together");
	EXPECT_CHECKED(first->map.free_bits, 5,
		       "its number of free bytes is not what its map has");
	EXPECT_CHECKED(first->map.nr_empty, 3, "its number of free blocks is wrong");
	EXPECT_CHECKED(first->nr_populated, 3, "its number of backed pages is wrong");
	EXPECT_CHECKED(first->populated[0], 7, "its number of backed pages is wrong");
	EXPECT_CHECKED(first->nr_empty_pop, 3,
		       "its number of backed pages without areas is wrong");
	EXPECT_CHECKED(first->slot, 11, "a chunk is in a slot where it does not belong");
	EXPECT_CHECKED(first->slot, 0, "a chunk is in a slot where it does not belong");
	EXPECT_CHECKED(last->isolated, true,
		       "a chunk is in a slot where it does not belong");
	EXPECT_CHECKED(snap->nr_empty_pop, 3,
		       "the number of backed pages without areas is not the chunks' sum");
	EXPECT_CHECKED(last->base, first->base, "a chunk is on two lists");
	KUNIT_EXPECT_EQ(test, 0, spcpu_snapshot_check(snap, &why));

	/* a chunk that gives pages back, and one that has */
	last->isolated = true;
	last->slot = 14;
	KUNIT_EXPECT_EQ(test, 0, spcpu_snapshot_check(snap, &why));
	last->slot = 16;
	KUNIT_EXPECT_EQ(test, 0, spcpu_snapshot_check(snap, &why));
}

static void snapshot_hints(struct kunit *test)
{
	struct spcpu_snapshot *snap = begin(test, ARRAY_SIZE(good));
	struct spcpu_bitmap *own = spcpu_bitmap(&first_of(snap)->map);
	struct spcpu_hints *h = &own->blocks[1];

#define EXPECT_OUT_OF_RANGE(field, change)				\
	EXPECT_CHECKED(field, change, "a block's hints are out of range")

	EXPECT_OUT_OF_RANGE(h->nr_bits, 1000);
	EXPECT_OUT_OF_RANGE(h->contig_hint, -1);
	EXPECT_OUT_OF_RANGE(h->contig_hint, SPCPU_BLOCK_BITS + 1);
	EXPECT_OUT_OF_RANGE(h->contig_hint_start, -1);
	EXPECT_OUT_OF_RANGE(h->contig_hint_start, 1);
	EXPECT_OUT_OF_RANGE(h->scan_hint, -1);
	EXPECT_OUT_OF_RANGE(h->left_free, -1);
	EXPECT_OUT_OF_RANGE(h->left_free, SPCPU_BLOCK_BITS + 1);
	EXPECT_OUT_OF_RANGE(h->right_free, -1);
	EXPECT_OUT_OF_RANGE(h->first_free, SPCPU_BLOCK_BITS + 1);
	EXPECT_CHECKED(own->whole.left_free, -1, "its hints are out of range");
#undef EXPECT_OUT_OF_RANGE
}

/* a granule is taken in the middle of what a block has for its longest free run */
static void snapshot_run_is_taken(struct kunit *test)
{
	struct spcpu_snapshot *snap = begin(test, ARRAY_SIZE(good));
	struct spcpu_snapshot_chunk *first = first_of(snap);

	__set_bit(5, spcpu_bitmap(&first->map)->alloc);
	first->map.free_bits--;
	expect_checked(test, snap, "what is taken is not divided into areas", "no area");
	bitmap_set(spcpu_bitmap(&first->map)->bound, 5, 2);
	expect_checked(test, snap, "a block's longest free run is not free", "taken");
}

/* a unit is too short for a chunk, or too long */
static void snapshot_units(struct kunit *test)
{
	struct spcpu_snapshot *snap = begin(test, ARRAY_SIZE(good));

	snap->unit_size = SZ_16K;
	snap->nr_slots = 16;
	first_of(snap)->slot = 14;
	expect_checked(test, snap, "it is longer than a unit", "short unit");
	first_of(snap)->slot = 12;
	snap->unit_size = SZ_64K;
	snap->nr_slots = 18;
	expect_checked(test, snap, "it is shorter than a unit", "long unit");
}

/* whole snapshots that hold, and that do not, at their end only */
static const struct {
	const char *lines[6];
	const char *why;
} whole[] = {
	/* the reserved chunk is on no list */
	{ { "snapshot 32768 17 0 0 1",
	    "chunk 1000000 -1 RF 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0", "end" }, NULL },
	{ { "snapshot 32768 17 0 0 1",
	    "chunk 1000000 12 RF 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0", "end" },
	  "a chunk is in a slot where it does not belong" },
	{ { "snapshot 32768 17 0 0 2",
	    "chunk 1000000 -1 RF 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0",
	    "chunk 2000000 -1 RF 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0", "end" },
	  "it has more than one first chunk" },
	{ { "snapshot 32768 17 0 0 2",
	    "chunk 1000000 12 F 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0",
	    "chunk 2000000 12 F 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0", "end" },
	  "it has more than one first chunk" },
	{ { "snapshot 32768 17 0 0 2",
	    "chunk 2000000 15 - 8 0 0 32768 0 0 8192 0 0 0 8192 8192 0",
	    "chunk 1000000 12 F 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0", "end" },
	  "chunks are not in the order of their slots" },
	/* both parts of the first chunk have one address */
	{ { "snapshot 32768 17 0 0 2",
	    "chunk 1000000 -1 RF 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0",
	    "chunk 1000000 12 F 4 0 0 16384 0 0 4096 0 0 0 4096 4096 0", "end" }, NULL },
	/* nothing is left between its ends */
	{ { "snapshot 32768 17 0 0 1",
	    "chunk 1000000 11 F 1 2048 2048 4096 0 0 1024 0 0 0 1024 1024 0", "end" },
	  "its ends are out of range" },
	/* nearly full: it may be in slot 0 before its time */
	{ { "snapshot 32768 17 0 0 1",
	    "chunk 1000000 0 F 1 0 0 4 0 0 1 0 0 0 1 0 0",
	    "block 0 1 0 0 0 1 0 0 " F64 F64 F64 F16 F16 F16 "fffffffffffffffe 2",
	    "bound", "end" }, NULL },
};

static void snapshot_whole(struct kunit *test)
{
	unsigned int i, line;

	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		struct spcpu_snapshot *snap = begin(test, 0);
		const char *why = NULL;
		int ret = 0;

		for (line = 0; line < 6 && whole[i].lines[line]; line++) {
			KUNIT_ASSERT_EQ_MSG(test, ret, 0, "%u: %s", i, why);
			ret = spcpu_snapshot_parse(snap, whole[i].lines[line], &why);
		}
		KUNIT_EXPECT_EQ_MSG(test, ret, whole[i].why ? -EINVAL : 1,
				    "%u: %s", i, why);
		KUNIT_EXPECT_STREQ(test, why ?: "good", whole[i].why ?: "good");
		spcpu_test_drop(test, snap);
	}
}

static void expect_different(struct kunit *test, struct spcpu_snapshot *a,
			     struct spcpu_snapshot *b, const char *how)
{
	char first[128];

	KUNIT_EXPECT_EQ_MSG(test, 1, spcpu_snapshot_diff(a, b, first, sizeof(first)),
			    "%s", how);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(first, how), "%s is not %s", first, how);
}

#define EXPECT_DIFFERENT(field, change, how) do {			\
	typeof(field) saved = (field);					\
									\
	(field) = (change);						\
	expect_different(test, a, b, how);				\
	(field) = saved;						\
} while (0)

static void snapshot_differences(struct kunit *test)
{
	struct spcpu_snapshot *a = begin(test, ARRAY_SIZE(good));
	struct spcpu_snapshot *b = begin(test, ARRAY_SIZE(good));
	struct spcpu_snapshot_chunk *chunk = first_of(b);
	struct spcpu_bitmap *own = spcpu_bitmap(&chunk->map);
	char first[128];

	EXPECT_DIFFERENT(chunk->base, SZ_4K,
			 "chunk 1000000, slot 12, here and 1000, slot 12, there: its address");
	EXPECT_DIFFERENT(chunk->map.nr_blocks, 3, "its length");
	EXPECT_DIFFERENT(chunk->head, 4, "its length");
	EXPECT_DIFFERENT(chunk->tail, 4, "its length");
	EXPECT_DIFFERENT(chunk->slot, 5, "its slot");
	EXPECT_DIFFERENT(chunk->reserved, true, "its flags");
	EXPECT_DIFFERENT(chunk->immutable, false, "its flags");
	EXPECT_DIFFERENT(chunk->isolated, true, "its flags");
	EXPECT_DIFFERENT(chunk->nr_populated, 5, "its pages");
	EXPECT_DIFFERENT(chunk->populated[0], 3, "its pages");
	EXPECT_DIFFERENT(chunk->nr_empty_pop, 5, "its pages without areas");
	EXPECT_DIFFERENT(own->alloc[0], 1, "what is taken");
	EXPECT_DIFFERENT(own->bound[0], 8, "where areas end");
	EXPECT_DIFFERENT(chunk->map.free_bits, 5, "its free bytes");
	EXPECT_DIFFERENT(own->whole.contig_hint, 5, ": its hints");
	EXPECT_DIFFERENT(own->whole.scan_hint, 5, ": its hints");
	EXPECT_DIFFERENT(own->whole.first_free, 5, ": its hints");
	EXPECT_DIFFERENT(own->whole.contig_hint_start, 5, ": its hints");
	EXPECT_DIFFERENT(own->blocks[1].left_free, 5, "a block's hints");
	EXPECT_DIFFERENT(own->blocks[3].right_free, 5, "a block's hints");
	EXPECT_DIFFERENT(b->nr_empty_pop, 5, "4 pages of reserve here, 5 there");

	/* where a run begins that there is not */
	own->blocks[1].scan_hint_start = 7;
	KUNIT_EXPECT_EQ(test, 0, spcpu_snapshot_diff(a, b, first, sizeof(first)));
	spcpu_bitmap(&first_of(a)->map)->blocks[1].scan_hint = 1;
	own->blocks[1].scan_hint = 1;
	expect_different(test, a, b, "a block's hints");

	/* only of the first that differs it is said how */
	last_of(b)->slot = 3;
	KUNIT_EXPECT_EQ(test, 2, spcpu_snapshot_diff(a, b, first, sizeof(first)));
	KUNIT_EXPECT_NOT_NULL(test, strstr(first, "a block's hints"));
}

static void snapshot_of_fewer_chunks(struct kunit *test)
{
	struct spcpu_snapshot *a = begin(test, ARRAY_SIZE(good));
	struct spcpu_snapshot *b = begin(test, ARRAY_SIZE(good) - 2);

	expect_different(test, a, b, "2 chunks here, 1 there");
	expect_different(test, b, a, "1 chunks here, 2 there");
}

static struct kunit_case snapshot_cases[] = {
	KUNIT_CASE(snapshot_says_why),
	KUNIT_CASE(snapshot_cut_lines),
	KUNIT_CASE(snapshot_long_bits),
	KUNIT_CASE(snapshot_numbers),
	KUNIT_CASE(snapshot_hints),
	KUNIT_CASE(snapshot_run_is_taken),
	KUNIT_CASE(snapshot_units),
	KUNIT_CASE(snapshot_whole),
	KUNIT_CASE(snapshot_differences),
	KUNIT_CASE(snapshot_of_fewer_chunks),
	{ }
};

struct kunit_suite spcpu_snapshot_suite = {
	.name = "shadow_percpu_snapshot",
	.test_cases = snapshot_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Map: a character for 64 bytes, held against what was allocated.
 */
#include <linux/bitops.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "dump.h"
#include "sample.h"
#include "suites.h"
#include "text.h"

#define CELL		64
#define FREE_LINE	"................................................................\n"
#define USED_LINE	"################################################################\n"

/* the map, from behind the lines that explain it */
static const char *dump_map(struct kunit *test, struct spcpu *s)
{
	const char *text = spcpu_test_dump(test, &spcpu_map_ops,
					   spcpu_test_view(test, s));

	while (text && *text == '#')
		text = spcpu_test_next_line(text);
	KUNIT_ASSERT_NOT_NULL(test, text);
	return text;
}

static const char map_of_bare[] =
	"\n"
	"chunk 0 first,immutable\n"
	"     0        0x0 #+##............................................................\n"
	"     1     0x1000 " USED_LINE
	"     2     0x2000 +...............................................................\n"
	"     * 3-5 free\n";

static void map_text(struct kunit *test)
{
	struct spcpu *s = spcpu_test_bare(test);

	spcpu_test_alloc(test, s, 64, 64);
	spcpu_test_alloc(test, s, 4, 64);
	spcpu_test_alloc(test, s, 128, 128);
	spcpu_test_alloc(test, s, 4096 + 60, 4096);
	KUNIT_EXPECT_STREQ(test, dump_map(test, s), map_of_bare);
}

static const char map_of_holes[] =
	"\n"
	"chunk 0 first,immutable\n"
	"     0        0x0 " USED_LINE
	"     1     0x1000 " FREE_LINE
	"     2     0x2000 " USED_LINE
	"     3     0x3000 " USED_LINE
	"     * 4-5 free\n";

static void map_folds_free_pages_only(struct kunit *test)
{
	struct spcpu *s = spcpu_test_bare(test);
	void __percpu *ptr[6];
	const char *text;
	int i;

	for (i = 0; i < 6; i++)
		ptr[i] = spcpu_test_alloc(test, s, 4096, 4096);
	spcpu_test_free(test, s, ptr[1]);
	spcpu_test_free(test, s, ptr[4]);
	spcpu_test_free(test, s, ptr[5]);

	/* there is a second chunk, when the worker saw the first one full */
	text = dump_map(test, s);
	KUNIT_EXPECT_EQ_MSG(test, 0, strncmp(text, map_of_holes,
					     strlen(map_of_holes)), "%s", text);
}

static const char map_of_punched[] =
	"\n"
	"chunk 0 first,immutable\n"
	"     * 0-5 free\n"
	"\n"
	"chunk 1 -\n"
	"     * 0-2 free\n"
	"     * 3-4 free, not populated\n"
	"     * 5-6 free\n"
	"     * 7-14 free, not populated\n"
	"    15     0xf000 " FREE_LINE;

static void map_shows_what_is_not_populated(struct kunit *test)
{
	struct spcpu *s = spcpu_test_bare(test);
	struct spcpu_chunk *chunk = spcpu_test_punched(test, s);
	const char *text = dump_map(test, s);

	KUNIT_EXPECT_STREQ(test, text, map_of_punched);

	__set_bit(4, chunk->populated);
	text = dump_map(test, s);
	spcpu_test_repair(chunk);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text,
					   "\n     3     0x3000 ________"));
}

/* bytes of @chunk's cell that are its own, and those of them that are used */
static char model_cell(const struct spcpu_test_objects *o, const struct spcpu_chunk *chunk,
		       unsigned int off)
{
	unsigned int end = chunk->map.nr_blocks * PAGE_SIZE - chunk->tail;
	unsigned int at, i, own = 0, used = 0;

	for (at = off; at < off + CELL; at++) {
		if (at < chunk->head || at >= end)
			continue;
		own++;
		for (i = 0; i < o->nr; i++)
			used += o->at[i].id == chunk->id &&
				at >= o->at[i].off &&
				at < o->at[i].off + o->at[i].size;
	}
	if (!own)
		return '-';
	if (!used)
		return test_bit(off / PAGE_SIZE, chunk->populated) ? '.' : '_';
	return used == own ? '#' : '+';
}

static void model_line(const struct spcpu_test_objects *o, const struct spcpu_chunk *chunk,
		       unsigned int off, char *cells)
{
	unsigned int i;

	for (i = 0; i < 64; i++)
		cells[i] = model_cell(o, chunk, off + i * CELL);
	cells[64] = '\0';
}

/* pages that are free, all of them populated, or none */
static void expect_range(struct kunit *test, const struct spcpu_test_objects *o,
			 const struct spcpu_chunk *chunk, unsigned int page,
			 unsigned int last, bool populated)
{
	char model[65];

	for (; page <= last; page++) {
		model_line(o, chunk, page * PAGE_SIZE, model);
		KUNIT_EXPECT_EQ(test, strspn(model, populated ? "." : "_"),
				64UL);
	}
}

static void map_agrees_with_the_objects(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	struct spcpu_test_objects *o = spcpu_test_scatter(test, s);
	const struct spcpu_chunk *chunk = NULL;
	const char *text = dump_map(test, s);
	unsigned int id, page, last, off, next = 0, chunks = 0;
	char cells[65], model[65];

	for (; text; text = spcpu_test_next_line(text)) {
		if (sscanf(text, "chunk %u", &id) == 1) {
			if (chunk)
				KUNIT_EXPECT_EQ(test, (int)next,
						chunk->map.nr_blocks);
			chunk = spcpu_test_chunk(test, s, id);
			chunks++;
			next = 0;
		} else if (sscanf(text, " * %u-%u free", &page, &last) == 2) {
			KUNIT_ASSERT_EQ(test, page, next);
			expect_range(test, o, chunk, page, last,
				     !spcpu_test_line_ends(text,
							   "free, not populated"));
			next = last + 1;
		} else if (sscanf(text, "%u %x %64s", &page, &off, cells) == 3) {
			KUNIT_ASSERT_EQ(test, page, next);
			KUNIT_ASSERT_EQ(test, off, page * (unsigned int)PAGE_SIZE);
			model_line(o, chunk, off, model);
			KUNIT_EXPECT_STREQ(test, cells, model);
			next++;
		}
	}
	KUNIT_EXPECT_EQ(test, chunks, spcpu_test_nr_chunks(s));
}

static struct kunit_case spcpu_map_cases[] = {
	KUNIT_CASE(map_text),
	KUNIT_CASE(map_folds_free_pages_only),
	KUNIT_CASE(map_shows_what_is_not_populated),
	KUNIT_CASE(map_agrees_with_the_objects),
	{}
};

struct kunit_suite spcpu_map_suite = {
	.name = "shadow_percpu_map",
	.test_cases = spcpu_map_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: a row an object, held against what was allocated; and what debug= knows.
 */
#include <linux/string.h>

#include "cached.h"
#include "dump.h"
#include "sample.h"
#include "suites.h"
#include "text.h"
#include "watched.h"

#define HEADER	\
	"# An area's bytes, redzones included; with debug=: bytes asked for, age, owner\n" \
	"#chunk     offset   bytes   asked      age s state owner\n"

static char *dump_objects(struct kunit *test, struct spcpu *s)
{
	return spcpu_test_dump(test, &spcpu_objects_ops, spcpu_test_view(test, s));
}

static const char objects_of_bare[] =
	HEADER
	"     0        0x0      64       -          - live  -\n"
	"     0       0x40       4       -          - live  -\n"
	"     0       0x80     128       -          - live  -\n"
	"     0     0x1000    4156       -          - live  -\n";

static void objects_text(struct kunit *test)
{
	struct spcpu *s = spcpu_test_bare(test);

	KUNIT_EXPECT_STREQ(test, dump_objects(test, s), HEADER);
	spcpu_test_alloc(test, s, 64, 64);
	spcpu_test_alloc(test, s, 4, 64);
	spcpu_test_alloc(test, s, 128, 128);
	spcpu_test_alloc(test, s, 4096 + 60, 4096);
	KUNIT_EXPECT_STREQ(test, dump_objects(test, s), objects_of_bare);
}

/* rows of objects, whatever they say */
static unsigned int nr_rows(const char *text)
{
	unsigned int nr = 0;

	for (; text; text = spcpu_test_next_line(text))
		nr += *text && *text != '#';
	return nr;
}

static bool has_row(const char *text, const struct spcpu_place *place)
{
	char row[48];

	snprintf(row, sizeof(row), "\n%6u %#10x %7zu ", place->id,
		 (unsigned int)place->off, place->size);
	return strstr(text, row);
}

/* in chunks with hidden ends, too */
static void objects_have_a_row_each(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	struct spcpu_test_objects *o = spcpu_test_scatter(test, s);
	char *text = dump_objects(test, s);
	unsigned int i;

	for (i = 0; i < o->nr; i++)
		KUNIT_EXPECT_TRUE(test, has_row(text, &o->at[i]));
	KUNIT_EXPECT_EQ(test, nr_rows(text), o->nr);
}

#define MANY	300
#define SIZE	24

/* those of spans are as others are; what is kept of them is none */
static void objects_of_spans(struct kunit *test)
{
	struct spcpu_place place;
	void __percpu **ptr;
	unsigned int i;
	struct spcpu *s;
	char *text;

	spcpu_cached_stay();
	s = spcpu_cached_create(test, true);
	ptr = kunit_kcalloc(test, MANY, sizeof(*ptr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	for (i = 0; i < MANY; i++)
		ptr[i] = spcpu_cached_alloc(test, s, SIZE, 8);
	for (i = 0; i < MANY; i += 2)
		KUNIT_ASSERT_EQ(test, 0, spcpu_cached_free(s, ptr[i]));

	text = dump_objects(test, s);
	KUNIT_EXPECT_EQ(test, nr_rows(text), MANY / 2U);
	for (i = 1; i < MANY; i += 2) {
		KUNIT_ASSERT_EQ(test, 0, spcpu_locate(s, ptr[i], &place));
		KUNIT_EXPECT_TRUE(test, has_row(text, &place));
	}
	for (i = 1; i < MANY; i += 2)
		KUNIT_ASSERT_EQ(test, 0, spcpu_cached_free(s, ptr[i]));
}

/* an area has redzones; a freed one waits, and is then gone */
static void objects_have_owners(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_WATCH_ALL);
	char __percpu *ptr = spcpu_watched_alloc(test, d, 21, 8);
	char *text = dump_objects(test, d->s);

	KUNIT_EXPECT_EQ(test, nr_rows(text), 1U);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, "      56      21 "), "%s", text);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, " live  objects_have"),
				  "%s", text);

	spcpu_watched_free(test, d, ptr);
	text = dump_objects(test, d->s);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, " freed objects_have"),
				  "%s", text);
	spcpu_debug_flush(d);
	KUNIT_EXPECT_STREQ(test, dump_objects(test, d->s), HEADER);
}

static struct kunit_case spcpu_objects_cases[] = {
	KUNIT_CASE(objects_text),
	KUNIT_CASE(objects_have_a_row_each),
	KUNIT_CASE(objects_of_spans),
	KUNIT_CASE(objects_have_owners),
	{}
};

struct kunit_suite spcpu_objects_suite = {
	.name = "shadow_percpu_objects",
	.test_cases = spcpu_objects_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Judge: short recordings, line by line, of what hardly ever happens, and what is said
 * of each.
 */
#include <linux/sizes.h>
#include <linux/string.h>

#include "fixture.h"
#include "follow.h"
#include "judge.h"
#include "suites.h"

#define MOST_LINES	9
#define MOST_WORDS	5
#define REPORT_MAX	SZ_16K

/* a first chunk of 16 KB, a reserved one of a page, one of 32 KB without pages */
static const char * const start[] = {
	"shadow_percpu recording 1",
	"",
	"# for people",
	"\n",
	"kernel 6.1 possible=1 online=1",
	"snapshot 32768 17 4 0 3",
	"chunk 3000000 -1 RF 1 0 0 4096 1 1 1024 0 0 0 1024 1024 0",
	"pages 0 1",
	"chunk 1000000 12 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	"pages 0 f",
	"chunk 2000000 15 - 8 0 0 32768 0 0 8192 0 0 0 8192 8192 0",
	"end",
};

/**
 * struct scene - a recording, and what comes of it
 *
 * @lines: behind @start
 * @why: what is wrong with the last of them; NULL: nothing
 * @report: what the report has, where the reserved chunk is none of "chunks"
 * @options: how to follow
 */
struct scene {
	const char *lines[MOST_LINES];
	const char *why;
	const char *report[MOST_WORDS];
	struct spcpu_follow_options options;
};

static const struct scene scenes[] = {
	/* there is no room in the reserved chunk, and no other will do */
	{
		.lines = {
			"c 1 0 4000000",
			"a 1 0 3000000 0 4096 4 R -",
			"a 2 0 1000000 0 64 4 - -",
			"a 3 0 3000000 0 64 4 R -",
		},
		.why = "places an object where there is no room",
		.report = { "\nidentical: 2\n", "\nwrong: 1\n",
			    "\n  shadow: finds no room\n" },
	},
	/* what fails although there was room, and what fails as it should */
	{
		.lines = {
			"x 1 0 8 4 A -",
			"x 2 0 32768 4 A -",
			"x 3 0 8 4 - -",
			"a 4 0 1000000 8192 64 4 - -",
			"x 5 0 8 4 B -",
			"a 6 0 1000000 12288 64 4 - -",
			"x 7 0 0 4 - -",
		},
		.report = { "\nfails: 4\n", "\nserved: 1\n", "\nrefused: 1\n",
			    "\nundecidable: 1\n", "\nbad: 1\n" },
	},
	{
		.lines = { "x 1 0 3 4 - -" },
		.why = "asks for what nobody gets",
	},
	{
		.lines = { "a 1 0 1000000 0 8 2 - -" },
		.why = "asks for what nobody gets",
	},
	{
		.lines = { "a 1 0 1000000 0 8 8192 - -" },
		.why = "asks for what nobody gets",
	},
	{
		.lines = { "l 1 0 5", "f 2 0 1000000 64" },
		.report = { "\nlost: 5\n", "\nbad: 1\n",
			    "\ndropped 5 events, so there is no verdict\n" },
	},
	/* who cannot sleep does not get the chunk that was made for others */
	{
		.lines = {
			"c 1 0 4000000",
			"a 2 0 2000000 0 32768 4 - -",
			"a 3 0 4000000 0 32768 4 A -",
			"c 4 0 5000000",
			"a 5 0 5000000 0 32768 4 - -",
		},
		.report = { "\nidentical: 2\n", "\nwrong: 1\n", "\nchunks: 4\n" },
	},
	/* a chunk is not where it was noted, amid the event that comes next */
	{
		.lines = {
			"s 1 0 2000000 13 - 0 0",
			"a 2 0 1000000 0 64 4 - -",
		},
		.report = { "\nhealed: 1\n", "\nidentical: 1\n" },
	},
	/* that event has brought it there */
	{
		.lines = {
			"s 1 0 2000000 11 - 0 0",
			"a 2 0 2000000 0 20000 4 - -",
		},
		.report = { "\nhealed: 0\n", "\nidentical: 1\n" },
	},
	/* or has ended it */
	{
		.lines = {
			"s 1 0 2000000 11 - 0 0",
			"d 2 0 2000000",
			"a 3 0 1000000 0 64 4 - -",
		},
		.report = { "\nhealed: 0\n", "\nchunks: 1\n" },
	},
	/* the page of an area is about to come, whatever was noted */
	{
		.lines = {
			"a 1 0 2000000 0 20000 4 - -",
			"s 2 0 2000000 11 - 0 80",
		},
		.report = { "\npages: 10\n" },
	},
	{
		.lines = { "s 1 0 2000000 14 I 0 f", "s 2 0 2000000 14 - 0 f" },
		.why = "has a chunk where it does not belong",
	},
	{
		.lines = { "s 1 0 2000000 16 I 0 f", "s 2 0 2000000 16 - 0 f" },
		.why = "has a chunk where it does not belong",
	},
	{
		.lines = { "s 1 0 2000000 13 I 0 f" },
		.why = "has a chunk where it does not belong",
	},
	{
		.lines = { "s 1 0 2000000 17 - 0 f" },
		.why = "is about a chunk that is not there",
	},
	{
		.lines = { "c 1 0 4000800" },
		.why = "makes a chunk where one is",
	},
	/* made, and gone before anybody used it */
	{
		.lines = { "c 1 0 4000000", "d 2 0 4000000", "a 3 0 4000000 0 8 4 - -" },
		.why = "places an object where there is no room",
		.report = { "\nchunks: 2\n",
			    "\n  recorded: in a chunk that the shadow does not have\n" },
	},
	/* of a pass that was another it is said how; of the second not any more */
	{
		.lines = {
			"w 1 0 begin",
			"s 2 0 2000000 14 I 0 f",
			"w 3 0 end",
			"w 4 0 begin",
			"s 5 0 2000000 14 I 0 ff",
			"w 6 0 end",
		},
		.report = { "\npasses: 2\n", "\nrehearsed: 2\n", "\npasses_same: 0\n",
			    "\nworker: event 3: chunk 2000000, slot " },
		.options = { .rehearse = true },
	},
	/* others did something meanwhile, or the beginning was not seen */
	{
		.lines = {
			"w 1 0 begin",
			"a 2 0 1000000 0 64 4 - -",
			"w 3 0 end",
			"w 4 0 end",
		},
		.report = { "\npasses: 2\n", "\nrehearsed: 0\n", "\npasses_same: 0\n" },
		.options = { .rehearse = true },
	},
	/* objects of which only the sum of chunk and offset is the same */
	{
		.lines = {
			"a 1 0 7000010 64 64 4 - -",
			"a 2 0 7000000 80 128 4 - -",
			"f 3 0 7000010 64",
			"f 4 0 7000010 64",
		},
		.why = "frees what is not there",
		.report = { "\nlive: 1\n", "\nlive_bytes: 128\n" },
		.options = { .own_way = true },
	},
	/* there is no room for one, which goes all the same */
	{
		.lines = {
			"a 1 0 7000000 0 32768 4 A -",
			"f 2 0 7000000 0",
			"x 3 0 32768 4 A -",
			"a 4 0 7000000 0 32768 4 - -",
			"a 5 0 8000000 0 32768 4 - -",
			"c 6 0 9000000",
			"s 7 0 9000000 15 - 0 0",
			"d 8 0 9000000",
		},
		.report = { "\nlive: 2\n", "\nchunks: 3\n", "\nbad: 0\n" },
		.options = { .own_way = true },
	},
	/* no other chunk will do for one either */
	{
		.lines = {
			"a 1 0 3000000 0 4096 4 R -",
			"a 2 0 3000000 4096 64 4 R -",
			"f 3 0 3000000 4096",
			"f 4 0 3000000 0",
		},
		.report = { "\nallocs: 2\n", "\nlive: 0\n", "\nchunks: 2\n" },
		.options = { .own_way = true },
	},
};

static void put_line(void *to, const char *text)
{
	strlcat(to, text, REPORT_MAX);
	strlcat(to, "\n", REPORT_MAX);
}

static void destroy_judge(void *j)
{
	spcpu_judge_destroy(j);
}

static struct spcpu_judge *begin(struct kunit *test,
				 const struct spcpu_follow_options *options)
{
	struct spcpu_judge *j = spcpu_judge_create(options);
	const char *why = "";
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, j);
	spcpu_test_at_exit(test, destroy_judge, j);
	KUNIT_EXPECT_NULL(test, spcpu_judge_follow(j));
	for (i = 0; i < ARRAY_SIZE(start); i++)
		KUNIT_ASSERT_EQ_MSG(test, 0, spcpu_judge_line(j, start[i], &why),
				    "%s: %s", start[i], why);
	KUNIT_EXPECT_NOT_NULL(test, spcpu_judge_follow(j));
	return j;
}

static void play(struct kunit *test, const struct scene *scene, char *report)
{
	struct spcpu_judge *j = begin(test, &scene->options);
	const char *why = NULL;
	unsigned int i;
	int err = 0;

	for (i = 0; i < MOST_LINES && scene->lines[i]; i++) {
		KUNIT_EXPECT_EQ_MSG(test, 0, err, "%s: %s", scene->lines[i - 1], why);
		err = spcpu_judge_line(j, scene->lines[i], &why);
	}
	KUNIT_EXPECT_EQ_MSG(test, err, scene->why ? -EINVAL : 0, "%s",
			    scene->lines[i - 1]);
	KUNIT_EXPECT_STREQ(test, why ?: "good", scene->why ?: "good");

	*report = '\0';
	spcpu_judge_report(j, put_line, report);
	for (i = 0; i < MOST_WORDS && scene->report[i]; i++)
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(report, scene->report[i]),
					  "%s... has no%sbut\n%s", scene->lines[0],
					  scene->report[i], report);
	spcpu_test_drop(test, j);
}

static void judge_scenes(struct kunit *test)
{
	char *report = kunit_kzalloc(test, REPORT_MAX, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, report);
	for (i = 0; i < ARRAY_SIZE(scenes); i++)
		play(test, &scenes[i], report);
}

/* an object from before the recording, which is where it says, is freed once */
static void judge_older_object(struct kunit *test)
{
	static const char * const lines[] = {
		"shadow_percpu recording 1",
		"kernel 6.1",
		"snapshot 32768 17 3 0 1",
		"chunk 1000000 11 F 4 0 0 16320 4 3 4064 32 16 0 4096 4096 0",
		"pages 0 f",
		"block 0 992 32 16 0 16 992 0 ffff0000 100010001",
		"end",
		"f 1 0 1000000 64",
	};
	const struct spcpu_follow_options options = { .own_way = true };
	struct spcpu_judge *j = spcpu_judge_create(&options);
	char *report = kunit_kzalloc(test, REPORT_MAX, GFP_KERNEL);
	const char *why = "";
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, report);
	KUNIT_ASSERT_NOT_NULL(test, j);
	spcpu_test_at_exit(test, destroy_judge, j);
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		KUNIT_ASSERT_EQ_MSG(test, 0, spcpu_judge_line(j, lines[i], &why),
				    "%s: %s", lines[i], why);
	spcpu_judge_report(j, put_line, report);
	KUNIT_EXPECT_NOT_NULL(test, strstr(report, "\nlive: 0\n"));
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_judge_line(j, "f 2 0 1000000 64", &why));
	KUNIT_EXPECT_STREQ(test, why, "frees what is not there");
}

static void expect_wrong(struct kunit *test, struct spcpu_judge *j,
			 const char *line, const char *expected)
{
	const char *why = "nothing";

	KUNIT_EXPECT_EQ_MSG(test, -EINVAL, spcpu_judge_line(j, line, &why), "%s", line);
	KUNIT_EXPECT_STREQ_MSG(test, why, expected, "%s", line);
}

static void judge_beginnings(struct kunit *test)
{
	static const char * const none[] = {
		"shadow recording 1", "shadow_percpu events 1", "shadow_percpu recording",
		"shadow_percpu recording one",
	};
	const struct spcpu_follow_options options = { };
	struct spcpu_judge *j = spcpu_judge_create(&options);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, j);
	for (i = 0; i < ARRAY_SIZE(none); i++)
		expect_wrong(test, j, none[i],
			     "is not `shadow_percpu recording 1`, with which a recording begins");
	expect_wrong(test, j, "shadow_percpu recording 2", "is of another version than 1");
	spcpu_judge_destroy(j);
	spcpu_judge_destroy(NULL);
}

/* the last snapshot is the first one */
static void judge_ends(struct kunit *test)
{
	static const char * const none[] = {
		"finish 1 2", "end", "end 1", "end 1 many",
	};
	const struct spcpu_follow_options options = { };
	struct spcpu_judge *j = begin(test, &options);
	char *report = kunit_kzalloc(test, REPORT_MAX, GFP_KERNEL);
	const char *why = "";
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, report);
	KUNIT_ASSERT_EQ(test, 0, spcpu_judge_line(j, "l 1 0 2", &why));
	for (i = 5; i < ARRAY_SIZE(start); i++)
		KUNIT_ASSERT_EQ_MSG(test, 0, spcpu_judge_line(j, start[i], &why),
				    "%s: %s", start[i], why);
	for (i = 0; i < ARRAY_SIZE(none); i++)
		expect_wrong(test, j, none[i],
			     "is not `end EVENTS LOST`, with which a recording ends");
	expect_wrong(test, j, "end 2 2", "says there were fewer or more events");
	expect_wrong(test, j, "end 1 1", "says that fewer or more events were lost");
	KUNIT_EXPECT_FALSE(test, spcpu_judge_done(j));
	spcpu_judge_report(j, put_line, report);
	KUNIT_EXPECT_TRUE(test, strstarts(report, "whole: no\n"));

	KUNIT_EXPECT_EQ(test, 0, spcpu_judge_line(j, "end 1 2", &why));
	KUNIT_EXPECT_TRUE(test, spcpu_judge_done(j));
	expect_wrong(test, j, "end 1 2", "comes after the end");
}

static struct kunit_case judge_cases[] = {
	KUNIT_CASE(judge_scenes),
	KUNIT_CASE(judge_older_object),
	KUNIT_CASE(judge_beginnings),
	KUNIT_CASE(judge_ends),
	{ }
};

struct kunit_suite spcpu_judge_suite = {
	.name = "shadow_percpu_judge",
	.test_cases = judge_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Recorder and mirror: the running kernel's own allocator as lines of text, and
 * followed while it runs.
 */
#include <linux/percpu.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "compat/native.h"
#include "fixture.h"
#include "judge.h"
#include "mirror.h"
#include "record.h"
#include "recorder.h"
#include "suites.h"

#define OBJECTS	100

/* whatever becomes of a test, nobody goes on recording */
static void stop_all(void *unused)
{
	spcpu_mirror_stop();
	spcpu_recorder_exit();
}

static int init(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0, spcpu_record_init());
	spcpu_test_at_exit(test, stop_all, test);
	return 0;
}

/* of the kernel, from 4 bytes to a page, and gone again */
static void keep_busy(struct kunit *test)
{
	void __percpu *ptr[OBJECTS];
	unsigned int i, nr = 0;

	for (i = 0; i < OBJECTS; i++) {
		ptr[i] = __alloc_percpu(4 << i % 11, 4 << i % 5);
		nr += !!ptr[i];
	}
	for (i = 0; i < OBJECTS; i++)
		free_percpu(ptr[i]);
	KUNIT_EXPECT_EQ(test, nr, (unsigned int)OBJECTS);
}

static void find_figures(void *to, const char *text)
{
	unsigned int *found = to;

	if (!strcmp(text, "maps_equal: yes"))
		*found |= BIT(0);
	if (!strcmp(text, "wrong: 0"))
		*found |= BIT(1);
	if (!strcmp(text, "bad: 0"))
		*found |= BIT(2);
	if (!strcmp(text, "lost: 0"))
		*found |= BIT(3);
	if (strstarts(text, "identical: ") && strlen(text) >= strlen("identical: 100"))
		*found |= BIT(4);
	if (!strcmp(text, "whole: yes") || !strcmp(text, "mirror: off"))
		*found |= BIT(5);
}

#define ALL_FOUND	(BIT(6) - 1)

/* all lines there are until then; 0, -EAGAIN, or what the judge says */
static int read_lines(struct kunit *test, struct spcpu_judge *j, bool wait)
{
	char *line = kunit_kmalloc(test, SPCPU_SNAPSHOT_LINE_MAX, GFP_KERNEL);
	const char *why;
	int len, err = 0;

	KUNIT_ASSERT_NOT_NULL(test, line);
	do {
		len = spcpu_recorder_line(line, SPCPU_SNAPSHOT_LINE_MAX, wait);
		if (len > 0)
			err = spcpu_judge_line(j, line, &why);
	} while (len > 0 && !err);
	KUNIT_EXPECT_EQ_MSG(test, err, 0, "%s: %s", line, why);
	kunit_kfree(test, line);
	return err ?: len;
}

static void destroy_judge(void *j)
{
	spcpu_judge_destroy(j);
}

static struct spcpu_judge *make_judge(struct kunit *test)
{
	const struct spcpu_follow_options options = { };
	struct spcpu_judge *j = spcpu_judge_create(&options);

	KUNIT_ASSERT_NOT_NULL(test, j);
	spcpu_test_at_exit(test, destroy_judge, j);
	return j;
}

/* read while it is made, and to its end */
static void recorder_whole(struct kunit *test)
{
	struct spcpu_judge *j = make_judge(test);
	unsigned int found = 0;

	KUNIT_ASSERT_EQ(test, 0, spcpu_recorder_start(0));
	KUNIT_EXPECT_EQ(test, -EAGAIN, read_lines(test, j, false));
	keep_busy(test);
	KUNIT_EXPECT_EQ(test, -EAGAIN, read_lines(test, j, false));
	keep_busy(test);
	KUNIT_ASSERT_EQ(test, 0, spcpu_recorder_stop());
	KUNIT_EXPECT_FALSE(test, spcpu_judge_done(j));
	KUNIT_EXPECT_EQ(test, 0, read_lines(test, j, true));
	KUNIT_EXPECT_TRUE(test, spcpu_judge_done(j));
	spcpu_judge_report(j, find_figures, &found);
	KUNIT_EXPECT_EQ(test, found, (unsigned int)ALL_FOUND);

	/* that was all of it */
	KUNIT_EXPECT_EQ(test, 0, read_lines(test, j, true));
}

/* what nobody has read makes way */
static void recorder_unread(struct kunit *test)
{
	struct spcpu_judge *j = make_judge(test);

	KUNIT_ASSERT_EQ(test, 0, spcpu_recorder_start(0));
	keep_busy(test);
	KUNIT_ASSERT_EQ(test, 0, spcpu_recorder_stop());
	KUNIT_ASSERT_EQ(test, 0, spcpu_recorder_start(0));
	KUNIT_ASSERT_EQ(test, 0, spcpu_recorder_stop());
	KUNIT_EXPECT_EQ(test, 0, read_lines(test, j, true));
	KUNIT_EXPECT_TRUE(test, spcpu_judge_done(j));
}

static void recorder_one_at_a_time(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_recorder_stop());
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_mirror_stop());
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_recorder_start(3));
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_mirror_start(65537));

	KUNIT_ASSERT_EQ(test, 0, spcpu_recorder_start(0));
	KUNIT_EXPECT_EQ(test, -EBUSY, spcpu_recorder_start(0));
	KUNIT_EXPECT_EQ(test, -EBUSY, spcpu_mirror_start(0));
	KUNIT_ASSERT_EQ(test, 0, spcpu_recorder_stop());
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_recorder_stop());
	spcpu_recorder_exit();

	KUNIT_ASSERT_EQ(test, 0, spcpu_mirror_start(0));
	KUNIT_EXPECT_EQ(test, -EBUSY, spcpu_mirror_start(0));
	KUNIT_EXPECT_EQ(test, -EBUSY, spcpu_recorder_start(0));
	KUNIT_EXPECT_EQ(test, 0, spcpu_mirror_stop());
}

static void mirror_follows(struct kunit *test)
{
	unsigned int found = 0, i;

	KUNIT_ASSERT_EQ(test, 0, spcpu_mirror_start(0));
	for (i = 0; i < 10; i++)
		keep_busy(test);
	KUNIT_EXPECT_EQ(test, 0, spcpu_mirror_stop());
	spcpu_mirror_report(find_figures, &found);
	KUNIT_EXPECT_EQ(test, found, (unsigned int)ALL_FOUND);
}

static struct kunit_case recorder_cases[] = {
	KUNIT_CASE(recorder_whole),
	KUNIT_CASE(recorder_unread),
	KUNIT_CASE(recorder_one_at_a_time),
	KUNIT_CASE(mirror_follows),
	{ }
};

struct kunit_suite spcpu_recorder_suite = {
	.name = "shadow_percpu_recorder",
	.init = init,
	.test_cases = recorder_cases,
};

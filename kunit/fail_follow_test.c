// SPDX-License-Identifier: GPL-2.0
/*
 * Fail, follow: whichever memory is missing when the kernel's own allocator is copied,
 * recorded, mirrored, and when a recording is followed.
 */
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "compare.h"
#include "compat/native.h"
#include "failing.h"
#include "fixture.h"
#include "mirror.h"
#include "paper.h"
#include "record.h"
#include "recorder.h"
#include "recording.h"
#include "scribe.h"
#include "suites.h"

/* KB of a ring: a recording here has next to no events */
#define RING	4

#define OPS	600
#define TEXT	(128 << 10)

static unsigned int areas;

static int fail_follow_init(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0, spcpu_record_init());
	if (!areas)
		areas = spcpu_failing_areas(test);
	return spcpu_failing_init(test);
}

/* what is begun here has an end */

static struct spcpu_snapshot snap;

static int take_snapshot(void *with)
{
	int err;

	spcpu_snapshot_init(&snap);
	err = spcpu_native_snapshot(&snap, NULL);
	if (err)
		spcpu_snapshot_exit(&snap);
	return err;
}

static void drop_snapshot(void *with)
{
	spcpu_snapshot_exit(&snap);
}

static void fail_snapshot(struct kunit *test)
{
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a snapshot of the kernel's allocator",
		.op = take_snapshot, .undo = drop_snapshot,
	});
}

/*
 * Without a last snapshot a recording ends all the same. What takes long is to have
 * the kernel call the recorder, and not to call it any more.
 */
static int record(void *with)
{
	return spcpu_recorder_start(RING) ?: spcpu_recorder_stop();
}

static void is_not_recording(void *with)
{
	struct kunit *test = with;

	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_recorder_stop());
}

static void fail_recorder(struct kunit *test)
{
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a recording", .op = record,
		.undo = is_not_recording, .failed = is_not_recording,
		.with = test, .slow = true,
	});
	spcpu_recorder_exit();
}

static int mirror(void *with)
{
	return spcpu_mirror_start(RING) ?: spcpu_mirror_stop();
}

static void is_not_mirroring(void *with)
{
	struct kunit *test = with;

	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_mirror_stop());
}

static void fail_mirror(struct kunit *test)
{
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a mirror", .op = mirror,
		.undo = is_not_mirroring, .failed = is_not_mirroring,
		.with = test, .slow = true,
	});
	spcpu_mirror_exit();
}

/**
 * struct tale - what somebody did, to be followed
 *
 * @options: how it is followed
 * @first: before the first event
 * @last: after the last one
 * @nr: events
 * @op: the events
 * @text: all of it as a recording
 * @len: characters of it
 */
struct tale {
	struct spcpu_follow_options options;
	struct spcpu_snapshot first;
	struct spcpu_snapshot last;
	unsigned int nr;
	struct spcpu_op op[OPS];
	char *text;
	size_t len;
};

static void note_op(void *to, const struct spcpu_op *op)
{
	struct tale *tale = to;

	if (tale->nr < OPS)
		tale->op[tale->nr++] = *op;
}

/* chunks come and go, and an object is where the last one of its chunk was */
static struct tale *tell(struct kunit *test)
{
	struct tale *tale = kunit_kzalloc(test, sizeof(*tale), GFP_KERNEL);
	struct scribe *w;

	KUNIT_ASSERT_NOT_NULL(test, tale);
	w = spcpu_scribe(test, note_op, tale);
	spcpu_scribe_snapshot(test, w->s, &tale->first);
	spcpu_scribe_steps(w, 200, 10);
	spcpu_scribe_worker(w);
	spcpu_scribe_steps(w, 100, 10);
	KUNIT_ASSERT_LT(test, tale->nr, OPS + 0U);
	spcpu_scribe_snapshot(test, w->s, &tale->last);
	return tale;
}

static int follow(void *with)
{
	struct tale *tale = with;
	struct spcpu_follow *f = spcpu_follow_create(&tale->first,
						     &tale->options);
	const char *why;
	unsigned int i;
	int err = 0;

	if (!f)
		return -ENOMEM;
	for (i = 0; i < tale->nr && !err; i++)
		err = spcpu_follow_op(f, &tale->op[i], &why);
	spcpu_follow_destroy(f);
	return err;
}

static void fail_follow(struct kunit *test)
{
	static const struct spcpu_follow_options ways[] = {
		{ }, { .rehearse = true }, { .own_way = true },
	};
	struct tale *tale = tell(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		tale->options = ways[i];
		spcpu_failing_each(&(struct spcpu_failing) {
			.test = test, .what = "a recording, followed",
			.op = follow, .with = tale,
		});
	}
}

static void add_snapshot(struct kunit *test, struct tale *tale,
			 const struct spcpu_snapshot *snap)
{
	struct spcpu_snapshot_pos pos = { };
	int len;

	do {
		KUNIT_ASSERT_LT(test, tale->len + SPCPU_SNAPSHOT_LINE_MAX,
				(size_t)TEXT);
		len = spcpu_snapshot_line(snap, &pos, tale->text + tale->len,
					  SPCPU_SNAPSHOT_LINE_MAX);
		tale->len += len;
	} while (len);
}

static void add_ops(struct kunit *test, struct tale *tale)
{
	unsigned int i;

	for (i = 0; i < tale->nr; i++) {
		KUNIT_ASSERT_LT(test, tale->len + SPCPU_SNAPSHOT_LINE_MAX,
				(size_t)TEXT);
		tale->len += spcpu_op_line(&tale->op[i], tale->text + tale->len,
					   SPCPU_SNAPSHOT_LINE_MAX);
	}
}

static void write_down(struct kunit *test, struct tale *tale)
{
	tale->text = kunit_kzalloc(test, TEXT, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tale->text);
	tale->len = scnprintf(tale->text, TEXT,
			      "shadow_percpu recording %d\nkernel 6.1 possible=%u online=%u\n",
			      SPCPU_RECORDING_VERSION, num_possible_cpus(),
			      num_online_cpus());
	add_snapshot(test, tale, &tale->first);
	add_ops(test, tale);
	add_snapshot(test, tale, &tale->last);
	tale->len += scnprintf(tale->text + tale->len, TEXT - tale->len,
			       "end %u 0\n", tale->nr);
}

static int compare(void *with)
{
	struct tale *tale = with;
	int err;

	err = spcpu_compare_open();
	if (err)
		return err;
	err = spcpu_compare_feed(tale->text, tale->len);
	spcpu_compare_close();
	return err;
}

static void fail_compare(struct kunit *test)
{
	struct tale *tale = tell(test);

	write_down(test, tale);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a recording, written", .op = compare,
		.with = tale,
	});
	spcpu_compare_exit();
}

static void fail_follow_leaves_no_areas(struct kunit *test)
{
	spcpu_failing_expect_areas(test, areas);
}

static struct kunit_case fail_follow_cases[] = {
	KUNIT_CASE(fail_snapshot),
	KUNIT_CASE(fail_recorder),
	KUNIT_CASE(fail_mirror),
	KUNIT_CASE(fail_follow),
	KUNIT_CASE(fail_compare),
	KUNIT_CASE(fail_follow_leaves_no_areas),
	{ }
};

struct kunit_suite spcpu_fail_follow_suite = {
	.name = "shadow_percpu_fail_follow",
	.init = fail_follow_init,
	.test_cases = fail_follow_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Recording: events and snapshots as text, there and back; and a whole recording
 * judged.
 */
#include <linux/sizes.h>
#include <linux/string.h>

#include "compare.h"
#include "engine_bitmap.h"
#include "judge.h"
#include "paper.h"
#include "scribe.h"
#include "suites.h"

static const struct spcpu_op ops[] = {
	{ .kind = SPCPU_OP_ALLOC, .time = 1, .cpu = 2, .base = 0xffff888000001000,
	  .off = 3, .size = 4, .align = 5, .flags = 0 },
	{ .kind = SPCPU_OP_ALLOC, .time = U64_MAX, .cpu = U16_MAX,
	  .base = U64_MAX, .off = U32_MAX, .size = U32_MAX, .align = U32_MAX,
	  .flags = 0x3f },
	{ .kind = SPCPU_OP_FREE, .base = 0x10, .off = 8 },
	{ .kind = SPCPU_OP_FAIL, .size = 8, .align = 4, .flags = SPCPU_OP_ATOMIC },
	{ .kind = SPCPU_OP_CREATE, .base = 0xabc },
	{ .kind = SPCPU_OP_DESTROY, .base = 0xabc },
	{ .kind = SPCPU_OP_STATE, .base = 1, .slot = 7, .off = 64,
	  .word = U64_MAX, .flags = SPCPU_OP_ISOLATED },
	{ .kind = SPCPU_OP_WORKER, .time = 9 },
	{ .kind = SPCPU_OP_WORKER, .time = 9, .word = 1 },
	{ .kind = SPCPU_OP_LOST, .word = 17 },
};

static void recording_op_round_trip(struct kunit *test)
{
	char line[SPCPU_OP_LINE_MAX];
	struct spcpu_op back;
	const char *why = "";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		int len = spcpu_op_line(&ops[i], line, sizeof(line));

		KUNIT_EXPECT_EQ(test, (size_t)len, strlen(line));
		KUNIT_EXPECT_EQ(test, line[len - 1], '\n');
		KUNIT_ASSERT_EQ_MSG(test, 0, spcpu_op_parse(&back, line, &why),
				    "%s: %s", line, why);
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(&back, &ops[i], sizeof(back)),
				    "%s", line);
	}
}

static void recording_op_site(struct kunit *test)
{
	char line[SPCPU_OP_LINE_MAX];
	struct spcpu_op op = {
		.kind = SPCPU_OP_ALLOC, .base = 1, .size = 4, .align = 4,
		.site = (unsigned long)recording_op_site,
	};
	const char *why;

	spcpu_op_line(&op, line, sizeof(line));
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, "_op_site+"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, "[shadow_percpu_test]\n"));
	KUNIT_EXPECT_EQ(test, 0, spcpu_op_parse(&op, line, &why));
}

static const char * const bad_ops[] = {
	"", "a", "a 1", "a 1 2", "a 1 2 3", "a 1 2 3 4", "a 1 2 3 4 5",
	"a 1 2 3 4 5 6", "a 1 2 3 4 5 6 -", "a 1 2 3 4 5 6 - site more",
	"a 1 2 3 4 5 6 Q site", "a 1 2 3 4 5 6 AA site", "a 1 2 3 4 5 6 CA site",
	"a x 2 3 4 5 6 - -", "a 1 65536 3 4 5 6 - -", "a 1 2 g 4 5 6 - -",
	"a 1 2 3 4294967296 5 6 - -", "a 18446744073709551616 2 3 4 5 6 - -",
	"f 1 2 3", "f 1 2 3 4 5", "x 1 2 3 4 -", "c 1 2", "d 1 2 xyz", "aa 1 2 3",
	"s 1 2 x 4 - 0 5", "s 1 2 3 4 AA 0 5", "s 1 2 3 4 - 0 x",
	"s 1 2 3 4 -", "s 1 2 3 4 - 63 5", "s 1 2 3 -1 - 0 5", "w 1 2",
	"w 1 2 middle", "l 1 2", "q 1 2 3", "a -1 2 3 4 5 6 - -",
	"f 1 2 10000000000000000 4",
};

static void recording_bad_ops(struct kunit *test)
{
	struct spcpu_op op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_ops); i++) {
		const char *why = NULL;

		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    spcpu_op_parse(&op, bad_ops[i], &why), "%s",
				    bad_ops[i]);
		KUNIT_EXPECT_NOT_NULL(test, why);
	}
}

static void ignore(void *to, const struct spcpu_op *op)
{
}

/* chunks of all kinds: full, isolated, free, with and without pages */
static struct spcpu *make_chunks(struct kunit *test)
{
	struct scribe *w = spcpu_scribe(test, ignore, NULL);

	spcpu_scribe_steps(w, 5000, 10);
	spcpu_scribe_worker(w);
	spcpu_scribe_steps(w, 1500, 10);
	return w->s;
}

static void recording_snapshot_round_trip(struct kunit *test)
{
	struct spcpu *s = make_chunks(test);
	struct spcpu_snapshot_pos pos = { };
	struct spcpu_snapshot snap, back;
	char *line = kunit_kzalloc(test, SPCPU_SNAPSHOT_LINE_MAX, GFP_KERNEL);
	char first[64];
	const char *why = "";
	int ret = 0;

	KUNIT_ASSERT_NOT_NULL(test, line);
	spcpu_scribe_snapshot(test, s, &snap);
	KUNIT_ASSERT_GT(test, snap.nr_chunks, 3U);
	spcpu_snapshot_init(&back);
	while (spcpu_snapshot_line(&snap, &pos, line, SPCPU_SNAPSHOT_LINE_MAX)) {
		KUNIT_EXPECT_EQ(test, ret, 0);
		ret = spcpu_snapshot_parse(&back, line, &why);
		KUNIT_ASSERT_GE_MSG(test, ret, 0, "%s: %s", line, why);
	}
	KUNIT_EXPECT_EQ(test, ret, 1);
	KUNIT_EXPECT_EQ_MSG(test, 0,
			    spcpu_snapshot_diff(&snap, &back, first,
						sizeof(first)), "%s", first);
	KUNIT_EXPECT_EQ(test, snap.unit_size, back.unit_size);
	KUNIT_EXPECT_EQ(test, snap.nr_slots, back.nr_slots);
	spcpu_snapshot_exit(&back);
	spcpu_test_drop(test, &snap);
}

/* whatever is changed, somebody notices: the check, or who compares */
static void recording_snapshot_check(struct kunit *test)
{
	struct spcpu *s = make_chunks(test);
	struct spcpu_snapshot_chunk *chunk;
	struct spcpu_snapshot snap;
	struct spcpu_bitmap *own;
	const char *why;
	int at;

#define EXPECT_NOTICED(field, change) do {				\
	typeof(field) saved = (field);					\
									\
	why = NULL;							\
	(field) = (change);						\
	KUNIT_EXPECT_EQ_MSG(test, -EINVAL,				\
			    spcpu_snapshot_check(&snap, &why), #field);	\
	KUNIT_EXPECT_NOT_NULL(test, why);				\
	(field) = saved;						\
} while (0)

	spcpu_scribe_snapshot(test, s, &snap);
	chunk = list_last_entry(&snap.chunks, struct spcpu_snapshot_chunk, node);
	own = spcpu_bitmap(&chunk->map);
	at = find_first_bit(own->alloc, chunk->map.nr_bits);
	EXPECT_NOTICED(chunk->base, chunk->base + 4);
	EXPECT_NOTICED(chunk->base, 0);
	EXPECT_NOTICED(chunk->slot, -1);
	EXPECT_NOTICED(chunk->slot, snap.nr_slots);
	EXPECT_NOTICED(chunk->slot, 0);
	EXPECT_NOTICED(chunk->head, 8);
	EXPECT_NOTICED(chunk->tail, PAGE_SIZE);
	EXPECT_NOTICED(chunk->nr_populated, chunk->nr_populated + 1);
	EXPECT_NOTICED(chunk->nr_empty_pop, chunk->nr_empty_pop - 1);
	EXPECT_NOTICED(chunk->map.free_bits, chunk->map.free_bits - 1);
	EXPECT_NOTICED(chunk->map.nr_empty, chunk->map.nr_empty - 1);
	EXPECT_NOTICED(own->whole.contig_hint, chunk->map.nr_bits + 1);
	EXPECT_NOTICED(own->whole.first_free, -1);
	EXPECT_NOTICED(own->blocks[0].nr_bits, 5);
	EXPECT_NOTICED(own->blocks[0].left_free, SPCPU_BLOCK_BITS + 1);
	EXPECT_NOTICED(own->alloc[0], ~own->alloc[0]);
	EXPECT_NOTICED(own->bound[BIT_WORD(at)], own->bound[BIT_WORD(at)] & ~BIT_MASK(at));
	EXPECT_NOTICED(snap.nr_empty_pop, snap.nr_empty_pop + 1);
	EXPECT_NOTICED(snap.unit_size, snap.unit_size / 2);
	KUNIT_EXPECT_EQ(test, 0, spcpu_snapshot_check(&snap, &why));
	spcpu_test_drop(test, &snap);
#undef EXPECT_NOTICED
}

static void recording_snapshot_diff(struct kunit *test)
{
	struct spcpu *s = make_chunks(test);
	struct spcpu_snapshot_chunk *chunk;
	struct spcpu_snapshot a, b;
	struct spcpu_bitmap *own;
	char first[128];

#define EXPECT_DIFFERENT(field, change) do {				\
	typeof(field) saved = (field);					\
									\
	(field) = (change);						\
	KUNIT_EXPECT_EQ_MSG(test, 1,					\
			    spcpu_snapshot_diff(&a, &b, first,		\
						sizeof(first)), #field);\
	KUNIT_EXPECT_GT(test, strlen(first), (size_t)0);		\
	(field) = saved;						\
} while (0)

	spcpu_scribe_snapshot(test, s, &a);
	spcpu_scribe_snapshot(test, s, &b);
	chunk = list_last_entry(&b.chunks, struct spcpu_snapshot_chunk, node);
	own = spcpu_bitmap(&chunk->map);
	KUNIT_EXPECT_EQ(test, 0, spcpu_snapshot_diff(&a, &b, first, sizeof(first)));
	EXPECT_DIFFERENT(chunk->base, chunk->base + SZ_64K);
	EXPECT_DIFFERENT(chunk->slot, chunk->slot - 1);
	EXPECT_DIFFERENT(chunk->isolated, !chunk->isolated);
	EXPECT_DIFFERENT(chunk->nr_populated, 77);
	EXPECT_DIFFERENT(chunk->populated[0], ~chunk->populated[0]);
	EXPECT_DIFFERENT(chunk->nr_empty_pop, 77);
	EXPECT_DIFFERENT(own->alloc[3], ~own->alloc[3]);
	EXPECT_DIFFERENT(own->bound[3], ~own->bound[3]);
	EXPECT_DIFFERENT(chunk->map.free_bits, 77);
	EXPECT_DIFFERENT(own->whole.contig_hint, 77);
	EXPECT_DIFFERENT(own->blocks[0].right_free, 77);
	EXPECT_DIFFERENT(b.nr_empty_pop, 77);
	spcpu_test_drop(test, &b);
	spcpu_test_drop(test, &a);
#undef EXPECT_DIFFERENT
}

/* a recording of three events in an allocator of one chunk of 32 KB */
static const char * const whole[] = {
	"shadow_percpu recording 1",
	"# for people",
	"kernel 6.1 possible=1 online=1",
	"snapshot 32768 17 4 0 1",
	"chunk 1000000 12 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	"pages 0 f",
	"end",
	"a 5 0 1000000 0 64 4 - -",
	"a 6 0 1000000 64 64 4 A -",
	"f 7 0 1000000 0",
	"snapshot 32768 17 3 0 1",
	"chunk 1000000 11 F 4 0 0 16320 4 3 4064 32 16 0 4096 4096 0",
	"pages 0 f",
	"block 0 992 32 16 0 16 992 0 ffff0000 100010001",
	"end",
	"end 3 0",
};

static void collect(void *to, const char *text)
{
	strlcat(to, text, SZ_4K);
	strlcat(to, "\n", SZ_4K);
}

static int feed_line(const char *line)
{
	return spcpu_compare_feed(line, strlen(line)) ?:
	       spcpu_compare_feed("\n", 1);
}

static char *report(struct kunit *test)
{
	char *text = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	spcpu_compare_report(collect, text);
	return text;
}

static void recording_compare(struct kunit *test)
{
	unsigned int i;
	char *text;

	KUNIT_ASSERT_EQ(test, 0, spcpu_compare_open());
	KUNIT_EXPECT_EQ(test, -EBUSY, spcpu_compare_open());
	for (i = 0; i < ARRAY_SIZE(whole); i++)
		KUNIT_ASSERT_EQ_MSG(test, 0, feed_line(whole[i]), "%s",
				    whole[i]);
	spcpu_compare_close();

	text = report(test);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "whole: yes\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\nidentical: 2\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\nwrong: 0\n"));
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, "\nmaps_equal: yes\n"),
				  "%s", text);
}

/* without any one of its lines, or ended before any, it is not whole */
static void recording_incomplete(struct kunit *test)
{
	unsigned int i, left_out;
	char *text;

	for (left_out = 0; left_out < ARRAY_SIZE(whole); left_out++) {
		int err = 0;

		/* it says nothing that is needed */
		if (left_out == 1)
			continue;

		spcpu_test_expecting(test, "compare: line [0-9]+: ");
		KUNIT_ASSERT_EQ(test, 0, spcpu_compare_open());
		for (i = 0; i < ARRAY_SIZE(whole) && !err; i++) {
			if (i != left_out)
				err = feed_line(whole[i]);
		}
		spcpu_compare_close();
		text = report(test);
		KUNIT_EXPECT_TRUE_MSG(test, err || strstr(text, "whole: no\n") ||
				      strstr(text, "maps_equal: no\n"),
				      "without %s:\n%s", whole[left_out], text);
		kunit_kfree(test, text);
	}
	spcpu_compare_exit();
}

/* what is no line at all ends a recording; what comes behind it is not looked at */
static void recording_no_lines(struct kunit *test)
{
	static const char zero[] = "shadow_percpu\0recording 1\n";
	char *line = kunit_kmalloc(test, SZ_4K, GFP_KERNEL);
	char *text;

	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_ASSERT_EQ(test, 0, spcpu_compare_open());
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_compare_feed(zero, sizeof(zero) - 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, feed_line(whole[0]));
	spcpu_compare_close();

	memset(line, '#', SZ_4K);
	KUNIT_ASSERT_EQ(test, 0, spcpu_compare_open());
	KUNIT_EXPECT_EQ(test, 0, spcpu_compare_feed(line, SPCPU_SNAPSHOT_LINE_MAX - 1));
	KUNIT_EXPECT_EQ(test, 0, feed_line(""));
	KUNIT_EXPECT_EQ(test, 0, feed_line(whole[0]));
	KUNIT_EXPECT_EQ(test, 0, spcpu_compare_feed(line, SZ_4K));
	KUNIT_EXPECT_EQ(test, -EINVAL, feed_line(""));
	spcpu_compare_close();
	text = report(test);
	KUNIT_EXPECT_STREQ(test, text, "whole: no\n");

	spcpu_compare_exit();
	text = report(test);
	KUNIT_EXPECT_STREQ(test, text, "");
}

static const char * const bad_beginnings[][6] = {
	{ "shadow_percpu recording 2" },
	{ "what is this" },
	{ "shadow_percpu recording 1", "a 5 0 1000000 0 64 4 - -" },
	{ "shadow_percpu recording 1", "snapshot 32768 17 4 0 1" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 0 17 4 0 1" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 4 0 1",
	  "block 0 1 1 1 1 1 1 1 0 0" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 4 0 1",
	  "chunk 1000000 13 F 999999999 0 0 16384 4 4 4096 0 0 0 4096 4096 0" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 4 0 1",
	  "chunk 1000000 13 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	  "pages 0 ff" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 4 0 1",
	  "chunk 1000000 13 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	  "block 4 1 1 1 1 1 1 1 0 0" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 4 0 1",
	  "chunk 1000000 13 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	  "block 0 1 1 1 1 1 1 1 0 x123" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 4 0 2",
	  "chunk 1000000 13 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	  "pages 0 f", "end" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 4 0 1",
	  "chunk 1000000 13 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	  "pages 0 f", "end" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 0 0 1",
	  "chunk 1000000 -1 R 8 0 0 32768 0 0 8192 0 0 0 8192 8192 0", "end" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 0 0 1",
	  "chunk 1000000 16 - 8 0 0 32768 0 0 8192 0 0 0 8192 8192 0", "end" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 17 0 0 1",
	  "chunk 1000000 15 - 8 0 0 32768 0 0 8192 0 0 0 8192 8192 0",
	  "chunk 2000000 15 - 8 0 0 32768 0 0 8192 0 0 0 8192 8192 0" },
	{ "shadow_percpu recording 1", "kernel 6.1", "snapshot 32768 3 4 0 1",
	  "chunk 1000000 1 F 4 0 0 16384 4 4 4096 0 0 0 4096 4096 0",
	  "pages 0 f", "end" },
};

static void recording_bad_beginnings(struct kunit *test)
{
	const struct spcpu_follow_options options = { };
	unsigned int i, line;

	for (i = 0; i < ARRAY_SIZE(bad_beginnings); i++) {
		struct spcpu_judge *j = spcpu_judge_create(&options);
		const char *why = NULL;
		int err = 0;

		KUNIT_ASSERT_NOT_NULL(test, j);
		for (line = 0; line < 6 && bad_beginnings[i][line]; line++) {
			KUNIT_EXPECT_EQ(test, err, 0);
			err = spcpu_judge_line(j, bad_beginnings[i][line], &why);
		}
		KUNIT_EXPECT_LT_MSG(test, err, 0, "%s",
				    bad_beginnings[i][line - 1]);
		KUNIT_EXPECT_NOT_NULL(test, why);
		KUNIT_EXPECT_FALSE(test, spcpu_judge_done(j));
		spcpu_judge_destroy(j);
	}
}

static struct kunit_case recording_cases[] = {
	KUNIT_CASE(recording_op_round_trip),
	KUNIT_CASE(recording_op_site),
	KUNIT_CASE(recording_bad_ops),
	KUNIT_CASE(recording_snapshot_round_trip),
	KUNIT_CASE(recording_snapshot_check),
	KUNIT_CASE(recording_snapshot_diff),
	KUNIT_CASE(recording_compare),
	KUNIT_CASE(recording_incomplete),
	KUNIT_CASE(recording_no_lines),
	KUNIT_CASE(recording_bad_beginnings),
	{ }
};

struct kunit_suite spcpu_recording_suite = {
	.name = "shadow_percpu_recording",
	.test_cases = recording_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Replay: the grammar, and what becomes of lines however they are cut up.
 */
#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "fixture.h"
#include "replay.h"
#include "suites.h"
#include "text.h"

#define HEADER	"#       id   size  align  chunk     offset\n"

/* 63 characters, as many as a line may have */
#define LONG	"a 1 8 8                                                        "

/* an allocator with a replay and one stream to it */
struct bench {
	struct spcpu *s;
	struct spcpu_replay *replay;
	struct spcpu_replay_stream *stream;
};

static void destroy_replay(void *replay)
{
	spcpu_replay_destroy(replay);
}

static void close_stream(void *stream)
{
	spcpu_replay_close(stream);
}

static struct spcpu_replay_stream *open_stream(struct kunit *test,
					       struct spcpu_replay *replay)
{
	struct spcpu_replay_stream *stream = spcpu_replay_open(replay);

	KUNIT_ASSERT_NOT_NULL(test, stream);
	spcpu_test_at_exit(test, close_stream, stream);
	return stream;
}

/* the first chunk is a single one, of six pages */
static struct bench set_up(struct kunit *test)
{
	struct bench b;

	b.s = spcpu_test_allocator(test, SZ_64K, 0, SZ_16K + SZ_8K, 0, NULL,
				   SPCPU_FIRST_PAGE);
	b.replay = spcpu_replay_create(b.s);
	KUNIT_ASSERT_NOT_NULL(test, b.replay);
	spcpu_test_at_exit(test, destroy_replay, b.replay);
	b.stream = open_stream(test, b.replay);
	return b;
}

static void tear_down(struct kunit *test, struct bench b)
{
	spcpu_test_drop(test, b.stream);
	spcpu_test_drop(test, b.replay);
	spcpu_test_drop(test, b.s);
}

static int feed(struct bench b, const char *text)
{
	return spcpu_replay_feed(b.stream, text, strlen(text));
}

static int end(struct kunit *test, struct spcpu_replay_stream *stream)
{
	spcpu_test_forget(test, stream);
	return spcpu_replay_close(stream);
}

/* the live objects, through a stream of its own */
static char *rows(struct kunit *test, struct bench b)
{
	struct spcpu_replay_stream *stream = open_stream(test, b.replay);
	char *text = spcpu_test_dump(test, &spcpu_replay_ops, stream);

	spcpu_test_drop(test, stream);
	return text;
}

static void expect_rows(struct kunit *test, struct bench b, const char *wanted)
{
	char *text = rows(test, b);

	KUNIT_ASSERT_EQ(test, 0, strncmp(text, HEADER, strlen(HEADER)));
	KUNIT_EXPECT_STREQ(test, text + strlen(HEADER), wanted);
	kunit_kfree(test, text);
}

static u64 nr_live(struct spcpu *s)
{
	u64 nr;

	spin_lock_irq(&s->lock);
	nr = s->stats.nr_cur_alloc;
	spin_unlock_irq(&s->lock);
	return nr;
}

/* the grammar */

static const struct {
	const char *line;
	struct spcpu_replay_op op;
} good[] = {
	{ "" },
	{ " \t " },
	{ "#" },
	{ "# a 1 8 8" },
	{ "  #a" },
	{ "a 1 64 8", { SPCPU_REPLAY_ALLOC, 1, 64, 8 } },
	{ "a 1 64 8 atomic", { SPCPU_REPLAY_ALLOC, 1, 64, 8, true } },
	{ "a 1 64 8 account", { SPCPU_REPLAY_ALLOC, 1, 64, 8, false, true } },
	{ "a 1 64 8 atomic account", { SPCPU_REPLAY_ALLOC, 1, 64, 8, true, true } },
	{ "a 1 64 8\taccount  atomic ", { SPCPU_REPLAY_ALLOC, 1, 64, 8, true, true } },
	{ " a\t1  64 8\t", { SPCPU_REPLAY_ALLOC, 1, 64, 8 } },
	{ "a 0 0 0", { SPCPU_REPLAY_ALLOC } },
	{ "a 007 010 08", { SPCPU_REPLAY_ALLOC, 7, 10, 8 } },
	{ "a 4294967295 4294967295 4294967295",
		{ SPCPU_REPLAY_ALLOC, U32_MAX, U32_MAX, U32_MAX } },
	{ "f 0", { SPCPU_REPLAY_FREE } },
	{ "f 4294967295", { SPCPU_REPLAY_FREE, U32_MAX } },
	{ LONG, { SPCPU_REPLAY_ALLOC, 1, 8, 8 } },
	{ "# comments may be as long as their writer pleases, so this one goes on" },
};

static const char * const bad[] = {
	"a", "a 1", "a 1 64", "f", "f #", "a 1 64 #",
	"a 1 64 8 Atomic", "a 1 64 8 atomi", "a 1 64 8 atomicx",
	"a 1 64 8 Account", "a 1 64 8 accoun", "a 1 64 8 accounts", "f 1 account",
	"a 1 64 8 account account", "a 1 64 8 account atomic account", "a account 1 64 8",
	"a 1 64 8 atomicaccount", "a 1 64 8 account 1", "a 1 64 8 atomic atomic",
	"a 1 64 8 8", "a 1 64 8 # why", "f 1 1",
	"A 1 64 8", "F 1", "aa 1 64 8", "a1 64 8", "f1", "free 1", "1", "-",
	"a -1 64 8", "a +1 64 8", "a 1 -64 8", "a 1 64 -8", "f -1",
	"a 0x1 64 8", "a 1 64k 8", "a 1 64 8.", "a 1,64,8", "a one 64 8",
	"a 4294967296 64 8", "a 1 4294967296 8", "a 1 64 4294967296",
	"a 18446744073709551617 64 8", "f 99999999999999999999999999999999999999",
	"a 1 64 8\r", "a 1 64 8\v", "\xff", "a \xc2\xb9 64 8",
	LONG "x",
	"                                                                a 1 8 8",
};

static void good_lines_parse(struct kunit *test)
{
	struct spcpu_replay_op op;
	const char *why = NULL;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, strlen(LONG), (size_t)SPCPU_REPLAY_LINE_MAX);
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		const char *line = good[i].line;

		memset(&op, 0xff, sizeof(op));
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    spcpu_replay_parse(line, strlen(line), &op,
						       &why), "'%s'", line);
		KUNIT_EXPECT_EQ_MSG(test, op.verb, good[i].op.verb, "'%s'", line);
		KUNIT_EXPECT_EQ_MSG(test, op.id, good[i].op.id, "'%s'", line);
		KUNIT_EXPECT_EQ_MSG(test, op.size, good[i].op.size, "'%s'", line);
		KUNIT_EXPECT_EQ_MSG(test, op.align, good[i].op.align, "'%s'",
				    line);
		KUNIT_EXPECT_EQ_MSG(test, op.atomic, good[i].op.atomic, "'%s'",
				    line);
		KUNIT_EXPECT_EQ_MSG(test, op.account, good[i].op.account, "'%s'",
				    line);
	}
	KUNIT_EXPECT_NULL(test, why);
}

static void bad_lines_do_not(struct kunit *test)
{
	struct spcpu_replay_op op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *why = NULL;

		memset(&op, 0xff, sizeof(op));
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    spcpu_replay_parse(bad[i], strlen(bad[i]),
						       &op, &why),
				    "'%s'", bad[i]);
		KUNIT_EXPECT_NOT_NULL(test, why);
		KUNIT_EXPECT_EQ(test, op.verb, SPCPU_REPLAY_NOTHING);
		KUNIT_EXPECT_EQ(test, op.id, 0U);
	}
}

static void lines_end_where_they_end(struct kunit *test)
{
	static const char line[] = "a 1 64 81 atomic";
	struct spcpu_replay_op op;
	const char *why;

	KUNIT_EXPECT_EQ(test, 0, spcpu_replay_parse(line, 8, &op, &why));
	KUNIT_EXPECT_EQ(test, op.align, 8U);
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_replay_parse(line, 7, &op, &why));
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_replay_parse(line, 12, &op, &why));

	/* a NUL is a character as any other */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			spcpu_replay_parse("f 1\0", 4, &op, &why));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			spcpu_replay_parse("\0", 1, &op, &why));
}

/* words that a line may consist of, or not */
static size_t add_word(char *line, size_t size, struct rnd_state *rnd)
{
	static const char * const words[] = {
		"a ", "f ", "a", "f", "# ", " ", "\t", "1", "8 ", "64 ", "0 ",
		"4294967296 ", "-", "x", "atomic", "account ", "\r", "\xff",
	};

	return scnprintf(line, size, "%s",
			 words[spcpu_test_below(rnd, ARRAY_SIZE(words))]);
}

static void any_line_parses_or_not(struct kunit *test)
{
	unsigned int i, j, ops = 0;
	struct spcpu_replay_op op;
	struct rnd_state rnd;
	char line[80];

	prandom_seed_state(&rnd, 5);
	for (i = 0; i < 50000; i++) {
		const char *why = NULL;
		size_t len = 0;
		int err;

		for (j = spcpu_test_below(&rnd, 8); j; j--)
			len += add_word(line + len, sizeof(line) - len, &rnd);

		err = spcpu_replay_parse(line, len, &op, &why);
		if (err)
			KUNIT_ASSERT_EQ(test, err, -EINVAL);
		KUNIT_ASSERT_EQ(test, !err, !why);
		KUNIT_ASSERT_TRUE(test, !err || op.verb == SPCPU_REPLAY_NOTHING);
		ops += op.verb != SPCPU_REPLAY_NOTHING;
	}
	KUNIT_EXPECT_GT(test, ops, 100U);
}

/* carrying out */

static void rows_are_sorted_by_id(struct kunit *test)
{
	struct bench b = set_up(test);

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 4294967295 64 64\n"
					 "a 7 5 1\n"
					 "a 0 4096 4096 atomic\n"
					 "a 12 32768 8\n"));
	expect_rows(test, b,
		    "         0   4096   4096      0       4096\n"
		    "         7      5      1      0         64\n"
		    "        12  32768      8      1          0\n"
		    "4294967295     64     64      0          0\n");
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 4ULL);
}

static void objects_can_be_freed(struct kunit *test)
{
	struct bench b = set_up(test);

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 64 8\na 2 64 8\nf 1\na 1 8 8\n"));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 2ULL);
	KUNIT_EXPECT_EQ(test, 0, feed(b, "f 2\nf 1\n"));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 0ULL);
	expect_rows(test, b, "");
}

/* in chunks of their own kind, whose pages are charged */
static void accounted_objects_lie_apart(struct kunit *test)
{
	struct bench b = set_up(test);
	struct spcpu_chunk *chunk;
	int nr[2] = { };

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 64 8\na 2 64 8 account\n"
					 "a 3 100 8 account\n"));
	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 4 64 8 atomic account\n"));
	list_for_each_entry(chunk, &b.s->chunks, all)
		nr[spcpu_is_accounted(b.s, chunk)] += chunk->nr_alloc;
	KUNIT_EXPECT_EQ(test, nr[false], 1);
	KUNIT_EXPECT_EQ(test, nr[true], 3);
	KUNIT_EXPECT_EQ(test, 0, feed(b, "f 2\nf 3\nf 4\n"));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 1ULL);
}

static void what_is_left_is_freed_in_the_end(struct kunit *test)
{
	struct bench b = set_up(test);

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 64 8\na 2 32768 8\na 9 1 1\n"));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 3ULL);
	KUNIT_EXPECT_EQ(test, 0, end(test, b.stream));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 3ULL);
	spcpu_test_drop(test, b.replay);
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 0ULL);
}

static const char script[] = "# script\n"
			     "a 10 64 8\n"
			     "a 2 100 4 atomic\n"
			     "\n"
			     "f 10\n"
			     " a 3 5 64\n"
			     "a 10 4096 4096\n";

static const char script_rows[] =
	"         2    100      4      0         64\n"
	"         3      5     64      0          0\n"
	"        10   4096   4096      0       4096\n";

static void lines_may_be_split_anywhere(struct kunit *test)
{
	size_t len = strlen(script), i;
	struct bench b;

	for (i = 0; i <= len; i++) {
		b = set_up(test);
		KUNIT_EXPECT_EQ(test, 0, spcpu_replay_feed(b.stream, script, i));
		KUNIT_EXPECT_EQ(test, 0, spcpu_replay_feed(b.stream, script + i,
							   len - i));
		expect_rows(test, b, script_rows);
		tear_down(test, b);
	}

	b = set_up(test);
	for (i = 0; i < len; i++)
		KUNIT_EXPECT_EQ(test, 0,
				spcpu_replay_feed(b.stream, script + i, 1));
	expect_rows(test, b, script_rows);
}

static void a_last_line_needs_no_newline(struct kunit *test)
{
	struct bench b = set_up(test);

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 64 8\na 2 64"));
	KUNIT_EXPECT_EQ(test, 0, feed(b, " 8"));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 1ULL);
	KUNIT_EXPECT_EQ(test, 0, end(test, b.stream));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 2ULL);
}

static void a_garbage_tail_is_an_error(struct kunit *test)
{
	struct bench b = set_up(test);

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 64 8\na 2 64"));
	KUNIT_EXPECT_EQ(test, -EINVAL, end(test, b.stream));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 1ULL);
}

static const struct {
	const char *line;
	int err;
} refused[] = {
	{ "bla\n", -EINVAL },
	{ "a 1 64 8 8\n", -EINVAL },
	{ "a 5 64 8\n", -EEXIST },
	{ "a 6 64 8\n", -EEXIST },
	{ "f 1\n", -ENOENT },
	{ "a 1 0 8\n", -EINVAL },
	{ "a 1 32769 8\n", -EINVAL },
	{ "a 1 4294967295 8\n", -EINVAL },
	{ "a 1 64 0\n", -EINVAL },
	{ "a 1 64 3\n", -EINVAL },
	{ "a 1 64 8192\n", -EINVAL },
	{ "a 1 64 8192 atomic\n", -EINVAL },
	{ LONG "x\n", -EINVAL },
};

/* earlier lines stay carried out, later ones are not, the next write is */
static void a_bad_line_ends_its_write(struct kunit *test)
{
	char text[160];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		struct bench b = set_up(test);

		scnprintf(text, sizeof(text), "a 5 64 8\na 6 8 8\n%sa 7 8 8\nf 5\n",
			  refused[i].line);
		KUNIT_EXPECT_EQ_MSG(test, refused[i].err, feed(b, text), "%s",
				    refused[i].line);
		expect_rows(test, b,
			    "         5     64      8      0          0\n"
			    "         6      8      8      0         64\n");
		KUNIT_EXPECT_EQ(test, 0, feed(b, "a 8 8 8\nf 5\n"));
		expect_rows(test, b,
			    "         6      8      8      0         64\n"
			    "         8      8      8      0         72\n");
		KUNIT_EXPECT_EQ(test, nr_live(b.s), 2ULL);
		tear_down(test, b);
	}
}

/* what a write was dropped in the middle of does not come back as a line */
static void half_a_line_is_not_a_line(struct kunit *test)
{
	struct bench b = set_up(test);

	KUNIT_EXPECT_EQ(test, -EINVAL, feed(b, "bla\n# now "));
	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 8 8\na 2 8 8\n"));
	KUNIT_EXPECT_EQ(test, -EINVAL, feed(b, "bla\na 3 8 8"));
	KUNIT_EXPECT_EQ(test, 0, feed(b, ""));
	KUNIT_EXPECT_EQ(test, 0, feed(b, "\na 4 8 8\n"));
	KUNIT_EXPECT_EQ(test, -EINVAL, feed(b, "bla\na 5 8 8"));
	KUNIT_EXPECT_EQ(test, 0, end(test, b.stream));
	expect_rows(test, b,
		    "         2      8      8      0          0\n"
		    "         4      8      8      0          8\n");
}

static void skipped_text_does_nothing(struct kunit *test)
{
	struct bench b = set_up(test);

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 8"));
	spcpu_replay_skip(b.stream, " 8\na 2 8 8\na 3", 14);
	KUNIT_EXPECT_EQ(test, 0, feed(b, " 8 8\na 4 8 8\n"));
	expect_rows(test, b, "         4      8      8      0          0\n");
}

static void endless_lines_need_no_memory(struct kunit *test)
{
	struct bench b = set_up(test);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 0, feed(b, "#"));
	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_EQ(test, 0, feed(b, LONG));
	KUNIT_EXPECT_EQ(test, 0, feed(b, "\na 1 8 8"));
	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_EQ(test, 0, feed(b, LONG));
	KUNIT_EXPECT_EQ(test, -EINVAL, feed(b, "\n"));
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 0ULL);
}

/* an object without memory is there, and can be freed */
static void no_memory_is_no_error(struct kunit *test)
{
	struct bench b = set_up(test);
	unsigned int i;

	/* the first chunk is smaller than that, and there is no other yet */
	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 32768 8 atomic\na 2 8 8 atomic\n"));
	expect_rows(test, b,
		    "         1  32768      8      -          -\n"
		    "         2      8      8      0          0\n");
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 1ULL);
	KUNIT_EXPECT_EQ(test, -EEXIST, feed(b, "a 1 8 8\n"));

	/* the worker makes a chunk, and its pages, meanwhile */
	spcpu_test_settle(b.s);
	for (i = 1; i < spcpu_test_wakeups(b.s, 32768 / PAGE_SIZE); i++) {
		KUNIT_EXPECT_EQ(test, 0, feed(b, "a 3 32768 8 atomic\n"));
		KUNIT_EXPECT_EQ(test, nr_live(b.s), 1ULL);
		KUNIT_EXPECT_EQ(test, 0, feed(b, "f 3\n"));
		spcpu_test_settle(b.s);
	}
	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 3 32768 8 atomic\nf 1\n"));
	expect_rows(test, b,
		    "         2      8      8      0          0\n"
		    "         3  32768      8      1          0\n");
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 2ULL);
}

static void streams_keep_their_own_lines(struct kunit *test)
{
	struct bench b = set_up(test);
	struct bench other = b;

	other.stream = open_stream(test, b.replay);
	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 6"));
	KUNIT_EXPECT_EQ(test, 0, feed(other, "a 2 8 8\na 3"));
	KUNIT_EXPECT_EQ(test, 0, feed(b, "4 8\nf 2\n"));
	KUNIT_EXPECT_EQ(test, 0, feed(other, " 16 8\n"));
	KUNIT_EXPECT_EQ(test, -ENOENT, feed(other, "f 2\n"));
	expect_rows(test, b,
		    "         1     64      8      0          8\n"
		    "         3     16      8      0         72\n");
}

static void reading_goes_on_behind_what_was_freed(struct kunit *test)
{
	struct bench b = set_up(test);
	struct seq_file m = { .private = b.stream };
	loff_t pos = 2;

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 8 8\na 2 8 8\na 4294967295 8 8\n"));
	KUNIT_EXPECT_NOT_NULL(test, spcpu_replay_ops.start(&m, &pos));
	KUNIT_EXPECT_EQ(test, pos, 2LL);
	KUNIT_EXPECT_EQ(test, 0, feed(b, "f 1\nf 2\n"));

	KUNIT_EXPECT_NOT_NULL(test, spcpu_replay_ops.start(&m, &pos));
	KUNIT_EXPECT_EQ(test, pos, U32_MAX + 1LL);
	KUNIT_EXPECT_NULL(test, spcpu_replay_ops.next(&m, NULL, &pos));
	KUNIT_EXPECT_EQ(test, pos, U32_MAX + 2LL);
	KUNIT_EXPECT_NULL(test, spcpu_replay_ops.start(&m, &pos));
}

static void nothing_begins_when_the_module_goes(struct kunit *test)
{
	struct bench b = set_up(test);

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 8 8\na 2 8 8\n"));
	spcpu_shutdown(b.s);
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, feed(b, "f 1\na 3 8 8\n"));
	expect_rows(test, b, "         2      8      8      0          8\n");
}

static void objects_freed_behind_our_back(struct kunit *test)
{
	struct bench b = set_up(test);
	const struct spcpu_chunk *chunk = b.s->first;

	KUNIT_EXPECT_EQ(test, 0, feed(b, "a 1 8 8\na 2 8 8\n"));
	spcpu_test_free(test, b.s, spcpu_ptr(b.s, chunk, 8));
	expect_rows(test, b,
		    "         1      8      8      0          0\n"
		    "         2      8      8      -          -\n");
	KUNIT_EXPECT_EQ(test, -ENOENT, feed(b, "f 2\n"));
	KUNIT_EXPECT_EQ(test, 0, feed(b, "f 1\n"));
	expect_rows(test, b, "");
}

#define MANY	5000

/* a long recording, fed in pieces of any size, against a count of its own */
static void many_lines(struct kunit *test)
{
	struct bench b = set_up(test);
	unsigned long *live = kunit_kzalloc(test, MANY / 8, GFP_KERNEL);
	char *text = kunit_kzalloc(test, MANY * 32, GFP_KERNEL);
	unsigned int i, id, nr = 0;
	size_t len = 0, at, piece;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, live);
	KUNIT_ASSERT_NOT_NULL(test, text);
	prandom_seed_state(&rnd, 3);
	for (i = 0; i < MANY; i++) {
		id = spcpu_test_below(&rnd, 1000);
		if (__test_and_change_bit(id, live))
			len += sprintf(text + len, "f %u\n", id);
		else
			len += sprintf(text + len, "a %u %u 8\n", id,
				       1 + spcpu_test_below(&rnd, 500));
	}
	for (at = 0; at < len; at += piece) {
		piece = min_t(size_t, spcpu_test_below(&rnd, 600), len - at);
		KUNIT_ASSERT_EQ(test, 0,
				spcpu_replay_feed(b.stream, text + at, piece));
	}

	for_each_set_bit(id, live, 1000)
		nr++;
	KUNIT_EXPECT_EQ(test, nr_live(b.s), (u64)nr);
	spcpu_test_drop(test, b.stream);
	spcpu_test_drop(test, b.replay);
	KUNIT_EXPECT_EQ(test, nr_live(b.s), 0ULL);
}

static struct kunit_case spcpu_replay_cases[] = {
	KUNIT_CASE(good_lines_parse),
	KUNIT_CASE(bad_lines_do_not),
	KUNIT_CASE(lines_end_where_they_end),
	KUNIT_CASE(any_line_parses_or_not),
	KUNIT_CASE(rows_are_sorted_by_id),
	KUNIT_CASE(objects_can_be_freed),
	KUNIT_CASE(accounted_objects_lie_apart),
	KUNIT_CASE(what_is_left_is_freed_in_the_end),
	KUNIT_CASE(lines_may_be_split_anywhere),
	KUNIT_CASE(a_last_line_needs_no_newline),
	KUNIT_CASE(a_garbage_tail_is_an_error),
	KUNIT_CASE(a_bad_line_ends_its_write),
	KUNIT_CASE(half_a_line_is_not_a_line),
	KUNIT_CASE(skipped_text_does_nothing),
	KUNIT_CASE(endless_lines_need_no_memory),
	KUNIT_CASE(no_memory_is_no_error),
	KUNIT_CASE(streams_keep_their_own_lines),
	KUNIT_CASE(reading_goes_on_behind_what_was_freed),
	KUNIT_CASE(nothing_begins_when_the_module_goes),
	KUNIT_CASE(objects_freed_behind_our_back),
	KUNIT_CASE(many_lines),
	{}
};

struct kunit_suite spcpu_replay_suite = {
	.name = "shadow_percpu_replay",
	.test_cases = spcpu_replay_cases,
};

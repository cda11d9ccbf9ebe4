// SPDX-License-Identifier: GPL-2.0
/*
 * Fail, show: whichever memory is missing when somebody looks: at a dump, through its
 * file, or when lines are replayed.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "api.h"
#include "failing.h"
#include "fixture.h"
#include "interfere.h"
#include "replay.h"
#include "suites.h"
#include "view.h"

#define FOLDER	"/sys/kernel/debug/shadow_percpu/"

static unsigned int areas;

static int fail_show_init(struct kunit *test)
{
	if (!areas)
		areas = spcpu_failing_areas(test);
	return spcpu_failing_init(test);
}

/* one who reads a file of the living module to its end */
struct reading {
	const char *name;
	char *page;
	size_t len;
};

/* seq files through debugfs have no ->read_iter, but are none the less */
static ssize_t read_some(struct file *file, char *to, size_t len, loff_t *pos)
{
	struct kvec vec = { .iov_base = to, .iov_len = len };
	struct iov_iter iter;
	struct kiocb kiocb;
	ssize_t nr;

	init_sync_kiocb(&kiocb, file);
	kiocb.ki_pos = *pos;
	iov_iter_kvec(&iter, READ, &vec, 1, len);
	nr = seq_read_iter(&kiocb, &iter);
	*pos = kiocb.ki_pos;
	return nr;
}

static int read_all(void *with)
{
	struct reading *r = with;
	struct file *file = filp_open(r->name, O_RDONLY, 0);
	loff_t pos = 0;
	ssize_t nr;

	if (IS_ERR(file))
		return PTR_ERR(file);
	r->len = 0;
	do {
		nr = read_some(file, r->page, PAGE_SIZE, &pos);
		r->len += max_t(ssize_t, nr, 0);
	} while (nr > 0);
	filp_close(file, NULL);
	/* what closing it leaves for later is done now */
	flush_delayed_fput();
	return nr;
}

static void fail_dump(struct kunit *test)
{
	static const char * const names[] = {
		FOLDER "alloc_info", FOLDER "slots", FOLDER "chunks",
		FOLDER "map", FOLDER "objects", FOLDER "stats", FOLDER "cache",
		FOLDER "calls", FOLDER "replay", FOLDER "compare", FOLDER "owners",
		FOLDER "leaks", FOLDER "check", FOLDER "histogram",
	};
	struct reading r = {
		.page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL),
	};
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, r.page);
	/* seq_file's buffer, once it is larger than a page */
	spcpu_test_allowing(test, "Call Trace:");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		r.name = names[i];
		spcpu_failing_each(&(struct spcpu_failing) {
			.test = test, .what = r.name, .op = read_all,
			.with = &r,
		});
		/* there is no recording to compare yet */
		if (strcmp(r.name, FOLDER "compare"))
			KUNIT_EXPECT_GT_MSG(test, r.len, (size_t)40, "%s",
					    r.name);
	}
	spcpu_test_expecting_no_more(test);
}

struct looking {
	struct spcpu *s;
	struct spcpu_view *view;
};

static int look(void *with)
{
	struct looking *l = with;

	l->view = spcpu_view_create(l->s);
	return l->view ? 0 : -ENOMEM;
}

static void look_away(void *with)
{
	struct looking *l = with;

	spcpu_view_destroy(l->view);
}

/* through the files these are made for the living module; here for small units, too */
static void fail_view(struct kunit *test)
{
	struct looking l = {
		.s = spcpu_test_allocator(test, SZ_32K, 0, SZ_16K, 0, NULL,
					  SPCPU_FIRST_PAGE),
	};

	spcpu_test_pause(l.s);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a view", .s = l.s, .op = look,
		.undo = look_away, .with = &l,
	});
}

/**
 * struct replaying - one who writes lines
 *
 * @test: the test
 * @s: the allocator
 * @replay: with its objects
 * @stream: of lines
 * @live: areas that there were
 */
struct replaying {
	struct kunit *test;
	struct spcpu *s;
	struct spcpu_replay *replay;
	struct spcpu_replay_stream *stream;
	u64 live;
};

static void drop_replay(void *with)
{
	struct replaying *r = with;

	spcpu_replay_destroy(r->replay);
}

static int make_replay(void *with)
{
	struct replaying *r = with;

	r->replay = spcpu_replay_create(r->s);
	return r->replay ? 0 : -ENOMEM;
}

static int open_stream(void *with)
{
	struct replaying *r = with;

	r->stream = spcpu_replay_open(r->replay);
	return r->stream ? 0 : -ENOMEM;
}

static void close_stream(void *with)
{
	struct replaying *r = with;

	KUNIT_EXPECT_EQ(r->test, 0, spcpu_replay_close(r->stream));
}

static int feed(struct replaying *r, const char *text)
{
	return spcpu_replay_feed(r->stream, text, strlen(text));
}

/* in three nodes of the table of objects */
static int feed_allocs(void *with)
{
	struct replaying *r = with;
	int err;

	err = feed(r, "a 1 64 8\n");
	if (err)
		return err;
	err = feed(r, "a 70000 4096 8\n");
	if (err)
		goto err_one;
	err = feed(r, "a 4000000000 16 8\n");
	if (err)
		goto err_two;
	return 0;

err_two:
	feed(r, "f 70000\n");
err_one:
	feed(r, "f 1\n");
	return err;
}

static void feed_frees(void *with)
{
	struct replaying *r = with;

	KUNIT_EXPECT_EQ(r->test, 0, feed(r, "f 1\nf 70000\nf 4000000000\n"));
	KUNIT_EXPECT_EQ(r->test, r->s->stats.nr_cur_alloc, 0ULL);
}

/* that there is no room for an object is no error, that none can be remembered is */
static int feed_one(void *with)
{
	struct replaying *r = with;

	r->live = r->s->stats.nr_cur_alloc;
	return feed(r, "a 5 32768 8\n");
}

static void is_forgotten(void *with)
{
	struct replaying *r = with;

	KUNIT_EXPECT_EQ(r->test, r->s->stats.nr_cur_alloc, r->live);
	KUNIT_EXPECT_EQ(r->test, -ENOENT, feed(r, "f 5\n"));
}

static void free_one(void *with)
{
	struct replaying *r = with;

	KUNIT_EXPECT_EQ(r->test, 0, feed(r, "f 5\n"));
	spcpu_shrink(r->s, ULONG_MAX);
}

static void fail_replay(struct kunit *test)
{
	struct replaying r = {
		.test = test,
		.s = spcpu_test_allocator(test, SZ_32K, 0, SZ_16K, 0, NULL,
					  SPCPU_FIRST_PAGE),
	};

	spcpu_test_pause(r.s);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "objects to replay", .s = r.s,
		.op = make_replay, .undo = drop_replay, .with = &r,
	});
	KUNIT_ASSERT_EQ(test, 0, make_replay(&r));
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a stream of lines", .s = r.s,
		.op = open_stream, .undo = close_stream, .with = &r,
	});
	KUNIT_ASSERT_EQ(test, 0, open_stream(&r));
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "lines", .op = feed_allocs,
		.undo = feed_frees, .with = &r,
	});
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a line, and a chunk for it",
		.op = feed_one, .undo = free_one, .failed = is_forgotten,
		.with = &r, .slow = spcpu_failing_slowly(),
	});
	close_stream(&r);
	drop_replay(&r);
	spcpu_test_check(test, r.s);
}

static void fail_show_leaves_no_areas(struct kunit *test)
{
	spcpu_failing_expect_areas(test, areas);
}

static struct kunit_case fail_show_cases[] = {
	KUNIT_CASE(fail_dump),
	KUNIT_CASE(fail_view),
	KUNIT_CASE(fail_replay),
	KUNIT_CASE(fail_show_leaves_no_areas),
	{ }
};

struct kunit_suite spcpu_fail_show_suite = {
	.name = "shadow_percpu_fail_show",
	.init = fail_show_init,
	.test_cases = fail_show_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Fail, watch: whichever memory is missing for what is known of objects with debug=.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "dump.h"
#include "failing.h"
#include "interfere.h"
#include "suites.h"
#include "watched.h"

#define BULK	20
#define FREES	400

/**
 * struct client - of an allocator that watches its objects
 *
 * @test: the test
 * @d: what watches; its allocator's worker waits
 * @gfp: how objects are asked for
 * @site: a return address; each call comes from another place
 * @nr: objects in @ptrs
 * @ptrs: those
 * @m: where dumps go
 */
struct client {
	struct kunit *test;
	struct spcpu_debug *d;
	gfp_t gfp;
	unsigned long site;
	unsigned int nr;
	void __percpu *ptrs[FREES];
	struct seq_file m;
};

static struct client *make_client(struct kunit *test, gfp_t gfp)
{
	struct client *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->test = test;
	c->d = spcpu_watched(test, SPCPU_WATCH_ALL);
	spcpu_test_pause(c->d->s);
	c->gfp = gfp;
	c->site = _RET_IP_;
	return c;
}

static int alloc_some(struct client *c, unsigned int nr)
{
	const struct spcpu_request req = {
		.size = 40,
		.align = 8,
		.gfp = c->gfp,
		.caller = c->site++,
	};
	int err = spcpu_debug_alloc_bulk(c->d, &req, nr, c->ptrs);

	if (!err)
		c->nr = nr;
	return err;
}

static int alloc_one(void *with)
{
	return alloc_some(with, 1);
}

static int alloc_bulk(void *with)
{
	return alloc_some(with, BULK);
}

static void free_all(void *with)
{
	struct client *c = with;

	while (c->nr)
		spcpu_debug_free(c->d, c->ptrs[--c->nr], c->site);
	spcpu_debug_flush(c->d);
}

static void try_alloc(struct kunit *test, const char *what, gfp_t gfp)
{
	struct client *c = make_client(test, gfp);

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = what, .s = c->d->s, .op = alloc_one,
		.undo = free_all, .with = c,
	});
	KUNIT_EXPECT_EQ(test, c->d->nr_live, 0UL);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&c->d->tracks));
}

static void fail_watched_alloc(struct kunit *test)
{
	try_alloc(test, "one", GFP_KERNEL);
	try_alloc(test, "one, atomic", GFP_NOWAIT | __GFP_NOWARN);
}

/* what was allocated and taken back is counted, and all that is left of it */
static void none_is_left(void *with)
{
	struct client *c = with;
	unsigned int i;

	for (i = 0; i < BULK; i++)
		KUNIT_EXPECT_NULL(c->test, (__force void *)c->ptrs[i]);
	KUNIT_EXPECT_EQ(c->test, c->d->nr_live, 0UL);
	KUNIT_EXPECT_EQ(c->test, c->d->nr_waiting, 0UL);
	KUNIT_EXPECT_EQ(c->test, c->d->s->stats.nr_cur_alloc, 0ULL);
	spcpu_test_check(c->test, c->d->s);
}

static void fail_watched_bulk(struct kunit *test)
{
	struct client *c = make_client(test, GFP_KERNEL);

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "some", .op = alloc_bulk, .undo = free_all,
		.failed = none_is_left, .with = c,
	});
}

/* a free finds no memory to remember who did it, and is a free all the same */
static int free_one(void *with)
{
	struct client *c = with;

	return spcpu_debug_free(c->d, c->ptrs[--c->nr], c->site++);
}

static void fail_watched_free(struct kunit *test)
{
	struct client *c = make_client(test, GFP_KERNEL);
	unsigned long live;

	KUNIT_ASSERT_EQ(test, 0, alloc_some(c, FREES));
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a free", .op = free_one, .with = c,
		.never = true,
	});
	live = c->d->nr_live;
	KUNIT_EXPECT_EQ(test, live, (unsigned long)c->nr);
	free_all(c);
	KUNIT_EXPECT_EQ(test, c->d->nr_reports, 0UL);
}

static int survey(void *with)
{
	struct client *c = with;

	c->m.count = 0;
	return spcpu_owners_show(&c->m, NULL) ?: spcpu_histogram_show(&c->m, NULL);
}

static void fail_watched_survey(struct kunit *test)
{
	struct client *c = make_client(test, GFP_KERNEL);

	KUNIT_ASSERT_EQ(test, 0, alloc_some(c, FREES));
	c->m.size = SZ_8K;
	c->m.buf = kunit_kzalloc(test, c->m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c->m.buf);
	c->m.private = c->d->s;
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a survey", .s = c->d->s, .op = survey,
		.with = c,
	});
	KUNIT_EXPECT_GT(test, c->m.count, (size_t)0);
	free_all(c);
}

static struct kunit_case fail_watch_cases[] = {
	KUNIT_CASE(fail_watched_alloc),
	KUNIT_CASE(fail_watched_bulk),
	KUNIT_CASE(fail_watched_free),
	KUNIT_CASE(fail_watched_survey),
	{ }
};

struct kunit_suite spcpu_fail_watch_suite = {
	.name = "shadow_percpu_fail_watch",
	.init = spcpu_failing_init,
	.test_cases = fail_watch_cases,
};

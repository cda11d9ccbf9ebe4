// SPDX-License-Identifier: GPL-2.0
/*
 * Fail, cache: whichever memory is missing when magazines and spans are made, and
 * when objects are asked for, given back, asked for by the hundred, or set aside.
 */
#include <linux/mm.h>
#include <linux/sizes.h>

#include "api.h"
#include "cached.h"
#include "client.h"
#include "failing.h"
#include "interfere.h"
#include "shadow_percpu.h"
#include "suites.h"

#define OBJECT	64
#define BULK	300

/**
 * struct guest - of a cache
 *
 * @test: the test
 * @s: the allocator; its worker waits
 * @class: of objects of @size bytes
 * @size: what is asked for
 * @gfp: and how
 * @nr: how many at a time
 * @live: objects that there were before
 * @ptr: objects
 */
struct guest {
	struct kunit *test;
	struct spcpu *s;
	unsigned int class;
	size_t size;
	gfp_t gfp;
	size_t nr;
	u64 live;
	void __percpu *ptr[BULK];
};

static int fail_cache_init(struct kunit *test)
{
	spcpu_cached_stay();
	return spcpu_failing_init(test);
}

static struct guest *make_guest(struct kunit *test, size_t size, gfp_t gfp)
{
	struct guest *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, g);
	g->test = test;
	g->s = spcpu_cached_create(test, true);
	spcpu_test_pause(g->s);
	g->size = size;
	g->gfp = gfp;
	g->class = spcpu_class_of(size, 8, gfp);
	return g;
}

static void drop_guest(struct guest *g)
{
	spcpu_test_drop(g->test, g->s);
}

/* no room in the first chunk, so that everything takes a new one */
static void fill_up(struct guest *g)
{
	struct spcpu *s = g->s;

	while (spcpu_chunk_contig_bytes(s->first))
		spcpu_test_alloc(g->test, s,
				 min_t(size_t, SZ_16K,
				       spcpu_chunk_contig_bytes(s->first)), 4);
}

static int add_span(void *with)
{
	struct guest *g = with;

	return spcpu_span_create(g->s, g->class, g->gfp);
}

static int add_magazines(void *with)
{
	struct guest *g = with;

	return spcpu_magazines_add(g->s, g->class, g->gfp) ? 0 : -ENOMEM;
}

/* the snapshot that comes next drains the cache */
static void each_way(struct guest *g, const char *what, int (*op)(void *with))
{
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = g->test, .what = what, .s = g->s, .op = op, .with = g,
	});
	drop_guest(g);
}

static void fail_span(struct kunit *test)
{
	each_way(make_guest(test, OBJECT, GFP_KERNEL), "a span", add_span);
	each_way(make_guest(test, OBJECT, GFP_ATOMIC), "a span, atomic", add_span);
}

static void fail_magazines(struct kunit *test)
{
	each_way(make_guest(test, OBJECT, GFP_KERNEL), "magazines",
		 add_magazines);
	each_way(make_guest(test, OBJECT, GFP_NOWAIT), "magazines, atomic",
		 add_magazines);
}

static int ask(void *with)
{
	struct guest *g = with;

	return spcpu_cached_request(g->s, g->size, 8, g->gfp, g->ptr);
}

static void give_back(void *with)
{
	struct guest *g = with;

	KUNIT_EXPECT_EQ(g->test, 0, spcpu_cached_free(g->s, g->ptr[0]));
}

/* without magazines, and without a span: there is still room for the one object */
static void fail_cached_alloc(struct kunit *test)
{
	static const gfp_t gfps[] = {
		GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT | __GFP_NOWARN,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		struct guest *g = make_guest(test, OBJECT, gfps[i]);

		spcpu_failing_each(&(struct spcpu_failing) {
			.test = test, .what = "an object of a class",
			.s = g->s, .op = ask, .undo = give_back, .with = g,
			.never = true,
		});
		drop_guest(g);
	}
}

static void give_back_chunk(void *with)
{
	struct guest *g = with;

	give_back(g);
	spcpu_cache_drain(g->s);
	spcpu_shrink(g->s, ULONG_MAX);
}

/* none of them: less would be a loss, more a leak */
static void has_none(void *with)
{
	struct guest *g = with;
	size_t i;

	for (i = 0; i < g->nr; i++)
		KUNIT_EXPECT_TRUE(g->test, !g->ptr[i]);
	KUNIT_EXPECT_EQ(g->test, spcpu_cached_live(g->s), g->live);
	spcpu_cache_drain(g->s);
	spcpu_shrink(g->s, ULONG_MAX);
	spcpu_test_check(g->test, g->s);
}

/* and where there is none */
static void fail_cached_alloc_grown(struct kunit *test)
{
	struct guest *g = make_guest(test, OBJECT, GFP_KERNEL | __GFP_NOWARN);

	fill_up(g);
	g->nr = 1;
	g->live = spcpu_cached_live(g->s);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "an object in a new chunk", .op = ask,
		.undo = give_back_chunk, .failed = has_none, .with = g,
		.slow = spcpu_failing_slowly(),
	});
}

static int free_one(void *with)
{
	struct guest *g = with;

	return spcpu_cached_free(g->s, g->ptr[0]);
}

/* another one, in a span, and no magazines for it */
static void prepare_free(void *with)
{
	struct guest *g = with;

	KUNIT_ASSERT_EQ(g->test, 0, ask(g));
	spcpu_cache_drain(g->s);
}

/* a free that finds no magazines, and gets none, is a free all the same */
static void fail_cached_free(struct kunit *test)
{
	struct guest *g = make_guest(test, OBJECT, GFP_KERNEL);

	prepare_free(g);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a free", .s = g->s, .op = free_one,
		.undo = prepare_free, .with = g, .never = true,
	});
}

/* all of them, or none */
static int ask_many(void *with)
{
	struct guest *g = with;
	const struct spcpu_request req = {
		.size = g->size, .align = 8, .gfp = g->gfp,
	};

	return spcpu_alloc_bulk(g->s, &req, g->nr, g->ptr);
}

static void free_many(void *with)
{
	struct guest *g = with;

	KUNIT_EXPECT_EQ(g->test, spcpu_cached_live(g->s), g->live + g->nr);
	KUNIT_EXPECT_EQ(g->test, spcpu_free_bulk(g->s, g->nr, g->ptr, NULL),
			g->nr);
	spcpu_cache_drain(g->s);
	spcpu_shrink(g->s, ULONG_MAX);
}

static void fail_bulk(struct kunit *test)
{
	static const struct { size_t size, nr; } bulks[] = {
		{ OBJECT, BULK }, { SZ_1K, 40 }, { SZ_16K, 5 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bulks); i++) {
		struct guest *g = make_guest(test, bulks[i].size,
					   GFP_KERNEL | __GFP_NOWARN);

		g->nr = bulks[i].nr;
		fill_up(g);
		g->live = spcpu_cached_live(g->s);
		spcpu_failing_each(&(struct spcpu_failing) {
			.test = test, .what = "many objects", .op = ask_many,
			.undo = free_many, .failed = has_none, .with = g,
			.slow = spcpu_failing_slowly(),
		});
		drop_guest(g);
	}
}

static int free_many_or_fail(void *with)
{
	struct guest *g = with;

	return spcpu_free_bulk(g->s, g->nr, g->ptr, NULL) == g->nr ? 0 : -ENOMEM;
}

static void prepare_free_many(void *with)
{
	struct guest *g = with;

	KUNIT_ASSERT_EQ(g->test, 0, ask_many(g));
	spcpu_cache_drain(g->s);
}

static void fail_bulk_free(struct kunit *test)
{
	struct guest *g = make_guest(test, OBJECT, GFP_KERNEL);

	g->nr = 100;
	prepare_free_many(g);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "many frees", .s = g->s,
		.op = free_many_or_fail, .undo = prepare_free_many, .with = g,
		.never = true,
	});
}

/* of the living module */
static int set_aside(void *with)
{
	struct shadow_percpu_prefill **pre = with;

	*pre = shadow_percpu_prefill(5000, 8, 8, GFP_KERNEL | __GFP_NOWARN);
	return *pre ? 0 : -ENOMEM;
}

static void end_prefill(void *with)
{
	struct shadow_percpu_prefill **pre = with;

	shadow_percpu_prefill_end(*pre);
}

static void fail_prefill(struct kunit *test)
{
	u64 live = spcpu_cached_live(spcpu_api_allocator());
	struct shadow_percpu_prefill *pre;

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "objects set aside", .op = set_aside,
		.undo = end_prefill, .with = &pre,
	});
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(spcpu_api_allocator()), live);
}

/* this module's own static variables */
static int register_section(void *with)
{
	return shadow_percpu_register();
}

static void unregister_section(void *with)
{
	shadow_percpu_unregister();
}

static void fail_section(struct kunit *test)
{
	u64 live = spcpu_cached_live(spcpu_api_allocator());

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "static variables",
		.op = register_section, .undo = unregister_section,
	});
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(spcpu_api_allocator()), live);
}

static struct kunit_case fail_cache_cases[] = {
	KUNIT_CASE(fail_span),
	KUNIT_CASE(fail_magazines),
	KUNIT_CASE(fail_cached_alloc),
	KUNIT_CASE(fail_cached_alloc_grown),
	KUNIT_CASE(fail_cached_free),
	KUNIT_CASE(fail_bulk),
	KUNIT_CASE(fail_bulk_free),
	KUNIT_CASE(fail_prefill),
	KUNIT_CASE(fail_section),
	{ }
};

struct kunit_suite spcpu_fail_cache_suite = {
	.name = "shadow_percpu_fail_cache",
	.init = fail_cache_init,
	.test_cases = fail_cache_cases,
};

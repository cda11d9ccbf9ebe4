// SPDX-License-Identifier: GPL-2.0
/*
 * Fail, core: whichever memory is missing when an allocator is made, when it grows,
 * places an area, or looks after its chunks.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "debug.h"
#include "failing.h"
#include "fixture.h"
#include "machine.h"
#include "pile.h"
#include "sparse.h"
#include "suites.h"

/* areas of the first case; the last one finds as many */
static unsigned int areas;

static int fail_core_init(struct kunit *test)
{
	if (!areas)
		areas = spcpu_failing_areas(test);
	return spcpu_failing_init(test);
}

/* a layout, and an allocator with it */
struct making {
	struct spcpu_options options;
	struct spcpu_layout *layout;
	struct spcpu *s;
};

static int make_layout(void *with)
{
	struct making *make = with;
	struct spcpu_machine m;
	int err;

	err = spcpu_machine_init(&m);
	if (err)
		return err;
	m.unit_size = SZ_32K;
	m.reserved_size = SZ_8K;
	m.dyn_size = SZ_8K;
	if (make->options.first_mode == SPCPU_FIRST_PAGE)
		m.atom_size = PAGE_SIZE;
	make->layout = spcpu_layout_build(&m);
	spcpu_machine_exit(&m);
	return PTR_ERR_OR_ZERO(make->layout);
}

static void drop_layout(void *with)
{
	struct making *make = with;

	spcpu_layout_free(make->layout);
}

static void fail_layout(struct kunit *test)
{
	struct making make = { };

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a layout", .op = make_layout,
		.undo = drop_layout, .with = &make,
	});
}

static int make_allocator(void *with)
{
	struct making *make = with;

	int err = make_layout(make);

	if (err)
		return err;
	make->s = spcpu_create(make->layout, &make->options);
	if (IS_ERR(make->s))
		spcpu_layout_free(make->layout);
	return PTR_ERR_OR_ZERO(make->s);
}

static void drop_allocator(void *with)
{
	struct making *make = with;

	spcpu_destroy(make->s);
}

static void create(struct kunit *test, enum spcpu_first_mode mode,
		   const struct spcpu_backing *backing, unsigned int debug)
{
	struct making make = {
		.options.first_mode = mode,
		.options.backing = backing,
		.options.online = backing->lazy,
		.options.cache = true,
		.options.debug = debug,
	};
	unsigned int before = spcpu_failing_areas(test);

	KUNIT_ASSERT_EQ(test, 0, backing->init());
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = backing->name, .op = make_allocator,
		.undo = drop_allocator, .with = &make,
	});
	spcpu_failing_expect_areas(test, before);
}

/* vmalloc(), which the units of an embedded first chunk come from, says so itself */
static void fail_create_embed(struct kunit *test)
{
	spcpu_test_expecting(test, "Call Trace:");
	create(test, SPCPU_FIRST_EMBED, &spcpu_backing_vmap, 0);
	create(test, SPCPU_FIRST_EMBED, &spcpu_backing_sparse, 0);
	spcpu_test_expecting_no_more(test);
}

static void fail_create_page(struct kunit *test)
{
	create(test, SPCPU_FIRST_PAGE, &spcpu_backing_vmap, 0);
	create(test, SPCPU_FIRST_PAGE, &spcpu_backing_sparse, SPCPU_REDZONE);
}

/* chunks of each engine */
struct cutting {
	const struct spcpu_engine *engine;
	struct spcpu_chunk *chunk;
};

static int cut_chunk(void *with)
{
	struct cutting *cut = with;

	cut->chunk = spcpu_chunk_create(NULL, cut->engine, 100, SZ_32K - 200,
					true, GFP_KERNEL);
	return cut->chunk ? 0 : -ENOMEM;
}

static void drop_chunk(void *with)
{
	struct cutting *cut = with;

	spcpu_chunk_destroy(cut->chunk);
}

static void fail_chunk(struct kunit *test)
{
	struct cutting cut;
	unsigned int i;

	for (i = 0; spcpu_engines[i]; i++) {
		cut.engine = spcpu_engines[i];
		spcpu_failing_each(&(struct spcpu_failing) {
			.test = test, .what = cut.engine->name,
			.op = cut_chunk, .undo = drop_chunk, .with = &cut,
		});
	}
}

/* one allocator, and one object of it */
struct asking {
	struct kunit *test;
	struct spcpu *s;
	size_t size;
	gfp_t gfp;
	void __percpu *ptr;
	u64 live;
	unsigned long pages;
};

static int ask(void *with)
{
	struct asking *a = with;

	return spcpu_test_request(a->s, a->size, 4, false, a->gfp, &a->ptr);
}

static void give_back(void *with)
{
	struct asking *a = with;

	spcpu_test_free(a->test, a->s, a->ptr);
}

/* so that the next one has to make it again */
static void shrink(struct spcpu *s)
{
	spcpu_shrink(s, ULONG_MAX);
}

static void give_back_chunk(void *with)
{
	struct asking *a = with;

	give_back(a);
	shrink(a->s);
}

/* of whatever backing, with no room in its first chunk; the worker waits */
static struct spcpu *full(struct kunit *test,
			  const struct spcpu_backing *backing,
			  const struct spcpu_engine *engine)
{
	const struct spcpu_options options = {
		.backing = backing, .engine = engine,
	};
	struct spcpu *s = spcpu_test_create(test, SZ_32K, 0, SZ_16K, 0,
					    &options);

	spcpu_test_pause(s);
	while (spcpu_chunk_contig_bytes(s->first))
		spcpu_test_alloc(test, s,
				 min_t(size_t, SZ_16K, spcpu_chunk_contig_bytes(s->first)),
				 4);
	return s;
}

static int grow_chunk(void *with)
{
	struct asking *a = with;

	return spcpu_grow(a->s, a->gfp) ? 0 : -ENOMEM;
}

static void drop_grown(void *with)
{
	struct asking *a = with;

	shrink(a->s);
}

static void grow(struct kunit *test, const struct spcpu_backing *backing,
		 gfp_t gfp)
{
	struct spcpu *s = full(test, backing, NULL);
	struct asking a = { test, s, 0, gfp };

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a chunk", .s = s, .op = grow_chunk,
		.undo = drop_grown, .with = &a,
	});
	spcpu_test_drop(test, s);
}

static void fail_grow(struct kunit *test)
{
	grow(test, &spcpu_backing_vmap, GFP_KERNEL | __GFP_NOWARN);
	grow(test, &spcpu_backing_sparse, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

static void alloc_chunk(struct kunit *test, gfp_t gfp)
{
	struct spcpu *s = full(test, &spcpu_backing_vmap, NULL);
	struct asking a = { test, s, SZ_32K, gfp | __GFP_NOWARN };

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "an object in a new chunk", .s = s,
		.op = ask, .undo = give_back_chunk, .with = &a,
	});
	spcpu_test_drop(test, s);
}

static void fail_alloc_chunk(struct kunit *test)
{
	alloc_chunk(test, GFP_KERNEL);
	alloc_chunk(test, GFP_NOIO | __GFP_ACCOUNT);
}

/* a chunk without pages is there, and stays when it is given them in vain */
static void alloc_pages_of(struct kunit *test, const struct spcpu_engine *engine)
{
	struct spcpu *s = full(test, &spcpu_backing_sparse, engine);
	struct asking a = { test, s, SZ_8K + 100, GFP_KERNEL | __GFP_NOWARN };

	KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	/* an object that keeps the chunk when pages are given back */
	spcpu_test_alloc(test, s, 100, 4);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "pages for an object", .s = s, .op = ask,
		.undo = give_back_chunk, .with = &a,
	});
	spcpu_test_drop(test, s);
}

static void fail_alloc_pages(struct kunit *test)
{
	unsigned int i;

	for (i = 0; spcpu_engines[i]; i++)
		alloc_pages_of(test, spcpu_engines[i]);
}

/*
 * A new chunk, and no pages for it: it stays, so that the next one has it. Nothing
 * else is different.
 */
static int ask_or_grow(void *with)
{
	struct asking *a = with;

	a->live = a->s->stats.nr_cur_alloc;
	a->pages = spcpu_pages_total(&a->s->pages);
	return ask(a);
}

static void keep_grown(void *with)
{
	struct asking *a = with;

	KUNIT_EXPECT_TRUE(a->test, !a->ptr);
	KUNIT_EXPECT_EQ(a->test, a->s->stats.nr_cur_alloc, a->live);
	KUNIT_EXPECT_EQ(a->test, spcpu_pages_total(&a->s->pages), a->pages);
	KUNIT_EXPECT_LE(a->test, a->s->stats.nr_chunks, 2U);
	spcpu_test_check(a->test, a->s);
	shrink(a->s);
}

static void fail_alloc_grown(struct kunit *test)
{
	struct spcpu *s = full(test, &spcpu_backing_sparse, NULL);
	struct asking a = { test, s, SZ_8K, GFP_KERNEL | __GFP_NOWARN };

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a chunk and pages for an object",
		.op = ask_or_grow, .undo = give_back_chunk,
		.failed = keep_grown, .with = &a,
	});
	spcpu_test_check(test, s);
}

/* with room and pages there is nothing to wait for, and nothing to fail */
static void fail_alloc_never(struct kunit *test)
{
	unsigned int i;

	for (i = 0; spcpu_engines[i]; i++) {
		const struct spcpu_options options = {
			.backing = spcpu_test_backing(),
			.engine = spcpu_engines[i],
		};
		struct asking a = { test, NULL, 100, GFP_ATOMIC };

		a.s = spcpu_test_create(test, SZ_32K, 0, SZ_16K, 0, &options);
		spcpu_test_pause(a.s);
		spcpu_failing_none(&(struct spcpu_failing) {
			.test = test, .what = "an atomic caller", .op = ask,
			.undo = give_back, .with = &a,
		});
		a.gfp = GFP_KERNEL;
		spcpu_failing_none(&(struct spcpu_failing) {
			.test = test, .what = "a caller that may sleep",
			.op = ask, .undo = give_back, .with = &a,
		});
		spcpu_test_drop(test, a.s);
	}
}

/* atomic callers go on until the record is full */
static void cram(void *with)
{
	const struct spcpu_request req = {
		.size = 8, .align = 4, .gfp = GFP_ATOMIC,
	};
	void __percpu *ptr;

	while (!spcpu_alloc(with, &req, &ptr))
		;
}

static void cram_again(void *with)
{
	struct asking *a = with;

	cram(a->s);
}

/* an engine whose record grows: its next area needs a larger one */
static struct spcpu *cramped(struct kunit *test)
{
	const struct spcpu_options options = {
		.backing = spcpu_test_backing(),
		.engine = &spcpu_engine_areamap,
	};
	struct spcpu *s = spcpu_test_create(test, SZ_32K, 0, SZ_16K, 0,
					    &options);

	spcpu_test_pause(s);
	cram(s);
	KUNIT_ASSERT_GT(test, spcpu_chunk_contig_bytes(s->first), (size_t)8);
	return s;
}

static void fail_enlarge(struct kunit *test)
{
	struct spcpu *s = cramped(test);
	struct asking a = { test, s, 8, GFP_KERNEL | __GFP_NOWARN };

	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "a larger record", .s = s, .op = ask,
		.undo = cram_again, .with = &a,
	});
}

/* what the worker does; it goes without what is missing */
static int balance(void *with)
{
	struct spcpu *s = with;

	spcpu_balance(s, &s->types[SPCPU_PLAIN]);
	spcpu_balance(s, &s->types[SPCPU_ACCOUNTED]);
	return 0;
}

static void shrink_all(void *with)
{
	shrink(with);
}

/* what is done here and not by a worker is let through */
static void let_replenish(struct spcpu *s)
{
	int i;

	for (i = 0; i < SPCPU_NR_TYPES; i++)
		clear_bit(SPCPU_REPLENISHING, &s->types[i].flags);
}

static void fail_balance_of(struct kunit *test,
			    const struct spcpu_backing *backing)
{
	struct spcpu *s = full(test, backing, NULL);
	struct asking a = { test, s, 8, GFP_NOWAIT | __GFP_ACCOUNT };
	int i;

	/* somebody wants accounted objects, too */
	KUNIT_EXPECT_EQ(test, ask(&a), -ENOMEM);
	let_replenish(s);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "the worker", .s = s, .op = balance,
		.undo = shrink_all, .with = s, .never = true,
		.slow = spcpu_failing_slowly(),
	});
	balance(s);
	for (i = 0; i < SPCPU_NR_TYPES; i++)
		KUNIT_EXPECT_GE(test, s->types[i].nr_empty_pop,
				SPCPU_EMPTY_POP_PAGES_HIGH);
	spcpu_test_check(test, s);
	spcpu_test_drop(test, s);
}

static void fail_balance(struct kunit *test)
{
	fail_balance_of(test, &spcpu_backing_vmap);
	fail_balance_of(test, &spcpu_backing_sparse);
}

/* the worker enlarges records, or leaves them as they are */
static void fail_balance_enlarge(struct kunit *test)
{
	struct spcpu *s = cramped(test);
	struct asking a = { test, s, 8, GFP_ATOMIC };

	let_replenish(s);
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "the worker, enlarging", .s = s,
		.op = balance, .undo = cram, .with = s, .never = true,
	});
	balance(s);
	KUNIT_EXPECT_EQ(test, ask(&a), 0);
}

static void fail_core_leaves_no_areas(struct kunit *test)
{
	spcpu_failing_expect_areas(test, areas);
}

#define MANY_WINDOWS	64

/* pointers into windows, which are numbers only, and a table of them that grows */
struct finding {
	struct spcpu_finder finder;
	struct spcpu_cells *cells[MANY_WINDOWS];
};

static int find_many(void *with)
{
	struct finding *find = with;
	int err, i;

	err = spcpu_finder_init(&find->finder, SZ_64K);
	if (err)
		return err;
	for (i = 0; i < MANY_WINDOWS && !err; i++)
		err = spcpu_finder_add(&find->finder, find->cells[i], GFP_KERNEL);
	if (err)
		spcpu_finder_exit(&find->finder);
	return err;
}

static void find_no_more(void *with)
{
	struct finding *find = with;

	spcpu_finder_exit(&find->finder);
}

static void fail_finder(struct kunit *test)
{
	struct finding *find = kunit_kzalloc(test, sizeof(*find), GFP_KERNEL);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, find);
	for (i = 0; i < MANY_WINDOWS; i++) {
		find->cells[i] = kunit_kzalloc(test, sizeof(**find->cells), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, find->cells[i]);
		find->cells[i]->ptr = SZ_1M * i;
		find->cells[i]->bytes = SZ_64K;
	}
	spcpu_failing_each(&(struct spcpu_failing) {
		.test = test, .what = "many windows", .op = find_many,
		.undo = find_no_more, .with = find,
	});
}

static struct kunit_case fail_core_cases[] = {
	KUNIT_CASE(fail_create_embed),
	KUNIT_CASE(fail_create_page),
	KUNIT_CASE(fail_layout),
	KUNIT_CASE(fail_chunk),
	KUNIT_CASE(fail_grow),
	KUNIT_CASE(fail_alloc_chunk),
	KUNIT_CASE(fail_alloc_pages),
	KUNIT_CASE(fail_alloc_grown),
	KUNIT_CASE(fail_alloc_never),
	KUNIT_CASE(fail_enlarge),
	KUNIT_CASE(fail_balance),
	KUNIT_CASE(fail_balance_enlarge),
	KUNIT_CASE(fail_finder),
	KUNIT_CASE(fail_core_leaves_no_areas),
	{ }
};

struct kunit_suite spcpu_fail_core_suite = {
	.name = "shadow_percpu_fail_core",
	.init = fail_core_init,
	.test_cases = fail_core_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Engine in the core: allocators with each engine, with either backing, with a cache
 * and without; and what becomes of callers when a chunk's record has no room for
 * another area.
 */
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "cached.h"
#include "copies.h"
#include "engines.h"
#include "interfere.h"
#include "model.h"
#include "shadow_percpu.h"
#include "state.h"
#include "suites.h"

/* more areas than any new record holds, and fewer than a page does */
#define MANY	900

#define OBJECTS	300

static const struct spcpu_backing * const backings[] = {
	&spcpu_backing_vmap, &spcpu_backing_sparse,
};

static struct spcpu *make(struct kunit *test, const struct spcpu_engine *engine,
			  const struct spcpu_backing *backing, bool cache)
{
	const struct spcpu_options options = {
		.backing = backing, .engine = engine, .cache = cache,
	};

	return spcpu_test_create(test, SZ_64K, SZ_8K, SZ_16K + SZ_4K, 0,
				 &options);
}

/* a client that knows where the next object has to land, and looks at everything */
static void engine_core_random(struct kunit *test)
{
	const struct spcpu_engine *engine = spcpu_test_engine(test);
	struct spcpu_test_model *m;
	struct spcpu *s;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(backings); i++) {
		s = make(test, engine, backings[i], false);
		m = spcpu_test_model(test, s, OBJECTS, 40 + i);
		for (k = 0; k < 4 * OBJECTS; k++)
			spcpu_test_model_step(m);
		spcpu_test_model_finish(m);
		KUNIT_EXPECT_LE(test, s->stats.nr_chunks, 2U);
		spcpu_test_drop(test, s);
	}
}

struct object {
	void __percpu *ptr;
	unsigned int size;
};

static void toggle(struct kunit *test, struct spcpu *s, struct object *o,
		   unsigned int size, unsigned int seed)
{
	if (o->ptr) {
		KUNIT_ASSERT_TRUE(test,
				  spcpu_copies_hold(o->ptr, o->size, seed));
		KUNIT_ASSERT_EQ(test, 0, spcpu_cached_free(s, o->ptr));
		o->ptr = NULL;
		return;
	}
	o->size = size;
	o->ptr = spcpu_cached_alloc(test, s, size, 8);
	KUNIT_ASSERT_TRUE(test, spcpu_copies_zero(o->ptr, size));
	spcpu_copies_fill(o->ptr, size, seed);
}

/* objects that are cut from spans, and some that are too large for one */
static void engine_core_random_cached(struct kunit *test)
{
	struct object *objects = kunit_kcalloc(test, OBJECTS, sizeof(*objects),
					       GFP_KERNEL);
	struct rnd_state rnd;
	struct spcpu *s;
	unsigned int i, k;

	KUNIT_ASSERT_NOT_NULL(test, objects);
	s = make(test, spcpu_test_engine(test), spcpu_test_backing(), true);
	prandom_seed_state(&rnd, 50);
	for (i = 0; i < 20 * OBJECTS; i++) {
		k = spcpu_test_below(&rnd, OBJECTS);
		toggle(test, s, &objects[k],
		       1 + spcpu_test_below(&rnd, 1 << spcpu_test_below(&rnd, 13)),
		       k);
		if (i % OBJECTS == 0)
			spcpu_test_check(test, s);
	}
	for (k = 0; k < OBJECTS; k++) {
		if (objects[k].ptr)
			toggle(test, s, &objects[k], 0, k);
	}
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), 0ULL);
	spcpu_cached_expect_drained(test, s);
}

/* records that grow */

typedef void growing_case(struct kunit *test, const struct spcpu_engine *engine,
			  const struct spcpu_backing *backing);

/* with each engine that has them */
static void for_growing(struct kunit *test, growing_case *run)
{
	unsigned int i, k, nr = 0;

	for (i = 0; spcpu_engines[i]; i++) {
		if (!spcpu_engines[i]->wants)
			continue;
		for (k = 0; k < ARRAY_SIZE(backings); k++, nr++)
			run(test, spcpu_engines[i], backings[k]);
	}
	KUNIT_EXPECT_GT(test, nr, 0U);
}

static int ask(struct spcpu *s, bool reserved, gfp_t gfp)
{
	void __percpu *ptr;

	return spcpu_test_request(s, 4, 4, reserved, gfp | __GFP_NOWARN, &ptr);
}

/* how many of so many get an object each */
static unsigned int ask_often(struct spcpu *s, unsigned int nr, bool reserved,
			      gfp_t gfp)
{
	unsigned int i = 0;

	while (i < nr && !ask(s, reserved, gfp))
		i++;
	return i;
}

/* chunks whose record wants to grow */
static unsigned int nr_wanting(struct spcpu *s)
{
	struct spcpu_chunk *chunk;
	unsigned int nr = 0;

	spin_lock_irq(&s->lock);
	list_for_each_entry(chunk, &s->chunks, all)
		nr += !!spcpu_map_wants(&chunk->map);
	spin_unlock_irq(&s->lock);
	return nr;
}

/* who can wait fills a chunk's pages, however many areas that takes */
static void callers_who_wait(struct kunit *test,
			     const struct spcpu_engine *engine,
			     const struct spcpu_backing *backing)
{
	struct spcpu *s = make(test, engine, backing, false);
	size_t bytes = s->first->map.bytes;
	size_t reserved_bytes = s->reserved->map.bytes;
	unsigned int room = s->reserved->map.free_bits;

	KUNIT_EXPECT_EQ(test, MANY, ask_often(s, MANY, false, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, MANY, s->first->nr_alloc);
	KUNIT_EXPECT_GE(test, s->first->map.bytes, bytes + MANY);
	KUNIT_EXPECT_EQ(test, reserved_bytes, s->reserved->map.bytes);

	/* the reserved chunk's grows as well, until the chunk is full */
	KUNIT_EXPECT_EQ(test, room, ask_often(s, room + 1, true, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, s->reserved->map.free_bits);
	spcpu_test_check(test, s);
	spcpu_test_drop(test, s);
}

static void engine_core_record_grows(struct kunit *test)
{
	for_growing(test, callers_who_wait);
}

/* who cannot wait finds nothing, changes nothing, and wakes the worker, who helps */
static void callers_who_do_not(struct kunit *test,
			       const struct spcpu_engine *engine,
			       const struct spcpu_backing *backing)
{
	struct spcpu *s = make(test, engine, backing, false);
	struct spcpu_state *before;
	unsigned int nr;

	/* pages for them, and nothing left to do */
	KUNIT_ASSERT_EQ(test, 0, ask(s, false, GFP_KERNEL));
	spcpu_test_check(test, s);
	spcpu_test_pause(s);

	nr = ask_often(s, 16 * MANY, false, GFP_NOWAIT);
	KUNIT_EXPECT_LT(test, nr, s->stats.nr_chunks * MANY);
	KUNIT_EXPECT_GT(test, s->first->map.contig, SPCPU_BLOCK_BITS);
	/* the first chunk is two */
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks + 1, nr_wanting(s));
	KUNIT_EXPECT_TRUE(test, spcpu_test_woken(s));
	spcpu_test_check(test, s);

	spcpu_test_forget_woken(s);
	before = spcpu_state_take(test, s);
	KUNIT_EXPECT_EQ(test, -ENOMEM, ask(s, false, GFP_NOWAIT));
	KUNIT_EXPECT_EQ(test, -ENOMEM, ask(s, false, GFP_ATOMIC));
	spcpu_state_expect(test, s, before, "a caller who cannot wait");
	KUNIT_EXPECT_TRUE(test, spcpu_test_woken(s));

	spcpu_test_catch_up(s);
	KUNIT_EXPECT_EQ(test, 0U, nr_wanting(s));
	KUNIT_EXPECT_GT(test, ask_often(s, 16 * MANY, false, GFP_NOWAIT), nr);
	spcpu_test_resume(s);
	spcpu_test_drop(test, s);
}

static void engine_core_record_is_full(struct kunit *test)
{
	for_growing(test, callers_who_do_not);
}

/* before it is full the worker is woken by those who got something */
static void callers_who_prepare(struct kunit *test,
				const struct spcpu_engine *engine,
				const struct spcpu_backing *backing)
{
	struct spcpu *s = make(test, engine, backing, false);
	unsigned int i, nr = 0;

	KUNIT_ASSERT_EQ(test, 0, ask(s, false, GFP_KERNEL));
	spcpu_test_check(test, s);
	for (i = 0; i < MANY; i++) {
		nr += !ask(s, false, GFP_NOWAIT);
		spcpu_test_settle(s);
	}
	KUNIT_EXPECT_EQ(test, MANY, nr);
	spcpu_test_check(test, s);
	spcpu_test_drop(test, s);
}

static void engine_core_record_grows_in_time(struct kunit *test)
{
	for_growing(test, callers_who_prepare);
}

/* of one chunk it is full: those who cannot wait go to the next */
static void callers_who_go_on(struct kunit *test,
			      const struct spcpu_engine *engine,
			      const struct spcpu_backing *backing)
{
	struct spcpu *s = make(test, engine, backing, false);
	struct spcpu_chunk *chunk;
	void __percpu *ptr;

	spcpu_test_settle(s);
	spcpu_test_pause(s);
	ask_often(s, 16 * MANY, false, GFP_NOWAIT);
	chunk = spcpu_test_grow(test, s);
	spcpu_test_back_all(test, s, chunk);

	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, 4, 4, false, GFP_NOWAIT,
						    &ptr));
	KUNIT_EXPECT_EQ(test, chunk->id, spcpu_test_place(test, s, ptr).id);
	/* and who can has the first of them grow */
	KUNIT_EXPECT_EQ(test, 0, spcpu_test_request(s, 4, 4, false, GFP_KERNEL,
						    &ptr));
	KUNIT_EXPECT_NE(test, chunk->id, spcpu_test_place(test, s, ptr).id);
	spcpu_test_resume(s);
	spcpu_test_check(test, s);
	spcpu_test_drop(test, s);
}

static void engine_core_next_chunk(struct kunit *test)
{
	for_growing(test, callers_who_go_on);
}

/* no memory for a record: an engine that wants more than there can be */

static const struct spcpu_engine *sated;
static bool hungry;

static size_t wants(const struct spcpu_map *map)
{
	size_t bytes = sated->wants(map);

	return bytes && hungry ? SIZE_MAX / 4 : bytes;
}

static void callers_in_vain(struct kunit *test,
			    const struct spcpu_engine *engine,
			    const struct spcpu_backing *backing)
{
	struct spcpu_engine greedy = *engine;
	struct spcpu_state *before;
	struct spcpu *s;

	sated = engine;
	hungry = true;
	greedy.wants = wants;
	s = make(test, &greedy, backing, false);
	spcpu_test_settle(s);
	ask_often(s, 16 * MANY, false, GFP_KERNEL);
	spcpu_test_check(test, s);

	ask_often(s, MANY, true, GFP_KERNEL);
	KUNIT_EXPECT_GT(test, s->reserved->map.free_bits, SPCPU_BLOCK_BITS);

	before = spcpu_state_take(test, s);
	KUNIT_EXPECT_EQ(test, -ENOMEM, ask(s, false, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -ENOMEM, ask(s, false, GFP_NOIO));
	KUNIT_EXPECT_EQ(test, -ENOMEM, ask(s, true, GFP_KERNEL));
	/* nor has the worker better luck */
	spcpu_test_wake(s);
	spcpu_state_expect(test, s, before, "a record that could not grow");
	spcpu_test_check(test, s);

	hungry = false;
	KUNIT_EXPECT_EQ(test, MANY, ask_often(s, MANY, false, GFP_KERNEL));
	spcpu_test_check(test, s);
	spcpu_test_drop(test, s);
}

static void engine_core_no_memory(struct kunit *test)
{
	for_growing(test, callers_in_vain);
}

static struct kunit_case engine_core_cases[] = {
	SPCPU_ENGINE_CASE(engine_core_random),
	SPCPU_ENGINE_CASE(engine_core_random_cached),
	KUNIT_CASE(engine_core_record_grows),
	KUNIT_CASE(engine_core_record_is_full),
	KUNIT_CASE(engine_core_record_grows_in_time),
	KUNIT_CASE(engine_core_next_chunk),
	KUNIT_CASE(engine_core_no_memory),
	{}
};

struct kunit_suite spcpu_engine_core_suite = {
	.name = "shadow_percpu_engine_core",
	.test_cases = engine_core_cases,
};

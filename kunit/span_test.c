// SPDX-License-Identifier: GPL-2.0
/*
 * Span: objects are taken from spans and given back in any order, each is in one
 * place at a time, and areas go back to the core as soon as they can.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/prandom.h>

#include "cached.h"
#include "interfere.h"
#include "quick.h"
#include "suites.h"

#define MOST	600	/* objects that are taken at the same time */
#define STEPS	400

/**
 * struct hand - the stock of a class, and what was taken from it
 *
 * @s: the allocator
 * @class: the class
 * @stock: its stock
 * @all: objects of all its spans
 * @nr: how many were taken
 * @objects: these
 */
struct hand {
	struct spcpu *s;
	unsigned int class;
	struct spcpu_stock *stock;
	unsigned int all;
	unsigned int nr;
	struct spcpu_object objects[MOST];
};

static struct hand *open_hand(struct kunit *test, size_t size, gfp_t gfp)
{
	struct hand *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	h->s = spcpu_cached_create(test, true);
	h->class = spcpu_class_of(size, 1, gfp);
	h->stock = &h->s->cache.stocks[h->class];
	return h;
}

static void add_span(struct kunit *test, struct hand *h)
{
	gfp_t gfp = h->class >> SPCPU_CLASS_SHIFT ? GFP_KERNEL_ACCOUNT :
						    GFP_KERNEL;

	KUNIT_ASSERT_EQ(test, 0, spcpu_span_create(h->s, h->class, gfp));
	h->all += spcpu_classes[h->class].objects;
}

/* aligned, in a span of its class, where an object begins, and nobody else's */
static void expect_taken(struct kunit *test, const struct hand *h,
			 const struct spcpu_object *o)
{
	const struct spcpu_class *c = &spcpu_classes[h->class];
	struct spcpu_span *span;
	unsigned int i;

	span = spcpu_cached_span(h->s, (void __percpu __force *)o->ptr);
	KUNIT_ASSERT_NOT_NULL(test, span);
	KUNIT_ASSERT_EQ(test, span->class, h->class);
	KUNIT_ASSERT_EQ(test, (o->ptr - span->ptr) % c->size, 0UL);
	KUNIT_ASSERT_LE(test, o->ptr - span->ptr + c->size,
			0UL + c->size * c->objects);
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED(o->ptr +
					   per_cpu_offset(h->s->layout->low_cpu),
					   c->align));
	KUNIT_ASSERT_EQ(test, *o->state, SPCPU_IN_MAGAZINE);
	for (i = 0; i < h->nr; i++) {
		KUNIT_ASSERT_NE(test, h->objects[i].ptr, o->ptr);
		KUNIT_ASSERT_PTR_NE(test, h->objects[i].state, o->state);
	}
}

static void take(struct kunit *test, struct hand *h, unsigned int most)
{
	struct spcpu_object objects[16];
	unsigned int nr, i;

	nr = spcpu_stock_take(h->stock, objects, most);
	KUNIT_ASSERT_EQ(test, nr, min(most, h->all - h->nr));
	for (i = 0; i < nr; i++) {
		expect_taken(test, h, &objects[i]);
		h->objects[h->nr++] = objects[i];
	}
}

/* @nr of them, at random; spans that are whole go back to the core */
static void give(struct hand *h, unsigned int nr, struct rnd_state *rnd)
{
	unsigned int objects = spcpu_classes[h->class].objects;
	struct spcpu_object some[16];
	struct list_head *pos;
	LIST_HEAD(empty);
	unsigned int i, which;

	nr = min(nr, h->nr);
	for (i = 0; i < nr; i++) {
		which = spcpu_test_below(rnd, h->nr);
		some[i] = h->objects[which];
		h->objects[which] = h->objects[--h->nr];
	}
	spcpu_stock_give(h->s, h->stock, some, nr, &empty);
	list_for_each(pos, &empty)
		h->all -= objects;
	spcpu_spans_release(h->s, &empty);
}

static void expect_stock(struct kunit *test, const struct hand *h)
{
	unsigned int objects = spcpu_classes[h->class].objects, i;

	KUNIT_ASSERT_EQ(test, h->stock->nr_objects, 0UL + h->all - h->nr);
	KUNIT_ASSERT_EQ(test, h->stock->nr_spans, 0UL + h->all / objects);
	KUNIT_ASSERT_EQ(test, h->s->stats.nr_cur_alloc, 0ULL + h->all / objects);
	for (i = 0; i < h->nr; i++)
		KUNIT_ASSERT_EQ(test, *h->objects[i].state, SPCPU_IN_MAGAZINE);
}

static void try_random(struct kunit *test, size_t size, gfp_t gfp)
{
	struct hand *h = open_hand(test, size, gfp);
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, size);
	for (i = 0; i < STEPS; i++) {
		unsigned int nr = 1 + spcpu_test_below(&rnd, 16);

		/* for a while there is more taken than given, then less */
		if (spcpu_test_below(&rnd, 8) < (i / 80 % 2 ? 3 : 5) &&
		    h->nr + nr <= MOST) {
			if (h->all - h->nr < nr && spcpu_test_below(&rnd, 2))
				add_span(test, h);
			take(test, h, nr);
		} else {
			give(h, nr, &rnd);
		}
		expect_stock(test, h);
	}
	while (h->nr)
		give(h, 16, &rnd);
	spcpu_cache_drain(h->s);
	KUNIT_EXPECT_EQ(test, h->s->stats.nr_cur_alloc, 0ULL);
	KUNIT_EXPECT_EQ(test, h->stock->nr_spans, 0UL);
	spcpu_test_check(test, h->s);
	spcpu_test_drop(test, h->s);
}

static void span_take_and_give(struct kunit *test)
{
	static const size_t sizes[] = { 1, 8, 24, 40, 96, 128, 136, 640, 4096 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		try_random(test, sizes[i], GFP_KERNEL);
}

static void span_take_and_give_accounted(struct kunit *test)
{
	try_random(test, 8, GFP_KERNEL_ACCOUNT);
	try_random(test, 2048, GFP_KERNEL_ACCOUNT);
}

/* with its last object the area goes, and not before */
static void span_leaves_whole(struct kunit *test)
{
	struct hand *h = open_hand(test, 64, GFP_KERNEL);
	unsigned int objects = spcpu_classes[h->class].objects, i;
	void __percpu *first;
	LIST_HEAD(empty);

	add_span(test, h);
	while (h->nr < objects)
		take(test, h, 16);
	first = (void __percpu __force *)h->objects[0].ptr;
	for (i = 0; i < objects; i++) {
		KUNIT_EXPECT_TRUE(test, list_empty(&empty));
		KUNIT_EXPECT_EQ(test, h->s->stats.nr_cur_alloc, 1ULL);
		spcpu_stock_give(h->s, h->stock, &h->objects[i], 1, &empty);
	}
	KUNIT_EXPECT_TRUE(test, list_is_singular(&empty));
	KUNIT_EXPECT_EQ(test, h->stock->nr_objects, 0UL);
	KUNIT_EXPECT_EQ(test, h->stock->nr_spans, 0UL);
	KUNIT_EXPECT_NOT_NULL(test, spcpu_cached_span(h->s, first));

	spcpu_spans_release(h->s, &empty);
	KUNIT_EXPECT_NULL(test, spcpu_cached_span(h->s, first));
	KUNIT_EXPECT_EQ(test, h->s->stats.nr_cur_alloc, 0ULL);
	spcpu_test_check(test, h->s);
}

/* what is nearly used up is used up first, so that the other can become whole */
static void span_used_up_first(struct kunit *test)
{
	struct hand *h = open_hand(test, 64, GFP_KERNEL);
	unsigned int objects = spcpu_classes[h->class].objects;
	struct spcpu_object back, next;
	LIST_HEAD(empty);

	add_span(test, h);
	add_span(test, h);
	while (h->nr < objects)
		take(test, h, 1);
	take(test, h, 1);
	back = h->objects[3];
	spcpu_stock_give(h->s, h->stock, &back, 1, &empty);
	KUNIT_ASSERT_EQ(test, spcpu_stock_take(h->stock, &next, 1), 1U);
	KUNIT_EXPECT_EQ(test, next.ptr, back.ptr);
	KUNIT_EXPECT_PTR_EQ(test, next.state, back.state);
}

/* spans that nobody has taken from yet are given back by a drain, others not */
static void span_trimmed(struct kunit *test)
{
	struct hand *h = open_hand(test, 64, GFP_KERNEL);
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 1);
	add_span(test, h);
	add_span(test, h);
	add_span(test, h);
	take(test, h, 1);
	KUNIT_EXPECT_EQ(test, h->stock->nr_spans, 3UL);
	spcpu_cache_drain(h->s);
	h->all = spcpu_classes[h->class].objects;
	expect_stock(test, h);
	give(h, 1, &rnd);
	expect_stock(test, h);
	spcpu_test_check(test, h->s);
}

/* what begins there: by the sizes alone */
static int model_check(unsigned int size, unsigned long off, bool live)
{
	if (off % size)
		return -EINVAL;
	return live ? 0 : -ENOENT;
}

/* which object has a byte? */
static void expect_around(struct kunit *test, struct spcpu *s,
			  const struct spcpu_span *span, unsigned long off,
			  unsigned int size)
{
	void __percpu *ptr = (void __percpu __force *)(span->ptr + off);
	struct spcpu_place place;
	int err = spcpu_locate_around(s, ptr, &place);

	KUNIT_ASSERT_EQ_MSG(test, err, off / size % 2 ? 0 : -ENOENT, "byte %lu",
			    off);
	KUNIT_ASSERT_EQ(test, place.id, span->chunk->id);
	KUNIT_ASSERT_EQ(test, place.off, span->off + rounddown(off, size));
	KUNIT_ASSERT_EQ(test, place.size, size);
}

/* every byte of a span, every other object of which is live */
static void expect_checks(struct kunit *test, struct hand *h)
{
	const struct spcpu_class *c = &spcpu_classes[h->class];
	struct spcpu_span *span;
	unsigned long off;

	span = spcpu_cached_span(h->s,
				 (void __percpu __force *)h->objects[0].ptr);
	KUNIT_ASSERT_NOT_NULL(test, span);
	for (off = 0; off < c->size * c->objects; off++) {
		unsigned long nr = off / c->size;

		KUNIT_ASSERT_EQ_MSG(test, spcpu_span_check(span, span->ptr + off),
				    model_check(c->size, off, nr % 2),
				    "byte %lu of objects of %u bytes", off,
				    c->size);
		KUNIT_ASSERT_PTR_EQ(test, span, spcpu_span_find(&h->s->finder,
								span->ptr + off));
		expect_around(test, h->s, span, off, c->size);
	}
	KUNIT_ASSERT_PTR_NE(test, span, spcpu_span_find(&h->s->finder,
							span->ptr - 1));
	KUNIT_ASSERT_PTR_NE(test, span, spcpu_span_find(&h->s->finder,
							span->ptr + off));
}

static void try_middles(struct kunit *test, struct spcpu *s, unsigned int class)
{
	const struct spcpu_class *c = &spcpu_classes[class];
	struct hand *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, h);
	prandom_seed_state(&rnd, class);
	h->s = s;
	h->class = class;
	h->stock = &s->cache.stocks[class];
	add_span(test, h);
	while (h->nr < c->objects)
		take(test, h, 16);
	for (i = 0; i < h->nr; i++) {
		if ((h->objects[i].ptr - h->objects[0].ptr) / c->size % 2)
			*h->objects[i].state = spcpu_test_below(&rnd, 2) ?
					       SPCPU_LIVE : SPCPU_LIVE_INIT;
	}
	rcu_read_lock_sched();
	expect_checks(test, h);
	rcu_read_unlock_sched();
	for (i = 0; i < h->nr; i++)
		*h->objects[i].state = SPCPU_IN_MAGAZINE;
	while (h->nr)
		give(h, 16, &rnd);
	kunit_kfree(test, h);
}

static void span_middles(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create(test, true);
	unsigned int class;

	for (class = 0; class < SPCPU_NR_CLASSES; class++) {
		if (spcpu_classes[class].size)
			try_middles(test, s, class);
		cond_resched();
	}
	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

/* where there is no room, or no more, nothing is left behind */
static void span_no_room(struct kunit *test)
{
	struct hand *h = open_hand(test, 64, GFP_KERNEL);
	void __percpu *ptr;

	spcpu_test_pause(h->s);
	while (!spcpu_test_request(h->s, 512, 4, false, GFP_NOWAIT, &ptr))
		;
	KUNIT_EXPECT_EQ(test, spcpu_span_create(h->s, h->class, GFP_NOWAIT),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, h->stock->nr_spans, 0UL);
	KUNIT_EXPECT_EQ(test, h->stock->nr_objects, 0UL);
	spcpu_test_check(test, h->s);
}

static void span_after_shutdown(struct kunit *test)
{
	struct hand *h = open_hand(test, 64, GFP_KERNEL);

	spcpu_shutdown(h->s);
	KUNIT_EXPECT_EQ(test, spcpu_span_create(h->s, h->class, GFP_KERNEL),
			-ESHUTDOWN);
	expect_stock(test, h);
	spcpu_test_check(test, h->s);
}

static struct kunit_case span_cases[] = {
	KUNIT_CASE(span_take_and_give),
	KUNIT_CASE(span_take_and_give_accounted),
	KUNIT_CASE(span_leaves_whole),
	KUNIT_CASE(span_used_up_first),
	KUNIT_CASE(span_trimmed),
	KUNIT_CASE(span_middles),
	KUNIT_CASE(span_no_room),
	KUNIT_CASE(span_after_shutdown),
	{ }
};

struct kunit_suite spcpu_span_suite = {
	.name = "shadow_percpu_span",
	.test_cases = span_cases,
};

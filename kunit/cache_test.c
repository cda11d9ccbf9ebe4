// SPDX-License-Identifier: GPL-2.0
/*
 * Cache: what callers get, from magazines and past them; what is refused; and how
 * seldom anybody has to go to the stock.
 */
#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "cached.h"
#include "copies.h"
#include "hotplug.h"
#include "interfere.h"
#include "pile.h"
#include "quick.h"
#include "shadow_percpu.h"
#include "suites.h"

#define MANY	1000

/* objects side by side, of a case that ends before its objects do */
static void __percpu *objects[MANY];

static struct spcpu_stock *stock_of(struct spcpu *s, size_t size)
{
	return &s->cache.stocks[spcpu_class_of(size, 1, GFP_KERNEL)];
}

static void take_many(struct kunit *test, struct spcpu *s, size_t size,
		      unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		objects[i] = spcpu_cached_alloc(test, s, size, 1);
}

static void give_many(struct kunit *test, struct spcpu *s, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, 0, spcpu_cached_free(s, objects[i]));
}

/* an allocator whose cache is used from one CPU only */
static struct spcpu *create(struct kunit *test)
{
	spcpu_cached_stay();
	return spcpu_cached_create(test, true);
}

/* with every lock taken that there is */
static void cache_hit_takes_no_lock(struct kunit *test)
{
	struct spcpu *s = create(test);
	int class = spcpu_class_of(8, 8, GFP_KERNEL);
	struct spcpu_stock *stock = &s->cache.stocks[class];
	const struct spcpu_magazines *m;
	void __percpu *ptr = NULL;
	bool popped, pushed;

	do {
		take_many(test, s, 8, 1);
		m = per_cpu_ptr(s->cache.cpus,
				raw_smp_processor_id())->magazines[class];
	} while (m->top == m->clean);
	spin_lock_irq(&s->lock);
	raw_spin_lock(&stock->lock);
	popped = spcpu_cache_pop(&s->cache, class, &ptr);
	pushed = spcpu_cache_push(&s->cache, &s->finder, ptr);
	raw_spin_unlock(&stock->lock);
	spin_unlock_irq(&s->lock);

	KUNIT_EXPECT_TRUE(test, popped);
	KUNIT_EXPECT_TRUE(test, pushed);
	spcpu_test_check(test, s);
}

/* who allocates one and frees it, again and again, leaves the stock alone */
static void try_pairs(struct kunit *test, struct spcpu *s, size_t size)
{
	struct spcpu_stock *stock = stock_of(s, size);
	unsigned int i;
	u64 taken, given;

	for (i = 0; i < 4; i++) {
		take_many(test, s, size, 1);
		give_many(test, s, 1);
	}
	taken = stock->taken;
	given = stock->given;
	for (i = 0; i < MANY; i++) {
		take_many(test, s, size, 1);
		give_many(test, s, 1);
	}
	KUNIT_EXPECT_LE_MSG(test, stock->taken, taken + 8, "%zu bytes", size);
	KUNIT_EXPECT_EQ_MSG(test, stock->given, given, "%zu bytes", size);
	spcpu_test_check(test, s);
}

static void cache_pairs_stay(struct kunit *test)
{
	static const size_t sizes[] = { 4, 8, 64, 100, 1024, 4096 };
	struct spcpu *s = create(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		try_pairs(test, s, sizes[i]);
}

/* a magazine at a time, once they have grown */
static void try_batches(struct kunit *test, struct spcpu *s, size_t size)
{
	const struct spcpu_class *c = &spcpu_classes[spcpu_class_of(size, 1, 0)];
	struct spcpu_stock *stock = stock_of(s, size);
	unsigned int spans = DIV_ROUND_UP(MANY, c->objects);
	unsigned int most = MANY / c->magazine + spans + ilog2(c->magazine) + 4;

	take_many(test, s, size, MANY);
	KUNIT_EXPECT_LE_MSG(test, stock->taken, 0ULL + most, "%zu bytes", size);
	give_many(test, s, MANY);
	KUNIT_EXPECT_LE_MSG(test, stock->given, 0ULL + MANY / c->magazine + 2,
			    "%zu bytes", size);
	spcpu_test_check(test, s);
	/* what a CPU keeps is bounded, and the rest, but one in 32, with the core */
	KUNIT_EXPECT_LE(test, stock->nr_spans * c->objects - stock->nr_objects,
			2UL * c->magazine);
	KUNIT_EXPECT_LE(test, stock->nr_whole, spans / 32UL);
	KUNIT_EXPECT_LE(test, s->stats.nr_cur_alloc - stock->nr_whole,
			2ULL * c->magazine);
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

static void cache_batches(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 256 };
	struct spcpu *s = create(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		try_batches(test, s, sizes[i]);
}

/* dirty on every CPU, freed, and taken again: all of it is zero, all of them differ */
static void try_zero(struct kunit *test, struct spcpu *s, unsigned int class,
		     gfp_t gfp)
{
	size_t size = spcpu_classes[class].size;
	void __percpu *ptr[12];
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(ptr); i++) {
			KUNIT_ASSERT_EQ(test, 0,
					spcpu_cached_request(s, size, 4, gfp,
							     &ptr[i]));
			KUNIT_ASSERT_TRUE_MSG(test,
					      spcpu_copies_zero(ptr[i], size),
					      "object %u of %zu bytes", i, size);
			spcpu_copies_fill(ptr[i], size, i);
		}
		for (i = 0; i < ARRAY_SIZE(ptr); i++) {
			KUNIT_ASSERT_TRUE(test,
					  spcpu_copies_hold(ptr[i], size, i));
			KUNIT_ASSERT_EQ(test, 0, spcpu_cached_free(s, ptr[i]));
		}
	}
}

static void cache_zeroes(struct kunit *test)
{
	struct spcpu *s = create(test);
	unsigned int class;

	for (class = 0; class < SPCPU_NR_CLASSES; class++) {
		if (!spcpu_classes[class].size)
			continue;
		try_zero(test, s, class, class >> SPCPU_CLASS_SHIFT ?
					 GFP_KERNEL_ACCOUNT : GFP_KERNEL);
		if (class % 16 == 0)
			spcpu_test_check(test, s);
		cond_resched();
	}
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

/* a mix of everything, against a list of what there is */

#define THINGS	300
#define STEPS	20000

static const gfp_t flags[] = {
	GFP_KERNEL, GFP_KERNEL, GFP_KERNEL, GFP_KERNEL_ACCOUNT, GFP_NOWAIT,
	GFP_ATOMIC | __GFP_ACCOUNT, GFP_NOIO, GFP_NOFS | __GFP_ACCOUNT,
};

/**
 * struct thing - an object
 *
 * @ptr: the object, or NULL
 * @size: the bytes that were asked for
 * @bytes: those that may be used, all of them filled
 * @seed: with what
 */
struct thing {
	void __percpu *ptr;
	u16 size;
	u16 bytes;
	u16 seed;
};

static size_t some_size(struct rnd_state *rnd)
{
	static const u16 most[] = { 16, 64, 64, 64, 256, 256, 1024, 4096, 6000 };

	return 1 + spcpu_test_below(rnd, most[spcpu_test_below(rnd,
							       ARRAY_SIZE(most))]);
}

/* what is wrong with a new object, in words; NULL for nothing */
static const char *judge(struct spcpu *s, struct thing *t, size_t align,
			 gfp_t gfp)
{
	const struct spcpu_span *span = spcpu_cached_span(s, t->ptr);
	const struct spcpu_chunk *chunk;
	struct spcpu_place place;
	unsigned int cpu;

	if (spcpu_locate(s, t->ptr, &place))
		return "not found";
	if (place.size != spcpu_cached_size(s, t->ptr, t->size))
		return "of another size";
	if (span && spcpu_class_of(t->size, align, gfp) != span->class)
		return "of another class";
	if (!span && spcpu_class_of(t->size, align, gfp) >= 0 &&
	    gfpflags_allow_blocking(gfp))
		return "of no class";
	chunk = spcpu_chunk_of(s, t->ptr);
	if (spcpu_is_accounted(s, chunk) != !!(gfp & __GFP_ACCOUNT))
		return "of another kind";
	for_each_possible_cpu(cpu)
		if (!IS_ALIGNED((unsigned long)per_cpu_ptr(t->ptr, cpu), align))
			return "not aligned";
	t->bytes = place.size;
	return spcpu_copies_zero(t->ptr, t->bytes) ? NULL : "not zeroed";
}

static const char *make(struct spcpu *s, struct thing *t, struct rnd_state *rnd)
{
	gfp_t gfp = flags[spcpu_test_below(rnd, ARRAY_SIZE(flags))];
	size_t align = 1UL << spcpu_test_below(rnd, spcpu_test_below(rnd, 8) ?
						    5 : 13);
	const char *wrong;
	int err;

	t->size = some_size(rnd);
	t->seed = prandom_u32_state(rnd);
	err = spcpu_cached_request(s, t->size, align, gfp, &t->ptr);
	if (err)
		return gfpflags_allow_blocking(gfp) || err != -ENOMEM ||
		       t->ptr ? "not allocated" : NULL;
	wrong = judge(s, t, align, gfp);
	if (!wrong)
		spcpu_copies_fill(t->ptr, t->bytes, t->seed);
	return wrong;
}

/* one whose copies were written to by nobody else; twice is once too often */
static const char *scrap(struct spcpu *s, struct thing *t,
			 struct rnd_state *rnd)
{
	void __percpu *ptr = t->ptr;

	t->ptr = NULL;
	if (!spcpu_copies_hold(ptr, t->bytes, t->seed))
		return "values lost";
	if (!spcpu_test_below(rnd, 16) && t->bytes > 4 &&
	    spcpu_cached_free(s, (char __percpu *)ptr + 4) != -EINVAL)
		return "freed in the middle";
	if (spcpu_cached_free(s, ptr))
		return "not freed";
	if (!spcpu_test_below(rnd, 16) && spcpu_cached_free(s, ptr) != -ENOENT)
		return "freed twice";
	return NULL;
}

static void disturb(struct spcpu *s, struct rnd_state *rnd)
{
	switch (spcpu_test_below(rnd, 500)) {
	case 0:
		spcpu_cache_drain(s);
		break;
	case 1:
	case 2:
		spcpu_cache_idle_work(&s->cache.idle.work);
		break;
	case 3:
		spcpu_shrink(s, spcpu_test_below(rnd, 500));
		break;
	}
}

static u64 nr_things(const struct thing *things)
{
	unsigned int i;
	u64 nr = 0;

	for (i = 0; i < THINGS; i++)
		nr += !!things[i].ptr;
	return nr;
}

static void cache_random(struct kunit *test)
{
	struct spcpu *s = create(test);
	struct thing *things = kunit_kcalloc(test, THINGS, sizeof(*things),
					     GFP_KERNEL);
	unsigned int i, live = THINGS;
	const char *wrong;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, things);
	prandom_seed_state(&rnd, 17);
	for (i = 0; i < STEPS; i++) {
		struct thing *t = &things[spcpu_test_below(&rnd, live)];

		if (!spcpu_test_below(&rnd, 300))
			live = 8 + spcpu_test_below(&rnd, THINGS - 8);
		disturb(s, &rnd);
		wrong = t->ptr ? scrap(s, t, &rnd) : make(s, t, &rnd);
		KUNIT_ASSERT_NULL_MSG(test, wrong, "%s in step %u", wrong, i);
		if (i % 500 == 0) {
			spcpu_test_check(test, s);
			KUNIT_ASSERT_EQ(test, spcpu_cached_live(s),
					nr_things(things));
		}
		cond_resched();
	}
	for (i = 0; i < THINGS; i++) {
		if (things[i].ptr)
			KUNIT_ASSERT_NULL(test, scrap(s, &things[i], &rnd));
	}
	spcpu_test_check(test, s);
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

/* what is refused, wherever the object is by then */

static DEFINE_PER_CPU(u64, kernel_static);

static void refuse(struct kunit *test, struct spcpu *s, void __percpu *ptr,
		   int err, const char *what)
{
	struct spcpu_place place;
	u64 live = spcpu_cached_live(s);

	KUNIT_EXPECT_EQ_MSG(test, spcpu_cached_free(s, ptr), err, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, spcpu_cache_free(s, ptr), err, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, spcpu_locate(s, ptr, &place), err, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, spcpu_cached_live(s), live, "%s", what);
}

static void refuse_around(struct kunit *test, struct spcpu *s,
			  char __percpu *ptr, const char *what)
{
	static const unsigned int offs[] = { 1, 2, 3, 4, 5, 7, 8, 16, 32, 63 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offs); i++)
		refuse(test, s, ptr + offs[i], -EINVAL, what);
}

static void cache_refuses_middles(struct kunit *test)
{
	struct spcpu *s = create(test);
	char __percpu *ptr;

	ptr = spcpu_cached_alloc(test, s, 64, 64);
	refuse_around(test, s, ptr, "in a live object");
	/* where the magazines are full, and where there are none */
	take_many(test, s, 64, MANY);
	give_many(test, s, MANY / 2);
	refuse_around(test, s, ptr, "in a live object, magazines full");
	spcpu_cache_drain(s);
	refuse_around(test, s, ptr, "in a live object, no magazines");
	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(s, ptr));
	refuse_around(test, s, ptr, "in an object that is free");
	spcpu_test_check(test, s);
}

static void cache_refuses_twice(struct kunit *test)
{
	struct spcpu *s = create(test);
	void __percpu *ptr, *other;

	other = spcpu_cached_alloc(test, s, 64, 64);
	ptr = spcpu_cached_alloc(test, s, 64, 64);
	KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(s, ptr));
	refuse(test, s, ptr, -ENOENT, "collected");
	/* handed out next, but not yet */
	take_many(test, s, 64, 1);
	if (objects[0] != ptr)
		refuse(test, s, ptr, -ENOENT, "to be handed out");
	give_many(test, s, 1);
	refuse(test, s, ptr, -ENOENT, "in a magazine");
	spcpu_cache_drain(s);
	refuse(test, s, ptr, -ENOENT, "in stock");
	KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(s, other));
	spcpu_cache_drain(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
	refuse(test, s, ptr, -ENOENT, "with the core");
	refuse(test, s, other, -ENOENT, "with the core");
	spcpu_test_check(test, s);
}

static void cache_refuses_foreign(struct kunit *test)
{
	struct spcpu *s = create(test);
	struct spcpu *s2 = spcpu_cached_create(test, true);
	void __percpu *ptr = spcpu_cached_alloc(test, s, 64, 64);
	u64 __percpu *kernels = alloc_percpu(u64);

	refuse(test, s2, ptr, -EFAULT, "another allocator's");
	refuse(test, s, kernels, -EFAULT, "the kernel's");
	free_percpu(kernels);
	refuse(test, s, &kernel_static, -EFAULT, "the kernel's, static");
	refuse(test, s, (void __percpu __force *)~0UL, -EFAULT, "a number");
	refuse(test, s, (void __percpu __force *)per_cpu_ptr(ptr, 0), -EFAULT,
	       "an address");
	refuse(test, s, spcpu_ptr(s, s->first, 0) - s->first->start, -EFAULT,
	       "in the static part");
	/* the core does not take it for one of its own */
	KUNIT_EXPECT_EQ(test, spcpu_free(s, ptr), -EFAULT);
	KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(s, ptr));
	spcpu_test_check(test, s);
	spcpu_test_check(test, s2);
}

/* the core's own objects are freed as ever */
static void cache_own_areas(struct kunit *test)
{
	struct spcpu *s = create(test);
	void __percpu *large = spcpu_cached_alloc(test, s, 4100, 4);
	void __percpu *aligned = spcpu_cached_alloc(test, s, 8, 256);
	void __percpu *reserved;

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, 8, 8, true, GFP_KERNEL,
						    &reserved));
	KUNIT_EXPECT_NULL(test, spcpu_cached_span(s, large));
	KUNIT_EXPECT_NULL(test, spcpu_cached_span(s, aligned));
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 3ULL);
	KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(s, large));
	KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(s, aligned));
	KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(s, reserved));
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, large), -ENOENT);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
	spcpu_test_check(test, s);
}

static void cache_reserved_is_no_span(struct kunit *test)
{
	const struct spcpu_request req = {
		.size = 8, .align = 8, .reserved = true, .gfp = GFP_KERNEL,
	};
	struct spcpu *s = create(test);
	void __percpu *ptr;

	KUNIT_ASSERT_EQ(test, 0, spcpu_cache_alloc(s, &req,
						   spcpu_class_of(8, 8, 0),
						   &ptr));
	KUNIT_EXPECT_NULL(test, spcpu_cached_span(s, ptr));
	KUNIT_EXPECT_PTR_EQ(test, spcpu_chunk_of(s, ptr), s->reserved);
}

/* without a cache: the core's placements, one for one */

static void expect_same_place(struct kunit *test, struct spcpu *a,
			      struct spcpu *b, void __percpu *in_a,
			      void __percpu *in_b)
{
	struct spcpu_place p = spcpu_test_place(test, a, in_a);
	struct spcpu_place q = spcpu_test_place(test, b, in_b);

	KUNIT_ASSERT_EQ(test, p.id, q.id);
	KUNIT_ASSERT_EQ(test, p.off, q.off);
	KUNIT_ASSERT_EQ(test, p.size, q.size);
}

static void cache_off_is_exact(struct kunit *test)
{
	struct spcpu *a = spcpu_cached_create(test, false);
	struct spcpu *b = spcpu_cached_create(test, false);
	void __percpu *in_a[96] = { }, *in_b[96] = { };
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 23);
	for (i = 0; i < 3000; i++) {
		unsigned int which = spcpu_test_below(&rnd, ARRAY_SIZE(in_a));
		size_t size = some_size(&rnd);
		size_t align = 1UL << spcpu_test_below(&rnd, 8);

		if (in_a[which]) {
			KUNIT_ASSERT_EQ(test, 0,
					spcpu_cached_free(a, in_a[which]));
			spcpu_test_free(test, b, in_b[which]);
			in_a[which] = NULL;
		} else {
			in_a[which] = spcpu_cached_alloc(test, a, size, align);
			in_b[which] = spcpu_test_alloc(test, b, size, align);
			expect_same_place(test, a, b, in_a[which], in_b[which]);
		}
		spcpu_test_settle(a);
		spcpu_test_settle(b);
	}
	KUNIT_EXPECT_EQ(test, a->stats.nr_alloc, b->stats.nr_alloc);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->cache.nr_magazines), 0);
	spcpu_test_check(test, a);
}

/* no room for a span, but for one object: that is had all the same */
static void cache_falls_back(struct kunit *test)
{
	struct spcpu *s = create(test);
	void __percpu *hole = spcpu_test_alloc(test, s, 100, 4), *ptr;
	unsigned int size;

	spcpu_test_pause(s);
	for (size = SZ_4K; size >= 4; size /= 2) {
		while (!spcpu_test_request(s, size, 4, false, GFP_NOWAIT, &ptr))
			;
	}
	KUNIT_EXPECT_EQ(test, spcpu_cached_request(s, 90, 4, GFP_NOWAIT, &ptr),
			-ENOMEM);
	KUNIT_EXPECT_TRUE(test, !ptr);
	spcpu_copies_fill(hole, 100, 1);
	spcpu_test_free(test, s, hole);
	KUNIT_ASSERT_EQ(test, spcpu_cached_request(s, 90, 4, GFP_NOWAIT, &ptr),
			0);
	KUNIT_EXPECT_TRUE(test, ptr == hole);
	KUNIT_EXPECT_NULL(test, spcpu_cached_span(s, ptr));
	KUNIT_EXPECT_EQ(test, spcpu_test_place(test, s, ptr).size, (size_t)92);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr, 92));
	KUNIT_EXPECT_EQ(test, spcpu_cached_request(s, 90, 4, GFP_NOWAIT, &hole),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, ptr), 0);
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, ptr), -ENOENT);
	spcpu_test_check(test, s);
}

/* with a callback for new CPUs, which goes with the object */
static int no_init(void *copy, unsigned int cpu, void *arg)
{
	return 0;
}

static void cache_objects_with_callbacks(struct kunit *test)
{
	struct spcpu *s = create(test);
	void __percpu *ptr = spcpu_cached_alloc(test, s, 64, 64);
	void __percpu *next;

	KUNIT_ASSERT_EQ(test, spcpu_set_init(s, ptr, no_init, NULL), 0);
	KUNIT_EXPECT_EQ(test, spcpu_set_init(s, ptr, no_init, NULL), -EBUSY);
	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, ptr), 0);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, ptr), -ENOENT);
	KUNIT_ASSERT_EQ(test, spcpu_set_init(s, ptr, no_init, NULL), 0);

	/* a mistake, and said so; who gets the place has no callback */
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, ptr), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&s->inits));
	KUNIT_EXPECT_EQ(test, spcpu_set_init(s, ptr, no_init, NULL), -ENOENT);
	do {
		next = spcpu_cached_alloc(test, s, 64, 64);
	} while (next != ptr);
	KUNIT_EXPECT_EQ(test, spcpu_clear_init(s, ptr), -ENOENT);
	KUNIT_EXPECT_EQ(test, spcpu_set_init(s, (char __percpu *)ptr + 4,
					     no_init, NULL), -EINVAL);
	spcpu_test_check(test, s);
}

/* an interrupt that finds somebody in its CPU's part does without magazines */
static void cache_busy(struct kunit *test)
{
	struct spcpu *s = create(test);
	void __percpu *before = spcpu_cached_alloc(test, s, 64, 64);
	void __percpu *ptr = NULL;
	int err, freed, twice, middle;

	KUNIT_ASSERT_TRUE(test, spcpu_cache_enter(s->cache.cpus));
	err = spcpu_cached_request(s, 64, 64, GFP_ATOMIC, &ptr);
	freed = spcpu_cached_free(s, before);
	twice = spcpu_cached_free(s, before);
	middle = spcpu_cached_free(s, (char __percpu *)ptr + 4);
	spcpu_cache_leave(s->cache.cpus);

	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, freed, 0);
	KUNIT_EXPECT_EQ(test, twice, -ENOENT);
	KUNIT_EXPECT_EQ(test, middle, -EINVAL);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr, 64));
	spcpu_test_check(test, s);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), 1ULL);
	KUNIT_EXPECT_EQ(test, spcpu_cached_free(s, ptr), 0);
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

static struct kunit_case cache_cases[] = {
	KUNIT_CASE(cache_hit_takes_no_lock),
	KUNIT_CASE(cache_pairs_stay),
	KUNIT_CASE(cache_batches),
	KUNIT_CASE(cache_zeroes),
	KUNIT_CASE(cache_random),
	KUNIT_CASE(cache_refuses_middles),
	KUNIT_CASE(cache_refuses_twice),
	KUNIT_CASE(cache_refuses_foreign),
	KUNIT_CASE(cache_own_areas),
	KUNIT_CASE(cache_reserved_is_no_span),
	KUNIT_CASE(cache_off_is_exact),
	KUNIT_CASE(cache_falls_back),
	KUNIT_CASE(cache_objects_with_callbacks),
	KUNIT_CASE(cache_busy),
	{ }
};

struct kunit_suite spcpu_cache_suite = {
	.name = "shadow_percpu_cache",
	.test_cases = cache_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Tally: what is counted of the cache is what callers did, while they do it and after
 * magazines have gone; and what the dumps show of spans is what is in them.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "cached.h"
#include "dump.h"
#include "engine_bitmap.h"
#include "quick.h"
#include "sample.h"
#include "suites.h"
#include "tally.h"
#include "text.h"

#define NR		60
#define SIZE		64
#define LARGE		SZ_8K
#define STATIC_SIZE	100
/* looks at counts that go on meanwhile */
#define LOOKS		300

static void never(struct work_struct *work)
{
}

/* on one CPU, where nothing is drained unless the case does it */
static struct spcpu *make(struct kunit *test, bool cache)
{
	static const u8 image[STATIC_SIZE];
	const struct spcpu_options options = {
		.first_mode = SPCPU_FIRST_PAGE,
		.backing = spcpu_test_backing(),
		.cache = cache,
		.image = image,
	};
	struct spcpu *s;

	s = spcpu_test_create(test, SPCPU_TEST_PAGES << PAGE_SHIFT, SZ_8K,
			      5 * PAGE_SIZE, STATIC_SIZE, &options);
	s->cache.idle.work.func = never;
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	return s;
}

static void __percpu *try_get(struct spcpu *s, size_t size)
{
	const struct spcpu_request req = {
		.size = size,
		.align = 8,
		.gfp = GFP_KERNEL,
	};
	int class = spcpu_class_of(size, 8, GFP_KERNEL);
	void __percpu *ptr;

	if (class >= 0 && spcpu_cache_pop(&s->cache, class, &ptr))
		return ptr;
	return spcpu_cache_alloc(s, &req, class, &ptr) ? NULL : ptr;
}

static void __percpu *get(struct kunit *test, struct spcpu *s, size_t size)
{
	void __percpu *ptr = try_get(s, size);

	KUNIT_ASSERT_TRUE(test, !!ptr);
	return ptr;
}

static void put(struct spcpu *s, void __percpu *ptr)
{
	spcpu_cached_free(s, ptr);
}

static void get_all(struct kunit *test, struct spcpu *s, void __percpu **ptr)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		ptr[i] = get(test, s, SIZE);
}

static void put_some(struct spcpu *s, void __percpu **ptr, unsigned int nr)
{
	while (nr--)
		put(s, ptr[nr]);
}

/* of this CPU, of the class, and of all objects */
static void expect_counts(struct kunit *test, struct spcpu *s, u64 alloc,
			  u64 free)
{
	unsigned int class = spcpu_class_of(SIZE, 8, GFP_KERNEL);
	struct spcpu_class_tally of_class;
	struct spcpu_objects objects;
	struct spcpu_tally of_cpu;

	spcpu_tally_cpu(s, raw_smp_processor_id(), &of_cpu);
	KUNIT_EXPECT_EQ(test, of_cpu.alloc, alloc);
	KUNIT_EXPECT_EQ(test, of_cpu.free, free);

	spcpu_tally_class(s, class, &of_class);
	KUNIT_EXPECT_EQ(test, of_class.cpus.alloc, alloc);
	KUNIT_EXPECT_EQ(test, of_class.cpus.free, free);
	KUNIT_EXPECT_EQ(test, (u64)of_class.live, alloc - free);
	KUNIT_EXPECT_EQ(test, of_class.cpus.kept, of_cpu.kept);
	KUNIT_EXPECT_EQ(test, of_cpu.bytes, of_cpu.kept * SIZE);

	spcpu_tally_objects(s, &objects);
	KUNIT_EXPECT_EQ(test, objects.alloc, alloc);
	KUNIT_EXPECT_EQ(test, objects.free, free);
	KUNIT_EXPECT_EQ(test, objects.live, alloc - free);
	KUNIT_EXPECT_GE(test, objects.max_live, objects.live);
}

static void tally_counts_calls(struct kunit *test)
{
	struct spcpu *s = make(test, true);
	void __percpu *ptr[NR];

	expect_counts(test, s, 0, 0);
	get_all(test, s, ptr);
	expect_counts(test, s, NR, 0);
	put_some(s, ptr, NR - 5);
	expect_counts(test, s, NR, NR - 5);
	put(s, get(test, s, SIZE));
	expect_counts(test, s, NR + 1, NR - 4);
}

static void tally_outlives_magazines(struct kunit *test)
{
	struct spcpu *s = make(test, true);
	void __percpu *ptr[NR];
	struct spcpu_tally t;
	unsigned int i;

	for (i = 1; i <= 3; i++) {
		get_all(test, s, ptr);
		put_some(s, ptr, NR);
		spcpu_cache_drain(s);
		expect_counts(test, s, i * NR, i * NR);
		spcpu_tally_cpu(s, raw_smp_processor_id(), &t);
		KUNIT_EXPECT_EQ(test, t.magazines, 0UL);
		KUNIT_EXPECT_EQ(test, t.kept, 0UL);
	}
}

/* objects of the core are objects, spans are none */
static void tally_of_areas(struct kunit *test)
{
	struct spcpu *s = make(test, true);
	void __percpu *large = get(test, s, LARGE), *small = get(test, s, SIZE);
	struct spcpu_objects objects;

	spcpu_tally_objects(s, &objects);
	KUNIT_EXPECT_EQ(test, objects.live, 2ULL);
	KUNIT_EXPECT_EQ(test, objects.min_size, (size_t)SIZE);
	KUNIT_EXPECT_EQ(test, objects.max_size, (size_t)LARGE);
	put(s, small);
	put(s, large);
	spcpu_cache_drain(s);
	spcpu_tally_objects(s, &objects);
	KUNIT_EXPECT_EQ(test, objects.alloc, 2ULL);
	KUNIT_EXPECT_EQ(test, objects.free, 2ULL);
	KUNIT_EXPECT_EQ(test, objects.max_live, 2ULL);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
}

static void tally_without_a_cache(struct kunit *test)
{
	struct spcpu *s = make(test, false);
	void __percpu *ptr[NR];
	struct spcpu_objects objects;

	get_all(test, s, ptr);
	put_some(s, ptr, NR / 2);
	spcpu_tally_objects(s, &objects);
	KUNIT_EXPECT_EQ(test, objects.alloc, 0ULL + NR);
	KUNIT_EXPECT_EQ(test, objects.live, 0ULL + NR - NR / 2);
	KUNIT_EXPECT_EQ(test, objects.max_live, 0ULL + NR);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, objects.live);
}

/* a thread with at most NR objects */
struct churn {
	struct spcpu *s;
	struct task_struct *task;
};

static int churn(void *data)
{
	struct churn *c = data;
	void __percpu *ptr[NR];
	unsigned int nr;

	while (!kthread_should_stop()) {
		for (nr = 0; nr < NR; nr++) {
			ptr[nr] = try_get(c->s, SIZE);
			if (!ptr[nr])
				break;
		}
		put_some(c->s, ptr, nr);
		cond_resched();
	}
	return 0;
}

static void stop(void *what)
{
	struct churn *c = what;

	kthread_stop(c->task);
}

static void start_churn(struct kunit *test, struct spcpu *s)
{
	struct churn *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->s = s;
	c->task = kthread_run(churn, c, "spcpu_tally");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->task);
	spcpu_test_at_exit(test, stop, c);
}

/* counts never go back, and never tell of objects that nobody can have */
static void tally_while_it_goes_on(struct kunit *test)
{
	struct spcpu *s = make(test, true);
	struct spcpu_objects last = { }, now;
	unsigned int i;

	start_churn(test, s);
	start_churn(test, s);
	for (i = 0; i < LOOKS; i++) {
		spcpu_tally_objects(s, &now);
		KUNIT_ASSERT_GE(test, now.alloc, last.alloc);
		KUNIT_ASSERT_GE(test, now.free, last.free);
		KUNIT_ASSERT_GE(test, now.alloc, now.free);
		kunit_kfree(test, spcpu_test_show(test, spcpu_cache_show, s));
		last = now;
		if (i % 8 == 0)
			spcpu_cache_drain(s);
		schedule();
	}
}

static void cache_says_that_it_is_off(struct kunit *test)
{
	struct spcpu *s = make(test, false);
	const char *text = spcpu_test_show(test, spcpu_cache_show, s);

	KUNIT_EXPECT_EQ(test, 0, strncmp(text, "# cache=0: ", 11));
	KUNIT_EXPECT_NULL(test, spcpu_test_next_line(text));
}

/* a class has one row, all CPUs have one each, and all adds up */
static void cache_adds_up(struct kunit *test)
{
	unsigned int size, align, objects, rows = 0, cpu, nr_cpus = 0;
	unsigned long spans, live, stock, kept, sum = 0, mags, bytes;
	struct spcpu *s = make(test, true);
	void __percpu *ptr[NR];
	const char *text;

	get_all(test, s, ptr);
	put_some(s, ptr, 7);
	text = spcpu_test_show(test, spcpu_cache_show, s);
	KUNIT_EXPECT_EQ(test, 0, strncmp(text, "# cache=1: ", 11));
	for (; text && *text != '\n'; text = spcpu_test_next_line(text)) {
		if (sscanf(text, "%u %u %u %lu %lu %lu %lu", &size, &align,
			   &objects, &spans, &live, &stock, &kept) != 7)
			continue;
		rows++;
		KUNIT_EXPECT_EQ(test, size, (unsigned int)SIZE);
		KUNIT_EXPECT_EQ(test, live, (unsigned long)NR - 7);
		KUNIT_EXPECT_EQ(test, live + stock + kept, spans * objects);
		sum = kept;
	}
	KUNIT_EXPECT_EQ(test, rows, 1U);
	for (; text; text = spcpu_test_next_line(text)) {
		if (sscanf(text, "%u %lu %lu %lu", &cpu, &mags, &kept,
			   &bytes) != 4)
			continue;
		nr_cpus++;
		sum -= kept;
		KUNIT_EXPECT_EQ(test, bytes, kept * SIZE);
	}
	KUNIT_EXPECT_EQ(test, nr_cpus, num_possible_cpus());
	KUNIT_EXPECT_EQ(test, sum, 0UL);
}

/* classes of accounted objects come behind the others, if there are any */
static void cache_tells_accounted_ones_apart(struct kunit *test)
{
	static const char head[] = "# accounted objects (__GFP_ACCOUNT)\n";
	struct spcpu *s = make(test, true);
	void __percpu *ptr[NR], *accounted;
	unsigned int size, align, objects;
	const char *text;

	get_all(test, s, ptr);
	text = spcpu_test_show(test, spcpu_cache_show, s);
	KUNIT_EXPECT_NULL(test, strstr(text, head));

	KUNIT_ASSERT_EQ(test, 0, spcpu_cached_request(s, 2 * SIZE, SIZE, GFP_KERNEL_ACCOUNT,
						      &accounted));
	text = strstr(spcpu_test_show(test, spcpu_cache_show, s), head);
	KUNIT_ASSERT_NOT_NULL(test, text);
	text = spcpu_test_next_line(text);
	if (sscanf(text, "%u %u %u", &size, &align, &objects) != 3)
		KUNIT_FAIL(test, "no row of a class: %s", text);
	else
		KUNIT_EXPECT_EQ(test, size, 2U * SIZE);
	KUNIT_EXPECT_EQ(test, 0, spcpu_cached_free(s, accounted));
}

/* the only chunk with anything in it, which is the first */
static void load_first(struct kunit *test, struct spcpu *s,
		       struct spcpu_view *view)
{
	KUNIT_ASSERT_TRUE(test, spcpu_view_load(view, s->first->id));
	KUNIT_ASSERT_TRUE(test, view->first);
}

static void view_has_the_objects_of_spans(struct kunit *test)
{
	struct spcpu *s = make(test, true);
	struct spcpu_view *view = spcpu_test_view(test, s);
	const struct spcpu_map *map = &view->chunk->map;
	unsigned long nr_bits = map->nr_bits;
	struct spcpu_place place;
	void __percpu *ptr[NR];
	unsigned int i, held;

	get_all(test, s, ptr);
	put_some(s, ptr, NR / 3);
	load_first(test, s, view);
	KUNIT_EXPECT_EQ(test, view->nr_live, 0U + NR - NR / 3);
	held = view->nr_spans * spcpu_classes[spcpu_class_of(SIZE, 8, 0)].objects;
	KUNIT_EXPECT_EQ(test, bitmap_weight(view->kept, nr_bits),
			(held - view->nr_live) * SIZE / SPCPU_GRANULE);
	KUNIT_EXPECT_FALSE(test, bitmap_intersects(view->kept,
						   spcpu_bitmap(map)->alloc,
						   nr_bits));
	for (i = NR / 3; i < NR; i++) {
		place = spcpu_test_place(test, s, ptr[i]);
		KUNIT_EXPECT_EQ(test, place.size, (size_t)SIZE);
		KUNIT_EXPECT_EQ(test, spcpu_map_size(&view->chunk->map,
						     place.off / SPCPU_GRANULE),
				SIZE / SPCPU_GRANULE);
	}

	/* its last page is the first one of the other */
	KUNIT_ASSERT_TRUE(test, spcpu_view_load(view, s->reserved->id));
	KUNIT_EXPECT_EQ(test, view->nr_spans, 0U);
	KUNIT_EXPECT_EQ(test, view->nr_live, 0U);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(view->kept,
					     view->chunk->map.nr_bits));
}

static unsigned int count_chars(const char *text, char c)
{
	unsigned int nr = 0;

	for (; *text; text++)
		nr += *text == c;
	return nr;
}

/* an object is one character here, wherever it lies */
static void map_tells_kept_from_free(struct kunit *test)
{
	struct spcpu *s = make(test, true);
	struct spcpu_view *view = spcpu_test_view(test, s);
	unsigned int kept, used;
	void __percpu *ptr[NR];
	const char *text;

	get_all(test, s, ptr);
	put_some(s, ptr, 9);
	text = strstr(spcpu_test_dump(test, &spcpu_map_ops, view), "\nchunk 1");
	KUNIT_ASSERT_NOT_NULL(test, text);
	text = spcpu_test_next_line(text + 1);
	KUNIT_ASSERT_NOT_NULL(test, text);
	used = count_chars(text, '#');
	kept = count_chars(text, 'o');
	KUNIT_EXPECT_EQ(test, used, 0U + NR - 9);

	load_first(test, s, view);
	KUNIT_EXPECT_EQ(test, kept * SIZE / SPCPU_GRANULE,
			0U + bitmap_weight(view->kept,
					   view->chunk->map.nr_bits));
}

static struct kunit_case tally_cases[] = {
	KUNIT_CASE(tally_counts_calls),
	KUNIT_CASE(tally_outlives_magazines),
	KUNIT_CASE(tally_of_areas),
	KUNIT_CASE(tally_without_a_cache),
	KUNIT_CASE(tally_while_it_goes_on),
	KUNIT_CASE(cache_says_that_it_is_off),
	KUNIT_CASE(cache_adds_up),
	KUNIT_CASE(cache_tells_accounted_ones_apart),
	KUNIT_CASE(view_has_the_objects_of_spans),
	KUNIT_CASE(map_tells_kept_from_free),
	{ }
};

struct kunit_suite spcpu_tally_suite = {
	.name = "shadow_percpu_tally",
	.test_cases = tally_cases,
};

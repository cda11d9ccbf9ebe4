// SPDX-License-Identifier: GPL-2.0
/*
 * Load: allocators come and go, with every combination of parameters, with
 * objects in them, with work under way; and everything comes back.
 *
 * What is exact from inside a module is the pages: the test holds a reference
 * to each page of an allocator (held.c), and after its end nobody else may.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/string.h>

#include "fixture.h"
#include "kmsg.h"
#include "shadow_percpu.h"
#include "suites.h"

static struct spcpu *make(struct kunit *test, size_t unit_size, size_t reserved,
			  enum spcpu_first_mode mode)
{
	return spcpu_test_allocator(test, unit_size, reserved, 20 << 10, 0, NULL,
				    mode);
}

/* an object of each kind of chunk, and some that are freed again */
static void use(struct kunit *test, struct spcpu *s)
{
	void __percpu *ptr;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		ptr = spcpu_test_alloc(test, s, 100 << i % 5, 8);
		if (i % 3)
			spcpu_test_free(test, s, ptr);
	}
	KUNIT_ASSERT_EQ(test, spcpu_test_request(s, 4, 4, true, GFP_KERNEL, &ptr),
			0);
	spcpu_test_alloc(test, s, SHADOW_PERCPU_MAX_SIZE, PAGE_SIZE);
}

static void expect_gone(struct kunit *test, const struct spcpu_test_pages *pages)
{
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(pages), 0UL);
	KUNIT_EXPECT_EQ(test, spcpu_test_nr_mapped(pages), 0UL);
}

/* from birth to death, with all its pages watched */
static void live(struct kunit *test, struct spcpu *s)
{
	struct spcpu_test_pages *pages;

	use(test, s);
	spcpu_test_check(test, s);
	pages = spcpu_test_hold(test, s);

	spcpu_test_drop(test, s);
	expect_gone(test, pages);
	spcpu_test_drop(test, pages);
}

static void try_geometries(struct kunit *test, enum spcpu_first_mode mode)
{
	static const struct {
		size_t unit_size;
		size_t reserved;
	} geometries[] = {
		{ 0, 8192 }, { 64 << 10, 0 }, { 68 << 10, 4 }, { 128 << 10, 12288 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(geometries); i++) {
		struct spcpu *s = make(test, geometries[i].unit_size,
				       geometries[i].reserved, mode);

		KUNIT_EXPECT_EQ(test, !!s->reserved, !!geometries[i].reserved);
		if (geometries[i].unit_size)
			KUNIT_EXPECT_EQ(test, s->layout->unit_size,
					geometries[i].unit_size);
		live(test, s);
		cond_resched();
	}
}

static void load_embed(struct kunit *test)
{
	try_geometries(test, SPCPU_FIRST_EMBED);
}

static void load_page(struct kunit *test)
{
	try_geometries(test, SPCPU_FIRST_PAGE);
}

static void load_smallest_unit(struct kunit *test)
{
	struct spcpu *s = make(test, SPCPU_MIN_UNIT_SIZE, 0, SPCPU_FIRST_EMBED);

	KUNIT_EXPECT_EQ(test, s->layout->unit_size, (size_t)SPCPU_MIN_UNIT_SIZE);
	live(test, s);
}

static void load_many_times(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		live(test, make(test, 64 << 10, 8192, i % 2));
}

static void load_several_at_once(struct kunit *test)
{
	struct spcpu *s[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = make(test, 64 << 10, 8192, i % 2);
		use(test, s[i]);
	}
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		spcpu_test_check(test, s[i]);
		live(test, s[i]);
	}
}

static void load_image(struct kunit *test)
{
	static const char image[101] = "static variables, an odd number of bytes";
	unsigned int mode, cpu;

	for (mode = SPCPU_FIRST_EMBED; mode <= SPCPU_FIRST_PAGE; mode++) {
		struct spcpu *s = spcpu_test_allocator(test, 0, 8192, 20 << 10,
						       sizeof(image), image,
						       mode);

		use(test, s);
		for_each_possible_cpu(cpu)
			KUNIT_EXPECT_EQ(test, 0,
					memcmp((void *)(s->first->window->base +
							s->layout->unit_off[cpu]),
					       image, sizeof(image)));
		live(test, s);
	}
}

static void load_worker_queued(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct spcpu *s = make(test, 64 << 10, 0, SPCPU_FIRST_EMBED);

		use(test, s);
		queue_work(s->wq, &s->balance);
		spcpu_test_drop(test, s);
	}
}

static atomic_t busy;

static void work_slowly(struct work_struct *work)
{
	atomic_inc(&busy);
	msleep(20);
	atomic_dec(&busy);
}

static void load_shutdown_ends_the_worker(struct kunit *test)
{
	struct spcpu *s = make(test, 64 << 10, 0, SPCPU_FIRST_EMBED);
	void __percpu *ptr;

	spcpu_test_settle(s);
	s->balance.func = work_slowly;
	queue_work(s->wq, &s->balance);
	spcpu_shutdown(s);
	KUNIT_EXPECT_EQ(test, work_busy(&s->balance), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&busy), 0);

	/* would have woken it */
	KUNIT_EXPECT_EQ(test, spcpu_test_request(s, 4, 4, false, GFP_ATOMIC, &ptr),
			-ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, work_busy(&s->balance), 0U);
	spcpu_shutdown(s);
	spcpu_test_check(test, s);
}

static void expect_lines(struct kunit *test, const struct spcpu_kmsg *since,
			 const char *what, unsigned int nr)
{
	if (IS_ENABLED(CONFIG_PRINTK))
		KUNIT_EXPECT_EQ_MSG(test, spcpu_kmsg_count(since, what), nr,
				    "%s", what);
}

/* objects of these sizes, and no others, are left behind on purpose */
#define LEAK_REGEX \
	"shadow_percpu: leaked: ((772|7772|27772) bytes per CPU|4 objects)"

static void load_names_live_objects(struct kunit *test)
{
	struct spcpu *s = make(test, 64 << 10, 8192, SPCPU_FIRST_EMBED);
	struct spcpu_test_pages *pages;
	struct spcpu_kmsg log;
	void __percpu *ptr;

	spcpu_test_alloc(test, s, 7772, 4);
	ptr = spcpu_test_alloc(test, s, 40, 4);
	spcpu_test_alloc(test, s, 7771, 8);
	spcpu_test_alloc(test, s, 27772, 4096);
	spcpu_test_free(test, s, ptr);
	KUNIT_ASSERT_EQ(test, spcpu_test_request(s, 772, 4, true, GFP_KERNEL,
						 &ptr), 0);
	spcpu_shutdown(s);

	spcpu_test_expecting(test, LEAK_REGEX);
	spcpu_kmsg_mark(&log);
	KUNIT_EXPECT_EQ(test, spcpu_report_leaks(s), 4U);
	expect_lines(test, &log, "leaked: 7772 bytes per CPU at offset ", 2);
	expect_lines(test, &log, "leaked: 27772 bytes per CPU at offset ", 1);
	expect_lines(test, &log, "leaked: 772 bytes per CPU at offset 0 of chunk 0, ",
		     1);
	expect_lines(test, &log, "leaked: 4 objects in all", 1);
	expect_lines(test, &log, "leaked: ", 5);
	spcpu_test_expecting_no_more(test);

	pages = spcpu_test_hold(test, s);
	spcpu_test_forget(test, s);
	spcpu_destroy(s);
	expect_gone(test, pages);
}

static void load_nothing_to_name(struct kunit *test)
{
	struct spcpu *s = make(test, 64 << 10, 8192, SPCPU_FIRST_PAGE);
	struct spcpu_kmsg log;

	spcpu_test_free(test, s, spcpu_test_alloc(test, s, 40, 4));
	spcpu_test_free(test, s, spcpu_test_alloc(test, s, 32768, 4));
	spcpu_shutdown(s);
	spcpu_kmsg_mark(&log);
	KUNIT_EXPECT_EQ(test, spcpu_report_leaks(s), 0U);
	expect_lines(test, &log, "shadow_percpu: ", 0);
}

static struct kunit_case load_cases[] = {
	KUNIT_CASE(load_embed),
	KUNIT_CASE(load_page),
	KUNIT_CASE(load_smallest_unit),
	KUNIT_CASE(load_many_times),
	KUNIT_CASE(load_several_at_once),
	KUNIT_CASE(load_image),
	KUNIT_CASE(load_worker_queued),
	KUNIT_CASE(load_shutdown_ends_the_worker),
	KUNIT_CASE(load_names_live_objects),
	KUNIT_CASE(load_nothing_to_name),
	{ }
};

struct kunit_suite spcpu_load_suite = {
	.name = "shadow_percpu_load",
	.test_cases = load_cases,
};

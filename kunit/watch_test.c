// SPDX-License-Identifier: GPL-2.0
/*
 * Watch: what is known of objects with debug=, how long, and what the dumps say.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dump.h"
#include "interfere.h"
#include "shadow_percpu.h"
#include "state.h"
#include "suites.h"
#include "tally.h"
#include "text.h"
#include "watched.h"

static void words_are_understood(struct kunit *test)
{
	static const struct {
		const char *text;
		int err;
		unsigned int flags;
		const char *words;
	} cases[] = {
		{ "", 0, 0, "off" },
		{ "redzone", 0, SPCPU_REDZONE, "redzone" },
		{ "owner,poison", 0, SPCPU_OWNER | SPCPU_POISON, "poison,owner" },
		{ "quarantine,quarantine", 0, SPCPU_QUARANTINE, "quarantine" },
		{ "all", 0, SPCPU_WATCH_ALL, "redzone,poison,quarantine,owner" },
		{ "red", -EINVAL }, { "redzones", -EINVAL }, { "redzone,", -EINVAL },
		{ ",redzone", -EINVAL }, { "redzone poison", -EINVAL },
		{ "all,owner", -EINVAL }, { ",", -EINVAL }, { "1", -EINVAL },
		{ "poisom", -EINVAL }, { "poison,ownex", -EINVAL },
	};
	char words[SPCPU_DEBUG_WORDS_MAX];
	unsigned int flags, i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, spcpu_debug_parse(cases[i].text, &flags),
				    cases[i].err, "%s", cases[i].text);
		if (cases[i].err)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, flags, cases[i].flags, "%s", cases[i].text);
		spcpu_debug_words(flags, words, sizeof(words));
		KUNIT_EXPECT_STREQ(test, words, cases[i].words);
	}
}

/* with redzones exactly what was asked for, without what it is rounded up to */
static void size_is_what_may_be_used(struct kunit *test)
{
	static const unsigned int flags[] = { SPCPU_REDZONE, SPCPU_OWNER };
	struct spcpu_place place;
	char __percpu *ptr;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct spcpu_debug *d = spcpu_watched(test, flags[i]);

		ptr = spcpu_watched_alloc(test, d, 13, 4);
		KUNIT_EXPECT_EQ(test, spcpu_debug_locate(d, ptr, &place), 0);
		KUNIT_EXPECT_EQ(test, place.size, flags[i] == SPCPU_REDZONE ? 13UL : 16UL);
		KUNIT_EXPECT_EQ(test, spcpu_debug_locate(d, ptr + 4, &place), -EINVAL);
		spcpu_watched_free(test, d, ptr);
		KUNIT_EXPECT_EQ(test, spcpu_debug_locate(d, ptr, &place), -ENOENT);
	}
}

static void expect_redzones(struct kunit *test, struct spcpu_debug *d,
			    char __percpu *ptr, bool any)
{
	struct spcpu_track *t;

	spin_lock_irq(&d->lock);
	t = spcpu_track_find(d, (__force unsigned long)ptr);
	KUNIT_EXPECT_EQ(test, t->front > 0, any);
	KUNIT_EXPECT_EQ(test, t->back > 0, any);
	spin_unlock_irq(&d->lock);
}

/* the largest, at the largest alignment; and in units that have no room for more */
static void large_objects_are_had(struct kunit *test)
{
	const struct spcpu_options options = {
		.backing = spcpu_test_backing(),
		.debug = SPCPU_REDZONE,
	};
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	struct spcpu *tight;
	char __percpu *ptr;

	ptr = spcpu_watched_alloc(test, d, SHADOW_PERCPU_MAX_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((__force unsigned long)per_cpu_ptr(ptr, 0),
					   PAGE_SIZE));
	expect_redzones(test, d, ptr, true);
	spcpu_watched_free(test, d, ptr);

	tight = spcpu_test_create(test, SHADOW_PERCPU_MAX_SIZE, 0, 4096, 0, &options);
	ptr = spcpu_watched_alloc(test, tight->debug, SHADOW_PERCPU_MAX_SIZE, 8);
	expect_redzones(test, tight->debug, ptr, false);
	spcpu_watched_free(test, tight->debug, ptr);
	KUNIT_EXPECT_EQ(test, tight->debug->nr_reports, 0UL);
	spcpu_test_check(test, tight);
}

/* the reserved chunk is small: what lies there has no redzones, but is watched */
static void reserved_objects_are_watched(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_WATCH_ALL);
	const struct spcpu_request req = {
		.size = 64,
		.align = 8,
		.reserved = true,
		.gfp = GFP_KERNEL,
		.caller = _RET_IP_,
	};
	unsigned long reports = d->nr_reports;
	void __percpu *ptr;

	KUNIT_ASSERT_EQ(test, 0, spcpu_debug_alloc(d, &req, &ptr));
	expect_redzones(test, d, ptr, false);
	spcpu_watched_free(test, d, ptr);
	KUNIT_EXPECT_EQ(test, d->nr_waiting, 1UL);

	spcpu_test_expecting(test, "shadow_percpu: BUG: write to a freed object");
	spcpu_watched_write(ptr, cpumask_first(cpu_possible_mask), 5, 1);
	spcpu_debug_flush(d);
	spcpu_test_expecting_no_more(test);
	KUNIT_EXPECT_EQ(test, d->nr_reports, reports + 1);
	spcpu_test_check(test, d->s);
}

/* a freed area is not handed out again before many others were freed */
static void quarantine_is_long_but_bounded(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_QUARANTINE);
	char __percpu *first = spcpu_watched_alloc(test, d, 4096, 8), *ptr;
	struct spcpu_objects objects;
	unsigned long freed = 0;

	spcpu_watched_free(test, d, first);
	do {
		KUNIT_ASSERT_LE(test, d->waiting_bytes, (size_t)SPCPU_WAITING_LONG);
		ptr = spcpu_watched_alloc(test, d, 4096, 8);
		spcpu_watched_free(test, d, ptr);
		freed += 4096;
	} while (ptr != first && freed < 4 * SPCPU_WAITING_LONG);
	KUNIT_EXPECT_GE(test, freed, (unsigned long)SPCPU_WAITING_LONG);
	KUNIT_EXPECT_PTR_EQ(test, (__force void *)ptr, (__force void *)first);

	/* what waits is not live */
	spcpu_tally_objects(d->s, &objects);
	KUNIT_EXPECT_EQ(test, objects.live, 0ULL);
	KUNIT_EXPECT_GT(test, d->s->stats.nr_cur_alloc, 0ULL);
	spcpu_debug_flush(d);
	KUNIT_EXPECT_EQ(test, d->s->stats.nr_cur_alloc, 0ULL);
	KUNIT_EXPECT_EQ(test, d->waiting_bytes, 0UL);
	spcpu_test_check(test, d->s);
}

/* a worker that does nothing */
static void rest(struct work_struct *work)
{
}

/* small units, and more objects of a page than there is room for when no worker comes */
#define UNIT	SZ_64K
#define MANY	512

/* rather than refusing, what waits goes */
static void give_way(struct kunit *test, const struct spcpu_request *req)
{
	struct spcpu_debug *d = spcpu_watched_units(test, SPCPU_QUARANTINE, UNIT);
	void __percpu **ptrs = kunit_kcalloc(test, MANY, sizeof(*ptrs), GFP_KERNEL);
	struct spcpu_breakage was;
	unsigned int nr = 0, i;

	KUNIT_ASSERT_NOT_NULL(test, ptrs);
	spcpu_test_swap_worker(d->s, rest);
	was = spcpu_test_break_growth(d->s);
	while (nr < MANY && !spcpu_debug_alloc(d, req, &ptrs[nr]))
		nr++;
	KUNIT_EXPECT_GT(test, nr, 0U);
	KUNIT_EXPECT_LT(test, nr, (unsigned int)MANY);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, 0, spcpu_debug_free(d, ptrs[i], _RET_IP_));
	KUNIT_EXPECT_EQ(test, d->nr_waiting, (unsigned long)nr);
	KUNIT_EXPECT_EQ(test, 0, spcpu_debug_alloc(d, req, &ptrs[0]));
	KUNIT_EXPECT_EQ(test, d->nr_waiting, 0UL);
	KUNIT_EXPECT_EQ(test, 0, spcpu_debug_free(d, ptrs[0], _RET_IP_));
	spcpu_test_mend_growth(d->s, was);
}

static void quarantine_gives_way(struct kunit *test)
{
	struct spcpu_request req = { .size = 4096, .align = 8, .caller = _RET_IP_ };

	req.gfp = GFP_NOWAIT | __GFP_NOWARN;
	give_way(test, &req);
	req.gfp = GFP_KERNEL;
	give_way(test, &req);
	req.reserved = true;
	give_way(test, &req);
}

/* refused requests leave nothing; all or none of several */
static void refusals_leave_nothing(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched_units(test, SPCPU_REDZONE, UNIT);
	void __percpu **ptrs = kunit_kcalloc(test, MANY, sizeof(*ptrs), GFP_KERNEL);
	struct spcpu_request req = { .size = 8, .align = 3, .gfp = GFP_KERNEL };
	void __percpu *ptr;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, ptrs);
	spcpu_test_swap_worker(d->s, rest);

	KUNIT_EXPECT_EQ(test, spcpu_debug_alloc(d, &req, &ptr), -EINVAL);
	KUNIT_EXPECT_NULL(test, (__force void *)ptr);

	req = (struct spcpu_request) {
		.size = 4096, .align = 8, .gfp = GFP_NOWAIT | __GFP_NOWARN,
		.caller = _RET_IP_,
	};
	KUNIT_EXPECT_EQ(test, spcpu_debug_alloc_bulk(d, &req, MANY, ptrs),
			-ENOMEM);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_NULL(test, (__force void *)ptrs[i]);
	KUNIT_EXPECT_EQ(test, d->nr_live, 0UL);
	KUNIT_EXPECT_EQ(test, d->s->stats.nr_cur_alloc, 0ULL);
	spcpu_test_check(test, d->s);
}

static void past_is_bounded(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	unsigned int i, nr = 0;
	struct list_head *past;

	for (i = 0; i < SPCPU_PAST_MAX + 10; i++)
		spcpu_watched_free(test, d, spcpu_watched_alloc(test, d, 8, 8));
	KUNIT_EXPECT_EQ(test, d->nr_past, (unsigned int)SPCPU_PAST_MAX);
	list_for_each(past, &d->past)
		nr++;
	KUNIT_EXPECT_EQ(test, nr, (unsigned int)SPCPU_PAST_MAX);
}

/* two call sites of their own */
static noinline char __percpu *small_client(struct kunit *test, struct spcpu_debug *d)
{
	char __percpu *ptr = spcpu_watched_alloc(test, d, 8, 8);

	barrier();
	return ptr;
}

static noinline char __percpu *large_client(struct kunit *test, struct spcpu_debug *d)
{
	char __percpu *ptr = spcpu_watched_alloc(test, d, 1000, 64);

	barrier();
	return ptr;
}

/* most bytes first, added up, with all CPUs' copies */
static void owners_are_sorted(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_OWNER);
	char *text, *small, *large, row[80];
	char __percpu *ptrs[6];
	unsigned int i;

	for (i = 0; i < 5; i++)
		ptrs[i] = small_client(test, d);
	ptrs[5] = large_client(test, d);
	text = spcpu_test_show(test, spcpu_owners_show, d->s);
	small = strstr(text, "small_client+");
	large = strstr(text, "large_client+");
	KUNIT_ASSERT_NOT_NULL(test, small);
	KUNIT_ASSERT_NOT_NULL(test, large);
	KUNIT_EXPECT_TRUE(test, large < small);
	snprintf(row, sizeof(row), "\n%10d %12d %12u ", 5, 40, 40 * num_possible_cpus());
	KUNIT_EXPECT_TRUE_MSG(test, strstr(text, row), "%s", text);

	for (i = 0; i < ARRAY_SIZE(ptrs); i++)
		spcpu_watched_free(test, d, ptrs[i]);
	text = spcpu_test_show(test, spcpu_owners_show, d->s);
	KUNIT_EXPECT_NULL(test, strstr(text, "_client+"));
}

static void leaks_are_old(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_OWNER);
	char __percpu *ptr = small_client(test, d);
	char *text;

	text = spcpu_test_show(test, spcpu_leaks_show, d->s);
	KUNIT_EXPECT_NULL(test, strstr(text, "small_client+"));
	KUNIT_EXPECT_TRUE(test, strstr(text, "# live for 60 s and longer"));
	WRITE_ONCE(d->leak_age, 0);
	text = spcpu_test_show(test, spcpu_leaks_show, d->s);
	KUNIT_EXPECT_TRUE(test, strstr(text, "small_client+"));
	spcpu_watched_free(test, d, ptr);
}

#define MOST_BAR	HALF HALF
#define HALF	"####################"

static void histogram_counts(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	char __percpu *ptrs[3];
	unsigned int i;
	char *text;

	ptrs[0] = small_client(test, d);
	ptrs[1] = large_client(test, d);
	ptrs[2] = large_client(test, d);
	text = spcpu_test_show(test, spcpu_histogram_show, d->s);
	KUNIT_EXPECT_TRUE_MSG(test, strstr(text, "\n           8       1 " HALF "\n"), "%s", text);
	KUNIT_EXPECT_TRUE_MSG(test, strstr(text, "\n         512       2 " MOST_BAR "\n"),
			      "%s", text);
	KUNIT_EXPECT_TRUE_MSG(test, strstr(text, "\n          64       2 " MOST_BAR "\n"),
			      "%s", text);
	for (i = 0; i < ARRAY_SIZE(ptrs); i++)
		spcpu_watched_free(test, d, ptrs[i]);
}

/* without debug= there is nothing to show, and the dumps say why */
/* more than there was room for: it begins anew, and none is missing or there twice */
static void survey_has_all_that_come(struct kunit *test)
{
	const unsigned int nr = 300;
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_OWNER);
	struct spcpu_survey *survey;
	char __percpu **ptrs = kunit_kcalloc(test, nr, sizeof(*ptrs), GFP_KERNEL);
	size_t i, bytes = 0;

	KUNIT_ASSERT_NOT_NULL(test, ptrs);
	for (i = 0; i < nr; i++)
		ptrs[i] = spcpu_watched_alloc(test, d, 4 * (i + 1), 4);

	/* as if all of them came while it is made */
	WRITE_ONCE(d->nr_live, 0);
	survey = spcpu_survey_make(d);
	WRITE_ONCE(d->nr_live, nr);
	KUNIT_ASSERT_NOT_NULL(test, survey);
	KUNIT_EXPECT_EQ(test, survey->nr, (size_t)nr);
	for (i = 0; i < survey->nr; i++)
		bytes += survey->seen[i].size;
	KUNIT_EXPECT_EQ(test, bytes, (size_t)2 * nr * (nr + 1));
	spcpu_survey_free(d, survey);

	for (i = 0; i < nr; i++)
		spcpu_watched_free(test, d, ptrs[i]);
	KUNIT_EXPECT_EQ(test, d->nr_live, 0UL);
}

static void unwatched_says_so(struct kunit *test)
{
	static int (* const shows[])(struct seq_file *m, void *unused) = {
		spcpu_owners_show, spcpu_leaks_show, spcpu_check_show, spcpu_histogram_show,
	};
	struct spcpu *s = spcpu_test_allocator(test, 0, 8192, 20480, 0, NULL,
					       SPCPU_FIRST_EMBED);
	unsigned int i;

	KUNIT_EXPECT_NULL(test, spcpu_debug_of(s));
	for (i = 0; i < ARRAY_SIZE(shows); i++)
		KUNIT_EXPECT_STREQ(test, spcpu_test_show(test, shows[i], s),
				   "# objects are not watched: load with debug=owner, or another word of debug=\n");
}

#define MOST	200
#define STEPS	4000

/* random calls: what is known agrees with what a simple list knows */
static void random_calls(struct kunit *test)
{
	static const unsigned int flags[] = {
		SPCPU_REDZONE, SPCPU_POISON, SPCPU_QUARANTINE | SPCPU_OWNER, SPCPU_WATCH_ALL,
	};
	struct rnd_state rnd;
	unsigned int i, step;

	prandom_seed_state(&rnd, 7);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct spcpu_debug *d = spcpu_watched(test, flags[i]);
		char __percpu **ptrs = kunit_kcalloc(test, MOST, sizeof(*ptrs), GFP_KERNEL);
		unsigned int nr = 0, at;

		KUNIT_ASSERT_NOT_NULL(test, ptrs);
		for (step = 0; step < STEPS; step++) {
			if (nr < MOST && spcpu_test_below(&rnd, 2)) {
				ptrs[nr++] = spcpu_watched_alloc(test, d,
								 1 + spcpu_test_below(&rnd, 500),
								 1 << spcpu_test_below(&rnd, 8));
			} else if (nr) {
				at = spcpu_test_below(&rnd, nr);
				spcpu_watched_free(test, d, ptrs[at]);
				ptrs[at] = ptrs[--nr];
			}
			KUNIT_ASSERT_EQ(test, d->nr_live, (unsigned long)nr);
			KUNIT_ASSERT_LE(test, d->waiting_bytes, d->waiting_max);
		}
		spcpu_debug_scan(d, "by a scan");
		KUNIT_EXPECT_EQ(test, d->last.live, (unsigned long)nr);
		KUNIT_EXPECT_EQ(test, d->last.waiting, d->nr_waiting);
		KUNIT_EXPECT_EQ(test, d->nr_reports, 0UL);
		spcpu_test_check(test, d->s);
		while (nr)
			spcpu_watched_free(test, d, ptrs[--nr]);
		spcpu_debug_flush(d);
		KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&d->tracks));
		KUNIT_EXPECT_EQ(test, d->s->stats.nr_cur_alloc, 0ULL);
	}
}

/* in a hard interrupt, on each CPU */
static void call_in_irq(void *arg)
{
	struct spcpu_debug *d = arg;
	const struct spcpu_request req = {
		.size = 24,
		.align = 8,
		.gfp = GFP_ATOMIC | __GFP_NOWARN,
		.caller = _RET_IP_,
	};
	void __percpu *ptr;

	if (!spcpu_debug_alloc(d, &req, &ptr))
		spcpu_debug_free(d, ptr, _RET_IP_);
}

/* from hard interrupts, with a lock held that they take, and while all is looked at */
static void any_context_will_do(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_WATCH_ALL);
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		on_each_cpu(call_in_irq, d, i % 2);
		spin_lock_irqsave(&lock, flags);
		call_in_irq(d);
		spin_unlock_irqrestore(&lock, flags);
		task_lock(current);
		call_in_irq(d);
		task_unlock(current);
		spcpu_debug_scan(d, "by a scan");
		if (!(i % 16))
			spcpu_debug_flush(d);
	}
	on_each_cpu(call_in_irq, d, true);
	KUNIT_EXPECT_EQ(test, d->nr_live, 0UL);
	KUNIT_EXPECT_EQ(test, d->nr_reports, 0UL);
	spcpu_debug_flush(d);
	KUNIT_EXPECT_EQ(test, d->s->stats.nr_cur_alloc, 0ULL);
	spcpu_test_check(test, d->s);
}

static struct kunit_case watch_cases[] = {
	KUNIT_CASE(words_are_understood),
	KUNIT_CASE(size_is_what_may_be_used),
	KUNIT_CASE(large_objects_are_had),
	KUNIT_CASE(reserved_objects_are_watched),
	KUNIT_CASE(quarantine_is_long_but_bounded),
	KUNIT_CASE(quarantine_gives_way),
	KUNIT_CASE(refusals_leave_nothing),
	KUNIT_CASE(past_is_bounded),
	KUNIT_CASE(owners_are_sorted),
	KUNIT_CASE(leaks_are_old),
	KUNIT_CASE(histogram_counts),
	KUNIT_CASE(survey_has_all_that_come),
	KUNIT_CASE(unwatched_says_so),
	KUNIT_CASE(random_calls),
	KUNIT_CASE(any_context_will_do),
	{}
};

struct kunit_suite spcpu_watch_suite = {
	.name = "shadow_percpu_watch",
	.test_cases = watch_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Debug: mistakes of those who use objects, each made on purpose, and what the log
 * says of it.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/poison.h>
#include <linux/string.h>

#include "copies.h"
#include "cpus.h"
#include "dump.h"
#include "hotplug.h"
#include "shadow_percpu.h"
#include "suites.h"
#include "text.h"
#include "watched.h"

#define REPORT	"shadow_percpu: BUG: write (past|before|to)"

/* so many lines with these words have come since then */
static __printf(4, 5) void expect_lines(struct kunit *test,
					const struct spcpu_kmsg *since,
					unsigned int nr, const char *format, ...)
{
	va_list args;
	char line[160];

	va_start(args, format);
	vscnprintf(line, sizeof(line), format, args);
	va_end(args);
	KUNIT_EXPECT_EQ_MSG(test, spcpu_kmsg_count(since, line), nr, "%s", line);
}

#define expect_line(test, since, ...)	expect_lines(test, since, 1, __VA_ARGS__)

/* a scan that finds so many */
static void look(struct kunit *test, struct spcpu_debug *d, unsigned long corrupt)
{
	spcpu_debug_scan(d, "by a scan");
	KUNIT_EXPECT_EQ(test, d->last.corrupt, corrupt);
}

/* one byte behind the last, whatever the size and whoever's copy */
static void overrun_is_found_at_free(struct kunit *test)
{
	static const size_t sizes[] = { 1, 13, 24, 4096, SHADOW_PERCPU_MAX_SIZE };
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	struct spcpu_kmsg since;
	char __percpu *ptr;
	unsigned int i, cpu;

	spcpu_test_expecting(test, REPORT);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		cpu = cpumask_nth(i % num_online_cpus(), cpu_online_mask);
		ptr = spcpu_watched_alloc(test, d, sizes[i], 8);
		spcpu_watched_write(ptr, cpu, sizes[i], 0x41);
		spcpu_kmsg_mark(&since);
		spcpu_watched_free(test, d, ptr);

		expect_line(test, &since,
			    "BUG: write past the end of an object, in CPU %u's copy", cpu);
		expect_line(test, &since, " of %zu bytes, aligned to 8, offset", sizes[i]);
		expect_line(test, &since, "bytes %zu to %zu: 0x41 instead of 0xcc; wrong in 1 of",
			    sizes[i], sizes[i]);
		expect_line(test, &since, "found at free, by %s+", __func__);
		expect_line(test, &since, "allocated by ");
		expect_line(test, &since, "shadow_percpu:  %s+", __func__);
		expect_line(test, &since, "bytes of CPU %u's copy around it:", cpu);
		KUNIT_EXPECT_EQ(test, d->nr_reports, (unsigned long)i + 1);
	}
	spcpu_test_expecting_no_more(test);
	KUNIT_EXPECT_EQ(test, d->nr_live, 0UL);
}

static void underrun_is_found_at_free(struct kunit *test)
{
	static const size_t aligns[] = { 1, 8, 64, PAGE_SIZE };
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	unsigned int cpu = cpumask_last(cpu_online_mask), i;
	struct spcpu_kmsg since;
	char __percpu *ptr;

	spcpu_test_expecting(test, REPORT);
	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		ptr = spcpu_watched_alloc(test, d, 24, aligns[i]);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((__force unsigned long)per_cpu_ptr(ptr, cpu),
						   aligns[i]));
		spcpu_watched_write(ptr, cpu, -1, 0x42);
		spcpu_watched_write(ptr, cpu, -3, 0x43);
		spcpu_kmsg_mark(&since);
		spcpu_watched_free(test, d, ptr);

		expect_line(test, &since,
			    "BUG: write before the start of an object, in CPU %u's copy", cpu);
		expect_line(test, &since, "bytes -3 to -1: 0x43 instead of 0xcc");
		expect_line(test, &since,
			    ">    -16: cc cc cc cc cc cc cc cc cc cc cc cc cc 43 cc 42");
	}
	spcpu_test_expecting_no_more(test);
}

/* all copies have it, and one report says so */
static void each_cpu_is_looked_at(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	char __percpu *ptr = spcpu_watched_alloc(test, d, 16, 8);
	struct spcpu_kmsg since;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		spcpu_watched_write(ptr, cpu, 17, 1);
	spcpu_kmsg_mark(&since);
	spcpu_test_expecting(test, REPORT);
	spcpu_watched_free(test, d, ptr);
	spcpu_test_expecting_no_more(test);
	expect_line(test, &since, "bytes 17 to 17: 0x01 instead of 0xcc; wrong in %u of %u copies",
		    num_possible_cpus(), num_possible_cpus());
	KUNIT_EXPECT_EQ(test, d->nr_reports, 1UL);
}

/* what is the object's own is nobody's mistake, up to the last byte of each copy */
static void right_use_is_not_reported(struct kunit *test)
{
	static const size_t sizes[] = { 1, 3, 4, 24, 4095, SHADOW_PERCPU_MAX_SIZE };
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_WATCH_ALL);
	char __percpu *ptr[ARRAY_SIZE(sizes)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ptr[i] = spcpu_watched_alloc(test, d, sizes[i], 4);
		KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr[i], sizes[i]));
		spcpu_copies_fill(ptr[i], sizes[i], i);
	}
	look(test, d, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(ptr[i], sizes[i], i));
		spcpu_watched_free(test, d, ptr[i]);
	}
	look(test, d, 0);
	spcpu_debug_flush(d);
	KUNIT_EXPECT_EQ(test, d->nr_reports, 0UL);
	spcpu_test_check(test, d->s);
}

/* both ends, and one report that says so */
static void all_mistakes_are_told(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	char __percpu *ptr = spcpu_watched_alloc(test, d, 16, 8);
	struct spcpu_kmsg since;

	spcpu_watched_write(ptr, 0, -1, 1);
	spcpu_watched_write(ptr, 0, 16, 1);
	spcpu_kmsg_mark(&since);
	spcpu_test_expecting(test, REPORT);
	spcpu_watched_free(test, d, ptr);
	spcpu_test_expecting_no_more(test);
	expect_line(test, &since, "BUG: write before the start of an object");
	expect_line(test, &since, "and also: write past the end of an object");
	KUNIT_EXPECT_EQ(test, d->nr_reports, 1UL);
}

static void scan_finds_it_once(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	char __percpu *good = spcpu_watched_alloc(test, d, 64, 8);
	char __percpu *bad = spcpu_watched_alloc(test, d, 64, 8);
	struct spcpu_kmsg since;
	char *text;

	text = spcpu_test_show(test, spcpu_check_show, d->s);
	KUNIT_EXPECT_TRUE(test, strstr(text, "verdict: not scanned yet"));
	spcpu_watched_write(bad, 0, 64, 0);
	spcpu_kmsg_mark(&since);
	spcpu_test_expecting(test, REPORT);
	look(test, d, 1);
	spcpu_test_expecting_no_more(test);
	expect_line(test, &since, "found by a scan");
	text = spcpu_test_show(test, spcpu_check_show, d->s);
	KUNIT_EXPECT_STREQ(test, text,
			   "debug=redzone\nlive: 2\nin quarantine: 0\nreports: 1\nscans: 1\n"
			   "verdict: corrupt; the last scan looked at 2 live and 0 freed objects, 1 had wrong bytes\n");

	look(test, d, 0);
	text = spcpu_test_show(test, spcpu_check_show, d->s);
	KUNIT_EXPECT_TRUE(test, strstr(text, "verdict: clean;"));
	spcpu_watched_free(test, d, bad);
	spcpu_watched_free(test, d, good);
	KUNIT_EXPECT_EQ(test, d->nr_reports, 1UL);
}

static void use_after_free_is_found(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_POISON);
	unsigned int cpu = cpumask_last(cpu_online_mask);
	char __percpu *ptr = spcpu_watched_alloc(test, d, 20, 4);
	struct spcpu_kmsg since;

	spcpu_copies_fill(ptr, 20, 1);
	spcpu_watched_free(test, d, ptr);
	KUNIT_EXPECT_EQ(test, *(u8 *)per_cpu_ptr(ptr, cpu), POISON_FREE);
	KUNIT_EXPECT_EQ(test, *((u8 *)per_cpu_ptr(ptr, cpu) + 19), POISON_END);

	spcpu_watched_write(ptr, cpu, 19, 0);
	spcpu_kmsg_mark(&since);
	spcpu_test_expecting(test, REPORT);
	look(test, d, 1);
	expect_line(test, &since, "BUG: write to a freed object, in CPU %u's copy", cpu);
	expect_line(test, &since, "bytes 19 to 19: 0x00 instead of 0xa5");
	expect_line(test, &since, "freed by ");
	expect_lines(test, &since, 2, "shadow_percpu:  %s+", __func__);

	/* and when its time is over */
	spcpu_watched_write(ptr, 0, 0, 0);
	spcpu_kmsg_mark(&since);
	spcpu_debug_flush(d);
	spcpu_test_expecting_no_more(test);
	expect_line(test, &since, "found at the end of its time in quarantine");
	expect_line(test, &since, "bytes 0 to 0: 0x00 instead of 0x6b");
	KUNIT_EXPECT_EQ(test, d->nr_waiting, 0UL);
	spcpu_test_check(test, d->s);
}

/* free, expect this error, and the object's history */
static void expect_refused(struct kunit *test, struct spcpu_debug *d,
			   char __percpu *ptr, int err, int byte, bool freed)
{
	struct spcpu_kmsg since;

	KUNIT_EXPECT_EQ(test, spcpu_debug_free(d, ptr, _RET_IP_), err);
	spcpu_kmsg_mark(&since);
	spcpu_report_history(d, ptr);
	expect_line(test, &since, "byte %d of an object of 40 bytes, aligned to 8", byte);
	expect_line(test, &since, "allocated by ");
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&since, "freed by "), (unsigned int)freed);
}

static void bad_frees_have_a_history(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_WATCH_ALL);
	char __percpu *ptr = spcpu_watched_alloc(test, d, 40, 8);

	expect_refused(test, d, ptr + 8, -EINVAL, 8, false);
	expect_refused(test, d, ptr - 4, -EINVAL, -4, false);
	KUNIT_EXPECT_EQ(test, d->nr_live, 1UL);
	spcpu_watched_free(test, d, ptr);
	expect_refused(test, d, ptr, -ENOENT, 0, true);

	/* its area is free by then */
	spcpu_debug_flush(d);
	expect_refused(test, d, ptr, -ENOENT, 0, true);
	spcpu_test_check(test, d->s);
}

/* where two were, one of which began there, there is a third by now */
static void history_is_of_who_began_there(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_OWNER);
	char __percpu *first = spcpu_watched_alloc(test, d, 40, 8);
	char __percpu *second = spcpu_watched_alloc(test, d, 40, 8);
	struct spcpu_kmsg since;
	char __percpu *third;

	KUNIT_ASSERT_PTR_EQ(test, (__force void *)second, (__force void *)(first + 40));
	spcpu_watched_free(test, d, first);
	spcpu_watched_free(test, d, second);
	third = spcpu_watched_alloc(test, d, 80, 8);
	KUNIT_ASSERT_PTR_EQ(test, (__force void *)third, (__force void *)first);

	spcpu_kmsg_mark(&since);
	spcpu_report_history(d, second);
	expect_line(test, &since, "byte 0 of an object of 40 bytes, aligned to 8");
	spcpu_report_history(d, second + 4);
	expect_line(test, &since, "byte 44 of an object of 80 bytes, aligned to 8");
	spcpu_watched_free(test, d, third);
}

/* what was never watched cannot be freed by mistake, and has no history */
static void unwatched_is_foreign(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	void __percpu *other = alloc_percpu(u64);
	struct spcpu_kmsg since;
	void __percpu *own;

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)other);
	own = spcpu_test_alloc(test, d->s, 64, 8);
	spcpu_kmsg_mark(&since);
	KUNIT_EXPECT_EQ(test, spcpu_debug_free(d, other, _RET_IP_), -EFAULT);
	KUNIT_EXPECT_EQ(test, spcpu_debug_free(d, own, _RET_IP_), -EFAULT);
	spcpu_report_history(d, own);
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&since, "byte "), 0U);
	spcpu_test_free(test, d->s, own);
	free_percpu(other);
}

/* a CPU that gets its copies later has redzones there, too */
static void late_cpu_is_guarded(struct kunit *test)
{
	const struct spcpu_options options = {
		.backing = &spcpu_backing_sparse,
		.online = true,
		.debug = SPCPU_REDZONE | SPCPU_POISON,
	};
	const struct cpumask *absent;
	char __percpu *live, *freed;
	struct spcpu *s;
	unsigned int cpu;

	spcpu_cpus_leave(test, 2);
	s = spcpu_test_create(test, 0, 8192, 20480, 0, &options);
	absent = spcpu_cpus_absent(test, s);
	live = spcpu_watched_alloc(test, s->debug, 40, 8);
	freed = spcpu_watched_alloc(test, s->debug, 40, 8);
	spcpu_watched_free(test, s->debug, freed);
	/* on a machine of one CPU nobody can be absent */
	if (cpumask_empty(absent)) {
		KUNIT_EXPECT_EQ(test, num_possible_cpus(), 1U);
		return;
	}

	cpu = cpumask_first(absent);
	KUNIT_ASSERT_EQ(test, 0, spcpu_cpus_come(s, cpu));
	look(test, s->debug, 0);
	KUNIT_EXPECT_EQ(test, *((u8 *)per_cpu_ptr(freed, cpu) + 39), POISON_END);
	spcpu_watched_write(live, cpu, 40, 0);
	spcpu_watched_write(freed, cpu, 0, 0);
	spcpu_test_expecting(test, REPORT);
	look(test, s->debug, 2);
	spcpu_test_expecting_no_more(test);
	spcpu_watched_free(test, s->debug, live);
}

/* an allocator that goes away looks once more, and names what is left and whose */
static void leaks_are_named_with_owner(struct kunit *test)
{
	struct spcpu_debug *d = spcpu_watched(test, SPCPU_REDZONE);
	char __percpu *left = spcpu_watched_alloc(test, d, 44, 4);
	struct spcpu_kmsg since;

	spcpu_watched_write(left, 0, 44, 0);
	spcpu_kmsg_mark(&since);
	spcpu_test_expecting(test, "shadow_percpu: (leaked|BUG)");
	KUNIT_EXPECT_EQ(test, spcpu_report_leaks(d->s), 1U);
	spcpu_test_expecting_no_more(test);
	expect_line(test, &since, "found when the allocator went away");
	expect_line(test, &since, "leaked: 44 bytes per CPU at offset ");
	expect_line(test, &since, " s ago in %s+", __func__);
}

static struct kunit_case debug_cases[] = {
	KUNIT_CASE(overrun_is_found_at_free),
	KUNIT_CASE(underrun_is_found_at_free),
	KUNIT_CASE(each_cpu_is_looked_at),
	KUNIT_CASE(right_use_is_not_reported),
	KUNIT_CASE(all_mistakes_are_told),
	KUNIT_CASE(scan_finds_it_once),
	KUNIT_CASE(use_after_free_is_found),
	KUNIT_CASE(bad_frees_have_a_history),
	KUNIT_CASE(history_is_of_who_began_there),
	KUNIT_CASE(unwatched_is_foreign),
	KUNIT_CASE(late_cpu_is_guarded),
	KUNIT_CASE(leaks_are_named_with_owner),
	{}
};

struct kunit_suite spcpu_debug_suite = {
	.name = "shadow_percpu_debug",
	.test_cases = debug_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Failing: each memory allocation fails, one after the other.
 *
 * The kernel counts the allocations of a task that has fail_nth, and fails the one
 * with which it comes down to 0 (lib/fault-inject.c). What is left of it tells
 * whether there were so many at all. Then, since the guest asks for it
 * (qemu/guest/kunit.sh), all fail in a task that has make_it_fail, and in no other.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "api.h"
#include "failing.h"
#include "fixture.h"
#include "state.h"

#ifndef CONFIG_FAULT_INJECTION
#error the tests take a kernel with CONFIG_FAULT_INJECTION, as kunit/debug.config asks for
#endif

/* more than anything here does; who never comes to an end has a mistake */
#define MOST	20000

/* where @slow: so many fail in turn, then one in so many */
#define SLOW_FIRST	16
#define SLOW_STEP	24

/* what a line of /proc/vmallocinfo has that is about an area of ours */
#define OURS	"[shadow_percpu"

/**
 * spcpu_failing_from() - from now on one memory allocation of this task fails
 * @nth: which, from 1
 * @all: all those after it fail, too
 */
void spcpu_failing_from(unsigned int nth, bool all)
{
	current->make_it_fail = all;
	WRITE_ONCE(current->fail_nth, nth);
}

/**
 * spcpu_failing_end() - no more of them fails
 *
 * Return: True if one has failed.
 */
bool spcpu_failing_end(void)
{
	unsigned int left = READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	current->make_it_fail = 0;
	return !left;
}

static bool object_fails(unsigned int nth, bool all, unsigned int which)
{
	void *objects[3];
	unsigned int i;
	bool failed;

	spcpu_failing_from(nth, all);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmalloc(64, GFP_KERNEL);
	spcpu_failing_end();
	failed = !objects[which];
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		kfree(objects[i]);
	return failed;
}

static bool page_fails(gfp_t gfp)
{
	struct page *page;

	spcpu_failing_from(1, false);
	page = alloc_page(gfp);
	spcpu_failing_end();
	if (page)
		__free_page(page);
	return !page;
}

/*
 * pcpu_get_vm_areas(), which backing=sparse has its addresses from, allocates two
 * arrays, and two records for each area; and then, when it cuts an area out of what is
 * free, something that it warns about when it is not there. Before it comes to that,
 * nothing fails until it returns.
 */
struct spared {
	unsigned int fail_nth;
	bool all;
};

static int enter_get_areas(struct kretprobe_instance *instance,
			   struct pt_regs *regs)
{
	unsigned int own = 2 + 2 * regs_get_kernel_argument(regs, 2);
	struct spared *spared = (void *)instance->data;

	spared->all = current->make_it_fail;
	spared->fail_nth = current->fail_nth > own ? current->fail_nth : 0;
	if (spared->fail_nth)
		spcpu_failing_from(0, false);
	return 0;
}

static int leave_get_areas(struct kretprobe_instance *instance,
			   struct pt_regs *regs)
{
	struct spared *spared = (void *)instance->data;

	if (spared->fail_nth)
		spcpu_failing_from(spared->fail_nth, spared->all);
	return 0;
}

static struct kretprobe get_areas;

static void spare_no_more(void *unused)
{
	unregister_kretprobe(&get_areas);
}

static void spare(struct kunit *test)
{
	/* with what one registration left there the next would not go */
	get_areas = (struct kretprobe) {
		.kp.symbol_name = "pcpu_get_vm_areas",
		.entry_handler = enter_get_areas,
		.handler = leave_get_areas,
		.data_size = sizeof(struct spared),
	};
	KUNIT_ASSERT_EQ(test, 0, register_kretprobe(&get_areas));
	spcpu_test_at_exit(test, spare_no_more, NULL);
}

/**
 * spcpu_failing_init() - for a suite's init: can allocations be made to fail here?
 * @test: the test, which fails if not
 *
 * Return: 0.
 */
int spcpu_failing_init(struct kunit *test)
{
	/* kmemleak has a record of each, which it allocates, too */
	const unsigned int second = IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) ? 3 : 2;

	spare(test);
	KUNIT_EXPECT_TRUE(test, object_fails(second, false, 1));
	KUNIT_EXPECT_FALSE(test, object_fails(second, false, 2));
	KUNIT_EXPECT_FALSE(test, object_fails(second, true, 0));
	KUNIT_EXPECT_TRUE(test, object_fails(second, true, 2));
	KUNIT_EXPECT_TRUE(test, page_fails(GFP_KERNEL | __GFP_HIGHMEM));
	KUNIT_EXPECT_TRUE(test, page_fails(GFP_NOWAIT));
	return 0;
}

/**
 * struct tally - how it went
 *
 * @nth: which one fails now
 * @nr: allocations that failed
 * @refused: of these those with which the whole failed
 * @before: the state that must not change, if there is one
 * @pages: and the pages
 */
struct tally {
	unsigned int nth;
	unsigned int nr;
	unsigned int refused;
	struct spcpu_state *before;
	unsigned long pages;
};

static void remember(const struct spcpu_failing *f, struct tally *t)
{
	if (!f->s)
		return;
	if (t->before)
		spcpu_state_drop(f->test, t->before);
	t->before = spcpu_state_take(f->test, f->s);
	t->pages = spcpu_pages_total(&f->s->pages);
}

static void refused(const struct spcpu_failing *f, struct tally *t, int err)
{
	KUNIT_ASSERT_EQ_MSG(f->test, err, -ENOMEM, "%s, allocation %u", f->what,
			    t->nth);
	KUNIT_ASSERT_FALSE(f->test, f->never);
	t->refused++;
	if (f->failed)
		f->failed(f->with);
	if (!f->s)
		return;
	spcpu_state_expect(f->test, f->s, t->before, f->what);
	KUNIT_ASSERT_EQ_MSG(f->test, spcpu_pages_total(&f->s->pages), t->pages,
			    "%s, allocation %u", f->what, t->nth);
}

static void done(const struct spcpu_failing *f, struct tally *t)
{
	if (f->undo)
		f->undo(f->with);
	if (f->s)
		spcpu_test_check(f->test, f->s);
	remember(f, t);
}

/* true: there was one with the number that is next, and it failed */
static bool fail_next(const struct spcpu_failing *f, struct tally *t, bool all)
{
	bool failed;
	int err;

	t->nth += f->slow && t->nth >= SLOW_FIRST ? SLOW_STEP : 1;
	spcpu_failing_from(t->nth, all);
	err = f->op(f->with);
	failed = spcpu_failing_end();
	t->nr += failed;
	if (err)
		refused(f, t, err);
	else
		done(f, t);
	if (!failed)
		KUNIT_ASSERT_EQ_MSG(f->test, err, 0, "%s, with all memory",
				    f->what);
	return failed;
}

static unsigned int fail_all(const struct spcpu_failing *f, bool all)
{
	struct tally t = { };

	remember(f, &t);
	while (fail_next(f, &t, all))
		KUNIT_ASSERT_LT_MSG(f->test, t.nth, MOST + 0U, "%s", f->what);
	KUNIT_EXPECT_GT_MSG(f->test, t.nr, 0U, "%s", f->what);
	/* with all of them missing it cannot have gone well */
	if (all && !f->never)
		KUNIT_EXPECT_GT_MSG(f->test, t.refused, 0U, "%s", f->what);
	if (f->s)
		spcpu_test_check(f->test, f->s);
	kunit_info(f->test, "%s: %u allocations failed, and %u times all of it\n",
		   f->what, t.nr, t.refused);
	return t.nr;
}

/**
 * spcpu_failing_each() - let each allocation in it fail, in turn, then all from each on
 * @f: what is done
 *
 * When it fails it says -ENOMEM and nothing has changed. It may do well without what
 * was missing. In the end, with all memory, it does.
 *
 * Return: How many there were that failed by themselves: more than 0.
 */
unsigned int spcpu_failing_each(const struct spcpu_failing *f)
{
	unsigned int nr = fail_all(f, false);

	if (!f->slow)
		fail_all(f, true);
	return nr;
}

/**
 * spcpu_failing_none() - there is no allocation in it, and it does well
 * @f: what is done
 */
void spcpu_failing_none(const struct spcpu_failing *f)
{
	bool failed;
	int err;

	spcpu_failing_from(1, true);
	err = f->op(f->with);
	/* where there is kmemleak, its record of an object is one */
	failed = spcpu_failing_end() && !IS_ENABLED(CONFIG_DEBUG_KMEMLEAK);
	KUNIT_EXPECT_FALSE_MSG(f->test, failed, "%s", f->what);
	KUNIT_ASSERT_EQ_MSG(f->test, err, 0, "%s", f->what);
	if (f->undo)
		f->undo(f->with);
}

/* lines of a piece of text that have a word */
static unsigned int count_lines(const char *text, const char *word)
{
	unsigned int nr = 0;

	while ((text = strstr(text, word))) {
		text = strchrnul(text, '\n');
		nr++;
	}
	return nr;
}

/* of the living module, which nobody uses meanwhile, as little as there can be */
static void calm_down(void)
{
	struct spcpu *s = spcpu_api_allocator();

	spcpu_cache_drain(s);
	spcpu_test_settle(s);
	spcpu_shrink(s, ULONG_MAX);
	spcpu_test_settle(s);
}

/**
 * spcpu_failing_areas() - how many vmalloc areas are of our modules' making?
 * @test: the test
 *
 * Those that are freed after a grace period may still be there.
 *
 * Return: Their number.
 */
unsigned int spcpu_failing_areas(struct kunit *test)
{
	const size_t size = 512 << 10;
	char *text = kvzalloc(size, GFP_KERNEL);
	unsigned int nr;
	struct file *file;
	ssize_t len;
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, text);
	calm_down();
	file = filp_open("/proc/vmallocinfo", O_RDONLY, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	do {
		len = kernel_read(file, text + pos, size - 1 - pos, &pos);
	} while (len > 0);
	filp_close(file, NULL);
	nr = count_lines(text, OURS);
	kvfree(text);
	KUNIT_ASSERT_EQ(test, len, (ssize_t)0);
	return nr;
}

/**
 * spcpu_failing_expect_areas() - there are no more than there were
 * @test: the test
 * @before: what spcpu_failing_areas() gave then
 */
void spcpu_failing_expect_areas(struct kunit *test, unsigned int before)
{
	unsigned int nr, tries = 1200;

	/*
	 * What is freed after a grace period goes in its own time, then and now: in
	 * batches of 5 s, one after the other, and behind whatever keeps CPUs busy.
	 */
	while ((nr = spcpu_failing_areas(test)) > before && tries--)
		msleep(50);
	KUNIT_EXPECT_LE(test, nr, before);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Soak: a mixed load, bounded in what it does and not in time: threads that may sleep,
 * and two timers that may not, one in hard and one in soft interrupts. Each fills
 * places at random, and empties them; some take objects in bulk, or set some aside.
 *
 * Who gets an object finds it zeroed, and fills its own CPU's copy. When it is freed
 * that copy is as it was left, and those of all other CPUs are still zero: whatever
 * somebody else wrote there is seen. `make soak` loads this again and again.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/hrtimer.h"
#include "shadow_percpu.h"

#define THREADS		4
#define PLACES		96	/* of a thread; of a timer, too */
#define MANY		24	/* objects in bulk, or set aside */
#define TICK_STEPS	8
#define PERIOD_NS	(200 * NSEC_PER_USEC)

/* most are small; one in so many is as large as can be */
#define SMALL_ORDERS	8
#define RARE		64

static ulong seed = 1;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of all that is random (default: 1)");

static uint steps = 1000;
module_param(steps, uint, 0444);
MODULE_PARM_DESC(steps, "what each thread does, and each timer (default: 1000)");

static uint leak_pages;
module_param(leak_pages, uint, 0444);
MODULE_PARM_DESC(leak_pages,
		 "pages to take and never give back, to see that it is seen (default: 0)");

static uint leak_objects;
module_param(leak_objects, uint, 0444);
MODULE_PARM_DESC(leak_objects,
		 "objects of 128 bytes of the kernel's to leak, likewise (default: 0)");

/**
 * struct thing - an object, and what was written to it
 *
 * @ptr: the object; NULL: an empty place
 * @size: its bytes
 * @cpu: whose copy was filled
 * @byte: with what
 */
struct thing {
	u8 __percpu *ptr;
	size_t size;
	int cpu;
	u8 byte;
};

/**
 * struct doer - a thread, or a timer
 *
 * @task: the thread
 * @timer: the timer
 * @mode: in which interrupts it ticks
 * @done: it has ticked as often as it should
 * @rnd: decides
 * @left: steps to go
 * @nr: objects it got
 * @refused: those it did not get, and could not have waited for
 * @failed: those it did not get all the same
 * @wrong: objects in which something was not as it should be
 * @things: its places
 */
struct doer {
	struct task_struct *task;
	struct hrtimer timer;
	enum hrtimer_mode mode;
	struct completion done;
	struct rnd_state rnd;
	unsigned int left;
	u64 nr;
	u64 refused;
	u64 failed;
	u64 wrong;
	struct thing things[PLACES];
};

static struct doer threads[THREADS];
static struct doer timers[2] = {
	{ .mode = HRTIMER_MODE_REL_HARD },
	{ .mode = HRTIMER_MODE_REL_SOFT },
};

static u32 below(struct doer *d, u32 end)
{
	return prandom_u32_state(&d->rnd) % end;
}

static size_t any_size(struct doer *d)
{
	size_t size = 4 << below(d, SMALL_ORDERS);

	if (!below(d, RARE))
		return 1 + below(d, SHADOW_PERCPU_MAX_SIZE);
	return size + below(d, size);
}

static size_t any_align(struct doer *d)
{
	return below(d, 4) ? 8 : 1UL << below(d, 13);
}

/* is a copy all @byte? */
static bool holds(const struct thing *t, int cpu, u8 byte)
{
	return !memchr_inv(per_cpu_ptr(t->ptr, cpu), byte, t->size);
}

/* what nobody has written to is zero, also where a CPU has no memory of its own */
static bool is_whole(const struct thing *t)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (!holds(t, cpu, cpu == t->cpu ? t->byte : 0))
			return false;
	}
	return true;
}

static void begin(struct doer *d, struct thing *t)
{
	d->nr++;
	t->byte = 0;
	t->cpu = get_cpu();
	d->wrong += !is_whole(t);
	t->byte = 1 + below(d, 255);
	memset(this_cpu_ptr(t->ptr), t->byte, t->size);
	put_cpu();
}

static void end(struct doer *d, struct thing *t)
{
	d->wrong += !is_whole(t);
	shadow_free_percpu(t->ptr);
	t->ptr = NULL;
}

static void fill(struct doer *d, struct thing *t, gfp_t gfp)
{
	t->size = any_size(d);
	t->ptr = __shadow_alloc_percpu_gfp(t->size, any_align(d),
					   gfp | __GFP_NOWARN);
	if (t->ptr)
		begin(d, t);
	else if (gfpflags_allow_blocking(gfp))
		d->failed++;
	else
		d->refused++;
}

static void step(struct doer *d, gfp_t gfp)
{
	struct thing *t = &d->things[below(d, PLACES)];

	if (t->ptr)
		end(d, t);
	else
		fill(d, t, gfp);
}

static void use_many(struct doer *d, void __percpu **ptrs, size_t size)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		struct thing t = { .ptr = (u8 __percpu *)ptrs[i], .size = size };

		begin(d, &t);
		d->wrong += !is_whole(&t);
	}
}

static void bulk(struct doer *d)
{
	size_t size = any_size(d);
	void __percpu *ptrs[MANY];

	if (shadow_alloc_percpu_bulk(size, 8, GFP_KERNEL | __GFP_NOWARN, MANY,
				     ptrs)) {
		d->failed++;
		return;
	}
	use_many(d, ptrs, size);
	shadow_free_percpu_bulk(MANY, ptrs);
}

/* half of them are taken */
static void set_aside(struct doer *d)
{
	struct shadow_percpu_prefill *pre;
	size_t size = any_size(d);
	unsigned int i;

	pre = shadow_percpu_prefill(size, 8, MANY, GFP_KERNEL | __GFP_NOWARN);
	if (!pre) {
		d->failed++;
		return;
	}
	for (i = 0; i < MANY / 2; i++) {
		struct thing t = { .size = size };

		preempt_disable();
		t.ptr = (u8 __percpu *)shadow_percpu_take(pre);
		preempt_enable();
		begin(d, &t);
		end(d, &t);
	}
	shadow_percpu_prefill_end(pre);
}

static int run(void *data)
{
	struct doer *d = data;

	for (; d->left; d->left--) {
		u32 what = below(d, 64);

		if (what == 0)
			bulk(d);
		else if (what == 1)
			set_aside(d);
		else
			step(d, what < 12 ? GFP_ATOMIC : GFP_KERNEL);
		cond_resched();
	}
	/* whoever unloads us waits for that, however early he comes */
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct doer *d = container_of(timer, struct doer, timer);
	unsigned int i;

	for (i = 0; i < TICK_STEPS && d->left; i++, d->left--)
		step(d, GFP_NOWAIT);
	if (!d->left) {
		complete(&d->done);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ns_to_ktime(PERIOD_NS));
	return HRTIMER_RESTART;
}

static void prepare(struct doer *d, unsigned int number)
{
	prandom_seed_state(&d->rnd, seed * 16 + number);
	d->left = max(steps, 1U);
}

/* of all of them, when they are done */
struct sum {
	u64 nr;
	u64 refused;
	u64 failed;
	u64 wrong;
};

static void give_up(struct doer *d, struct sum *sum)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		if (d->things[i].ptr)
			end(d, &d->things[i]);
	}
	sum->nr += d->nr;
	sum->refused += d->refused;
	sum->failed += d->failed;
	sum->wrong += d->wrong;
}

static void stop_threads(unsigned int nr)
{
	while (nr--)
		kthread_stop(threads[nr].task);
}

static int start_threads(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		struct task_struct *task;

		prepare(&threads[i], i);
		task = kthread_run(run, &threads[i], "spcpu_soak/%u", i);
		if (IS_ERR(task)) {
			stop_threads(i);
			return PTR_ERR(task);
		}
		threads[i].task = task;
	}
	return 0;
}

static void start_timers(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		struct doer *d = &timers[i];

		prepare(d, THREADS + i);
		init_completion(&d->done);
		spcpu_hrtimer_setup(&d->timer, tick, CLOCK_MONOTONIC, d->mode);
		hrtimer_start(&d->timer, ns_to_ktime(PERIOD_NS), d->mode);
	}
}

static void leak(void)
{
	unsigned int i;

	for (i = 0; i < leak_pages; i++)
		(void)alloc_page(GFP_KERNEL);
	for (i = 0; i < leak_objects; i++)
		(void)kmalloc(128, GFP_KERNEL);
}

static int __init soak_init(void)
{
	int err;

	err = start_threads();
	if (err)
		return err;
	start_timers();
	leak();
	return 0;
}

static void __exit soak_exit(void)
{
	struct sum sum = { };
	unsigned int i;

	stop_threads(THREADS);
	for (i = 0; i < THREADS; i++)
		give_up(&threads[i], &sum);
	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		wait_for_completion(&timers[i].done);
		hrtimer_cancel(&timers[i].timer);
		give_up(&timers[i], &sum);
	}
	pr_info("%llu objects, %llu of those who cannot wait refused, %llu failed, %llu wrong\n",
		sum.nr, sum.refused, sum.failed, sum.wrong);
}

module_init(soak_init);
module_exit(soak_exit);

MODULE_DESCRIPTION("A mixed load on shadow_percpu, for make soak");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

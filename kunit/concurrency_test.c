// SPDX-License-Identifier: GPL-2.0
/*
 * Concurrency: threads that allocate, check and free, timers in hard interrupt
 * context that do the same, and a worker that makes and drops chunks meanwhile.
 *
 * Everybody writes a pattern of his own to all copies of what he has. All ends
 * by numbers of operations. Who finds something wrong counts it; the test says
 * so afterwards, since only its own thread may talk to KUnit.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "api.h"
#include "cached.h"
#include "client.h"
#include "compat/hrtimer.h"
#include "copies.h"
#include "engines.h"
#include "fixture.h"
#include "shadow_percpu.h"
#include "suites.h"
#include "times.h"

#define MAX_THREADS	8
#define THREAD_OPS	300
#define THREAD_OBJECTS	24
#define TIMER_OPS	60
#define TIMER_OBJECTS	8
#define TIMER_PERIOD_NS	1000000
#define RUSH_THREAD_OPS	2000
#define RUSH_OPS	1000
#define RUSH_PERIOD_NS	150000
#define NR_BOXES	16
#define BOUND		(120 * HZ)

/* an object and what its copies hold */
struct item {
	void __percpu *ptr;
	u16 size;
	u16 seed;
};

/* handed over from one to another, who frees it on another CPU */
struct box {
	spinlock_t lock; /* of @item */
	struct item item;
};

struct crew;

struct thread {
	struct crew *crew;
	struct task_struct *task;
	struct rnd_state rnd;
	unsigned int number;
	struct item items[THREAD_OBJECTS];
};

struct timer {
	struct crew *crew;
	struct hrtimer hrtimer;
	struct rnd_state rnd;
	unsigned int cpu;
	unsigned int ops;
	struct item items[TIMER_OBJECTS];
};

/**
 * struct crew - all who use one allocator at the same time
 *
 * @s: the allocator
 * @api: go through the exported calls: @s is the living module's
 * @largest: bytes of the largest object
 * @only: bytes of all objects, so that all are of one class; 0: of all sizes
 * @thread_ops: operations of each thread
 * @timer_ops: operations of each timer
 * @period_ns: time between two of them
 * @keeper: an object that is there all the time
 * @boxes: objects that are on their way from one to another
 * @running: how many have not finished
 * @done: all have
 * @lost: allocations without memory
 * @wrong: contents, errors, places that should not have been
 * @first_wrong: line of this file that found the first one
 * @irqs: timer operations in hard interrupt context
 * @nr_threads: how many of @threads there are
 * @nr_timers: how many of @timers
 * @threads: they allocate and free
 * @timers: and so do they
 */
struct crew {
	struct spcpu *s;
	bool api;
	unsigned int largest;
	unsigned int only;
	unsigned int thread_ops;
	unsigned int timer_ops;
	unsigned int period_ns;
	struct item keeper;
	struct box boxes[NR_BOXES];
	atomic_t running;
	struct completion done;
	atomic_t lost;
	atomic_t wrong;
	atomic_t first_wrong;
	atomic_t irqs;
	unsigned int nr_threads;
	unsigned int nr_timers;
	struct thread threads[MAX_THREADS];
	struct timer timers[];
};

static void found_wrong(struct crew *crew, int line)
{
	atomic_inc(&crew->wrong);
	atomic_cmpxchg(&crew->first_wrong, 0, line);
}

#define expect(crew, holds) do {					\
	if (!(holds))							\
		found_wrong(crew, __LINE__);				\
} while (0)

static void finish(struct crew *crew)
{
	if (atomic_dec_and_test(&crew->running))
		complete(&crew->done);
}

static void __percpu *take(struct crew *crew, size_t size, gfp_t gfp)
{
	void __percpu *ptr = NULL;
	int err;

	if (crew->api)
		return __shadow_alloc_percpu_gfp(size, 8, gfp);

	err = spcpu_cached_request(crew->s, size, 8, gfp, &ptr);
	expect(crew, !err == !!ptr);
	expect(crew, !err || err == -ENOMEM);
	return ptr;
}

static void give(struct crew *crew, void __percpu *ptr)
{
	if (crew->api)
		shadow_free_percpu(ptr);
	else
		expect(crew, !spcpu_cached_free(crew->s, ptr));
}

static void make(struct crew *crew, struct item *item, size_t size, u16 seed,
		 gfp_t gfp)
{
	item->ptr = take(crew, size, gfp | __GFP_NOWARN);
	if (!item->ptr) {
		atomic_inc(&crew->lost);
		return;
	}
	item->size = size;
	item->seed = seed;
	expect(crew, spcpu_copies_zero(item->ptr, size));
	spcpu_copies_fill(item->ptr, size, seed);
}

static void scrap(struct crew *crew, struct item *item)
{
	struct spcpu_place place;

	if (!item->ptr)
		return;

	expect(crew, spcpu_copies_hold(item->ptr, item->size, item->seed));
	expect(crew, !spcpu_locate(crew->s, item->ptr, &place));
	expect(crew, place.size == spcpu_cached_size(crew->s, item->ptr,
						     item->size));
	give(crew, item->ptr);
	item->ptr = NULL;
}

/* leave something for others, and take what they left */
static void swap_with_box(struct crew *crew, struct item *item, u32 which)
{
	struct box *box = &crew->boxes[which % NR_BOXES];
	unsigned long flags;

	spin_lock_irqsave(&box->lock, flags);
	swap(box->item, *item);
	spin_unlock_irqrestore(&box->lock, flags);
}

static bool knows(struct crew *crew, unsigned long addr)
{
	unsigned long off;
	bool found;

	if (crew->api)
		return is_shadow_percpu_address(addr);

	rcu_read_lock();
	found = spcpu_index_find(&crew->s->index, addr, &off);
	rcu_read_unlock();
	return found;
}

/* what is there all the time is found all the time */
static void look_up_keeper(struct crew *crew)
{
	struct spcpu_place place;
	unsigned int cpu;

	expect(crew, !spcpu_locate(crew->s, crew->keeper.ptr, &place));
	for_each_possible_cpu(cpu)
		expect(crew, knows(crew, (unsigned long)
				   per_cpu_ptr(crew->keeper.ptr, cpu)));
}

static size_t some_size(struct crew *crew, struct rnd_state *rnd)
{
	if (crew->only)
		return crew->only;
	if (spcpu_test_below(rnd, 48))
		return 1 + spcpu_test_below(rnd, 96);
	return crew->largest - spcpu_test_below(rnd, crew->largest / 4);
}

static void thread_op(struct thread *thread, unsigned int i)
{
	struct crew *crew = thread->crew;
	struct rnd_state *rnd = &thread->rnd;
	struct item *item = &thread->items[spcpu_test_below(rnd, THREAD_OBJECTS)];

	if (item->ptr)
		scrap(crew, item);
	else
		make(crew, item, some_size(crew, rnd), thread->number * 64 + i,
		     spcpu_test_below(rnd, 8) ? GFP_KERNEL : GFP_NOWAIT);

	if (!spcpu_test_below(rnd, 4))
		swap_with_box(crew, item, prandom_u32_state(rnd));
	if (!spcpu_test_below(rnd, 32))
		look_up_keeper(crew);
}

/* stay until kthread_stop(), so that no thread outlives this module */
static void await_stop(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static int thread_main(void *arg)
{
	struct thread *thread = arg;
	unsigned int i;

	for (i = 0; i < thread->crew->thread_ops; i++) {
		thread_op(thread, i);
		cond_resched();
	}
	for (i = 0; i < THREAD_OBJECTS; i++)
		scrap(thread->crew, &thread->items[i]);

	finish(thread->crew);
	await_stop();
	return 0;
}

static enum hrtimer_restart timer_op(struct hrtimer *hrtimer)
{
	struct timer *timer = container_of(hrtimer, struct timer, hrtimer);
	struct crew *crew = timer->crew;
	struct item *item;
	unsigned int i;

	expect(crew, smp_processor_id() == timer->cpu);
	if (in_hardirq())
		atomic_inc(&crew->irqs);

	item = &timer->items[spcpu_test_below(&timer->rnd, TIMER_OBJECTS)];
	if (item->ptr)
		scrap(crew, item);
	else
		make(crew, item,
		     crew->only ?: 4 + spcpu_test_below(&timer->rnd, 60),
		     timer->ops, GFP_ATOMIC);
	swap_with_box(crew, item, prandom_u32_state(&timer->rnd));

	if (++timer->ops < crew->timer_ops) {
		hrtimer_forward_now(hrtimer, crew->period_ns);
		return HRTIMER_RESTART;
	}
	for (i = 0; i < TIMER_OBJECTS; i++)
		scrap(crew, &timer->items[i]);
	finish(crew);
	return HRTIMER_NORESTART;
}

static long start_timer(void *arg)
{
	struct timer *timer = arg;

	hrtimer_start(&timer->hrtimer, timer->crew->period_ns,
		      HRTIMER_MODE_REL_PINNED);
	return 0;
}

static void start_timers(struct crew *crew)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct timer *timer = &crew->timers[crew->nr_timers++];

		timer->crew = crew;
		timer->cpu = cpu;
		prandom_seed_state(&timer->rnd, 1000 + cpu);
		spcpu_hrtimer_setup(&timer->hrtimer, timer_op, CLOCK_MONOTONIC,
				    HRTIMER_MODE_REL_PINNED);
		atomic_inc(&crew->running);
		work_on_cpu(cpu, start_timer, timer);
	}
}

/* one for each CPU that is online, and four at least, for a crowd on one CPU */
static void start_threads(struct crew *crew)
{
	unsigned int nr = clamp(num_online_cpus(), 4U, 0U + MAX_THREADS);
	unsigned int cpu = cpumask_first(cpu_online_mask);

	while (crew->nr_threads < nr) {
		struct thread *thread = &crew->threads[crew->nr_threads];
		struct task_struct *task;

		thread->crew = crew;
		thread->number = crew->nr_threads;
		prandom_seed_state(&thread->rnd, 1 + thread->number);
		task = kthread_create(thread_main, thread, "shadow_test/%u",
				      thread->number);
		if (IS_ERR(task)) {
			found_wrong(crew, __LINE__);
			return;
		}
		kthread_bind(task, cpu);
		thread->task = task;
		crew->nr_threads++;
		atomic_inc(&crew->running);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
	}
}

static struct crew *hire(struct kunit *test, struct spcpu *s,
			 unsigned int largest)
{
	struct crew *crew;
	unsigned int i;

	crew = kunit_kzalloc(test, struct_size(crew, timers, num_online_cpus()),
			     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crew);

	crew->s = s;
	crew->api = s == spcpu_api_allocator();
	crew->largest = largest;
	crew->thread_ops = THREAD_OPS;
	crew->timer_ops = TIMER_OPS;
	crew->period_ns = TIMER_PERIOD_NS;
	init_completion(&crew->done);
	atomic_set(&crew->running, 1);
	for (i = 0; i < NR_BOXES; i++)
		spin_lock_init(&crew->boxes[i].lock);

	make(crew, &crew->keeper, 256, 99, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, !!crew->keeper.ptr);
	return crew;
}

/* meanwhile CPUs are asked for what they keep; true if all have finished */
static bool drain_until_done(struct crew *crew)
{
	unsigned long end = jiffies + BOUND;

	while (!wait_for_completion_timeout(&crew->done, 1)) {
		spcpu_cache_drain(crew->s);
		if (time_after(jiffies, end))
			return false;
	}
	return true;
}

/* a hung wait is a failure, and then waited out: somebody still uses @crew */
static void await_crew(struct kunit *test, struct crew *crew, bool drain)
{
	unsigned int i;
	bool done;

	finish(crew);
	done = drain ? drain_until_done(crew) :
		       wait_for_completion_timeout(&crew->done, BOUND);
	if (!done) {
		KUNIT_FAIL(test, "%d still run", atomic_read(&crew->running));
		wait_for_completion(&crew->done);
	}
	for (i = 0; i < crew->nr_timers; i++)
		hrtimer_cancel(&crew->timers[i].hrtimer);
	for (i = 0; i < crew->nr_threads; i++)
		kthread_stop(crew->threads[i].task);
}

/* @share: of all that threads asked for, one in so many may have found nothing */
static void dismiss(struct kunit *test, struct crew *crew, int share)
{
	unsigned int i;

	for (i = 0; i < NR_BOXES; i++)
		scrap(crew, &crew->boxes[i].item);
	scrap(crew, &crew->keeper);

	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&crew->wrong), 0,
			    "the first in line %d",
			    atomic_read(&crew->first_wrong));
	/* it was those who could not wait */
	KUNIT_EXPECT_LT(test, atomic_read(&crew->lost) * share,
			(int)(crew->nr_threads * crew->thread_ops));
	spcpu_test_check(test, crew->s);
}

static void work(struct kunit *test, struct crew *crew, bool with_timers,
		 bool drain)
{
	unsigned int i;

	start_threads(crew);
	for (i = 0; i < crew->nr_threads; i++)
		wake_up_process(crew->threads[i].task);
	if (with_timers)
		start_timers(crew);
	await_crew(test, crew, drain);
	/* in a rush the worker does not keep up with them, chunk by chunk */
	dismiss(test, crew, crew->period_ns == RUSH_PERIOD_NS ? 4 : 12);
	if (with_timers && !IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_EQ(test, (unsigned int)atomic_read(&crew->irqs),
				num_online_cpus() * crew->timer_ops);
}

/* all that is free is given back, but for a spare chunk */
static void expect_given_back(struct kunit *test, struct spcpu *s)
{
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(s), 0ULL);
	spcpu_cache_drain(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);
	KUNIT_EXPECT_GT(test, s->stats.nr_max_chunks, 1U);
	queue_work(s->wq, &s->balance);
	spcpu_test_settle(s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 2U);
	spcpu_test_check(test, s);
}

/* small units: chunks come and go all the time */
static void try_all(struct kunit *test, bool cache, bool with_timers,
		    bool drain)
{
	struct spcpu *s = spcpu_cached_create(test, cache);

	work(test, hire(test, s, SHADOW_PERCPU_MAX_SIZE), with_timers, drain);
	expect_given_back(test, s);
}

static void concurrency_threads(struct kunit *test)
{
	try_all(test, false, false, false);
}

static void concurrency_threads_cached(struct kunit *test)
{
	try_all(test, true, false, false);
}

static void concurrency_threads_and_interrupts(struct kunit *test)
{
	try_all(test, false, true, false);
}

static void concurrency_threads_and_interrupts_cached(struct kunit *test)
{
	try_all(test, true, true, false);
}

static void concurrency_threads_and_interrupts_drained(struct kunit *test)
{
	try_all(test, true, true, true);
}

/*
 * Without a cache, so that every object is an area; chunks fill, records grow, and who
 * cannot wait finds them full.
 */
static void concurrency_engines(struct kunit *test)
{
	struct spcpu *s = spcpu_cached_create_with(test, false,
						   spcpu_test_engine(test));

	work(test, hire(test, s, SHADOW_PERCPU_MAX_SIZE), true, false);
	expect_given_back(test, s);
}

/* one class, and interrupts that come in the middle of what threads do with it */
static void rush(struct kunit *test, struct spcpu *s, unsigned int size,
		 bool drain)
{
	struct crew *crew = hire(test, s, size);

	crew->only = size;
	crew->thread_ops = spcpu_test_times(RUSH_THREAD_OPS);
	crew->timer_ops = spcpu_test_times(RUSH_OPS);
	crew->period_ns = RUSH_PERIOD_NS;
	work(test, crew, true, drain);
}

static void concurrency_rush(struct kunit *test)
{
	rush(test, spcpu_cached_create(test, true), 8, false);
	rush(test, spcpu_cached_create(test, true), 512, false);
}

static void concurrency_rush_drained(struct kunit *test)
{
	rush(test, spcpu_cached_create(test, true), 8, true);
	rush(test, spcpu_cached_create(test, true), 512, true);
}

static void concurrency_rush_through_the_api(struct kunit *test)
{
	rush(test, spcpu_api_allocator(), 8, false);
}

static void concurrency_through_the_api(struct kunit *test)
{
	work(test, hire(test, spcpu_api_allocator(), 8192), true, false);
}

static struct kunit_case concurrency_cases[] = {
	KUNIT_CASE(concurrency_threads),
	KUNIT_CASE(concurrency_threads_cached),
	KUNIT_CASE(concurrency_threads_and_interrupts),
	KUNIT_CASE(concurrency_threads_and_interrupts_cached),
	KUNIT_CASE(concurrency_threads_and_interrupts_drained),
	SPCPU_ENGINE_CASE(concurrency_engines),
	KUNIT_CASE(concurrency_rush),
	KUNIT_CASE(concurrency_rush_drained),
	KUNIT_CASE(concurrency_rush_through_the_api),
	KUNIT_CASE(concurrency_through_the_api),
	{ }
};

struct kunit_suite spcpu_concurrency_suite = {
	.name = "shadow_percpu_concurrency",
	.init = spcpu_client_init,
	.exit = spcpu_client_exit,
	.test_cases = concurrency_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Hotplug, under load: CPUs come and go while threads and a timer in hard
 * interrupt context allocate, count and free.
 *
 * Where no CPU can go, the load runs all the same. Who finds something wrong
 * counts it; the test says so afterwards.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "cached.h"
#include "compat/hrtimer.h"
#include "copies.h"
#include "cpus.h"
#include "suites.h"

#define NR_THREADS	2
#define LEAST_OPS	200	/* of each thread */
#define NR_OBJECTS	12	/* of each thread */
#define MANY_CYCLES	20
#define SOME_CYCLES	6
#define PERIOD_NS	1000000

/* an object, and whose copies were filled */
struct item {
	void __percpu *ptr;
	size_t size;
	unsigned int seed;
	struct cpumask filled;
};

struct load;

struct worker {
	struct load *load;
	struct task_struct *task;
	struct rnd_state rnd;
	unsigned int ops;
	struct item items[NR_OBJECTS];
};

/**
 * struct load - on one allocator
 *
 * @s: the allocator
 * @counter: counted up by whoever runs, on the CPU where it runs
 * @counted: how often
 * @wrong: contents and errors that should not have been
 * @first_wrong: line of this file that found the first
 * @stop: the timer is to end
 * @irqs: how often it ran in hard interrupt context
 * @timer: a worker too
 * @hrtimer: runs it
 * @workers: threads
 */
struct load {
	struct spcpu *s;
	u64 __percpu *counter;
	atomic64_t counted;
	atomic_t wrong;
	atomic_t first_wrong;
	bool stop;
	unsigned int irqs;
	struct worker timer;
	struct hrtimer hrtimer;
	struct worker workers[NR_THREADS];
};

static void found_wrong(struct load *load, int line)
{
	atomic_inc(&load->wrong);
	atomic_cmpxchg(&load->first_wrong, 0, line);
}

#define expect(load, holds) do {					\
	if (!(holds))							\
		found_wrong(load, __LINE__);				\
} while (0)

static void make(struct worker *w, struct item *item, size_t size, gfp_t gfp)
{
	struct spcpu *s = w->load->s;
	unsigned int cpu;

	if (spcpu_cached_request(s, size, 8, gfp | __GFP_NOWARN, &item->ptr))
		return;

	expect(w->load, spcpu_copies_zero(item->ptr, size));
	item->size = size;
	item->seed = w->ops;
	cpumask_copy(&item->filled, s->ready_cpus);
	for_each_cpu(cpu, &item->filled)
		memset(per_cpu_ptr(item->ptr, cpu),
		       spcpu_copies_byte(cpu, item->seed), size);
}

static bool holds(const struct item *item)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		u8 byte = cpumask_test_cpu(cpu, &item->filled) ?
			  spcpu_copies_byte(cpu, item->seed) : 0;

		if (memchr_inv(per_cpu_ptr(item->ptr, cpu), byte, item->size))
			return false;
	}
	return true;
}

static void scrap(struct worker *w, struct item *item)
{
	if (!item->ptr)
		return;

	expect(w->load, holds(item));
	expect(w->load, !spcpu_cached_free(w->load->s, item->ptr));
	item->ptr = NULL;
}

static void scrap_all(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < NR_OBJECTS; i++)
		scrap(w, &w->items[i]);
}

static void work_once(struct worker *w, unsigned int largest, gfp_t gfp)
{
	struct item *item = &w->items[spcpu_test_below(&w->rnd, NR_OBJECTS)];

	if (item->ptr)
		scrap(w, item);
	else
		make(w, item, 1 + spcpu_test_below(&w->rnd, largest), gfp);
	this_cpu_inc(*w->load->counter);
	atomic64_inc(&w->load->counted);
	w->ops++;
}

/*
 * Who never sleeps holds up CPU hotplug: the kernel optimizes kprobes with its
 * lock held, and waits for every task to have slept once.
 */
static int thread_main(void *arg)
{
	struct worker *w = arg;

	while (w->ops < LEAST_OPS || !kthread_should_stop()) {
		work_once(w, w->ops % 16 ? 100 : 12 << 10, GFP_KERNEL);
		if (w->ops % 16)
			cond_resched();
		else
			schedule_timeout_idle(1);
	}
	scrap_all(w);
	return 0;
}

static enum hrtimer_restart timer_main(struct hrtimer *hrtimer)
{
	struct load *load = container_of(hrtimer, struct load, hrtimer);

	if (READ_ONCE(load->stop))
		return HRTIMER_NORESTART;

	load->irqs += !!in_hardirq();
	work_once(&load->timer, 64, GFP_ATOMIC);
	hrtimer_forward_now(hrtimer, PERIOD_NS);
	return HRTIMER_RESTART;
}

static struct load *begin(struct kunit *test, struct spcpu *s)
{
	struct load *load = kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, load);
	load->s = s;
	load->counter = spcpu_cached_alloc(test, s, sizeof(u64), sizeof(u64));
	for (i = 0; i < NR_THREADS; i++) {
		struct worker *w = &load->workers[i];

		w->load = load;
		prandom_seed_state(&w->rnd, 1 + i);
		w->task = kthread_run(thread_main, w, "shadow_load/%u", i);
		if (IS_ERR(w->task))
			found_wrong(load, __LINE__);
	}
	load->timer.load = load;
	prandom_seed_state(&load->timer.rnd, 1 + i);
	spcpu_hrtimer_setup(&load->hrtimer, timer_main, CLOCK_MONOTONIC,
			    HRTIMER_MODE_REL);
	hrtimer_start(&load->hrtimer, PERIOD_NS, HRTIMER_MODE_REL);
	return load;
}

/* all that was counted is there, whoever counted it and wherever */
static void end(struct kunit *test, struct load *load)
{
	u64 counted = 0;
	unsigned int cpu, i;

	for (i = 0; i < NR_THREADS; i++) {
		if (!IS_ERR(load->workers[i].task))
			kthread_stop(load->workers[i].task);
	}
	WRITE_ONCE(load->stop, true);
	hrtimer_cancel(&load->hrtimer);
	scrap_all(&load->timer);

	for_each_possible_cpu(cpu)
		counted += *per_cpu_ptr(load->counter, cpu);
	KUNIT_EXPECT_EQ(test, counted, (u64)atomic64_read(&load->counted));
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&load->wrong), 0,
			    "the first in line %d",
			    atomic_read(&load->first_wrong));
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		KUNIT_EXPECT_EQ(test, load->irqs, load->timer.ops);
	KUNIT_EXPECT_EQ(test, spcpu_cached_live(load->s), 1ULL);
	spcpu_test_check(test, load->s);
	spcpu_cached_expect_drained(test, load->s);
	KUNIT_EXPECT_EQ(test, load->s->stats.nr_cur_alloc, 1ULL);
	spcpu_test_check(test, load->s);
	for_each_cpu(cpu, load->s->ready_cpus)
		spcpu_cpus_expect_present(test, load->s, cpu);
	spcpu_cpus_expect_absent(test, load->s);
}

/* no assertions: the load must be ended whatever happens */
static void cycle(struct kunit *test, unsigned int nr)
{
	unsigned int cpu = 0;

	while (num_online_cpus() > 1 && nr--) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_next(0, cpu_online_mask);
		KUNIT_EXPECT_EQ(test, 0, remove_cpu(cpu));
		KUNIT_EXPECT_EQ(test, 0, add_cpu(cpu));
	}
}

static void try_online(struct kunit *test, enum spcpu_first_mode mode,
		       bool cache, unsigned int nr_cycles)
{
	const struct cpumask *absent;
	struct load *load;
	struct spcpu *s;
	unsigned int cpu;

	spcpu_cpus_leave(test, 2);
	s = spcpu_cpus_create(test, mode, &spcpu_backing_sparse, true, cache);
	absent = spcpu_cpus_absent(test, s);
	load = begin(test, s);
	for_each_cpu(cpu, absent)
		KUNIT_EXPECT_EQ(test, 0, spcpu_cpus_come(s, cpu));
	cycle(test, nr_cycles);
	end(test, load);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(s->ready_cpus,
					      cpu_possible_mask));
}

static void hotplug_load_online_embed(struct kunit *test)
{
	try_online(test, SPCPU_FIRST_EMBED, false, MANY_CYCLES);
}

static void hotplug_load_online_cached(struct kunit *test)
{
	try_online(test, SPCPU_FIRST_EMBED, true, MANY_CYCLES);
}

static void hotplug_load_online_page(struct kunit *test)
{
	try_online(test, SPCPU_FIRST_PAGE, false, SOME_CYCLES);
}

static void try_all(struct kunit *test, const struct spcpu_backing *backing,
		    bool cache)
{
	struct load *load;

	load = begin(test, spcpu_cpus_create(test, SPCPU_FIRST_EMBED, backing,
					     false, cache));
	cycle(test, SOME_CYCLES);
	end(test, load);
}

static void hotplug_load_all_sparse(struct kunit *test)
{
	try_all(test, &spcpu_backing_sparse, false);
}

static void hotplug_load_all_vmap(struct kunit *test)
{
	try_all(test, &spcpu_backing_vmap, false);
}

static void hotplug_load_all_cached(struct kunit *test)
{
	try_all(test, &spcpu_backing_sparse, true);
	try_all(test, &spcpu_backing_vmap, true);
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

/* a CPU that comes and goes, if there is one; 0, or the first errno */
static int come_and_go(void *arg)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);
	int err = 0;

	while (cpu && !err && !kthread_should_stop())
		err = remove_cpu(cpu) ?: add_cpu(cpu);
	await_stop();
	return err;
}

static void hotplug_load_allocators_come_and_go(struct kunit *test)
{
	struct task_struct *task;
	struct spcpu *s;
	unsigned int i;

	task = kthread_run(come_and_go, NULL, "shadow_cpus");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (i = 0; i < 10; i++) {
		s = spcpu_cpus_online(test, i % 2);
		spcpu_test_alloc(test, s, 24 << 10, 8);
		spcpu_test_alloc(test, s, 24 << 10, 8);
		spcpu_test_drop(test, s);
	}
	KUNIT_EXPECT_EQ(test, 0, kthread_stop(task));
}

static struct kunit_case hotplug_load_cases[] = {
	KUNIT_CASE(hotplug_load_online_embed),
	KUNIT_CASE(hotplug_load_online_cached),
	KUNIT_CASE(hotplug_load_online_page),
	KUNIT_CASE(hotplug_load_all_sparse),
	KUNIT_CASE(hotplug_load_all_vmap),
	KUNIT_CASE(hotplug_load_all_cached),
	KUNIT_CASE(hotplug_load_allocators_come_and_go),
	{ }
};

struct kunit_suite spcpu_hotplug_load_suite = {
	.name = "shadow_percpu_hotplug_load",
	.test_cases = hotplug_load_cases,
};

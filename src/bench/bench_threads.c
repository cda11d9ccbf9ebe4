// SPDX-License-Identifier: GPL-2.0
/*
 * What two threads on two CPUs do in the time in which one does what it can; and
 * that of kmalloc(), which shares nothing, to see what the machine itself allows.
 */
#include "bench.h"

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>

static unsigned int good = 3;
module_param(good, uint, 0444);
MODULE_PARM_DESC(good, "threads: good tries that are wanted (default: 3)");

static unsigned int tries = 10;
module_param(tries, uint, 0444);
MODULE_PARM_DESC(tries, "threads: tries at most, good or not (default: 10)");

static unsigned int control = 1800;
module_param(control, uint, 0444);
MODULE_PARM_DESC(control,
		 "threads: thousandths that kmalloc() shows in a good try (default: 1800)");

#define NR_THREADS	2

/* of so many short periods in a try the best counts, which nobody disturbed */
#define PERIOD_US	5000
#define PERIODS		50

/* pairs between two looks whether it is over */
#define PAIRS		64

#define SIZE		8
#define KMALLOC_SIZE	64

enum { KERNEL, SHADOW, KMALLOC, KINDS };

static const char * const names[KINDS] = { "kernel", "shadow", "kmalloc" };

struct thread {
	unsigned int kind;
	u64 pairs;
	u64 begin;
	u64 end;
	int err;
	struct completion done;
};

/*
 * Threads that are ready, of @due; and whether they are to stop. They read the clock
 * only twice: where it is a device they would wait for each other there.
 */
static atomic_t ready;
static unsigned int due;
static bool over;

static __always_inline int percpu_pairs(enum bench_way way)
{
	void __percpu *ptr;
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		ptr = bench_alloc(way, SIZE);
		if (!ptr)
			return -ENOMEM;
		bench_free(way, ptr);
	}
	return 0;
}

static int kmalloc_pairs(void)
{
	unsigned int i;
	void *ptr;

	for (i = 0; i < PAIRS; i++) {
		ptr = kmalloc(KMALLOC_SIZE, GFP_KERNEL);
		if (!ptr)
			return -ENOMEM;
		/* the compiler must not do without both */
		OPTIMIZER_HIDE_VAR(ptr);
		kfree(ptr);
	}
	return 0;
}

static int some_pairs(unsigned int kind)
{
	switch (kind) {
	case KERNEL:
		return percpu_pairs(BENCH_KERNEL);
	case SHADOW:
		return percpu_pairs(BENCH_SHADOW);
	default:
		return kmalloc_pairs();
	}
}

static int run(void *arg)
{
	struct thread *t = arg;

	atomic_inc(&ready);
	while (atomic_read(&ready) < due)
		cond_resched();

	t->begin = ktime_get_ns();
	do {
		t->err = some_pairs(t->kind);
		t->pairs += PAIRS;
		cond_resched();
	} while (!READ_ONCE(over) && !t->err);
	t->end = ktime_get_ns();
	/* who waits for this may unload us: nothing of ours runs after it */
	kthread_complete_and_exit(&t->done, 0);
}

static int start(struct thread *t, unsigned int kind, unsigned int cpu)
{
	struct task_struct *task;

	*t = (struct thread) { .kind = kind };
	init_completion(&t->done);
	task = kthread_create(run, t, "bench/%u", cpu);
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	wake_up_process(task);
	return 0;
}

/* all threads that were started are through */
static int finish(struct thread *threads, unsigned int nr)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr; i++) {
		wait_for_completion(&threads[i].done);
		err = err ?: threads[i].err;
	}
	return err;
}

/* pairs in a second, all threads together, from when the first began */
static u64 rate_of(const struct thread *threads, unsigned int nr)
{
	u64 begin = U64_MAX, end = 0, pairs = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		begin = min(begin, threads[i].begin);
		end = max(end, threads[i].end);
		pairs += threads[i].pairs;
	}
	return end > begin ? div64_u64(pairs * NSEC_PER_SEC, end - begin) : 0;
}

/* for one period; 0 if it did not work out */
static u64 rate(unsigned int kind, unsigned int nr)
{
	static struct thread threads[NR_THREADS];
	unsigned int cpu = cpumask_first(cpu_online_mask), started;
	int err = 0;

	due = nr;
	WRITE_ONCE(over, false);
	atomic_set(&ready, 0);
	for (started = 0; started < nr; started++) {
		err = start(&threads[started], kind, cpu);
		if (err)
			break;
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
	/* those that wait for one that does not come */
	atomic_add(nr - started, &ready);
	while (atomic_read(&ready) < due)
		cond_resched();
	usleep_range(PERIOD_US, PERIOD_US + PERIOD_US / 4);
	WRITE_ONCE(over, true);
	err = finish(threads, started) ?: err;
	return err ? 0 : rate_of(threads, nr);
}

/* @best: by kind, of one thread and of all */
static int one_period(u64 (*best)[2])
{
	unsigned int kind;
	u64 one, all;

	for (kind = 0; kind < KINDS; kind++) {
		one = rate(kind, 1);
		all = rate(kind, NR_THREADS);
		if (!one || !all)
			return -EIO;
		best[kind][0] = max(best[kind][0], one);
		best[kind][1] = max(best[kind][1], all);
	}
	return 0;
}

/* true if it was a good one */
static bool report(unsigned int try, u64 (*best)[2])
{
	unsigned int kind;
	char name[32];

	scnprintf(name, sizeof(name), "threads.%u", try);
	for (kind = 0; kind < KINDS; kind++)
		bench_figure(name, names[kind],
			     div64_u64(best[kind][1] * 1000, best[kind][0]));
	return best[KMALLOC][1] * 1000 >= best[KMALLOC][0] * control;
}

/**
 * bench_threads() - throughput of two threads over that of one
 *
 * Figures: ``threads.TRY.KIND``, thousandths, of tries until enough were good, which
 * is when kmalloc() shows that the machine had two CPUs for us.
 *
 * Context: Process context. Sleeps. CPUs neither come nor go.
 * Return: 0 or a negative errno.
 */
int bench_threads(void)
{
	unsigned int try, period, found = 0;
	int err;

	if (num_online_cpus() < NR_THREADS)
		return -ENXIO;

	for (try = 0; try < tries && found < good; try++) {
		u64 best[KINDS][2] = { };

		for (period = 0; period < PERIODS; period++) {
			err = one_period(best);
			if (err)
				return err;
		}
		found += report(try, best);
	}
	return 0;
}

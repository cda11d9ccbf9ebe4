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
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>

static unsigned int rounds = 7;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "threads: good rounds that are wanted (default: 7)");

static unsigned int tries = 40;
module_param(tries, uint, 0444);
MODULE_PARM_DESC(tries, "threads: rounds at most, good ones or not (default: 40)");

static unsigned int control = 1800;
module_param(control, uint, 0444);
MODULE_PARM_DESC(control,
		 "threads: thousandths that kmalloc() shows in a good round (default: 1800)");

#define NR_THREADS	2
#define PERIOD_NS	(100 * NSEC_PER_MSEC)

/* pairs between two looks at the clock */
#define PAIRS		64

#define SIZE		8
#define KMALLOC_SIZE	64

enum { KERNEL, SHADOW, KMALLOC, KINDS };

static const char * const names[KINDS] = { "kernel", "shadow", "kmalloc" };

struct thread {
	unsigned int kind;
	u64 pairs;
	u64 ns;
	struct completion done;
};

/* threads that are ready, of @due */
static atomic_t ready;
static unsigned int due;

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
	u64 begin;

	atomic_inc(&ready);
	while (atomic_read(&ready) < due)
		cpu_relax();

	begin = ktime_get_ns();
	do {
		if (some_pairs(t->kind))
			break;
		t->pairs += PAIRS;
		cond_resched();
		t->ns = ktime_get_ns() - begin;
	} while (t->ns < PERIOD_NS);
	complete(&t->done);
	return 0;
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

/* pairs in a second, all threads together; 0 if it did not work out */
static u64 rate(unsigned int kind, unsigned int nr)
{
	static struct thread threads[NR_THREADS];
	unsigned int cpu = cpumask_first(cpu_online_mask), i, started;
	u64 sum = 0;

	due = nr;
	atomic_set(&ready, 0);
	for (started = 0; started < nr; started++) {
		if (start(&threads[started], kind, cpu))
			break;
		cpu = cpumask_next(cpu, cpu_online_mask);
	}
	/* those that wait for one that does not come */
	atomic_add(nr - started, &ready);
	for (i = 0; i < started; i++) {
		wait_for_completion(&threads[i].done);
		if (threads[i].ns < PERIOD_NS)
			return 0;
		sum += div64_u64(threads[i].pairs * NSEC_PER_SEC,
				 threads[i].ns);
	}
	return started == nr ? sum : 0;
}

static int one_round(u64 *ratios)
{
	unsigned int kind;
	u64 one, two;

	for (kind = 0; kind < KINDS; kind++) {
		one = rate(kind, 1);
		two = rate(kind, NR_THREADS);
		if (!one || !two)
			return -EIO;
		ratios[kind] = div64_u64(two * 1000, one);
	}
	return 0;
}

/**
 * bench_threads() - throughput of two threads over that of one
 *
 * Figures: ``threads.N.KIND``, thousandths, of each round; and how many of them were
 * good, which is when kmalloc() shows that the machine had two CPUs for us.
 *
 * Context: Process context. Sleeps. CPUs neither come nor go.
 * Return: 0 or a negative errno.
 */
int bench_threads(void)
{
	unsigned int i, kind, good = 0;
	u64 ratios[KINDS];
	char name[32];
	int err;

	if (num_online_cpus() < NR_THREADS)
		return -ENXIO;

	for (i = 0; i < tries && good < rounds; i++) {
		err = one_round(ratios);
		if (err)
			return err;
		scnprintf(name, sizeof(name), "threads.%u", i);
		for (kind = 0; kind < KINDS; kind++)
			bench_figure(name, names[kind], ratios[kind]);
		good += ratios[KMALLOC] >= control;
	}
	return 0;
}

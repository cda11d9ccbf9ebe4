// SPDX-License-Identifier: GPL-2.0
/*
 * The client module behind `make mirror`: a stream of allocations and frees of the
 * kernel's own percpu allocator, from threads and a timer, the same for the same
 * seed; or what a pair of them takes.
 *
 * All is done at load. What is live then stays until unload, so that there is
 * something to compare.
 */
#include "stream.h"

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

static unsigned int ops = 100000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops,
		 "how many allocations and frees, by all threads together (default: 100000)");

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "for all that is random (default: 1)");

static unsigned int threads = 1;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "how many threads (default: 1)");

static unsigned int atomic;
module_param(atomic, uint, 0444);
MODULE_PARM_DESC(atomic,
		 "how many of 100 allocations by threads are atomic (default: 0)");

static bool irq;
module_param(irq, bool, 0444);
MODULE_PARM_DESC(irq,
		 "have a timer allocate and free in hard interrupt context, too (default: 0)");

static unsigned int live = 1000;
module_param(live, uint, 0444);
MODULE_PARM_DESC(live,
		 "about how many objects of all threads are live at most (default: 1000)");

static unsigned int max_size = 32768;
module_param(max_size, uint, 0444);
MODULE_PARM_DESC(max_size, "most bytes of an object (default: 32768)");

static unsigned int pairs;
module_param(pairs, uint, 0444);
MODULE_PARM_DESC(pairs,
		 "no stream: measure that many pairs of an allocation and a free (default: 0)");

/* objects of the timer, few enough to be freed in one interrupt */
#define IRQ_LIVE	100

struct thread {
	struct task_struct *task;
	struct stream_objects *objects;
	unsigned int steps;
	struct completion done;
};

static struct thread *all;

static int run(void *arg)
{
	struct thread *t = arg;
	unsigned int i;

	for (i = 0; i < t->steps && !kthread_should_stop(); i++) {
		stream_objects_step(t->objects);
		cond_resched();
	}
	complete(&t->done);
	return 0;
}

static u64 seed_of(unsigned int thread)
{
	return (u64)(1 + thread) << 32 | seed;
}

static int start_one(struct thread *t, unsigned int i)
{
	struct task_struct *task;

	t->steps = ops / threads + (i < ops % threads);
	init_completion(&t->done);
	t->objects = stream_objects_create(DIV_ROUND_UP(live, threads),
					   seed_of(i), max_size, atomic);
	if (!t->objects)
		return -ENOMEM;
	task = kthread_create(run, t, "stream/%u", i);
	if (IS_ERR(task))
		return PTR_ERR(task);
	/* it may end before it is stopped */
	t->task = get_task_struct(task);
	wake_up_process(task);
	return 0;
}

/* after an error, too: those that run are stopped */
static int start_threads(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < threads; i++) {
		err = start_one(&all[i], i);
		if (err)
			return err;
	}
	return 0;
}

static int wait_for_threads(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < threads; i++) {
		err = wait_for_completion_interruptible(&all[i].done);
		if (err)
			return err;
	}
	return 0;
}

static void stop_threads(void)
{
	unsigned int i;

	for (i = 0; i < threads; i++) {
		if (!all[i].task)
			continue;
		kthread_stop(all[i].task);
		put_task_struct(all[i].task);
		all[i].task = NULL;
	}
}

static void free_all(void)
{
	unsigned int i;

	stream_irq_exit();
	for (i = 0; i < threads; i++)
		stream_objects_destroy(all[i].objects);
	kfree(all);
}

static void add_stats(struct stream_stats *to, const struct stream_stats *st)
{
	to->allocs += st->allocs;
	to->atomic += st->atomic;
	to->frees += st->frees;
	to->failed += st->failed;
	to->atomic_failed += st->atomic_failed;
}

static void report(const struct stream_stats *timer)
{
	struct stream_stats sum = *timer;
	unsigned int i;

	for (i = 0; i < threads; i++)
		add_stats(&sum, &all[i].objects->stats);
	pr_info("stream: %s: %llu allocations, %llu of them atomic, %llu frees; %llu failed, %llu atomic ones failed; by the timer %llu allocations, %llu frees\n",
		sum.allocs && !sum.failed ? "PASS" : "FAIL", sum.allocs,
		sum.atomic, sum.frees, sum.failed, sum.atomic_failed,
		timer->allocs, timer->frees);
}

static int stream(void)
{
	struct stream_stats timer = { };
	int err;

	if (irq) {
		err = stream_irq_start(IRQ_LIVE, seed, max_size);
		if (err)
			return err;
	}
	err = start_threads() ?: wait_for_threads();
	stop_threads();
	if (irq)
		stream_irq_stop(&timer);
	if (!err)
		report(&timer);
	return err;
}

static int __init stream_init(void)
{
	int err;

	if (pairs)
		return stream_pairs(pairs);
	if (!ops || !threads || !live || max_size < 4 || max_size > 32768) {
		pr_err("ops=, threads= and live= are at least 1, max_size= is from 4 to 32768\n");
		return -EINVAL;
	}

	all = kcalloc(threads, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	err = stream();
	if (err)
		free_all();
	return err;
}

static void __exit stream_exit(void)
{
	if (all)
		free_all();
}

module_init(stream_init);
module_exit(stream_exit);

MODULE_DESCRIPTION("A stream of requests to the kernel's percpu allocator");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

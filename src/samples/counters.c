// SPDX-License-Identifier: GPL-2.0
/*
 * A client of the shadow percpu allocator, as any other module would be one.
 *
 * A thread on every online CPU counts with this_cpu_inc() in an object of its
 * own and in a static variable; then the copies are summed and compared with
 * how often was counted.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "shadow_percpu.h"

static unsigned int counts = 10000;
module_param(counts, uint, 0444);
MODULE_PARM_DESC(counts, "how often each thread counts (default: 10000)");

static unsigned int leak;
module_param(leak, uint, 0444);
MODULE_PARM_DESC(leak,
		 "objects to leave behind, for the allocator to name when it is unloaded (default: 0)");

static bool forget;
module_param(forget, bool, 0444);
MODULE_PARM_DESC(forget,
		 "keep the static variables when this module goes, for the allocator to name it when it is unloaded (default: 0)");

static bool write_absent;
module_param(write_absent, bool, 0444);
MODULE_PARM_DESC(write_absent,
		 "write to the copy of a CPU that is not online: oopses on purpose if the allocator has hotplug=online and the CPU was never there (default: 0)");

static DEFINE_SHADOW_PER_CPU(u64, counted);

struct counter {
	u64 hits;
	u32 last;
};

struct job {
	struct counter __percpu *counter;
	struct completion done;
	atomic_t running;
	struct task_struct **tasks;
};

/* stay until kthread_stop(), so that no thread outlives the module's code */
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

static int count(void *arg)
{
	struct job *job = arg;
	unsigned int i;

	for (i = 0; i < counts; i++) {
		this_cpu_inc(job->counter->hits);
		this_cpu_write(job->counter->last, i);
		this_cpu_inc(shadow_var(counted));
		if (!(i % 1024))
			cond_resched();
	}

	if (atomic_dec_and_test(&job->running))
		complete(&job->done);
	await_stop();
	return 0;
}

/* a thread on every online CPU; returns how many there are */
static unsigned int start_threads(struct job *job)
{
	struct task_struct *task;
	unsigned int cpu, nr = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		task = kthread_create_on_cpu(count, job, cpu,
					     "shadow_count/%u");
		if (IS_ERR(task))
			break;
		atomic_inc(&job->running);
		job->tasks[nr++] = task;
		wake_up_process(task);
	}
	cpus_read_unlock();
	return nr;
}

static unsigned int run_threads(struct job *job)
{
	unsigned int i, nr;

	init_completion(&job->done);
	atomic_set(&job->running, 1);
	nr = start_threads(job);

	if (!atomic_dec_and_test(&job->running))
		wait_for_completion(&job->done);
	for (i = 0; i < nr; i++)
		kthread_stop(job->tasks[i]);
	return nr;
}

/* what all copies hold, against what was counted */
static void report(const struct job *job, u64 expected)
{
	u64 hits = 0, statics = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		hits += per_cpu_ptr(job->counter, cpu)->hits;
		statics += per_cpu(shadow_var(counted), cpu);
	}
	pr_info("%s: counted %llu, object holds %llu, static variable %llu\n",
		hits == expected && statics == expected ? "PASS" : "FAIL",
		expected, hits, statics);
}

static void leave_behind(unsigned int nr)
{
	while (nr-- && shadow_alloc_percpu(struct counter))
		;
}

/* what no client may do: the callback of shadow_percpu_set_init() is for this */
static void write_to_absent(struct counter __percpu *counter)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (!cpu_online(cpu)) {
			per_cpu_ptr(counter, cpu)->last = 1;
			return;
		}
	}
}

static int __init counters_init(void)
{
	struct job job;
	int err;

	err = shadow_percpu_register();
	if (err)
		return err;

	err = -ENOMEM;
	job.tasks = kcalloc(nr_cpu_ids, sizeof(*job.tasks), GFP_KERNEL);
	if (!job.tasks)
		goto err_unregister;

	job.counter = shadow_alloc_percpu(struct counter);
	if (!job.counter)
		goto err_tasks;

	report(&job, (u64)run_threads(&job) * counts);
	leave_behind(leak);
	if (write_absent)
		write_to_absent(job.counter);

	shadow_free_percpu(job.counter);
	kfree(job.tasks);
	return 0;

err_tasks:
	kfree(job.tasks);
err_unregister:
	shadow_percpu_unregister();
	return err;
}

static void __exit counters_exit(void)
{
	if (!forget)
		shadow_percpu_unregister();
}

module_init(counters_init);
module_exit(counters_exit);

MODULE_DESCRIPTION("Sample client of the shadow percpu allocator");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

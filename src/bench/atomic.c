// SPDX-License-Identifier: GPL-2.0
/*
 * Atomic allocations: a hard-interrupt timer asks both allocators for the same,
 * while threads keep both busy. Which is asked first changes from time to time;
 * what it got it keeps for a while, so that pages are used up.
 */
#include "load.h"

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "compat/hrtimer.h"

#define NR_ALLOCATORS	2

static unsigned int asks = 1000;
module_param(asks, uint, 0444);
MODULE_PARM_DESC(asks, "atomic: how often to ask both (default: 1000)");

static unsigned int period = 1000;
module_param(period, uint, 0444);
MODULE_PARM_DESC(period, "atomic: microseconds between (default: 1000)");

static unsigned int burst = 1;
module_param(burst, uint, 0444);
MODULE_PARM_DESC(burst, "atomic: how often to ask in one interrupt (default: 1)");

static unsigned int batch = 500;
module_param(batch, uint, 0444);
MODULE_PARM_DESC(batch, "atomic: how many to keep, then to free (default: 500)");

static const struct bench_allocator * const allocators[NR_ALLOCATORS] = {
	&bench_kernel,
	&bench_shadow,
};

static struct {
	struct hrtimer timer;
	struct completion done;
	struct rnd_state rnd;
	unsigned int asked;
	unsigned int nr_kept;
	unsigned int elsewhere;		/* ticks not in a hard interrupt */
	struct bench_object *kept;
	struct bench_result results[NR_ALLOCATORS];
} asker;

static ktime_t period_ktime(void)
{
	return ns_to_ktime((u64)period * NSEC_PER_USEC);
}

static void free_kept(void)
{
	struct bench_object *object;

	while (asker.nr_kept) {
		object = &asker.kept[--asker.nr_kept];
		bench_object_put(object, &asker.results[object->from ==
							 &bench_shadow]);
	}
}

static void ask(unsigned int which, size_t size)
{
	struct bench_object *object = &asker.kept[asker.nr_kept];
	struct bench_result *r = &asker.results[which];

	if (!bench_object_get(object, allocators[which], size,
			      GFP_NOWAIT | __GFP_NOWARN, r))
		return;
	bench_object_count(object, r);
	asker.nr_kept++;
}

static void ask_both(void)
{
	size_t size = bench_size(&asker.rnd);
	unsigned int first = asker.asked & 1;

	ask(first, size);
	ask(!first, size);
	if (!(++asker.asked % batch))
		free_kept();
}

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	unsigned int i;

	if (!in_hardirq())
		asker.elsewhere++;
	for (i = 0; i < burst && asker.asked < asks; i++)
		ask_both();
	if (asker.asked == asks) {
		complete(&asker.done);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, period_ktime());
	return HRTIMER_RESTART;
}

static void report(const struct bench_result *threads)
{
	const struct bench_result *kernel = &asker.results[0];
	const struct bench_result *shadow = &asker.results[1];
	u64 lost = kernel->lost + shadow->lost + threads->lost;

	pr_info("atomic: %s: tried %u, kernel %llu, shadow %llu; threads made %llu objects, %llu failed; %llu counts lost, %u times not in a hard interrupt\n",
		bench_verdict(!lost && !asker.elsewhere && threads->objects),
		asker.asked, kernel->objects, shadow->objects,
		threads->objects, threads->failed, lost, asker.elsewhere);
}

static int ask_under_load(u64 __percpu *common)
{
	struct bench_result threads;
	struct bench_load *load;

	load = bench_load_start(allocators, NR_ALLOCATORS, common);
	if (IS_ERR(load))
		return PTR_ERR(load);

	hrtimer_start(&asker.timer, period_ktime(), HRTIMER_MODE_REL_HARD);
	wait_for_completion(&asker.done);
	hrtimer_cancel(&asker.timer);
	free_kept();
	bench_load_stop(load, &threads);
	report(&threads);
	return 0;
}

static int atomic_start(const struct bench_allocator *unused)
{
	u64 __percpu *common;
	int err = -ENOMEM;

	if (!asks || !burst || !batch) {
		pr_err("atomic: asks=, burst= and batch= are at least 1\n");
		return -EINVAL;
	}
	init_completion(&asker.done);
	bench_seed(&asker.rnd, 0);
	spcpu_hrtimer_setup(&asker.timer, tick, CLOCK_MONOTONIC,
			    HRTIMER_MODE_REL_HARD);
	common = alloc_percpu(u64);
	asker.kept = kcalloc(batch, NR_ALLOCATORS * sizeof(*asker.kept),
			     GFP_KERNEL);
	if (common && asker.kept)
		err = ask_under_load(common);
	kfree(asker.kept);
	free_percpu(common);
	return err;
}

/* all is done at load */
static void atomic_end(void)
{
}

const struct bench_test bench_atomic = {
	.name	= "atomic",
	.start	= atomic_start,
	.end	= atomic_end,
};

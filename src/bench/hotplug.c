// SPDX-License-Identifier: GPL-2.0
/*
 * Counting while CPUs come and go: threads, and a hard-interrupt timer on every
 * CPU that is online, count in objects of their own and in a common one until
 * the module is unloaded. Taking CPUs off and on is up to whoever loaded it.
 */
#include "load.h"

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "compat/hrtimer.h"

#define PERIOD		ms_to_ktime(1)

/* objects a timer has at a time */
#define NR_KEPT		16

struct ticker {
	struct hrtimer timer;
	struct rnd_state rnd;
	struct bench_object kept[NR_KEPT];
	unsigned int ticks;
	struct bench_result result;
};

static const struct bench_allocator * const allocators[] = { &bench_shadow };

static u64 __percpu *common;
static struct ticker *tickers;		/* a CPU one */
static struct bench_load *load;
static int state;

/* free the oldest, take a new one, count in any */
static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct ticker *t = container_of(timer, struct ticker, timer);
	struct bench_object *oldest = &t->kept[t->ticks++ % NR_KEPT];

	bench_object_put(oldest, &t->result);
	bench_object_get(oldest, &bench_shadow, bench_size(&t->rnd),
			 GFP_NOWAIT | __GFP_NOWARN, &t->result);
	bench_object_count(&t->kept[prandom_u32_state(&t->rnd) % NR_KEPT],
			   &t->result);

	this_cpu_inc(*common);
	t->result.common++;
	t->result.counted++;

	hrtimer_forward_now(timer, PERIOD);
	return HRTIMER_RESTART;
}

static int cpu_comes(unsigned int cpu)
{
	hrtimer_start(&tickers[cpu].timer, PERIOD, HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static int cpu_goes(unsigned int cpu)
{
	hrtimer_cancel(&tickers[cpu].timer);
	return 0;
}

static int make_tickers(void)
{
	unsigned int cpu;

	tickers = kvcalloc(nr_cpu_ids, sizeof(*tickers), GFP_KERNEL);
	if (!tickers)
		return -ENOMEM;

	for_each_possible_cpu(cpu) {
		bench_seed(&tickers[cpu].rnd, 1000 + cpu);
		spcpu_hrtimer_setup(&tickers[cpu].timer, tick, CLOCK_MONOTONIC,
				    HRTIMER_MODE_REL_PINNED_HARD);
	}
	return 0;
}

/* no timer runs any more */
static void free_tickers(struct bench_result *r)
{
	unsigned int cpu, i;
	struct ticker *t;

	*r = (struct bench_result) { };
	for_each_possible_cpu(cpu) {
		t = &tickers[cpu];
		for (i = 0; i < NR_KEPT; i++)
			bench_object_put(&t->kept[i], &t->result);
		bench_result_add(r, &t->result);
	}
	kvfree(tickers);
}

static int hotplug_start(const struct bench_allocator *unused)
{
	struct bench_result ignored;
	int err = -ENOMEM;

	common = (u64 __percpu *)bench_shadow.alloc(sizeof(u64), sizeof(u64),
						    GFP_KERNEL);
	if (!common)
		return -ENOMEM;

	if (make_tickers())
		goto err_common;

	load = bench_load_start(allocators, ARRAY_SIZE(allocators), common);
	if (IS_ERR(load)) {
		err = PTR_ERR(load);
		goto err_tickers;
	}

	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "shadow_percpu/bench",
				  cpu_comes, cpu_goes);
	if (state < 0) {
		err = state;
		goto err_load;
	}
	return 0;

err_load:
	bench_load_stop(load, &ignored);
err_tickers:
	free_tickers(&ignored);
err_common:
	bench_shadow.free(common);
	return err;
}

static void hotplug_end(void)
{
	struct bench_result threads, timers;
	u64 lost;

	cpuhp_remove_state(state);
	bench_load_stop(load, &threads);
	free_tickers(&timers);

	lost = threads.lost + timers.lost +
	       bench_distance(bench_sum(common), threads.common + timers.common);
	bench_shadow.free(common);

	pr_info("hotplug: %s: lost %llu of %llu counts in threads and %llu in timers; %llu and %llu objects, %llu and %llu failed\n",
		bench_verdict(!lost && !threads.failed && threads.objects &&
			      timers.objects),
		lost, threads.counted, timers.counted, threads.objects,
		timers.objects, threads.failed, timers.failed);
}

const struct bench_test bench_hotplug = {
	.name	= "hotplug",
	.start	= hotplug_start,
	.end	= hotplug_end,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * What a pair of alloc_percpu() and free_percpu() takes.
 *
 * Pairs are done in batches, with a pause after each, in which whoever follows the
 * allocator can catch up. The median of the batches is what callers pay, as those
 * during which something else ran do not count. Then more of them are done without
 * a pause: there all that runs meanwhile counts.
 */
#include "stream.h"

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/sort.h>

#define BATCH		50
#define PAUSE_US	2000

/* how many times the pairs of all batches are done without a pause */
#define TIMES		20

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* nanoseconds; 0 if there was no memory */
static u64 measure(unsigned int nr)
{
	u64 begin = ktime_get_ns();
	u64 __percpu *ptr;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		ptr = alloc_percpu(u64);
		if (!ptr)
			return 0;
		free_percpu(ptr);
	}
	return ktime_get_ns() - begin;
}

/**
 * stream_pairs() - measure, and log the result
 * @nr: number of pairs, at least
 *
 * Context: Process context. May sleep.
 * Return: 0 or a negative errno.
 */
int stream_pairs(unsigned int nr)
{
	unsigned int i, nr_batches = DIV_ROUND_UP(nr, BATCH);
	u64 *took, at_once;

	took = kvmalloc_array(nr_batches, sizeof(*took), GFP_KERNEL);
	if (!took)
		return -ENOMEM;

	for (i = 0; i < nr_batches; i++) {
		took[i] = measure(BATCH);
		usleep_range(PAUSE_US, 2 * PAUSE_US);
	}
	at_once = measure(nr_batches * BATCH * TIMES);
	sort(took, nr_batches, sizeof(*took), compare, NULL);
	pr_info("pairs: %s: %u batches of %u pairs, median %llu ns, from %llu to %llu; %u at once %llu ns\n",
		took[0] && at_once ? "PASS" : "FAIL", nr_batches, BATCH,
		took[nr_batches / 2], took[0], took[nr_batches - 1],
		nr_batches * BATCH * TIMES, at_once);
	kvfree(took);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What a pair of alloc_percpu() and free_percpu() takes.
 *
 * Pairs are done in batches, with a pause after each, in which whoever follows the
 * allocator can catch up. The median of the batches is the result, so that those
 * during which something else ran do not count.
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

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* nanoseconds; 0 if there was no memory */
static u64 measure_batch(void)
{
	u64 begin = ktime_get_ns();
	u64 __percpu *ptr;
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
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
	u64 *took;

	took = kvmalloc_array(nr_batches, sizeof(*took), GFP_KERNEL);
	if (!took)
		return -ENOMEM;

	for (i = 0; i < nr_batches; i++) {
		took[i] = measure_batch();
		usleep_range(PAUSE_US, 2 * PAUSE_US);
	}
	sort(took, nr_batches, sizeof(*took), compare, NULL);
	pr_info("pairs: %s: %u batches of %u pairs, median %llu ns, from %llu to %llu\n",
		took[0] ? "PASS" : "FAIL", nr_batches, BATCH,
		took[nr_batches / 2], took[0], took[nr_batches - 1]);
	kvfree(took);
	return 0;
}

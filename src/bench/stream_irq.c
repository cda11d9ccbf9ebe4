// SPDX-License-Identifier: GPL-2.0
/*
 * A timer that allocates and frees in hard interrupt context.
 */
#include "stream.h"

#include <linux/err.h>
#include <linux/preempt.h>

#include "compat/hrtimer.h"

/* between two ticks, and what is done in one */
#define PERIOD_NS	(500 * NSEC_PER_USEC)
#define STEPS		4

static struct hrtimer timer;
static struct stream_objects *objects;

static enum hrtimer_restart tick(struct hrtimer *t)
{
	unsigned int i;

	for (i = 0; i < STEPS; i++)
		stream_objects_step(objects);
	hrtimer_forward_now(t, ns_to_ktime(PERIOD_NS));
	return HRTIMER_RESTART;
}

/**
 * stream_irq_start() - start the timer
 * @live: about how many objects it will have at most
 * @seed: of all that is random
 * @max_size: most bytes of an object
 *
 * Context: Process context. May sleep.
 * Return: 0 or a negative errno.
 */
int stream_irq_start(unsigned int live, u64 seed, unsigned int max_size)
{
	objects = stream_objects_create(live, seed, max_size, 100);
	if (!objects)
		return -ENOMEM;
	spcpu_hrtimer_setup(&timer, tick, CLOCK_MONOTONIC,
			    HRTIMER_MODE_REL_HARD);
	hrtimer_start(&timer, ns_to_ktime(PERIOD_NS), HRTIMER_MODE_REL_HARD);
	return 0;
}

/**
 * stream_irq_stop() - stop the timer; its objects stay
 * @stats: set to what it did
 *
 * Context: Process context. May sleep.
 */
void stream_irq_stop(struct stream_stats *stats)
{
	hrtimer_cancel(&timer);
	*stats = objects->stats;
}

/**
 * stream_irq_exit() - free the timer's objects
 *
 * Context: Process context. May sleep.
 */
void stream_irq_exit(void)
{
	stream_objects_destroy(objects);
	objects = NULL;
}

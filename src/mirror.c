// SPDX-License-Identifier: GPL-2.0
/*
 * Mirror: a shadow on paper follows the running kernel's allocator.
 *
 * Who allocates only leaves a note of it. A worker comes by now and then, and has
 * the shadow decide the same.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "compat/kunit.h"
#include "follow.h"
#include "mirror.h"
#include "record.h"

/* how often the worker comes by; the rings hold what happens meanwhile */
#define PERIOD	max(HZ / 50, 1)

/* of @follow and @on; taken for an event, or a report */
static DEFINE_MUTEX(lock);

/* who starts and who stops are kept apart */
static DEFINE_MUTEX(control);

/* the one that follows now, or did last */
static struct spcpu_follow *follow;
static bool on;
static int error;

/* what cannot be is counted, and shown; it is no reason to end */
static int follow_on(const struct spcpu_op *op)
{
	const char *why;
	int err = spcpu_follow_op(follow, op, &why);

	return err == -EINVAL ? 0 : err;
}

static void catch_up(void)
{
	struct spcpu_op op;

	mutex_lock(&lock);
	while (spcpu_record_next(&op)) {
		if (!error)
			error = follow_on(&op);
		/* a reader of the report gets his turn */
		if (need_resched()) {
			mutex_unlock(&lock);
			cond_resched();
			mutex_lock(&lock);
		}
	}
	mutex_unlock(&lock);
}

static void come_by(struct work_struct *work);
static DECLARE_DELAYED_WORK(visit, come_by);

static void come_by(struct work_struct *work)
{
	catch_up();
	queue_delayed_work(system_unbound_wq, &visit, PERIOD);
}

static int start(unsigned int ring_kb)
{
	const struct spcpu_follow_options options = { };
	struct spcpu_snapshot first;
	struct spcpu_follow *new;
	int err;

	spcpu_snapshot_init(&first);
	err = spcpu_record_start(&first, ring_kb);
	if (err)
		goto out;

	new = spcpu_follow_create(&first, &options);
	if (!new) {
		spcpu_record_end();
		err = -ENOMEM;
		goto out;
	}

	mutex_lock(&lock);
	swap(follow, new);
	on = true;
	error = 0;
	mutex_unlock(&lock);
	spcpu_follow_destroy(new);
	queue_delayed_work(system_unbound_wq, &visit, PERIOD);
out:
	spcpu_snapshot_exit(&first);
	return err;
}

/**
 * spcpu_mirror_start() - follow from now on
 * @ring_kb: KB of events that each CPU can keep until the worker comes by; 0 for as
 *	many as usual
 *
 * What the mirror showed before is gone.
 *
 * Context: Process context. May sleep.
 * Return: 0; -EBUSY: it follows already, or somebody records; -ENOMEM; what
 *	spcpu_record_start() says.
 */
int spcpu_mirror_start(unsigned int ring_kb)
{
	int err = -EBUSY;

	mutex_lock(&control);
	if (!on)
		err = start(ring_kb);
	mutex_unlock(&control);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_mirror_start);

/* the shadow is to be then what the kernel is in the last snapshot */
static int stop(void)
{
	struct spcpu_snapshot last;
	int err;

	/* what there is to follow is counted, and shown, even if it ends badly */
	spcpu_snapshot_init(&last);
	err = spcpu_record_stop(&last);
	cancel_delayed_work_sync(&visit);
	catch_up();
	while (!err && !spcpu_record_over()) {
		/* without the last events there is nothing to compare */
		err = spcpu_record_wait();
		catch_up();
	}
	spcpu_record_end();

	mutex_lock(&lock);
	if (!err)
		err = min(spcpu_follow_compare(follow, &last), 0) ?: error;
	on = false;
	mutex_unlock(&lock);
	spcpu_snapshot_exit(&last);
	return err;
}

/**
 * spcpu_mirror_stop() - follow no more, and hold the shadow against the kernel
 *
 * Context: Process context. May sleep.
 * Return: 0; -EINVAL: it does not follow; -ENOMEM: there was none for all of it;
 *	-ERESTARTSYS: a signal came before the last event, and nothing was compared; what
 *	spcpu_record_stop() says.
 */
int spcpu_mirror_stop(void)
{
	int err = -EINVAL;

	mutex_lock(&control);
	if (on)
		err = stop();
	mutex_unlock(&control);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_mirror_stop);

/**
 * spcpu_mirror_report() - what came of it so far
 * @line: takes a line, without a newline
 * @to: for @line
 *
 * Context: Process context. May sleep.
 */
void spcpu_mirror_report(void (*line)(void *to, const char *text), void *to)
{
	mutex_lock(&lock);
	line(to, on ? "mirror: on" : "mirror: off");
	if (error)
		line(to, "error: no memory to follow all of it");
	if (follow)
		spcpu_follow_report(follow, line, to);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_mirror_report);

/**
 * spcpu_mirror_exit() - give it all back
 *
 * Context: Process context, nobody starts, stops or reads any more. May sleep.
 */
void spcpu_mirror_exit(void)
{
	spcpu_mirror_stop();
	spcpu_follow_destroy(follow);
	follow = NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_mirror_exit);

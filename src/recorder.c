// SPDX-License-Identifier: GPL-2.0
/*
 * Recorder: a recording of the kernel's own allocator, as lines of text, while it is
 * being made.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/utsname.h>

#include "compat/kunit.h"
#include "recorder.h"
#include "record.h"

/* which lines come next */
enum stage {
	NOTHING,	/* nobody records */
	VERSION,
	KERNEL,
	FIRST,		/* the snapshot before the first event */
	EVENTS,
	LAST,		/* the one after the last */
	END,
};

/*
 * Of all that is below; @control is taken before it by who starts and who stops, so
 * that who reads can go on meanwhile.
 */
static DEFINE_MUTEX(lock);
static DEFINE_MUTEX(control);

static enum stage stage;
static bool on;
static bool has_last;
static struct spcpu_snapshot first;
static struct spcpu_snapshot last;
static struct spcpu_snapshot_pos pos;
static u64 nr_events;

/* what is left of a recording that nobody has read to its end */
static void drop(void)
{
	if (stage == NOTHING)
		return;

	spcpu_record_end();
	spcpu_snapshot_exit(&first);
	spcpu_snapshot_exit(&last);
	stage = NOTHING;
}

static int start(unsigned int ring_kb)
{
	int err;

	drop();
	spcpu_snapshot_init(&first);
	spcpu_snapshot_init(&last);
	err = spcpu_record_start(&first, ring_kb);
	if (err)
		return err;

	stage = VERSION;
	on = true;
	has_last = false;
	pos = (struct spcpu_snapshot_pos) { };
	nr_events = 0;
	return 0;
}

/**
 * spcpu_recorder_start() - begin a recording; the one before is gone
 * @ring_kb: as for spcpu_record_start()
 *
 * Context: Process context. May sleep.
 * Return: 0; -EBUSY: one is being made, or the mirror follows; what
 *	spcpu_record_start() says.
 */
int spcpu_recorder_start(unsigned int ring_kb)
{
	int err = -EBUSY;

	mutex_lock(&control);
	mutex_lock(&lock);
	if (!on)
		err = start(ring_kb);
	mutex_unlock(&lock);
	mutex_unlock(&control);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_recorder_start);

/**
 * spcpu_recorder_stop() - end the recording
 *
 * What was recorded can be read until the next one begins.
 *
 * Context: Process context. May sleep.
 * Return: 0; -EINVAL: none is being made; what spcpu_record_stop() says, and then the
 *	recording has no last snapshot.
 */
int spcpu_recorder_stop(void)
{
	int err = -EINVAL;

	mutex_lock(&control);
	if (on) {
		err = spcpu_record_stop(&last);
		mutex_lock(&lock);
		has_last = !err;
		on = false;
		mutex_unlock(&lock);
	}
	mutex_unlock(&control);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_recorder_stop);

static int snapshot_line(const struct spcpu_snapshot *snap, char *line,
			 size_t size)
{
	int len = spcpu_snapshot_line(snap, &pos, line, size);

	if (!len)
		pos = (struct spcpu_snapshot_pos) { };
	return len;
}

/* -EAGAIN: no event yet, and there may be more; 0: that was the last */
static int event_line(char *line, size_t size)
{
	struct spcpu_op op;

	if (spcpu_record_next(&op)) {
		nr_events++;
		return spcpu_op_line(&op, line, size);
	}
	/* the last snapshot is not there before it is off */
	return !on && spcpu_record_over() ? 0 : -EAGAIN;
}

static int end_line(char *line, size_t size)
{
	struct spcpu_record_status status;

	spcpu_record_status(&status);
	return scnprintf(line, size, "end %llu %llu\n", nr_events, status.lost);
}

static int stage_line(char *line, size_t size)
{
	switch (stage) {
	case VERSION:
		return scnprintf(line, size, "shadow_percpu recording %d\n",
				 SPCPU_RECORDING_VERSION);
	case KERNEL:
		return scnprintf(line, size,
				 "kernel %s possible=%u online=%u\n",
				 init_utsname()->release,
				 num_possible_cpus(), num_online_cpus());
	case FIRST:
		return snapshot_line(&first, line, size);
	case EVENTS:
		return event_line(line, size);
	case LAST:
		return has_last ? snapshot_line(&last, line, size) : 0;
	default:
		return end_line(line, size);
	}
}

/* stages of one line, and those of many */
static bool is_over(int len)
{
	return stage == FIRST || stage == EVENTS || stage == LAST ? !len : true;
}

static int next_line(char *line, size_t size)
{
	int len = 0;

	while (!len && stage != NOTHING) {
		len = stage_line(line, size);
		if (len < 0 || !is_over(len))
			return len;
		if (stage == END)
			drop();
		else
			stage++;
	}
	return len;
}

/**
 * spcpu_recorder_line() - the next line
 * @line: where to; a newline and a zero come last
 * @size: room there, at least %SPCPU_SNAPSHOT_LINE_MAX
 * @wait: wait for it while the recording is being made
 *
 * Context: Process context, one at a time. May sleep.
 * Return: Characters, the zero not counted; 0: that was all, or there is no recording;
 *	-EAGAIN: there is none yet; -ERESTARTSYS: a signal came.
 */
int spcpu_recorder_line(char *line, size_t size, bool wait)
{
	int len, err = 0;

	do {
		mutex_lock(&lock);
		len = next_line(line, size);
		mutex_unlock(&lock);
		if (len == -EAGAIN && wait)
			err = spcpu_record_wait();
	} while (len == -EAGAIN && wait && !err);
	return err ?: len;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_recorder_line);

/**
 * spcpu_recorder_exit() - give it all back
 *
 * Context: Process context; nobody starts, stops or reads any more. May sleep.
 */
void spcpu_recorder_exit(void)
{
	spcpu_recorder_stop();
	drop();
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_recorder_exit);

// SPDX-License-Identifier: GPL-2.0
/*
 * Record: what the kernel's own percpu allocator is asked for, as it happens, from a
 * snapshot to a snapshot.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/timex.h>
#include <linux/tracepoint.h>

#include "compat/kunit.h"
#include "compat/native.h"
#include "notes.h"
#include "probes.h"
#include "record.h"
#include "sequence.h"

/* of each CPU, unless asked for otherwise */
#define RING_KB		1024
#define LEAST_RING_KB	4
#define MOST_RING_KB	(64 << 10)

/* how long the consumer sleeps when there is nothing, ms */
#define NAP		20

/* one who records; @control keeps those apart who start and stop */
static DEFINE_MUTEX(control);
static bool busy;
static struct spcpu_sequence sequence;
static u64 lost_told;
static u64 nr_seen;
static u64 nr_lost;
static bool closed;
static bool finished;

/* the first event may come from now on: in ns, and as the CPUs count */
static u64 started_ns;
static u64 started_cycles;

/**
 * spcpu_record_init() - find what recording needs
 *
 * Context: Process context. May sleep.
 * Return: 0; what spcpu_native_init() and spcpu_probes_find() say.
 */
int spcpu_record_init(void)
{
	return spcpu_native_init() ?: spcpu_probes_find();
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_init);

static void begin(void)
{
	started_ns = ktime_get_mono_fast_ns();
	started_cycles = get_cycles();
	spcpu_probes_set(SPCPU_PROBES_ON);
}

/* the mutex is the caller's */
static void end(void)
{
	spcpu_probes_settle();
	spcpu_probes_set(SPCPU_PROBES_DRAINING);
}

static void reset(void)
{
	lost_told = 0;
	nr_seen = 0;
	nr_lost = 0;
	closed = false;
	finished = false;
}

static int start(struct spcpu_snapshot *first, unsigned int ring_kb)
{
	int err;

	reset();
	err = spcpu_notes_create(ring_kb);
	if (err)
		return err;

	err = spcpu_probes_register();
	if (err)
		goto err_rings;

	err = spcpu_sequence_init(&sequence, spcpu_probes_exact());
	if (err)
		goto err_probes;

	/* from its next beginning on it is seen */
	spcpu_native_flush();
	err = spcpu_native_snapshot(first, begin);
	if (err)
		goto err_sequence;
	return 0;

err_sequence:
	spcpu_probes_set(SPCPU_PROBES_OFF);
	spcpu_sequence_exit(&sequence);
err_probes:
	spcpu_probes_unregister();
err_rings:
	spcpu_notes_destroy();
	return err;
}

/* all rings together take no more than three quarters of the machine's memory */
static bool there_is_room(unsigned int ring_kb)
{
	u64 total_kb = (u64)totalram_pages() << (PAGE_SHIFT - 10);

	return (u64)ring_kb * num_possible_cpus() <= total_kb / 4 * 3;
}

/**
 * spcpu_record_start() - begin
 * @first: an empty snapshot, filled with all chunks before the first event
 * @ring_kb: KB of notes that each CPU can keep until they are consumed, 4 to 65536;
 *	0 for 1024
 *
 * Context: Process context. May sleep.
 * Return: 0; -EBUSY: somebody records; -EINVAL: @ring_kb is out of range; -ENOMEM,
 *	also if all CPUs' rings would take more than three quarters of the machine's; what
 *	spcpu_native_snapshot() says.
 */
int spcpu_record_start(struct spcpu_snapshot *first, unsigned int ring_kb)
{
	int err = -EBUSY;

	ring_kb = ring_kb ?: RING_KB;
	if (ring_kb < LEAST_RING_KB || ring_kb > MOST_RING_KB) {
		pr_err_ratelimited("%u KB of events per CPU are out of range: it is %u to %u\n",
				   ring_kb, LEAST_RING_KB, MOST_RING_KB);
		return -EINVAL;
	}
	if (!there_is_room(ring_kb)) {
		pr_err_ratelimited("%u KB of events for each of %u CPUs are more than three quarters of this machine's memory\n",
				   ring_kb, num_possible_cpus());
		return -ENOMEM;
	}

	mutex_lock(&control);
	if (!busy) {
		err = start(first, ring_kb);
		busy = !err;
	} else {
		pr_err_ratelimited("the mirror follows already, or there is a recording that has not been read to its end\n");
	}
	mutex_unlock(&control);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_start);

/* CPUs count cycles, people nanoseconds */
static u64 ns_since_start(u64 cycles)
{
	u64 ns = ktime_get_mono_fast_ns() - started_ns;
	u64 all = get_cycles() - started_cycles;

	/* counters of CPUs may be a little apart */
	cycles = cycles > started_cycles ? cycles - started_cycles : 0;
	return all ? mul_u64_u64_div_u64(cycles, ns, all) : 0;
}

static struct spcpu_seen seen_of(const struct spcpu_note *note, unsigned int cpu)
{
	struct spcpu_seen seen = {
		.seq = note->seq,
		.who = note->who,
		.op = {
			.kind = note->kind,
			.flags = note->flags,
			.cpu = cpu,
			.time = ns_since_start(note->cycles),
		},
	};

	switch (note->kind) {
	case SPCPU_OP_ALLOC:
		seen.op.base = note->base;
		seen.op.off = note->off;
		fallthrough;
	case SPCPU_OP_FAIL:
		seen.op.align = note->align;
		seen.op.site = note->extra;
		fallthrough;
	case SPCPU_SEEN_ORDER:
		seen.op.size = note->size;
		break;
	case SPCPU_OP_STATE:
		seen.op.slot = note->slot;
		fallthrough;
	case SPCPU_OP_FREE:
		seen.op.off = note->off;
		fallthrough;
	default:
		seen.op.base = note->base;
	}
	if (note->kind == SPCPU_OP_STATE || note->kind == SPCPU_OP_WORKER)
		seen.op.word = note->extra;
	return seen;
}

static bool take_notes(void)
{
	struct spcpu_note note;
	struct spcpu_seen seen;
	unsigned int cpu;
	bool any = false;

	while (spcpu_notes_take(&note, &cpu)) {
		seen = seen_of(&note, cpu);
		spcpu_sequence_add(&sequence, &seen);
		any = true;
	}
	return any;
}

/* lost since it was asked last, wherever */
static u64 newly_lost(void)
{
	u64 lost = sequence.lost + spcpu_probes_missed() + spcpu_notes_lost();

	lost -= lost_told;
	lost_told += lost;
	return lost;
}

static bool tell_lost(struct spcpu_op *op)
{
	u64 lost = newly_lost();

	if (!lost)
		return false;
	*op = (struct spcpu_op) { .kind = SPCPU_OP_LOST, .word = lost };
	op->time = ktime_get_mono_fast_ns() - started_ns;
	nr_lost += lost;
	spcpu_sequence_has_gaps(&sequence);
	return true;
}

/**
 * spcpu_record_next() - the next event, in the order in which they happened
 * @op: set to it
 *
 * That something was lost is told before all that was noted after it.
 *
 * Context: Process context, one at a time, after spcpu_record_start(). May sleep.
 * Return: True if there is one already.
 */
bool spcpu_record_next(struct spcpu_op *op)
{
	/* looked at before the rings: nobody writes there any more */
	bool over = smp_load_acquire(&closed);

	while (!spcpu_sequence_next(&sequence, false, op)) {
		if (take_notes()) {
			if (tell_lost(op))
				return true;
			continue;
		}
		if (over && spcpu_sequence_next(&sequence, true, op))
			break;
		if (tell_lost(op))
			return true;
		finished = over;
		return false;
	}
	nr_seen++;
	return true;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_next);

/**
 * spcpu_record_over() - was that all?
 *
 * Context: Process context, after spcpu_record_next() said that there is none.
 * Return: True if the recording has been stopped, and no more events will come.
 */
bool spcpu_record_over(void)
{
	return finished;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_over);

/**
 * spcpu_record_wait() - let time pass until there may be more events
 *
 * Context: Process context, after spcpu_record_next() said there is none. Sleeps for
 *	some ms.
 * Return: 0: look again; -ERESTARTSYS: a signal came.
 */
int spcpu_record_wait(void)
{
	return msleep_interruptible(NAP) ? -ERESTARTSYS : 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_wait);

/**
 * spcpu_record_stop() - no more events
 * @last: an empty snapshot, filled with all chunks after the last one
 *
 * What was noted before is there to be consumed until spcpu_record_end().
 *
 * Between its place and its trace nobody sleeps, but for those who hold the mutex,
 * which the snapshot takes: who has slept since has told where he was placed.
 *
 * Context: Process context, after spcpu_record_start(). May sleep.
 * Return: As spcpu_native_snapshot(); the recording is stopped all the same.
 */
int spcpu_record_stop(struct spcpu_snapshot *last)
{
	int err = spcpu_native_snapshot(last, end);

	spcpu_probes_set(SPCPU_PROBES_DRAINING);
	synchronize_rcu_tasks();
	/* nobody who allocates passes by any more, whenever the rest is read */
	spcpu_probes_unregister();
	/* the consumer sees that before it looks into the rings for the last time */
	smp_store_release(&closed, true);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_stop);

/**
 * spcpu_record_end() - give back what recording took
 *
 * Context: Process context, after spcpu_record_start(); nobody consumes any more.
 *	May sleep.
 */
void spcpu_record_end(void)
{
	mutex_lock(&control);
	spcpu_probes_unregister();
	spcpu_sequence_exit(&sequence);
	spcpu_notes_destroy();
	busy = false;
	mutex_unlock(&control);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_end);

/**
 * spcpu_record_status() - how it stands
 * @status: set to it
 *
 * Context: Any.
 */
void spcpu_record_status(struct spcpu_record_status *status)
{
	*status = (struct spcpu_record_status) {
		.on = busy && !closed,
		.seen = nr_seen,
		.lost = nr_lost,
		.exact = sequence.exact,
	};
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_status);

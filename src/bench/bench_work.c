// SPDX-License-Identifier: GPL-2.0
/*
 * How something is measured: one way and the other in turn, and nothing as well,
 * which is what the loop and the clock take.
 *
 * A round does enough for refills, flushes and zeroing in batches to be in it as
 * often as they are due; the median of the rounds leaves out those in which a timer
 * ticked. What is put off to a worker is in none of them: bench_all_of() counts all
 * that the machine does, until it has nothing left to do.
 */
#include "bench.h"

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/sort.h>
#include <linux/tick.h>

#define ROUNDS		15

/* rounds that are not counted come first, until both have what they need */
#define WARM_UP		2

/* by then all workers of both allocators have done what was put off */
#define SETTLE_MS	3000

/* how long many rounds on end take, about */
#define LONG_CYCLES	20000000
#define LONG_ROUNDS	500

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(u64 *took)
{
	sort(took, ROUNDS, sizeof(*took), compare, NULL);
	return took[ROUNDS / 2];
}

static int time_once(const struct bench_work *work, enum bench_way way,
		     unsigned int round, u64 *took)
{
	u64 begin = bench_now();
	int err = work->once(way, round, work->arg);

	*took = bench_now() - begin;
	return err;
}

/* in thousandths for each of those that were done */
static void report(const struct bench_work *work, const char *suffix,
		   unsigned int way, u64 took, u64 nothing, u64 nr)
{
	char name[64];
	u64 net = took > nothing ? took - nothing : 0;

	scnprintf(name, sizeof(name), "%s%s", work->name, suffix);
	bench_figure(name, work->ways[way - BENCH_KERNEL],
		     div64_u64(net * 1000, nr));
}

/**
 * bench_alternate() - measure rounds, the two ways in turn
 * @work: what
 *
 * Figures: @work->name for each way, thousandths of an instruction.
 *
 * Context: Process context. May sleep.
 * Return: 0 or a negative errno.
 */
int bench_alternate(const struct bench_work *work)
{
	static u64 took[BENCH_WAYS][ROUNDS];
	unsigned int round, way;
	u64 nothing;
	int err;

	for (round = 0; round < WARM_UP + ROUNDS; round++) {
		for (way = 0; way < BENCH_WAYS; way++) {
			err = time_once(work, way, round,
					&took[way][round % ROUNDS]);
			if (err)
				return err;
			cond_resched();
		}
	}

	nothing = median(took[BENCH_NOTHING]);
	for (way = BENCH_KERNEL; way < BENCH_WAYS; way++)
		report(work, "", way, median(took[way]), nothing, work->nr);
	return 0;
}

/**
 * bench_busy_begin() - count all that this machine does from now on
 * @busy: for bench_busy_end()
 *
 * Context: Process context, on a machine with one CPU online.
 */
void bench_busy_begin(struct bench_busy *busy)
{
	/* idle time is brought up to date by sleeping */
	msleep(20);
	busy->idle = get_cpu_idle_time_us(raw_smp_processor_id(), NULL);
	busy->begin = bench_now();
}

/**
 * bench_busy_end() - wait until nothing is left to do
 * @busy: from bench_busy_begin()
 *
 * Context: Process context. Sleeps.
 * Return: How much was done, workers and interrupts included.
 */
u64 bench_busy_end(const struct bench_busy *busy)
{
	u64 idle;

	msleep(SETTLE_MS);
	idle = get_cpu_idle_time_us(raw_smp_processor_id(), NULL) - busy->idle;
	return bench_now() - busy->begin - idle * NSEC_PER_USEC;
}

static int rounds_of(const struct bench_work *work, enum bench_way way,
		     unsigned int rounds, u64 *took)
{
	struct bench_busy busy;
	unsigned int round;
	int err;

	bench_busy_begin(&busy);
	for (round = 0; round < rounds; round++) {
		err = work->once(way, round, work->arg);
		if (err)
			return err;
		cond_resched();
	}
	*took = bench_busy_end(&busy);
	return 0;
}

/**
 * bench_all_of() - measure all that many rounds cause, whoever does it
 * @work: what
 *
 * Figures: @work->name with the suffix _all, thousandths of an instruction. What the
 * machine does on its own meanwhile is taken off.
 *
 * Context: Process context. Sleeps.
 * Return: 0 or a negative errno.
 */
int bench_all_of(const struct bench_work *work)
{
	unsigned int rounds, way;
	u64 took, nothing;
	int err;

	for (way = BENCH_KERNEL; way < BENCH_WAYS; way++) {
		err = time_once(work, way, 0, &took);
		if (err)
			return err;
		rounds = clamp_t(u64, div64_u64(LONG_CYCLES, took), 1,
				 LONG_ROUNDS);
		err = rounds_of(work, BENCH_NOTHING, rounds, &nothing) ?:
		      rounds_of(work, way, rounds, &took);
		if (err)
			return err;
		report(work, "_all", way, took, nothing,
		       (u64)rounds * work->nr);
	}
	return 0;
}

/**
 * bench_clock() - does the clock count instructions?
 *
 * Figures: thousandths of the clock's steps in a nanosecond, 1000 under -icount;
 * and how many instructions of a row of a million the clock saw.
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int bench_clock(void)
{
	unsigned int nr = 500000;
	u64 begin, cycles, ns;

	ns = ktime_get_ns();
	begin = bench_now();
	do {
		asm volatile("" : "+r" (nr));
	} while (--nr);
	cycles = bench_now() - begin;
	ns = ktime_get_ns() - ns;

	bench_figure("clock", "loop", cycles);
	bench_figure("clock", "per_ns", ns ? div64_u64(cycles * 1000, ns) : 0);
	return 0;
}

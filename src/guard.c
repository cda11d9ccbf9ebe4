// SPDX-License-Identifier: GPL-2.0
/*
 * Guard: bytes that nobody may write to, around objects and in freed ones, on all
 * CPUs that have copies; and whether they are still what they were set to.
 *
 * All of it under the debug lock, so that nobody fills what another checks, and no
 * chunk goes away: what has a track in the tree is an area that is taken.
 */
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/poison.h>
#include <linux/string.h>

#include "debug.h"

#define REDZONE	SLUB_RED_ACTIVE	/* the kernel's own, for the same */

/* of a finding's line of bytes */
#define LINE	16

/**
 * struct guarded - bytes of a copy that must all be the same
 *
 * @mistake: what it is if they are not
 * @from: bytes from the object's start
 * @to: where it ends
 * @value: what they are set to
 */
struct guarded {
	enum spcpu_mistake mistake;
	int from;
	int to;
	u8 value;
};

#define ZONES	4

static bool is_poisoned(const struct spcpu_debug *d, const struct spcpu_track *t)
{
	return t->state == SPCPU_TRACK_WAITING && d->flags & SPCPU_POISON;
}

/* those that may be empty included */
static unsigned int guarded_by(const struct spcpu_debug *d,
			       const struct spcpu_track *t,
			       struct guarded *zones)
{
	int size = t->size;
	unsigned int nr = 0;

	if (d->flags & SPCPU_REDZONE) {
		zones[nr++] = (struct guarded) { SPCPU_UNDERRUN, -(int)t->front, 0, REDZONE };
		zones[nr++] = (struct guarded) { SPCPU_OVERRUN, size, size + t->back, REDZONE };
	}
	if (is_poisoned(d, t)) {
		zones[nr++] = (struct guarded) { SPCPU_USE_AFTER_FREE, 0, size - 1, POISON_FREE };
		zones[nr++] = (struct guarded) { SPCPU_USE_AFTER_FREE, size - 1, size, POISON_END };
	}
	return nr;
}

static u8 *copy_of(const struct spcpu_debug *d, const struct spcpu_track *t,
		   unsigned int i)
{
	return (u8 *)(t->ptr + d->s->ready.offs[i]);
}

static unsigned int cpu_of(const struct spcpu_debug *d, unsigned int i)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (per_cpu_offset(cpu) == d->s->ready.offs[i])
			break;
	}
	return cpu;
}

/* the copies of CPUs from @first on */
static void fill(const struct spcpu_debug *d, const struct spcpu_track *t,
		 unsigned int first)
{
	struct guarded zones[ZONES];
	unsigned int nr = guarded_by(d, t, zones), i, z;

	for (i = first; i < t->nr_cpus; i++) {
		for (z = 0; z < nr; z++)
			memset(copy_of(d, t, i) + zones[z].from, zones[z].value,
			       zones[z].to - zones[z].from);
	}
}

/**
 * spcpu_guard_set() - set the bytes of an object that is live, or waits, from now on
 * @d: what watches it
 * @t: its track
 *
 * Context: Any but NMI, @d->lock held.
 */
void spcpu_guard_set(struct spcpu_debug *d, struct spcpu_track *t)
{
	lockdep_assert_held(&d->lock);

	t->nr_cpus = spcpu_nr_ready(&d->s->ready);
	fill(d, t, 0);
}

/**
 * spcpu_guard_cpu_came() - set those of copies that a CPU has got
 * @d: what watches all objects
 *
 * Context: Process context, after spcpu_ready_add().
 */
void spcpu_guard_cpu_came(struct spcpu_debug *d)
{
	unsigned int nr = spcpu_nr_ready(&d->s->ready), first;
	struct spcpu_track *t;
	unsigned long ptr = 0;

	do {
		spin_lock_irq(&d->lock);
		t = spcpu_track_after(d, ptr);
		if (t) {
			ptr = t->ptr;
			first = t->nr_cpus;
			t->nr_cpus = nr;
			fill(d, t, first);
		}
		spin_unlock_irq(&d->lock);
	} while (t);
}

/* the bytes around the first wrong one, a line before it and two after */
static void show(struct spcpu_finding *f, const struct spcpu_track *t,
		 const u8 *copy)
{
	int end = t->size + t->back;

	f->from = max((f->at & ~(LINE - 1)) - LINE, -(int)t->front);
	f->nr = min(end - f->from, SPCPU_FINDING_BYTES);
	/* they may be written to at this moment, rightly or not */
	data_race(memcpy(f->bytes, copy + f->from, f->nr));
}

static void note(struct spcpu_debug *d, struct spcpu_finding *f,
		 const struct spcpu_track *t, const struct guarded *zone,
		 const u8 *copy, const u8 *wrong)
{
	struct spcpu_place place;

	f->mistake = zone->mistake;
	f->at = wrong - copy;
	f->end = zone->to;
	/* its user may write meanwhile */
	while (f->end > f->at + 1 && data_race(copy[f->end - 1]) == zone->value)
		f->end--;
	f->should = zone->value;
	show(f, t, copy);
	f->is = f->bytes[f->at - f->from];

	spcpu_locate(d->s, (void __percpu __force *)spcpu_track_start(t), &place);
	f->id = place.id;
	f->off = place.off + t->front;
	spcpu_track_hold(&f->track, t);
}

/* those of one copy; what is wrong is put right, so that it is found once */
static bool check_copy(struct spcpu_debug *d, const struct spcpu_track *t,
		       u8 *copy, struct spcpu_finding *f)
{
	struct guarded zones[ZONES];
	unsigned int nr = guarded_by(d, t, zones), z;
	bool wrong = false;

	for (z = 0; z < nr; z++) {
		int bytes = zones[z].to - zones[z].from;
		u8 *from = copy + zones[z].from;
		/* its user may write meanwhile */
		u8 *first = data_race(memchr_inv(from, zones[z].value, bytes));

		if (!first)
			continue;
		if (!f->mistakes)
			note(d, f, t, &zones[z], copy, first);
		f->mistakes |= BIT(zones[z].mistake);
		memset(from, zones[z].value, bytes);
		wrong = true;
	}
	return wrong;
}

/**
 * spcpu_guard_check() - has anybody written where nobody may?
 * @d: what watches the object
 * @t: its track
 * @finding: set to what was found first, for spcpu_report(); its track is held
 *
 * Context: Any but NMI, @d->lock held.
 * Return: True if somebody has.
 */
bool spcpu_guard_check(struct spcpu_debug *d, struct spcpu_track *t,
		       struct spcpu_finding *finding)
{
	unsigned int i;

	lockdep_assert_held(&d->lock);

	finding->nr_cpus = 0;
	finding->mistakes = 0;
	for (i = 0; i < t->nr_cpus; i++) {
		if (!check_copy(d, t, copy_of(d, t, i), finding))
			continue;
		if (!finding->nr_cpus++)
			finding->cpu = cpu_of(d, i);
	}
	return finding->nr_cpus;
}

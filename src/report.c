// SPDX-License-Identifier: GPL-2.0
/*
 * Report: what is said in the log of a mistake: what, which object, which CPU's copy,
 * the bytes around it, who allocated and who freed it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "compat/stack.h"
#include "debug.h"

#define LINE	16
#define RULE	"=================================================================="

/* an overrun loop in some driver must not drown the log, but a test may provoke many */
#define REPORTS_AT_ONCE	100

static const char * const what[SPCPU_NR_MISTAKES] = {
	[SPCPU_UNDERRUN]	= "write before the start of an object",
	[SPCPU_OVERRUN]		= "write past the end of an object",
	[SPCPU_USE_AFTER_FREE]	= "write to a freed object",
};

/* addresses of code that is no more say nothing, and may be somebody else's by now */
static void print_frame(unsigned long frame)
{
	char first[3];

	snprintf(first, sizeof(first), "%pS", (void *)frame);
	if (!strcmp(first, "0x"))
		pr_err(" (code that is gone)\n");
	else
		pr_err(" %pS\n", (void *)frame);
}

/* who, where, when; and, with debug=owner, the way there */
static void print_event(const char *did, const struct spcpu_event *event)
{
	u64 ms = div_u64(ktime_get_ns() - event->when, NSEC_PER_MSEC);
	unsigned long *frames;
	unsigned int nr, i;
	u32 rest;

	ms = div_u64_rem(ms, MSEC_PER_SEC, &rest);
	pr_err("%s by %s/%d on CPU %u, %llu.%03u s ago:\n", did, event->comm,
	       event->pid, event->cpu, ms, rest);
	/* the code of the caller may have gone, its name has not */
	pr_err(" %s\n", event->owner ? event->owner->name : "(unknown)");
	nr = spcpu_stack_get(event->stack, &frames);
	for (i = 1; i < nr; i++)
		print_frame(frames[i]);
}

static void print_history(const struct spcpu_track *t)
{
	print_event("allocated", &t->alloc);
	if (t->state != SPCPU_TRACK_LIVE)
		print_event("freed", &t->free);
}

static void print_bytes(const struct spcpu_finding *f)
{
	unsigned int done, nr;

	pr_err("bytes of CPU %u's copy around it:\n", f->cpu);
	for (done = 0; done < f->nr; done += nr) {
		int from = f->from + (int)done;

		/* lines begin at multiples of their length, but the first may not */
		nr = min_t(unsigned int, f->nr - done, LINE - (from & (LINE - 1)));
		pr_err("%c %6d: %*ph\n",
		       f->at >= from && f->at < from + (int)nr ? '>' : ' ',
		       from, (int)nr, f->bytes + done);
	}
}

/* what else was found in this object's copies */
static void print_others(const struct spcpu_finding *f)
{
	unsigned int i;

	for (i = 0; i < SPCPU_NR_MISTAKES; i++) {
		if (i != f->mistake && f->mistakes & BIT(i))
			pr_err("and also: %s\n", what[i]);
	}
}

/**
 * spcpu_report() - tell of bytes that somebody wrote where nobody may
 * @d: what found them
 * @finding: what was found; let go of
 * @when: how it was found
 * @caller: who called then, a return address; 0: nobody to name
 *
 * Context: Any but NMI, without the debug lock.
 */
void spcpu_report(struct spcpu_debug *d, struct spcpu_finding *finding,
		  const char *when, unsigned long caller)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, REPORTS_AT_ONCE);
	static DEFINE_SPINLOCK(one_at_a_time);
	const struct spcpu_track *t = &finding->track;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	d->nr_reports++;
	spin_unlock_irqrestore(&d->lock, flags);
	if (!__ratelimit(&limit))
		goto let_go;

	spin_lock_irqsave(&one_at_a_time, flags);
	pr_err(RULE "\n");
	pr_err("BUG: %s, in CPU %u's copy\n", what[finding->mistake], finding->cpu);
	pr_err("object %p of %u bytes, aligned to %u, offset %u of chunk %u\n",
	       (void *)t->ptr, t->size, t->align, finding->off, finding->id);
	pr_err("bytes %d to %d: %#04x instead of %#04x; wrong in %u of %u copies\n",
	       finding->at, finding->end - 1, finding->is, finding->should,
	       finding->nr_cpus, t->nr_cpus);
	print_others(finding);
	if (caller)
		pr_err("found %s, by %pS\n", when, (void *)caller);
	else
		pr_err("found %s\n", when);
	print_history(t);
	print_bytes(finding);
	pr_err(RULE "\n");
	spin_unlock_irqrestore(&one_at_a_time, flags);
	/* as the kernel does when its own objects were written to */
	add_taint(TAINT_BAD_PAGE, LOCKDEP_STILL_OK);

let_go:
	spcpu_track_let_go(d, &finding->track);
}

/* that which began there, if one did, also when another has its place by now */
static struct spcpu_track *find_any(struct spcpu_debug *d, unsigned long ptr)
{
	struct spcpu_track *t = spcpu_track_find(d, ptr), *past;

	if (t && t->ptr == ptr)
		return t;
	past = spcpu_track_past(d, ptr);
	return past && (!t || past->ptr == ptr) ? past : t;
}

/**
 * spcpu_report_history() - tell what is known of where a bad pointer points to
 * @d: what may know
 * @ptr: the pointer
 *
 * Context: Any but NMI, without the debug lock.
 */
void spcpu_report_history(struct spcpu_debug *d, const void __percpu *ptr)
{
	unsigned long value = (__force unsigned long)ptr, flags;
	struct spcpu_track *t, copy;

	spin_lock_irqsave(&d->lock, flags);
	t = find_any(d, value);
	if (t)
		spcpu_track_hold(&copy, t);
	spin_unlock_irqrestore(&d->lock, flags);
	if (!t)
		return;

	pr_err("byte %ld of an object of %u bytes, aligned to %u\n",
	       (long)(value - copy.ptr), copy.size, copy.align);
	print_history(&copy);
	spcpu_track_let_go(d, &copy);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_report_history);

/**
 * spcpu_report_leak() - tell of an object that nobody is left to free
 * @t: its track, or a copy that is held
 * @id: its chunk
 * @off: bytes from the chunk's start
 *
 * Context: Process context.
 */
void spcpu_report_leak(const struct spcpu_track *t, unsigned int id,
		       unsigned int off)
{
	u64 age = div_u64(ktime_get_ns() - t->alloc.when, NSEC_PER_MSEC);
	u32 rest;

	age = div_u64_rem(age, MSEC_PER_SEC, &rest);
	pr_warn("leaked: %u bytes per CPU at offset %u of chunk %u, pointer %p, allocated by %s/%d %llu.%03u s ago in %s\n",
		t->size, off, id, (void *)t->ptr, t->alloc.comm, t->alloc.pid,
		age, rest, t->alloc.owner->name);
}

/**
 * spcpu_report_leak_at() - the same, of the object in an area
 * @d: what may know of it
 * @area: where the area begins
 *
 * Context: Process context.
 * Return: False: it is no watched one, and nothing was said.
 */
bool spcpu_report_leak_at(struct spcpu_debug *d, const void __percpu *area)
{
	unsigned long value = (__force unsigned long)area;
	struct spcpu_track *t, copy;
	struct spcpu_place place;

	spin_lock_irq(&d->lock);
	t = spcpu_track_find(d, value);
	if (t) {
		spcpu_track_hold(&copy, t);
		spcpu_locate(d->s, area, &place);
	}
	spin_unlock_irq(&d->lock);
	if (!t)
		return false;

	spcpu_report_leak(&copy, place.id, place.off + copy.front);
	spcpu_track_let_go(d, &copy);
	return true;
}

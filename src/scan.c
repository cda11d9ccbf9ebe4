// SPDX-License-Identifier: GPL-2.0
/*
 * Scan: look at the guarded bytes of all objects there are.
 */
#include <linux/sched.h>

#include "compat/kunit.h"
#include "debug.h"

/* look at the next one; false: that was all */
static bool scan_next(struct spcpu_debug *d, unsigned long *ptr,
		      struct spcpu_scan *scan, const char *when)
{
	struct spcpu_finding finding;
	struct spcpu_track *t;
	bool wrong = false;

	spin_lock_irq(&d->lock);
	t = spcpu_track_after(d, *ptr);
	if (t) {
		*ptr = t->ptr;
		scan->live += t->state == SPCPU_TRACK_LIVE;
		scan->waiting += t->state == SPCPU_TRACK_WAITING;
		wrong = spcpu_guard_check(d, t, &finding);
		scan->corrupt += wrong;
	}
	spin_unlock_irq(&d->lock);

	if (wrong)
		spcpu_report(d, &finding, when, 0);
	return t;
}

/**
 * spcpu_debug_scan() - have everything looked at, and told of
 * @d: what watches
 * @when: how a report says that it was found
 *
 * Context: Process context. May sleep. Objects come and go meanwhile.
 */
void spcpu_debug_scan(struct spcpu_debug *d, const char *when)
{
	struct spcpu_scan scan = { };
	unsigned long ptr = 0;

	while (scan_next(d, &ptr, &scan, when))
		cond_resched();

	spin_lock_irq(&d->lock);
	d->last = scan;
	d->nr_scans++;
	spin_unlock_irq(&d->lock);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debug_scan);

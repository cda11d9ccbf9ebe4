// SPDX-License-Identifier: GPL-2.0
/*
 * Dump objects: a row an object, by place. What is known of it with debug= follows; that
 * of areas which wait in quarantine, too.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/time64.h>

#include "compat/kunit.h"
#include "debug.h"
#include "dump.h"

/* a copy of what is known of the area that begins at @off; false: nothing is */
static bool hold(struct spcpu_debug *d, const struct spcpu_view *view,
		 unsigned long off, struct spcpu_track *copy)
{
	unsigned long ptr = (unsigned long)view->base + off -
			    per_cpu_offset(view->s->layout->low_cpu);
	const struct spcpu_track *t;

	spin_lock_irq(&d->lock);
	t = spcpu_track_find(d, ptr);
	if (t)
		spcpu_track_hold(copy, t);
	spin_unlock_irq(&d->lock);
	return t;
}

static void show_track(struct seq_file *m, const struct spcpu_track *t)
{
	/* the clock was read before somebody else's allocation, at times */
	u64 now = max(ktime_get_ns(), t->alloc.when);
	u32 rest;
	u64 s;

	s = div_u64_rem(div_u64(now - t->alloc.when, NSEC_PER_MSEC), MSEC_PER_SEC, &rest);
	seq_printf(m, " %7u %6llu.%03u %-5s %s\n", t->size, s, rest,
		   t->state == SPCPU_TRACK_LIVE ? "live" : "freed", t->alloc.owner->name);
}

static void show_object(struct seq_file *m, const struct spcpu_view *view,
			unsigned long off, unsigned long bytes)
{
	struct spcpu_debug *d = spcpu_debug_of(view->s);
	struct spcpu_track t;

	seq_printf(m, "%6u %#10lx %7lu", view->chunk->id, off, bytes);
	if (!d || !hold(d, view, off, &t)) {
		seq_printf(m, " %7s %10s %-5s %s\n", "-", "-", "live", "-");
		return;
	}
	show_track(m, &t);
	spcpu_track_let_go(d, &t);
}

static int objects_show(struct seq_file *m, void *v)
{
	const struct spcpu_view *view = v;
	const struct spcpu_map *map;
	int at, end, bits;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# An area's bytes, redzones included; with debug=: bytes asked for, age, owner\n"
			    "#chunk     offset   bytes   asked      age s state owner\n");
		return 0;
	}

	map = &view->chunk->map;
	end = spcpu_view_end(view) >> SPCPU_GRANULE_SHIFT;
	at = spcpu_map_next(map, view->chunk->head >> SPCPU_GRANULE_SHIFT, &bits);
	while (at >= 0 && at < end) {
		show_object(m, view, (unsigned long)at << SPCPU_GRANULE_SHIFT,
			    (unsigned long)bits << SPCPU_GRANULE_SHIFT);
		at = spcpu_map_next(map, at + bits, &bits);
	}
	return 0;
}

const struct seq_operations spcpu_objects_ops = {
	.start	= spcpu_dump_start,
	.next	= spcpu_dump_next,
	.stop	= spcpu_dump_stop,
	.show	= objects_show,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_objects_ops);

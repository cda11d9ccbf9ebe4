// SPDX-License-Identifier: GPL-2.0
/*
 * Absent: what absent CPUs' copies read as is one page of zeros, mapped for
 * reading only. Writing to it ends in an oops; this says what the oops is about.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kdebug.h>
#include <linux/math.h>
#include <linux/printk.h>

#include "compat/fault.h"
#include "compat/kunit.h"
#include "hotplug.h"

/**
 * struct victim - what was written to
 *
 * @cpu: whose copy
 * @id: chunk; meaningful if there is an area
 * @off: bytes from the unit's start, or, in an area, from that
 * @start: bytes from the chunk's start to the area
 * @size: bytes of the area, or of a span's object in it; 0 for none
 * @unknown: there was no telling whether there is an area
 */
struct victim {
	unsigned int cpu;
	unsigned int id;
	unsigned long off;
	unsigned int start;
	unsigned int size;
	bool unknown;
};

/* one of a span's, if it is live */
static void find_object(const struct spcpu_span *span,
			const struct spcpu_chunk *chunk, struct victim *v)
{
	unsigned int size = spcpu_classes[span->class].size;
	unsigned int off = v->off - chunk->start - span->off;
	unsigned int start = rounddown(off, size);

	if (READ_ONCE(span->states[start >> span->shift]) < SPCPU_LIVE)
		return;

	v->start = span->off + start;
	v->size = size;
	v->off = off - start;
}

static void find_area(struct spcpu *s, unsigned long addr, struct victim *v)
{
	const struct spcpu_window *window;
	const struct spcpu_chunk *chunk;
	const struct spcpu_span *span;
	int start, bits;

	/* it may have gone meanwhile, and now it cannot any more */
	window = spcpu_index_find(&s->index, addr, &v->off);
	if (!window)
		return;

	chunk = spcpu_chunk_has(window->chunk, v->off) ? window->chunk :
							 window->reserved;
	if (!spcpu_chunk_has(chunk, v->off))
		return;

	v->id = chunk->id;
	span = spcpu_span_at(chunk, v->off - chunk->start);
	if (span) {
		find_object(span, chunk, v);
		return;
	}

	start = spcpu_map_around(&chunk->map,
				 (v->off - chunk->start) >> SPCPU_GRANULE_SHIFT,
				 &bits);
	if (start < 0)
		return;

	v->start = start << SPCPU_GRANULE_SHIFT;
	v->size = bits << SPCPU_GRANULE_SHIFT;
	v->off -= chunk->start + v->start;
}

/* the lock may be held by who wrote */
static void try_find_area(struct spcpu *s, unsigned long addr, struct victim *v)
{
	unsigned long flags;

	local_irq_save(flags);
	if (spin_trylock(&s->lock)) {
		find_area(s, addr, v);
		spin_unlock(&s->lock);
	} else {
		v->unknown = true;
	}
	local_irq_restore(flags);
}

static bool find_victim(struct spcpu *s, unsigned long addr, struct victim *v)
{
	struct spcpu_window *window;
	bool found = false;

	*v = (struct victim) { };
	rcu_read_lock();
	window = spcpu_index_find(&s->index, addr, &v->off);
	if (window) {
		for_each_possible_cpu(v->cpu) {
			if (window->units[v->cpu].start == addr - v->off)
				break;
		}
		found = !cpumask_test_cpu(v->cpu, s->ready_cpus);
		if (found)
			try_find_area(s, addr, v);
	}
	rcu_read_unlock();
	return found;
}

/**
 * spcpu_absent_explain() - say in the log what a write to an address was about
 * @s: an allocator with hotplug=online
 * @addr: any address
 *
 * Context: Any.
 * Return: True if it is in an absent CPU's copy; otherwise nothing is said.
 */
bool spcpu_absent_explain(struct spcpu *s, unsigned long addr)
{
	struct victim v;

	if (!find_victim(s, addr, &v))
		return false;

	if (v.size)
		pr_alert("write to CPU %u's copy, byte %lu of an object of %u bytes (chunk %u, offset %u): the CPU has never been online, and with hotplug=online has no copies yet; have shadow_percpu_set_init() set them up\n",
			 v.cpu, v.off, v.size, v.id, v.start);
	else
		pr_alert("write to CPU %u's unit, byte %lu%s: the CPU has never been online, and with hotplug=online has no pages yet\n",
			 v.cpu, v.off,
			 v.unknown ? "" : ", where no object is");
	return true;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_absent_explain);

static int oops(struct notifier_block *nb, unsigned long what, void *data)
{
	unsigned long addr = what == DIE_OOPS ? spcpu_fault_address(data) : 0;

	if (addr)
		spcpu_absent_explain(container_of(nb, struct spcpu, oops),
				     addr);
	return NOTIFY_DONE;
}

/**
 * spcpu_absent_watch() - explain writes to absent CPUs' copies from now on
 * @s: an allocator with hotplug=online
 *
 * Context: Process context.
 * Return: 0, or an errno of register_die_notifier().
 */
int spcpu_absent_watch(struct spcpu *s)
{
	s->oops.notifier_call = oops;
	return register_die_notifier(&s->oops);
}

/**
 * spcpu_absent_unwatch() - explain no more
 * @s: an allocator after spcpu_absent_watch()
 *
 * Context: Process context. May sleep.
 */
void spcpu_absent_unwatch(struct spcpu *s)
{
	unregister_die_notifier(&s->oops);
}

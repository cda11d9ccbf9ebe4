// SPDX-License-Identifier: GPL-2.0
/*
 * Dump cache: what there is of each class, where it is, and how often a CPU had to
 * go to the stock for it.
 *
 * Each class is looked at by itself, its stock's lock held for a few loads; nothing
 * of what callers do waits for it, or for the magazines to be counted.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include "compat/kunit.h"
#include "dump.h"
#include "tally.h"

/**
 * struct sums - what the rows add up to
 *
 * @all: objects, and times
 * @bytes: of each copy, the same members; the times mean nothing
 */
struct sums {
	struct spcpu_class_tally all;
	struct spcpu_class_tally bytes;
};

/* allocations that their CPU's magazines were enough for, in thousandths */
static unsigned int local(const struct spcpu_class_tally *t)
{
	u64 alloc = t->cpus.alloc;

	return alloc > t->taken ? div64_u64((alloc - t->taken) * 1000, alloc) : 0;
}

static void show_counts(struct seq_file *m, const struct spcpu_class_tally *t)
{
	seq_printf(m, " %7lu %8lu %8lu %8lu", t->spans, t->live, t->stock,
		   t->cpus.kept);
}

static void show_times(struct seq_file *m, const struct spcpu_class_tally *t)
{
	unsigned int part = local(t);

	seq_printf(m, " %10llu %10llu %8llu %8llu %3u.%u\n", t->cpus.alloc,
		   t->cpus.free, t->taken, t->given, part / 10, part % 10);
}

static void add(struct spcpu_class_tally *to, const struct spcpu_class_tally *t,
		unsigned long each, unsigned long span)
{
	to->cpus.alloc += t->cpus.alloc;
	to->cpus.free += t->cpus.free;
	to->cpus.kept += t->cpus.kept * each;
	to->spans += t->spans * span;
	to->live += t->live * each;
	to->stock += t->stock * each;
	to->taken += t->taken;
	to->given += t->given;
}

static void show_class(struct seq_file *m, const struct spcpu_class *c,
		       const struct spcpu_class_tally *t, struct sums *sums)
{
	seq_printf(m, "%6u %5u %7u", c->size, c->align, c->objects);
	show_counts(m, t);
	show_times(m, t);
	add(&sums->all, t, 1, 1);
	add(&sums->bytes, t, c->size, c->size * c->objects);
}

/* those of one kind that somebody ever asked for */
static void show_classes(struct seq_file *m, struct spcpu *s, bool accounted,
			 struct sums *sums)
{
	unsigned int from = accounted << SPCPU_CLASS_SHIFT, i;
	struct spcpu_class_tally t;
	bool first = accounted;

	for (i = from; i < from + (1 << SPCPU_CLASS_SHIFT); i++) {
		if (!spcpu_classes[i].objects)
			continue;
		spcpu_tally_class(s, i, &t);
		if (!t.spans && !t.cpus.alloc)
			continue;
		if (first)
			seq_puts(m, "# accounted objects (__GFP_ACCOUNT)\n");
		first = false;
		show_class(m, &spcpu_classes[i], &t, sums);
	}
}

/* and what is not in spans */
static void show_sums(struct seq_file *m, struct spcpu *s,
		      const struct sums *sums)
{
	struct spcpu_objects objects;

	seq_printf(m, "%-20s", "# all");
	show_counts(m, &sums->all);
	show_times(m, &sums->all);
	seq_printf(m, "%-20s", "# bytes of a copy");
	show_counts(m, &sums->bytes);
	spcpu_tally_objects(s, &objects);
	seq_printf(m, "\n%-28s %8llu\n", "# areas of their own",
		   objects.live - min_t(u64, objects.live, sums->all.live));
}

static void show_cpus(struct seq_file *m, struct spcpu *s)
{
	struct spcpu_tally t;
	unsigned int cpu;

	seq_puts(m, "#  cpu magazines     kept    bytes     allocs      frees\n");
	for_each_possible_cpu(cpu) {
		spcpu_tally_cpu(s, cpu, &t);
		seq_printf(m, "%6u %9lu %8lu %8lu %10llu %10llu\n", cpu,
			   t.magazines, t.kept, t.bytes, t.alloc, t.free);
	}
}

/**
 * spcpu_cache_show() - print what is in the cache, by class and by CPU
 * @m: where to; its private is a struct spcpu
 * @unused: not used
 *
 * Context: Process context. The cache goes on meanwhile.
 * Return: 0.
 */
int spcpu_cache_show(struct seq_file *m, void *unused)
{
	struct spcpu *s = m->private;
	struct sums sums = { };

	if (!s->cache.stocks) {
		seq_puts(m, "# cache=0: each object is an area of the core, and no CPU keeps any\n");
		return 0;
	}

	seq_puts(m, "# cache=1: a span is an area of the core, cut into objects of one size. Those that are not live\n"
		    "# are in stock, or kept in a CPU's magazines. Refills, flushes: times that a CPU went to the stock\n"
		    "# to take some, or to give some back. Local: allocations that did without, of 100\n"
		    "# size align objects   spans     live    stock     kept     allocs      frees  refills  flushes local\n");
	show_classes(m, s, false, &sums);
	show_classes(m, s, true, &sums);
	show_sums(m, s, &sums);
	seq_putc(m, '\n');
	show_cpus(m, s);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_cache_show);

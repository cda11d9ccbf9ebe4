// SPDX-License-Identifier: GPL-2.0
/*
 * Dump alloc_info: sizes, groups, and where each CPU's unit lies. None of it
 * changes, so it takes no lock.
 */
#include <linux/cpumask.h>
#include <linux/topology.h>

#include "compat/kunit.h"
#include "debug.h"
#include "dump.h"

static void print_line(void *m, const char *text)
{
	seq_puts(m, text);
	seq_putc(m, '\n');
}

static void show_part(struct seq_file *m, const char *name, unsigned long from,
		      unsigned long size)
{
	seq_printf(m, "%-10s %#10lx %10lu\n", name, from, size);
}

static void show_chunk(struct seq_file *m, const char *name,
		       const struct spcpu_chunk *chunk)
{
	unsigned long pages = chunk->map.nr_blocks;

	show_part(m, name, chunk->start + chunk->head,
		  (pages << PAGE_SHIFT) - chunk->head - chunk->tail);
}

/* a unit of the first chunk */
static void show_parts(struct seq_file *m, const struct spcpu *s)
{
	seq_puts(m, "# part         offset      bytes\n");
	show_part(m, "static", 0, s->layout->static_size);
	if (s->reserved)
		show_chunk(m, "reserved", s->reserved);
	show_chunk(m, "dynamic", s->first);
}

/* groups have their units one after the other */
static unsigned int group_of(const struct spcpu_layout *layout,
			     unsigned int unit)
{
	unsigned int i = 0;

	while (unit >= layout->groups[i].nr_units)
		unit -= layout->groups[i++].nr_units;
	return i;
}

static void show_cpus(struct seq_file *m, const struct spcpu *s)
{
	const struct spcpu_layout *layout = s->layout;
	unsigned int cpu, unit;

	seq_puts(m, "#  cpu node group unit             offset\n");
	for_each_possible_cpu(cpu) {
		unit = layout->unit_map[cpu];
		seq_printf(m, "%6u %4d %5u %4u %#18lx%s%s\n", cpu,
			   cpu_to_node(cpu), group_of(layout, unit), unit,
			   layout->unit_off[cpu],
			   cpu == layout->low_cpu ? " lowest" : "",
			   cpumask_test_cpu(cpu, s->ready_cpus) ? "" :
							" no pages");
	}
}

/**
 * spcpu_alloc_info_show() - print the sizes and the layout of an allocator
 * @m: where to; its private is a struct spcpu
 * @unused: not used
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_alloc_info_show(struct seq_file *m, void *unused)
{
	const struct spcpu *s = m->private;
	const struct spcpu_layout *layout = s->layout;
	char words[SPCPU_DEBUG_WORDS_MAX];
	int err;

	err = spcpu_layout_print(layout, s->options.first_mode == SPCPU_FIRST_PAGE,
				 print_line, m);
	if (err)
		return err;

	spcpu_debug_words(s->options.debug, words, sizeof(words));
	seq_printf(m, "backing=%s hotplug=%s engine=%s debug=%s\n",
		   s->options.backing->name,
		   s->options.online ? "online" : "all",
		   s->options.engine->name, words);
	seq_printf(m, "first_chunk=%s span=%lu, from CPU %u to the end of CPU %u's unit\n\n",
		   spcpu_first_modes[s->options.first_mode], layout->span, layout->low_cpu,
		   layout->high_cpu);
	show_parts(m, s);
	seq_putc(m, '\n');
	show_cpus(m, s);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_alloc_info_show);

// SPDX-License-Identifier: GPL-2.0
/*
 * Dump stats: what the kernel's percpu_stats shows of its own allocator, in the
 * same three sections with the same names, so that what reads that reads this.
 * Chunks come by number, where the kernel goes slot by slot.
 */
#include <linux/minmax.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat/kunit.h"
#include "dump.h"
#include "tally.h"

#define RULE	"----------------------------------------\n"

/**
 * struct extents - areas of a chunk and the gaps before them, in bytes
 *
 * @sum_frag: all gaps before the last area
 * @max_frag: the longest of them
 * @min: smallest area
 * @med: of areas by size the middle one, or the one before the middle
 * @max: largest area
 */
struct extents {
	int sum_frag;
	int max_frag;
	int min;
	int med;
	int max;
};

static void row(struct seq_file *m, const char *name, long long value)
{
	seq_printf(m, "  %-20s: %12lld\n", name, value);
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* note the gaps of a chunk, and the sizes of at most @max areas; how many */
static int measure(const struct spcpu_view *view, int *sizes, int max,
		   struct extents *x)
{
	const struct spcpu_map *map = &view->chunk->map;
	int end = spcpu_view_end(view) >> SPCPU_GRANULE_SHIFT;
	int last = view->chunk->head >> SPCPU_GRANULE_SHIFT;
	int at, bits, gap, nr;

	for (nr = 0; nr < max; nr++) {
		at = spcpu_map_next(map, last, &bits);
		if (at < 0 || at >= end)
			break;

		gap = (at - last) << SPCPU_GRANULE_SHIFT;
		x->sum_frag += gap;
		x->max_frag = max(x->max_frag, gap);
		sizes[nr] = bits << SPCPU_GRANULE_SHIFT;
		last = at + bits;
	}
	return nr;
}

static int find_extents(const struct spcpu_view *view, struct extents *x)
{
	int nr = view->nr_live;
	int *sizes;

	*x = (struct extents){};
	sizes = kvmalloc_array(nr, sizeof(*sizes), GFP_KERNEL | __GFP_NOWARN);
	if (nr && !sizes)
		return -ENOMEM;

	nr = measure(view, sizes, nr, x);
	if (nr) {
		sort(sizes, nr, sizeof(*sizes), compare_ints, NULL);
		x->min = sizes[0];
		x->med = sizes[(nr - 1) / 2];
		x->max = sizes[nr - 1];
	}
	kvfree(sizes);
	return 0;
}

static void show_layout(struct seq_file *m, const struct spcpu_layout *layout)
{
	seq_puts(m, "Percpu Memory Statistics\nAllocation Info:\n" RULE);
	row(m, "unit_size", layout->unit_size);
	row(m, "static_size", layout->static_size);
	row(m, "reserved_size", layout->reserved_size);
	row(m, "dyn_size", layout->dyn_size);
	row(m, "atom_size", layout->atom_size);
	row(m, "alloc_size", layout->alloc_size);
	seq_putc(m, '\n');
}

/* all types together */
static int reserve_of(const struct spcpu *s)
{
	int i, nr = 0;

	for (i = 0; i < SPCPU_NR_TYPES; i++)
		nr += s->types[i].nr_empty_pop;
	return nr;
}

static void show_global(struct seq_file *m, struct spcpu *s)
{
	struct spcpu_objects objects;
	struct spcpu_stats stats;
	unsigned long flags;
	int nr_empty_pop;

	spcpu_tally_objects(s, &objects);
	spin_lock_irqsave(&s->lock, flags);
	stats = s->stats;
	nr_empty_pop = reserve_of(s);
	spin_unlock_irqrestore(&s->lock, flags);

	seq_puts(m, "Global Stats:\n" RULE);
	row(m, "nr_alloc", objects.alloc);
	row(m, "nr_dealloc", objects.free);
	row(m, "nr_cur_alloc", objects.live);
	row(m, "nr_max_alloc", objects.max_live);
	row(m, "nr_chunks", stats.nr_chunks);
	row(m, "nr_max_chunks", stats.nr_max_chunks);
	row(m, "min_alloc_size", objects.min_size);
	row(m, "max_alloc_size", objects.max_size);
	row(m, "empty_pop_pages", nr_empty_pop);
	seq_putc(m, '\n');
}

static void show_nodes(struct seq_file *m, const struct spcpu_pages *pages)
{
	char name[16];
	int node;

	for_each_online_node(node) {
		snprintf(name, sizeof(name), "node%d", node);
		row(m, name, atomic_long_read(&pages->on_node[node]));
	}
	row(m, "pages", spcpu_pages_total(pages));
}

/* what it takes; populated times backed_cpus is pages, when nothing changes */
static void show_pages(struct seq_file *m, struct spcpu *s)
{
	unsigned long populated, empty, va_pages, flags;
	const struct spcpu_chunk *chunk;
	size_t map_bytes = 0;
	u64 reserve_ns;
	int reserve;

	spin_lock_irqsave(&s->lock, flags);
	populated = s->nr_populated;
	empty = s->nr_empty;
	reserve = reserve_of(s);
	va_pages = s->va_pages;
	reserve_ns = s->reserve_ns;
	list_for_each_entry(chunk, &s->chunks, all)
		map_bytes += chunk->map.bytes;
	spin_unlock_irqrestore(&s->lock, flags);

	seq_puts(m, "Pages:\n" RULE);
	row(m, "populated", populated);
	row(m, "empty", empty);
	row(m, "reserve", reserve);
	row(m, "backed_cpus", cpumask_weight(s->backed_cpus));
	show_nodes(m, &s->pages);
	row(m, "va_pages", va_pages);
	row(m, "reserve_ns", reserve_ns);
	row(m, "map_bytes", map_bytes);
	seq_putc(m, '\n');
}

/* the kernel writes one of them without a colon */
static const char *title(const struct spcpu_view *view)
{
	const struct spcpu_slots *slots = &view->chunk->type->slots;

	if (view->reserved)
		return "Chunk: <- Reserved Chunk\n";
	if (view->first)
		return "Chunk: <- First Chunk\n";
	if (view->slot == slots->to_depopulate)
		return "Chunk (to_depopulate)\n";
	if (view->slot == slots->sidelined)
		return "Chunk (sidelined):\n";
	return "Chunk:\n";
}

static int show_chunk(struct seq_file *m, const struct spcpu_view *view)
{
	const struct spcpu_chunk *chunk = view->chunk;
	struct extents x;
	int err;

	err = find_extents(view, &x);
	if (err)
		return err;

	seq_puts(m, title(view));
	row(m, "nr_alloc", view->nr_live);
	row(m, "max_alloc_size", chunk->max_alloc_size);
	row(m, "empty_pop_pages", chunk->nr_empty_pop);
	row(m, "first_bit", spcpu_bitmap(&chunk->map)->whole.first_free);
	row(m, "free_bytes", spcpu_chunk_free_bytes(chunk));
	row(m, "contig_bytes", spcpu_chunk_contig_bytes(chunk));
	row(m, "sum_frag", x.sum_frag);
	row(m, "max_frag", x.max_frag);
	row(m, "cur_min_alloc", x.min);
	row(m, "cur_med_alloc", x.med);
	row(m, "cur_max_alloc", x.max);
	seq_putc(m, '\n');
	return 0;
}

static int stats_show(struct seq_file *m, void *v)
{
	const struct spcpu_view *view = m->private;

	if (v != SEQ_START_TOKEN)
		return show_chunk(m, v);

	show_layout(m, view->s->layout);
	show_global(m, view->s);
	show_pages(m, view->s);
	seq_puts(m, "Per Chunk Stats:\n" RULE);
	return 0;
}

const struct seq_operations spcpu_stats_ops = {
	.start	= spcpu_dump_start,
	.next	= spcpu_dump_next,
	.stop	= spcpu_dump_stop,
	.show	= stats_show,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_stats_ops);

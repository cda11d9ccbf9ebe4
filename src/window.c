// SPDX-License-Identifier: GPL-2.0
/*
 * Window: one congruent mapping of units.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "class.h"
#include "compat/kunit.h"
#include "window.h"

static bool has_unit(const struct spcpu_layout *layout, unsigned int cpu)
{
	return layout->unit_map[cpu] != SPCPU_NO_UNIT;
}

/**
 * spcpu_window_create() - make a window that has neither pages nor addresses
 * @layout: how a chunk lies in memory
 * @nr_pages: pages behind each unit, 1 to unit_size / PAGE_SIZE
 * @gfp: how its own memory is allocated; must allow to sleep
 *
 * Context: Process context. May sleep.
 * Return: The window, for spcpu_window_destroy(), or NULL without memory.
 */
struct spcpu_window *spcpu_window_create(const struct spcpu_layout *layout,
					 unsigned int nr_pages, gfp_t gfp)
{
	struct spcpu_window *window;

	window = kvzalloc(struct_size(window, units, layout->nr_cpu_ids), gfp);
	if (!window)
		return NULL;

	window->nr_pages = nr_pages;
	window->pages = kvcalloc(array_size(layout->nr_units, nr_pages),
				 sizeof(*window->pages), gfp);
	if (!window->pages) {
		kvfree(window);
		return NULL;
	}
	return window;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_create);

/**
 * spcpu_window_fill() - find all pages for some CPUs' units
 * @window: a window that is not in service; these units have no pages
 * @layout: the layout it was made for
 * @pages: where pages come from
 * @cpus: CPUs, some of which may have no unit
 * @gfp: how pages are allocated; must allow to sleep
 *
 * The pages are not zeroed: an area is, when it is allocated.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM; what was allocated goes with the window.
 */
int spcpu_window_fill(struct spcpu_window *window,
		      const struct spcpu_layout *layout,
		      struct spcpu_pages *pages, const struct cpumask *cpus,
		      gfp_t gfp)
{
	unsigned int cpu, i;

	for_each_cpu(cpu, cpus) {
		struct page **to;

		if (!has_unit(layout, cpu))
			continue;

		to = spcpu_window_unit_pages(window, layout, cpu);
		for (i = 0; i < window->nr_pages; i++) {
			to[i] = spcpu_pages_get(pages, cpu, gfp);
			if (!to[i])
				return -ENOMEM;
		}
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_fill);

/* mapping takes no gfp flags; the scope of the task carries them */
static int map_scoped(struct spcpu_window *window,
		      const struct spcpu_layout *layout,
		      const struct spcpu_backing *backing, struct page *blank,
		      gfp_t gfp)
{
	unsigned int flags = 0;
	int err;

	if (!(gfp & __GFP_IO))
		flags = memalloc_noio_save();
	else if (!(gfp & __GFP_FS))
		flags = memalloc_nofs_save();

	err = backing->map(window, layout, blank);

	if (!(gfp & __GFP_IO))
		memalloc_noio_restore(flags);
	else if (!(gfp & __GFP_FS))
		memalloc_nofs_restore(flags);
	return err;
}

/**
 * spcpu_window_map() - give a window its addresses
 * @window: a window that has none; all its pages, unless @backing is lazy
 * @layout: the layout it was made for
 * @backing: how
 * @blank: the page that stands where there is no other
 * @gfp: how memory is allocated; must allow to sleep
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM, and nothing is mapped.
 */
int spcpu_window_map(struct spcpu_window *window,
		     const struct spcpu_layout *layout,
		     const struct spcpu_backing *backing, struct page *blank,
		     gfp_t gfp)
{
	unsigned int cpu;
	int err;

	err = map_scoped(window, layout, backing, blank, gfp);
	if (err)
		return err;

	window->backing = backing;
	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		if (!has_unit(layout, cpu))
			continue;
		window->units[cpu].window = window;
		window->units[cpu].start = window->base +
					   layout->unit_off[cpu];
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_map);

/**
 * spcpu_window_show() - put pages behind a range of all units
 * @window: a mapped window, with lazy backing
 * @layout: the layout it was made for
 * @from: first page
 * @nr: pages, at least 1
 * @blank: what units show that have no pages; it cannot be written to
 *
 * Context: Process context; one at a time for a window.
 * Return: 0, or -ENOMEM, and nothing is shown in the range.
 */
int spcpu_window_show(struct spcpu_window *window,
		      const struct spcpu_layout *layout, unsigned int from,
		      unsigned int nr, struct page *blank)
{
	unsigned int cpu;
	int err = 0;

	for (cpu = 0; cpu < layout->nr_cpu_ids && !err; cpu++) {
		if (has_unit(layout, cpu))
			err = window->backing->show(window, layout, cpu, from,
						    nr, blank);
	}
	if (err) {
		spcpu_window_hide(window, layout, from, nr);
		window->backing->flush(window, layout, from, nr);
	}
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_show);

/**
 * spcpu_window_hide() - nothing behind a range of all units any more
 * @window: a mapped window, with lazy backing
 * @layout: the layout it was made for
 * @from: first page
 * @nr: pages, at least 1
 *
 * Before the pages are used for something else the backing must flush.
 *
 * Context: Process context; one at a time for a window.
 */
void spcpu_window_hide(struct spcpu_window *window,
		       const struct spcpu_layout *layout, unsigned int from,
		       unsigned int nr)
{
	unsigned int cpu;

	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		if (has_unit(layout, cpu))
			window->backing->hide(window, cpu, from, nr);
	}
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_hide);

/**
 * spcpu_window_cut() - make the cells of a window
 * @window: a mapped window
 * @layout: the layout it was made for
 * @gfp: how memory is allocated; must allow to sleep
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_window_cut(struct spcpu_window *window,
		     const struct spcpu_layout *layout, gfp_t gfp)
{
	size_t bytes = (size_t)window->nr_pages << PAGE_SHIFT;
	struct spcpu_cells *cells;

	cells = kvzalloc(struct_size(cells, by_cell, bytes >> SPCPU_CELL_SHIFT),
			 gfp);
	if (!cells)
		return -ENOMEM;

	cells->ptr = window->base - per_cpu_offset(layout->low_cpu);
	cells->bytes = bytes;
	cells->window = window;
	window->cells = cells;
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_cut);

static void put_pages(struct spcpu_window *window,
		      const struct spcpu_layout *layout,
		      struct spcpu_pages *pages)
{
	unsigned int cpu, i;

	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		struct page **from;

		if (!has_unit(layout, cpu) || window->units[cpu].borrowed)
			continue;

		from = spcpu_window_unit_pages(window, layout, cpu);
		for (i = 0; i < window->nr_pages; i++)
			spcpu_pages_put(pages, from[i]);
		cond_resched();
	}
}

/**
 * spcpu_window_destroy() - give back addresses and pages
 * @window: a window in any state that is in no index, or NULL
 * @layout: the layout it was made for
 * @pages: where its pages came from
 *
 * Lookups without a lock may still see the structure itself, not its addresses,
 * until a grace period has passed.
 *
 * Context: Process context. May sleep.
 */
void spcpu_window_destroy(struct spcpu_window *window,
			  const struct spcpu_layout *layout,
			  struct spcpu_pages *pages)
{
	if (!window)
		return;

	if (window->backing)
		window->backing->unmap(window, layout);
	put_pages(window, layout, pages);
	kvfree(window->pages);
	if (window->cells)
		kvfree_rcu(window->cells, rcu);
	kvfree_rcu(window, rcu);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_destroy);

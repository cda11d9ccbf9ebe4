// SPDX-License-Identifier: GPL-2.0
/*
 * Window: one congruent mapping of units, by vmap() (exported symbols only).
 *
 * vmap() maps a run of pages without holes, so the holes between units are
 * filled with one dummy page. On several NUMA nodes the run is as long as the
 * distance between the nodes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "compat/kunit.h"
#include "window.h"

/**
 * spcpu_window_fits() - can vmap() map a chunk of this layout?
 * @layout: how a chunk lies in memory
 * @ram: pages of memory of the machine
 *
 * vmap() refuses more pages than the machine has, dummies included.
 *
 * Context: Any.
 * Return: 0; -ENOMEM, logged, if the span is too long.
 */
int spcpu_window_fits(const struct spcpu_layout *layout, unsigned long ram)
{
	if (layout->span >> PAGE_SHIFT <= ram)
		return 0;

	pr_err("a chunk spans %lu MB of addresses from CPU %u to CPU %u, and vmap() maps no more than the %lu MB of this machine: it takes backing=sparse, which this version does not have\n",
	       layout->span >> 20, layout->low_cpu, layout->high_cpu,
	       ram >> (20 - PAGE_SHIFT));
	return -ENOMEM;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_fits);

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

static struct page *page_near(unsigned int cpu, gfp_t gfp)
{
	int node = cpu_to_node(cpu);

	/* a CPU that is possible but absent may belong to an absent node */
	if (node == NUMA_NO_NODE || !node_online(node))
		node = numa_mem_id();
	return alloc_pages_node(node, gfp | __GFP_HIGHMEM, 0);
}

/**
 * spcpu_window_fill() - put pages behind every possible CPU's unit
 * @window: a window without pages
 * @layout: the layout it was made for
 * @gfp: how pages are allocated; must allow to sleep
 *
 * Each CPU's pages come from its own node where that has any left. The pages
 * are not zeroed: an area is, when it is allocated.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM; what was allocated goes with the window.
 */
int spcpu_window_fill(struct spcpu_window *window,
		      const struct spcpu_layout *layout, gfp_t gfp)
{
	unsigned int cpu, i;

	window->owns_pages = true;
	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		struct page **pages;

		if (layout->unit_map[cpu] == SPCPU_NO_UNIT)
			continue;

		pages = spcpu_window_unit_pages(window, layout, cpu);
		for (i = 0; i < window->nr_pages; i++) {
			pages[i] = page_near(cpu, gfp);
			if (!pages[i])
				return -ENOMEM;
		}
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_fill);

/* the run of pages to map: units at their offsets, the dummy in between */
static void lay_out(const struct spcpu_window *window,
		    const struct spcpu_layout *layout, struct page *dummy,
		    struct page **run, unsigned long nr)
{
	unsigned long i;
	unsigned int cpu;

	for (i = 0; i < nr; i++)
		run[i] = dummy;

	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		if (layout->unit_map[cpu] == SPCPU_NO_UNIT)
			continue;
		memcpy(run + (layout->unit_off[cpu] >> PAGE_SHIFT),
		       spcpu_window_unit_pages(window, layout, cpu),
		       window->nr_pages * sizeof(*run));
	}
}

/* vmap() takes no gfp flags; the scope of the task carries them */
static void *vmap_scoped(struct page **run, unsigned long nr, gfp_t gfp)
{
	unsigned int flags = 0;
	void *base;

	if (!(gfp & __GFP_IO))
		flags = memalloc_noio_save();
	else if (!(gfp & __GFP_FS))
		flags = memalloc_nofs_save();

	base = vmap(run, nr, VM_MAP, PAGE_KERNEL);

	if (!(gfp & __GFP_IO))
		memalloc_noio_restore(flags);
	else if (!(gfp & __GFP_FS))
		memalloc_nofs_restore(flags);
	return base;
}

/**
 * spcpu_window_map() - give a window its addresses
 * @window: a window whose pages are all there
 * @layout: the layout it was made for
 * @dummy: the page for the holes
 * @gfp: how memory is allocated; must allow to sleep
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM, and nothing is mapped.
 */
int spcpu_window_map(struct spcpu_window *window,
		     const struct spcpu_layout *layout, struct page *dummy,
		     gfp_t gfp)
{
	/* whole units, even where few pages are behind them: see the index */
	unsigned long nr = layout->span >> PAGE_SHIFT;
	struct page **run;
	unsigned int cpu;
	void *base;

	run = kvcalloc(nr, sizeof(*run), gfp);
	if (!run)
		return -ENOMEM;

	lay_out(window, layout, dummy, run, nr);
	base = vmap_scoped(run, nr, gfp);
	kvfree(run);
	if (!base)
		return -ENOMEM;

	window->base = (unsigned long)base;
	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		if (layout->unit_map[cpu] == SPCPU_NO_UNIT)
			continue;
		window->units[cpu].window = window;
		window->units[cpu].start = window->base +
					   layout->unit_off[cpu];
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_map);

/**
 * spcpu_window_destroy() - give back addresses and pages
 * @window: a window in any state that is in no index, or NULL
 * @layout: the layout it was made for
 *
 * Lookups without a lock may still see the structure itself, not its addresses,
 * until a grace period has passed.
 *
 * Context: Process context. May sleep.
 */
void spcpu_window_destroy(struct spcpu_window *window,
			  const struct spcpu_layout *layout)
{
	unsigned int i;

	if (!window)
		return;

	vunmap((void *)window->base);
	if (window->owns_pages) {
		for (i = 0; i < layout->nr_units * window->nr_pages; i++) {
			if (window->pages[i])
				__free_page(window->pages[i]);
		}
	}
	kvfree(window->pages);
	kvfree_rcu(window, rcu);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_window_destroy);

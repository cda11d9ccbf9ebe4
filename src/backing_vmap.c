// SPDX-License-Identifier: GPL-2.0
/*
 * Backing vmap: a window is one vmap() of all its pages (exported symbols
 * only).
 *
 * vmap() maps a run of pages without holes, so the holes between units are
 * filled with one page, the blank. On several NUMA nodes the run is as long as
 * the distance between the nodes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "backing.h"
#include "compat/kunit.h"
#include "window.h"

static int vmap_init(void)
{
	return 0;
}

/* vmap() refuses more pages than the machine has, blank ones included */
static int vmap_fits(const struct spcpu_layout *layout, unsigned long ram)
{
	if (layout->span >> PAGE_SHIFT <= ram)
		return 0;

	pr_err("a chunk spans %lu MB of addresses from CPU %u to CPU %u, and vmap() maps no more than the %lu MB of this machine: use backing=sparse\n",
	       layout->span >> 20, layout->low_cpu, layout->high_cpu,
	       ram >> (20 - PAGE_SHIFT));
	return -ENOMEM;
}

/* the run of pages to map: units at their offsets, the blank in between */
static void lay_out(const struct spcpu_window *window,
		    const struct spcpu_layout *layout, struct page *blank,
		    struct page **run, unsigned long nr)
{
	unsigned long i;
	unsigned int cpu;

	for (i = 0; i < nr; i++)
		run[i] = blank;

	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		if (layout->unit_map[cpu] == SPCPU_NO_UNIT)
			continue;
		memcpy(run + (layout->unit_off[cpu] >> PAGE_SHIFT),
		       spcpu_window_unit_pages(window, layout, cpu),
		       window->nr_pages * sizeof(*run));
	}
}

static int vmap_map(struct spcpu_window *window,
		    const struct spcpu_layout *layout, struct page *blank)
{
	/* whole units, even where few pages are behind them: see the index */
	unsigned long nr = layout->span >> PAGE_SHIFT;
	struct page **run;
	void *base;

	run = kvcalloc(nr, sizeof(*run), GFP_KERNEL | __GFP_NOWARN);
	if (!run)
		return -ENOMEM;

	lay_out(window, layout, blank, run, nr);
	base = vmap(run, nr, VM_MAP, PAGE_KERNEL);
	kvfree(run);
	if (!base)
		return -ENOMEM;

	window->base = (unsigned long)base;
	window->va_pages = nr;
	return 0;
}

static void vmap_unmap(struct spcpu_window *window,
		       const struct spcpu_layout *layout)
{
	vunmap((void *)window->base);
}

const struct spcpu_backing spcpu_backing_vmap = {
	.name	= "vmap",
	.init	= vmap_init,
	.fits	= vmap_fits,
	.map	= vmap_map,
	.unmap	= vmap_unmap,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_backing_vmap);

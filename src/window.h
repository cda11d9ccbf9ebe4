/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Window: one congruent mapping of units.
 *
 * CPU c's unit starts at base + unit_off[c], the distance that the kernel's own
 * units have, which is what makes our pointers real __percpu pointers.
 */
#ifndef SPCPU_WINDOW_H
#define SPCPU_WINDOW_H

#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "backing.h"
#include "layout.h"
#include "pages.h"

struct spcpu_chunk;
struct spcpu_span;
struct spcpu_window;
struct vm_struct;

/**
 * struct spcpu_unit - one CPU's part of a window, as the index knows it
 *
 * @window: the window it belongs to; NULL for a CPU that is not possible
 * @start: its first address
 * @borrowed: its pages belong to somebody else, who frees them: those of the
 *            first chunk to a vmalloc area
 */
struct spcpu_unit {
	struct spcpu_window *window;
	unsigned long start;
	bool borrowed;
};

/**
 * struct spcpu_cells - what the finder knows of a window
 *
 * @ptr: value of the pointer whose copies are where the units start
 * @bytes: of a unit
 * @window: the window
 * @rcu: lookups may go on when the window is gone
 * @by_cell: for each &SPCPU_CELL of a unit the span that has it, or NULL
 */
struct spcpu_cells {
	unsigned long ptr;
	unsigned long bytes;
	struct spcpu_window *window;
	struct rcu_head rcu;
	struct spcpu_span *by_cell[];
};

/**
 * struct spcpu_window - units of all possible CPUs at their kernel distances
 *
 * @cells: for the finder; NULL while it does not know the window
 * @base: address of the lowest CPU's unit
 * @backing: what it is mapped by; NULL while not mapped
 * @areas: the areas of addresses reserved by sparse backing
 * @nr_areas: how many
 * @va_pages: pages of addresses that it takes
 * @nr_pages: pages there may be behind each unit
 * @pages: the pages: @nr_pages for each CPU, in the order of layout units; NULL
 *         where there is none
 * @chunk: the chunk served from here, once it is in service
 * @reserved: in the window of the first chunk the reserved chunk, if there is
 *            one; it lies between the static part and @chunk
 * @rcu: delays freeing until lookups without a lock are over
 * @units: by CPU number
 */
struct spcpu_window {
	struct spcpu_cells *cells;
	unsigned long base;
	const struct spcpu_backing *backing;
	struct vm_struct **areas;
	unsigned int nr_areas;
	unsigned long va_pages;
	unsigned int nr_pages;
	struct page **pages;
	struct spcpu_chunk *chunk;
	struct spcpu_chunk *reserved;
	struct rcu_head rcu;
	struct spcpu_unit units[];
};

struct spcpu_window *spcpu_window_create(const struct spcpu_layout *layout,
					 unsigned int nr_pages, gfp_t gfp);
int spcpu_window_fill(struct spcpu_window *window,
		      const struct spcpu_layout *layout,
		      struct spcpu_pages *pages, const struct cpumask *cpus,
		      gfp_t gfp);
int spcpu_window_map(struct spcpu_window *window,
		     const struct spcpu_layout *layout,
		     const struct spcpu_backing *backing, struct page *blank,
		     gfp_t gfp);
int spcpu_window_show(struct spcpu_window *window,
		      const struct spcpu_layout *layout, unsigned int from,
		      unsigned int nr, struct page *blank);
void spcpu_window_hide(struct spcpu_window *window,
		       const struct spcpu_layout *layout, unsigned int from,
		       unsigned int nr);
int spcpu_window_cut(struct spcpu_window *window,
		     const struct spcpu_layout *layout, gfp_t gfp);
void spcpu_window_destroy(struct spcpu_window *window,
			  const struct spcpu_layout *layout,
			  struct spcpu_pages *pages);

/* the page slots of one CPU's unit */
static inline struct page **
spcpu_window_unit_pages(const struct spcpu_window *window,
			const struct spcpu_layout *layout, unsigned int cpu)
{
	return window->pages + layout->unit_map[cpu] * window->nr_pages;
}

#endif /* SPCPU_WINDOW_H */

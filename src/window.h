/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Window: one congruent mapping of units.
 *
 * CPU c's unit starts at base + unit_off[c], the distance that the kernel's own
 * units have, which is what makes our pointers real __percpu pointers.
 */
#ifndef SPCPU_WINDOW_H
#define SPCPU_WINDOW_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "layout.h"

struct spcpu_chunk;
struct spcpu_window;

/**
 * struct spcpu_unit - one CPU's part of a window, as the index knows it
 *
 * @window: the window it belongs to; NULL for a CPU that is not possible
 * @start: its first address
 */
struct spcpu_unit {
	struct spcpu_window *window;
	unsigned long start;
};

/**
 * struct spcpu_window - units of all possible CPUs at their kernel distances
 *
 * @base: address of the lowest CPU's unit; 0 while not mapped
 * @nr_pages: pages behind each unit
 * @pages: the pages: @nr_pages for each CPU, in the order of layout units
 * @owns_pages: @pages are freed with the window (the first chunk's belong to
 *              its vmalloc areas)
 * @chunk: the chunk served from here, once it is in service
 * @reserved: in the window of the first chunk the reserved chunk, if there is
 *            one; it lies between the static part and @chunk
 * @rcu: delays freeing until lookups without a lock are over
 * @units: by CPU number
 */
struct spcpu_window {
	unsigned long base;
	unsigned int nr_pages;
	bool owns_pages;
	struct page **pages;
	struct spcpu_chunk *chunk;
	struct spcpu_chunk *reserved;
	struct rcu_head rcu;
	struct spcpu_unit units[];
};

int spcpu_window_fits(const struct spcpu_layout *layout, unsigned long ram);
struct spcpu_window *spcpu_window_create(const struct spcpu_layout *layout,
					 unsigned int nr_pages, gfp_t gfp);
int spcpu_window_fill(struct spcpu_window *window,
		      const struct spcpu_layout *layout, gfp_t gfp);
int spcpu_window_map(struct spcpu_window *window,
		     const struct spcpu_layout *layout, struct page *dummy,
		     gfp_t gfp);
void spcpu_window_destroy(struct spcpu_window *window,
			  const struct spcpu_layout *layout);

/* the page slots of one CPU's unit */
static inline struct page **
spcpu_window_unit_pages(const struct spcpu_window *window,
			const struct spcpu_layout *layout, unsigned int cpu)
{
	return window->pages + layout->unit_map[cpu] * window->nr_pages;
}

#endif /* SPCPU_WINDOW_H */

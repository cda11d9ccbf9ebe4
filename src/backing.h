/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Backing: what gives a window its addresses, and puts pages behind them.
 *
 * vmap:   all pages at once, by exported symbols only.
 * sparse: addresses first, pages where and when they are needed.
 */
#ifndef SPCPU_BACKING_H
#define SPCPU_BACKING_H

#include <linux/types.h>

struct page;
struct spcpu_layout;
struct spcpu_window;

/**
 * struct spcpu_backing - one way to do it
 *
 * What is called for a window in service is called by one at a time. All take a
 * window and the layout that it was made for; a range is @nr pages from page
 * @from on of one CPU's unit.
 *
 * @name: as the parameter backing= and the dumps name it
 * @lazy: pages come and go one by one: @show, @hide and @flush are there.
 *        Without, all pages must be there before @map, and stay
 * @init: get ready; once at load, and logged if it fails
 * @fits: can a chunk of this layout be mapped with so many pages of @ram?
 *        Logged if not
 * @map: set the window's base, areas and va_pages; allocates memory, in the
 *       allocation scope of the caller
 * @unmap: the reverse, whatever is shown
 * @show: put the window's pages behind a range, or @blank, read-only, where it
 *        has none; whatever was shown there is replaced, never missing meanwhile.
 *        Allocates nothing. On error some of the range may be shown
 * @hide: nothing behind a range any more
 * @flush: forget, on all CPUs, what was behind a range of all units
 */
struct spcpu_backing {
	const char *name;
	bool lazy;
	int (*init)(void);
	int (*fits)(const struct spcpu_layout *layout, unsigned long ram);
	int (*map)(struct spcpu_window *window,
		   const struct spcpu_layout *layout, struct page *blank);
	void (*unmap)(struct spcpu_window *window,
		      const struct spcpu_layout *layout);
	int (*show)(struct spcpu_window *window,
		    const struct spcpu_layout *layout, unsigned int cpu,
		    unsigned int from, unsigned int nr, struct page *blank);
	void (*hide)(struct spcpu_window *window, unsigned int cpu,
		     unsigned int from, unsigned int nr);
	void (*flush)(struct spcpu_window *window,
		      const struct spcpu_layout *layout, unsigned int from,
		      unsigned int nr);
};

extern const struct spcpu_backing spcpu_backing_vmap;
extern const struct spcpu_backing spcpu_backing_sparse;

#endif /* SPCPU_BACKING_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Index: from an address in any CPU's unit to its window, in constant time.
 */
#ifndef SPCPU_INDEX_H
#define SPCPU_INDEX_H

#include <linux/xarray.h>

#include "window.h"

/**
 * struct spcpu_index - where the units of all windows are
 *
 * Addresses are cut into cells of one unit's size. Units do not overlap, so at
 * most one of them starts in a cell, and an address lies in the unit that
 * starts in its own cell or in the cell before: two probes.
 *
 * @units: cell -> &struct spcpu_unit that starts there
 * @unit_size: bytes of a cell
 */
struct spcpu_index {
	struct xarray units;
	size_t unit_size;
};

void spcpu_index_init(struct spcpu_index *index, size_t unit_size);
void spcpu_index_exit(struct spcpu_index *index);
int spcpu_index_add(struct spcpu_index *index, struct spcpu_window *window,
		    const struct spcpu_layout *layout, gfp_t gfp);
void spcpu_index_del(struct spcpu_index *index, struct spcpu_window *window,
		     const struct spcpu_layout *layout);
struct spcpu_window *spcpu_index_find(struct spcpu_index *index,
				      unsigned long addr, unsigned long *off);

#endif /* SPCPU_INDEX_H */

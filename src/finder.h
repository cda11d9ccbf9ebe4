/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finder: from a pointer of ours to its window's cells, in a few instructions.
 *
 * The index knows the units of all CPUs. This knows the values of pointers only,
 * and is what every free asks.
 */
#ifndef SPCPU_FINDER_H
#define SPCPU_FINDER_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "window.h"

/**
 * struct spcpu_finder_table - windows by the stretches that they touch
 *
 * Open addressing: a window is at the place of its stretch's hash or behind, and no
 * place in between is empty: &spcpu_nowhere. At least half of the places are.
 *
 * @rcu: lookups may go on in a table that was replaced
 * @mask: places - 1
 * @used: places that are not empty
 * @places: windows' cells, and marks where some were
 */
struct spcpu_finder_table {
	struct rcu_head rcu;
	unsigned long mask;
	unsigned long used;
	struct spcpu_cells *places[];
};

/**
 * struct spcpu_finder - where the pointers of all windows are
 *
 * Values of pointers are cut into stretches of 1 << @shift bytes, no more than a unit,
 * so a window touches three at most.
 *
 * @shift: see above
 * @nr: windows
 * @lock: who adds or deletes
 * @table: see &struct spcpu_finder_table
 */
struct spcpu_finder {
	unsigned int shift;
	unsigned int nr;
	spinlock_t lock; /* changes of the table */
	struct spcpu_finder_table __rcu *table;
};

/* has no pointers; stands where there is nothing */
extern struct spcpu_cells spcpu_nowhere;

int spcpu_finder_init(struct spcpu_finder *finder, size_t unit_size);
void spcpu_finder_exit(struct spcpu_finder *finder);
int spcpu_finder_add(struct spcpu_finder *finder, struct spcpu_cells *cells,
		     gfp_t gfp);
void spcpu_finder_del(struct spcpu_finder *finder, struct spcpu_cells *cells);

#endif /* SPCPU_FINDER_H */

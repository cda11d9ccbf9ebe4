// SPDX-License-Identifier: GPL-2.0
/*
 * Finder: windows by the values of pointers into them, in a hash table that grows
 * with them.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "finder.h"
#include "quick.h"

/* stretches that a window touches at most */
#define MOST_STRETCHES	3
#define LEAST_PLACES	64

struct spcpu_cells spcpu_nowhere;
EXPORT_SYMBOL_FOR_KUNIT(spcpu_nowhere);

/* stands where a window was; has no pointers either */
static struct spcpu_cells gone;

static struct spcpu_finder_table *make_table(unsigned long places, gfp_t gfp)
{
	struct spcpu_finder_table *table;
	unsigned long i;

	/* who asked tells of it; vmalloc() would at length */
	table = kvzalloc(struct_size(table, places, places), gfp | __GFP_NOWARN);
	if (!table)
		return NULL;

	table->mask = places - 1;
	for (i = 0; i < places; i++)
		table->places[i] = &spcpu_nowhere;
	return table;
}

static struct spcpu_finder_table *table_of(const struct spcpu_finder *finder)
{
	return rcu_dereference_protected(finder->table,
					 lockdep_is_held(&finder->lock));
}

/**
 * spcpu_finder_init() - make an empty finder
 * @finder: what to initialize
 * @unit_size: bytes of a unit, at least a page
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_finder_init(struct spcpu_finder *finder, size_t unit_size)
{
	struct spcpu_finder_table *table = make_table(LEAST_PLACES, GFP_KERNEL);

	if (!table)
		return -ENOMEM;

	finder->shift = ilog2(unit_size);
	finder->nr = 0;
	spin_lock_init(&finder->lock);
	rcu_assign_pointer(finder->table, table);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_finder_init);

/**
 * spcpu_finder_exit() - free a finder
 * @finder: a finder that nobody looks into any more
 *
 * Context: Process context. May sleep.
 */
void spcpu_finder_exit(struct spcpu_finder *finder)
{
	kvfree(rcu_dereference_protected(finder->table, true));
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_finder_exit);

static void put(struct spcpu_finder_table *table, unsigned long stretch,
		struct spcpu_cells *cells)
{
	unsigned long i = spcpu_finder_hash(stretch);

	/* a mark is not used again: there would be no telling whose it was */
	while (table->places[i & table->mask] != &spcpu_nowhere)
		i++;
	/* pairs with spcpu_finder_find(): who sees them sees what is in them */
	smp_store_release(&table->places[i & table->mask], cells);
	table->used++;
}

static void put_all(const struct spcpu_finder *finder,
		    struct spcpu_finder_table *table, struct spcpu_cells *cells)
{
	unsigned long first = cells->ptr >> finder->shift;
	unsigned long last = (cells->ptr + cells->bytes - 1) >> finder->shift;

	/* the values of pointers may go on at 0 */
	for (; first != last; first = (first + 1) & (~0UL >> finder->shift))
		put(table, first, cells);
	put(table, last, cells);
}

/* each is in the old table for several stretches: it moves with its first */
static void move_all(const struct spcpu_finder *finder,
		     struct spcpu_finder_table *to,
		     const struct spcpu_finder_table *from)
{
	unsigned long i, j;

	for (i = 0; i <= from->mask; i++) {
		struct spcpu_cells *cells = from->places[i];

		if (cells == &spcpu_nowhere || cells == &gone)
			continue;

		j = spcpu_finder_hash(cells->ptr >> finder->shift);
		while (from->places[j & from->mask] != cells)
			j++;
		if ((j & from->mask) == i)
			put_all(finder, to, cells);
	}
}

/* room for one more in @table, which is the finder's */
static bool has_room(const struct spcpu_finder_table *table)
{
	return (table->used + MOST_STRETCHES) * 2 <= table->mask + 1;
}

/* a new table, in which there is room for twice the windows that there are */
static int renew(struct spcpu_finder *finder, gfp_t gfp)
{
	unsigned long places = roundup_pow_of_two((READ_ONCE(finder->nr) + 1) *
						  MOST_STRETCHES * 4);
	struct spcpu_finder_table *table, *old;
	unsigned long flags;

	table = make_table(max_t(unsigned long, places, LEAST_PLACES), gfp);
	if (!table)
		return -ENOMEM;

	spin_lock_irqsave(&finder->lock, flags);
	old = table_of(finder);
	/* somebody else may have done it meanwhile, and better */
	if (has_room(old) || (finder->nr + 1) * MOST_STRETCHES * 2 > places) {
		swap(old, table);
	} else {
		move_all(finder, table, old);
		rcu_assign_pointer(finder->table, table);
	}
	spin_unlock_irqrestore(&finder->lock, flags);

	kvfree_rcu(old, rcu);
	return 0;
}

/* true if there was room */
static bool add(struct spcpu_finder *finder, struct spcpu_cells *cells)
{
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&finder->lock, flags);
	room = has_room(table_of(finder));
	if (room) {
		put_all(finder, table_of(finder), cells);
		WRITE_ONCE(finder->nr, finder->nr + 1);
	}
	spin_unlock_irqrestore(&finder->lock, flags);
	return room;
}

/**
 * spcpu_finder_add() - make the pointers into a window known
 * @finder: the finder
 * @cells: the window's
 * @gfp: how memory is allocated; must allow to sleep
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM, and it is not known.
 */
int spcpu_finder_add(struct spcpu_finder *finder, struct spcpu_cells *cells,
		     gfp_t gfp)
{
	while (!add(finder, cells)) {
		if (renew(finder, gfp))
			return -ENOMEM;
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_finder_add);

/**
 * spcpu_finder_del() - forget the pointers into a window
 * @finder: the finder
 * @cells: the window's; fine if it is not known, or NULL
 *
 * Context: Any but NMI. Lookups that began before may still return them.
 */
void spcpu_finder_del(struct spcpu_finder *finder, struct spcpu_cells *cells)
{
	struct spcpu_finder_table *table;
	unsigned long flags, stretch, i;
	int nr;

	if (!cells)
		return;

	spin_lock_irqsave(&finder->lock, flags);
	table = table_of(finder);
	stretch = cells->ptr >> finder->shift;
	for (nr = 0; nr < MOST_STRETCHES; nr++, stretch++) {
		i = spcpu_finder_hash(stretch & (~0UL >> finder->shift));
		for (; table->places[i & table->mask] != &spcpu_nowhere; i++) {
			if (table->places[i & table->mask] != cells)
				continue;
			WRITE_ONCE(table->places[i & table->mask], &gone);
			if (!nr)
				WRITE_ONCE(finder->nr, finder->nr - 1);
			break;
		}
	}
	spin_unlock_irqrestore(&finder->lock, flags);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_finder_del);

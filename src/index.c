// SPDX-License-Identifier: GPL-2.0
/*
 * Index: from an address in any CPU's unit to its window, in constant time.
 */
#include <linux/errno.h>
#include <linux/gfp.h>

#include "compat/kunit.h"
#include "index.h"

/*
 * Units are added with interrupts off around the array's lock, because they are
 * taken out under the allocator's lock, which interrupt handlers take too.
 */

/**
 * spcpu_index_init() - make an empty index
 * @index: what to initialize
 * @unit_size: bytes of a unit, the same for all windows in it
 *
 * Context: Any.
 */
void spcpu_index_init(struct spcpu_index *index, size_t unit_size)
{
	xa_init_flags(&index->units, XA_FLAGS_LOCK_IRQ);
	index->unit_size = unit_size;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_index_init);

/**
 * spcpu_index_exit() - free an index
 * @index: an index that nobody looks into any more
 *
 * Context: Process context.
 */
void spcpu_index_exit(struct spcpu_index *index)
{
	xa_destroy(&index->units);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_index_exit);

static unsigned long cell_of(const struct spcpu_index *index,
			     unsigned long addr)
{
	return addr / index->unit_size;
}

/**
 * spcpu_index_add() - make the units of a window known
 * @index: the index
 * @window: a mapped window, whose chunks are set
 * @layout: the layout it was made for
 * @gfp: how memory is allocated; must allow to sleep
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM, and no unit of it is known.
 */
int spcpu_index_add(struct spcpu_index *index, struct spcpu_window *window,
		    const struct spcpu_layout *layout, gfp_t gfp)
{
	unsigned int cpu;
	int err;

	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		struct spcpu_unit *unit = &window->units[cpu];

		if (!unit->window)
			continue;

		err = xa_err(xa_store_irq(&index->units,
					  cell_of(index, unit->start), unit,
					  gfp));
		if (err) {
			spcpu_index_del(index, window, layout);
			return err;
		}
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_index_add);

/**
 * spcpu_index_del() - forget the units of a window
 * @index: the index
 * @window: a mapped window; units that are not known are passed over
 * @layout: the layout it was made for
 *
 * Context: Any but NMI. Lookups that began before may still return the window.
 */
void spcpu_index_del(struct spcpu_index *index, struct spcpu_window *window,
		     const struct spcpu_layout *layout)
{
	unsigned long flags;
	unsigned int cpu;

	xa_lock_irqsave(&index->units, flags);
	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		struct spcpu_unit *unit = &window->units[cpu];

		if (unit->window)
			__xa_cmpxchg(&index->units, cell_of(index, unit->start),
				     unit, NULL, 0);
	}
	xa_unlock_irqrestore(&index->units, flags);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_index_del);

/**
 * spcpu_index_find() - which window has this address?
 * @index: the index
 * @addr: any address
 * @off: set to the bytes from the start of the unit that @addr lies in
 *
 * Context: Any, under rcu_read_lock() or the lock under which windows are
 *	deleted.
 * Return: The window, or NULL if no unit has the address.
 */
struct spcpu_window *spcpu_index_find(struct spcpu_index *index,
				      unsigned long addr, unsigned long *off)
{
	unsigned long cell = cell_of(index, addr);
	int back;

	for (back = 0; back < 2; back++) {
		struct spcpu_unit *unit = xa_load(&index->units, cell - back);

		if (!unit || addr < unit->start)
			continue;

		*off = addr - unit->start;
		if (*off >> PAGE_SHIFT < unit->window->nr_pages)
			return unit->window;
	}
	return NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_index_find);

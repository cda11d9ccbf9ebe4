// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: chunks in lists by their longest free run.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "engine.h"
#include "slot.h"

/* slot 1 has all runs whose highest bit is below this one */
#define FIRST_BIT	(SPCPU_SLOT_BASE_SHIFT - 1)

static int slot_of_length(size_t bytes)
{
	int bits = fls_long(bytes);

	return max(bits - FIRST_BIT + 1, 1);
}

/**
 * spcpu_slots_number() - how many slots there are, and which are for what
 * @slots: what to set up; there are no lists
 * @unit_size: bytes of a unit
 *
 * Context: Any.
 */
void spcpu_slots_number(struct spcpu_slots *slots, size_t unit_size)
{
	slots->lists = NULL;
	slots->unit_size = unit_size;
	slots->sidelined = slot_of_length(unit_size) + 1;
	slots->free = slots->sidelined + 1;
	slots->to_depopulate = slots->free + 1;
	slots->nr = slots->to_depopulate + 1;
}

/**
 * spcpu_slots_init() - make empty lists
 * @slots: what to set up
 * @unit_size: bytes of a unit
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_slots_init(struct spcpu_slots *slots, size_t unit_size)
{
	int i;

	spcpu_slots_number(slots, unit_size);
	slots->lists = kmalloc_array(slots->nr, sizeof(*slots->lists),
				     GFP_KERNEL);
	if (!slots->lists)
		return -ENOMEM;

	for (i = 0; i < slots->nr; i++)
		INIT_LIST_HEAD(&slots->lists[i]);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slots_init);

/**
 * spcpu_slots_exit() - free the lists, not the chunks on them
 * @slots: the lists; fine when spcpu_slots_init() failed, or if all zero
 *
 * Context: Any but NMI.
 */
void spcpu_slots_exit(struct spcpu_slots *slots)
{
	kfree(slots->lists);
	slots->lists = NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slots_exit);

/**
 * spcpu_slot_of_size() - the slot of chunks whose longest free run is this long
 * @slots: the lists
 * @bytes: length of the run, 1 to the size of a unit
 *
 * An allocation of as many bytes finds room only in this slot or above, up to
 * @slots->free.
 *
 * Context: Any.
 * Return: The slot: @slots->free for a whole unit, otherwise one by the highest
 *	bit set, 1 to @slots->sidelined - 1.
 */
int spcpu_slot_of_size(const struct spcpu_slots *slots, size_t bytes)
{
	return bytes == slots->unit_size ? slots->free : slot_of_length(bytes);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slot_of_size);

/**
 * spcpu_slot_of_space() - the slot where a chunk belongs
 * @slots: the lists
 * @free_bytes: all free bytes of the chunk
 * @contig_bytes: its longest known free run; 0 when none is known
 *
 * Context: Any.
 * Return: The slot, 0 when nothing can be allocated from the chunk.
 */
int spcpu_slot_of_space(const struct spcpu_slots *slots, size_t free_bytes,
			size_t contig_bytes)
{
	if (free_bytes < SPCPU_GRANULE || !contig_bytes)
		return 0;
	return spcpu_slot_of_size(slots, contig_bytes);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slot_of_space);

/**
 * spcpu_slot_move() - put a chunk into a slot
 * @slots: the lists
 * @node: the chunk's node; initialised, on a list or on none
 * @slot: where it goes
 * @front: before the chunks that are there, to be asked first
 *
 * Context: Any; the caller keeps others off the lists.
 */
void spcpu_slot_move(struct spcpu_slots *slots, struct list_head *node,
		     int slot, bool front)
{
	if (front)
		list_move(node, &slots->lists[slot]);
	else
		list_move_tail(node, &slots->lists[slot]);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slot_move);

/**
 * spcpu_slot_relocate() - follow a change of a chunk's longest free run
 * @slots: the lists
 * @node: the chunk's node; initialised, on a list or on none
 * @old: the slot where the chunk belonged before; -1 for a new chunk
 * @new: the slot where it belongs now
 *
 * A chunk that gained room goes to the front and is asked next, one that lost
 * room goes to the tail. When nothing changed it stays, be that in a slot where
 * it was put by spcpu_slot_move().
 *
 * Context: Any; the caller keeps others off the lists.
 */
void spcpu_slot_relocate(struct spcpu_slots *slots, struct list_head *node,
			 int old, int new)
{
	if (old != new)
		spcpu_slot_move(slots, node, new, new > old);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slot_relocate);

/**
 * spcpu_slot_where() - the slot that a chunk is in
 * @slots: the lists
 * @node: the chunk's node
 *
 * Not every chunk is where its longest free run would have it, so the list is
 * asked: one of its nodes is the head.
 *
 * Context: Any; the caller keeps others off the lists. Takes time for all chunks of
 *	the slot.
 * Return: The slot; -1: none.
 */
int spcpu_slot_where(const struct spcpu_slots *slots,
		     const struct list_head *node)
{
	const struct list_head *pos;

	list_for_each(pos, node)
		if (pos >= slots->lists && pos < slots->lists + slots->nr)
			return pos - slots->lists;
	return -1;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slot_where);

/**
 * spcpu_slot_range() - the longest free runs of a slot's chunks
 * @slots: the lists
 * @slot: one of them
 * @lo: set to the least number of bytes
 * @hi: set to the largest number of bytes; below @lo if the slot has no length
 *	of its own, as the last one where the unit is a power of two
 *
 * Where chunks go for another reason than their longest run, which are slots
 * sidelined and to_depopulate, it is 0 to a unit.
 *
 * Context: Any.
 */
void spcpu_slot_range(const struct spcpu_slots *slots, int slot, size_t *lo,
		      size_t *hi)
{
	*lo = 0;
	*hi = 0;
	if (!slot)
		return;

	if (slot >= slots->sidelined) {
		*lo = slot == slots->free ? slots->unit_size : 0;
		*hi = slots->unit_size;
		return;
	}

	*lo = slot == 1 ? 1 : 1UL << (slot + FIRST_BIT - 2);
	*hi = min_t(size_t, 1UL << (slot + FIRST_BIT - 1),
		    slots->unit_size) - 1;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slot_range);

/**
 * spcpu_slot_name() - what a slot is called, other than by its range
 * @slots: the lists
 * @slot: one of them
 *
 * Context: Any.
 * Return: A name, empty for the slots by length. Not to be freed.
 */
const char *spcpu_slot_name(const struct spcpu_slots *slots, int slot)
{
	if (!slot)
		return "full";
	if (slot == slots->sidelined)
		return "sidelined";
	if (slot == slots->free)
		return "free";
	if (slot == slots->to_depopulate)
		return "to_depopulate";
	return "";
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slot_name);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slots: chunks in lists by their longest free run, so that an allocation
 * looks only at chunks that may have room for it.
 */
#ifndef SPCPU_SLOT_H
#define SPCPU_SLOT_H

#include <linux/list.h>
#include <linux/types.h>

/*
 * Runs below 1 << (SHIFT - 1) bytes share a slot, from there on each power of
 * two has its own (PCPU_SLOT_BASE_SHIFT of mm/percpu.c).
 */
#define SPCPU_SLOT_BASE_SHIFT		5

/*
 * A chunk in a slot below this which turns out not to have room is put into
 * slot 0, not to be asked again (PCPU_SLOT_FAIL_THRESHOLD of mm/percpu.c).
 */
#define SPCPU_SLOT_FAIL_THRESHOLD	3

/**
 * struct spcpu_slots - all chunks of an allocator but the reserved one
 *
 * Slot 0 has the full chunks; then come those with ever longer free runs.
 *
 * @nr: number of slots
 * @sidelined: the slot after those by length: chunks that gave pages back
 * @free: chunks that are free from end to end
 * @to_depopulate: chunks that are about to give pages back
 * @unit_size: bytes of a unit, the longest free run there is
 * @lists: a list of chunks for each slot
 */
struct spcpu_slots {
	int nr;
	int sidelined;
	int free;
	int to_depopulate;
	size_t unit_size;
	struct list_head *lists;
};

void spcpu_slots_number(struct spcpu_slots *slots, size_t unit_size);
int spcpu_slots_init(struct spcpu_slots *slots, size_t unit_size);
void spcpu_slots_exit(struct spcpu_slots *slots);
int spcpu_slot_of_size(const struct spcpu_slots *slots, size_t bytes);
int spcpu_slot_of_space(const struct spcpu_slots *slots, size_t free_bytes,
			size_t contig_bytes);
void spcpu_slot_move(struct spcpu_slots *slots, struct list_head *node,
		     int slot, bool front);
void spcpu_slot_relocate(struct spcpu_slots *slots, struct list_head *node,
			 int old, int new);
int spcpu_slot_where(const struct spcpu_slots *slots,
		     const struct list_head *node);
void spcpu_slot_range(const struct spcpu_slots *slots, int slot, size_t *lo,
		      size_t *hi);
const char *spcpu_slot_name(const struct spcpu_slots *slots, int slot);

#endif /* SPCPU_SLOT_H */

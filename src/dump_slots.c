// SPDX-License-Identifier: GPL-2.0
/*
 * Dump slots: which chunks are in which slot.
 */
#include "compat/kunit.h"
#include "dump.h"

/* as many chunks of a slot are named under one hold of the lock */
#define MOST_NAMED	32

static unsigned int count(const struct list_head *chunks)
{
	const struct list_head *pos;
	unsigned int nr = 0;

	list_for_each(pos, chunks)
		nr++;
	return nr;
}

static void show_chunks(struct seq_file *m, const struct list_head *chunks)
{
	const struct spcpu_chunk *chunk;
	unsigned int nr = 0;

	seq_printf(m, " %6u", count(chunks));
	list_for_each_entry(chunk, chunks, node) {
		if (nr++ == MOST_NAMED) {
			seq_puts(m, " ...");
			break;
		}
		seq_put_decimal_ull(m, " #", chunk->id);
	}
	seq_putc(m, '\n');
}

/* slots by length have no name, and the last of them may have no length */
static void show_slot(struct seq_file *m, struct spcpu *s,
		      const struct spcpu_slots *slots, int slot)
{
	const char *name = spcpu_slot_name(slots, slot);
	unsigned long flags;
	size_t lo, hi;

	seq_printf(m, "%6d %-13s", slot, *name ? name : "-");
	spcpu_slot_range(slots, slot, &lo, &hi);
	if (lo <= hi)
		seq_printf(m, " %10zu %10zu", lo, hi);
	else
		seq_printf(m, " %10s %10s", "-", "-");

	spin_lock_irqsave(&s->lock, flags);
	show_chunks(m, &slots->lists[slot]);
	spin_unlock_irqrestore(&s->lock, flags);
}

static void show_type(struct seq_file *m, struct spcpu *s,
		      const struct spcpu_chunk_type *type)
{
	int slot;

	for (slot = 0; slot < type->slots.nr; slot++)
		show_slot(m, s, &type->slots, slot);
}

/**
 * spcpu_slots_show() - print the chunks of each slot
 * @m: where to; its private is a struct spcpu
 * @unused: not used
 *
 * Chunks are listed in the order in which allocations ask them, the first 32 of
 * a slot. The lock is held for a slot at a time: a chunk that moves meanwhile may
 * be listed twice, or not at all.
 *
 * Context: Process context.
 * Return: 0.
 */
int spcpu_slots_show(struct seq_file *m, void *unused)
{
	struct spcpu *s = m->private;

	seq_puts(m, "# slot name       from bytes   to bytes chunks, first asked first\n");
	show_type(m, s, &s->types[SPCPU_PLAIN]);
	if (s->reserved)
		seq_printf(m, "%6s %-13s %10s %10s %6u #%u\n", "-", "reserved",
			   "-", "-", 1, s->reserved->id);
	if (READ_ONCE(s->types[SPCPU_ACCOUNTED].used)) {
		seq_puts(m, "# for accounted objects (__GFP_ACCOUNT)\n");
		show_type(m, s, &s->types[SPCPU_ACCOUNTED]);
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_slots_show);

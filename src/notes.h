/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes: what probes leave behind, in a ring for each CPU.
 *
 * Notes are numbered over all CPUs, and there is no number without a note, so that
 * the one who takes them knows when he has all.
 */
#ifndef SPCPU_NOTES_H
#define SPCPU_NOTES_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/percpu.h>
#include <linux/timex.h>

/*
 * struct spcpu_note - a note
 *
 * Members are those of &struct spcpu_op, but for these. Only what its kind asks for is
 * written: the others have what was there before.
 *
 * @seq: number, from 1
 * @cycles: when, as the CPU counts
 * @who: task and context
 * @extra: the op's word, or its site
 */
struct spcpu_note {
	u64 seq;
	u64 cycles;
	u64 who;
	u64 base;
	u64 extra;
	u32 off;
	u32 size;
	u16 align;
	s16 slot;
	u8 kind;
	u8 flags;
};

/**
 * struct spcpu_ring - the notes of one CPU
 *
 * @notes: room for them
 * @mask: how many there is room for, less one
 * @head: notes made; by that CPU, interrupts off
 * @lost: notes there was no room for; likewise
 * @tail: notes taken
 */
struct spcpu_ring {
	struct spcpu_note *notes;
	unsigned int mask;
	unsigned int head;
	u64 lost;
	unsigned int tail ____cacheline_aligned_in_smp;
};

DECLARE_PER_CPU(struct spcpu_ring, spcpu_rings);
extern atomic64_t spcpu_last_note;

int spcpu_notes_create(unsigned int kb);
void spcpu_notes_destroy(void);
bool spcpu_notes_take(struct spcpu_note *note, unsigned int *cpu);
u64 spcpu_notes_lost(void);

/*
 * Called for each allocation and free of the kernel's: not a function, and for its
 * parts to be written in place. Interrupts are off from here to spcpu_note_close().
 */
static __always_inline struct spcpu_note *
spcpu_note_open(struct spcpu_ring *ring, u8 kind, u8 flags)
{
	struct spcpu_note *note = &ring->notes[ring->head & ring->mask];

	/* who takes notes has read what is before the tail */
	if (unlikely(ring->head - smp_load_acquire(&ring->tail) > ring->mask)) {
		WRITE_ONCE(ring->lost, ring->lost + 1);
		return NULL;
	}
	note->cycles = get_cycles();
	note->kind = kind;
	note->flags = flags;
	return note;
}

static __always_inline void spcpu_note_close(struct spcpu_ring *ring,
					     struct spcpu_note *note)
{
	note->seq = atomic64_inc_return(&spcpu_last_note);
	/* who takes notes reads what is before the head */
	smp_store_release(&ring->head, ring->head + 1);
}

#endif /* SPCPU_NOTES_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Notes: the rings, and who takes the notes out of them in the order of their numbers.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "notes.h"

DEFINE_PER_CPU(struct spcpu_ring, spcpu_rings);
atomic64_t spcpu_last_note;

/* number of the note that is taken next */
static u64 next;

/**
 * spcpu_notes_create() - make the rings
 * @kb: KB for each CPU, absent ones included: they may come
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_notes_create(unsigned int kb)
{
	unsigned int cpu, nr;

	nr = rounddown_pow_of_two((kb << 10) / sizeof(struct spcpu_note));
	atomic64_set(&spcpu_last_note, 0);
	next = 1;
	for_each_possible_cpu(cpu) {
		struct spcpu_ring *ring = per_cpu_ptr(&spcpu_rings, cpu);

		*ring = (struct spcpu_ring) { .mask = nr - 1 };
		ring->notes = kvmalloc_node(array_size(nr, sizeof(*ring->notes)),
					    GFP_KERNEL | __GFP_NOWARN,
					    cpu_to_node(cpu));
		if (!ring->notes) {
			spcpu_notes_destroy();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * spcpu_notes_destroy() - give the rings back
 *
 * Context: Process context; no probe runs any more. May sleep.
 */
void spcpu_notes_destroy(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		kvfree(per_cpu(spcpu_rings, cpu).notes);
		per_cpu(spcpu_rings, cpu).notes = NULL;
	}
}

/**
 * spcpu_notes_take() - the note with the next number
 * @note: set to it
 * @cpu: set to the CPU that made it
 *
 * Context: Process context, one at a time.
 * Return: True if it is there already.
 */
bool spcpu_notes_take(struct spcpu_note *note, unsigned int *cpu)
{
	for_each_possible_cpu(*cpu) {
		struct spcpu_ring *ring = per_cpu_ptr(&spcpu_rings, *cpu);
		const struct spcpu_note *first;

		/* the CPU has written what is before the head */
		if (ring->tail == smp_load_acquire(&ring->head))
			continue;
		first = &ring->notes[ring->tail & ring->mask];
		if (first->seq != next)
			continue;
		*note = *first;
		/* the CPU may write there again */
		smp_store_release(&ring->tail, ring->tail + 1);
		next++;
		return true;
	}
	return false;
}

/**
 * spcpu_notes_lost() - how many there was no room for
 *
 * Context: Any.
 * Return: As many.
 */
u64 spcpu_notes_lost(void)
{
	unsigned int cpu;
	u64 lost = 0;

	for_each_possible_cpu(cpu)
		lost += READ_ONCE(per_cpu(spcpu_rings, cpu).lost);
	return lost;
}

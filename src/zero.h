/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Zero: the copies of objects on all CPUs that have pages. It is the part of an
 * allocation that grows with their number.
 */
#ifndef SPCPU_ZERO_H
#define SPCPU_ZERO_H

#include <linux/types.h>

struct spcpu_object;

/**
 * struct spcpu_ready - the CPUs whose copies are zeroed
 *
 * Grows only. Read without a lock: @nr before @offs.
 *
 * @nr: how many
 * @offs: what is added to a pointer for a CPU's copy
 */
struct spcpu_ready {
	unsigned int nr;
	unsigned long *offs;
};

int spcpu_ready_init(struct spcpu_ready *ready, unsigned int most);
void spcpu_ready_exit(struct spcpu_ready *ready);
void spcpu_ready_add(struct spcpu_ready *ready, unsigned int cpu);
unsigned int spcpu_nr_ready(const struct spcpu_ready *ready);

void spcpu_zero(const struct spcpu_ready *ready, unsigned long ptr, size_t size);
void spcpu_zero_objects(const struct spcpu_ready *ready,
			const struct spcpu_object *objects, unsigned int nr,
			size_t size);

#endif /* SPCPU_ZERO_H */

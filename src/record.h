/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Record: what the kernel's own percpu allocator is asked for, as it happens.
 *
 * The five percpu tracepoints say what and where. Frees are seen under the
 * allocator's lock, and so in order; allocations are traced after it was dropped,
 * so a probe on pcpu_alloc_area(), under the lock, says when they were placed. What
 * the worker does is not traced: between its beginning and its end, each event
 * under the lock first notes how it left the chunks.
 *
 * There is one consumer at a time.
 */
#ifndef SPCPU_RECORD_H
#define SPCPU_RECORD_H

#include "recording.h"
#include "snapshot.h"

/**
 * struct spcpu_record_status - how a recording stands
 *
 * @on: events are being recorded
 * @seen: events consumed
 * @lost: events for which a ring had no room
 * @exact: the order of allocations is known; otherwise the kernel lets nobody
 *         look into its pcpu_alloc_area(), and they are marked SPCPU_OP_LOOSE
 */
struct spcpu_record_status {
	bool on;
	u64 seen;
	u64 lost;
	bool exact;
};

int spcpu_record_init(void);
int spcpu_record_start(struct spcpu_snapshot *first, unsigned int ring_kb);
bool spcpu_record_next(struct spcpu_op *op);
bool spcpu_record_over(void);
int spcpu_record_wait(void);
int spcpu_record_stop(struct spcpu_snapshot *last);
void spcpu_record_end(void);
void spcpu_record_status(struct spcpu_record_status *status);

#endif /* SPCPU_RECORD_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sequence: what probes saw, put into the order in which it happened.
 *
 * Pure. Of an allocation two things are seen: that it was placed, under the lock;
 * and later, by the same task in the same context, where. Until then what came in
 * between waits.
 */
#ifndef SPCPU_SEQUENCE_H
#define SPCPU_SEQUENCE_H

#include "recording.h"

/* a kind of event that is never in a recording: an area is being placed */
#define SPCPU_SEEN_ORDER	'o'

/* as many wait at most, for what an order leads to */
#define SPCPU_SEQUENCE_MAX	BIT(20)

/**
 * struct spcpu_seen - what a probe saw
 *
 * @seq: number, without gaps, over all CPUs
 * @who: task and context, the same for an allocation's two
 * @op: the event; of SPCPU_SEEN_ORDER only kind, cpu, time, size (0 if not known),
 *      and the flag SPCPU_OP_BUSY
 */
struct spcpu_seen {
	u64 seq;
	u64 who;
	struct spcpu_op op;
};

/**
 * struct spcpu_sequence - what was seen and not handed out
 *
 * @ring: the events
 * @size: room there, a power of two
 * @head: number of the first one
 * @tail: number of the one that comes next
 * @scanned: up to here nothing tells where the first one, an order, leads to
 * @open: sleeping callers that have their place, and perhaps not their pages
 * @exact: there is an order for each allocation; otherwise those without one are where
 *         they were traced, and nobody waits for what an order leads to
 * @lost: events that there was no memory for, or that were too many
 */
struct spcpu_sequence {
	struct spcpu_seen *ring;
	unsigned int size;
	unsigned int head;
	unsigned int tail;
	unsigned int scanned;
	unsigned int open;
	bool exact;
	u64 lost;
};

int spcpu_sequence_init(struct spcpu_sequence *q, bool exact);
void spcpu_sequence_exit(struct spcpu_sequence *q);
void spcpu_sequence_add(struct spcpu_sequence *q, const struct spcpu_seen *seen);
void spcpu_sequence_has_gaps(struct spcpu_sequence *q);
bool spcpu_sequence_next(struct spcpu_sequence *q, bool over,
			 struct spcpu_op *op);

#endif /* SPCPU_SEQUENCE_H */

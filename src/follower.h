/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Follower: what the parts of following share: callers' events (follow.c), the
 * worker's (follow_worker.c), and what came of it (follow_report.c).
 */
#ifndef SPCPU_FOLLOWER_H
#define SPCPU_FOLLOWER_H

#include "follow.h"
#include "mismatch.h"
#include "own_way.h"
#include "paper.h"
#include "rehearsal.h"

/* more chunks than anybody makes before he uses one */
#define MOST_PENDING	16

/* more chunks than one event moves */
#define MOST_EXPECTED	16

/* of the sentence about how two snapshots differ */
#define DIFFERENCE_MAX	160

/**
 * struct spcpu_follow - one who follows
 *
 * @s: the shadow
 * @own: where objects are that have gone their own way; NULL if they do not
 * @rehearsal: how the shadow's own worker would have done; NULL if nobody asks
 * @worker_differs: the event that ended the first pass of which it made another
 * @stats: what came of it so far; what can be counted later is 0
 * @pending: chunks that were made and have nothing in them yet
 * @nr_pending: how many
 * @expected: chunks that are to be in these slots when the next event has come
 * @nr_expected: how many
 * @unsure: events were lost, and from then on nothing is certain
 * @starved: there was no memory for a chunk, and that is the end of it
 * @first: the first decision that was another
 * @compared: snapshots compared at the end
 * @nr_different: chunks that differed then
 * @different: how the first of them did
 */
struct spcpu_follow {
	struct spcpu *s;
	struct spcpu_own_way *own;
	struct spcpu_rehearsal *rehearsal;
	u64 worker_differs;
	struct spcpu_follow_stats stats;
	u64 pending[MOST_PENDING];
	unsigned int nr_pending;
	struct {
		unsigned int id;
		int slot;
	} expected[MOST_EXPECTED];
	unsigned int nr_expected;
	bool unsure;
	bool starved;
	struct spcpu_mismatch *first;
	bool compared;
	int nr_different;
	char different[DIFFERENCE_MAX];
};

/* follow.c */
int spcpu_follow_impossible(struct spcpu_follow *f, const char **why,
			    const char *what);

/* follow_worker.c */
struct spcpu_chunk *spcpu_follow_chunk(struct spcpu_follow *f, u64 base,
				       unsigned int off);
int spcpu_follow_worker(struct spcpu_follow *f, const struct spcpu_op *op,
			const char **why);
void spcpu_follow_see_slots(struct spcpu_follow *f);

#endif /* SPCPU_FOLLOWER_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scribe: writes down what an allocator of ours is asked for, and where it puts it,
 * as a recording of it would have it.
 */
#ifndef SPCPU_TEST_SCRIBE_H
#define SPCPU_TEST_SCRIBE_H

#include "fixture.h"
#include "follow.h"

#define SCRIBE_OBJECTS	512

/**
 * struct scribe - an allocator whose worker waits, and what it was asked for
 *
 * @test: the test
 * @s: the allocator; lazy backing
 * @rnd: decides what is asked
 * @next_id: number of the chunk that comes next
 * @nr: live objects
 * @ptr: the objects
 * @op: takes what is written down
 * @to: for @op
 */
struct scribe {
	struct kunit *test;
	struct spcpu *s;
	struct rnd_state rnd;
	unsigned int next_id;
	unsigned int nr;
	void __percpu *ptr[SCRIBE_OBJECTS];
	void (*op)(void *to, const struct spcpu_op *op);
	void *to;
};

struct scribe *spcpu_scribe(struct kunit *test,
			    void (*op)(void *to, const struct spcpu_op *op),
			    void *to);
void spcpu_scribe_steps(struct scribe *w, unsigned int nr, unsigned int atomic);
void spcpu_scribe_worker(struct scribe *w);
void spcpu_scribe_snapshot(struct kunit *test, struct spcpu *s,
			   struct spcpu_snapshot *snap);

#endif /* SPCPU_TEST_SCRIBE_H */

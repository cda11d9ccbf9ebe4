// SPDX-License-Identifier: GPL-2.0
/*
 * Sequence: what probes saw comes out in the order in which it happened.
 */
#include <linux/string.h>

#include "fixture.h"
#include "sequence.h"
#include "suites.h"

/* a task, and what interrupts it */
#define TASK	0x1000ULL
#define IRQ	(TASK | 2)
#define OTHER	0x2000ULL

/**
 * struct lab - a sequence, and what was put in
 *
 * @test: the test
 * @q: the sequence
 * @nr: things seen
 */
struct lab {
	struct kunit *test;
	struct spcpu_sequence q;
	u64 nr;
};

static void see(struct lab *lab, u64 who, struct spcpu_op op)
{
	struct spcpu_seen seen = { .seq = ++lab->nr, .who = who, .op = op };

	seen.op.time = lab->nr;
	seen.op.cpu = who >> 12;
	spcpu_sequence_add(&lab->q, &seen);
}

static void see_order(struct lab *lab, u64 who, u32 size)
{
	see(lab, who, (struct spcpu_op) {
		.kind = SPCPU_SEEN_ORDER, .size = size });
}

static void see_alloc(struct lab *lab, u64 who, u32 size, u8 flags)
{
	see(lab, who, (struct spcpu_op) {
		.kind = SPCPU_OP_ALLOC, .base = who, .size = size,
		.flags = flags });
}

static void see_free(struct lab *lab, u32 off)
{
	see(lab, 0, (struct spcpu_op) { .kind = SPCPU_OP_FREE, .off = off });
}

static void see_fail(struct lab *lab, u64 who, u32 size, u8 flags)
{
	see(lab, who, (struct spcpu_op) {
		.kind = SPCPU_OP_FAIL, .size = size, .flags = flags });
}

static struct spcpu_op next(struct lab *lab, u8 kind)
{
	struct spcpu_op op = { };

	KUNIT_EXPECT_TRUE(lab->test, spcpu_sequence_next(&lab->q, false, &op));
	KUNIT_EXPECT_EQ(lab->test, op.kind, kind);
	return op;
}

static void expect_none(struct lab *lab)
{
	struct spcpu_op op;

	KUNIT_EXPECT_FALSE(lab->test, spcpu_sequence_next(&lab->q, false, &op));
}

static void drop_lab(void *what)
{
	struct lab *lab = what;

	spcpu_sequence_exit(&lab->q);
}

static struct lab *make_lab(struct kunit *test, bool exact)
{
	struct lab *lab = kunit_kzalloc(test, sizeof(*lab), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lab);
	lab->test = test;
	KUNIT_ASSERT_EQ(test, 0, spcpu_sequence_init(&lab->q, exact));
	spcpu_test_at_exit(test, drop_lab, lab);
	return lab;
}

static void sequence_alloc_is_where_it_was_ordered(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);
	struct spcpu_op op;

	see_order(lab, TASK, 8);
	see_free(lab, 4);
	expect_none(lab);
	see_alloc(lab, TASK, 8, 0);

	op = next(lab, SPCPU_OP_ALLOC);
	KUNIT_EXPECT_EQ(test, op.time, 1ULL);
	KUNIT_EXPECT_EQ(test, op.base, TASK);
	KUNIT_EXPECT_EQ(test, op.flags, 0);
	op = next(lab, SPCPU_OP_FREE);
	KUNIT_EXPECT_EQ(test, op.off, 4U);
	expect_none(lab);
}

static void sequence_interrupt_in_task(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);

	see_order(lab, TASK, 8);
	see_order(lab, IRQ, 8);
	see_alloc(lab, IRQ, 8, SPCPU_OP_ATOMIC);
	expect_none(lab);
	see_alloc(lab, TASK, 8, SPCPU_OP_ATOMIC);

	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).base, TASK);
	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).base, IRQ);
	expect_none(lab);
}

/* who waits for pages allocates what it takes to get them */
static void sequence_alloc_in_alloc(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);

	see_order(lab, TASK, 64);
	see_order(lab, TASK, 8);
	see_alloc(lab, TASK, 8, SPCPU_OP_ATOMIC);
	expect_none(lab);
	see_alloc(lab, TASK, 64, 0);

	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).size, 64U);
	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).size, 8U);
	expect_none(lab);
}

static void sequence_attempts_that_failed(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);

	see_order(lab, TASK, 8);
	see_order(lab, TASK, 8);
	see_free(lab, 4);
	see_order(lab, TASK, 8);
	see_alloc(lab, TASK, 8, 0);

	next(lab, SPCPU_OP_FREE);
	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).time, 4ULL);
	expect_none(lab);
}

static void sequence_fails(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);

	see_order(lab, TASK, 8);
	see_fail(lab, TASK, 8, 0);
	see_fail(lab, OTHER, 16, SPCPU_OP_ATOMIC);

	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_FAIL).size, 8U);
	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_FAIL).size, 16U);
	expect_none(lab);
	KUNIT_EXPECT_EQ(test, lab->q.lost, 0ULL);
}

static void sequence_before_the_beginning(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);

	see_alloc(lab, TASK, 8, 0);
	see_free(lab, 4);

	next(lab, SPCPU_OP_FREE);
	expect_none(lab);
}

static void sequence_never_came_back(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);
	struct spcpu_op op;

	see_order(lab, TASK, 8);
	see_free(lab, 4);
	expect_none(lab);
	KUNIT_EXPECT_TRUE(test, spcpu_sequence_next(&lab->q, true, &op));
	KUNIT_EXPECT_EQ(test, op.kind, SPCPU_OP_FREE);
	KUNIT_EXPECT_FALSE(test, spcpu_sequence_next(&lab->q, true, &op));
	KUNIT_EXPECT_EQ(test, lab->q.lost, 1ULL);
}

/* nobody waits for what was perhaps not seen, and what was seen is not dropped */
static void sequence_gaps(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);

	see_order(lab, TASK, 8);
	see_free(lab, 4);
	expect_none(lab);
	spcpu_sequence_has_gaps(&lab->q);
	next(lab, SPCPU_OP_FREE);
	see_alloc(lab, TASK, 8, 0);
	see_order(lab, OTHER, 8);
	see_alloc(lab, OTHER, 8, 0);

	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).flags,
			SPCPU_OP_LOOSE);
	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).flags, 0);
	expect_none(lab);
	KUNIT_EXPECT_EQ(test, lab->q.lost, 0ULL);
}

static void sequence_without_orders(struct kunit *test)
{
	struct lab *lab = make_lab(test, false);

	see_alloc(lab, TASK, 8, SPCPU_OP_ATOMIC);
	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).flags,
			SPCPU_OP_ATOMIC | SPCPU_OP_LOOSE);
	expect_none(lab);
}

/* what others may or may not see of pages that are on their way */
static void sequence_while_pages_come(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);

	see_order(lab, TASK, 64);
	see_order(lab, OTHER, 8);
	see_alloc(lab, OTHER, 8, SPCPU_OP_ATOMIC);
	see_alloc(lab, TASK, 64, 0);
	see_order(lab, OTHER, 8);
	see_alloc(lab, OTHER, 8, SPCPU_OP_ATOMIC);

	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).flags, 0);
	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).flags,
			SPCPU_OP_ATOMIC | SPCPU_OP_BUSY);
	KUNIT_EXPECT_EQ(test, next(lab, SPCPU_OP_ALLOC).flags,
			SPCPU_OP_ATOMIC);
	expect_none(lab);
}

#define MANY	5000

/* all of them wait for one */
static void sequence_a_long_wait(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);
	unsigned int i;

	see_order(lab, TASK, 8);
	for (i = 0; i < MANY; i++)
		see_free(lab, i);
	expect_none(lab);
	see_alloc(lab, TASK, 8, 0);

	next(lab, SPCPU_OP_ALLOC);
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_EQ(test, next(lab, SPCPU_OP_FREE).off, i);
	expect_none(lab);
	KUNIT_EXPECT_EQ(test, lab->q.lost, 0ULL);
}

#define TASKS	7
#define STEPS	20000

/**
 * struct actor - who allocates, at random
 *
 * @placed: has its place, and has not told; its number, from 1
 */
struct actor {
	u32 placed;
};

static void act(struct lab *lab, struct rnd_state *rnd, struct actor *actors,
		u32 *nr)
{
	unsigned int i = prandom_u32_state(rnd) % TASKS;
	u64 who = TASK * (i + 1);

	if (actors[i].placed) {
		see(lab, who, (struct spcpu_op) {
			.kind = SPCPU_OP_ALLOC, .off = actors[i].placed,
			.size = 8, .flags = SPCPU_OP_ATOMIC });
		actors[i].placed = 0;
	} else if (prandom_u32_state(rnd) % 4) {
		actors[i].placed = ++*nr;
		see_order(lab, who, 8);
	} else if (prandom_u32_state(rnd) % 2) {
		see_order(lab, who, 8);
		see_fail(lab, who, 8, SPCPU_OP_ATOMIC);
	} else {
		see_free(lab, ++*nr);
	}
}

/* the number of an event is its place in the order */
static void sequence_random(struct kunit *test)
{
	struct lab *lab = make_lab(test, true);
	struct actor actors[TASKS] = { };
	struct rnd_state rnd;
	struct spcpu_op op;
	u32 nr = 0, expected = 0, step;

	prandom_seed_state(&rnd, 4);
	for (step = 0; step < STEPS; step++) {
		act(lab, &rnd, actors, &nr);
		while (spcpu_sequence_next(&lab->q, false, &op)) {
			if (op.kind == SPCPU_OP_FAIL)
				continue;
			KUNIT_ASSERT_EQ(test, op.off, ++expected);
		}
	}
	/* those that wait are what nobody has told yet, and what comes after */
	KUNIT_EXPECT_GT(test, expected, nr - 1000);
	KUNIT_EXPECT_EQ(test, lab->q.lost, 0ULL);
}

static struct kunit_case sequence_cases[] = {
	KUNIT_CASE(sequence_alloc_is_where_it_was_ordered),
	KUNIT_CASE(sequence_interrupt_in_task),
	KUNIT_CASE(sequence_alloc_in_alloc),
	KUNIT_CASE(sequence_attempts_that_failed),
	KUNIT_CASE(sequence_fails),
	KUNIT_CASE(sequence_before_the_beginning),
	KUNIT_CASE(sequence_never_came_back),
	KUNIT_CASE(sequence_gaps),
	KUNIT_CASE(sequence_without_orders),
	KUNIT_CASE(sequence_while_pages_come),
	KUNIT_CASE(sequence_a_long_wait),
	KUNIT_CASE(sequence_random),
	{ }
};

struct kunit_suite spcpu_sequence_suite = {
	.name = "shadow_percpu_sequence",
	.test_cases = sequence_cases,
};

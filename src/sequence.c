// SPDX-License-Identifier: GPL-2.0
/*
 * Sequence: what probes saw, put into the order in which it happened.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "sequence.h"

#define FIRST_SIZE	64

/* an allocation that was handed out where it was placed */
#define HANDED_OUT	0

/**
 * spcpu_sequence_init() - nothing was seen yet
 * @q: what to set up
 * @exact: there will be orders
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_sequence_init(struct spcpu_sequence *q, bool exact)
{
	*q = (struct spcpu_sequence) { .exact = exact, .size = FIRST_SIZE };
	q->ring = kvcalloc(q->size, sizeof(*q->ring),
			   GFP_KERNEL | __GFP_NOWARN);
	return q->ring ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_sequence_init);

/**
 * spcpu_sequence_exit() - forget what is left
 * @q: what spcpu_sequence_init() was called for, with whatever result
 *
 * Context: Process context. May sleep.
 */
void spcpu_sequence_exit(struct spcpu_sequence *q)
{
	kvfree(q->ring);
	q->ring = NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_sequence_exit);

static struct spcpu_seen *at(const struct spcpu_sequence *q, unsigned int i)
{
	return &q->ring[i & (q->size - 1)];
}

static bool make_longer(struct spcpu_sequence *q)
{
	struct spcpu_sequence longer = { .size = q->size * 2 };
	unsigned int i;

	if (q->size == SPCPU_SEQUENCE_MAX)
		return false;

	longer.ring = kvcalloc(longer.size, sizeof(*longer.ring),
			       GFP_KERNEL | __GFP_NOWARN);
	if (!longer.ring)
		return false;

	for (i = q->head; i != q->tail; i++)
		*at(&longer, i) = *at(q, i);
	kvfree(q->ring);
	q->ring = longer.ring;
	q->size = longer.size;
	return true;
}

/**
 * spcpu_sequence_add() - something was seen
 * @q: the sequence
 * @seen: what; in the order of their numbers
 *
 * Context: Process context. May sleep.
 */
void spcpu_sequence_add(struct spcpu_sequence *q, const struct spcpu_seen *seen)
{
	if (q->tail - q->head == q->size && !make_longer(q)) {
		q->lost++;
		return;
	}
	*at(q, q->tail++) = *seen;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_sequence_add);

static void drop_first(struct spcpu_sequence *q)
{
	q->head++;
	q->scanned = q->head;
}

/**
 * spcpu_sequence_has_gaps() - something happened that was not seen
 * @q: the sequence
 *
 * What an order leads to may never come, so nobody waits for it any more.
 *
 * Context: Process context.
 */
void spcpu_sequence_has_gaps(struct spcpu_sequence *q)
{
	q->exact = false;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_sequence_has_gaps);

/*
 * An order of another size is of an allocation within the allocation: who waits for
 * pages may have to write others to disk.
 */
static bool is_outcome(const struct spcpu_seen *order,
		       const struct spcpu_seen *seen)
{
	if (seen->who != order->who ||
	    (order->op.size && seen->op.size != order->op.size))
		return false;
	return seen->op.kind == SPCPU_SEEN_ORDER ||
	       seen->op.kind == SPCPU_OP_ALLOC ||
	       seen->op.kind == SPCPU_OP_FAIL;
}

/* what the same task in the same context did next about an area; NULL: not seen yet */
static struct spcpu_seen *outcome_of_first(struct spcpu_sequence *q)
{
	const struct spcpu_seen *order = at(q, q->head);

	if (q->scanned == q->head)
		q->scanned++;
	for (; q->scanned != q->tail; q->scanned++) {
		if (is_outcome(order, at(q, q->scanned)))
			return at(q, q->scanned);
	}
	return NULL;
}

/* while somebody waits for pages, who cannot wait for any may or may not see them */
static void hand_out_alloc(struct spcpu_sequence *q, struct spcpu_seen *alloc,
			   struct spcpu_op *op)
{
	const struct spcpu_op *placed = &at(q, q->head)->op;

	*op = alloc->op;
	op->time = placed->time;
	op->cpu = placed->cpu;
	op->flags |= placed->flags;
	if (!(op->flags & SPCPU_OP_ATOMIC))
		q->open++;
	else if (q->open)
		op->flags |= SPCPU_OP_BUSY;
	alloc->op.kind = HANDED_OUT;
}

/* true: @op is set; false: it led to nothing */
static bool settle_order(struct spcpu_sequence *q, struct spcpu_seen *outcome,
			 struct spcpu_op *op)
{
	if (outcome->op.kind == SPCPU_OP_ALLOC) {
		hand_out_alloc(q, outcome, op);
		return true;
	}
	/* it had a place, and gave it back when there were no pages */
	if (outcome->op.kind == SPCPU_OP_FAIL &&
	    !(outcome->op.flags & SPCPU_OP_ATOMIC))
		outcome->op.flags |= SPCPU_OP_BUSY;
	return false;
}

/* true: @op is set; false: it is none of the recording's */
static bool settle(struct spcpu_sequence *q, const struct spcpu_seen *first,
		   struct spcpu_op *op)
{
	*op = first->op;
	if (op->kind == HANDED_OUT) {
		if (!(op->flags & SPCPU_OP_ATOMIC))
			q->open--;
		return false;
	}
	if (op->kind == SPCPU_OP_ALLOC) {
		/* if all orders were seen, it was placed before the recording began */
		op->flags |= SPCPU_OP_LOOSE;
		return !q->exact;
	}
	return true;
}

/**
 * spcpu_sequence_next() - the next event in the order in which they happened
 * @q: the sequence
 * @over: nothing more will be seen: who has not come back yet, is lost
 * @op: set to the event
 *
 * Context: Process context.
 * Return: True if there is one; false if more must be seen before it can be told.
 */
bool spcpu_sequence_next(struct spcpu_sequence *q, bool over,
			 struct spcpu_op *op)
{
	struct spcpu_seen *first, *outcome;
	bool found;

	while (q->head != q->tail) {
		first = at(q, q->head);
		if (first->op.kind != SPCPU_SEEN_ORDER) {
			found = settle(q, first, op);
		} else {
			outcome = outcome_of_first(q);
			if (!outcome && q->exact && !over)
				return false;
			found = outcome && settle_order(q, outcome, op);
			q->lost += !outcome && q->exact;
		}
		drop_first(q);
		if (found)
			return true;
	}
	return false;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_sequence_next);

// SPDX-License-Identifier: GPL-2.0
/*
 * Sequence: what probes saw, handed out by one who keeps all of it and searches it
 * from one end to the other.
 */
#include <linux/string.h>

#include "models.h"
#include "selftest.h"
#include "sequence.h"

#define STEPS_OF_ONE	3000
#define CALLERS		6

/**
 * struct model - the sequence, and all that it ever was given
 *
 * @q: the sequence
 * @seen: what it was given
 * @handed: which of it was handed out before its turn
 * @nr: length of both
 * @first: the first whose turn has not come
 * @open: callers that sleep and have a place
 * @exact: an order must lead to something
 * @lost: orders that led to nothing
 * @over: nothing more comes
 */
struct model {
	struct spcpu_sequence q;
	struct spcpu_seen seen[STEPS_OF_ONE];
	bool handed[STEPS_OF_ONE];
	unsigned int nr;
	unsigned int first;
	unsigned int open;
	bool exact;
	u64 lost;
	bool over;
};

/* where the order leads to, or one past the last */
static unsigned int outcome_of(const struct model *m)
{
	const struct spcpu_seen *order = &m->seen[m->first];
	unsigned int i;

	for (i = m->first + 1; i < m->nr; i++) {
		const struct spcpu_seen *s = &m->seen[i];

		if (!m->handed[i] && s->who == order->who &&
		    (!order->op.size || order->op.size == s->op.size) &&
		    (s->op.kind == SPCPU_SEEN_ORDER ||
		     s->op.kind == SPCPU_OP_ALLOC || s->op.kind == SPCPU_OP_FAIL))
			break;
	}
	return i;
}

/* an area that came, where it was placed; false: it did not come */
static bool lead(struct model *m, unsigned int to, struct spcpu_op *op)
{
	const struct spcpu_op *order = &m->seen[m->first].op;
	struct spcpu_op *end = &m->seen[to].op;
	bool sleeps = !(end->flags & SPCPU_OP_ATOMIC);

	if (end->kind == SPCPU_OP_FAIL && sleeps)
		end->flags |= SPCPU_OP_BUSY;
	if (end->kind != SPCPU_OP_ALLOC)
		return false;

	*op = *end;
	op->time = order->time;
	op->cpu = order->cpu;
	op->flags |= order->flags;
	sleeps = !(op->flags & SPCPU_OP_ATOMIC);
	if (!sleeps && m->open)
		op->flags |= SPCPU_OP_BUSY;
	m->open += sleeps;
	m->handed[to] = true;
	return true;
}

static bool next(struct model *m, struct spcpu_op *op)
{
	bool found = false;

	for (; !found && m->first < m->nr; m->first++) {
		const struct spcpu_seen *s = &m->seen[m->first];
		unsigned int to;

		*op = s->op;
		if (m->handed[m->first]) {
			m->open -= !(op->flags & SPCPU_OP_ATOMIC);
		} else if (s->op.kind == SPCPU_OP_ALLOC) {
			op->flags |= SPCPU_OP_LOOSE;
			found = !m->exact;
		} else if (s->op.kind == SPCPU_SEEN_ORDER) {
			to = outcome_of(m);
			if (to == m->nr && m->exact && !m->over)
				return false;
			m->lost += to == m->nr && m->exact;
			found = to < m->nr && lead(m, to, op);
		} else {
			found = true;
		}
	}
	return found;
}

static void add(struct model *m, struct host_random *rnd)
{
	static const u8 kinds[] = {
		SPCPU_SEEN_ORDER, SPCPU_SEEN_ORDER, SPCPU_OP_ALLOC,
		SPCPU_OP_ALLOC, SPCPU_OP_FAIL, SPCPU_OP_FREE,
		SPCPU_OP_STATE, SPCPU_OP_CREATE,
	};
	struct spcpu_seen *s = &m->seen[m->nr];

	*s = (struct spcpu_seen) {
		.seq = m->nr++,
		.who = host_below(rnd, CALLERS),
		.op = {
			.kind = kinds[host_below(rnd, ARRAY_SIZE(kinds))],
			.cpu = host_below(rnd, 4),
			.size = 4 * host_below(rnd, 3),
			.time = m->nr,
			.base = m->nr,
		},
	};
	if (!host_below(rnd, 3))
		s->op.flags = SPCPU_OP_ATOMIC;
	else if (s->op.kind == SPCPU_SEEN_ORDER && !host_below(rnd, 4))
		s->op.flags = SPCPU_OP_BUSY;
	/* an order that waits long, as others pile up behind it */
	if (s->op.kind == SPCPU_SEEN_ORDER && !host_below(rnd, 100))
		s->who = CALLERS + m->nr;
	spcpu_sequence_add(&m->q, s);
}

static void hand_out(struct model *m)
{
	struct spcpu_op op, want;
	bool is, must;

	do {
		is = spcpu_sequence_next(&m->q, m->over, &op);
		must = next(m, &want);
		expect(is == must);
		expect(!is || !memcmp(&op, &want, sizeof(op)));
	} while (is);
	expect(m->q.lost == m->lost);
}

static void run_one(struct host_random *rnd, u64 steps)
{
	static struct model m;
	u64 i;

	memset(&m, 0, sizeof(m));
	m.exact = host_below(rnd, 4);
	expect(!spcpu_sequence_init(&m.q, m.exact));
	for (i = 0; i < steps && !host_random_is_over(rnd); i++) {
		add(&m, rnd);
		if (!host_below(rnd, 1500)) {
			spcpu_sequence_has_gaps(&m.q);
			m.exact = false;
		}
		if (!host_below(rnd, 4))
			hand_out(&m);
	}
	m.over = true;
	hand_out(&m);
	expect(m.first == m.nr);
	spcpu_sequence_exit(&m.q);
}

/**
 * host_run_sequence() - one sequence after the other
 * @rnd: what is seen
 * @steps: as many events at most
 */
void host_run_sequence(struct host_random *rnd, u64 steps)
{
	while (steps && !host_random_is_over(rnd)) {
		u64 nr = min_t(u64, steps, STEPS_OF_ONE);

		run_one(rnd, nr);
		steps -= nr;
	}
}

void host_test_sequence(const struct host_part *part, u64 seed, u64 steps)
{
	struct host_random rnd = host_random_of(seed);

	host_run_sequence(&rnd, steps);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Worker: it looks after the chunks when somebody has seen that it should.
 */
#include "compat/kunit.h"
#include "core.h"

/**
 * spcpu_kick() - have the worker look after the chunks
 * @s: the allocator
 *
 * Context: Any but NMI.
 */
void spcpu_kick(struct spcpu *s)
{
	if (!READ_ONCE(s->dying))
		queue_work(s->wq, &s->balance);
}

/**
 * spcpu_balance_work() - the worker
 * @work: &struct spcpu.balance
 *
 * Context: Process context (workqueue).
 */
void spcpu_balance_work(struct work_struct *work)
{
	struct spcpu *s = container_of(work, struct spcpu, balance);
	int i;

	for (i = 0; i < SPCPU_NR_TYPES; i++) {
		/* queued by somebody who did not see it coming */
		if (READ_ONCE(s->dying))
			return;

		spcpu_balance(s, &s->types[i]);
		spcpu_thin_later(s, &s->types[i]);
	}
}

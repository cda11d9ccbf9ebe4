// SPDX-License-Identifier: GPL-2.0
/*
 * Follow the worker: chunks come and go, and pages. That is no decision of who
 * allocates: it is taken over.
 */
#include <linux/errno.h>
#include <linux/mm.h>

#include "follower.h"

static bool take_pending(struct spcpu_follow *f, u64 base)
{
	unsigned int i;

	for (i = 0; i < f->nr_pending; i++) {
		if (f->pending[i] != base)
			continue;
		f->nr_pending--;
		for (; i < f->nr_pending; i++)
			f->pending[i] = f->pending[i + 1];
		return true;
	}
	return false;
}

/**
 * spcpu_follow_chunk() - the chunk of a place
 * @f: who follows
 * @base: the chunk's address
 * @off: bytes from there
 *
 * One that was made, but not seen yet, is seen now.
 *
 * Context: Process context. May sleep.
 * Return: The chunk; NULL if there is none, or no memory for it, which @f->starved
 *	tells.
 */
struct spcpu_chunk *spcpu_follow_chunk(struct spcpu_follow *f, u64 base,
				       unsigned int off)
{
	struct spcpu_chunk *chunk = spcpu_paper_find(f->s, base, off);

	if (!chunk && off < f->s->layout->unit_size && take_pending(f, base)) {
		chunk = spcpu_paper_add(f->s, base);
		f->starved |= !chunk;
	}
	return chunk;
}

static int follow_create(struct spcpu_follow *f, const struct spcpu_op *op,
			 const char **why)
{
	if (f->own)
		return 0;
	if (f->nr_pending == MOST_PENDING || offset_in_page(op->base) ||
	    spcpu_paper_find(f->s, op->base, 0))
		return spcpu_follow_impossible(f, why, "makes a chunk where one is");
	if (f->s->stats.nr_chunks + f->nr_pending >=
	    SPCPU_SNAPSHOT_BYTES_MAX / f->s->layout->unit_size)
		return spcpu_follow_impossible(f, why, "makes a chunk more than 256 MB of a CPU have room for");

	f->pending[f->nr_pending++] = op->base;
	return 0;
}

static int follow_destroy(struct spcpu_follow *f, const struct spcpu_op *op,
			  const char **why)
{
	struct spcpu_chunk *chunk;

	if (f->own || take_pending(f, op->base))
		return 0;

	chunk = spcpu_paper_find(f->s, op->base, 0);
	if (!chunk || !spcpu_chunk_is_free(chunk))
		return spcpu_follow_impossible(f, why, "ends a chunk that is not free");

	spcpu_paper_drop(f->s, chunk);
	return 0;
}

static void adopt_pages(struct spcpu_follow *f, struct spcpu_chunk *chunk,
			const struct spcpu_op *op)
{
	struct spcpu_gap gap = { .chunk = chunk, .nr = 1 };
	unsigned int i;

	for (i = 0; i < 64 && op->off + i < chunk->map.nr_blocks; i++) {
		bool backed = op->word & 1ULL << i;

		gap.from = op->off + i;
		if (backed == test_bit(gap.from, chunk->populated))
			continue;
		if (backed)
			spcpu_pages_came(f->s, &gap);
		/* who has an area there is about to have the page */
		else if (spcpu_map_block_free(&chunk->map, gap.from))
			spcpu_pages_went(f->s, &gap);
	}
}

/* the worker's doings are no decisions of who allocates: they are taken over */
static bool adopt_isolated(struct spcpu_follow *f, struct spcpu_chunk *chunk,
			   int slot)
{
	struct spcpu_slots *slots = &chunk->type->slots;

	if (slot != slots->sidelined && slot != slots->to_depopulate)
		return false;

	if (!chunk->isolated)
		spcpu_isolate(f->s, chunk);
	if (spcpu_slot_where(slots, &chunk->node) != slot)
		spcpu_slot_move(slots, &chunk->node, slot, false);
	return true;
}

/*
 * Where chunks are that the worker does not look after is the shadow's own doing. It
 * was noted amid the event that comes next, and may be what that one comes to.
 */
static void expect_slot(struct spcpu_follow *f, const struct spcpu_chunk *chunk,
			int slot)
{
	if (f->nr_expected == MOST_EXPECTED) {
		f->stats.healed++;
		return;
	}
	f->expected[f->nr_expected].id = chunk->id;
	f->expected[f->nr_expected++].slot = slot;
}

static struct spcpu_chunk *chunk_with(struct spcpu *s, unsigned int id)
{
	struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk->id == id)
			return chunk;
	}
	return NULL;
}

/**
 * spcpu_follow_see_slots() - chunks are to be where they were noted
 * @f: who follows; the event amid which they were noted has come
 *
 * Those that are elsewhere are put there, and counted.
 *
 * Context: Process context.
 */
void spcpu_follow_see_slots(struct spcpu_follow *f)
{
	struct spcpu_chunk *chunk;
	unsigned int i;

	for (i = 0; i < f->nr_expected; i++) {
		const int slot = f->expected[i].slot;

		chunk = chunk_with(f->s, f->expected[i].id);
		if (!chunk || chunk->isolated ||
		    spcpu_slot_where(&chunk->type->slots, &chunk->node) == slot)
			continue;
		spcpu_slot_move(&chunk->type->slots, &chunk->node, slot, true);
		f->stats.healed++;
	}
	f->nr_expected = 0;
}

static bool adopt_normal(struct spcpu_follow *f, struct spcpu_chunk *chunk,
			 int slot)
{
	struct spcpu_slots *slots = &chunk->type->slots;

	if (slot == slots->sidelined || slot == slots->to_depopulate)
		return false;

	if (chunk->isolated)
		spcpu_reintegrate(f->s, chunk);
	if (spcpu_slot_where(slots, &chunk->node) != slot)
		expect_slot(f, chunk, slot);
	return true;
}

static int follow_state(struct spcpu_follow *f, const struct spcpu_op *op,
			const char **why)
{
	struct spcpu_chunk *chunk;
	bool fits;

	if (f->own)
		return 0;

	chunk = spcpu_follow_chunk(f, op->base, 0);
	if (!chunk || chunk->immutable ||
	    op->slot >= f->s->types[SPCPU_PLAIN].slots.nr)
		return spcpu_follow_impossible(f, why, "is about a chunk that is not there");

	spin_lock_irq(&f->s->lock);
	adopt_pages(f, chunk, op);
	fits = op->flags & SPCPU_OP_ISOLATED ?
	       adopt_isolated(f, chunk, op->slot) :
	       adopt_normal(f, chunk, op->slot);
	spin_unlock_irq(&f->s->lock);
	return fits ? 0 : spcpu_follow_impossible(f, why, "has a chunk where it does not belong");
}

static int follow_pass(struct spcpu_follow *f, const struct spcpu_op *op)
{
	int same;

	if (!op->word)
		return f->rehearsal ? spcpu_rehearsal_begin(f->rehearsal, f->s) :
				      0;

	f->stats.passes++;
	f->s->types[SPCPU_PLAIN].atomic_failed = false;
	if (!f->rehearsal)
		return 0;

	same = spcpu_rehearsal_end(f->rehearsal, f->s);
	if (same >= 0) {
		f->stats.rehearsed++;
		f->stats.passes_same += same;
		if (!same && !f->worker_differs)
			f->worker_differs = f->stats.ops;
	}
	return same == -ENOMEM ? same : 0;
}

/**
 * spcpu_follow_worker() - an event of the worker's, or of a chunk that comes or goes
 * @f: who follows
 * @op: the event, of any values
 * @why: as for spcpu_follow_op()
 *
 * Context: Process context. May sleep.
 * Return: As spcpu_follow_op().
 */
int spcpu_follow_worker(struct spcpu_follow *f, const struct spcpu_op *op,
			const char **why)
{
	switch (op->kind) {
	case SPCPU_OP_CREATE:
		return follow_create(f, op, why);
	case SPCPU_OP_DESTROY:
		return follow_destroy(f, op, why);
	case SPCPU_OP_STATE:
		return follow_state(f, op, why);
	default:
		return follow_pass(f, op);
	}
}

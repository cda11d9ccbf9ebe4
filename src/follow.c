// SPDX-License-Identifier: GPL-2.0
/*
 * Follow: each decision of a shadow on paper, held against that of the allocator
 * which was asked the same.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "engine_bitmap.h"
#include "follower.h"

/**
 * spcpu_follow_create() - begin to follow
 * @start: all chunks before the first event
 * @options: how
 *
 * Context: Process context. May sleep.
 * Return: For spcpu_follow_destroy(); NULL without memory.
 */
struct spcpu_follow *
spcpu_follow_create(const struct spcpu_snapshot *start,
		    const struct spcpu_follow_options *options)
{
	struct spcpu_follow *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return NULL;

	f->s = spcpu_paper_create(start);
	if (!f->s)
		goto err;
	if (options->own_way) {
		f->own = spcpu_own_way_create(f->s);
		if (!f->own)
			goto err;
	}
	if (options->rehearse) {
		f->rehearsal = spcpu_rehearsal_create();
		if (!f->rehearsal)
			goto err;
	}
	f->stats.max_pages = f->s->nr_populated;
	return f;

err:
	spcpu_follow_destroy(f);
	return NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_create);

/**
 * spcpu_follow_destroy() - stop following
 * @f: who follows, or NULL
 *
 * Context: Process context. May sleep.
 */
void spcpu_follow_destroy(struct spcpu_follow *f)
{
	if (!f)
		return;

	spcpu_own_way_destroy(f->own);
	spcpu_rehearsal_destroy(f->rehearsal);
	spcpu_paper_destroy(f->s);
	spcpu_mismatch_free(f->first);
	kfree(f);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_destroy);

/* where the shadow puts it, which makes the chunk that was made for it if need be */
static struct spcpu_chunk *decide(struct spcpu_follow *f,
				  const struct spcpu_request *req,
				  struct spcpu_fit *fit)
{
	struct spcpu_chunk *chunk;

	spin_lock_irq(&f->s->lock);
	chunk = spcpu_place_find(f->s, req, fit, NULL);
	spin_unlock_irq(&f->s->lock);
	if (chunk || !gfpflags_allow_blocking(req->gfp) || !f->nr_pending ||
	    (req->reserved && f->s->reserved))
		return chunk;

	if (!spcpu_follow_chunk(f, f->pending[0], 0))
		return NULL;

	spin_lock_irq(&f->s->lock);
	chunk = spcpu_place_find(f->s, req, fit, NULL);
	spin_unlock_irq(&f->s->lock);
	return chunk;
}

/* who placed it has put pages there, or they were there */
static void take(struct spcpu_follow *f, struct spcpu_chunk *chunk,
		 const struct spcpu_fit *fit)
{
	struct spcpu_gap gap = {
		.chunk = chunk,
		.from = fit->off / SPCPU_BLOCK_BITS,
	};

	gap.nr = (fit->off + fit->bits - 1) / SPCPU_BLOCK_BITS - gap.from + 1;
	spin_lock_irq(&f->s->lock);
	if (!chunk->immutable)
		spcpu_pages_came(f->s, &gap);
	spcpu_place_take(f->s, chunk, fit);
	spin_unlock_irq(&f->s->lock);
}

static bool is_free(const struct spcpu_chunk *chunk,
		    const struct spcpu_fit *fit)
{
	const unsigned long *alloc = spcpu_bitmap(&chunk->map)->alloc;
	int end = fit->off + fit->bits;

	return find_next_bit(alloc, end, fit->off) == end;
}

/* where it was recorded, if that can be */
static bool take_recorded(struct spcpu_follow *f, const struct spcpu_op *op)
{
	struct spcpu_fit fit = {
		.off = op->off >> SPCPU_GRANULE_SHIFT,
		.bits = op->size >> SPCPU_GRANULE_SHIFT,
	};
	struct spcpu_chunk *chunk = spcpu_follow_chunk(f, op->base, op->off);

	if (!chunk || !spcpu_chunk_has(chunk, op->off + op->size - 1) ||
	    !is_free(chunk, &fit))
		return false;
	take(f, chunk, &fit);
	return true;
}

static bool is_request(const struct spcpu_op *op)
{
	return op->size && op->size <= SPCPU_MIN_UNIT_SIZE &&
	       op->size % SPCPU_GRANULE == 0 && op->off % SPCPU_GRANULE == 0 &&
	       op->align >= SPCPU_GRANULE && op->align <= PAGE_SIZE &&
	       is_power_of_2(op->align);
}

static struct spcpu_request request_of(const struct spcpu_op *op)
{
	return (struct spcpu_request) {
		.size = op->size,
		.align = op->align,
		.reserved = op->flags & SPCPU_OP_RESERVED,
		.gfp = op->flags & SPCPU_OP_ATOMIC ? GFP_ATOMIC : GFP_KERNEL,
	};
}

/**
 * spcpu_follow_impossible() - an event cannot be
 * @f: who follows; from now on nothing is certain
 * @why: set to @what
 * @what: in words that continue "the line ..."
 *
 * Context: Any.
 * Return: -EINVAL; 0 where it is no surprise.
 */
int spcpu_follow_impossible(struct spcpu_follow *f, const char **why,
			    const char *what)
{
	bool expected = f->unsure;

	f->stats.bad++;
	f->unsure = true;
	*why = what;
	/* where events are missing, others make no sense */
	return expected ? 0 : -EINVAL;
}

/* all that decides it was known */
static bool is_decidable(const struct spcpu_follow *f,
			 const struct spcpu_op *op)
{
	return !f->unsure && !(op->flags & (SPCPU_OP_LOOSE | SPCPU_OP_BUSY));
}

static void note_mismatch(struct spcpu_follow *f, const struct spcpu_op *op,
			  struct spcpu_chunk *chunk, const struct spcpu_fit *fit)
{
	bool decidable = is_decidable(f, op);

	if (f->first && (!decidable || spcpu_mismatch_decidable(f->first)))
		return;

	spcpu_mismatch_free(f->first);
	f->first = spcpu_mismatch_note(op, f->stats.ops, decidable,
				       spcpu_follow_chunk(f, op->base, op->off), chunk,
				       fit);
}

/* which were the same counts only where all was known */
static void count_placement(struct spcpu_follow *f, const struct spcpu_op *op,
			    bool same)
{
	struct spcpu_follow_stats *st = &f->stats;

	if (!is_decidable(f, op)) {
		st->undecidable++;
		st->undecidable_same += same;
	} else if (same) {
		st->identical++;
	} else {
		st->wrong++;
	}
}

static int follow_alloc(struct spcpu_follow *f, const struct spcpu_op *op,
			const char **why)
{
	struct spcpu_request req = request_of(op);
	struct spcpu_chunk *chunk;
	struct spcpu_fit fit;
	bool same;

	if (!is_request(op))
		return spcpu_follow_impossible(f, why, "asks for what nobody gets");

	f->stats.allocs++;
	if (f->own)
		return spcpu_own_way_alloc(f->own, op, &req);

	chunk = decide(f, &req, &fit);
	if (f->starved)
		return -ENOMEM;
	same = chunk && chunk->window->base == op->base &&
	       fit.off << SPCPU_GRANULE_SHIFT == op->off;
	count_placement(f, op, same);
	if (same) {
		take(f, chunk, &fit);
		return 0;
	}

	note_mismatch(f, op, chunk, &fit);
	if (take_recorded(f, op))
		return 0;
	return spcpu_follow_impossible(f, why, "places an object where there is no room");
}

static int follow_free(struct spcpu_follow *f, const struct spcpu_op *op,
		       const char **why)
{
	struct spcpu_chunk *chunk;
	bool kick = false;
	int bits;

	f->stats.frees++;
	if (f->own)
		return spcpu_own_way_free(f->own, op) ? 0 :
		       spcpu_follow_impossible(f, why, "frees what is not there");

	chunk = spcpu_paper_find(f->s, op->base, op->off);
	if (!chunk || op->off % SPCPU_GRANULE)
		return spcpu_follow_impossible(f, why, "frees what is not there");

	spin_lock_irq(&f->s->lock);
	bits = spcpu_place_give(f->s, chunk, op->off, &kick);
	spin_unlock_irq(&f->s->lock);
	if (bits < 0)
		return spcpu_follow_impossible(f, why, "frees what is not there");
	return 0;
}

/*
 * When a request failed is not known exactly; of one that can sleep nothing is known
 * but that there was no memory, for which an area may have come and gone.
 */
static int follow_fail(struct spcpu_follow *f, const struct spcpu_op *op,
		       const char **why)
{
	struct spcpu_request req = request_of(op);
	struct spcpu_fit fit;

	if (!is_request(op))
		return spcpu_follow_impossible(f, why, "asks for what nobody gets");

	f->stats.fails++;
	if (!(op->flags & SPCPU_OP_ATOMIC)) {
		f->unsure |= op->flags & SPCPU_OP_BUSY;
		return 0;
	}
	if (f->own)
		return 0;

	if (decide(f, &req, &fit))
		f->stats.served++;
	else
		f->stats.refused++;
	f->s->types[SPCPU_PLAIN].atomic_failed = true;
	return 0;
}

/* what does the worker not do itself? */
static bool is_callers(const struct spcpu_op *op)
{
	return op->kind == SPCPU_OP_ALLOC || op->kind == SPCPU_OP_FREE ||
	       op->kind == SPCPU_OP_FAIL || op->kind == SPCPU_OP_LOST;
}

static int follow(struct spcpu_follow *f, const struct spcpu_op *op,
		  const char **why)
{
	switch (op->kind) {
	case SPCPU_OP_ALLOC:
		return follow_alloc(f, op, why);
	case SPCPU_OP_FREE:
		return follow_free(f, op, why);
	case SPCPU_OP_FAIL:
		return follow_fail(f, op, why);
	case SPCPU_OP_CREATE:
	case SPCPU_OP_DESTROY:
	case SPCPU_OP_STATE:
	case SPCPU_OP_WORKER:
		return spcpu_follow_worker(f, op, why);
	case SPCPU_OP_LOST:
		f->stats.lost += op->word;
		f->unsure = true;
		return 0;
	default:
		return spcpu_follow_impossible(f, why, "is no event");
	}
}

/**
 * spcpu_follow_op() - the next event
 * @f: who follows
 * @op: the event, of any values
 * @why: on -EINVAL set to what is wrong, in words that continue "the line ..."
 *
 * What cannot be is counted, and passed over.
 *
 * Context: Process context. May sleep.
 * Return: 0; -EINVAL: it cannot be, although nothing was lost before; -ENOMEM, and
 *	nothing that comes later can be followed.
 */
int spcpu_follow_op(struct spcpu_follow *f, const struct spcpu_op *op,
		    const char **why)
{
	int err;

	f->stats.ops++;
	if (f->rehearsal && is_callers(op))
		spcpu_rehearsal_spoil(f->rehearsal);
	err = follow(f, op, why);
	if (is_callers(op))
		spcpu_follow_see_slots(f);
	f->stats.max_pages = max_t(u64, f->stats.max_pages, f->s->nr_populated);
	/* that a chunk was not to be had says nothing of what was recorded */
	return f->starved ? -ENOMEM : err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_op);

/**
 * spcpu_follow_lost() - how many events were lost so far
 * @f: who follows
 *
 * Context: Any.
 * Return: As many.
 */
u64 spcpu_follow_lost(const struct spcpu_follow *f)
{
	return f->stats.lost;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Follow: each decision of a shadow on paper, held against that of the allocator
 * which was asked the same.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat/kunit.h"
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
	struct spcpu_mismatch *first;
	bool compared;
	int nr_different;
	char different[DIFFERENCE_MAX];
};

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

/* the chunk of a place; one that was made, but not seen yet, is seen now */
static struct spcpu_chunk *chunk_at(struct spcpu_follow *f, u64 base,
				    unsigned int off)
{
	struct spcpu_chunk *chunk = spcpu_paper_find(f->s, base, off);

	if (!chunk && off < f->s->layout->unit_size && take_pending(f, base))
		chunk = spcpu_paper_add(f->s, base);
	return chunk;
}

/* where the shadow puts it, which makes the chunk that was made for it if need be */
static struct spcpu_chunk *decide(struct spcpu_follow *f,
				  const struct spcpu_request *req,
				  struct spcpu_fit *fit)
{
	struct spcpu_chunk *chunk;

	spin_lock_irq(&f->s->lock);
	chunk = spcpu_place_find(f->s, req, fit);
	spin_unlock_irq(&f->s->lock);
	if (chunk || !gfpflags_allow_blocking(req->gfp) || !f->nr_pending ||
	    (req->reserved && f->s->reserved))
		return chunk;

	if (!spcpu_paper_add(f->s, f->pending[0]))
		return NULL;
	take_pending(f, f->pending[0]);

	spin_lock_irq(&f->s->lock);
	chunk = spcpu_place_find(f->s, req, fit);
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
	int end = fit->off + fit->bits;

	return find_next_bit(chunk->map.alloc, end, fit->off) == end;
}

/* where it was recorded, if that can be */
static bool take_recorded(struct spcpu_follow *f, const struct spcpu_op *op)
{
	struct spcpu_fit fit = {
		.off = op->off >> SPCPU_GRANULE_SHIFT,
		.bits = op->size >> SPCPU_GRANULE_SHIFT,
	};
	struct spcpu_chunk *chunk = chunk_at(f, op->base, op->off);

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

/* it cannot be: from now on nothing is certain */
static int impossible(struct spcpu_follow *f, const char **why, const char *what)
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
				       chunk_at(f, op->base, op->off), chunk,
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
		return impossible(f, why, "asks for what nobody gets");

	f->stats.allocs++;
	if (f->own)
		return spcpu_own_way_alloc(f->own, op, &req);

	chunk = decide(f, &req, &fit);
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
	return impossible(f, why, "places an object where there is no room");
}

static int follow_free(struct spcpu_follow *f, const struct spcpu_op *op,
		       const char **why)
{
	struct spcpu_chunk *chunk;

	f->stats.frees++;
	if (f->own)
		return spcpu_own_way_free(f->own, op) ? 0 :
		       impossible(f, why, "frees what is not there");

	chunk = spcpu_paper_find(f->s, op->base, op->off);
	if (!chunk || op->off % SPCPU_GRANULE ||
	    spcpu_map_size(&chunk->map, op->off >> SPCPU_GRANULE_SHIFT) < 0)
		return impossible(f, why, "frees what is not there");

	spin_lock_irq(&f->s->lock);
	spcpu_place_give(f->s, chunk, op->off);
	spin_unlock_irq(&f->s->lock);
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
		return impossible(f, why, "asks for what nobody gets");

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

static int follow_create(struct spcpu_follow *f, const struct spcpu_op *op,
			 const char **why)
{
	if (f->own)
		return 0;
	if (f->nr_pending == MOST_PENDING || offset_in_page(op->base) ||
	    spcpu_paper_find(f->s, op->base, 0))
		return impossible(f, why, "makes a chunk where one is");

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
		return impossible(f, why, "ends a chunk that is not free");

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

/* the event has come: those that are elsewhere now are put there */
static void see_slots(struct spcpu_follow *f)
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

	chunk = chunk_at(f, op->base, 0);
	if (!chunk || chunk->immutable ||
	    op->slot >= f->s->types[SPCPU_PLAIN].slots.nr)
		return impossible(f, why, "has the worker at a chunk that is not there");

	spin_lock_irq(&f->s->lock);
	adopt_pages(f, chunk, op);
	fits = op->flags & SPCPU_OP_ISOLATED ?
	       adopt_isolated(f, chunk, op->slot) :
	       adopt_normal(f, chunk, op->slot);
	spin_unlock_irq(&f->s->lock);
	return fits ? 0 : impossible(f, why, "has a chunk where it does not belong");
}

static int follow_worker(struct spcpu_follow *f, const struct spcpu_op *op)
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
		return follow_create(f, op, why);
	case SPCPU_OP_DESTROY:
		return follow_destroy(f, op, why);
	case SPCPU_OP_STATE:
		return follow_state(f, op, why);
	case SPCPU_OP_WORKER:
		return follow_worker(f, op);
	case SPCPU_OP_LOST:
		f->stats.lost += op->word;
		f->unsure = true;
		return 0;
	default:
		return impossible(f, why, "is no event");
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
 * Return: 0; -EINVAL: it cannot be, although nothing was lost before; -ENOMEM.
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
		see_slots(f);
	f->stats.max_pages = max_t(u64, f->stats.max_pages, f->s->nr_populated);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_op);

/**
 * spcpu_follow_lost() - how many events were lost so far
 * @f: who follows
 *
 * Context: Any.
 */
u64 spcpu_follow_lost(const struct spcpu_follow *f)
{
	return f->stats.lost;
}

/**
 * spcpu_follow_compare() - is the shadow now what the other allocator is?
 * @f: who follows, after the last event
 * @now: all chunks of the other one at that time
 *
 * Context: Process context. May sleep.
 * Return: Number of chunks that differ; -ENOMEM.
 */
int spcpu_follow_compare(struct spcpu_follow *f,
			 const struct spcpu_snapshot *now)
{
	struct spcpu_snapshot mine;
	int err;

	see_slots(f);
	spcpu_snapshot_init(&mine);
	err = spcpu_snapshot_of(f->s, &mine);
	if (!err) {
		f->nr_different = spcpu_snapshot_diff(&mine, now, f->different,
						      sizeof(f->different));
		f->compared = true;
	}
	spcpu_snapshot_exit(&mine);
	return err ?: f->nr_different;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_compare);

/**
 * spcpu_follow_shadow() - the shadow itself
 * @f: who follows
 *
 * Context: Any.
 */
struct spcpu *spcpu_follow_shadow(struct spcpu_follow *f)
{
	return f->s;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_shadow);

/* free bytes between a chunk's first area and its last, run by run */
static void count_fragments(const struct spcpu_chunk *chunk,
			    struct spcpu_follow_stats *st)
{
	int end = chunk->map.nr_bits - (chunk->tail >> SPCPU_GRANULE_SHIFT);
	int at = chunk->head >> SPCPU_GRANULE_SHIFT;
	int next, bits;
	u64 hole;

	for (;;) {
		next = spcpu_map_next(&chunk->map, at, &bits);
		if (next < 0 || next >= end)
			return;
		hole = (u64)(next - at) << SPCPU_GRANULE_SHIFT;
		st->frag_sum += hole;
		st->frag_max = max(st->frag_max, hole);
		st->live++;
		st->live_bytes += (u64)bits << SPCPU_GRANULE_SHIFT;
		at = next + bits;
	}
}

/**
 * spcpu_follow_stats() - what came of it so far
 * @f: who follows
 * @st: set to it
 *
 * Context: Process context. Takes time for all chunks.
 */
void spcpu_follow_stats(struct spcpu_follow *f, struct spcpu_follow_stats *st)
{
	const struct spcpu_chunk *chunk;

	*st = f->stats;
	st->chunks = f->s->stats.nr_chunks;
	st->max_chunks = f->s->stats.nr_max_chunks;
	st->pages = f->s->nr_populated;
	list_for_each_entry(chunk, &f->s->chunks, all)
		count_fragments(chunk, st);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_stats);

/* a name of the report, and where its number is */
static const struct figure {
	const char *name;
	size_t at;
} figures[] = {
#define FIGURE(name)	{ #name, offsetof(struct spcpu_follow_stats, name) }
	FIGURE(ops),
	FIGURE(allocs),
	FIGURE(frees),
	FIGURE(fails),
	FIGURE(refused),
	FIGURE(served),
	FIGURE(healed),
	FIGURE(identical),
	FIGURE(wrong),
	FIGURE(undecidable),
	FIGURE(undecidable_same),
	FIGURE(lost),
	FIGURE(bad),
	FIGURE(passes),
	FIGURE(rehearsed),
	FIGURE(passes_same),
	FIGURE(chunks),
	FIGURE(max_chunks),
	FIGURE(pages),
	FIGURE(max_pages),
	FIGURE(live),
	FIGURE(live_bytes),
	FIGURE(frag_sum),
	FIGURE(frag_max),
#undef FIGURE
};

/**
 * spcpu_follow_report() - what came of it, for people and for scripts
 * @f: who follows
 * @line: takes a line, without a newline
 * @to: for @line
 *
 * Lines "name: value", with the names of &struct spcpu_follow_stats; then, if it
 * was compared, "maps_equal: yes" or "no"; then the first mismatch. Where events were
 * lost, there is "dropped N" instead of these.
 *
 * Context: Process context. May sleep.
 */
void spcpu_follow_report(struct spcpu_follow *f,
			 void (*line)(void *to, const char *text), void *to)
{
	char text[SPCPU_FOLLOW_LINE_MAX];
	struct spcpu_follow_stats st;
	unsigned int i;

	spcpu_follow_stats(f, &st);
	for (i = 0; i < ARRAY_SIZE(figures); i++) {
		const u64 *value = (void *)&st + figures[i].at;

		scnprintf(text, sizeof(text), "%s: %llu", figures[i].name,
			  (unsigned long long)*value);
		line(to, text);
	}
	if (st.lost) {
		scnprintf(text, sizeof(text),
			  "dropped %llu events, so there is no verdict",
			  (unsigned long long)st.lost);
		line(to, text);
		return;
	}
	if (f->compared) {
		scnprintf(text, sizeof(text), "maps_equal: %s",
			  f->nr_different ? "no" : "yes");
		line(to, text);
	}
	if (f->nr_different) {
		scnprintf(text, sizeof(text), "differ: %d chunks, first %s",
			  f->nr_different, f->different);
		line(to, text);
	}
	if (f->rehearsal && *spcpu_rehearsal_first(f->rehearsal)) {
		scnprintf(text, sizeof(text), "worker: event %llu: %s",
			  (unsigned long long)f->worker_differs,
			  spcpu_rehearsal_first(f->rehearsal));
		line(to, text);
	}
	spcpu_mismatch_report(f->first, line, to);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_report);

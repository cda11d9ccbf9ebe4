// SPDX-License-Identifier: GPL-2.0
/*
 * Scribe: an allocator of ours plays the kernel's part, and so has the engine that
 * does as the kernel.
 */
#include <linux/sizes.h>

#include "paper.h"
#include "pile.h"
#include "scribe.h"

/**
 * spcpu_scribe() - an allocator, and somebody who writes down what it does
 * @test: the test, at whose end both are gone
 * @op: takes what is written down
 * @to: for @op
 *
 * Return: The scribe; its allocator has nothing but the first chunk, and is paused.
 */
struct scribe *spcpu_scribe(struct kunit *test,
			    void (*op)(void *to, const struct spcpu_op *op),
			    void *to)
{
	static const struct spcpu_options options = {
		.backing = &spcpu_backing_sparse,
		.engine = &spcpu_engine_bitmap,
	};
	struct scribe *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	w->s = spcpu_test_create(test, SZ_64K, 0, SZ_16K + SZ_8K, 0, &options);
	w->op = op;
	w->to = to;
	w->next_id = w->s->next_id;
	prandom_seed_state(&w->rnd, 4);
	spcpu_test_pause(w->s);
	return w;
}

static struct spcpu_chunk *chunk_of(struct spcpu *s, unsigned int id)
{
	struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk->id == id)
			return chunk;
	}
	return NULL;
}

static void write_place(struct scribe *w, u8 kind, void __percpu *ptr,
			struct spcpu_op op)
{
	struct spcpu_place place = spcpu_test_place(w->test, w->s, ptr);

	op.kind = kind;
	op.base = spcpu_chunk_base(chunk_of(w->s, place.id));
	op.off = place.off;
	w->op(w->to, &op);
}

/* chunks are made before they are used */
static void write_created(struct scribe *w)
{
	struct spcpu_op op = { .kind = SPCPU_OP_CREATE };

	for (; w->next_id < w->s->next_id; w->next_id++) {
		op.base = spcpu_chunk_base(chunk_of(w->s, w->next_id));
		w->op(w->to, &op);
	}
}

/* most are small, some are large; as the issue has it, 4 bytes to 32 KB */
static void ask(struct scribe *w, bool atomic)
{
	u32 bits = spcpu_test_below(&w->rnd, 11) + spcpu_test_below(&w->rnd, 4);
	struct spcpu_op op = {
		.size = ALIGN(1 + spcpu_test_below(&w->rnd, 2 << bits), 4),
		.align = 4 << spcpu_test_below(&w->rnd, 11),
		.flags = atomic ? SPCPU_OP_ATOMIC : 0,
	};
	void __percpu *ptr;
	int err;

	err = spcpu_test_request(w->s, op.size, op.align, false,
				 atomic ? GFP_ATOMIC : GFP_KERNEL, &ptr);
	write_created(w);
	if (err) {
		KUNIT_ASSERT_EQ(w->test, err, -ENOMEM);
		KUNIT_ASSERT_TRUE(w->test, atomic);
		op.kind = SPCPU_OP_FAIL;
		w->op(w->to, &op);
		return;
	}
	w->ptr[w->nr++] = ptr;
	write_place(w, SPCPU_OP_ALLOC, ptr, op);
}

static void give(struct scribe *w)
{
	u32 i = spcpu_test_below(&w->rnd, w->nr);
	void __percpu *ptr = w->ptr[i];

	write_place(w, SPCPU_OP_FREE, ptr, (struct spcpu_op) { });
	spcpu_test_free(w->test, w->s, ptr);
	w->ptr[i] = w->ptr[--w->nr];
}

/**
 * spcpu_scribe_steps() - have something done, at random
 * @w: the scribe
 * @nr: how many allocations and frees
 * @atomic: percent of allocations that cannot sleep
 *
 * Objects become many, and few again, so that chunks come, and give pages back.
 */
void spcpu_scribe_steps(struct scribe *w, unsigned int nr, unsigned int atomic)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		/* a wave of 2048 steps: 70 % allocations, then 30 % */
		u32 percent = i & 1024 ? 30 : 70;

		if (!w->nr || (w->nr < SCRIBE_OBJECTS &&
			       spcpu_test_below(&w->rnd, 100) < percent))
			ask(w, spcpu_test_below(&w->rnd, 100) < atomic);
		else
			give(w);
		cond_resched();
	}
}

static void write_state(struct scribe *w, const struct spcpu_chunk *chunk,
			int slot)
{
	struct spcpu_op op = {
		.kind = SPCPU_OP_STATE,
		.base = spcpu_chunk_base(chunk),
		.slot = slot,
		.flags = chunk->isolated ? SPCPU_OP_ISOLATED : 0,
		.word = chunk->populated[0],
	};

	if (!chunk->immutable)
		w->op(w->to, &op);
}

/* those by length from the last to the first, which leaves them in order */
static void write_states(struct scribe *w)
{
	struct spcpu_slots *slots = &w->s->types[SPCPU_PLAIN].slots;
	struct spcpu_chunk *chunk;
	int slot;

	for (slot = 0; slot < slots->nr; slot++) {
		bool by_length = slot < slots->sidelined || slot == slots->free;

		if (by_length)
			list_for_each_entry_reverse(chunk, &slots->lists[slot],
						    node)
				write_state(w, chunk, slot);
		else
			list_for_each_entry(chunk, &slots->lists[slot], node)
				write_state(w, chunk, slot);
	}
}

/* of two lists of chunks, which of the old are missing in the new? */
static void write_destroyed(struct scribe *w, const u64 *bases, unsigned int nr)
{
	struct spcpu_op op = { .kind = SPCPU_OP_DESTROY };
	struct spcpu_chunk *chunk;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		bool found = false;

		list_for_each_entry(chunk, &w->s->chunks, all)
			found |= spcpu_chunk_base(chunk) == bases[i];
		if (found)
			continue;
		op.base = bases[i];
		w->op(w->to, &op);
	}
}

/**
 * spcpu_scribe_worker() - have the worker do what it was woken for
 * @w: the scribe
 */
void spcpu_scribe_worker(struct scribe *w)
{
	struct spcpu_op op = { .kind = SPCPU_OP_WORKER };
	struct spcpu_chunk *chunk;
	static u64 bases[128];
	unsigned int nr = 0;

	list_for_each_entry(chunk, &w->s->chunks, all) {
		KUNIT_ASSERT_LT(w->test, nr, ARRAY_SIZE(bases));
		bases[nr++] = spcpu_chunk_base(chunk);
	}
	w->op(w->to, &op);
	spcpu_test_wake(w->s);
	spcpu_test_catch_up(w->s);
	write_destroyed(w, bases, nr);
	write_created(w);
	write_states(w);
	op.word = 1;
	w->op(w->to, &op);
}

static void exit_snapshot(void *snap)
{
	spcpu_snapshot_exit(snap);
}

/**
 * spcpu_scribe_snapshot() - all chunks of an allocator
 * @test: the test, at whose end the snapshot is emptied
 * @s: the allocator; nobody uses it meanwhile
 * @snap: filled with it
 */
void spcpu_scribe_snapshot(struct kunit *test, struct spcpu *s,
			   struct spcpu_snapshot *snap)
{
	const char *why = "";

	spcpu_snapshot_init(snap);
	spcpu_test_at_exit(test, exit_snapshot, snap);
	KUNIT_ASSERT_EQ(test, 0, spcpu_snapshot_of(s, snap));
	KUNIT_ASSERT_EQ_MSG(test, 0, spcpu_snapshot_check(snap, &why), "%s",
			    why);
}

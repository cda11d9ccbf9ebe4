// SPDX-License-Identifier: GPL-2.0
/*
 * Rehearsal: a copy of the chunks as the worker found them, on which ours is let
 * loose when the other one has ended.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "paper.h"
#include "rehearsal.h"

/* of the sentence about how the two differ */
#define DIFFERENCE_MAX	160

/**
 * struct spcpu_rehearsal - one pass at a time
 *
 * @before: all chunks when the pass began
 * @on: it has begun, and nothing else has happened since
 * @first: how the first pass that was another differed; empty if none was
 */
struct spcpu_rehearsal {
	struct spcpu_snapshot before;
	bool on;
	char first[DIFFERENCE_MAX];
};

/**
 * spcpu_rehearsal_create() - be ready for the first pass
 *
 * Context: Process context. May sleep.
 * Return: For spcpu_rehearsal_destroy(); NULL without memory.
 */
struct spcpu_rehearsal *spcpu_rehearsal_create(void)
{
	struct spcpu_rehearsal *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (r)
		spcpu_snapshot_init(&r->before);
	return r;
}

/**
 * spcpu_rehearsal_destroy() - forget it
 * @r: the rehearsal, or NULL
 *
 * Context: Process context. May sleep.
 */
void spcpu_rehearsal_destroy(struct spcpu_rehearsal *r)
{
	if (r)
		spcpu_snapshot_exit(&r->before);
	kfree(r);
}

static void forget(struct spcpu_rehearsal *r)
{
	spcpu_snapshot_exit(&r->before);
	spcpu_snapshot_init(&r->before);
	r->on = false;
}

/**
 * spcpu_rehearsal_begin() - the worker begins
 * @r: the rehearsal
 * @s: the chunks as it finds them
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_rehearsal_begin(struct spcpu_rehearsal *r, struct spcpu *s)
{
	int err;

	forget(r);
	err = spcpu_snapshot_of(s, &r->before);
	r->on = !err;
	return err;
}

/**
 * spcpu_rehearsal_spoil() - somebody else did something meanwhile
 * @r: the rehearsal
 *
 * Context: Process context. May sleep.
 */
void spcpu_rehearsal_spoil(struct spcpu_rehearsal *r)
{
	if (r->on)
		forget(r);
}

static bool has(const struct spcpu_snapshot *snap, u64 base)
{
	const struct spcpu_snapshot_chunk *chunk;

	list_for_each_entry(chunk, &snap->chunks, node) {
		if (chunk->base == base)
			return true;
	}
	return false;
}

/* which chunk is new in one and not in the other; NULL if there is none */
static struct spcpu_snapshot_chunk *
next_new(const struct spcpu_snapshot *in, const struct spcpu_snapshot *before,
	 const struct spcpu_snapshot *other)
{
	struct spcpu_snapshot_chunk *chunk;

	list_for_each_entry(chunk, &in->chunks, node) {
		if (!has(before, chunk->base) && !has(other, chunk->base))
			return chunk;
	}
	return NULL;
}

/* addresses of new chunks are nobody's decision: ours get those of theirs */
static void name_new(struct spcpu_snapshot *ours,
		     const struct spcpu_snapshot *theirs,
		     const struct spcpu_snapshot *before)
{
	struct spcpu_snapshot_chunk *mine, *other;

	for (;;) {
		mine = next_new(ours, before, theirs);
		other = next_new(theirs, before, ours);
		if (!mine || !other)
			return;
		mine->base = other->base;
	}
}

static int compare(struct spcpu_rehearsal *r, struct spcpu *ours,
		   struct spcpu *theirs)
{
	struct spcpu_snapshot a, b;
	char first[DIFFERENCE_MAX];
	int ret;

	spcpu_snapshot_init(&a);
	spcpu_snapshot_init(&b);
	ret = spcpu_snapshot_of(ours, &a) ?: spcpu_snapshot_of(theirs, &b);
	if (!ret) {
		name_new(&a, &b, &r->before);
		ret = !spcpu_snapshot_diff(&a, &b, first, sizeof(first));
		if (!ret && !*r->first)
			strscpy(r->first, first, sizeof(r->first));
	}
	spcpu_snapshot_exit(&a);
	spcpu_snapshot_exit(&b);
	return ret;
}

/**
 * spcpu_rehearsal_end() - the worker has ended
 * @r: the rehearsal
 * @s: the chunks as it left them
 *
 * Context: Process context. May sleep.
 * Return: 1: ours would have done the same; 0: something else; -EAGAIN: others did
 *	something meanwhile, and there is no telling; -ENOMEM.
 */
int spcpu_rehearsal_end(struct spcpu_rehearsal *r, struct spcpu *s)
{
	struct spcpu *ours;
	int ret;

	if (!r->on)
		return -EAGAIN;

	ours = spcpu_paper_create(&r->before);
	if (!ours)
		return -ENOMEM;

	spcpu_balance(ours, &ours->types[SPCPU_PLAIN]);
	ret = compare(r, ours, s);
	spcpu_paper_destroy(ours);
	forget(r);
	return ret;
}

/**
 * spcpu_rehearsal_first() - how the first pass that was another differed
 * @r: the rehearsal
 *
 * Context: Any.
 * Return: A sentence; empty if there was none.
 */
const char *spcpu_rehearsal_first(const struct spcpu_rehearsal *r)
{
	return r->first;
}

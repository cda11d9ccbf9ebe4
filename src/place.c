// SPDX-License-Identifier: GPL-2.0
/*
 * Place: which chunk an area goes into and where, and what becomes of the chunk
 * when it is freed. All of it under the allocator's lock, none of it takes memory.
 */
#include <linux/gfp.h>
#include <linux/minmax.h>

#include "compat/kunit.h"
#include "core.h"

/* chunks that are asked for a span before all are */
#define QUICK_TRIES	8

static void count_alloc(struct spcpu *s, struct spcpu_chunk *chunk, size_t size)
{
	struct spcpu_stats *st = &s->stats;

	st->nr_alloc++;
	st->nr_cur_alloc++;
	st->nr_max_alloc = max(st->nr_max_alloc, st->nr_cur_alloc);

	chunk->nr_alloc++;
	chunk->max_alloc_size = max(chunk->max_alloc_size, size);
}

static void count_free(struct spcpu *s, struct spcpu_chunk *chunk)
{
	s->stats.nr_dealloc++;
	s->stats.nr_cur_alloc--;

	if (!--chunk->nr_alloc)
		chunk->max_alloc_size = 0;
}

/* a search in vain may tell that the longest run is shorter than was believed */
static void note_contig(struct spcpu *s, struct spcpu_chunk *chunk, int was)
{
	const struct spcpu_slot_state before = {
		.slot = spcpu_slot_of_space(&chunk->type->slots,
					    spcpu_chunk_free_bytes(chunk),
					    (size_t)was << SPCPU_GRANULE_SHIFT),
		.nr_empty = chunk->map.nr_empty,
	};

	spcpu_chunk_changed(s, chunk, before);
}

static int find_in(struct spcpu *s, struct spcpu_chunk *chunk,
		   const struct spcpu_request *req, struct spcpu_fit *fit)
{
	int contig = chunk->map.contig;
	int err;

	err = spcpu_map_find(&chunk->map, req->size >> SPCPU_GRANULE_SHIFT,
			     req->align >> SPCPU_GRANULE_SHIFT,
			     !gfpflags_allow_blocking(req->gfp), fit);
	if (chunk->map.contig != contig)
		note_contig(s, chunk, contig);
	return err;
}

/*
 * For a span, in constant time: of each slot where there may be room the first chunk,
 * as far as QUICK_TRIES reach. One that refuses goes behind the others of its slot.
 */
static struct spcpu_chunk *find_quickly(struct spcpu *s,
					struct spcpu_chunk_type *type,
					const struct spcpu_request *req,
					struct spcpu_fit *fit)
{
	int slot = spcpu_slot_of_size(&type->slots, req->size);
	int tries = QUICK_TRIES;

	for (; slot <= type->slots.free && tries; slot++) {
		struct list_head *list = &type->slots.lists[slot];
		struct spcpu_chunk *chunk;

		if (list_empty(list) || slot == type->slots.sidelined)
			continue;

		chunk = list_first_entry(list, struct spcpu_chunk, node);
		if (!find_in(s, chunk, req, fit))
			return chunk;
		if (spcpu_slot_where(&type->slots, &chunk->node) == slot)
			list_move_tail(&chunk->node, list);
		tries--;
	}
	return NULL;
}

/**
 * spcpu_place_find() - where would an area go?
 * @s: the allocator
 * @req: what is asked for; size and alignment are multiples of 4, and in range
 * @fit: set to the place
 * @cramped: set to a chunk where there may be room, but not in its map's record,
 *	for who can wait until it has grown; NULL: no record ever grows
 *
 * The fullest chunk that may serve the request comes first. A nearly full one
 * whose hints refuse is put aside, into the slot that nobody looks at, until a
 * free moves it (kernel: PCPU_SLOT_FAIL_THRESHOLD). The time this takes grows with
 * the chunks that refuse, so for spans it is the last resort.
 *
 * Context: Any but NMI, @s->lock held.
 * Return: The chunk, where pages may be missing if the caller can wait for them;
 *	NULL if there is no room.
 */
struct spcpu_chunk *spcpu_place_find(struct spcpu *s,
				     const struct spcpu_request *req,
				     struct spcpu_fit *fit,
				     struct spcpu_chunk **cramped)
{
	struct spcpu_chunk_type *type = spcpu_type_for(s, req->gfp);
	bool blocking = gfpflags_allow_blocking(req->gfp);
	struct spcpu_chunk *chunk, *next;
	int slot, err;

	lockdep_assert_held(&s->lock);

	if (req->reserved && s->reserved) {
		err = find_in(s, s->reserved, req, fit);
		if (err == -ENOBUFS && blocking)
			*cramped = s->reserved;
		return err ? NULL : s->reserved;
	}

	WRITE_ONCE(type->used, true);
	if (req->span) {
		chunk = find_quickly(s, type, req, fit);
		if (chunk)
			return chunk;
	}
	for (slot = spcpu_slot_of_size(&type->slots, req->size);
	     slot <= type->slots.free; slot++) {
		list_for_each_entry_safe(chunk, next, &type->slots.lists[slot],
					 node) {
			err = find_in(s, chunk, req, fit);
			if (!err)
				return chunk;
			if (err == -ENOBUFS && blocking) {
				*cramped = chunk;
				return NULL;
			}
			if (err == -ENOSPC && slot < SPCPU_SLOT_FAIL_THRESHOLD)
				spcpu_slot_move(&type->slots, &chunk->node, 0,
						true);
		}
	}
	return NULL;
}

/**
 * spcpu_place_take() - put an area there
 * @s: the allocator
 * @chunk: a chunk in service
 * @fit: a place in it that is free
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_place_take(struct spcpu *s, struct spcpu_chunk *chunk,
		      const struct spcpu_fit *fit)
{
	struct spcpu_slot_state before = spcpu_chunk_state(chunk);

	lockdep_assert_held(&s->lock);

	spcpu_map_take(&chunk->map, fit);
	count_alloc(s, chunk, (size_t)fit->bits << SPCPU_GRANULE_SHIFT);
	spcpu_chunk_changed(s, chunk, before);
	spcpu_reintegrate(s, chunk);
}

/**
 * spcpu_place_give() - take an area away
 * @s: the allocator
 * @chunk: a chunk in service
 * @off: bytes from its start to the area, a multiple of 4
 * @kick: set to true if the worker has something to do now, else left alone
 *
 * Context: Any but NMI, @s->lock held.
 * Return: Granules of the area; -ENOENT: there is none; -EINVAL: @off is in the
 *	middle of one. On error nothing has changed.
 */
int spcpu_place_give(struct spcpu *s, struct spcpu_chunk *chunk,
		     unsigned int off, bool *kick)
{
	struct spcpu_slot_state before = spcpu_chunk_state(chunk);
	int bits;

	lockdep_assert_held(&s->lock);

	bits = spcpu_map_free(&chunk->map, off >> SPCPU_GRANULE_SHIFT);
	if (bits < 0)
		return bits;

	count_free(s, chunk);
	spcpu_chunk_changed(s, chunk, before);
	if (spcpu_review(s, chunk))
		*kick = true;
	return bits;
}

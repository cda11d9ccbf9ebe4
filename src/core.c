// SPDX-License-Identifier: GPL-2.0
/*
 * Core: one allocation through slots, engine and zeroing; one free.
 *
 * Says nothing to the log: what went wrong is in the return value, and who
 * asked decides how to tell.
 */
#include <linux/kmemleak.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "core.h"
#include "shadow_percpu.h"
#include "trace.h"

/* what an operation may change about a chunk that others keep count of */
struct chunk_state {
	int slot;
	int nr_empty;
};

static struct chunk_state chunk_state(const struct spcpu *s,
				      const struct spcpu_chunk *chunk)
{
	return (struct chunk_state) {
		.slot = spcpu_slot_of_space(&s->slots,
					    spcpu_chunk_free_bytes(chunk),
					    spcpu_chunk_contig_bytes(chunk)),
		.nr_empty = chunk->map.nr_empty,
	};
}

/* the map of a chunk was changed since @before was taken */
static void chunk_changed(struct spcpu *s, struct spcpu_chunk *chunk,
			  struct chunk_state before)
{
	struct chunk_state now = chunk_state(s, chunk);

	chunk->nr_empty_pop += now.nr_empty - before.nr_empty;
	if (chunk == s->reserved)
		return;

	s->nr_empty_pop += now.nr_empty - before.nr_empty;
	spcpu_slot_relocate(&s->slots, &chunk->node, before.slot, now.slot);
}

/**
 * spcpu_add_chunk() - take a new chunk into service
 * @s: the allocator
 * @chunk: a chunk without areas, whose window is in the index
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_add_chunk(struct spcpu *s, struct spcpu_chunk *chunk)
{
	lockdep_assert_held(&s->lock);

	chunk->id = s->next_id++;
	list_add_tail(&chunk->all, &s->chunks);
	s->nr_populated += chunk->nr_populated;
	if (chunk == s->reserved)
		return;

	s->nr_empty_pop += chunk->nr_empty_pop;
	spcpu_slot_relocate(&s->slots, &chunk->node, -1,
			    chunk_state(s, chunk).slot);
}

/**
 * spcpu_unlist_chunk() - take a chunk without areas out of service
 * @s: the allocator
 * @chunk: a chunk that spcpu_add_chunk() added; its node stays the caller's
 *
 * No lookup under the lock finds it from now on.
 *
 * Context: Any but NMI, @s->lock held.
 */
void spcpu_unlist_chunk(struct spcpu *s, struct spcpu_chunk *chunk)
{
	lockdep_assert_held(&s->lock);

	list_del_init(&chunk->node);
	list_del_init(&chunk->all);
	s->nr_populated -= chunk->nr_populated;
	if (chunk != s->reserved)
		s->nr_empty_pop -= chunk->nr_empty_pop;
	spcpu_index_del(&s->index, chunk->window, s->layout);
}

static void count_alloc(struct spcpu *s, struct spcpu_chunk *chunk, size_t size)
{
	struct spcpu_stats *st = &s->stats;

	st->nr_alloc++;
	st->nr_cur_alloc++;
	st->nr_max_alloc = max(st->nr_max_alloc, st->nr_cur_alloc);
	st->min_alloc_size = min(st->min_alloc_size, size);
	st->max_alloc_size = max(st->max_alloc_size, size);

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

/* an area of one chunk: its byte offset, or why there is none */
static int take_area(struct spcpu *s, struct spcpu_chunk *chunk,
		     const struct spcpu_request *req)
{
	struct chunk_state before = chunk_state(s, chunk);
	int off;

	off = spcpu_map_alloc(&chunk->map, req->size >> SPCPU_GRANULE_SHIFT,
			      req->align >> SPCPU_GRANULE_SHIFT,
			      !gfpflags_allow_blocking(req->gfp));
	if (off < 0)
		return off;

	count_alloc(s, chunk, req->size);
	chunk_changed(s, chunk, before);
	return off << SPCPU_GRANULE_SHIFT;
}

/*
 * The fullest chunk that may serve the request comes first. A nearly full one
 * whose hints refuse is put aside, into the slot that nobody looks at, until a
 * free moves it (kernel: PCPU_SLOT_FAIL_THRESHOLD).
 */
static struct spcpu_chunk *find_area(struct spcpu *s,
				     const struct spcpu_request *req, int *off)
{
	struct spcpu_chunk *chunk, *next;
	int slot;

	lockdep_assert_held(&s->lock);

	if (req->reserved && s->reserved) {
		*off = take_area(s, s->reserved, req);
		return *off < 0 ? NULL : s->reserved;
	}

	for (slot = spcpu_slot_of_size(&s->slots, req->size);
	     slot <= s->slots.free; slot++) {
		list_for_each_entry_safe(chunk, next, &s->slots.lists[slot],
					 node) {
			*off = take_area(s, chunk, req);
			if (*off >= 0)
				return chunk;
			if (*off == -ENOSPC && slot < SPCPU_SLOT_FAIL_THRESHOLD)
				spcpu_slot_move(&s->slots, &chunk->node, 0,
						true);
		}
	}
	return NULL;
}

static bool may_grow(const struct spcpu *s, const struct spcpu_request *req)
{
	return gfpflags_allow_blocking(req->gfp) &&
	       !(req->reserved && s->reserved);
}

/* are there more free chunks than the one that is kept? */
static bool has_surplus(const struct spcpu *s)
{
	const struct list_head *free = &s->slots.lists[s->slots.free];

	lockdep_assert_held(&s->lock);
	return !list_empty(free) && !list_is_singular(free);
}

/* place the request, growing where that is allowed; no lock held */
static struct spcpu_chunk *place(struct spcpu *s,
				 const struct spcpu_request *req, int *off)
{
	struct spcpu_chunk *chunk;
	unsigned long flags;
	bool dying, surplus;

	for (;;) {
		spin_lock_irqsave(&s->lock, flags);
		dying = s->dying;
		chunk = dying ? NULL : find_area(s, req, off);
		if (!chunk && !gfpflags_allow_blocking(req->gfp))
			s->atomic_failed = true;
		surplus = has_surplus(s);
		spin_unlock_irqrestore(&s->lock, flags);

		/* several ran dry at the same time, and one chunk served all */
		if (surplus)
			spcpu_kick(s);
		if (chunk)
			return chunk;
		if (dying) {
			*off = -ESHUTDOWN;
			return NULL;
		}
		if (!may_grow(s, req) || !spcpu_grow(s, req->gfp)) {
			*off = -ENOMEM;
			return NULL;
		}
	}
}

static void zero_copies(const struct spcpu *s, const struct spcpu_chunk *chunk,
			int off, size_t size)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		memset((void *)(spcpu_chunk_base(chunk) +
				s->layout->unit_off[cpu] + off), 0, size);
}

/* bounds as in the kernel, except that an alignment of 0 or 3 is refused */
static bool request_ok(const struct spcpu_request *req)
{
	return req->size && req->size <= SHADOW_PERCPU_MAX_SIZE &&
	       is_power_of_2(req->align) && req->align <= PAGE_SIZE;
}

/**
 * spcpu_alloc() - allocate one object
 * @s: the allocator
 * @want: size, alignment, flags, as asked
 * @ptr: set to the object; NULL on error
 *
 * Context: Any but NMI, if the flags do not allow to sleep; else process
 *	context.
 * Return: 0; -EINVAL: size or alignment out of range; -ENOMEM: no room and none
 *	to be made; -ESHUTDOWN: the allocator is going away.
 */
int spcpu_alloc(struct spcpu *s, const struct spcpu_request *want,
		void __percpu **ptr)
{
	struct spcpu_request req = *want;
	struct spcpu_chunk *chunk;
	int off;

	*ptr = NULL;
	if (!request_ok(want))
		return -EINVAL;

	might_alloc(want->gfp);
	req.size = ALIGN(want->size, SPCPU_GRANULE);
	req.align = max_t(size_t, want->align, SPCPU_GRANULE);

	chunk = place(s, &req, &off);
	if (!chunk) {
		trace_percpu_alloc_percpu_fail(&req);
		if (!gfpflags_allow_blocking(req.gfp))
			spcpu_kick(s);
		return off;
	}
	if (READ_ONCE(s->nr_empty_pop) < SPCPU_EMPTY_POP_PAGES_LOW)
		spcpu_kick(s);

	zero_copies(s, chunk, off, req.size);
	*ptr = spcpu_ptr(s, chunk, off);
	kmemleak_alloc_percpu(*ptr, req.size, req.gfp);
	trace_percpu_alloc_percpu(s, &req, chunk, off, *ptr);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_alloc);

static bool chunk_has(const struct spcpu_chunk *chunk, unsigned long unit_off)
{
	unsigned long end;

	if (!chunk)
		return false;

	end = chunk->start + (chunk->map.nr_blocks << PAGE_SHIFT) - chunk->tail;
	return unit_off >= chunk->start + chunk->head && unit_off < end;
}

/*
 * The chunk and byte offset of a pointer, if it may be the start of an object.
 * The static part of the first chunk belongs to no chunk.
 */
static int resolve(struct spcpu *s, const void __percpu *ptr,
		   struct spcpu_chunk **chunk, unsigned long *off)
{
	struct spcpu_window *window;
	unsigned long addr = spcpu_ptr_addr(s, ptr);

	lockdep_assert_held(&s->lock);

	window = spcpu_index_find(&s->index, addr, off);
	if (!window || addr - window->base != *off)
		return -EFAULT;

	if (chunk_has(window->chunk, *off))
		*chunk = window->chunk;
	else if (chunk_has(window->reserved, *off))
		*chunk = window->reserved;
	else
		return -EFAULT;

	*off -= (*chunk)->start;
	return IS_ALIGNED(*off, SPCPU_GRANULE) ? 0 : -EINVAL;
}

/* free the area and say whether the worker has something to do now */
static int release(struct spcpu *s, const void __percpu *ptr, bool *kick)
{
	struct spcpu_chunk *chunk;
	struct chunk_state before;
	unsigned long off;
	int bits;

	bits = resolve(s, ptr, &chunk, &off);
	if (bits)
		return bits;

	bits = spcpu_map_size(&chunk->map, off >> SPCPU_GRANULE_SHIFT);
	if (bits < 0)
		return bits;

	/* before the area can be given to somebody else */
	kmemleak_free_percpu(ptr);

	before = chunk_state(s, chunk);
	spcpu_map_free(&chunk->map, off >> SPCPU_GRANULE_SHIFT);
	count_free(s, chunk);
	chunk_changed(s, chunk, before);

	*kick = !chunk->immutable &&
		spcpu_chunk_free_bytes(chunk) == s->layout->unit_size &&
		has_surplus(s);
	trace_percpu_free_percpu(chunk, off, ptr);
	return 0;
}

/**
 * spcpu_free() - free one object
 * @s: the allocator
 * @ptr: what spcpu_alloc() gave
 *
 * Context: Any but NMI.
 * Return: 0; -EFAULT: not an address that @s hands out; -EINVAL: the middle of
 *	an object; -ENOENT: free already. On error nothing has changed.
 */
int spcpu_free(struct spcpu *s, void __percpu *ptr)
{
	unsigned long flags;
	bool kick = false;
	int err;

	spin_lock_irqsave(&s->lock, flags);
	err = release(s, ptr, &kick);
	spin_unlock_irqrestore(&s->lock, flags);

	if (kick)
		spcpu_kick(s);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_free);

/**
 * spcpu_locate() - where does an object lie?
 * @s: the allocator
 * @ptr: what spcpu_alloc() gave
 * @place: set to its chunk, offset and size; to chunk and offset, without a
 *	size, on -EINVAL and -ENOENT
 *
 * Context: Any but NMI.
 * Return: As spcpu_free().
 */
int spcpu_locate(struct spcpu *s, const void __percpu *ptr,
		 struct spcpu_place *place)
{
	struct spcpu_chunk *chunk;
	unsigned long flags, off;
	int err, bits;

	*place = (struct spcpu_place) { };
	spin_lock_irqsave(&s->lock, flags);
	err = resolve(s, ptr, &chunk, &off);
	if (err != -EFAULT) {
		place->id = chunk->id;
		place->off = off;
	}
	if (!err) {
		bits = spcpu_map_size(&chunk->map, off >> SPCPU_GRANULE_SHIFT);
		if (bits < 0)
			err = bits;
		else
			place->size = (size_t)bits << SPCPU_GRANULE_SHIFT;
	}
	spin_unlock_irqrestore(&s->lock, flags);

	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_locate);

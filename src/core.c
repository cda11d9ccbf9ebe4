// SPDX-License-Identifier: GPL-2.0
/*
 * Core: one allocation through placement, population and zeroing; one free.
 *
 * Says nothing to the log: what went wrong is in the return value, and who
 * asked decides how to tell.
 */
#include <linux/kmemleak.h>
#include <linux/log2.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "core.h"
#include "quick.h"
#include "shadow_percpu.h"
#include "trace.h"

/* which of the place's pages must come first, if any */
static bool has_gap(struct spcpu_chunk *chunk, const struct spcpu_fit *fit,
		    struct spcpu_gap *gap)
{
	unsigned int first = fit->off / SPCPU_BLOCK_BITS;
	unsigned int end = (fit->off + fit->bits - 1) / SPCPU_BLOCK_BITS + 1;

	gap->from = find_next_zero_bit(chunk->populated, end, first);
	if (gap->from == end)
		return false;

	gap->chunk = chunk;
	gap->nr = end - gap->from;
	return true;
}

/**
 * struct attempt - one look at the chunks
 *
 * @off: where the area is in its chunk
 * @gap: pages that are missing; its chunk stays pinned until the next look
 * @cramped: a chunk whose record has to grow; pinned, too, and never both
 * @next_id: which chunk would have been the next
 * @dying: nothing is handed out any more
 */
struct attempt {
	int off;
	struct spcpu_gap gap;
	struct spcpu_chunk *cramped;
	unsigned int next_id;
	bool dying;
};

static void count_size(struct spcpu_stats *st, size_t size)
{
	st->min_alloc_size = min(st->min_alloc_size, size);
	st->max_alloc_size = max(st->max_alloc_size, size);
}

/* the chunk with the area; NULL: there is no room, or pages must come first */
static struct spcpu_chunk *take_area(struct spcpu *s,
				     const struct spcpu_request *req,
				     struct attempt *a)
{
	struct spcpu_chunk *chunk;
	struct spcpu_fit fit;

	chunk = spcpu_place_find(s, req, &fit, &a->cramped);
	if (!chunk)
		return NULL;

	/* who cannot sleep has asked for a place without a gap */
	if (s->options.backing->lazy && has_gap(chunk, &fit, &a->gap))
		return NULL;

	spcpu_place_take(s, chunk, &fit);
	a->off = fit.off << SPCPU_GRANULE_SHIFT;
	if (req->span)
		spcpu_span_settle(s, req->span, chunk, a->off);
	else
		count_size(&s->stats, req->size);
	return chunk;
}

static struct spcpu_chunk *held_by(const struct attempt *a)
{
	return a->gap.chunk ?: a->cramped;
}

/* the chunk with the area; NULL, and @a says what is missing */
static struct spcpu_chunk *look(struct spcpu *s,
				const struct spcpu_request *req,
				struct attempt *a)
{
	struct spcpu_chunk_type *type = spcpu_type_for(s, req->gfp);
	struct spcpu_chunk *chunk = NULL, *pinned = held_by(a);
	bool blocking = gfpflags_allow_blocking(req->gfp);
	unsigned long flags;
	bool kick = false;

	a->gap.chunk = NULL;
	a->cramped = NULL;
	spin_lock_irqsave(&s->lock, flags);
	a->dying = s->dying;
	a->next_id = s->next_id;
	if (!a->dying)
		chunk = take_area(s, req, a);
	if (held_by(a))
		spcpu_pin(s, held_by(a));
	if (pinned)
		kick = spcpu_unpin(s, pinned);
	if (!blocking) {
		if (!chunk)
			WRITE_ONCE(type->atomic_failed, true);
		/* the next one may not be able to wait for it either */
		kick |= chunk && spcpu_map_wants(&chunk->map);
	}
	/* several ran dry at the same time, and one chunk served all */
	kick |= spcpu_has_surplus(s, type);
	spin_unlock_irqrestore(&s->lock, flags);

	if (kick)
		spcpu_kick(s);
	return chunk;
}

/*
 * Callers that run dry at the same time wait for one of them to make a chunk, but
 * only those who could wait for all of reclaim anyway. Those in the middle of I/O
 * make their own, and reclaim never waits for somebody who waits for reclaim.
 */
static int grow(struct spcpu *s, gfp_t gfp, unsigned int next_id)
{
	bool queue = (gfp & GFP_KERNEL) == GFP_KERNEL;
	int err = 0;

	if (queue && mutex_lock_killable(&s->growing))
		return -ENOMEM;

	/* was it somebody else, meanwhile? */
	if (READ_ONCE(s->next_id) == next_id && !spcpu_grow(s, gfp))
		err = -ENOMEM;

	if (queue)
		mutex_unlock(&s->growing);
	return err;
}

/*
 * What was missing in the chunk that is held comes. On error it is let go; otherwise
 * the next look does that.
 */
static int fill(struct spcpu *s, gfp_t gfp, const struct attempt *a)
{
	int err;

	if (a->cramped)
		err = spcpu_enlarge(s, a->cramped, gfp);
	else
		err = spcpu_populate(s, &a->gap, gfp);
	if (!err || err == -EAGAIN)
		return 0;

	spcpu_let_go(s, held_by(a));
	return err;
}

/* place the request, making room where that is allowed; no lock held */
static struct spcpu_chunk *place(struct spcpu *s,
				 const struct spcpu_request *req, int *off)
{
	struct attempt a = { };
	struct spcpu_chunk *chunk;
	int err = 0;

	while (!err) {
		chunk = look(s, req, &a);
		*off = a.off;
		if (chunk)
			return chunk;

		if (a.dying)
			err = -ESHUTDOWN;
		else if (!gfpflags_allow_blocking(req->gfp))
			err = -ENOMEM;
		else if (held_by(&a))
			err = fill(s, req->gfp, &a);
		else if (req->reserved && s->reserved)
			err = -ENOMEM;
		else
			err = grow(s, req->gfp, a.next_id);
	}
	*off = err;
	return NULL;
}

/**
 * spcpu_request_ok() - are size and alignment in range?
 * @req: what is asked for
 *
 * Bounds as in the kernel, except that an alignment of 0 or 3 is refused.
 *
 * Context: Any.
 * Return: True if they are.
 */
bool spcpu_request_ok(const struct spcpu_request *req)
{
	return req->size && req->size <= SHADOW_PERCPU_MAX_SIZE &&
	       is_power_of_2(req->align) && req->align <= PAGE_SIZE;
}

/*
 * The reserve is low, or, where one atomic caller is and more are likely, not
 * full.
 */
static void look_after_reserve(struct spcpu *s, struct spcpu_chunk_type *type,
			       gfp_t gfp)
{
	bool blocking = gfpflags_allow_blocking(gfp);
	int least = blocking ? SPCPU_EMPTY_POP_PAGES_LOW :
			       SPCPU_EMPTY_POP_PAGES_HIGH;

	if (READ_ONCE(type->nr_empty_pop) >= least)
		return;

	if ((gfp & GFP_KERNEL) == GFP_KERNEL)
		spcpu_replenish(s, type);
	else
		spcpu_kick(s);
}

/* an area for @req; NULL: @off says why. Neither zeroed nor traced */
static struct spcpu_chunk *alloc_area(struct spcpu *s,
				      const struct spcpu_request *req, int *off)
{
	struct spcpu_chunk *chunk;

	might_alloc(req->gfp);
	chunk = place(s, req, off);
	if (chunk)
		look_after_reserve(s, chunk->type, req->gfp);
	else if (!gfpflags_allow_blocking(req->gfp))
		spcpu_kick(s);
	return chunk;
}

/**
 * spcpu_area_alloc() - find room for a span
 * @s: the allocator
 * @req: size and alignment are multiples of 4 and in range; @req->span gets it
 *
 * Context: As spcpu_alloc().
 * Return: 0; -ENOMEM; -ESHUTDOWN.
 */
int spcpu_area_alloc(struct spcpu *s, const struct spcpu_request *req)
{
	int off;

	return alloc_area(s, req, &off) ? 0 : off;
}

/**
 * spcpu_alloc_unchecked() - allocate one object, of more bytes than others may ask for
 * @s: the allocator
 * @want: size, from 1 byte to those of a unit; alignment, in range; flags, as asked
 * @ptr: set to the object; NULL on error
 *
 * Context: As spcpu_alloc().
 * Return: As spcpu_alloc(), but for -EINVAL.
 */
int spcpu_alloc_unchecked(struct spcpu *s, const struct spcpu_request *want,
			  void __percpu **ptr)
{
	struct spcpu_request req = *want;
	struct spcpu_chunk *chunk;
	int off;

	*ptr = NULL;
	req.gfp = current_gfp_context(want->gfp);
	req.size = ALIGN(want->size, SPCPU_GRANULE);
	req.align = max_t(size_t, want->align, SPCPU_GRANULE);

	chunk = alloc_area(s, &req, &off);
	if (!chunk) {
		trace_percpu_alloc_percpu_fail(&req);
		return off;
	}

	*ptr = spcpu_ptr(s, chunk, off);
	spcpu_zero(&s->ready, (__force unsigned long)*ptr, req.size);
	kmemleak_alloc_percpu(*ptr, req.size, req.gfp);
	trace_percpu_alloc_percpu(s, &req, chunk, off, *ptr);
	return 0;
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
	*ptr = NULL;
	return spcpu_request_ok(want) ? spcpu_alloc_unchecked(s, want, ptr) :
					-EINVAL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_alloc);

/*
 * The chunk and byte offset of a pointer, if it may be the start of an object.
 * The static part of the first chunk belongs to no chunk.
 */
static int resolve(struct spcpu *s, const void __percpu *ptr,
		   struct spcpu_chunk **chunk, unsigned long *off)
{
	unsigned long value = (__force unsigned long)ptr;
	const struct spcpu_window *window;
	const struct spcpu_cells *cells;

	lockdep_assert_held(&s->lock);

	if (!spcpu_finder_find(&s->finder, value, &cells, off))
		return -EFAULT;

	window = cells->window;

	if (spcpu_chunk_has(window->chunk, *off))
		*chunk = window->chunk;
	else if (spcpu_chunk_has(window->reserved, *off))
		*chunk = window->reserved;
	else
		return -EFAULT;

	*off -= (*chunk)->start;
	return IS_ALIGNED(*off, SPCPU_GRANULE) ? 0 : -EINVAL;
}

/* free the area and say whether the worker has something to do now */
static int release(struct spcpu *s, const void __percpu *ptr, size_t *size,
		   bool *accounted, bool *kick)
{
	struct spcpu_chunk *chunk;
	unsigned long off;
	int bits;

	bits = resolve(s, ptr, &chunk, &off);
	if (bits)
		return bits;
	/* an object of a span: spcpu_cache_free() would have known what to do */
	if (spcpu_span_at(chunk, off))
		return -EFAULT;

	bits = spcpu_place_give(s, chunk, off, kick);
	if (bits < 0)
		return bits;

	*size = (size_t)bits << SPCPU_GRANULE_SHIFT;
	*accounted = spcpu_is_accounted(s, chunk);
	/* while the lock is held nobody else can be given the area */
	kmemleak_free_percpu(ptr);
	spcpu_object_gone(s, ptr);
	trace_percpu_free_percpu(chunk, off, ptr);
	return 0;
}

/**
 * spcpu_free_area() - free one object, and tell what it was
 * @s: the allocator
 * @ptr: what spcpu_alloc() gave
 * @size: set to its bytes, if it was one
 * @accounted: set, too
 *
 * Context: Any but NMI.
 * Return: 0; -EFAULT: not an address that @s hands out; -EINVAL: the middle of
 *	an object; -ENOENT: free already. On error nothing has changed.
 */
int spcpu_free_area(struct spcpu *s, void __percpu *ptr, size_t *size,
		    bool *accounted)
{
	unsigned long flags;
	bool kick = false;
	int err;

	spin_lock_irqsave(&s->lock, flags);
	err = release(s, ptr, size, accounted, &kick);
	spin_unlock_irqrestore(&s->lock, flags);

	if (kick)
		spcpu_kick(s);
	return err;
}

/**
 * spcpu_free() - free one object
 * @s: the allocator
 * @ptr: what spcpu_alloc() gave
 *
 * Context: Any but NMI.
 * Return: As spcpu_free_area().
 */
int spcpu_free(struct spcpu *s, void __percpu *ptr)
{
	bool accounted;
	size_t size;

	return spcpu_free_area(s, ptr, &size, &accounted);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_free);

/* how long the object is that begins there, in a span or not */
static int measure(const struct spcpu_chunk *chunk, unsigned long off,
		   const void __percpu *ptr, size_t *size)
{
	struct spcpu_span *span = spcpu_span_at(chunk, off);
	int bits;

	if (span) {
		*size = spcpu_classes[span->class].size;
		return spcpu_span_check(span, (__force unsigned long)ptr);
	}

	bits = spcpu_map_size(&chunk->map, off >> SPCPU_GRANULE_SHIFT);
	if (bits < 0)
		return bits;
	*size = (size_t)bits << SPCPU_GRANULE_SHIFT;
	return 0;
}

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
	size_t size;
	int err;

	*place = (struct spcpu_place) { };
	spin_lock_irqsave(&s->lock, flags);
	err = resolve(s, ptr, &chunk, &off);
	if (err != -EFAULT) {
		place->id = chunk->id;
		place->off = off;
	}
	if (!err)
		err = measure(chunk, off, ptr, &size);
	if (!err)
		place->size = size;
	spin_unlock_irqrestore(&s->lock, flags);

	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_locate);

/*
 * The object of a span that has a byte, or the bytes that its class leaves unused; if
 * that is live.
 */
static int around_in_span(const struct spcpu_span *span, unsigned long off,
			  struct spcpu_place *place)
{
	size_t size = spcpu_classes[span->class].size;
	size_t begin = rounddown(off - span->off, size);

	place->off = span->off + begin;
	place->size = size;
	return spcpu_span_check(span, span->ptr + begin);
}

/**
 * spcpu_locate_around() - where does the object lie that has a byte?
 * @s: the allocator
 * @ptr: a pointer to any byte of it
 * @place: set to its chunk, offset and size
 *
 * Looks at all areas of the chunk before it, with the lock held: for reports.
 *
 * Context: Any but NMI.
 * Return: 0; -EFAULT: not an address that @s hands out; -ENOENT: no live object has
 *	the byte.
 */
int spcpu_locate_around(struct spcpu *s, const void __percpu *ptr,
			struct spcpu_place *place)
{
	const struct spcpu_span *span;
	struct spcpu_chunk *chunk;
	unsigned long flags, off;
	int err, at, bits = 0;

	*place = (struct spcpu_place) { };
	spin_lock_irqsave(&s->lock, flags);
	err = resolve(s, ptr, &chunk, &off);
	if (err == -EFAULT)
		goto out;

	place->id = chunk->id;
	span = spcpu_span_at(chunk, off);
	if (span) {
		err = around_in_span(span, off, place);
		goto out;
	}

	at = spcpu_map_around(&chunk->map, off >> SPCPU_GRANULE_SHIFT, &bits);
	err = min(at, 0);
	if (!err) {
		place->off = at << SPCPU_GRANULE_SHIFT;
		place->size = (size_t)bits << SPCPU_GRANULE_SHIFT;
	}
out:
	spin_unlock_irqrestore(&s->lock, flags);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_locate_around);

// SPDX-License-Identifier: GPL-2.0
/*
 * Cached: objects as callers get them, from an allocator that may have a cache.
 *
 * What the cache holds is counted in the spans themselves, which know it of each
 * object, and not taken from any count.
 */
#include <linux/cpumask.h>
#include <linux/kmemleak.h>
#include <linux/sched.h>

#include "cached.h"
#include "quick.h"

/* areas of the first chunk begin at no page, and at no cell */
#define STATIC_SIZE	100

static void never(struct work_struct *work)
{
}

/**
 * spcpu_cached_create_with() - make an allocator with small units and an engine
 * @test: the test, at whose end it is destroyed
 * @cache: with a cache; idle magazines stay where they are
 * @engine: who places areas; NULL: who does so for the module
 *
 * Return: The allocator; the test ends if there is none.
 */
struct spcpu *spcpu_cached_create_with(struct kunit *test, bool cache,
				       const struct spcpu_engine *engine)
{
	static const u8 image[STATIC_SIZE];
	const struct spcpu_options options = {
		.backing = spcpu_test_backing(),
		.engine = engine,
		.cache = cache,
		.image = image,
	};
	struct spcpu *s;

	s = spcpu_test_create(test, 64 << 10, 8192, 20 << 10, STATIC_SIZE,
			      &options);
	/* how long a test takes must not matter */
	s->cache.idle.work.func = never;
	return s;
}

/**
 * spcpu_cached_create() - the same with the engine of the loaded module
 * @test: the test, at whose end it is destroyed
 * @cache: with a cache; idle magazines stay where they are
 *
 * Return: The allocator; the test ends if there is none.
 */
struct spcpu *spcpu_cached_create(struct kunit *test, bool cache)
{
	return spcpu_cached_create_with(test, cache, NULL);
}

/**
 * spcpu_cached_stay() - have the rest of the case run on the CPU that it is on
 */
void spcpu_cached_stay(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
}

/**
 * spcpu_cached_request() - ask for an object as the exported calls do
 * @s: the allocator
 * @size: bytes
 * @align: alignment in bytes
 * @gfp: flags
 * @ptr: set to the object; NULL on error
 *
 * Return: As spcpu_alloc().
 */
int spcpu_cached_request(struct spcpu *s, size_t size, size_t align, gfp_t gfp,
			 void __percpu **ptr)
{
	const struct spcpu_request req = {
		.size = size,
		.align = align,
		.gfp = gfp,
		.caller = _RET_IP_,
	};
	int class = spcpu_class_of(size, align, gfp);

	if (class >= 0 && (spcpu_cache_pop(&s->cache, class, ptr) ||
			   spcpu_magazines_pop(s, class, ptr)))
		return 0;
	return spcpu_cache_alloc(s, &req, class, ptr);
}

/**
 * spcpu_cached_alloc() - allocate an object with GFP_KERNEL
 * @test: the test, which ends if there is no object
 * @s: the allocator
 * @size: bytes
 * @align: alignment in bytes
 *
 * Return: The object.
 */
void __percpu *spcpu_cached_alloc(struct kunit *test, struct spcpu *s,
				  size_t size, size_t align)
{
	void __percpu *ptr;
	int err;

	err = spcpu_cached_request(s, size, align, GFP_KERNEL, &ptr);
	KUNIT_ASSERT_EQ_MSG(test, 0, err, "%zu bytes aligned to %zu", size,
			    align);
	return ptr;
}

/*
 * The exported calls go the long way where there is kmemleak, but tests are about the
 * short one. It is told of objects that came the long way, and must hear that they go.
 * Of those that it does not know it says nothing, but much of what is no object.
 */
static void tell_kmemleak(struct spcpu *s, void __percpu *ptr)
{
	unsigned long value = (__force unsigned long)ptr;
	const struct spcpu_span *span;
	bool live;

	rcu_read_lock();
	span = spcpu_span_find(&s->finder, value);
	live = span && !spcpu_span_check(span, value);
	rcu_read_unlock();
	if (live)
		kmemleak_free_percpu(ptr);
}

/**
 * spcpu_cached_free() - free an object as the exported call does
 * @s: the allocator
 * @ptr: the object, or anything else but NULL
 *
 * Return: As spcpu_free().
 */
int spcpu_cached_free(struct spcpu *s, void __percpu *ptr)
{
	tell_kmemleak(s, ptr);
	if (spcpu_cache_push(&s->cache, &s->finder, ptr))
		return 0;
	return spcpu_cache_free(s, ptr);
}

/**
 * spcpu_cached_span() - the span that an object is in
 * @s: the allocator
 * @ptr: the object
 *
 * Return: The span, which is there as long as the object is live; NULL if the
 *	object has an area of its own.
 */
struct spcpu_span *spcpu_cached_span(struct spcpu *s, const void __percpu *ptr)
{
	struct spcpu_span *span;

	rcu_read_lock();
	span = spcpu_span_find(&s->finder, (__force unsigned long)ptr);
	rcu_read_unlock();
	return span;
}

/**
 * spcpu_cached_size() - the usable bytes that an object should have
 * @s: the allocator
 * @ptr: the object
 * @size: the bytes that were asked for
 *
 * Return: Those of its class; where it has an area of its own, those asked for,
 *	rounded up to 4.
 */
size_t spcpu_cached_size(struct spcpu *s, const void __percpu *ptr, size_t size)
{
	const struct spcpu_span *span = spcpu_cached_span(s, ptr);

	return span ? spcpu_classes[span->class].size : ALIGN(size, 4);
}

/**
 * spcpu_cached_next() - a chunk's spans, one after the other
 * @chunk: the chunk, under its allocator's lock
 * @cell: 0 at first; where to go on
 *
 * Return: The next span; NULL if that was the last one.
 */
struct spcpu_span *spcpu_cached_next(const struct spcpu_chunk *chunk,
				     size_t *cell)
{
	const struct spcpu_cells *cells = chunk->window->cells;
	size_t nr = cells->bytes >> SPCPU_CELL_SHIFT;

	while (*cell < nr) {
		struct spcpu_span *span = cells->by_cell[*cell];

		if (!span) {
			++*cell;
			continue;
		}
		*cell += (span->steps << span->shift) >> SPCPU_CELL_SHIFT;
		/* the first chunk's window is that of the reserved one too */
		if (span->chunk == chunk)
			return span;
	}
	return NULL;
}

static unsigned int live_in(const struct spcpu_span *span)
{
	unsigned int nr = 0, i;

	for (i = 0; i < span->steps; i++)
		nr += READ_ONCE(span->states[i]) >= SPCPU_LIVE;
	return nr;
}

/**
 * spcpu_cached_live() - how many objects are there?
 * @s: the allocator
 *
 * Return: Objects that were allocated and not freed, whether they are in spans or
 *	have areas of their own.
 */
u64 spcpu_cached_live(struct spcpu *s)
{
	const struct spcpu_chunk *chunk;
	const struct spcpu_span *span;
	size_t cell;
	u64 nr;

	spin_lock_irq(&s->lock);
	nr = s->stats.nr_cur_alloc;
	list_for_each_entry(chunk, &s->chunks, all) {
		cell = 0;
		while ((span = spcpu_cached_next(chunk, &cell)))
			nr += live_in(span) - 1ULL;
	}
	spin_unlock_irq(&s->lock);
	return nr;
}

/* the number of spans in which no object is live */
static unsigned int nr_idle_spans(struct spcpu *s)
{
	const struct spcpu_chunk *chunk;
	const struct spcpu_span *span;
	unsigned int nr = 0;
	size_t cell;

	spin_lock_irq(&s->lock);
	list_for_each_entry(chunk, &s->chunks, all) {
		cell = 0;
		while ((span = spcpu_cached_next(chunk, &cell)))
			nr += !live_in(span);
	}
	spin_unlock_irq(&s->lock);
	return nr;
}

/**
 * spcpu_cached_expect_drained() - drain the cache; nothing that is not live is left
 * @test: the test
 * @s: an allocator that nobody else uses meanwhile; its worker is waited for
 *
 * No CPU has magazines, and each span has an object that is live.
 */
void spcpu_cached_expect_drained(struct kunit *test, struct spcpu *s)
{
	spcpu_cache_drain(s);
	spcpu_test_settle(s);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->cache.nr_magazines), 0);
	KUNIT_EXPECT_EQ(test, nr_idle_spans(s), 0U);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Watch: the trace events, and kmemleak's word, for objects of spans. Those that are
 * areas of their own the core tells of; spans it tells nobody of.
 */
#include <linux/kmemleak.h>
#include <linux/minmax.h>

#include "core.h"
#include "quick.h"
#include "trace.h"
#include "watch.h"

/**
 * spcpu_watch_alloc() - tell of an object that was allocated
 * @s: the allocator
 * @req: what was asked for, as it was; flags as they are in this context
 * @ptr: a live object of a span
 *
 * Context: Any but NMI; as the flags allow.
 */
void spcpu_watch_alloc(struct spcpu *s, const struct spcpu_request *req,
		       void __percpu *ptr)
{
	unsigned long value = (__force unsigned long)ptr;
	struct spcpu_request told = *req;
	const struct spcpu_span *span;
	size_t usable;

	/* as the core would tell of it */
	told.size = ALIGN(req->size, SPCPU_GRANULE);
	told.align = max_t(size_t, req->align, SPCPU_GRANULE);

	rcu_read_lock();
	span = spcpu_span_find(&s->finder, value);
	/* somebody may have freed it by mistake already */
	if (span) {
		usable = spcpu_classes[span->class].size;
		trace_percpu_alloc_percpu(s, &told, span->chunk,
					  span->off + (value - span->ptr), ptr);
	}
	rcu_read_unlock();
	if (span)
		kmemleak_alloc_percpu(ptr, usable, req->gfp);
}

/**
 * spcpu_watch_free() - tell of an object that was freed
 * @s: the allocator
 * @ptr: an object of a span that nobody can be given before this is over
 *
 * Context: Any but NMI.
 */
void spcpu_watch_free(struct spcpu *s, void __percpu *ptr)
{
	unsigned long value = (__force unsigned long)ptr;
	const struct spcpu_span *span;

	kmemleak_free_percpu(ptr);
	rcu_read_lock();
	span = spcpu_span_find(&s->finder, value);
	trace_percpu_free_percpu(span->chunk, span->off + (value - span->ptr),
				 ptr);
	rcu_read_unlock();
}

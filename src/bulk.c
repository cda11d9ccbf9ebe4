// SPDX-License-Identifier: GPL-2.0
/*
 * Bulk: several objects by one call, which goes into its CPU's part of the cache once
 * for many.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "core.h"
#include "quick.h"
#include "watch.h"

/* objects at a time with preemption off */
#define AT_ONCE	64

/* what there is for this CPU without much ado; how many */
static size_t pop_some(struct spcpu *s, unsigned int class, size_t most,
		       void __percpu **ptrs)
{
	size_t nr = min_t(size_t, most, AT_ONCE), i;
	struct spcpu_magazines *m;
	bool prepared = false;

	if (spcpu_alloc_watched() || !spcpu_cache_enter(s->cache.cpus))
		return 0;

	m = __this_cpu_read(s->cache.cpus->magazines[class]);
	for (i = 0; i < nr; i++) {
		if (m->top == m->clean) {
			/* once, as zeroing takes its time */
			if (prepared || !spcpu_magazines_prepare(s, m))
				break;
			prepared = true;
		}
		ptrs[i] = __spcpu_cache_pop(m);
	}
	spcpu_cache_leave(s->cache.cpus);
	return i;
}

/**
 * spcpu_alloc_bulk() - allocate several objects of a kind
 * @s: the allocator
 * @req: what is asked for
 * @nr: how many
 * @ptrs: set to the objects; all NULL on error
 *
 * Context: As spcpu_alloc().
 * Return: As spcpu_alloc(); on error none is allocated.
 */
int spcpu_alloc_bulk(struct spcpu *s, const struct spcpu_request *req,
		     size_t nr, void __percpu **ptrs)
{
	int class = spcpu_class_of(req->size, req->align, req->gfp), err;
	size_t done = 0, some;

	while (done < nr) {
		some = class < 0 ? 0 :
		       pop_some(s, class, nr - done, ptrs + done);
		done += some;
		if (some)
			continue;

		/* this one, and what it takes to have the next */
		err = spcpu_cache_alloc(s, req, class, &ptrs[done]);
		if (err)
			goto err_free;
		done++;
	}
	return 0;

err_free:
	spcpu_free_bulk(s, done, ptrs, NULL);
	memset(ptrs, 0, nr * sizeof(*ptrs));
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_alloc_bulk);

/* those that go into this CPU's magazines; how many, up to the first that does not */
static size_t push_some(struct spcpu *s, size_t most, void __percpu **ptrs)
{
	size_t nr = min_t(size_t, most, AT_ONCE), i;
	struct spcpu_cpu_cache __percpu *cpus = s->cache.cpus;
	struct spcpu_span *span = NULL;

	if (spcpu_free_watched() || !spcpu_cache_enter(cpus))
		return 0;

	for (i = 0; i < nr; i++) {
		unsigned long ptr = (__force unsigned long)ptrs[i];

		/* often of the same span as the one before */
		if (span && __spcpu_cache_push(cpus, span, ptr))
			continue;
		span = spcpu_span_find(&s->finder, ptr);
		if (!span || !__spcpu_cache_push(cpus, span, ptr))
			break;
	}
	spcpu_cache_leave(cpus);
	return i;
}

/**
 * spcpu_free_bulk() - free several objects, up to the first that is none
 * @s: the allocator
 * @nr: how many
 * @ptrs: objects; NULL does nothing
 * @err: set to what is wrong with the one that is none, as spcpu_free(); may be
 *	NULL where all are known to be objects
 *
 * Context: Any but NMI.
 * Return: How many were freed: @nr, if all were objects.
 */
size_t spcpu_free_bulk(struct spcpu *s, size_t nr, void __percpu **ptrs,
		       int *err)
{
	size_t done = 0;
	int wrong = 0;

	while (done < nr && !wrong) {
		done += push_some(s, nr - done, ptrs + done);
		if (done == nr)
			break;
		if (ptrs[done])
			wrong = spcpu_cache_free(s, ptrs[done]);
		done += !wrong;
	}
	if (err)
		*err = wrong;
	return done;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_free_bulk);

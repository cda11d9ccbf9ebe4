/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watch: the trace events, and kmemleak's word, for objects of spans. Nobody who
 * is not watched pays for it: what is quick is left out as long as somebody is.
 */
#ifndef SPCPU_WATCH_H
#define SPCPU_WATCH_H

#include <linux/kconfig.h>
#include <linux/tracepoint-defs.h>
#include <linux/types.h>

struct spcpu;
struct spcpu_request;

DECLARE_TRACEPOINT(percpu_alloc_percpu);
DECLARE_TRACEPOINT(percpu_free_percpu);

/* must each allocation be told of? */
static __always_inline bool spcpu_alloc_watched(void)
{
	return IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) ||
	       tracepoint_enabled(percpu_alloc_percpu);
}

/* must each free be told of? */
static __always_inline bool spcpu_free_watched(void)
{
	return IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) ||
	       tracepoint_enabled(percpu_free_percpu);
}

void spcpu_watch_alloc(struct spcpu *s, const struct spcpu_request *req,
		       void __percpu *ptr);
void spcpu_watch_free(struct spcpu *s, void __percpu *ptr);

#endif /* SPCPU_WATCH_H */

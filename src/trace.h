/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events shadow_percpu:*, with the names and fields of percpu:*, so that
 * what reads the kernel's events reads ours.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM shadow_percpu

#if !defined(SPCPU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SPCPU_TRACE_H

#include <linux/tracepoint.h>
#include <trace/events/mmflags.h>

#include "core.h"

TRACE_EVENT(percpu_alloc_percpu,
	TP_PROTO(const struct spcpu *s, const struct spcpu_request *req,
		 const struct spcpu_chunk *chunk, int off, void __percpu *ptr),
	TP_ARGS(s, req, chunk, off, ptr),
	TP_STRUCT__entry(
		__field(unsigned long, call_site)
		__field(void __percpu *, ptr)
		__field(void *, base_addr)
		__field(int, off)
		__field(size_t, size)
		__field(size_t, align)
		__field(size_t, bytes_alloc)
		__field(unsigned long, gfp_flags)
		__field(bool, reserved)
		__field(bool, is_atomic)
	),
	TP_fast_assign(
		__entry->call_site = req->caller;
		__entry->ptr = ptr;
		__entry->base_addr = (void *)spcpu_chunk_base(chunk);
		__entry->off = off;
		__entry->size = req->size;
		__entry->align = req->align;
		__entry->bytes_alloc = req->size * s->layout->nr_cpus;
		__entry->gfp_flags = (__force unsigned long)req->gfp;
		__entry->reserved = req->reserved;
		__entry->is_atomic = !gfpflags_allow_blocking(req->gfp);
	),
	TP_printk("call_site=%pS reserved=%d is_atomic=%d size=%zu align=%zu base_addr=%p off=%d ptr=%p bytes_alloc=%zu gfp_flags=%s",
		  (void *)__entry->call_site, __entry->reserved,
		  __entry->is_atomic, __entry->size, __entry->align,
		  __entry->base_addr, __entry->off,
		  (void *)(__force unsigned long)__entry->ptr, __entry->bytes_alloc,
		  show_gfp_flags(__entry->gfp_flags))
);

TRACE_EVENT(percpu_alloc_percpu_fail,
	TP_PROTO(const struct spcpu_request *req),
	TP_ARGS(req),
	TP_STRUCT__entry(
		__field(size_t, size)
		__field(size_t, align)
		__field(bool, reserved)
		__field(bool, is_atomic)
	),
	TP_fast_assign(
		__entry->size = req->size;
		__entry->align = req->align;
		__entry->reserved = req->reserved;
		__entry->is_atomic = !gfpflags_allow_blocking(req->gfp);
	),
	TP_printk("reserved=%d is_atomic=%d size=%zu align=%zu",
		  __entry->reserved, __entry->is_atomic, __entry->size,
		  __entry->align)
);

TRACE_EVENT(percpu_free_percpu,
	TP_PROTO(const struct spcpu_chunk *chunk, int off,
		 const void __percpu *ptr),
	TP_ARGS(chunk, off, ptr),
	TP_STRUCT__entry(
		__field(const void __percpu *, ptr)
		__field(void *, base_addr)
		__field(int, off)
	),
	TP_fast_assign(
		__entry->ptr = ptr;
		__entry->base_addr = (void *)spcpu_chunk_base(chunk);
		__entry->off = off;
	),
	TP_printk("base_addr=%p off=%d ptr=%p", __entry->base_addr,
		  __entry->off, (void *)(__force unsigned long)__entry->ptr)
);

DECLARE_EVENT_CLASS(spcpu_chunk_life,
	TP_PROTO(unsigned long base),
	TP_ARGS(base),
	TP_STRUCT__entry(__field(void *, base_addr)),
	TP_fast_assign(__entry->base_addr = (void *)base;),
	TP_printk("base_addr=%p", __entry->base_addr)
);

DEFINE_EVENT(spcpu_chunk_life, percpu_create_chunk,
	TP_PROTO(unsigned long base), TP_ARGS(base));

DEFINE_EVENT(spcpu_chunk_life, percpu_destroy_chunk,
	TP_PROTO(unsigned long base), TP_ARGS(base));

#endif /* SPCPU_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

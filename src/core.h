/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Core: one allocator, and one allocation or free through it.
 *
 * The module has one allocator that it serves everybody from; the test module
 * makes more, with other geometries.
 */
#ifndef SPCPU_CORE_H
#define SPCPU_CORE_H

#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "chunk.h"
#include "index.h"
#include "layout.h"
#include "slot.h"

/*
 * Backed pages without areas that are kept for atomic callers (mm/percpu.c:
 * PCPU_EMPTY_POP_PAGES_LOW)
 */
#define SPCPU_EMPTY_POP_PAGES_LOW	2

enum spcpu_first_mode {
	SPCPU_FIRST_EMBED,	/* one vmalloc area per group */
	SPCPU_FIRST_PAGE,	/* page by page */
	SPCPU_NR_FIRST_MODES
};

extern const char * const spcpu_first_modes[SPCPU_NR_FIRST_MODES];

/**
 * struct spcpu_stats - counts since load, of all chunks; under the lock
 *
 * The names are those of the kernel's percpu_stats.
 */
struct spcpu_stats {
	u64 nr_alloc;
	u64 nr_dealloc;
	u64 nr_cur_alloc;
	u64 nr_max_alloc;
	u32 nr_chunks;
	u32 nr_max_chunks;
	size_t min_alloc_size;
	size_t max_alloc_size;
};

/**
 * struct spcpu - one allocator
 *
 * @lock: chunks, slots, counts; taken with interrupts off, held for one
 *        placement, never while memory is allocated
 * @layout: units and groups
 * @first_mode: how the first chunk's pages were found
 * @slots: chunks by longest free run
 * @chunks: all chunks by id
 * @index: address -> window
 * @first: the dynamic chunk of the first chunk
 * @reserved: its reserved chunk, or NULL
 * @areas: the first chunk's vmalloc areas, one per group, or NULL
 * @dummy: the page that fills the holes between units
 * @nr_empty_pop: backed pages without areas in all chunks but @reserved
 * @nr_populated: backed pages of a unit, all chunks and the static part
 * @next_id: number of the next chunk
 * @dying: no new areas
 * @atomic_failed: an atomic caller found nothing; the worker makes room
 * @stats: see &struct spcpu_stats
 * @wq: runs @balance
 * @balance: keeps one free chunk and some backed pages, gives the rest back
 */
struct spcpu {
	spinlock_t lock; /* chunks, slots, counts */
	struct spcpu_layout *layout;
	enum spcpu_first_mode first_mode;
	struct spcpu_slots slots;
	struct list_head chunks;
	struct spcpu_index index;
	struct spcpu_chunk *first;
	struct spcpu_chunk *reserved;
	void **areas;
	struct page *dummy;
	int nr_empty_pop;
	unsigned long nr_populated;
	unsigned int next_id;
	bool dying;
	bool atomic_failed;
	struct spcpu_stats stats;
	struct workqueue_struct *wq;
	struct work_struct balance;
};

/**
 * struct spcpu_request - what an allocation asks for
 *
 * @size: bytes of one copy
 * @align: alignment in bytes
 * @reserved: from the reserved chunk if there is one
 * @gfp: as for __shadow_alloc_percpu_gfp()
 * @caller: who asks, for the trace
 */
struct spcpu_request {
	size_t size;
	size_t align;
	bool reserved;
	gfp_t gfp;
	unsigned long caller;
};

/**
 * struct spcpu_place - where an object lies
 *
 * @id: the chunk's number
 * @off: bytes from the chunk's start
 * @size: bytes of the area
 */
struct spcpu_place {
	unsigned int id;
	unsigned int off;
	size_t size;
};

struct spcpu *spcpu_create(struct spcpu_layout *layout,
			   enum spcpu_first_mode mode,
			   const void *image);
void spcpu_shutdown(struct spcpu *s);
unsigned int spcpu_report_leaks(struct spcpu *s);
void spcpu_destroy(struct spcpu *s);

int spcpu_alloc(struct spcpu *s, const struct spcpu_request *req,
		void __percpu **ptr);
int spcpu_free(struct spcpu *s, void __percpu *ptr);
int spcpu_locate(struct spcpu *s, const void __percpu *ptr,
		 struct spcpu_place *place);

/* first_chunk.c */
int spcpu_first_chunk_create(struct spcpu *s, const void *image);
void spcpu_first_chunk_destroy(struct spcpu *s);

/* balance.c */
void spcpu_kick(struct spcpu *s);
bool spcpu_grow(struct spcpu *s, gfp_t gfp);
void spcpu_retire(struct spcpu *s, struct list_head *chunks);
void spcpu_balance_work(struct work_struct *work);

/* core.c, for the parts that change chunks */
void spcpu_add_chunk(struct spcpu *s, struct spcpu_chunk *chunk);
void spcpu_unlist_chunk(struct spcpu *s, struct spcpu_chunk *chunk);

/* the value of a __percpu pointer to an address in the lowest CPU's unit */
static inline void __percpu *spcpu_ptr(const struct spcpu *s,
				       const struct spcpu_chunk *chunk,
				       unsigned long off)
{
	return (void __percpu __force *)(spcpu_chunk_base(chunk) + off -
					 per_cpu_offset(s->layout->low_cpu));
}

/* the address in the lowest CPU's unit of a __percpu pointer */
static inline unsigned long spcpu_ptr_addr(const struct spcpu *s,
					   const void __percpu *ptr)
{
	return (__force unsigned long)ptr + per_cpu_offset(s->layout->low_cpu);
}

#endif /* SPCPU_CORE_H */

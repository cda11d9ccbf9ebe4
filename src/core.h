/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Core: one allocator, and one allocation or free through it.
 *
 * The module has one allocator that it serves everybody from; the test module
 * makes more, with other geometries.
 */
#ifndef SPCPU_CORE_H
#define SPCPU_CORE_H

#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "cache.h"
#include "chunk.h"
#include "compat/shrinker.h"
#include "index.h"
#include "layout.h"
#include "slot.h"
#include "zero.h"

/*
 * Backed pages without areas that are kept for atomic callers: below LOW the
 * worker is woken, and it fills up to HIGH (mm/percpu.c: PCPU_EMPTY_POP_PAGES_*)
 */
#define SPCPU_EMPTY_POP_PAGES_LOW	2
#define SPCPU_EMPTY_POP_PAGES_HIGH	4

enum spcpu_first_mode {
	SPCPU_FIRST_EMBED,	/* one vmalloc area per group */
	SPCPU_FIRST_PAGE,	/* page by page */
	SPCPU_NR_FIRST_MODES
};

extern const char * const spcpu_first_modes[SPCPU_NR_FIRST_MODES];

/**
 * struct spcpu_options - what an allocator is to be like
 *
 * @first_mode: how the first chunk's pages are found
 * @backing: how pages get behind addresses
 * @engine: who places areas in chunks; NULL: the bitmap engine
 * @online: only CPUs that are, or have been, online get pages; lazy backing
 * @cache: CPUs keep objects, instead of exact placements
 * @debug: what is watched, SPCPU_REDZONE and so on; then there is no cache
 * @image: initial values of the static variables, of layout->static_size bytes;
 *         stays as long as the allocator
 */
struct spcpu_options {
	enum spcpu_first_mode first_mode;
	const struct spcpu_backing *backing;
	const struct spcpu_engine *engine;
	bool online;
	bool cache;
	unsigned int debug;
	const void *image;
};

/**
 * struct spcpu_stats - counts since load, of all chunks; under the lock
 *
 * The names are those of the kernel's percpu_stats. What is counted is areas; who
 * wants to know of objects asks spcpu_tally_objects().
 *
 * @nr_alloc: areas taken
 * @nr_dealloc: areas given back
 * @nr_cur_alloc: areas that are taken
 * @nr_max_alloc: the most that ever were
 * @nr_span_alloc: of @nr_alloc those that became spans
 * @nr_span_dealloc: of @nr_dealloc those that were spans
 * @nr_max_seen: the most objects that anybody ever counted
 * @nr_chunks: chunks
 * @nr_max_chunks: the most there ever were
 * @min_alloc_size: bytes of the smallest area that was no span
 * @max_alloc_size: bytes of the largest
 */
struct spcpu_stats {
	u64 nr_alloc;
	u64 nr_dealloc;
	u64 nr_cur_alloc;
	u64 nr_max_alloc;
	u64 nr_span_alloc;
	u64 nr_span_dealloc;
	u64 nr_max_seen;
	u32 nr_chunks;
	u32 nr_max_chunks;
	size_t min_alloc_size;
	size_t max_alloc_size;
};

/* bits of spcpu_chunk_type::flags */
enum {
	SPCPU_REPLENISHING,
};

/* the kinds of chunks (the kernel had the same two from 5.9 to 5.13) */
enum {
	SPCPU_PLAIN,		/* the first chunk is of this one */
	SPCPU_ACCOUNTED,	/* for __GFP_ACCOUNT: pages charged to cgroups */
	SPCPU_NR_TYPES
};

/**
 * struct spcpu_chunk_type - the chunks of one kind; under the lock
 *
 * @slots: chunks by longest free run
 * @nr_empty_pop: the reserve: backed pages without areas, in chunks that are
 *                neither reserved nor isolated
 * @used: somebody asked for it: it gets a reserve
 * @atomic_failed: an atomic caller found nothing; the worker makes room
 * @flags: bit SPCPU_REPLENISHING: somebody fills up the reserve; not under the lock
 */
struct spcpu_chunk_type {
	struct spcpu_slots slots;
	int nr_empty_pop;
	bool used;
	bool atomic_failed;
	unsigned long flags;
};

struct spcpu;
struct spcpu_debug;
struct spcpu_gap;

/**
 * struct spcpu_paging - how chunks and pages come and go
 *
 * For real, as spcpu_populate(), spcpu_depopulate(), spcpu_grow() and spcpu_retire()
 * do it; or on paper, where nothing but counts change (paper.c).
 *
 * @populate: see spcpu_populate()
 * @depopulate: see spcpu_depopulate()
 * @grow: see spcpu_grow()
 * @retire: see spcpu_retire()
 */
struct spcpu_paging {
	int (*populate)(struct spcpu *s, const struct spcpu_gap *gap,
			gfp_t gfp);
	unsigned long (*depopulate)(struct spcpu *s, struct spcpu_chunk *chunk,
				    unsigned int most);
	bool (*grow)(struct spcpu *s, gfp_t gfp);
	void (*retire)(struct spcpu *s, struct list_head *chunks);
};

/**
 * struct spcpu - one allocator
 *
 * No memory is allocated with @lock or @mapping held, so memory reclaim may wait
 * for either. @growing is held while memory is allocated, and is only ever waited
 * for by those who could wait for reclaim themselves. Order: growing, mapping,
 * lock.
 *
 * @lock: chunks, slots, counts; taken with interrupts off, held for one
 *        placement
 * @mapping: what is shown behind the addresses of chunks in service, and
 *           @backed_cpus
 * @growing: those who ran dry make chunks one after the other
 * @layout: units and groups
 * @options: as given
 * @paging: how chunks and pages come and go
 * @pages: what was taken from the machine
 * @types: the chunks of each kind
 * @chunks: all chunks by id
 * @index: address -> window
 * @finder: pointer -> window
 * @first: the dynamic chunk of the first chunk
 * @reserved: its reserved chunk, or NULL
 * @areas: the first chunk's vmalloc areas, one per group, or NULL
 * @blank: the page that stands where there is no other
 * @backed_cpus: CPUs in whose units pages are put
 * @backed_version: counts changes of @backed_cpus
 * @ready_cpus: those whose pages are all there; their copies are zeroed
 * @ready: the same, for zeroing
 * @cache: objects that are with CPUs
 * @nr_populated: backed pages of a unit, all chunks and the static part
 * @nr_empty: of these without areas, all chunks
 * @va_pages: pages of addresses that all windows take
 * @reserve_ns: time that the last window's addresses took
 * @next_id: number of the next chunk
 * @dying: no new areas
 * @stats: see &struct spcpu_stats
 * @wq: runs @balance, @thin and @cache.idle; NULL on paper, where nobody does
 * @balance: keeps one free chunk and some backed pages, gives the rest back
 * @thin: gives back more when it is quiet
 * @thin_seen: allocations made when @thin last had a look
 * @shrinker: gives back more when memory is short
 * @hotplug: told of CPUs before they come online
 * @inits: callbacks for new CPUs' copies
 * @oops: explains writes to absent CPUs' copies
 * @debug: what is known of the objects; NULL: they are not watched
 */
struct spcpu {
	spinlock_t lock; /* chunks, slots, counts */
	struct mutex mapping; /* what is shown behind addresses */
	struct mutex growing; /* one new chunk at a time */
	struct spcpu_layout *layout;
	struct spcpu_options options;
	const struct spcpu_paging *paging;
	struct spcpu_pages pages;
	struct spcpu_chunk_type types[SPCPU_NR_TYPES];
	struct list_head chunks;
	struct spcpu_index index;
	struct spcpu_finder finder;
	struct spcpu_chunk *first;
	struct spcpu_chunk *reserved;
	void **areas;
	struct page *blank;
	cpumask_var_t backed_cpus;
	unsigned int backed_version;
	cpumask_var_t ready_cpus;
	struct spcpu_ready ready;
	struct spcpu_cache cache;
	unsigned long nr_populated;
	unsigned long nr_empty;
	unsigned long va_pages;
	u64 reserve_ns;
	unsigned int next_id;
	bool dying;
	struct spcpu_stats stats;
	struct workqueue_struct *wq;
	struct work_struct balance;
	struct delayed_work thin;
	u64 thin_seen;
	struct spcpu_shrinker shrinker;
	struct hlist_node hotplug;
	struct xarray inits;
	struct notifier_block oops;
	struct spcpu_debug *debug;
};

/**
 * struct spcpu_request - what an allocation asks for
 *
 * @size: bytes of one copy
 * @align: alignment in bytes
 * @reserved: from the reserved chunk if there is one
 * @gfp: as for __shadow_alloc_percpu_gfp()
 * @caller: who asks, for the trace
 * @span: what the area is to be cut into; NULL: it is an object
 */
struct spcpu_request {
	size_t size;
	size_t align;
	bool reserved;
	gfp_t gfp;
	unsigned long caller;
	struct spcpu_span *span;
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

/**
 * struct spcpu_gap - pages that have to come before an area can be placed
 *
 * @chunk: the chunk, pinned; NULL for no gap
 * @from: first page
 * @nr: how many, with those in between that are there already
 */
struct spcpu_gap {
	struct spcpu_chunk *chunk;
	unsigned int from;
	unsigned int nr;
};

/* allocator.c */
struct spcpu *spcpu_create(struct spcpu_layout *layout,
			   const struct spcpu_options *options);
void spcpu_shutdown(struct spcpu *s);
void spcpu_destroy(struct spcpu *s);

/* leftover.c */
unsigned int spcpu_report_leaks(struct spcpu *s);
void spcpu_forget_leftovers(struct spcpu *s);

/* core.c */
bool spcpu_request_ok(const struct spcpu_request *req);
int spcpu_alloc_unchecked(struct spcpu *s, const struct spcpu_request *want,
			  void __percpu **ptr);
int spcpu_alloc(struct spcpu *s, const struct spcpu_request *req,
		void __percpu **ptr);
int spcpu_area_alloc(struct spcpu *s, const struct spcpu_request *req);
int spcpu_free(struct spcpu *s, void __percpu *ptr);
int spcpu_free_area(struct spcpu *s, void __percpu *ptr, size_t *size,
		    bool *accounted);
int spcpu_locate(struct spcpu *s, const void __percpu *ptr,
		 struct spcpu_place *place);
int spcpu_locate_around(struct spcpu *s, const void __percpu *ptr,
			struct spcpu_place *place);

/* place.c: all under the lock */
struct spcpu_chunk *spcpu_place_find(struct spcpu *s,
				     const struct spcpu_request *req,
				     struct spcpu_fit *fit,
				     struct spcpu_chunk **cramped);
void spcpu_place_take(struct spcpu *s, struct spcpu_chunk *chunk,
		      const struct spcpu_fit *fit);
int spcpu_place_give(struct spcpu *s, struct spcpu_chunk *chunk,
		     unsigned int off, bool *kick);

/* service.c: chunks in service, all under the lock */
struct spcpu_slot_state {
	int slot;
	int nr_empty;
};

struct spcpu_slot_state spcpu_chunk_state(const struct spcpu_chunk *chunk);
void spcpu_chunk_changed(struct spcpu *s, struct spcpu_chunk *chunk,
			 struct spcpu_slot_state before);
void spcpu_add_chunk(struct spcpu *s, struct spcpu_chunk *chunk);
void spcpu_unlist_chunk(struct spcpu *s, struct spcpu_chunk *chunk);
void spcpu_pages_came(struct spcpu *s, const struct spcpu_gap *gap);
void spcpu_pages_went(struct spcpu *s, const struct spcpu_gap *gap);
unsigned int spcpu_pages_leave(struct spcpu *s, struct spcpu_chunk *chunk,
			       unsigned int most);
int spcpu_excess(const struct spcpu_chunk_type *type);
bool spcpu_is_fat(const struct spcpu *s, const struct spcpu_chunk_type *type);
void spcpu_isolate(struct spcpu *s, struct spcpu_chunk *chunk);
void spcpu_reintegrate(struct spcpu *s, struct spcpu_chunk *chunk);
bool spcpu_has_surplus(const struct spcpu *s,
		       const struct spcpu_chunk_type *type);
bool spcpu_review(struct spcpu *s, struct spcpu_chunk *chunk);
void spcpu_pin(struct spcpu *s, struct spcpu_chunk *chunk);
bool spcpu_unpin(struct spcpu *s, struct spcpu_chunk *chunk);
void spcpu_let_go(struct spcpu *s, struct spcpu_chunk *chunk);
bool spcpu_put_aside(struct spcpu *s, struct spcpu_chunk *chunk);

/* first_chunk.c */
int spcpu_first_chunk_create(struct spcpu *s);
void spcpu_first_chunk_destroy(struct spcpu *s);
void spcpu_first_chunk_init_cpu(struct spcpu *s, unsigned int cpu);

/* populate.c */
int spcpu_populate(struct spcpu *s, const struct spcpu_gap *gap, gfp_t gfp);
unsigned long spcpu_depopulate(struct spcpu *s, struct spcpu_chunk *chunk,
			       unsigned int most);
int spcpu_populate_cpu(struct spcpu *s, struct spcpu_chunk *chunk,
		       unsigned int cpu);
void spcpu_depopulate_cpu(struct spcpu *s, struct spcpu_chunk *chunk,
			  unsigned int cpu);

/* grow.c */
int spcpu_make_known(struct spcpu *s, struct spcpu_window *window, gfp_t gfp);
bool spcpu_grow(struct spcpu *s, gfp_t gfp);
void spcpu_retire(struct spcpu *s, struct list_head *chunks);

/* worker.c */
void spcpu_kick(struct spcpu *s);
void spcpu_balance_work(struct work_struct *work);

/* enlarge.c */
int spcpu_enlarge(struct spcpu *s, struct spcpu_chunk *chunk, gfp_t gfp);
void spcpu_enlarge_all(struct spcpu *s, const struct spcpu_chunk_type *type);

/* balance.c */
void spcpu_balance(struct spcpu *s, struct spcpu_chunk_type *type);

/* reserve.c */
bool spcpu_fill_reserve(struct spcpu *s, struct spcpu_chunk_type *type);
void spcpu_replenish(struct spcpu *s, struct spcpu_chunk_type *type);

/* thin.c */
void spcpu_thin_out(struct spcpu *s, struct spcpu_chunk_type *type);
void spcpu_thin_later(struct spcpu *s, const struct spcpu_chunk_type *type);
void spcpu_thin_work(struct work_struct *work);

/* hotplug.c */
void spcpu_object_gone(struct spcpu *s, const void __percpu *ptr);

/* shrink.c */
int spcpu_shrinker_add(struct spcpu *s);
void spcpu_shrinker_del(struct spcpu *s);
unsigned long spcpu_shrink_count(struct spcpu *s);
unsigned long spcpu_shrink(struct spcpu *s, unsigned long most);

/* the type of chunk that a request with these flags is served from */
static inline struct spcpu_chunk_type *spcpu_type_for(struct spcpu *s,
						      gfp_t gfp)
{
	return &s->types[gfp & __GFP_ACCOUNT ? SPCPU_ACCOUNTED : SPCPU_PLAIN];
}

static inline bool spcpu_is_accounted(const struct spcpu *s,
				      const struct spcpu_chunk *chunk)
{
	return chunk->type == &s->types[SPCPU_ACCOUNTED];
}

/* the value of a __percpu pointer to an address in the lowest CPU's unit */
static inline void __percpu *spcpu_ptr(const struct spcpu *s,
				       const struct spcpu_chunk *chunk,
				       unsigned long off)
{
	return (void __percpu __force *)(spcpu_chunk_base(chunk) + off -
					 per_cpu_offset(s->layout->low_cpu));
}

/* the span that has these bytes from the chunk's start, or NULL */
static inline struct spcpu_span *spcpu_span_at(const struct spcpu_chunk *chunk,
					       unsigned long off)
{
	const struct spcpu_cells *cells = chunk->window->cells;

	return cells->by_cell[(chunk->start + off) >> SPCPU_CELL_SHIFT];
}

#endif /* SPCPU_CORE_H */

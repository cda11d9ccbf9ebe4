// SPDX-License-Identifier: GPL-2.0
/*
 * Native: the kernel's own percpu allocator, looked at from outside.
 *
 * Everything is read by ways that survive a wrong address, and a snapshot is
 * believed only when it holds against itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include "../slot.h"
#include "kunit.h"
#include "native.h"
#include "resolve.h"

/* chunks that may come between counting them and copying them */
#define SPARE_CHUNKS	8

/* nobody has so many: the list leads nowhere */
#define MOST_CHUNKS	1000000

/* a block's hints, as the kernel has them (mm/percpu-internal.h) */
struct block {
	int second_len;
	int second_start;
	int longest_len;
	int longest_start;
	int left;
	int right;
	int first_free;
	int nr_bits;
};

/* a chunk, as the kernel has it; the order of members is the kernel's */
struct chunk {
#ifdef CONFIG_PERCPU_STATS
	int nr_areas;
	size_t longest_area;
#endif
	struct list_head node;
	int free_bytes;
	struct block whole;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	unsigned long *bound;
	void *base ____cacheline_aligned_in_smp;
	unsigned long *alloc;
#else
	void *base;
	unsigned long *alloc;
	unsigned long *bound;
#endif
	struct block *blocks;
	void *areas;
	bool immutable;
	bool isolated;
	int head;
	int tail;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#if defined(CONFIG_MEMCG) || defined(CONFIG_MEM_ALLOC_PROFILING)
	void *owners;
#endif
#elif defined(CONFIG_MEMCG_KMEM)
	void *owners;
#endif
	int nr_pages;
	int nr_populated;
	int nr_empty;
	unsigned long populated[];
};

/* what the kernel keeps */
static struct {
	spinlock_t *lock;	/* of all below */
	struct mutex *mutex;	/* of the first snapshot to the last */
	struct list_head **lists;
	struct chunk **reserved;
	struct work_struct *worker;
	int *nr_slots;
	int *sidelined;
	int *to_depopulate;
	int *unit_size;
	int *nr_empty;
	bool *atomic_failed;
} kernel;

#if IS_ENABLED(CONFIG_KUNIT)
void (*spcpu_native_spoil)(struct spcpu_snapshot *snap);
EXPORT_SYMBOL_FOR_KUNIT(spcpu_native_spoil);

static void spoil(struct spcpu_snapshot *snap)
{
	if (spcpu_native_spoil)
		spcpu_native_spoil(snap);
}
#else
static void spoil(struct spcpu_snapshot *snap)
{
}
#endif

static int resolve(void)
{
	static const struct spcpu_symbol symbols[] = {
		{ "pcpu_lock", &kernel.lock, .data = true },
		{ "pcpu_alloc_mutex", &kernel.mutex, .data = true },
		{ "pcpu_chunk_lists", &kernel.lists, .data = true },
		{ "pcpu_reserved_chunk", &kernel.reserved, .data = true },
		{ "pcpu_balance_work", &kernel.worker, .data = true },
		{ "pcpu_nr_slots", &kernel.nr_slots, .data = true },
		{ "pcpu_sidelined_slot", &kernel.sidelined, .data = true },
		{ "pcpu_to_depopulate_slot", &kernel.to_depopulate, .data = true },
		{ "pcpu_unit_size", &kernel.unit_size, .data = true },
		{ "pcpu_nr_empty_pop_pages", &kernel.nr_empty, .data = true },
		{ "pcpu_atomic_alloc_failed", &kernel.atomic_failed, .data = true },
	};

	return spcpu_resolve(symbols, ARRAY_SIZE(symbols), "snapshot=1",
			     "all else works with snapshot=0");
}

static struct spcpu_hints hints_of(const struct block *block)
{
	return (struct spcpu_hints) {
		.contig_hint = block->longest_len,
		.contig_hint_start = block->longest_start,
		.scan_hint = block->second_len,
		.scan_hint_start = block->second_start,
		.left_free = block->left,
		.right_free = block->right,
		.first_free = block->first_free,
		.nr_bits = block->nr_bits,
	};
}

static bool copy_blocks(struct spcpu_map *map, const struct block *from)
{
	struct spcpu_bitmap *b = spcpu_bitmap(map);
	struct block block;
	int i;

	map->nr_empty = 0;
	for (i = 0; i < map->nr_blocks; i++) {
		if (copy_from_kernel_nofault(&block, from + i, sizeof(block)))
			return false;
		b->blocks[i] = hints_of(&block);
		map->nr_empty += spcpu_map_block_free(map, i);
	}
	return true;
}

static bool copy_bits(unsigned long *to, const unsigned long *from, int bits)
{
	return !copy_from_kernel_nofault(to, from,
					 BITS_TO_LONGS(bits) * sizeof(long));
}

/*
 * @to has room for a whole unit, and is made as long as the chunk. How much of a
 * chunk is free is kept in bytes there.
 */
static const char *copy_chunk(struct spcpu_snapshot_chunk *to,
			      const struct chunk *from, int slot)
{
	struct spcpu_bitmap *b = spcpu_bitmap(&to->map);
	struct chunk chunk;

	if (copy_from_kernel_nofault(&chunk, from, sizeof(chunk)))
		return "a chunk is at no address";
	if (chunk.nr_pages < 1 || chunk.nr_pages > to->map.nr_blocks)
		return "a chunk is longer than a unit";

	to->map.nr_blocks = chunk.nr_pages;
	to->map.nr_bits = chunk.nr_pages * SPCPU_BLOCK_BITS;
	if (!copy_bits(b->alloc, chunk.alloc, to->map.nr_bits) ||
	    !copy_bits(b->bound, chunk.bound, to->map.nr_bits + 1) ||
	    !copy_bits(to->populated, from->populated, chunk.nr_pages) ||
	    !copy_blocks(&to->map, chunk.blocks))
		return "a chunk's maps are at no address";

	b->whole = hints_of(&chunk.whole);
	to->map.contig = b->whole.contig_hint;
	to->map.free_bits = chunk.free_bytes >> SPCPU_GRANULE_SHIFT;
	to->base = (unsigned long)chunk.base;
	to->slot = slot;
	to->head = chunk.head;
	to->tail = chunk.tail;
	to->reserved = slot < 0;
	to->immutable = chunk.immutable;
	to->isolated = chunk.isolated;
	to->nr_populated = chunk.nr_populated;
	to->nr_empty_pop = chunk.nr_empty;
	return NULL;
}

/**
 * struct copying - a walk over all chunks
 *
 * @snap: the snapshot, with as many chunks as there is memory for
 * @next: the first of them that is not filled; NULL only to count
 * @nr: chunks so far
 */
struct copying {
	struct spcpu_snapshot *snap;
	struct list_head *next;
	unsigned int nr;
};

static const char *copy_next(struct copying *c, const struct chunk *from,
			     int slot)
{
	struct spcpu_snapshot_chunk *to;

	if (c->nr++ == MOST_CHUNKS)
		return "there is no end to a list";
	if (!c->next || c->next == &c->snap->chunks)
		return NULL;

	to = list_entry(c->next, struct spcpu_snapshot_chunk, node);
	c->next = c->next->next;
	return copy_chunk(to, from, slot);
}

static const char *copy_list(struct copying *c, struct list_head *head,
			     int slot)
{
	struct list_head *prev = head, *pos, link;
	const char *why;

	if (get_kernel_nofault(pos, &head->next))
		return "there are no lists";

	for (; pos != head; pos = link.next) {
		if (copy_from_kernel_nofault(&link, pos, sizeof(link)))
			return "a list leads to no address";
		if (link.prev != prev)
			return "a list does not lead back";
		prev = pos;
		why = copy_next(c, list_entry(pos, struct chunk, node), slot);
		if (why)
			return why;
	}
	return NULL;
}

static const char *copy_all(struct copying *c)
{
	const char *why = NULL;
	int slot;

	lockdep_assert_held(kernel.lock);

	if (*kernel.reserved)
		why = copy_next(c, *kernel.reserved, -1);
	for (slot = 0; !why && slot < *kernel.nr_slots; slot++)
		why = copy_list(c, *kernel.lists + slot, slot);

	c->snap->nr_slots = *kernel.nr_slots;
	c->snap->nr_empty_pop = *kernel.nr_empty;
	c->snap->atomic_failed = *kernel.atomic_failed;
	return why;
}

static int untrusted(const char *why)
{
	pr_err("snapshot=1: the kernel's percpu allocator is not as it is known here (%s): all else works with snapshot=0\n",
	       why);
	return -EOPNOTSUPP;
}

static int count(unsigned int *nr)
{
	struct spcpu_snapshot none;
	struct copying c = { .snap = &none };
	unsigned long flags;
	const char *why;

	spcpu_native_lock(&flags);
	why = copy_all(&c);
	spcpu_native_unlock(flags);
	*nr = c.nr;
	return why ? untrusted(why) : 0;
}

static int make_room(struct spcpu_snapshot *snap, unsigned int nr)
{
	while (snap->nr_chunks < nr) {
		if (!spcpu_snapshot_add(snap, *kernel.unit_size >> PAGE_SHIFT,
					GFP_KERNEL))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* chunks at the end that were not needed */
static void drop_spare(struct spcpu_snapshot *snap, unsigned int nr)
{
	struct spcpu_snapshot spare;
	struct list_head *pos = &snap->chunks;
	unsigned int i;

	for (i = 0; i < nr; i++)
		pos = pos->next;
	spcpu_snapshot_init(&spare);
	list_cut_position(&spare.chunks, &snap->chunks, pos);
	list_swap(&spare.chunks, &snap->chunks);
	snap->nr_chunks = nr;
	spcpu_snapshot_exit(&spare);
}

/*
 * With the mutex held no allocation that can sleep is between its place and its
 * pages, nor is the worker at it. @locked is called only when all was copied.
 */
static const char *copy(struct copying *c, void (*locked)(void))
{
	unsigned long flags;
	const char *why;

	mutex_lock(kernel.mutex);
	spcpu_native_lock(&flags);
	why = copy_all(c);
	if (!why && c->nr <= c->snap->nr_chunks && locked)
		locked();
	spcpu_native_unlock(flags);
	mutex_unlock(kernel.mutex);
	return why;
}

/**
 * spcpu_native_snapshot() - all chunks of the kernel's allocator
 * @snap: an empty snapshot, which it fills
 * @locked: called with the allocator's lock held at the moment of the snapshot; NULL
 *	for nothing
 *
 * Context: Process context. May sleep, and wait for the kernel's allocator.
 * Return: 0; -ENOMEM; -EOPNOTSUPP: what was read does not hold against itself, logged.
 *	On error the snapshot is empty, but @locked may have been called.
 */
int spcpu_native_snapshot(struct spcpu_snapshot *snap, void (*locked)(void))
{
	struct copying c = { .snap = snap };
	const char *why = NULL;
	unsigned int nr;
	int err;

	err = count(&nr);
	while (!err) {
		err = make_room(snap, nr + SPARE_CHUNKS);
		if (err)
			break;
		c.next = snap->chunks.next;
		c.nr = 0;
		why = copy(&c, locked);
		if (why || c.nr <= snap->nr_chunks)
			break;
		nr = c.nr;
	}
	if (!err && !why) {
		drop_spare(snap, c.nr);
		snap->unit_size = *kernel.unit_size;
		spoil(snap);
		spcpu_snapshot_check(snap, &why);
	}
	if (why)
		err = untrusted(why);
	if (err)
		spcpu_snapshot_exit(snap);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_native_snapshot);

/**
 * spcpu_native_init() - find the kernel's allocator, and see whether it is as known
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENOENT: a symbol is missing; -EOPNOTSUPP: it is laid out otherwise;
 *	-ENOMEM. Logged, and then nothing else here may be called.
 */
int spcpu_native_init(void)
{
	struct spcpu_snapshot snap;
	int err;

	err = resolve();
	if (err)
		return err;
	if (*kernel.unit_size <= 0 || offset_in_page(*kernel.unit_size) ||
	    *kernel.nr_slots < 3 || *kernel.nr_slots > 64)
		return untrusted("a unit, or the number of slots, is out of range");

	spcpu_snapshot_init(&snap);
	err = spcpu_native_snapshot(&snap, NULL);
	spcpu_snapshot_exit(&snap);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_native_init);

/**
 * spcpu_native_flush() - wait until the allocator's worker has done what it was woken
 *	for
 *
 * Context: Process context. May sleep.
 */
void spcpu_native_flush(void)
{
	flush_work(kernel.worker);
}

/**
 * spcpu_native_is_worker() - is that the allocator's worker?
 * @work: a work item of anybody's
 *
 * Context: Any.
 * Return: True if it is.
 */
bool spcpu_native_is_worker(const struct work_struct *work)
{
	return work == kernel.worker;
}

/**
 * spcpu_native_holder() - who may be putting pages behind addresses, or taking them?
 *
 * Context: Any. Others may come and go meanwhile, but for those who also want the
 *	allocator's lock, where it is held.
 * Return: Who holds the mutex of those who can sleep, which the worker takes, too.
 */
const struct task_struct *spcpu_native_holder(void)
{
	/* a mutex keeps flags in the lowest bits */
#ifdef CONFIG_PREEMPT_RT
	unsigned long owner = (unsigned long)READ_ONCE(kernel.mutex->rtmutex.owner);
#else
	unsigned long owner = atomic_long_read(&kernel.mutex->owner);
#endif

	return (const struct task_struct *)(owner & ~7UL);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_native_holder);

/**
 * spcpu_native_lock() - keep the allocator as it is
 * @flags: for spcpu_native_unlock()
 *
 * Context: Any but NMI, not with the lock held.
 */
void spcpu_native_lock(unsigned long *flags) __acquires(kernel.lock)
{
	unsigned long saved;

	spin_lock_irqsave(kernel.lock, saved);
	*flags = saved;
}

/**
 * spcpu_native_unlock() - let it go on
 * @flags: from spcpu_native_lock()
 *
 * Context: As spcpu_native_lock().
 */
void spcpu_native_unlock(unsigned long flags) __releases(kernel.lock)
{
	spin_unlock_irqrestore(kernel.lock, flags);
}

static void show(const struct chunk *chunk, int slot,
		 void (*fn)(void *to, const struct spcpu_native_state *state),
		 void *to)
{
	const struct spcpu_native_state state = {
		.base = (unsigned long)chunk->base,
		.slot = slot,
		.isolated = chunk->isolated,
		.nr_pages = chunk->nr_pages,
		.populated = chunk->populated,
	};

	if (!chunk->immutable)
		fn(to, &state);
}

/**
 * spcpu_native_for_each() - show all chunks that the worker may have changed
 * @fn: shown each of them
 * @to: for @fn
 *
 * Of a list that grows at its head the last comes first: who puts them there in this
 * order has the same list.
 *
 * Context: Any, with the allocator's lock held. The lock is not the caller's to take
 *	where a probe runs within it.
 */
void spcpu_native_for_each(void (*fn)(void *to,
				      const struct spcpu_native_state *state),
			   void *to)
{
	struct list_head *lists = *kernel.lists;
	const struct chunk *chunk;
	int slot;

	for (slot = 0; slot < *kernel.nr_slots; slot++) {
		if (slot == *kernel.sidelined || slot == *kernel.to_depopulate)
			list_for_each_entry(chunk, &lists[slot], node)
				show(chunk, slot, fn, to);
		else
			list_for_each_entry_reverse(chunk, &lists[slot], node)
				show(chunk, slot, fn, to);
	}
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_native_for_each);

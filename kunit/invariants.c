// SPDX-License-Identifier: GPL-2.0
/*
 * Invariants: everything that must hold of an allocator between two calls,
 * found again from the maps alone.
 *
 * The allocator's lock is held meanwhile, so what is wrong is written down and
 * told to KUnit afterwards.
 */
#include <linux/bitmap.h>
#include <linux/rcupdate.h>

#include "engine_bitmap.h"
#include "finding.h"
#include "fixture.h"

/* more nodes than this on a list: it runs in a circle */
#define MANY_CHUNKS	10000

static bool all_set(const unsigned long *map, int from, int to)
{
	return find_next_zero_bit(map, to, from) >= to;
}

static bool all_clear(const unsigned long *map, int from, int to)
{
	return find_next_bit(map, to, from) >= to;
}

static int head_bits(const struct spcpu_chunk *chunk)
{
	return chunk->head >> SPCPU_GRANULE_SHIFT;
}

static int end_bits(const struct spcpu_chunk *chunk)
{
	return chunk->map.nr_bits - (chunk->tail >> SPCPU_GRANULE_SHIFT);
}

/* the areas between the hidden ends, each of them whole; how many there are */
static int check_areas(struct finding *f, const struct spcpu_chunk *chunk,
		       const struct spcpu_bitmap *b)
{
	int end = end_bits(chunk);
	int nr = 0, next;
	int pos = find_next_bit(b->alloc, end, head_bits(chunk));

	for (; pos < end; pos = find_next_bit(b->alloc, end, next)) {
		next = find_next_bit(b->bound, chunk->map.nr_bits + 1, pos + 1);
		same(f, "area begins unmarked", chunk->id,
		     test_bit(pos, b->bound), 1);
		same(f, "area has a hole", chunk->id,
		     all_set(b->alloc, pos, next), 1);
		same(f, "area goes over the end", chunk->id, next > end, 0);
		nr++;
	}
	return nr;
}

static void check_blocks(struct finding *f, const struct spcpu_chunk *chunk,
			 const struct spcpu_bitmap *b)
{
	const struct spcpu_map *map = &chunk->map;
	int i, empty = 0, backed = 0;

	for (i = 0; i < map->nr_blocks; i++) {
		bool is_free = all_clear(b->alloc, i * SPCPU_BLOCK_BITS,
					 (i + 1) * SPCPU_BLOCK_BITS);

		same(f, "block_free", chunk->id, spcpu_map_block_free(map, i),
		     is_free);
		if (!is_free)
			continue;
		empty++;
		backed += test_bit(i, chunk->populated);
	}
	same(f, "nr_empty", chunk->id, map->nr_empty, empty);
	same(f, "nr_empty_pop", chunk->id, chunk->nr_empty_pop, backed);
	same(f, "nr_populated", chunk->id, chunk->nr_populated,
	     bitmap_weight(chunk->populated, map->nr_blocks));
}

/* the longest run that is believed to be free */
static void check_contig(struct finding *f, const struct spcpu_chunk *chunk,
			 const struct spcpu_bitmap *b)
{
	const struct spcpu_hints *whole = &b->whole;
	const struct spcpu_map *map = &chunk->map;

	same(f, "contig is more than what is free", chunk->id,
	     map->contig > map->free_bits, 0);
	same(f, "contig of a free map", chunk->id,
	     map->contig == map->nr_bits, map->free_bits == map->nr_bits);
	same(f, "contig is 0", chunk->id, !map->contig && map->nr_empty, 0);
	if (map->engine == &spcpu_engine_bitmap)
		same(f, "longest run is not free", chunk->id,
		     all_clear(b->alloc, whole->contig_hint_start,
			       whole->contig_hint_start + whole->contig_hint), 1);
}

/* @b: what is taken, as the bitmap engine has it */
static void check_chunk(struct finding *f, const struct spcpu_chunk *chunk,
			const struct spcpu_bitmap *b)
{
	const struct spcpu_map *map = &chunk->map;

	same(f, "length", chunk->id, map->nr_bits,
	     map->nr_blocks * SPCPU_BLOCK_BITS);
	same(f, "head is not hidden", chunk->id,
	     all_set(b->alloc, 0, head_bits(chunk)), 1);
	same(f, "tail is not hidden", chunk->id,
	     all_set(b->alloc, end_bits(chunk), map->nr_bits), 1);
	same(f, "free_bits", chunk->id, map->free_bits,
	     map->nr_bits - bitmap_weight(b->alloc, map->nr_bits));
	same(f, "nr_alloc", chunk->id, chunk->nr_alloc,
	     check_areas(f, chunk, b));
	same(f, "max_alloc_size", chunk->id, !chunk->max_alloc_size,
	     !chunk->nr_alloc);
	check_contig(f, chunk, b);
	check_blocks(f, chunk, b);
}

static bool is_listed(const struct spcpu *s, const struct spcpu_chunk *chunk)
{
	const struct spcpu_chunk *pos;

	list_for_each_entry(pos, &s->chunks, all) {
		if (pos == chunk)
			return true;
	}
	return false;
}

/*
 * A chunk is where its space says, or put aside: into slot 0, out of one of the
 * slots where that is done. Isolated ones are among themselves.
 */
static void check_slot(struct finding *f, const struct spcpu *s,
		       const struct spcpu_chunk *chunk, int slot)
{
	const struct spcpu_slots *slots = &chunk->type->slots;
	int should = spcpu_slot_of_space(slots, spcpu_chunk_free_bytes(chunk),
					 spcpu_chunk_contig_bytes(chunk));

	if (chunk->isolated)
		same(f, "slot of an isolated chunk", chunk->id,
		     slot == slots->sidelined || slot == slots->to_depopulate,
		     1);
	else if (!is_listed(s, chunk) || chunk == s->reserved)
		same(f, "chunk in a slot that should not be", slot, 1, 0);
	else if (slot || should >= SPCPU_SLOT_FAIL_THRESHOLD)
		same(f, "slot", chunk->id, slot, should);
}

static int check_type(struct finding *f, const struct spcpu *s,
		      const struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;
	int slot, nr = 0, empty = 0;

	for (slot = 0; slot < type->slots.nr; slot++) {
		list_for_each_entry(chunk, &type->slots.lists[slot], node) {
			same(f, "chunk of another type", chunk->id,
			     chunk->type == type, 1);
			check_slot(f, s, chunk, slot);
			if (f->what || ++nr > MANY_CHUNKS)
				return nr;
			if (!chunk->isolated)
				empty += chunk->nr_empty_pop;
		}
	}
	same(f, "reserve", NO_CHUNK, type->nr_empty_pop, empty);
	return nr;
}

static void check_slots(struct finding *f, const struct spcpu *s)
{
	struct spcpu_chunk *chunk;
	int i, nr = 0, listed = 0;

	for (i = 0; i < SPCPU_NR_TYPES; i++)
		nr += check_type(f, s, &s->types[i]);
	list_for_each_entry(chunk, &s->chunks, all)
		listed += chunk != s->reserved;
	same(f, "chunks in slots", NO_CHUNK, nr, listed);
}

/* each possible CPU's unit at its kernel distance, and no other units */
static void check_window(struct finding *f, const struct spcpu *s,
			 const struct spcpu_chunk *chunk)
{
	const struct spcpu_window *window = chunk->window;
	unsigned long low = per_cpu_offset(s->layout->low_cpu);
	unsigned int cpu;

	for (cpu = 0; cpu < s->layout->nr_cpu_ids; cpu++) {
		const struct spcpu_unit *unit = &window->units[cpu];

		same(f, "unit is there", chunk->id, !!unit->window,
		     cpu_possible(cpu));
		if (unit->window)
			same(f, "distance of a unit", chunk->id,
			     unit->start - window->base,
			     per_cpu_offset(cpu) - low);
	}
}

/*
 * A CPU with memory has a page of its own wherever pages are backed, and nowhere
 * else; the others have none.
 */
static void check_pages(struct finding *f, const struct spcpu *s,
			const struct spcpu_chunk *chunk)
{
	const struct spcpu_window *window = chunk->window;
	unsigned int cpu, i;

	if (chunk == s->reserved)
		return;

	for_each_possible_cpu(cpu) {
		struct page **pages = spcpu_window_unit_pages(window, s->layout,
							      cpu);

		for (i = 0; i < window->nr_pages; i++)
			same(f, "page of a unit", chunk->id, !!pages[i],
			     cpumask_test_cpu(cpu, s->ready_cpus) &&
			     (chunk->immutable ||
			      test_bit(i, chunk->populated)));
	}
}

/* no area, nor a part of one, lies where there are no pages */
static void check_backed(struct finding *f, const struct spcpu_chunk *chunk,
			 const struct spcpu_bitmap *b)
{
	int i;

	for (i = 0; i < chunk->map.nr_blocks; i++) {
		if (test_bit(i, chunk->populated))
			continue;
		same(f, "area without a page", chunk->id,
		     all_clear(b->alloc, i * SPCPU_BLOCK_BITS,
			       (i + 1) * SPCPU_BLOCK_BITS), 1);
	}
	same(f, "page still leaving", chunk->id,
	     bitmap_empty(chunk->leaving, chunk->map.nr_blocks), 1);
	same(f, "still pinned", chunk->id, chunk->pins, 0);
}

static const struct spcpu_chunk *
chunk_of_unit(const struct spcpu *s, const struct spcpu_unit *unit)
{
	const struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all) {
		if (unit >= chunk->window->units &&
		    unit < chunk->window->units + s->layout->nr_cpu_ids)
			return chunk;
	}
	return NULL;
}

/*
 * Each unit of each window in its own cell of the index, and nothing else. What
 * is found may belong to no window any more: look only whose it is.
 */
static void check_index(struct finding *f, struct spcpu *s, int windows)
{
	const struct spcpu_chunk *chunk;
	const struct spcpu_unit *unit;
	int nr = 0;

	XA_STATE(xas, &s->index.units, 0);

	rcu_read_lock();
	xas_for_each(&xas, unit, ULONG_MAX) {
		chunk = chunk_of_unit(s, unit);
		same(f, "stray unit in the index", NO_CHUNK, !chunk, 0);
		if (!chunk)
			break;
		same(f, "cell of a unit", chunk->id, xas.xa_index,
		     unit->start / s->layout->unit_size);
		nr++;
	}
	rcu_read_unlock();
	same(f, "units in the index", NO_CHUNK, nr,
	     windows * s->layout->nr_cpus);
}

/**
 * struct sums - what the chunks add up to
 *
 * @windows: windows
 * @empty: backed pages without areas
 * @populated: backed pages of a unit
 * @va_pages: pages of addresses
 * @alloc: live areas
 */
struct sums {
	int windows;
	int empty;
	long populated;
	long va_pages;
	int alloc;
};

static void check_sums(struct finding *f, const struct spcpu *s,
		       const struct sums *sum)
{
	const struct spcpu_stats *st = &s->stats;

	same(f, "nr_empty", NO_CHUNK, s->nr_empty, sum->empty);
	same(f, "all nr_populated", NO_CHUNK, s->nr_populated, sum->populated);
	same(f, "pages taken", NO_CHUNK, spcpu_pages_total(&s->pages),
	     sum->populated * cpumask_weight(s->ready_cpus));
	same(f, "va_pages", NO_CHUNK, s->va_pages, sum->va_pages);
	same(f, "CPUs are being prepared", NO_CHUNK,
	     cpumask_equal(s->backed_cpus, s->ready_cpus), 1);
	same(f, "nr_cur_alloc", NO_CHUNK, st->nr_cur_alloc, sum->alloc);
	same(f, "nr_alloc - nr_dealloc", NO_CHUNK,
	     st->nr_alloc - st->nr_dealloc, sum->alloc);
	same(f, "nr_max_alloc too small", NO_CHUNK,
	     st->nr_max_alloc < st->nr_cur_alloc, 0);
	same(f, "nr_chunks", NO_CHUNK, st->nr_chunks, sum->windows);
	same(f, "nr_max_chunks too small", NO_CHUNK,
	     st->nr_max_chunks < st->nr_chunks, 0);
}

static void add_sums(struct sums *sum, const struct spcpu *s,
		     const struct spcpu_chunk *chunk)
{
	sum->alloc += chunk->nr_alloc;
	sum->empty += chunk->nr_empty_pop;
	if (chunk == s->reserved)
		return;

	sum->windows++;
	sum->va_pages += chunk->window->va_pages;
	sum->populated += chunk->immutable ? chunk->window->nr_pages :
					     chunk->nr_populated;
}

/* what is taken in a chunk; the areas of other engines are drawn into @drawn */
static const struct spcpu_bitmap *bits_of(const struct spcpu_chunk *chunk,
					  struct spcpu_map *drawn)
{
	if (chunk->map.engine == &spcpu_engine_bitmap)
		return spcpu_bitmap(&chunk->map);

	spcpu_bitmap_draw(drawn, &chunk->map);
	return spcpu_bitmap(drawn);
}

static void check_all(struct finding *f, struct spcpu *s, bool index,
		      struct spcpu_map *drawn)
{
	const struct spcpu_bitmap *b;
	struct spcpu_chunk *chunk;
	struct sums sum = { };
	long last = -1;

	list_for_each_entry(chunk, &s->chunks, all) {
		same(f, "ids do not ascend", chunk->id, chunk->id > last, 1);
		last = chunk->id;
		b = bits_of(chunk, drawn);
		check_chunk(f, chunk, b);
		check_window(f, s, chunk);
		check_pages(f, s, chunk);
		check_backed(f, chunk, b);
		add_sums(&sum, s, chunk);
		if (f->what)
			return;
	}
	same(f, "next_id", NO_CHUNK, s->next_id > last, 1);
	same(f, "first chunk is not there", NO_CHUNK, is_listed(s, s->first), 1);
	same(f, "reserved chunk is not there", NO_CHUNK,
	     is_listed(s, s->reserved), !!s->reserved);
	check_slots(f, s);
	check_sums(f, s, &sum);
	spcpu_check_cache(f, s);
	if (index) {
		check_index(f, s, sum.windows);
		spcpu_check_finder(f, s, sum.windows);
	}
}

static void check(struct kunit *test, struct spcpu *s, bool index)
{
	struct finding f = { };
	struct spcpu_map drawn;

	KUNIT_ASSERT_EQ(test, 0,
			spcpu_map_init(&drawn, &spcpu_engine_bitmap,
				       s->layout->unit_size >> PAGE_SHIFT, NULL,
				       GFP_KERNEL));
	spcpu_test_settle(s);
	/* the living module's goes on afterwards */
	cancel_delayed_work_sync(&s->cache.idle);
	spin_lock_irq(&s->lock);
	check_all(&f, s, index, &drawn);
	spin_unlock_irq(&s->lock);
	spcpu_map_exit(&drawn);
	if (atomic_read(&s->cache.nr_magazines))
		queue_delayed_work(s->wq, &s->cache.idle, HZ);

	KUNIT_ASSERT_NULL_MSG(test, f.what, "%s, chunk %d: is %ld, not %ld",
			      f.what, (int)f.id, f.is, f.should);
}

/**
 * spcpu_test_check() - check everything that must hold of an allocator
 * @test: the test, which ends if anything is wrong
 * @s: an allocator that nobody else uses meanwhile; its worker is waited for
 */
void spcpu_test_check(struct kunit *test, struct spcpu *s)
{
	check(test, s, true);
}

/**
 * spcpu_test_check_chunks() - check all but the index, which takes longest
 * @test: the test, which ends if anything is wrong
 * @s: an allocator that nobody else uses meanwhile; its worker is waited for
 */
void spcpu_test_check_chunks(struct kunit *test, struct spcpu *s)
{
	check(test, s, false);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Invent: a recording of an allocator that never was, to try out what reads
 * recordings: a shadow on paper plays the kernel, with small units, so that chunks
 * come and go. That the kernel decides likewise is for real recordings to show.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "invent.h"
#include "paper.h"
#include "random.h"
#include "recording.h"
#include "selftest.h"

#define UNIT_PAGES	16
#define FIRST_PAGES	8
#define RESERVED_PAGES	2
#define FIRST_BASE	0xffff888000100000ULL
#define MOST_OBJECTS	4000
#define MOST_CHUNKS	256

struct object {
	struct spcpu_chunk *chunk;
	unsigned int off;
};

/**
 * struct inventor - whose recording it is
 *
 * @s: the allocator
 * @out: where the recording goes
 * @rnd: its random numbers
 * @time: of the last event
 * @events: as many were written
 * @objects: live objects
 * @nr_objects: how many
 * @shrinking: they rather go now
 * @bases: chunks that the recording knows of
 * @nr_bases: how many
 */
struct inventor {
	struct spcpu *s;
	FILE *out;
	struct host_random rnd;
	u64 time;
	u64 events;
	struct object objects[MOST_OBJECTS];
	unsigned int nr_objects;
	bool shrinking;
	u64 bases[MOST_CHUNKS];
	unsigned int nr_bases;
};

static void write_op(struct inventor *v, struct spcpu_op op)
{
	char line[SPCPU_OP_LINE_MAX];

	v->time += 1 + host_below(&v->rnd, 1 << host_below(&v->rnd, 24));
	op.time = v->time;
	op.cpu = host_below(&v->rnd, 4);
	spcpu_op_line(&op, line, sizeof(line));
	fputs(line, v->out);
	v->events++;
}

static void write_snapshot(struct inventor *v)
{
	char line[SPCPU_SNAPSHOT_LINE_MAX];
	struct spcpu_snapshot_pos pos = { };
	struct spcpu_snapshot snap;

	spcpu_snapshot_init(&snap);
	expect(!spcpu_snapshot_of(v->s, &snap));
	while (spcpu_snapshot_line(&snap, &pos, line, sizeof(line)))
		fputs(line, v->out);
	spcpu_snapshot_exit(&snap);
}

static void add_first(struct spcpu_snapshot *snap, struct spcpu_slots *slots,
		      bool reserved)
{
	int nr_pages = reserved ? RESERVED_PAGES : FIRST_PAGES;
	struct spcpu_snapshot_chunk *chunk;

	chunk = spcpu_snapshot_add(snap, nr_pages, GFP_KERNEL);
	expect(chunk);
	chunk->base = FIRST_BASE + (reserved ? 0 : RESERVED_PAGES * PAGE_SIZE);
	chunk->reserved = reserved;
	chunk->immutable = true;
	chunk->head = reserved ? 1000 : 0;
	chunk->tail = reserved ? 0 : 96;
	if (reserved)
		spcpu_map_hide(&chunk->map, 0, 250);
	else
		spcpu_map_hide(&chunk->map, chunk->map.nr_bits - 24, 24);
	bitmap_fill(chunk->populated, nr_pages);
	chunk->nr_populated = nr_pages;
	chunk->nr_empty_pop = chunk->map.nr_empty;
	chunk->slot = reserved ? -1 :
		      spcpu_slot_of_space(slots, chunk->map.free_bits * 4,
					  chunk->map.contig * 4);
	if (!reserved)
		snap->nr_empty_pop = chunk->nr_empty_pop;
}

static struct spcpu *make_allocator(void)
{
	struct spcpu_snapshot snap;
	struct spcpu_slots slots;
	const char *why = "";
	struct spcpu *s;

	spcpu_snapshot_init(&snap);
	snap.unit_size = UNIT_PAGES * PAGE_SIZE;
	expect(!spcpu_slots_init(&slots, snap.unit_size));
	snap.nr_slots = slots.nr;
	add_first(&snap, &slots, true);
	add_first(&snap, &slots, false);
	expect(!spcpu_snapshot_check(&snap, &why));
	s = spcpu_paper_create(&snap);
	expect(s);
	spcpu_slots_exit(&slots);
	spcpu_snapshot_exit(&snap);
	return s;
}

static bool knows(struct inventor *v, u64 base)
{
	unsigned int i;

	for (i = 0; i < v->nr_bases; i++) {
		if (v->bases[i] == base)
			return true;
	}
	return false;
}

static void note_created(struct inventor *v)
{
	struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &v->s->chunks, all) {
		if (chunk->immutable || knows(v, chunk->window->base))
			continue;
		expect(v->nr_bases < MOST_CHUNKS);
		v->bases[v->nr_bases++] = chunk->window->base;
		write_op(v, (struct spcpu_op) {
			.kind = SPCPU_OP_CREATE,
			.base = chunk->window->base,
		});
	}
}

static void note_destroyed(struct inventor *v)
{
	unsigned int i = 0;

	while (i < v->nr_bases) {
		if (spcpu_paper_find(v->s, v->bases[i], 0)) {
			i++;
			continue;
		}
		write_op(v, (struct spcpu_op) {
			.kind = SPCPU_OP_DESTROY,
			.base = v->bases[i],
		});
		v->bases[i] = v->bases[--v->nr_bases];
	}
}

/* a unit has no more pages than fit a word */
static void note_state(struct inventor *v, const struct spcpu_chunk *chunk,
		       int slot)
{
	if (chunk->immutable)
		return;
	write_op(v, (struct spcpu_op) {
		.kind = SPCPU_OP_STATE,
		.flags = chunk->isolated ? SPCPU_OP_ISOLATED : 0,
		.base = chunk->window->base,
		.slot = slot,
		.word = *chunk->populated,
	});
}

/* in the order in which who takes it over has them in the same order in the end */
static void note_states(struct inventor *v)
{
	struct spcpu_slots *slots = &v->s->types[SPCPU_PLAIN].slots;
	struct spcpu_chunk *chunk;
	int i;

	for (i = 0; i < slots->nr; i++) {
		list_for_each_entry_reverse(chunk, &slots->lists[i], node) {
			if (!chunk->isolated)
				note_state(v, chunk, i);
		}
		list_for_each_entry(chunk, &slots->lists[i], node) {
			if (chunk->isolated)
				note_state(v, chunk, i);
		}
	}
}

static void work(struct inventor *v)
{
	write_op(v, (struct spcpu_op) { .kind = SPCPU_OP_WORKER, .word = 0 });
	spcpu_balance(v->s, &v->s->types[SPCPU_PLAIN]);
	note_destroyed(v);
	note_created(v);
	note_states(v);
	write_op(v, (struct spcpu_op) { .kind = SPCPU_OP_WORKER, .word = 1 });
}

static struct spcpu_chunk *find(struct inventor *v,
				const struct spcpu_request *req,
				struct spcpu_fit *fit)
{
	struct spcpu_chunk *chunk;

	spin_lock_irq(&v->s->lock);
	chunk = spcpu_place_find(v->s, req, fit, NULL);
	spin_unlock_irq(&v->s->lock);
	return chunk;
}

static struct spcpu_chunk *find_or_grow(struct inventor *v,
					const struct spcpu_request *req,
					struct spcpu_fit *fit)
{
	struct spcpu_chunk *chunk = find(v, req, fit);

	if (chunk || req->reserved || !gfpflags_allow_blocking(req->gfp))
		return chunk;
	expect(v->s->paging->grow(v->s, req->gfp));
	note_created(v);
	return find(v, req, fit);
}

static void take(struct inventor *v, struct spcpu_chunk *chunk,
		 const struct spcpu_fit *fit)
{
	unsigned int last = (fit->off + fit->bits - 1) / SPCPU_BLOCK_BITS;
	struct spcpu_gap gap = { chunk, fit->off / SPCPU_BLOCK_BITS, 0 };

	gap.nr = last - gap.from + 1;
	expect(!v->s->paging->populate(v->s, &gap, GFP_KERNEL));
	spin_lock_irq(&v->s->lock);
	spcpu_place_take(v->s, chunk, fit);
	spin_unlock_irq(&v->s->lock);
	v->objects[v->nr_objects++] = (struct object) {
		chunk, fit->off << SPCPU_GRANULE_SHIFT
	};
}

/* mostly small; some from callers that cannot sleep, and a few reserved ones */
static struct spcpu_request choose(struct host_random *rnd)
{
	unsigned int shift = host_below(rnd, host_below(rnd, 8) ? 9 : 14);

	return (struct spcpu_request) {
		.size = ALIGN((1 << shift) + host_below(rnd, 1 << shift) + 1, 4),
		.align = 4 << host_below(rnd, host_below(rnd, 4) ? 5 : 11),
		.gfp = host_below(rnd, 4) ? GFP_KERNEL : GFP_ATOMIC,
		.reserved = !host_below(rnd, 200),
	};
}

static void add(struct inventor *v)
{
	struct spcpu_chunk_type *type = &v->s->types[SPCPU_PLAIN];
	struct spcpu_request req = choose(&v->rnd);
	struct spcpu_op op = {
		.kind = SPCPU_OP_FAIL,
		.flags = (req.reserved ? SPCPU_OP_RESERVED : 0) |
			 (req.gfp == GFP_ATOMIC ? SPCPU_OP_ATOMIC : 0),
		.size = req.size,
		.align = req.align,
	};
	struct spcpu_chunk *chunk;
	struct spcpu_fit fit;

	chunk = find_or_grow(v, &req, &fit);
	if (chunk) {
		op.kind = SPCPU_OP_ALLOC;
		op.base = chunk->window->base;
		op.off = fit.off << SPCPU_GRANULE_SHIFT;
		take(v, chunk, &fit);
	} else if (req.gfp == GFP_ATOMIC) {
		type->atomic_failed = true;
	}
	write_op(v, op);
	if (type->atomic_failed || type->nr_empty_pop < SPCPU_EMPTY_POP_PAGES_LOW)
		work(v);
}

static void remove_one(struct inventor *v)
{
	struct object *o = &v->objects[host_below(&v->rnd, v->nr_objects)];
	bool kick = false;

	write_op(v, (struct spcpu_op) {
		.kind = SPCPU_OP_FREE,
		.base = o->chunk->window->base,
		.off = o->off,
	});
	spin_lock_irq(&v->s->lock);
	spcpu_place_give(v->s, o->chunk, o->off, &kick);
	spin_unlock_irq(&v->s->lock);
	*o = v->objects[--v->nr_objects];
	if (kick)
		work(v);
}

/**
 * host_invent() - write a recording
 * @out: where to
 * @seed: the same seed makes the same recording
 * @steps: allocations and frees
 */
void host_invent(FILE *out, u64 seed, unsigned int steps)
{
	struct inventor *v = host_alloc(sizeof(*v));
	unsigned int most;

	expect(v);
	v->s = make_allocator();
	v->out = out;
	v->rnd = host_random_of(seed);
	most = 1 + host_below(&v->rnd, 1000);

	fputs("shadow_percpu recording 1\n# invented\n", out);
	fputs("kernel 0.0.0 possible=4 online=4\n", out);
	write_snapshot(v);
	for (; steps; steps--) {
		if (v->nr_objects == most || !host_below(&v->rnd, 300))
			v->shrinking = !v->shrinking;
		if (v->nr_objects && (v->nr_objects == most ||
				      !host_below(&v->rnd, 4) == !v->shrinking))
			remove_one(v);
		else
			add(v);
	}
	write_snapshot(v);
	fprintf(out, "end %llu 0\n", v->events);
	spcpu_paper_destroy(v->s);
	host_free(v);
}

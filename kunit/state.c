// SPDX-License-Identifier: GPL-2.0
/*
 * All that an allocator knows, byte for byte: so that a call that was refused
 * can be shown to have changed nothing.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "engine_bitmap.h"
#include "fixture.h"
#include "state.h"

/**
 * struct spcpu_state - what was written down
 *
 * @len: bytes
 * @room: bytes that there is room for
 * @bytes: counts, the chunks of each slot in order, the chunks with their maps
 */
struct spcpu_state {
	size_t len;
	size_t room;
	u8 bytes[];
};

/* without room it still counts what it would take */
static void note(struct spcpu_state *snap, const void *what, size_t len)
{
	if (snap->len + len <= snap->room)
		memcpy(snap->bytes + snap->len, what, len);
	snap->len += len;
}

static void note_counts(struct spcpu_state *snap, const struct spcpu *s)
{
	note(snap, &s->stats, sizeof(s->stats));
	note(snap, &s->nr_empty, sizeof(s->nr_empty));
	note(snap, &s->va_pages, sizeof(s->va_pages));
	note(snap, &s->nr_populated, sizeof(s->nr_populated));
	note(snap, &s->next_id, sizeof(s->next_id));
	note(snap, &s->dying, sizeof(s->dying));
}

static void note_type(struct spcpu_state *snap,
		      const struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;
	int slot;

	note(snap, &type->nr_empty_pop, sizeof(type->nr_empty_pop));
	for (slot = 0; slot < type->slots.nr; slot++) {
		note(snap, &slot, sizeof(slot));
		list_for_each_entry(chunk, &type->slots.lists[slot], node)
			note(snap, &chunk->id, sizeof(chunk->id));
	}
}

static void note_bitmap(struct spcpu_state *snap, const struct spcpu_map *map)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(map);

	note(snap, b->blocks, map->nr_blocks * sizeof(*b->blocks));
	note(snap, b->alloc, BITS_TO_LONGS(map->nr_bits) * sizeof(long));
	note(snap, b->bound, BITS_TO_LONGS(map->nr_bits + 1) * sizeof(long));
}

/* of another engine: its areas */
static void note_areas(struct spcpu_state *snap, const struct spcpu_map *map)
{
	int at = 0, bits;

	while ((at = spcpu_map_next(map, at, &bits)) >= 0) {
		note(snap, &at, sizeof(at));
		note(snap, &bits, sizeof(bits));
		at += bits;
	}
}

static void note_chunk(struct spcpu_state *snap,
		       const struct spcpu_chunk *chunk)
{
	const struct spcpu_map *map = &chunk->map;

	note(snap, chunk, sizeof(*chunk));
	note(snap, chunk->populated,
	     BITS_TO_LONGS(map->nr_blocks) * sizeof(long));
	if (map->engine == &spcpu_engine_bitmap)
		note_bitmap(snap, map);
	else
		note_areas(snap, map);
}

static void note_all(struct spcpu_state *snap, struct spcpu *s)
{
	struct spcpu_chunk *chunk;

	snap->len = 0;
	spin_lock_irq(&s->lock);
	note_counts(snap, s);
	note_type(snap, &s->types[SPCPU_PLAIN]);
	note_type(snap, &s->types[SPCPU_ACCOUNTED]);
	list_for_each_entry(chunk, &s->chunks, all)
		note_chunk(snap, chunk);
	spin_unlock_irq(&s->lock);
}

/* what the cache would give back some time later it gives back now */
static void settle(struct spcpu *s)
{
	if (s->options.cache)
		spcpu_cache_drain(s);
	flush_delayed_work(&s->cache.idle);
	spcpu_test_settle(s);
}

static struct spcpu_state *snapshot(struct spcpu *s)
{
	struct spcpu_state measure = { }, *snap;

	settle(s);
	note_all(&measure, s);
	snap = kvzalloc(struct_size(snap, bytes, measure.len), GFP_KERNEL);
	if (!snap)
		return NULL;

	snap->room = measure.len;
	note_all(snap, s);
	return snap;
}

static void put_snapshot(struct kunit_resource *res)
{
	kvfree(res->data);
}

/**
 * spcpu_state_take() - write down all that an allocator knows
 * @test: the test, which owns it
 * @s: an allocator that nobody else uses meanwhile; its worker is waited for
 *
 * Return: The snapshot; the test ends without memory for it.
 */
struct spcpu_state *spcpu_state_take(struct kunit *test, struct spcpu *s)
{
	struct spcpu_state *snap = snapshot(s);

	KUNIT_ASSERT_NOT_NULL(test, snap);
	KUNIT_ASSERT_NOT_NULL(test, kunit_alloc_resource(test, NULL,
							 put_snapshot,
							 GFP_KERNEL, snap));
	return snap;
}

static bool is_snapshot(struct kunit *test, struct kunit_resource *res,
			void *snap)
{
	return res->free == put_snapshot && res->data == snap;
}

/**
 * spcpu_state_drop() - forget a snapshot before the test ends
 * @test: the test
 * @snap: what spcpu_state_take() gave it
 */
void spcpu_state_drop(struct kunit *test, struct spcpu_state *snap)
{
	KUNIT_EXPECT_EQ(test, 0,
			kunit_destroy_resource(test, is_snapshot, snap));
}

/**
 * spcpu_state_expect() - nothing has changed
 * @test: the test
 * @s: the allocator
 * @before: what it knew before
 * @after_what: what was done since, for the report
 */
void spcpu_state_expect(struct kunit *test, struct spcpu *s,
			const struct spcpu_state *before,
			const char *after_what)
{
	struct spcpu_state *now = snapshot(s);
	bool same;

	KUNIT_ASSERT_NOT_NULL(test, now);
	same = now->len == before->len &&
	       !memcmp(now->bytes, before->bytes, now->len);
	kvfree(now);
	KUNIT_EXPECT_TRUE_MSG(test, same, "changed by %s", after_what);
}

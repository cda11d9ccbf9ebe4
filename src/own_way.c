// SPDX-License-Identifier: GPL-2.0
/*
 * Own way: an object is where the shadow put it, and is known by where it was
 * recorded. The worker is no thread: what it is woken for it does at once.
 */
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "own_way.h"

#define TABLE_BITS	14

/**
 * struct object - a live object
 *
 * @node: in the table
 * @base: chunk where it was recorded
 * @off: offset there
 * @chunk: chunk where it is; NULL if there was no room
 * @at: offset there
 */
struct object {
	struct hlist_node node;
	u64 base;
	u32 off;
	struct spcpu_chunk *chunk;
	u32 at;
};

/**
 * struct spcpu_own_way - all objects
 *
 * Those that lived before the recording are where they were recorded, and are
 * not in the table.
 *
 * @s: the shadow
 * @table: objects by where they were recorded
 */
struct spcpu_own_way {
	struct spcpu *s;
	struct hlist_head table[1 << TABLE_BITS];
};

/**
 * spcpu_own_way_create() - no objects yet
 * @s: the shadow
 *
 * Context: Process context. May sleep.
 * Return: For spcpu_own_way_destroy(); NULL without memory.
 */
struct spcpu_own_way *spcpu_own_way_create(struct spcpu *s)
{
	struct spcpu_own_way *own = kvzalloc(sizeof(*own),
					     GFP_KERNEL | __GFP_NOWARN);

	if (own)
		own->s = s;
	return own;
}

/**
 * spcpu_own_way_destroy() - forget where they are
 * @own: the objects, or NULL
 *
 * Context: Process context. May sleep.
 */
void spcpu_own_way_destroy(struct spcpu_own_way *own)
{
	struct hlist_node *next;
	struct object *object;
	unsigned int i;

	if (!own)
		return;

	for (i = 0; i < ARRAY_SIZE(own->table); i++) {
		hlist_for_each_entry_safe(object, next, &own->table[i], node)
			kfree(object);
	}
	kvfree(own);
}

static struct hlist_head *cell_of(struct spcpu_own_way *own,
				  const struct spcpu_op *op)
{
	return &own->table[hash_64(op->base + op->off, TABLE_BITS)];
}

static struct object *find(struct spcpu_own_way *own, const struct spcpu_op *op)
{
	struct object *object;

	hlist_for_each_entry(object, cell_of(own, op), node) {
		if (object->base == op->base && object->off == op->off)
			return object;
	}
	return NULL;
}

static void work(struct spcpu *s)
{
	spcpu_balance(s, &s->types[SPCPU_PLAIN]);
}

/* room, made if that is allowed; NULL if there is none */
static struct spcpu_chunk *place(struct spcpu *s,
				 const struct spcpu_request *req,
				 struct spcpu_fit *fit)
{
	struct spcpu_chunk *chunk;

	spin_lock_irq(&s->lock);
	chunk = spcpu_place_find(s, req, fit, NULL);
	spin_unlock_irq(&s->lock);
	if (chunk || !gfpflags_allow_blocking(req->gfp) ||
	    (req->reserved && s->reserved) || !s->paging->grow(s, req->gfp))
		return chunk;

	spin_lock_irq(&s->lock);
	chunk = spcpu_place_find(s, req, fit, NULL);
	spin_unlock_irq(&s->lock);
	return chunk;
}

static void take(struct spcpu *s, struct spcpu_chunk *chunk,
		 const struct spcpu_fit *fit)
{
	struct spcpu_gap gap = {
		.chunk = chunk,
		.from = fit->off / SPCPU_BLOCK_BITS,
	};

	gap.nr = (fit->off + fit->bits - 1) / SPCPU_BLOCK_BITS - gap.from + 1;
	s->paging->populate(s, &gap, GFP_KERNEL);
	spin_lock_irq(&s->lock);
	spcpu_place_take(s, chunk, fit);
	spin_unlock_irq(&s->lock);
}

/**
 * spcpu_own_way_alloc() - an object comes
 * @own: the objects
 * @op: where it was recorded
 * @req: what it asks for
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM for the memory to remember it in, or a new chunk.
 */
int spcpu_own_way_alloc(struct spcpu_own_way *own, const struct spcpu_op *op,
			const struct spcpu_request *req)
{
	struct spcpu_chunk_type *type = &own->s->types[SPCPU_PLAIN];
	struct object *object = kzalloc(sizeof(*object), GFP_KERNEL);
	struct spcpu_fit fit;

	if (!object)
		return -ENOMEM;

	object->base = op->base;
	object->off = op->off;
	object->chunk = place(own->s, req, &fit);
	if (!object->chunk && gfpflags_allow_blocking(req->gfp) &&
	    !(req->reserved && own->s->reserved)) {
		/* not that the one on paper has none */
		kfree(object);
		return -ENOMEM;
	}
	if (object->chunk) {
		object->at = fit.off << SPCPU_GRANULE_SHIFT;
		take(own->s, object->chunk, &fit);
	}
	hlist_add_head(&object->node, cell_of(own, op));

	type->atomic_failed |= !object->chunk;
	if (type->atomic_failed ||
	    type->nr_empty_pop < SPCPU_EMPTY_POP_PAGES_LOW)
		work(own->s);
	return 0;
}

/* objects from before the recording are where it says; their chunks stay theirs */
static struct spcpu_chunk *find_older(struct spcpu *s, const struct spcpu_op *op)
{
	struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk->window->base == op->base &&
		    spcpu_chunk_has(chunk, op->off) &&
		    spcpu_map_size(&chunk->map,
				   op->off >> SPCPU_GRANULE_SHIFT) > 0)
			return chunk;
	}
	return NULL;
}

/**
 * spcpu_own_way_free() - an object goes
 * @own: the objects
 * @op: where it was recorded
 *
 * Context: Process context. May sleep.
 * Return: False if there is no such object.
 */
bool spcpu_own_way_free(struct spcpu_own_way *own, const struct spcpu_op *op)
{
	struct object *object = find(own, op);
	struct spcpu_chunk *chunk;
	bool kick = false;
	u32 at = op->off;

	if (object) {
		chunk = object->chunk;
		at = object->at;
		hlist_del(&object->node);
		kfree(object);
		if (!chunk)
			return true;
	} else {
		chunk = find_older(own->s, op);
		if (!chunk)
			return false;
	}

	spin_lock_irq(&own->s->lock);
	spcpu_place_give(own->s, chunk, at, &kick);
	spin_unlock_irq(&own->s->lock);
	if (kick)
		work(own->s);
	return true;
}

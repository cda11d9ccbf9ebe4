// SPDX-License-Identifier: GPL-2.0
/*
 * Enlarge: an engine whose record of a chunk grows gets memory for it here, where
 * no lock is held (Linux 3.14: pcpu_need_to_extend(); 3.18: pcpu_map_extend_work()).
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "core.h"

/**
 * spcpu_enlarge() - give a chunk's record the memory that it wants
 * @s: the allocator
 * @chunk: a chunk that is pinned; whether it wants anything is seen here
 * @gfp: the caller's flags; must allow to sleep
 *
 * Context: Process context. May sleep. No lock held.
 * Return: 0, or -ENOMEM, and all is as before.
 */
int spcpu_enlarge(struct spcpu *s, struct spcpu_chunk *chunk, gfp_t gfp)
{
	struct spcpu_map *map = &chunk->map;
	size_t bytes;
	void *room;

	spin_lock_irq(&s->lock);
	bytes = spcpu_map_wants(map);
	spin_unlock_irq(&s->lock);
	if (!bytes)
		return 0;

	room = kvmalloc(bytes, gfp & (GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	if (!room)
		return -ENOMEM;

	spin_lock_irq(&s->lock);
	room = map->engine->move(map, room, bytes);
	spin_unlock_irq(&s->lock);
	kvfree(room);
	return 0;
}

/* pinned: the next chunk of this kind that wants more, or NULL */
static struct spcpu_chunk *next_cramped(struct spcpu *s,
					const struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk, *found = NULL;

	spin_lock_irq(&s->lock);
	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk->type != type || !spcpu_map_wants(&chunk->map))
			continue;
		spcpu_pin(s, chunk);
		found = chunk;
		break;
	}
	spin_unlock_irq(&s->lock);
	return found;
}

/**
 * spcpu_enlarge_all() - have room in all records, for callers who cannot wait
 * @s: the allocator
 * @type: chunks of this kind
 *
 * Context: Process context. May sleep. No lock held.
 */
void spcpu_enlarge_all(struct spcpu *s, const struct spcpu_chunk_type *type)
{
	struct spcpu_chunk *chunk;
	int err = 0;

	if (!s->options.engine->wants)
		return;

	while (!err && (chunk = next_cramped(s, type))) {
		err = spcpu_enlarge(s, chunk, GFP_KERNEL | __GFP_NOWARN);
		spcpu_let_go(s, chunk);
	}
}

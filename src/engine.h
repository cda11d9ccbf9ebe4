/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Engine: where in a chunk an area goes.
 *
 * This is all that stands between the core and a placement policy. An engine is
 * pure: no pages, no locks, no kernel VM. It knows granules (4 bytes) and blocks
 * (a page's worth of granules) and nothing else, so it can be run by the million
 * outside of any chunk.
 *
 * Who writes one fills in a struct spcpu_engine, adds it to the list in engine.c,
 * and is held against a byte-by-byte model by the suites for engines
 * (kunit/engine_test.c); Documentation/generations.rst walks through it.
 */
#ifndef SPCPU_ENGINE_H
#define SPCPU_ENGINE_H

#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/types.h>

#define SPCPU_GRANULE_SHIFT	2
#define SPCPU_GRANULE		((int)BIT(SPCPU_GRANULE_SHIFT))
#define SPCPU_BLOCK_BITS	((int)(PAGE_SIZE >> SPCPU_GRANULE_SHIFT))

struct spcpu_engine;

/**
 * struct spcpu_map - the space of one chunk
 *
 * What the core wants to know without asking. The engine keeps @free_bits,
 * @nr_empty, @contig and @bytes up to date; the rest stays as it was set up.
 *
 * @engine: who places areas here
 * @own: what the engine remembers of it
 * @populated: bit set: the page is backed; owned by the chunk, read by the engine
 * @nr_blocks: number of blocks, which is the number of pages of a unit's part
 * @nr_bits: number of granules
 * @free_bits: number of free granules
 * @nr_empty: number of blocks that are free from end to end
 * @contig: granules of the longest run that is believed to be free: it decides in
 *          which slot the chunk is. It is 0 only if hardly anything is free. Two
 *          things hold whatever an engine believes: it is not above @free_bits,
 *          and it is @nr_bits when all is free. Chunks are given up for that
 * @bytes: memory that @own takes
 */
struct spcpu_map {
	const struct spcpu_engine *engine;
	void *own;
	const unsigned long *populated;
	int nr_blocks;
	int nr_bits;
	int free_bits;
	int nr_empty;
	int contig;
	size_t bytes;
};

/**
 * struct spcpu_wish - what an allocation asks for, in granules
 *
 * @bits: length, from 1 to 8192
 * @align: alignment, a power of two up to SPCPU_BLOCK_BITS
 * @populated: only where all pages are backed
 */
struct spcpu_wish {
	int bits;
	int align;
	bool populated;
};

/**
 * struct spcpu_fit - a place for an area, in granules
 *
 * @off: where it would begin
 * @bits: its length
 * @own: what the engine wants to know again when the place is taken; zeros, if
 *       nobody searched
 */
struct spcpu_fit {
	int off;
	int bits;
	int own[3];
};

/**
 * struct spcpu_engine - a placement policy
 *
 * None of it sleeps but @init and @exit, none but @init takes memory, and whoever
 * calls serializes access to the map and its bits of backed pages. Positions and
 * lengths are in granules.
 *
 * @name: what the parameter engine= calls it
 * @init: make the record of a map that is free from end to end; its @nr_blocks,
 *	@nr_bits, @free_bits, @nr_empty and @contig say so already. 0, or -ENOMEM:
 *	@exit is called then, too
 * @exit: free the record, or the parts of it that there are
 * @find: where would an area go? 0, and @fit says; -ENOSPC: no room, which another
 *	try will not change before something is freed or backed; -EAGAIN: none now,
 *	but it was worth a look; -ENOBUFS: the record has no room for another area,
 *	ask after @move. It may lower @contig, if it knows better now; of all else
 *	nobody notices that it was asked
 * @take: place an area; nothing has changed since @find said where. Also one end of
 *	a new map, which spcpu_map_hide() hides
 * @size: length of the area that begins at @off; -ENOENT: @off is free; -EINVAL: it
 *	is in the middle of an area. @off is in range
 * @free: give back the area that begins at @off: its length, or the errors of @size,
 *	and nothing changed. @off is in range
 * @next: the first area that begins at @from or after, and its length in @bits;
 *	-ENOENT: none. Who walks through a map asks it from one end to the other
 * @block_free: is this block free from end to end?
 * @wants: bytes of memory that the record should move to, more than it has, before
 *	it is full; 0: it has room. NULL for an engine whose records do not grow
 * @move: move the record to @room, of at least as many bytes as @wants said, and
 *	return what it had before, for kvfree(). If it has as much by now, it
 *	returns @room. Set with @wants
 */
struct spcpu_engine {
	const char *name;
	int (*init)(struct spcpu_map *map, gfp_t gfp);
	void (*exit)(struct spcpu_map *map);
	int (*find)(struct spcpu_map *map, const struct spcpu_wish *wish,
		    struct spcpu_fit *fit);
	void (*take)(struct spcpu_map *map, const struct spcpu_fit *fit);
	int (*size)(const struct spcpu_map *map, int off);
	int (*free)(struct spcpu_map *map, int off);
	int (*next)(const struct spcpu_map *map, int from, int *bits);
	bool (*block_free)(const struct spcpu_map *map, int i);
	size_t (*wants)(const struct spcpu_map *map);
	void *(*move)(struct spcpu_map *map, void *room, size_t bytes);
};

extern const struct spcpu_engine spcpu_engine_bitmap;
extern const struct spcpu_engine spcpu_engine_areamap;
extern const struct spcpu_engine spcpu_engine_bestfit;

/* all of them, the default first, ended by NULL */
extern const struct spcpu_engine * const spcpu_engines[];

const struct spcpu_engine *spcpu_engine_named(const char *name);

int spcpu_map_init(struct spcpu_map *map, const struct spcpu_engine *engine,
		   int nr_pages, const unsigned long *populated, gfp_t gfp);
void spcpu_map_exit(struct spcpu_map *map);
void spcpu_map_hide(struct spcpu_map *map, int off, int bits);
int spcpu_map_alloc(struct spcpu_map *map, int bits, int align, bool populated);
int spcpu_map_size(const struct spcpu_map *map, int off);
int spcpu_map_around(const struct spcpu_map *map, int off, int *bits);
int spcpu_map_free(struct spcpu_map *map, int off);
size_t spcpu_map_wants(const struct spcpu_map *map);

/* for engines */
int spcpu_map_fit(const struct spcpu_map *map, int at, int end,
		  const struct spcpu_wish *wish);

static inline int spcpu_map_find(struct spcpu_map *map, int bits, int align,
				 bool populated, struct spcpu_fit *fit)
{
	const struct spcpu_wish wish = { bits, align, populated };

	return map->engine->find(map, &wish, fit);
}

static inline void spcpu_map_take(struct spcpu_map *map,
				  const struct spcpu_fit *fit)
{
	map->engine->take(map, fit);
	/* not free from end to end any more, even if the engine has not looked */
	map->contig = min(map->contig, map->free_bits);
}

static inline int spcpu_map_next(const struct spcpu_map *map, int from,
				 int *bits)
{
	return map->engine->next(map, from, bits);
}

static inline bool spcpu_map_block_free(const struct spcpu_map *map, int i)
{
	return map->engine->block_free(map, i);
}

#endif /* SPCPU_ENGINE_H */

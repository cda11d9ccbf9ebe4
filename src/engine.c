// SPDX-License-Identifier: GPL-2.0
/*
 * Engine: those that there are, and what is the same with all of them.
 */
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "engine.h"

const struct spcpu_engine * const spcpu_engines[] = {
	&spcpu_engine_bitmap,
	&spcpu_engine_areamap,
	&spcpu_engine_bestfit,
	NULL
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_engines);

/**
 * spcpu_engine_named() - find an engine
 * @name: what the parameter engine= says
 *
 * Context: Any.
 * Return: The engine, or NULL: there is none of that name.
 */
const struct spcpu_engine *spcpu_engine_named(const char *name)
{
	int i;

	for (i = 0; spcpu_engines[i]; i++) {
		if (!strcmp(name, spcpu_engines[i]->name))
			return spcpu_engines[i];
	}
	return NULL;
}

/**
 * spcpu_map_init() - make a map, all of it free
 * @map: what to initialize
 * @engine: who places areas in it
 * @nr_pages: length in pages, which are blocks, from 1 to what an int holds in
 *            granules
 * @populated: a bit a page, set while the page is backed; read when an area is
 *             wanted in backed pages only, and may be NULL if none ever is
 * @gfp: how memory is allocated
 *
 * Context: Any that @gfp allows.
 * Return: 0, or -ENOMEM, and nothing is left allocated.
 */
int spcpu_map_init(struct spcpu_map *map, const struct spcpu_engine *engine,
		   int nr_pages, const unsigned long *populated, gfp_t gfp)
{
	*map = (struct spcpu_map){ };
	if (nr_pages < 1 || nr_pages > (INT_MAX - 1) / SPCPU_BLOCK_BITS)
		return -ENOMEM;

	*map = (struct spcpu_map){
		.engine = engine,
		.populated = populated,
		.nr_blocks = nr_pages,
		.nr_bits = nr_pages * SPCPU_BLOCK_BITS,
		.free_bits = nr_pages * SPCPU_BLOCK_BITS,
		.nr_empty = nr_pages,
		.contig = nr_pages * SPCPU_BLOCK_BITS,
	};
	if (!engine->init(map, gfp))
		return 0;

	spcpu_map_exit(map);
	return -ENOMEM;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_init);

/**
 * spcpu_map_exit() - free a map
 * @map: a map that spcpu_map_init() was called for, with whatever result
 *
 * Leaves a map of no length. Areas that are still in it need no more care.
 *
 * Context: Process context; may be called twice.
 */
void spcpu_map_exit(struct spcpu_map *map)
{
	if (map->engine)
		map->engine->exit(map);
	*map = (struct spcpu_map){ };
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_exit);

/**
 * spcpu_map_hide() - take one end of a map out of service for ever
 * @map: the map, without areas; the beginning is hidden before the end
 * @off: first granule to hide: 0, or @map->nr_bits - @bits
 * @bits: how many granules, from 1 up; some must be left
 *
 * The hidden range looks like an area, which must never be freed.
 *
 * Context: Any; the caller serializes access to @map.
 */
void spcpu_map_hide(struct spcpu_map *map, int off, int bits)
{
	const struct spcpu_fit end = { .off = off, .bits = bits };

	spcpu_map_take(map, &end);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_hide);

/**
 * spcpu_map_alloc() - find a place and take it
 * @map: the map
 * @bits: length in granules, from 1 to 8192
 * @align: alignment in granules, a power of two up to SPCPU_BLOCK_BITS
 * @populated: only where all pages are backed
 *
 * Context: Any; the caller serializes access to @map and to its bits of backed
 * pages.
 * Return: the position in granules; the errors of &spcpu_engine.find, and all is
 * as before.
 */
int spcpu_map_alloc(struct spcpu_map *map, int bits, int align, bool populated)
{
	struct spcpu_fit fit;
	int err;

	err = spcpu_map_find(map, bits, align, populated, &fit);
	if (err)
		return err;

	spcpu_map_take(map, &fit);
	return fit.off;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_alloc);

static bool has_place(const struct spcpu_map *map, int off)
{
	return off >= 0 && off < map->nr_bits;
}

/**
 * spcpu_map_size() - length of the area that begins at a position
 * @map: the map
 * @off: position in granules, any value
 *
 * A hidden range answers as an area.
 *
 * Context: Any; the caller serializes access to @map.
 * Return: granules; -ENOENT if @off is free; -EINVAL if it is out of range or
 * in the middle of an area.
 */
int spcpu_map_size(const struct spcpu_map *map, int off)
{
	return has_place(map, off) ? map->engine->size(map, off) : -EINVAL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_size);

/**
 * spcpu_map_around() - the area that has a granule
 * @map: the map
 * @off: position in granules, any value
 * @bits: set to the length of the area in granules, if there is one
 *
 * A hidden range answers as an area. Goes through all areas before it.
 *
 * Context: Any; the caller serializes access to @map.
 * Return: where it begins; -ENOENT if @off is free; -EINVAL if out of range.
 */
int spcpu_map_around(const struct spcpu_map *map, int off, int *bits)
{
	int at = 0, len;

	if (!has_place(map, off))
		return -EINVAL;

	while ((at = spcpu_map_next(map, at, &len)) >= 0 && at <= off) {
		if (off < at + len) {
			*bits = len;
			return at;
		}
		at += len;
	}
	return -ENOENT;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_around);

/**
 * spcpu_map_free() - give an area back
 * @map: the map
 * @off: where it begins, in granules; anything but a hidden range
 *
 * Context: Any; the caller serializes access to @map.
 * Return: granules freed; the errors of spcpu_map_size(), and nothing changed.
 */
int spcpu_map_free(struct spcpu_map *map, int off)
{
	int bits;

	if (!has_place(map, off))
		return -EINVAL;

	bits = map->engine->free(map, off);
	/* free from end to end, even if the engine has not looked so far */
	if (map->free_bits == map->nr_bits)
		map->contig = map->nr_bits;
	return bits;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_free);

/**
 * spcpu_map_wants() - has the record to grow soon?
 * @map: the map
 *
 * Context: Any; the caller serializes access to @map.
 * Return: bytes of memory for &spcpu_engine.move; 0: it has room.
 */
size_t spcpu_map_wants(const struct spcpu_map *map)
{
	return map->engine->wants ? map->engine->wants(map) : 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_wants);

/**
 * spcpu_map_fit() - the first place for an area in a free run
 * @map: the map
 * @at: where the run begins
 * @end: where it ends
 * @wish: what is asked for
 *
 * Context: Any; the caller serializes access to @map's bits of backed pages.
 * Return: the position, or -ENOSPC.
 */
int spcpu_map_fit(const struct spcpu_map *map, int at, int end,
		  const struct spcpu_wish *wish)
{
	int first, last, hole;

	for (at = ALIGN(at, wish->align); at + wish->bits <= end;
	     at = ALIGN(at, wish->align)) {
		if (!wish->populated)
			return at;

		first = at / SPCPU_BLOCK_BITS;
		last = (at + wish->bits - 1) / SPCPU_BLOCK_BITS;
		hole = find_next_zero_bit(map->populated, last + 1, first);
		if (hole > last)
			return at;
		at = find_next_bit(map->populated, map->nr_blocks, hole) *
		     SPCPU_BLOCK_BITS;
	}
	return -ENOSPC;
}

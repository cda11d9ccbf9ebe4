/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Streams of allocations and frees, played to an allocator: what its parts share.
 */
#ifndef BENCH_PLAYER_H
#define BENCH_PLAYER_H

#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/types.h>

#define PLAYER_LINE_MAX		64

/**
 * struct player_way - an allocator of objects that have a copy for each CPU
 *
 * What it hands out is only ever given back to it.
 *
 * @name: what it is called
 * @alloc: an object, all copies zeroed; NULL if there is no room
 * @free: give it back
 * @copy: where the copy of a CPU is
 * @copy_bytes: what each copy really takes; may be NULL
 * @array_bytes: and what an object takes beside its copies
 * @slab_objects: pieces of slab memory that all its objects are
 */
struct player_way {
	const char *name;
	void *(*alloc)(size_t size, size_t align, gfp_t gfp);
	void (*free)(void *object);
	void *(*copy)(void *object, int cpu);
	size_t (*copy_bytes)(void *object);
	size_t (*array_bytes)(void *object);
	long (*slab_objects)(void);
};

/**
 * struct player_costs - what calls took, one by one
 *
 * @took: of each, in no order
 * @nr: how many
 * @most: and how many there is room for
 * @sum: of all
 */
struct player_costs {
	u32 *took;
	unsigned int nr;
	unsigned int most;
	u64 sum;
};

/**
 * struct player - one allocator, and what it was asked for
 *
 * All memory is there from the beginning, so that nothing is allocated in between
 * but by the allocator.
 *
 * @way: the allocator
 * @lock: one writer or reader at a time
 * @objects: those that are live, by their ID
 * @most: IDs are below
 * @live: how many they are
 * @bytes: and how many bytes were asked for
 * @failed: allocations in vain, and lines that are none
 * @wrong: copies that were not zero at first, or did not keep what was written
 * @nothing: what taking the time takes
 * @allocs: what allocations took
 * @frees: what frees took
 * @line: what was written since the last newline
 * @len: how long that is
 */
struct player {
	const struct player_way *way;
	struct mutex lock;	/* of all below */
	struct player_object *objects;
	unsigned int most;
	unsigned long live;
	unsigned long bytes;
	unsigned long failed;
	unsigned long wrong;
	u64 nothing;
	struct player_costs allocs;
	struct player_costs frees;
	char line[PLAYER_LINE_MAX];
	size_t len;
};

/* player.c */
int player_init(struct player *p, const struct player_way *way, unsigned int most);
void player_exit(struct player *p);
void player_write(struct player *p, const char *text, size_t len);
void player_show(struct player *p, struct seq_file *m);

/* player_costs.c */
int player_costs_init(struct player_costs *costs, unsigned int most);
void player_costs_exit(struct player_costs *costs);
void player_costs_add(struct player_costs *costs, u64 took);
void player_costs_show(struct player_costs *costs, const char *name,
		       struct seq_file *m);

#endif /* BENCH_PLAYER_H */

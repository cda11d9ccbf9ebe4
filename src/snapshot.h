/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Snapshot: all chunks of a percpu allocator at one moment, the kernel's or a
 * shadow's: in which order they are asked, what is taken, and what is known of
 * the rest.
 *
 * Pure: no locks, no pages; the text form is that of recordings
 * (Documentation/replay.rst).
 */
#ifndef SPCPU_SNAPSHOT_H
#define SPCPU_SNAPSHOT_H

#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "engine_bitmap.h"

/* the longest line of the text form, with its end */
#define SPCPU_SNAPSHOT_LINE_MAX	768

/*
 * Of a CPU, in all chunks that somebody writes of: more than machines have, and a limit
 * to what it takes to remember their maps.
 */
#define SPCPU_SNAPSHOT_BYTES_MAX	SZ_256M

/**
 * struct spcpu_snapshot_chunk - one chunk
 *
 * @node: on the snapshot's list
 * @base: address of the first page in the lowest unit; what names the chunk
 * @slot: the list it is on; -1 for the reserved chunk, which is on none
 * @head: bytes at the beginning that belong to somebody else
 * @tail: bytes at the end that belong to nobody
 * @reserved: the reserved chunk
 * @immutable: part of the first chunk
 * @isolated: it gives, or gave, pages back
 * @nr_populated: pages that are backed, as counted by the allocator
 * @nr_empty_pop: backed pages without areas, as counted by the allocator
 * @map: what is taken; its @free_bits are those that the allocator counts, its
 *       @nr_empty is the number of blocks that say they are free
 * @populated: bit set: the page is backed
 */
struct spcpu_snapshot_chunk {
	struct list_head node;
	u64 base;
	int slot;
	unsigned int head;
	unsigned int tail;
	bool reserved;
	bool immutable;
	bool isolated;
	int nr_populated;
	int nr_empty_pop;
	struct spcpu_map map;
	unsigned long populated[];
};

/**
 * struct spcpu_snapshot - all chunks
 *
 * @unit_size: bytes of a unit
 * @nr_slots: number of slots
 * @nr_empty_pop: the reserve, as counted by the allocator
 * @atomic_failed: an atomic caller found nothing, and the worker does not know yet
 * @nr_chunks: length of @chunks
 * @nr_pages: pages of a unit that they have together
 * @nr_expected: what its text says that will be
 * @chunks: the reserved chunk, if there is one; then the others by slot, in the
 *          order of its list
 */
struct spcpu_snapshot {
	size_t unit_size;
	int nr_slots;
	int nr_empty_pop;
	bool atomic_failed;
	unsigned int nr_chunks;
	unsigned int nr_pages;
	unsigned int nr_expected;
	struct list_head chunks;
};

/**
 * struct spcpu_snapshot_pos - how much of the text has been read
 *
 * All zero is the beginning.
 *
 * @stage: which line of @chunk, or of the snapshot, comes next
 * @chunk: chunk whose lines are being read, NULL before the first
 * @block: block that comes next
 */
struct spcpu_snapshot_pos {
	int stage;
	const struct spcpu_snapshot_chunk *chunk;
	int block;
};

/* snapshot.c */
void spcpu_snapshot_init(struct spcpu_snapshot *snap);
void spcpu_snapshot_exit(struct spcpu_snapshot *snap);
struct spcpu_snapshot_chunk *
spcpu_snapshot_add(struct spcpu_snapshot *snap, int nr_pages, gfp_t gfp);
int spcpu_snapshot_check(const struct spcpu_snapshot *snap, const char **why);
int spcpu_snapshot_diff(const struct spcpu_snapshot *a,
			const struct spcpu_snapshot *b, char *first,
			size_t size);

/* snapshot_text.c */
int spcpu_snapshot_line(const struct spcpu_snapshot *snap,
			struct spcpu_snapshot_pos *pos, char *line, size_t size);
int spcpu_snapshot_parse(struct spcpu_snapshot *snap, const char *line,
			 const char **why);

#endif /* SPCPU_SNAPSHOT_H */

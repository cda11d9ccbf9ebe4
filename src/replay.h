/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replay: allocations and frees, a line each, carried out by the allocator.
 *
 *	a ID SIZE ALIGN [atomic] [account]	allocate; the writer chooses the ID
 *	f ID					free
 *
 * Numbers are decimal and below 2^32, words are apart by blanks. Empty lines
 * and lines that begin with # are skipped. There is a most of objects, and of a
 * line's characters.
 */
#ifndef SPCPU_REPLAY_H
#define SPCPU_REPLAY_H

#include <linux/seq_file.h>
#include <linux/types.h>

#define SPCPU_REPLAY_LINE_MAX	63	/* characters, but in comments */

/* objects that are live at a time, those that have no place included */
#define SPCPU_REPLAY_OBJECTS_MAX	262144

enum spcpu_replay_verb {
	SPCPU_REPLAY_NOTHING,
	SPCPU_REPLAY_ALLOC,
	SPCPU_REPLAY_FREE,
};

/**
 * struct spcpu_replay_op - what a line asks for
 *
 * @verb: what to do
 * @id: the object's number
 * @size: bytes of each copy
 * @align: alignment in bytes
 * @atomic: the allocation may not sleep
 * @account: its pages are charged to the writer's memory cgroup
 */
struct spcpu_replay_op {
	enum spcpu_replay_verb verb;
	u32 id;
	u32 size;
	u32 align;
	bool atomic;
	bool account;
};

/* replay_parse.c: pure */
int spcpu_replay_parse(const char *line, size_t len, struct spcpu_replay_op *op,
		       const char **why);

struct spcpu;
struct spcpu_replay;
struct spcpu_replay_stream;

struct spcpu_replay *spcpu_replay_create(struct spcpu *s);
void spcpu_replay_destroy(struct spcpu_replay *replay);

struct spcpu_replay_stream *spcpu_replay_open(struct spcpu_replay *replay);
int spcpu_replay_feed(struct spcpu_replay_stream *stream, const char *text,
		      size_t len);
void spcpu_replay_skip(struct spcpu_replay_stream *stream, const char *text,
		       size_t len);
int spcpu_replay_close(struct spcpu_replay_stream *stream);

/* the live objects; seq_file::private is a struct spcpu_replay_stream */
extern const struct seq_operations spcpu_replay_ops;

#endif /* SPCPU_REPLAY_H */

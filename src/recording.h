/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recording: what a percpu allocator was asked for, and where it put things, a
 * line each, in the order in which it happened under its lock.
 *
 * Pure. The text form (Documentation/replay.rst):
 *
 *   shadow_percpu recording 1            version of the format, always first
 *   # ...                                for people
 *   kernel RELEASE possible=N online=N   where it was made
 *   snapshot ... end                     all chunks before the first event
 *   a TIME CPU BASE OFF SIZE ALIGN FLAGS SITE   allocated
 *   f TIME CPU BASE OFF                  freed
 *   x TIME CPU SIZE ALIGN FLAGS SITE     asked for in vain
 *   c TIME CPU BASE                      a chunk was made
 *   d TIME CPU BASE                      a chunk is gone
 *   s TIME CPU BASE SLOT FLAGS PAGE WORD the worker left the chunk like this
 *   w TIME CPU begin|end                 the worker began, has ended
 *   l TIME CPU COUNT                     so many events before this one are lost
 *   snapshot ... end                     all chunks after the last event
 *   end EVENTS LOST                      nothing was cut off
 *
 * TIME is nanoseconds since the first snapshot, addresses and WORD are
 * hexadecimal, the rest is decimal. FLAGS are letters, "-" if none is set. SITE is
 * symbol+offset/size, with [module] behind it if it is a module's, or "-".
 */
#ifndef SPCPU_RECORDING_H
#define SPCPU_RECORDING_H

#include <linux/bits.h>
#include <linux/types.h>

#define SPCPU_RECORDING_VERSION	1

/* the longest line of an event, with its end */
#define SPCPU_OP_LINE_MAX	320

/* kinds of events; the value is the letter that begins their line */
enum spcpu_op_kind {
	SPCPU_OP_ALLOC		= 'a',
	SPCPU_OP_FREE		= 'f',
	SPCPU_OP_FAIL		= 'x',
	SPCPU_OP_CREATE		= 'c',
	SPCPU_OP_DESTROY	= 'd',
	SPCPU_OP_STATE		= 's',
	SPCPU_OP_WORKER		= 'w',
	SPCPU_OP_LOST		= 'l',
};

/* flags of an event, and their letters */
enum {
	SPCPU_OP_ATOMIC		= BIT(0),	/* A: could not sleep */
	SPCPU_OP_RESERVED	= BIT(1),	/* R: from the reserved chunk */
	SPCPU_OP_ACCOUNT	= BIT(2),	/* C: charged to a cgroup */
	SPCPU_OP_LOOSE		= BIT(3),	/* L: happened some time before */
	SPCPU_OP_ISOLATED	= BIT(4),	/* I: the chunk is isolated */
	SPCPU_OP_BUSY		= BIT(5),	/* B: while pages came or went */
};

/**
 * struct spcpu_op - one event
 *
 * @kind: an enum spcpu_op_kind
 * @flags: see above
 * @cpu: where it was seen
 * @time: nanoseconds since the first snapshot
 * @base: the chunk's
 * @off: ALLOC, FREE: bytes from @base; STATE: the page of the lowest bit of @word
 * @size: ALLOC, FAIL: bytes, a multiple of 4
 * @align: ALLOC, FAIL: bytes
 * @slot: STATE: the list it is on
 * @word: STATE: 64 pages, bit set: backed; WORKER: 1 for the end; LOST: how many
 * @site: ALLOC, FAIL: address of the caller, 0 if not known; not parsed
 */
struct spcpu_op {
	u8 kind;
	u8 flags;
	u16 cpu;
	int slot;
	u64 time;
	u64 base;
	u32 off;
	u32 size;
	u32 align;
	u64 word;
	u64 site;
};

int spcpu_op_line(const struct spcpu_op *op, char *line, size_t size);
int spcpu_op_parse(struct spcpu_op *op, const char *line, const char **why);

#endif /* SPCPU_RECORDING_H */

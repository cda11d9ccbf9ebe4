/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paper: an allocator that has chunks, slots, maps and counts, but no memory behind
 * them. It begins as a snapshot, and its chunks have the addresses of those that
 * they stand for.
 *
 * Nobody but its maker uses it, so its lock is never waited for.
 */
#ifndef SPCPU_PAPER_H
#define SPCPU_PAPER_H

#include "core.h"
#include "snapshot.h"

struct spcpu *spcpu_paper_create(const struct spcpu_snapshot *from);
void spcpu_paper_destroy(struct spcpu *s);
struct spcpu_chunk *spcpu_paper_add(struct spcpu *s, u64 base);
void spcpu_paper_drop(struct spcpu *s, struct spcpu_chunk *chunk);
struct spcpu_chunk *spcpu_paper_find(struct spcpu *s, u64 base,
				     unsigned int off);
int spcpu_snapshot_of(struct spcpu *s, struct spcpu_snapshot *snap);

#endif /* SPCPU_PAPER_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Follow: a shadow on paper is given what another allocator was given, and each of
 * its decisions is held against the other's.
 *
 * On paper: chunks, slots, maps and counts are there, memory is not.
 */
#ifndef SPCPU_FOLLOW_H
#define SPCPU_FOLLOW_H

#include <linux/types.h>

#include "recording.h"
#include "snapshot.h"

/* of a report, with its end */
#define SPCPU_FOLLOW_LINE_MAX	256

struct spcpu;
struct spcpu_follow;

/**
 * struct spcpu_follow_options - how to follow
 *
 * @rehearse: have the shadow's worker do on a copy of the chunks what the other's
 *            did, and compare; takes time for all chunks at each pass
 * @own_way: objects stay where the shadow puts them, and what pages and chunks it
 *           takes is its own doing: to see what comes of another policy. Otherwise
 *           an object that went elsewhere is moved to where it was recorded, and
 *           the worker's doings are taken over, so that each decision is judged by
 *           itself
 */
struct spcpu_follow_options {
	bool own_way;
	bool rehearse;
};

/**
 * struct spcpu_follow_stats - what came of it
 *
 * @ops: events
 * @allocs: objects placed
 * @frees: objects freed
 * @fails: requests in vain
 * @identical: of @allocs, placed in the same chunk at the same offset, where all
 *             that decides it was known
 * @wrong: of @allocs, placed elsewhere although all that decides it was known
 * @undecidable: of @allocs, those where the order of events, or what pages were
 *               backed, was not recorded, wherever they were placed
 * @undecidable_same: of @undecidable, placed in the same chunk at the same offset
 * @lost: events that were not recorded
 * @bad: events that cannot be: frees of what is not there, areas that overlap
 * @refused: of @fails without sleep, those where the shadow found no room either
 * @served: of @fails without sleep, those where it did; when they failed is not known
 *          exactly
 * @healed: chunks found in another slot than the shadow had them, which is not the
 *          worker's doing
 * @passes: times that the worker ran
 * @rehearsed: of @passes, those during which nothing else happened, if the shadow's
 *             worker was to do the same
 * @passes_same: of @rehearsed, those of which it made the same
 * @chunks: chunks now
 * @max_chunks: most there were
 * @pages: backed pages of a unit now
 * @max_pages: most there were
 * @live: live objects
 * @live_bytes: their bytes
 * @frag_sum: free bytes between areas, over all chunks
 * @frag_max: the longest of these runs
 */
struct spcpu_follow_stats {
	u64 ops;
	u64 allocs;
	u64 frees;
	u64 fails;
	u64 identical;
	u64 wrong;
	u64 undecidable;
	u64 undecidable_same;
	u64 lost;
	u64 bad;
	u64 refused;
	u64 served;
	u64 healed;
	u64 passes;
	u64 rehearsed;
	u64 passes_same;
	u64 chunks;
	u64 max_chunks;
	u64 pages;
	u64 max_pages;
	u64 live;
	u64 live_bytes;
	u64 frag_sum;
	u64 frag_max;
};

struct spcpu_follow *
spcpu_follow_create(const struct spcpu_snapshot *start,
		    const struct spcpu_follow_options *options);
void spcpu_follow_destroy(struct spcpu_follow *f);
int spcpu_follow_op(struct spcpu_follow *f, const struct spcpu_op *op,
		    const char **why);
int spcpu_follow_compare(struct spcpu_follow *f,
			 const struct spcpu_snapshot *now);
u64 spcpu_follow_lost(const struct spcpu_follow *f);
struct spcpu *spcpu_follow_shadow(struct spcpu_follow *f);
void spcpu_follow_stats(struct spcpu_follow *f, struct spcpu_follow_stats *st);
void spcpu_follow_report(struct spcpu_follow *f,
			 void (*line)(void *to, const char *text), void *to);

#endif /* SPCPU_FOLLOW_H */

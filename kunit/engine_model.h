/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Engine model: a map, and a byte for each of its granules that says what ought to
 * be there.
 *
 * Everything that is done to the map goes through here, and after each step all is
 * held against the bytes: first what every engine promises, then what the rules of
 * the map's own engine say (engine_rules.c).
 */
#ifndef SPCPU_ENGINE_MODEL_H
#define SPCPU_ENGINE_MODEL_H

#include <kunit/test.h>

#include "engine.h"

/* the largest request that random steps make */
#define SPCPU_MODEL_MOST	8192

/* as many areas as it takes at a time */
#define SPCPU_MODEL_AREAS	4096

enum spcpu_model_cell { SPCPU_FREE, SPCPU_FIRST, SPCPU_REST };

/* granules next to each other */
struct spcpu_extent {
	int off;
	int bits;
};

/* what is so in a block, or the chunk */
struct spcpu_truth {
	int free;
	int first_free;
	int left;
	int right;
	int longest;
};

/**
 * struct spcpu_geometry - a map to test
 *
 * @nr_pages: its length
 * @head: granules hidden at the beginning
 * @tail: granules hidden at the end
 * @holes: pages come and go, and every other area wants them backed
 * @cramped: the record is never given more memory than it took at first
 */
struct spcpu_geometry {
	int nr_pages;
	int head;
	int tail;
	bool holes;
	bool cramped;
};

/**
 * struct spcpu_model - a map, and what ought to be in it
 *
 * @test: whom to tell
 * @rules: what its engine promises beyond what all do
 * @rules_own: what they remember
 * @map: what is tested
 * @geometry: its shape
 * @populated: the pages that are backed
 * @cells: what each granule is, see &enum spcpu_model_cell
 * @lengths: of the area that begins at a granule
 * @taken: @cells as a bitmap of what is not free
 * @first: @cells as a bitmap of where areas begin
 * @blocks: what is so in each block
 * @whole: what is so in the chunk
 * @areas: live areas, in no order
 * @nr_areas: how many
 * @most: granules of the largest request of random steps
 * @room: what the record was moved to last; NULL: it never was
 * @room_bytes: its length; behind it lies what nobody may write to
 * @nr_moves: how often it was moved
 * @nr_full: how often an area had a place, but not in the record
 * @rnd: state of the random numbers
 * @probes: state of those that choose where to look
 * @seed: what they follow from
 * @step: number of steps so far
 * @trusting: look at nothing but results
 */
struct spcpu_model {
	struct kunit *test;
	const struct spcpu_rules *rules;
	void *rules_own;
	struct spcpu_map map;
	struct spcpu_geometry geometry;
	unsigned long *populated;
	u8 *cells;
	int *lengths;
	unsigned long *taken;
	unsigned long *first;
	struct spcpu_truth *blocks;
	struct spcpu_truth whole;
	struct spcpu_extent *areas;
	int nr_areas;
	int most;
	u8 *room;
	size_t room_bytes;
	int nr_moves;
	int nr_full;
	u64 rnd;
	u64 probes;
	u32 seed;
	int step;
	bool trusting;
};

/**
 * struct spcpu_rules - what an engine promises beyond what all do
 *
 * Any of them may be NULL. Those that return a text name what was broken, or NULL.
 *
 * @engine: whose rules these are
 * @begin: a map was made; make room for what is to be remembered
 * @check: after a step, in which these cells changed
 * @choose: where it goes, or -ENOSPC: nowhere; for who promises that nothing else
 *	decides but what is free
 * @refused: there was no room for this
 * @full: the record has no room for another area
 * @end: after many random steps
 */
struct spcpu_rules {
	const struct spcpu_engine *engine;
	void (*begin)(struct spcpu_model *m);
	const char *(*check)(struct spcpu_model *m, struct spcpu_extent touched);
	int (*choose)(const struct spcpu_model *m, struct spcpu_wish wish);
	const char *(*refused)(const struct spcpu_model *m,
			       struct spcpu_wish wish);
	bool (*full)(const struct spcpu_model *m);
	void (*end)(struct spcpu_model *m);
};

/* engine_rules.c, engine_bitmap_rules.c */
const struct spcpu_rules *spcpu_rules_of(const struct spcpu_engine *engine);
extern const struct spcpu_rules spcpu_bitmap_rules;

/* engine_model.c */
struct spcpu_model *spcpu_model_create(struct kunit *test,
				       const struct spcpu_engine *engine,
				       struct spcpu_geometry geometry);
void spcpu_model_destroy(struct spcpu_model *m);
void *spcpu_model_array(struct kunit *test, size_t n, size_t size);
void spcpu_model_fail(struct spcpu_model *m, const char *wrong);
bool spcpu_model_all_free(const struct spcpu_model *m, struct spcpu_extent part);
bool spcpu_model_backed(const struct spcpu_model *m, struct spcpu_extent area);
void spcpu_model_check(struct spcpu_model *m, struct spcpu_extent touched);
void spcpu_model_move(struct spcpu_model *m);
int spcpu_model_place(struct spcpu_model *m, int bits, int align,
		      bool populated);
void spcpu_model_give(struct spcpu_model *m, int off);
int spcpu_model_give_nth(struct spcpu_model *m, int i);
void spcpu_model_lay(struct spcpu_model *m, int off, const int *lengths, int n);

/* engine_steps.c */
u32 spcpu_model_below(u64 *rnd, u32 n);
void spcpu_model_start(struct spcpu_model *m, u32 seed);
int spcpu_model_step(struct spcpu_model *m);
void spcpu_model_run(struct spcpu_model *m, u32 seed, int nr_steps);

#endif /* SPCPU_ENGINE_MODEL_H */

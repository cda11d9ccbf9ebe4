// SPDX-License-Identifier: GPL-2.0
/*
 * Engines: maps against the brute-force model of kunit/engine_model.c, with the rules
 * of each engine, in all the shapes that there are.
 */
#include "engine_model.h"
#include "random.h"
#include "selftest.h"

#define STEPS_OF_A_MAP	5000
#define MOST_PAGES	16

/* what an allocation may take beyond its bytes, and how many a record is made of */
#define EXCESS		32
#define MOST_PARTS	6

/* short maps are full sooner, and empty again */
static struct spcpu_geometry choose(struct host_random *rnd)
{
	int most = host_below(rnd, 8) ? 4 : MOST_PAGES;
	struct spcpu_geometry g = {
		.nr_pages = 1 + host_below(rnd, most),
		.holes = host_below(rnd, 2),
		.cramped = !host_below(rnd, 16),
	};

	if (host_below(rnd, 2))
		g.head = 1 + host_below(rnd, SPCPU_BLOCK_BITS / 2);
	if (host_below(rnd, 2))
		g.tail = 1 + host_below(rnd, SPCPU_BLOCK_BITS / 2 - 1);
	return g;
}

/* what a new record says that it takes is what it takes */
static void check_memory(const struct spcpu_engine *engine, int nr_pages)
{
	size_t before = host_memory_left, taken;
	unsigned long populated[1] = { };
	struct spcpu_map map;

	expect(!spcpu_map_init(&map, engine, nr_pages, populated, GFP_KERNEL));
	taken = before - host_memory_left;
	expect(map.bytes <= taken && map.bytes + MOST_PARTS * EXCESS >= taken);
	spcpu_map_exit(&map);
	expect(host_memory_left == before);
}

/**
 * host_test_engine() - an engine, a map at a time
 * @part: whose engine it is
 * @seed: the same seed makes the same steps
 * @steps: as many areas that come, do not fit, or go
 */
void host_test_engine(const struct host_part *part, u64 seed, u64 steps)
{
	struct host_random rnd = host_random_of(seed);
	struct kunit test = { };

	while (steps) {
		u64 nr = min_t(u64, steps, STEPS_OF_A_MAP);
		struct spcpu_geometry geometry = choose(&rnd);
		struct spcpu_model *m;

		check_memory(part->engine, geometry.nr_pages);
		m = spcpu_model_create(&test, part->engine, geometry);
		spcpu_model_start(m, host_seed(&rnd));
		for (steps -= nr; nr; nr--)
			spcpu_model_step(m);
		spcpu_model_destroy(m);
		host_kunit_end(&test);
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the engines: the bytes say which one, the shape of its map, and what is asked
 * of it. It is held against KUnit's model after each step.
 */
#include <linux/bitmap.h>
#include <linux/limits.h>

#include "engine_model.h"
#include "fuzz.h"
#include "random.h"

#define MOST_PAGES	6
#define MOST_STEPS	400

static const struct spcpu_engine *choose_engine(struct host_random *rnd)
{
	unsigned int nr = 0;

	while (spcpu_engines[nr])
		nr++;
	return spcpu_engines[host_below(rnd, nr)];
}

static void place(struct spcpu_model *m, struct host_random *rnd)
{
	int bits = 1 + host_below(rnd, 1U << (1 + host_below(rnd, 13)));
	int align = 1 << host_below(rnd, 11);

	spcpu_model_place(m, bits, align, host_below(rnd, 2));
}

static void step(struct spcpu_model *m, struct host_random *rnd)
{
	switch (host_below(rnd, 8)) {
	case 0:
		__assign_bit(host_below(rnd, m->map.nr_blocks), m->populated,
			     host_below(rnd, 2));
		break;
	case 1:
		if (spcpu_map_wants(&m->map))
			spcpu_model_move(m);
		break;
	case 2:
	case 3:
	case 4:
		if (m->nr_areas)
			spcpu_model_give_nth(m, host_below(rnd, m->nr_areas));
		break;
	default:
		place(m, rnd);
	}
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	struct host_random rnd = host_random_from(bytes, len);
	const struct spcpu_engine *engine = choose_engine(&rnd);
	struct spcpu_geometry geometry = {
		.nr_pages = 1 + host_below(&rnd, MOST_PAGES),
		.head = host_below(&rnd, 2) * 10,
		.tail = host_below(&rnd, 2) * 20,
		.cramped = host_below(&rnd, 2),
	};
	struct kunit test = { };
	struct spcpu_model *m;
	int i;

	m = spcpu_model_create(&test, engine, geometry);
	for (i = 0; i < MOST_STEPS && !host_random_is_over(&rnd); i++)
		step(m, &rnd);
	spcpu_model_destroy(m);
	host_kunit_end(&test);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Engine steps: random ones, with phases of filling up, of keeping full, of draining
 * and of keeping empty.
 */
#include <linux/bitmap.h>
#include <linux/sched.h>

#include "engine_model.h"

/**
 * spcpu_model_below() - a random number
 * @rnd: their state
 * @n: what it is to be below of, not 0
 *
 * Return: A number from 0 to @n - 1, the same on every kernel.
 */
u32 spcpu_model_below(u64 *rnd, u32 n)
{
	*rnd = *rnd * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*rnd >> 33) % n;
}

static u32 below(struct spcpu_model *m, u32 n)
{
	return spcpu_model_below(&m->rnd, n);
}

static int random_bits(struct spcpu_model *m)
{
	switch (below(m, 16)) {
	case 0:
		return 1 + below(m, m->most);
	case 1:
	case 2:
		return 1 + below(m, 300);
	case 3:
		return 1 << below(m, 12);
	default:
		return 1 + below(m, 32);
	}
}

static int random_align(struct spcpu_model *m)
{
	return 1 << below(m, below(m, 8) ? 3 : 11);
}

static void random_pages(struct spcpu_model *m)
{
	int first = below(m, m->geometry.nr_pages);
	int nr = 1 + below(m, m->geometry.nr_pages - first);

	if (below(m, 3))
		bitmap_set(m->populated, first, nr);
	else
		bitmap_clear(m->populated, first, nr);
}

/**
 * spcpu_model_start() - choose what random steps follow from
 * @m: the model
 * @seed: the same seed makes the same steps
 */
void spcpu_model_start(struct spcpu_model *m, u32 seed)
{
	m->seed = seed;
	m->rnd = seed;
}

/**
 * spcpu_model_step() - place an area, or give one back
 * @m: the model
 *
 * Return: Where it lies or lay, or an error.
 */
int spcpu_model_step(struct spcpu_model *m)
{
	static const int percent[] = { 90, 50, 10, 50 };
	int phase = m->step / 1500 % ARRAY_SIZE(percent);
	bool holes = m->geometry.holes;

	if (holes && !below(m, 32))
		random_pages(m);
	/* before it is full, as often as when it is */
	if (!m->geometry.cramped && spcpu_map_wants(&m->map) && !below(m, 32))
		spcpu_model_move(m);

	if (!m->nr_areas ||
	    (m->nr_areas < SPCPU_MODEL_AREAS && below(m, 100) < percent[phase])) {
		int bits = random_bits(m), align = random_align(m);

		return spcpu_model_place(m, bits, align, holes && below(m, 2));
	}
	return spcpu_model_give_nth(m, below(m, m->nr_areas));
}

/**
 * spcpu_model_run() - many random steps, and what the rules say at their end
 * @m: the model
 * @seed: what they follow from
 * @nr_steps: how many
 */
void spcpu_model_run(struct spcpu_model *m, u32 seed, int nr_steps)
{
	int i;

	spcpu_model_start(m, seed);
	for (i = 0; i < nr_steps; i++) {
		spcpu_model_step(m);
		if (i % 64 == 0)
			cond_resched();
	}
	if (m->rules && m->rules->end)
		m->rules->end(m);
}

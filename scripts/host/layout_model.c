// SPDX-License-Identifier: GPL-2.0
/*
 * Layout: of machines that nobody has seen, some of which cannot be, against the rules
 * of kunit/layout_rules.c and a judgement of our own on what cannot be.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "layout_rules.h"
#include "models.h"
#include "selftest.h"

#define MOST_CPUS	72
#define MOST_NODES	4

/* who is near to whom is asked without saying of which machine */
static unsigned int node_of[MOST_CPUS];
static bool near_nodes[MOST_NODES][MOST_NODES];

/**
 * struct box - a machine, and what it is made of
 *
 * @m: the machine
 * @possible: its CPUs
 * @offset: their offsets
 */
struct box {
	struct spcpu_machine m;
	DECLARE_BITMAP(possible, MOST_CPUS);
	unsigned long offset[MOST_CPUS];
};

static bool near(unsigned int a, unsigned int b)
{
	return near_nodes[node_of[a]][node_of[b]];
}

static bool rarely(struct host_random *rnd)
{
	return !host_below(rnd, 50);
}

static void choose_cpus(struct box *b, struct host_random *rnd)
{
	unsigned int nr = 1 + host_below(rnd, host_below(rnd, 4) ? 9 : MOST_CPUS);
	unsigned int density = 1 + host_below(rnd, 8), i, j;

	for (i = 0; i < nr; i++) {
		node_of[i] = host_below(rnd, MOST_NODES);
		__assign_bit(i, b->possible, host_below(rnd, 8) < density);
	}
	if (!rarely(rnd))
		__set_bit(host_below(rnd, nr), b->possible);
	for (i = 0; i < MOST_NODES; i++) {
		for (j = 0; j < MOST_NODES; j++)
			near_nodes[i][j] = i == j || rarely(rnd);
	}
	b->m.nr_cpu_ids = nr;
	b->m.possible = b->possible;
	b->m.near = host_below(rnd, 3) ? near : NULL;
}

/* one after the other in some order, a few pages or many apart; they may wrap */
static void choose_offsets(struct box *b, struct host_random *rnd)
{
	unsigned long stride = PAGE_SIZE * (12 + host_below(rnd, 100));
	unsigned long at = -(stride * host_below(rnd, b->m.nr_cpu_ids));
	unsigned int i, j;

	for (i = 0; i < b->m.nr_cpu_ids; i++) {
		at += stride + (host_below(rnd, 4) ? 0 :
				PAGE_SIZE * host_below(rnd, 1000));
		b->offset[i] = at + rarely(rnd) * host_below(rnd, PAGE_SIZE);
		j = host_below(rnd, i + 1);
		swap(b->offset[i], b->offset[j]);
		if (!host_below(rnd, 500))
			b->offset[i] = b->offset[j];
	}
	b->m.offset = b->offset;
}

static void choose_sizes(struct box *b, struct host_random *rnd)
{
	static const size_t odd[] = {
		1, PAGE_SIZE + 1, SZ_1G, SZ_1G + PAGE_SIZE, SIZE_MAX,
	};
	size_t *sizes[] = {
		&b->m.static_size, &b->m.reserved_size, &b->m.dyn_size,
		&b->m.atom_size, &b->m.unit_size,
	};

	b->m.static_size = host_below(rnd, 100000);
	b->m.reserved_size = host_below(rnd, 5000) * 4;
	b->m.dyn_size = host_below(rnd, 60000);
	b->m.atom_size = PAGE_SIZE << host_below(rnd, 10);
	b->m.unit_size = host_below(rnd, 2) ? 0 :
			 PAGE_SIZE * (8 + host_below(rnd, 60));
	if (rarely(rnd))
		*sizes[host_below(rnd, ARRAY_SIZE(sizes))] =
			odd[host_below(rnd, ARRAY_SIZE(odd))];
}

/* the least distance of two CPUs, which is what a unit has; 0: it is none */
static size_t room(const struct box *b)
{
	unsigned int i, j;
	size_t least = SPCPU_MAX_UNIT_SIZE;

	if (!b->m.offset)
		return least;
	for_each_set_bit(i, b->possible, b->m.nr_cpu_ids) {
		for_each_set_bit(j, b->possible, i) {
			size_t up = b->offset[i] - b->offset[j];
			size_t down = b->offset[j] - b->offset[i];

			if (!up || up % PAGE_SIZE)
				return 0;
			least = min3(least, up, down);
		}
	}
	return least;
}

/* how far away the farthest CPU is, from the one for which that is least */
static unsigned long reach(const struct box *b)
{
	unsigned long least = ULONG_MAX, farthest;
	unsigned int i, j;

	for_each_set_bit(i, b->possible, b->m.nr_cpu_ids) {
		farthest = 0;
		for_each_set_bit(j, b->possible, b->m.nr_cpu_ids)
			farthest = max(farthest, b->offset[j] - b->offset[i]);
		least = min(least, farthest);
	}
	return least;
}

/* why there is none; 0: there must be one */
static int judge(const struct box *b)
{
	size_t dyn = max_t(size_t, b->m.dyn_size, SPCPU_MIN_DYN_SIZE), need, most;

	if (b->m.static_size > SZ_1G || b->m.reserved_size > SZ_1G ||
	    b->m.dyn_size > SZ_1G || b->m.atom_size > SZ_1G ||
	    b->m.unit_size > SZ_1G)
		return -ERANGE;

	need = PAGE_ALIGN(b->m.static_size + b->m.reserved_size + dyn);
	need = max_t(size_t, need, SPCPU_MIN_UNIT_SIZE);
	most = room(b);
	if (bitmap_empty(b->possible, b->m.nr_cpu_ids) || !most ||
	    !b->m.atom_size || b->m.atom_size % PAGE_SIZE ||
	    b->m.reserved_size % 4)
		return -EINVAL;
	if (need > most)
		return -ERANGE;
	if (b->m.unit_size % PAGE_SIZE)
		return -EINVAL;
	if (b->m.unit_size && (b->m.unit_size < need || b->m.unit_size > most))
		return -ERANGE;
	return 0;
}

/* a CPU's number is in brackets of the table once */
static void see_cpus(void *to, const char *text)
{
	unsigned int *nr = to;
	const char *at = strchr(text, '[');

	for (; at && *at; at++)
		*nr += at[0] == ' ' && at[1] >= '0' && at[1] <= '9';
}

static void step(struct host_random *rnd)
{
	struct box b = { };
	struct spcpu_layout *l;
	unsigned int nr = 0;
	int err;

	choose_cpus(&b, rnd);
	if (host_below(rnd, 4))
		choose_offsets(&b, rnd);
	choose_sizes(&b, rnd);
	err = judge(&b);
	l = spcpu_layout_build(&b.m);
	expect(PTR_ERR_OR_ZERO(l) == err);
	if (err)
		return;

	expect(!*spcpu_test_broken_rule(&b.m, l));
	expect(!b.m.offset || l->span == reach(&b) + l->unit_size);
	expect(!spcpu_layout_print(l, host_below(rnd, 2), see_cpus, &nr));
	expect(nr == l->nr_cpus);
	spcpu_layout_free(l);
}

/**
 * host_run_layout() - one machine after the other
 * @rnd: what they are like
 * @steps: as many at most
 */
void host_run_layout(struct host_random *rnd, u64 steps)
{
	bool was_off = host_log_is_off;

	/* each that cannot be is told of */
	host_log_is_off = true;
	for (; steps && !host_random_is_over(rnd); steps--)
		step(rnd);
	host_log_is_off = was_off;
}

void host_test_layout(const struct host_part *part, u64 seed, u64 steps)
{
	struct host_random rnd = host_random_of(seed);

	host_run_layout(&rnd, steps);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What the calls of a stream took: sum and percentiles.
 */
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "player.h"

/**
 * player_costs_init() - have room for costs
 * @costs: to be set up
 * @most: how many there may be; more than that are not kept
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int player_costs_init(struct player_costs *costs, unsigned int most)
{
	*costs = (struct player_costs){
		.took = vzalloc(array_size(most, sizeof(*costs->took))),
		.most = most,
	};
	return costs->took ? 0 : -ENOMEM;
}

/**
 * player_costs_exit() - undo player_costs_init()
 * @costs: that it set up, or tried to
 *
 * Context: Process context. May sleep.
 */
void player_costs_exit(struct player_costs *costs)
{
	vfree(costs->took);
}

/**
 * player_costs_add() - one more call
 * @costs: of such calls
 * @took: what it took
 *
 * Context: Any.
 */
void player_costs_add(struct player_costs *costs, u64 took)
{
	if (costs->nr == costs->most)
		return;
	costs->took[costs->nr++] = min_t(u64, took, U32_MAX);
	costs->sum += took;
}

static int compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* of sorted ones; 0 if there are none */
static u32 percentile(const struct player_costs *costs, unsigned int percent)
{
	return costs->nr ? costs->took[(u64)(costs->nr - 1) * percent / 100] : 0;
}

/**
 * player_costs_show() - a few rows about all calls
 * @costs: of them
 * @name: what the rows begin with
 * @m: where they go
 *
 * Context: Process context.
 */
void player_costs_show(struct player_costs *costs, const char *name,
		       struct seq_file *m)
{
	sort(costs->took, costs->nr, sizeof(*costs->took), compare, NULL);
	seq_printf(m, "%s_nr %u\n", name, costs->nr);
	seq_printf(m, "%s_sum %llu\n", name, costs->sum);
	seq_printf(m, "%s_p50 %u\n", name, percentile(costs, 50));
	seq_printf(m, "%s_p99 %u\n", name, percentile(costs, 99));
	seq_printf(m, "%s_max %u\n", name, percentile(costs, 100));
}

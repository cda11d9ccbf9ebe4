// SPDX-License-Identifier: GPL-2.0
/*
 * The client module behind `make bench`: parameters, load and unload.
 *
 * A test logs its figures, ``figure NAME VALUE``, at load.
 */
#include "bench.h"

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

static char *test = "";
module_param(test, charp, 0444);
MODULE_PARM_DESC(test,
		 "what to do: clock, pairs, cold, live, bulk, chunk, hold or threads (default: nothing)");

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "for all that is random (default: 1)");

struct test {
	const char *name;
	int (*start)(void);
	void (*end)(void);
};

static const struct test tests[] = {
	{ "clock", bench_clock },
	{ "pairs", bench_pairs },
	{ "cold", bench_cold },
	{ "live", bench_live },
	{ "bulk", bench_bulk },
	{ "chunk", bench_chunk },
	{ "hold", bench_hold, bench_hold_end },
	{ "threads", bench_threads },
};

static const struct test *chosen;

/**
 * bench_figure() - log a figure
 * @name: what was measured
 * @of: and of whom
 * @value: the figure
 *
 * Context: Any.
 */
void bench_figure(const char *name, const char *of, u64 value)
{
	pr_info("figure %s.%s %llu\n", name, of, value);
}

/**
 * bench_shuffle() - numbers in a random order
 * @order: set to 0 to @nr - 1
 * @nr: how many
 * @stream: each has its own order, the same in every run
 *
 * Context: Any.
 */
void bench_shuffle(u32 *order, unsigned int nr, unsigned int stream)
{
	struct rnd_state rnd;
	unsigned int i, k;

	prandom_seed_state(&rnd, (u64)stream << 32 | seed);
	for (i = 0; i < nr; i++) {
		order[i] = i;
		k = prandom_u32_state(&rnd) % (i + 1);
		swap(order[i], order[k]);
	}
}

static int __init bench_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!strcmp(tests[i].name, test))
			chosen = &tests[i];
	}
	if (!chosen) {
		pr_err("test=%s is unknown: it is clock, pairs, cold, live, bulk, chunk, hold or threads\n",
		       test);
		return -EINVAL;
	}

	err = chosen->start();
	if (err)
		pr_err("%s: not measured: %pe\n", test, ERR_PTR(err));
	return err;
}

static void __exit bench_exit(void)
{
	if (chosen->end)
		chosen->end();
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Bench of the shadow percpu allocator beside the kernel's own");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

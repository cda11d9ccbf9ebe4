// SPDX-License-Identifier: GPL-2.0
/*
 * Dump calls: what each CPU has asked of the exported calls. The counts are a
 * static variable of the module, kept in the first chunk as any client's would
 * be in the reserved one.
 */
#include <linux/cpumask.h>

#include "api.h"
#include "compat/kunit.h"
#include "dump.h"

static void show_row(struct seq_file *m, const char *name,
		     const struct spcpu_calls *calls)
{
	seq_printf(m, "%6s %12llu %12llu %12llu\n", name, calls->alloc,
		   calls->free, calls->refused);
}

/**
 * spcpu_calls_show() - print how often each CPU called
 * @m: where to
 * @unused: not used
 *
 * An object may be freed on another CPU than it was allocated on; only the sums
 * belong together. Replay does not go through the exported calls.
 *
 * Context: Process context. The counts go on meanwhile.
 * Return: 0.
 */
int spcpu_calls_show(struct seq_file *m, void *unused)
{
	struct spcpu_calls calls, sum = { };
	unsigned int cpu;
	char name[12];

	seq_puts(m, "#  cpu        alloc         free      refused\n");
	for_each_possible_cpu(cpu) {
		spcpu_api_calls(cpu, &calls);
		sum.alloc += calls.alloc;
		sum.free += calls.free;
		sum.refused += calls.refused;

		snprintf(name, sizeof(name), "%u", cpu);
		show_row(m, name, &calls);
	}
	show_row(m, "all", &sum);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_calls_show);

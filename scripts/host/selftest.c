// SPDX-License-Identifier: GPL-2.0
/*
 * selftest [STEPS [SEED [PART]]]: hold the parts, or one, against their models for so
 * many steps each, from this seed on. selftest parts: which there are.
 */
#include <stdlib.h>

#include "engine.h"
#include "selftest.h"

#define MOST_PARTS	32

static const struct host_part others[] = {
	{ "bitops", .test = host_test_bitops },
	{ "slots", .test = host_test_slots },
	{ "layout", .test = host_test_layout },
	{ "sequence", .test = host_test_sequence },
	/* always the same */
	{ "limits", .test = host_test_limits },
	{ "recordings", .test = host_test_recordings },
};

/* each engine is one */
static unsigned int list_parts(struct host_part *parts)
{
	unsigned int nr = 0;

	for (; spcpu_engines[nr]; nr++)
		parts[nr] = (struct host_part) {
			spcpu_engines[nr]->name, spcpu_engines[nr],
			host_test_engine,
		};
	memcpy(parts + nr, others, sizeof(others));
	return nr + ARRAY_SIZE(others);
}

static void run(const struct host_part *part, u64 seed, u64 steps)
{
	/* should it abort, this says how to see it again */
	printf("selftest %llu %llu %s: ", (unsigned long long)steps,
	       (unsigned long long)seed, part->name);
	fflush(stdout);
	part->test(part, seed, steps);
	puts("ok");
}

int main(int argc, char **argv)
{
	bool list = argc == 2 && !strcmp(argv[1], "parts");
	u64 steps = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct host_part parts[MOST_PARTS];
	unsigned int i, nr = list_parts(parts), done = 0;

	if (argc > 4 || (!list && (!steps || !seed))) {
		fputs("usage: selftest [STEPS [SEED [PART]]], or selftest parts\n",
		      stderr);
		return 2;
	}
	for (i = 0; i < nr; i++) {
		if (argc > 3 && strcmp(argv[3], parts[i].name))
			continue;
		done++;
		if (list)
			printf("%s%s\n", parts[i].name,
			       parts[i].engine ? " engine" : "");
		else
			run(&parts[i], seed, steps);
	}
	return done ? 0 : 2;
}

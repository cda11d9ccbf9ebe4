// SPDX-License-Identifier: GPL-2.0
/*
 * selftest [STEPS [SEED]]: run the models for so many steps, from this seed on.
 */
#include <stdlib.h>

#include "engine.h"
#include "selftest.h"

int main(int argc, char **argv)
{
	unsigned int steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
	const struct spcpu_engine * const *engine;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	if (argc > 3 || !steps || !seed) {
		fputs("usage: selftest [STEPS [SEED]]\n", stderr);
		return 2;
	}
	/* should one abort, this says how to see it again */
	printf("host selftest: %u steps from seed %llu\n", steps, seed);
	fflush(stdout);

	host_test_bitmap(seed, steps);
	puts("ok   bitmap");
	for (engine = spcpu_engines; *engine; engine++) {
		host_test_engine(*engine, seed, steps);
		printf("ok   engine %s\n", (*engine)->name);
	}
	host_test_recordings(seed, steps);
	puts("ok   recordings");
	return 0;
}

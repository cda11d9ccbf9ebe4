// SPDX-License-Identifier: GPL-2.0
/*
 * invent SEED STEPS: print an invented recording.
 */
#include <stdlib.h>

#include "invent.h"

int main(int argc, char **argv)
{
	u64 seed = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;

	if (!seed) {
		fputs("usage: invent SEED STEPS\n", stderr);
		return 2;
	}
	host_invent(stdout, seed, strtoul(argv[2], NULL, 10));
	return fflush(stdout) ? 1 : 0;
}

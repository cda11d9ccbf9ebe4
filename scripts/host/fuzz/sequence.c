// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the sequence: the bytes are what the model in sequence_model.c takes for chance.
 */
#include <linux/limits.h>

#include "fuzz.h"
#include "models.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	struct host_random rnd = host_random_from(bytes, len);

	host_run_sequence(&rnd, U64_MAX);
	return 0;
}

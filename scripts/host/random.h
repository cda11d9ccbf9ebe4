/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers that the same seed makes again.
 */
#ifndef HOST_RANDOM_H
#define HOST_RANDOM_H

#include <linux/types.h>

/* xorshift64*; @state is never 0 */
static inline u32 host_random(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL >> 32;
}

static inline u32 host_below(u64 *state, u32 most)
{
	return (u64)host_random(state) * most >> 32;
}

#endif /* HOST_RANDOM_H */

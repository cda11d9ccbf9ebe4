/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers: those that the same seed makes again, or those that a fuzzer's bytes
 * say.
 */
#ifndef HOST_RANDOM_H
#define HOST_RANDOM_H

#include <linux/limits.h>
#include <linux/types.h>

/**
 * struct host_random - where they come from
 *
 * @state: of the generator, never 0; 0: from bytes
 * @at: the byte that comes next
 * @end: where they end
 */
struct host_random {
	u64 state;
	const u8 *at;
	const u8 *end;
};

static inline struct host_random host_random_of(u64 seed)
{
	/* neighbours begin apart; of what is not 0 it makes nothing that is */
	return (struct host_random) { .state = seed * 0x9e3779b97f4a7c15ULL };
}

static inline struct host_random host_random_from(const u8 *bytes, size_t len)
{
	return (struct host_random) { .at = bytes, .end = bytes + len };
}

/* a seed has no end */
static inline bool host_random_is_over(const struct host_random *rnd)
{
	return !rnd->state && rnd->at == rnd->end;
}

static inline u32 host_byte(struct host_random *rnd)
{
	return rnd->at == rnd->end ? 0 : *rnd->at++;
}

/* xorshift64*; no more bytes than it takes */
static inline u32 host_below(struct host_random *rnd, u32 most)
{
	u64 *state = &rnd->state;
	u32 value = 0, rest;

	if (!*state) {
		for (rest = most - 1; rest; rest >>= 8)
			value = value << 8 | host_byte(rnd);
		return value % most;
	}
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1dULL >> 32) * most >> 32;
}

/* of another generator, never 0 */
static inline u32 host_seed(struct host_random *rnd)
{
	return host_below(rnd, U32_MAX) + 1;
}

#endif /* HOST_RANDOM_H */

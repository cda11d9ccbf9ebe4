/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Selftest: what is built for the host, against models that are easy to trust.
 */
#ifndef HOST_SELFTEST_H
#define HOST_SELFTEST_H

#include <linux/kernel.h>

struct spcpu_engine;

/* the first thing that is wrong ends it */
#define expect(what)							\
	do {								\
		if (!(what))						\
			host_warn(#what, __FILE__, __LINE__);		\
	} while (0)

/**
 * struct host_part - what is tested, and against what
 *
 * @name: what it is called
 * @engine: which engine, if it is one
 * @test: does that many steps, which follow from the seed
 */
struct host_part {
	const char *name;
	const struct spcpu_engine *engine;
	void (*test)(const struct host_part *part, u64 seed, u64 steps);
};

void host_test_bitops(const struct host_part *part, u64 seed, u64 steps);
void host_test_engine(const struct host_part *part, u64 seed, u64 steps);
void host_test_layout(const struct host_part *part, u64 seed, u64 steps);
void host_test_limits(const struct host_part *part, u64 seed, u64 steps);
void host_test_recordings(const struct host_part *part, u64 seed, u64 steps);
void host_test_sequence(const struct host_part *part, u64 seed, u64 steps);
void host_test_slots(const struct host_part *part, u64 seed, u64 steps);

#endif /* HOST_SELFTEST_H */

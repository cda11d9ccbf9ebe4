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

void host_test_bitmap(u64 seed, unsigned int steps);
void host_test_engine(const struct spcpu_engine *engine, u64 seed,
		      unsigned int steps);
void host_test_recordings(u64 seed, unsigned int steps);

#endif /* HOST_SELFTEST_H */

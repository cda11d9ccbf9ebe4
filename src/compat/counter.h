/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's percpu counters: one at a time, or several, whose copies are one object. */
#ifndef SPCPU_COMPAT_COUNTER_H
#define SPCPU_COMPAT_COUNTER_H

#include <linux/percpu_counter.h>

static inline void spcpu_native_counters_destroy(struct percpu_counter *fbc,
						 u32 nr)
{
#ifdef percpu_counter_init_many
	percpu_counter_destroy_many(fbc, nr);
#else
	while (nr--)
		percpu_counter_destroy(fbc++);
#endif
}

#endif /* SPCPU_COMPAT_COUNTER_H */

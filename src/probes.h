/* SPDX-License-Identifier: GPL-2.0 */
/* Probes: where the kernel's percpu allocator passes by, a note is left. */
#ifndef SPCPU_PROBES_H
#define SPCPU_PROBES_H

#include <linux/types.h>

/* what the probes do */
enum spcpu_probes_state {
	SPCPU_PROBES_OFF,	/* nothing */
	SPCPU_PROBES_ON,	/* note all */
	SPCPU_PROBES_DRAINING,	/* note only where allocations were placed before */
};

int spcpu_probes_find(void);
int spcpu_probes_register(void);
void spcpu_probes_unregister(void);
void spcpu_probes_set(enum spcpu_probes_state state);
void spcpu_probes_settle(void);
bool spcpu_probes_exact(void);
u64 spcpu_probes_missed(void);

#endif /* SPCPU_PROBES_H */

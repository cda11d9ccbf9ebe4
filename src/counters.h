/* SPDX-License-Identifier: GPL-2.0 */
/* Counters: percpu counters of clients, when CPUs go. */
#ifndef SPCPU_COUNTERS_H
#define SPCPU_COUNTERS_H

void spcpu_counters_init(void);
void spcpu_counters_exit(void);

#endif /* SPCPU_COUNTERS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Models: what happens is random, or what a fuzzer makes of it.
 */
#ifndef HOST_MODELS_H
#define HOST_MODELS_H

#include "random.h"

void host_run_layout(struct host_random *rnd, u64 steps);
void host_run_sequence(struct host_random *rnd, u64 steps);
void host_run_slots(struct host_random *rnd, u64 steps);

#endif /* HOST_MODELS_H */

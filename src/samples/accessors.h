/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accessors: one way to a copy in each function, so that what the compiler makes of
 * it can be looked at.
 */
#ifndef SPCPU_SAMPLES_ACCESSORS_H
#define SPCPU_SAMPLES_ACCESSORS_H

#include <linux/types.h>

void percpu_write_own(u64 __percpu *ptr, u64 value);
u64 percpu_read(u64 __percpu *ptr, unsigned int cpu);

void array_write_own(void *handle, u64 value);
u64 array_read(void *handle, unsigned int cpu);

#endif /* SPCPU_SAMPLES_ACCESSORS_H */

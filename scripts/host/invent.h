/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Invent: a recording of an allocator that never was.
 */
#ifndef HOST_INVENT_H
#define HOST_INVENT_H

#include <stdio.h>

#include <linux/types.h>

void host_invent(FILE *out, u64 seed, unsigned int steps);

#endif /* HOST_INVENT_H */

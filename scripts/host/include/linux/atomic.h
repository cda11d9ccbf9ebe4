/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_ATOMIC_H
#define HOST_ATOMIC_H

typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	int counter;
} atomic_t;

#endif /* HOST_ATOMIC_H */

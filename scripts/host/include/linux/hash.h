/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_HASH_H
#define HOST_HASH_H

#include <linux/types.h>

/* the upper bits of a product with a number of no pattern; 1 to 63 of them */
static inline u32 hash_64(u64 value, unsigned int bits)
{
	return value * 0x9e3779b97f4a7c15ULL >> (64 - bits);
}

#endif /* HOST_HASH_H */

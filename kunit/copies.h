/* SPDX-License-Identifier: GPL-2.0 */
/* What the copies of an object hold, on every possible CPU. */
#ifndef SPCPU_TEST_COPIES_H
#define SPCPU_TEST_COPIES_H

#include <linux/types.h>

u8 spcpu_copies_byte(unsigned int cpu, unsigned int seed);
void spcpu_copies_fill(void __percpu *ptr, size_t size, unsigned int seed);
bool spcpu_copies_hold(const void __percpu *ptr, size_t size,
		       unsigned int seed);
bool spcpu_copies_zero(const void __percpu *ptr, size_t size);

#endif /* SPCPU_TEST_COPIES_H */

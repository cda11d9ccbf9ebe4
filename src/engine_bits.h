/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Areas as two bits for each granule, for engines that keep them so.
 *
 * A bit of @alloc is set where the granule is taken. A bit of @bound is set where an
 * area begins, or one ends just before; it counts only where @alloc is set, and is
 * one bit longer, for an area that ends where the map does.
 */
#ifndef SPCPU_ENGINE_BITS_H
#define SPCPU_ENGINE_BITS_H

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/errno.h>

static inline void spcpu_bits_take(unsigned long *alloc, unsigned long *bound,
				   int off, int bits)
{
	bitmap_set(alloc, off, bits);
	__set_bit(off, bound);
	/* ends of areas that lay here before */
	bitmap_clear(bound, off + 1, bits - 1);
	__set_bit(off + bits, bound);
}

/* length of the area that begins at @off; -ENOENT, -EINVAL: see &spcpu_engine.size */
static inline int spcpu_bits_size(const unsigned long *alloc,
				  const unsigned long *bound, int nr_bits,
				  int off)
{
	if (!test_bit(off, alloc))
		return -ENOENT;
	if (!test_bit(off, bound))
		return -EINVAL;

	return find_next_bit(bound, nr_bits, off + 1) - off;
}

/* the first area from @from on that is not in its middle there, or -ENOENT */
static inline int spcpu_bits_next(const unsigned long *alloc,
				  const unsigned long *bound, int nr_bits,
				  int from, int *bits)
{
	int pos = find_next_bit(alloc, nr_bits, from);

	if (pos < nr_bits && !test_bit(pos, bound)) {
		pos = find_next_bit(bound, nr_bits, pos);
		pos = find_next_bit(alloc, nr_bits, pos);
	}
	if (pos >= nr_bits)
		return -ENOENT;

	*bits = spcpu_bits_size(alloc, bound, nr_bits, pos);
	return pos;
}

#endif /* SPCPU_ENGINE_BITS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bitmaps as a whole. As in the kernel, what lies in the last word behind the
 * last bit is of no meaning.
 */
#ifndef HOST_BITMAP_H
#define HOST_BITMAP_H

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/string.h>

#define DECLARE_BITMAP(name, bits)	unsigned long name[BITS_TO_LONGS(bits)]

static inline unsigned long *bitmap_zalloc(unsigned int nr, gfp_t gfp)
{
	return kcalloc(BITS_TO_LONGS(nr), sizeof(long), gfp);
}

static inline void bitmap_free(const unsigned long *bits)
{
	kfree(bits);
}

static inline void bitmap_zero(unsigned long *to, unsigned int nr)
{
	memset(to, 0, BITS_TO_LONGS(nr) * sizeof(long));
}

static inline void bitmap_fill(unsigned long *to, unsigned int nr)
{
	memset(to, 0xff, BITS_TO_LONGS(nr) * sizeof(long));
}

static inline void bitmap_copy(unsigned long *to, const unsigned long *from,
			       unsigned int nr)
{
	memcpy(to, from, BITS_TO_LONGS(nr) * sizeof(long));
}

static inline void host_bitmap_write(unsigned long *bits, unsigned int start,
				     unsigned int nr, bool value)
{
	unsigned int end = start + nr, next;
	unsigned long mask;

	for (; start < end; start = next) {
		next = start - start % BITS_PER_LONG + BITS_PER_LONG;
		mask = BITMAP_FIRST_WORD_MASK(start);
		if (next > end)
			mask &= BITMAP_LAST_WORD_MASK(end);
		if (value)
			bits[BIT_WORD(start)] |= mask;
		else
			bits[BIT_WORD(start)] &= ~mask;
	}
}

static inline void bitmap_set(unsigned long *bits, unsigned int start,
			      unsigned int nr)
{
	host_bitmap_write(bits, start, nr, true);
}

static inline void bitmap_clear(unsigned long *bits, unsigned int start,
				unsigned int nr)
{
	host_bitmap_write(bits, start, nr, false);
}

static inline bool bitmap_empty(const unsigned long *bits, unsigned int nr)
{
	return find_first_bit(bits, nr) == nr;
}

static inline bool bitmap_full(const unsigned long *bits, unsigned int nr)
{
	return find_first_zero_bit(bits, nr) == nr;
}

static inline unsigned int bitmap_weight(const unsigned long *bits,
					 unsigned int nr)
{
	unsigned int i, weight = 0;

	for (i = 0; i < nr / BITS_PER_LONG; i++)
		weight += hweight_long(bits[i]);
	if (nr % BITS_PER_LONG)
		weight += hweight_long(bits[i] & BITMAP_LAST_WORD_MASK(nr));
	return weight;
}

/* as the kernel's: past the end if there is none; @mask is the alignment less one */
static inline unsigned long
bitmap_find_next_zero_area(const unsigned long *bits, unsigned long size,
			   unsigned long start, unsigned int nr,
			   unsigned long mask)
{
	unsigned long at, end;

	for (;;) {
		at = ALIGN(find_next_zero_bit(bits, size, start), mask + 1);
		if (at + nr > size)
			return at + nr;
		end = find_next_bit(bits, at + nr, at);
		if (end == at + nr)
			return at;
		start = end + 1;
	}
}

static inline bool bitmap_equal(const unsigned long *a, const unsigned long *b,
				unsigned int nr)
{
	unsigned int whole = nr / BITS_PER_LONG;

	if (memcmp(a, b, whole * sizeof(long)))
		return false;
	return !(nr % BITS_PER_LONG) ||
	       !((a[whole] ^ b[whole]) & BITMAP_LAST_WORD_MASK(nr));
}

#endif /* HOST_BITMAP_H */

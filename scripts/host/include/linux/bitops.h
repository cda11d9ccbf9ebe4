/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bits of a bitmap, one by one and searched for, a word at a time.
 */
#ifndef HOST_BITOPS_H
#define HOST_BITOPS_H

#include <linux/bits.h>

static inline int fls_long(unsigned long word)
{
	return word ? BITS_PER_LONG - __builtin_clzl(word) : 0;
}

static inline int fls(unsigned int word)
{
	return fls_long(word);
}

static inline int fls64(u64 word)
{
	return fls_long(word);
}

/* @word is not 0 */
static inline unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

static inline unsigned long __fls(unsigned long word)
{
	return fls_long(word) - 1;
}

static inline unsigned int hweight_long(unsigned long word)
{
	return __builtin_popcountl(word);
}

static inline bool test_bit(unsigned long nr, const unsigned long *bits)
{
	return bits[BIT_WORD(nr)] & BIT_MASK(nr);
}

static inline void __set_bit(unsigned long nr, unsigned long *bits)
{
	bits[BIT_WORD(nr)] |= BIT_MASK(nr);
}

static inline void __clear_bit(unsigned long nr, unsigned long *bits)
{
	bits[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

static inline void __assign_bit(unsigned long nr, unsigned long *bits, bool value)
{
	if (value)
		__set_bit(nr, bits);
	else
		__clear_bit(nr, bits);
}

static inline bool __test_and_set_bit(unsigned long nr, unsigned long *bits)
{
	bool was = test_bit(nr, bits);

	__set_bit(nr, bits);
	return was;
}

static inline bool __test_and_clear_bit(unsigned long nr, unsigned long *bits)
{
	bool was = test_bit(nr, bits);

	__clear_bit(nr, bits);
	return was;
}

/* one thread: none of them need be atomic */
#define set_bit(nr, bits)			__set_bit(nr, bits)
#define clear_bit(nr, bits)			__clear_bit(nr, bits)
#define clear_bit_unlock(nr, bits)		__clear_bit(nr, bits)
#define test_and_set_bit(nr, bits)		__test_and_set_bit(nr, bits)
#define test_and_set_bit_lock(nr, bits)		__test_and_set_bit(nr, bits)
#define test_and_clear_bit(nr, bits)		__test_and_clear_bit(nr, bits)

/* the first bit from @from on that differs from those of @skip, or @size */
static inline unsigned long host_find(const unsigned long *bits,
				      unsigned long size, unsigned long from,
				      unsigned long skip)
{
	unsigned long word;

	while (from < size) {
		word = (bits[BIT_WORD(from)] ^ skip) &
		       BITMAP_FIRST_WORD_MASK(from);
		from -= from % BITS_PER_LONG;
		if (word) {
			from += __ffs(word);
			return from < size ? from : size;
		}
		from += BITS_PER_LONG;
	}
	return size;
}

static inline unsigned long find_next_bit(const unsigned long *bits,
					  unsigned long size, unsigned long from)
{
	return host_find(bits, size, from, 0);
}

static inline unsigned long find_next_zero_bit(const unsigned long *bits,
					       unsigned long size,
					       unsigned long from)
{
	return host_find(bits, size, from, ~0UL);
}

static inline unsigned long find_first_bit(const unsigned long *bits,
					   unsigned long size)
{
	return find_next_bit(bits, size, 0);
}

static inline unsigned long find_first_zero_bit(const unsigned long *bits,
						unsigned long size)
{
	return find_next_zero_bit(bits, size, 0);
}

/* the last bit that is set before @size, or @size */
static inline unsigned long find_last_bit(const unsigned long *bits,
					  unsigned long size)
{
	unsigned long end = size, word;

	while (end) {
		word = bits[BIT_WORD(end - 1)] & BITMAP_LAST_WORD_MASK(end);
		end = (end - 1) / BITS_PER_LONG * BITS_PER_LONG;
		if (word)
			return end + __fls(word);
	}
	return size;
}

#define for_each_set_bit_from(bit, bits, size)				\
	for ((bit) = find_next_bit(bits, size, bit); (bit) < (size);	\
	     (bit) = find_next_bit(bits, size, (bit) + 1))

#define for_each_set_bit(bit, bits, size)				\
	for ((bit) = find_first_bit(bits, size); (bit) < (size);	\
	     (bit) = find_next_bit(bits, size, (bit) + 1))

#define for_each_clear_bit_from(bit, bits, size)			\
	for ((bit) = find_next_zero_bit(bits, size, bit); (bit) < (size); \
	     (bit) = find_next_zero_bit(bits, size, (bit) + 1))

#define for_each_clear_bit(bit, bits, size)				\
	for ((bit) = find_first_zero_bit(bits, size); (bit) < (size);	\
	     (bit) = find_next_zero_bit(bits, size, (bit) + 1))

#endif /* HOST_BITOPS_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_BITS_H
#define HOST_BITS_H

#include <linux/types.h>

#define BIT(nr)			(1UL << (nr))
#define BIT_ULL(nr)		(1ULL << (nr))
#define BIT_WORD(nr)		((nr) / BITS_PER_LONG)
#define BIT_MASK(nr)		BIT((nr) % BITS_PER_LONG)
#define BITS_PER_BYTE		8
#define BITS_TO_LONGS(nr)	(((nr) + BITS_PER_LONG - 1) / BITS_PER_LONG)

/* bits from @nr on, and bits before @nr, of the word that has bit @nr (@nr - 1) */
#define BITMAP_FIRST_WORD_MASK(nr)	(~0UL << ((nr) % BITS_PER_LONG))
#define BITMAP_LAST_WORD_MASK(nr)	(~0UL >> (-(nr) & (BITS_PER_LONG - 1)))

#endif /* HOST_BITS_H */

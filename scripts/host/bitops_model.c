// SPDX-License-Identifier: GPL-2.0
/*
 * Bitmap: the stand-ins for the kernel's bitmaps against a byte for each bit.
 */
#include <linux/bitmap.h>

#include "random.h"
#include "selftest.h"

#define MOST	300	/* some words, and a part of one */

struct model {
	DECLARE_BITMAP(bits, MOST);
	u8 bytes[MOST];
	unsigned int nr;
};

static unsigned int first_from(const struct model *m, unsigned int from, u8 value)
{
	while (from < m->nr && m->bytes[from] != value)
		from++;
	return min(from, m->nr);
}

static unsigned int last_of(const struct model *m)
{
	unsigned int i;

	for (i = m->nr; i; i--) {
		if (m->bytes[i - 1])
			return i - 1;
	}
	return m->nr;
}

static void change(struct model *m, struct host_random *rnd)
{
	unsigned int from = host_below(rnd, m->nr);
	unsigned int len = host_below(rnd, m->nr - from + 1);
	bool value = host_below(rnd, 2);

	/* short ones mostly, or there would be little to find */
	if (host_below(rnd, 4))
		len = min(len, host_below(rnd, 8));
	if (value)
		bitmap_set(m->bits, from, len);
	else
		bitmap_clear(m->bits, from, len);
	memset(m->bytes + from, value, len);

	from = host_below(rnd, m->nr);
	value = host_below(rnd, 2);
	__assign_bit(from, m->bits, value);
	m->bytes[from] = value;
}

static void check(const struct model *m, struct host_random *rnd)
{
	unsigned int from = host_below(rnd, m->nr + 1), i, weight = 0;
	DECLARE_BITMAP(copy, MOST);

	for (i = 0; i < m->nr; i++) {
		expect(test_bit(i, m->bits) == m->bytes[i]);
		weight += m->bytes[i];
	}
	expect(bitmap_weight(m->bits, m->nr) == weight);
	expect(bitmap_empty(m->bits, m->nr) == !weight);
	expect(bitmap_full(m->bits, m->nr) == (weight == m->nr));
	expect(find_next_bit(m->bits, m->nr, from) == first_from(m, from, 1));
	expect(find_next_zero_bit(m->bits, m->nr, from) == first_from(m, from, 0));
	expect(find_last_bit(m->bits, m->nr) == last_of(m));

	bitmap_copy(copy, m->bits, m->nr);
	expect(bitmap_equal(copy, m->bits, m->nr));
	i = host_below(rnd, m->nr);
	__assign_bit(i, copy, !test_bit(i, copy));
	expect(!bitmap_equal(copy, m->bits, m->nr));
}

void host_test_bitops(const struct host_part *part, u64 seed, u64 steps)
{
	struct model m = { };
	struct host_random rnd = host_random_of(seed);
	u64 i;

	for (i = 0; i < steps; i++) {
		if (i % 1000 == 0) {
			/* what lies behind the last bit is of no meaning */
			bitmap_fill(m.bits, MOST);
			memset(m.bytes, 1, MOST);
			m.nr = 1 + host_below(&rnd, MOST);
		}
		change(&m, &rnd);
		check(&m, &rnd);
	}
}

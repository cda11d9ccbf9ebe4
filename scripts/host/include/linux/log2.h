/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_LOG2_H
#define HOST_LOG2_H

#include <linux/bitops.h>

/* of 0, as of anything else that is wrong, -1 */
#define ilog2(x)		(fls_long(x) - 1)
#define order_base_2(x)		((x) > 1 ? ilog2((x) - 1) + 1 : 0)
#define roundup_pow_of_two(x)	BIT(order_base_2(x))
#define rounddown_pow_of_two(x)	BIT(ilog2(x))

static inline bool is_power_of_2(unsigned long x)
{
	return x && !(x & (x - 1));
}

#endif /* HOST_LOG2_H */

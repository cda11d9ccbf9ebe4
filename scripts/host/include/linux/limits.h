/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_LIMITS_H
#define HOST_LIMITS_H

/* the C library reads this one too */
#include_next <linux/limits.h>

#include <limits.h>
#include <stdint.h>

#define U8_MAX	UINT8_MAX
#define U16_MAX	UINT16_MAX
#define U32_MAX	UINT32_MAX
#define U64_MAX	(~0ULL)
#define S32_MAX	INT32_MAX

#endif /* HOST_LIMITS_H */

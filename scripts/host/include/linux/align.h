/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_ALIGN_H
#define HOST_ALIGN_H

#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define ALIGN(x, a)		ALIGN_DOWN((x) + (__typeof__(x))(a) - 1, a)
#define IS_ALIGNED(x, a)	(!((x) & ((__typeof__(x))(a) - 1)))

#endif /* HOST_ALIGN_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_GFP_H
#define HOST_GFP_H

#include <linux/bits.h>
#include <linux/types.h>

/* of these only whether the caller can sleep, and who is charged, matter here */
#define __GFP_RECLAIM	((gfp_t)BIT(0))
#define __GFP_IO	((gfp_t)BIT(1))
#define __GFP_FS	((gfp_t)BIT(2))
#define __GFP_ACCOUNT	((gfp_t)BIT(3))
#define __GFP_NOWARN	((gfp_t)BIT(4))
#define __GFP_NORETRY	((gfp_t)BIT(5))
#define __GFP_ZERO	((gfp_t)BIT(6))

#define GFP_NOWAIT	((gfp_t)0)
#define GFP_ATOMIC	((gfp_t)0)
#define GFP_NOIO	__GFP_RECLAIM
#define GFP_NOFS	(GFP_NOIO | __GFP_IO)
#define GFP_KERNEL	(GFP_NOFS | __GFP_FS)

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_RECLAIM;
}

#endif /* HOST_GFP_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_CACHE_H
#define HOST_CACHE_H

/* one thread shares no line with another */
#define ____cacheline_aligned_in_smp

#endif /* HOST_CACHE_H */

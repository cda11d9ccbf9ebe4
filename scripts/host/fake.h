/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fake: an allocator that does no more than keep count, for those who use one.
 */
#ifndef HOST_FAKE_H
#define HOST_FAKE_H

/* it has no memory for objects of this size, and is going away when asked for that */
#define FAKE_NO_MEMORY	1001
#define FAKE_SHUTDOWN	1002

/* objects that are live */
extern unsigned int host_fake_live;

#endif /* HOST_FAKE_H */

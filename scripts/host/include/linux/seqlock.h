/* SPDX-License-Identifier: GPL-2.0 */
/* Seqlock: a name only; nobody reads meanwhile. */
#ifndef HOST_SEQLOCK_H
#define HOST_SEQLOCK_H

struct seqcount {
	unsigned int sequence;
};

typedef struct seqcount seqcount_t;

#endif /* HOST_SEQLOCK_H */

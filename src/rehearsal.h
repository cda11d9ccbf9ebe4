/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rehearsal: what the shadow's worker does with chunks on which another allocator's
 * worker has been at work, held against what that one did.
 */
#ifndef SPCPU_REHEARSAL_H
#define SPCPU_REHEARSAL_H

#include "core.h"

struct spcpu_rehearsal;

struct spcpu_rehearsal *spcpu_rehearsal_create(void);
void spcpu_rehearsal_destroy(struct spcpu_rehearsal *r);
int spcpu_rehearsal_begin(struct spcpu_rehearsal *r, struct spcpu *s);
void spcpu_rehearsal_spoil(struct spcpu_rehearsal *r);
int spcpu_rehearsal_end(struct spcpu_rehearsal *r, struct spcpu *s);
const char *spcpu_rehearsal_first(const struct spcpu_rehearsal *r);

#endif /* SPCPU_REHEARSAL_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Own way: recorded objects, where a shadow put them by its own policy.
 */
#ifndef SPCPU_OWN_WAY_H
#define SPCPU_OWN_WAY_H

#include "core.h"
#include "recording.h"

struct spcpu_own_way;

struct spcpu_own_way *spcpu_own_way_create(struct spcpu *s);
void spcpu_own_way_destroy(struct spcpu_own_way *own);
int spcpu_own_way_alloc(struct spcpu_own_way *own, const struct spcpu_op *op,
			const struct spcpu_request *req);
bool spcpu_own_way_free(struct spcpu_own_way *own, const struct spcpu_op *op);

#endif /* SPCPU_OWN_WAY_H */

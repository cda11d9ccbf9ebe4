/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mismatch: a decision of the shadow that was another, with what both had to
 * decide by.
 */
#ifndef SPCPU_MISMATCH_H
#define SPCPU_MISMATCH_H

#include "chunk.h"
#include "recording.h"

struct spcpu_mismatch;

struct spcpu_mismatch *
spcpu_mismatch_note(const struct spcpu_op *op, u64 number, bool decidable,
		    const struct spcpu_chunk *theirs,
		    const struct spcpu_chunk *ours, const struct spcpu_fit *fit);
void spcpu_mismatch_free(struct spcpu_mismatch *m);
bool spcpu_mismatch_decidable(const struct spcpu_mismatch *m);
void spcpu_mismatch_report(const struct spcpu_mismatch *m,
			   void (*line)(void *to, const char *text), void *to);

#endif /* SPCPU_MISMATCH_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* All that an allocator knows, byte for byte. */
#ifndef SPCPU_TEST_SNAPSHOT_H
#define SPCPU_TEST_SNAPSHOT_H

#include <kunit/test.h>

#include "core.h"

struct spcpu_snapshot;

struct spcpu_snapshot *spcpu_snapshot_take(struct kunit *test, struct spcpu *s);
void spcpu_snapshot_expect(struct kunit *test, struct spcpu *s,
			   const struct spcpu_snapshot *before,
			   const char *after_what);

#endif /* SPCPU_TEST_SNAPSHOT_H */

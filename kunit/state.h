/* SPDX-License-Identifier: GPL-2.0 */
/* All that an allocator knows, byte for byte. */
#ifndef SPCPU_TEST_STATE_H
#define SPCPU_TEST_STATE_H

#include <kunit/test.h>

#include "core.h"

struct spcpu_state;

struct spcpu_state *spcpu_state_take(struct kunit *test, struct spcpu *s);
void spcpu_state_drop(struct kunit *test, struct spcpu_state *snap);
void spcpu_state_expect(struct kunit *test, struct spcpu *s,
			const struct spcpu_state *before,
			const char *after_what);

#endif /* SPCPU_TEST_STATE_H */

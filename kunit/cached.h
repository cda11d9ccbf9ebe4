/* SPDX-License-Identifier: GPL-2.0 */
/* Objects as callers get them: from an allocator that may have a cache. */
#ifndef SPCPU_TEST_CACHED_H
#define SPCPU_TEST_CACHED_H

#include "fixture.h"

/* how to make allocators of a test's own, and how to use them as callers do */
struct spcpu *spcpu_cached_create(struct kunit *test, bool cache);
struct spcpu *spcpu_cached_create_with(struct kunit *test, bool cache,
				       const struct spcpu_engine *engine);
void spcpu_cached_stay(void);
int spcpu_cached_request(struct spcpu *s, size_t size, size_t align, gfp_t gfp,
			 void __percpu **ptr);
void __percpu *spcpu_cached_alloc(struct kunit *test, struct spcpu *s,
				  size_t size, size_t align);
int spcpu_cached_free(struct spcpu *s, void __percpu *ptr);

/* what an object is */
struct spcpu_span *spcpu_cached_span(struct spcpu *s, const void __percpu *ptr);
size_t spcpu_cached_size(struct spcpu *s, const void __percpu *ptr, size_t size);

/* all objects there are */
struct spcpu_span *spcpu_cached_next(const struct spcpu_chunk *chunk,
				     size_t *cell);
u64 spcpu_cached_live(struct spcpu *s);
void spcpu_cached_expect_drained(struct kunit *test, struct spcpu *s);

#endif /* SPCPU_TEST_CACHED_H */

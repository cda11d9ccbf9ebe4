/* SPDX-License-Identifier: GPL-2.0 */
/* Watched: allocators with debug=, and mistakes with their objects. */
#ifndef SPCPU_TEST_WATCHED_H
#define SPCPU_TEST_WATCHED_H

#include "debug.h"
#include "fixture.h"
#include "kmsg.h"

#define SPCPU_WATCH_ALL	(SPCPU_REDZONE | SPCPU_POISON | SPCPU_QUARANTINE | SPCPU_OWNER)

struct spcpu_debug *spcpu_watched(struct kunit *test, unsigned int flags);
struct spcpu_debug *spcpu_watched_units(struct kunit *test, unsigned int flags,
					size_t unit_size);
char __percpu *spcpu_watched_alloc(struct kunit *test, struct spcpu_debug *d,
				   size_t size, size_t align);
void spcpu_watched_free(struct kunit *test, struct spcpu_debug *d,
			void __percpu *ptr);
void spcpu_watched_write(char __percpu *ptr, unsigned int cpu, int at, u8 value);

#endif /* SPCPU_TEST_WATCHED_H */

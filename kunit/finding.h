/* SPDX-License-Identifier: GPL-2.0 */
/* Finding: what is wrong with an allocator, written down while its lock is held. */
#ifndef SPCPU_TEST_FINDING_H
#define SPCPU_TEST_FINDING_H

#include "core.h"

#define NO_CHUNK	UINT_MAX

/**
 * struct finding - the first thing that is wrong
 *
 * @what: what it is; NULL as long as all is well
 * @id: of which chunk, or %NO_CHUNK
 * @is: what was found
 * @should: what should have been found
 */
struct finding {
	const char *what;
	unsigned int id;
	long is;
	long should;
};

static inline void same(struct finding *f, const char *what, unsigned int id,
			long is, long should)
{
	if (is != should && !f->what)
		*f = (struct finding) { what, id, is, should };
}

/* span_rules.c */
void spcpu_check_cache(struct finding *f, struct spcpu *s);
void spcpu_check_finder(struct finding *f, const struct spcpu *s, int windows);

#endif /* SPCPU_TEST_FINDING_H */

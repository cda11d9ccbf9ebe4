/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUs: those that are absent, leave and come.
 *
 * Guests differ: one has CPUs that can never come online, for which a test does
 * by hand what the hotplug core would do; another has none that are absent, until
 * a test sends some away.
 */
#ifndef SPCPU_TEST_CPUS_H
#define SPCPU_TEST_CPUS_H

#include "fixture.h"

#define SPCPU_CPUS_STATIC	4300	/* bytes; more than a page, no whole words */

extern u8 spcpu_cpus_image[SPCPU_CPUS_STATIC];

void spcpu_cpus_leave(struct kunit *test, unsigned int most);
int spcpu_cpus_come(struct spcpu *s, unsigned int cpu);
const struct cpumask *spcpu_cpus_absent(struct kunit *test,
					const struct spcpu *s);

struct spcpu *spcpu_cpus_create(struct kunit *test, enum spcpu_first_mode mode,
				const struct spcpu_backing *backing,
				bool online, bool cache);
struct spcpu *spcpu_cpus_online(struct kunit *test, enum spcpu_first_mode mode);

bool spcpu_cpus_can_write(void *addr);
void spcpu_cpus_expect_absent(struct kunit *test, struct spcpu *s);
void spcpu_cpus_expect_present(struct kunit *test, struct spcpu *s,
			       unsigned int cpu);

static inline void *spcpu_cpus_static(const struct spcpu *s, unsigned int cpu)
{
	return (void *)s->first->window->units[cpu].start;
}

#endif /* SPCPU_TEST_CPUS_H */

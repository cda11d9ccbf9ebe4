/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Override: what is exported for include/shadow_percpu_override.h alone, which has the
 * kernel's headers declare it.
 */
#ifndef SPCPU_OVERRIDE_H
#define SPCPU_OVERRIDE_H

#include <linux/types.h>

struct lock_class_key;
struct percpu_counter;

void __percpu *__shadow_pcpu_alloc(size_t size, size_t align, bool reserved,
				   gfp_t gfp);
int __shadow_percpu_counter_init(struct percpu_counter *fbc, s64 amount,
				 gfp_t gfp, struct lock_class_key *key);

#endif /* SPCPU_OVERRIDE_H */

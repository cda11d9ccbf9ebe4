/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Foreign: what the kernel's own allocator gives, for tests whose names for it are the
 * shadow's.
 */
#ifndef SPCPU_TEST_FOREIGN_H
#define SPCPU_TEST_FOREIGN_H

#include <linux/types.h>

struct device;
struct percpu_counter;
struct percpu_ref;

void __percpu *spcpu_foreign_alloc(size_t size);
void __percpu *spcpu_foreign_devm_alloc(struct device *dev, size_t size);
int spcpu_foreign_counter_init(struct percpu_counter *fbc, s64 amount);
int spcpu_foreign_ref_init(struct percpu_ref *ref,
			   void (*release)(struct percpu_ref *));

#endif /* SPCPU_TEST_FOREIGN_H */

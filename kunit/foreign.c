// SPDX-License-Identifier: GPL-2.0
/*
 * Foreign: what the kernel's own allocator gives.
 */
#include <linux/device.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu.h>
#include <linux/percpu_counter.h>

#include "foreign.h"

/**
 * spcpu_foreign_alloc() - __alloc_percpu()
 * @size: bytes of one copy
 *
 * Return: An object, or NULL.
 */
void __percpu *spcpu_foreign_alloc(size_t size)
{
	return __alloc_percpu(size, sizeof(u64));
}

/**
 * spcpu_foreign_devm_alloc() - __devm_alloc_percpu()
 * @dev: the device
 * @size: bytes of one copy
 *
 * Return: An object, or NULL.
 */
void __percpu *spcpu_foreign_devm_alloc(struct device *dev, size_t size)
{
	return __devm_alloc_percpu(dev, size, sizeof(u64));
}

/**
 * spcpu_foreign_counter_init() - percpu_counter_init()
 * @fbc: the counter
 * @amount: what it starts from
 *
 * Return: 0, or -ENOMEM.
 */
int spcpu_foreign_counter_init(struct percpu_counter *fbc, s64 amount)
{
	return percpu_counter_init(fbc, amount, GFP_KERNEL);
}

/**
 * spcpu_foreign_ref_init() - percpu_ref_init()
 * @ref: the reference count
 * @release: called when it gets to 0
 *
 * Return: 0, or -ENOMEM.
 */
int spcpu_foreign_ref_init(struct percpu_ref *ref,
			   void (*release)(struct percpu_ref *))
{
	return percpu_ref_init(ref, release, PERCPU_REF_ALLOW_REINIT,
			       GFP_KERNEL);
}

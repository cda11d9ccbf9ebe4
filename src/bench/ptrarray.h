/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU objects as Linux 2.6.12 to 2.6.15 had them: one piece of slab memory for
 * each CPU, and an array of pointers to them.
 */
#ifndef BENCH_PTRARRAY_H
#define BENCH_PTRARRAY_H

#include <linux/gfp.h>
#include <linux/types.h>

void *ptrarray_alloc(size_t size, size_t align, gfp_t gfp);
void ptrarray_free(void *handle);
void *ptrarray_per_cpu_ptr(void *handle, int cpu);
size_t ptrarray_copy_bytes(void *handle);
size_t ptrarray_array_bytes(void *handle);
long ptrarray_slab_objects(void);

#endif /* BENCH_PTRARRAY_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_SLAB_H
#define HOST_SLAB_H

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>

/* bytes that may still be taken: a recording may ask for more than there is */
extern size_t host_memory_left;

/* zeroed, NULL when there is none; flags are of no meaning */
void *host_alloc(size_t size);
void host_free(const void *ptr);

#define kzalloc(size, gfp)		((void)(gfp), host_alloc(size))
#define kcalloc(nr, size, gfp)		kzalloc(size_mul(nr, size), gfp)
#define kmalloc(size, gfp)		kzalloc(size, gfp)
#define kmalloc_array(nr, size, gfp)	kcalloc(nr, size, gfp)
#define kvzalloc(size, gfp)		kzalloc(size, gfp)
#define kvcalloc(nr, size, gfp)		kcalloc(nr, size, gfp)
#define kvmalloc(size, gfp)		kzalloc(size, gfp)
#define kvmalloc_array(nr, size, gfp)	kcalloc(nr, size, gfp)
#define kfree(ptr)			host_free(ptr)
#define kvfree(ptr)			host_free(ptr)

#endif /* HOST_SLAB_H */

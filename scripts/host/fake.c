// SPDX-License-Identifier: GPL-2.0
/*
 * Fake: an allocator that does no more than keep count, for those who use one.
 */
#include <linux/log2.h>
#include <linux/slab.h>

#include "core.h"
#include "fake.h"

unsigned int host_fake_live;

int spcpu_alloc(struct spcpu *s, const struct spcpu_request *req,
		void __percpu **ptr)
{
	size_t *size;

	if (!req->size || req->size > SPCPU_MIN_UNIT_SIZE || !req->align ||
	    !is_power_of_2(req->align) || req->align > PAGE_SIZE)
		return -EINVAL;
	if (req->size == FAKE_NO_MEMORY)
		return -ENOMEM;
	if (req->size == FAKE_SHUTDOWN)
		return -ESHUTDOWN;

	size = kmalloc(sizeof(*size), req->gfp);
	if (!size)
		return -ENOMEM;
	*size = req->size;
	*ptr = size;
	host_fake_live++;
	return 0;
}

int spcpu_free(struct spcpu *s, void __percpu *ptr)
{
	kfree(ptr);
	host_fake_live--;
	return 0;
}

int spcpu_locate(struct spcpu *s, const void __percpu *ptr,
		 struct spcpu_place *place)
{
	*place = (struct spcpu_place) { .size = *(const size_t *)ptr };
	return 0;
}

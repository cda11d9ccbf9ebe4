// SPDX-License-Identifier: GPL-2.0
/*
 * API: percpu reference counts whose copies are in the shadow.
 *
 * The kernel sets them up and tears them down; only the copies are exchanged, before
 * anybody uses them, and when nobody does any more.
 *
 * The contracts are in include/shadow_percpu.h.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/percpu-refcount.h>

#include "api.h"
#include "shadow_percpu.h"

/* the mode is in the lowest bits of the pointer */
#define REF_FLAGS	(BIT(__PERCPU_REF_FLAG_BITS) - 1)

static void __percpu *copies_of(const struct percpu_ref *ref)
{
	return (void __percpu __force *)(ref->percpu_count_ptr & ~REF_FLAGS);
}

int shadow_percpu_ref_init(struct percpu_ref *ref,
			   void (*release)(struct percpu_ref *),
			   unsigned int flags, gfp_t gfp)
{
	const size_t size = sizeof(unsigned long);
	void __percpu *copies;
	int err;

	if (spcpu_api_alloc_bulk(size, max(size, REF_FLAGS + 1), gfp, 1,
				 &copies, _RET_IP_)) {
		ref->percpu_count_ptr = 0;
		return -ENOMEM;
	}

	err = percpu_ref_init(ref, release, flags | PERCPU_REF_ALLOW_REINIT,
			      gfp);
	if (err) {
		spcpu_api_free_bulk(1, &copies, _RET_IP_);
		return err;
	}
	free_percpu(copies_of(ref));
	ref->percpu_count_ptr &= REF_FLAGS;
	ref->percpu_count_ptr |= (__force unsigned long)copies;
	return 0;
}
EXPORT_SYMBOL_GPL(shadow_percpu_ref_init);

void shadow_percpu_ref_exit(struct percpu_ref *ref)
{
	void __percpu *copies = copies_of(ref);

	/* without data it has been torn down, and there are other things in the word */
	if (ref->data && spcpu_api_owns(copies)) {
		WARN_ON_ONCE(ref->data->confirm_switch);
		/* as the kernel leaves it: nothing there that it would free */
		ref->percpu_count_ptr = __PERCPU_REF_ATOMIC_DEAD;
		spcpu_api_free_bulk(1, &copies, _RET_IP_);
	}
	percpu_ref_exit(ref);
}
EXPORT_SYMBOL_GPL(shadow_percpu_ref_exit);

// SPDX-License-Identifier: GPL-2.0
/*
 * Prefill: objects that are set aside for somebody who must not fail later.
 *
 * The contracts are in include/shadow_percpu.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "api.h"
#include "shadow_percpu.h"
#include "span.h"

/**
 * struct shadow_percpu_prefill - objects set aside
 *
 * @left: how many have not been taken: the first ones
 * @ptrs: the objects
 */
struct shadow_percpu_prefill {
	atomic_t left;
	void __percpu *ptrs[];
};

struct shadow_percpu_prefill *shadow_percpu_prefill(size_t size, size_t align,
						    unsigned int nr, gfp_t gfp)
{
	struct shadow_percpu_prefill *pre;

	if (!nr || nr > INT_MAX) {
		pr_warn_ratelimited("%pS: refused to set %u objects aside: it takes 1 to %d\n",
				    (void *)_RET_IP_, nr, INT_MAX);
		return NULL;
	}

	pre = kmalloc(struct_size(pre, ptrs, nr), spcpu_own_gfp(gfp));
	if (!pre)
		return NULL;

	if (spcpu_api_alloc_bulk(size, align, gfp, nr, pre->ptrs, _RET_IP_)) {
		kfree(pre);
		return NULL;
	}
	atomic_set(&pre->left, nr);
	return pre;
}
EXPORT_SYMBOL_GPL(shadow_percpu_prefill);

void __percpu *shadow_percpu_take(struct shadow_percpu_prefill *pre)
{
	int left = atomic_dec_if_positive(&pre->left);

	return left < 0 ? NULL : pre->ptrs[left];
}
EXPORT_SYMBOL_GPL(shadow_percpu_take);

void shadow_percpu_prefill_end(struct shadow_percpu_prefill *pre)
{
	if (!pre)
		return;

	spcpu_api_free_bulk(atomic_read(&pre->left), pre->ptrs, _RET_IP_);
	kfree(pre);
}
EXPORT_SYMBOL_GPL(shadow_percpu_prefill_end);

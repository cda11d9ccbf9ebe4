// SPDX-License-Identifier: GPL-2.0
/*
 * API: objects that go with a device.
 *
 * The contracts are in include/shadow_percpu.h.
 */
#include <linux/device.h>
#include <linux/export.h>

#include "api.h"
#include "shadow_percpu.h"

static void release(struct device *dev, void *res)
{
	shadow_free_percpu(*(void __percpu **)res);
}

static int is_that(struct device *dev, void *res, void *ptr)
{
	return *(void __percpu **)res == (void __percpu __force *)ptr;
}

void __percpu *__shadow_devm_alloc_percpu(struct device *dev, size_t size,
					  size_t align)
{
	void __percpu **res, *ptr;

	res = devres_alloc(release, sizeof(*res), GFP_KERNEL);
	if (!res)
		return NULL;

	if (spcpu_api_alloc_bulk(size, align, GFP_KERNEL, 1, &ptr, _RET_IP_)) {
		devres_free(res);
		return NULL;
	}
	*res = ptr;
	devres_add(dev, res);
	return ptr;
}
EXPORT_SYMBOL_GPL(__shadow_devm_alloc_percpu);

void shadow_devm_free_percpu(struct device *dev, void __percpu *ptr)
{
	if (devres_release(dev, release, is_that, (void __force *)ptr))
		devm_free_percpu(dev, ptr);
}
EXPORT_SYMBOL_GPL(shadow_devm_free_percpu);

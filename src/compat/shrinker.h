/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shrinkers are allocated by the kernel since 6.7, and ours before. Either way
 * reclaim asks two functions, which get what they were registered with.
 */
#ifndef SPCPU_COMPAT_SHRINKER_H
#define SPCPU_COMPAT_SHRINKER_H

#include <linux/errno.h>
#include <linux/shrinker.h>
#include <linux/version.h>

/**
 * struct spcpu_shrinker - asked for pages by memory reclaim
 *
 * @count: how many pages could be given back?
 * @scan: give back so many; how many it were
 * @of: their argument
 * @base: the kernel's part
 */
struct spcpu_shrinker {
	unsigned long (*count)(void *of);
	unsigned long (*scan)(void *of, unsigned long nr);
	void *of;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	struct shrinker *base;
#else
	struct shrinker base;
#endif
};

static inline struct spcpu_shrinker *spcpu_shrinker_of(struct shrinker *base)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return base->private_data;
#else
	return container_of(base, struct spcpu_shrinker, base);
#endif
}

static inline unsigned long spcpu_shrinker_count(struct shrinker *base,
						 struct shrink_control *sc)
{
	struct spcpu_shrinker *shrinker = spcpu_shrinker_of(base);

	return shrinker->count(shrinker->of) ?: SHRINK_EMPTY;
}

static inline unsigned long spcpu_shrinker_scan(struct shrinker *base,
						struct shrink_control *sc)
{
	struct spcpu_shrinker *shrinker = spcpu_shrinker_of(base);

	return shrinker->scan(shrinker->of, sc->nr_to_scan) ?: SHRINK_STOP;
}

static inline int spcpu_shrinker_register(struct spcpu_shrinker *shrinker)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	shrinker->base = shrinker_alloc(0, "shadow_percpu");
	if (!shrinker->base)
		return -ENOMEM;
	shrinker->base->private_data = shrinker;
	shrinker->base->count_objects = spcpu_shrinker_count;
	shrinker->base->scan_objects = spcpu_shrinker_scan;
	shrinker_register(shrinker->base);
	return 0;
#else
	shrinker->base.seeks = DEFAULT_SEEKS;
	shrinker->base.count_objects = spcpu_shrinker_count;
	shrinker->base.scan_objects = spcpu_shrinker_scan;
	return register_shrinker(&shrinker->base, "shadow_percpu");
#endif
}

static inline void spcpu_shrinker_unregister(struct spcpu_shrinker *shrinker)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	shrinker_free(shrinker->base);
#else
	unregister_shrinker(&shrinker->base);
#endif
}

#endif /* SPCPU_COMPAT_SHRINKER_H */

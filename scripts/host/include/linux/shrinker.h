/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_SHRINKER_H
#define HOST_SHRINKER_H

struct shrink_control {
	unsigned long nr_to_scan;
};

#define SHRINK_STOP	(~0UL)
#define SHRINK_EMPTY	(~0UL - 1)

/* memory is never short: these are declared, and not there */
struct shrinker {
	unsigned long (*count_objects)(struct shrinker *shrinker,
				       struct shrink_control *sc);
	unsigned long (*scan_objects)(struct shrinker *shrinker,
				      struct shrink_control *sc);
	void *private_data;
};

struct shrinker *shrinker_alloc(unsigned int flags, const char *name, ...);
void shrinker_register(struct shrinker *shrinker);
void shrinker_free(struct shrinker *shrinker);

#endif /* HOST_SHRINKER_H */

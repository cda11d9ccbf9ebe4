/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_SORT_H
#define HOST_SORT_H

#include <stdlib.h>

#include <linux/types.h>

/* @swap is for elements that know where they are, which none does */
#define sort(base, nr, size, compare, swap)				\
	((void)(swap), qsort(base, nr, size, compare))

#endif /* HOST_SORT_H */

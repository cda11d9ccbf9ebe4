/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_PERCPU_H
#define HOST_PERCPU_H

#include <linux/mm.h>
#include <linux/types.h>

/* there are no other CPUs' copies */
static inline unsigned long per_cpu_offset(unsigned int cpu)
{
	return 0;
}

#endif /* HOST_PERCPU_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_CPUMASK_H
#define HOST_CPUMASK_H

struct cpumask;

typedef struct cpumask *cpumask_var_t;

#endif /* HOST_CPUMASK_H */

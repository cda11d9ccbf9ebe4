/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_SCHED_H
#define HOST_SCHED_H

#include <linux/kernel.h>

#endif /* HOST_SCHED_H */

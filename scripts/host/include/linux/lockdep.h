/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_LOCKDEP_H
#define HOST_LOCKDEP_H

#include <linux/spinlock.h>

#endif /* HOST_LOCKDEP_H */

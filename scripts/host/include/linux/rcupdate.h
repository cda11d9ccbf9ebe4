/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_RCUPDATE_H
#define HOST_RCUPDATE_H

#include <linux/types.h>

/* for sparse */
#define __rcu

struct rcu_head {
	struct rcu_head *next;
};

#endif /* HOST_RCUPDATE_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_NOTIFIER_H
#define HOST_NOTIFIER_H

/* nobody is told of anything */
struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long what,
			     void *data);
};

#endif /* HOST_NOTIFIER_H */

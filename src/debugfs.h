/* SPDX-License-Identifier: GPL-2.0 */
/* Debugfs: the files under /sys/kernel/debug/shadow_percpu. */
#ifndef SPCPU_DEBUGFS_H
#define SPCPU_DEBUGFS_H

#include <linux/types.h>

struct spcpu;

int spcpu_debugfs_init(struct spcpu *s, bool snapshot);
void spcpu_debugfs_exit(void);

#endif /* SPCPU_DEBUGFS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* Debugfs: the files `compare` and `mirror`. */
#ifndef SPCPU_DEBUGFS_FOLLOW_H
#define SPCPU_DEBUGFS_FOLLOW_H

#include <linux/types.h>

struct dentry;

void spcpu_debugfs_follow_init(struct dentry *folder, bool snapshot);
void spcpu_debugfs_follow_exit(void);

#endif /* SPCPU_DEBUGFS_FOLLOW_H */

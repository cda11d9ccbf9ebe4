/* SPDX-License-Identifier: GPL-2.0 */
/* Debugfs: the files `snapshot` and `record`, about the kernel's own allocator. */
#ifndef SPCPU_DEBUGFS_NATIVE_H
#define SPCPU_DEBUGFS_NATIVE_H

struct dentry;

void spcpu_debugfs_native_init(struct dentry *folder);
void spcpu_debugfs_native_exit(void);

#endif /* SPCPU_DEBUGFS_NATIVE_H */

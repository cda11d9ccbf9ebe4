/* SPDX-License-Identifier: GPL-2.0 */
/* Debugfs: the files of what debug= watches. */
#ifndef SPCPU_DEBUGFS_DEBUG_H
#define SPCPU_DEBUGFS_DEBUG_H

#include <linux/debugfs.h>

#include "core.h"

void spcpu_debugfs_debug_init(struct dentry *folder, struct spcpu *s);

#endif /* SPCPU_DEBUGFS_DEBUG_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entry: something is called whenever one of the kernel's functions is.
 *
 * The kernel has cheaper ways to do that and dearer ones, and no kernel has them all.
 */
#ifndef SPCPU_COMPAT_ENTRY_H
#define SPCPU_COMPAT_ENTRY_H

#include <linux/types.h>

int spcpu_entry_register(const char *function, void (*call)(u64 second));
void spcpu_entry_unregister(void);
u64 spcpu_entry_missed(void);

#endif /* SPCPU_COMPAT_ENTRY_H */

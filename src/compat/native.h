/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Native: the kernel's own percpu allocator, looked at from outside. What it keeps
 * is exported to nobody; where it is found and how it is laid out is known here
 * only.
 */
#ifndef SPCPU_COMPAT_NATIVE_H
#define SPCPU_COMPAT_NATIVE_H

#include "../snapshot.h"

struct task_struct;
struct work_struct;

/**
 * struct spcpu_native_state - what the worker may have changed of a chunk
 *
 * @base: what names the chunk
 * @slot: the list it is on
 * @isolated: it gives, or gave, pages back
 * @nr_pages: pages
 * @populated: which of them are backed
 */
struct spcpu_native_state {
	u64 base;
	int slot;
	bool isolated;
	int nr_pages;
	const unsigned long *populated;
};

int spcpu_native_init(void);
void spcpu_native_flush(void);
bool spcpu_native_is_worker(const struct work_struct *work);
const struct task_struct *spcpu_native_holder(void);
void spcpu_native_lock(unsigned long *flags);
void spcpu_native_unlock(unsigned long flags);
int spcpu_native_snapshot(struct spcpu_snapshot *snap, void (*locked)(void));
void spcpu_native_for_each(void (*fn)(void *to,
				      const struct spcpu_native_state *state),
			   void *to);

#if IS_ENABLED(CONFIG_KUNIT)
/* for tests: does something to what was read, before it is believed */
extern void (*spcpu_native_spoil)(struct spcpu_snapshot *snap);
#endif

#endif /* SPCPU_COMPAT_NATIVE_H */

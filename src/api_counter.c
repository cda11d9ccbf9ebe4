// SPDX-License-Identifier: GPL-2.0
/*
 * API: percpu counters whose copies are in the shadow.
 *
 * What counts and adds up is the kernel's. Its own list of counters, from which it
 * takes what a dead CPU has counted, is not ours to use: who leaves it has his copies
 * freed by the kernel's allocator. So there is a list here.
 *
 * The contracts are in include/shadow_percpu.h.
 */
#include <linux/cpuhotplug.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/percpu_counter.h>
#include <linux/spinlock.h>

#include "api.h"
#include "compat/counter.h"
#include "counters.h"
#include "override.h"
#include "shadow_percpu.h"

#ifdef CONFIG_HOTPLUG_CPU

static LIST_HEAD(counters);
static DEFINE_SPINLOCK(counters_lock);	/* outside of counters' own locks */

/* the stage, given by the hotplug core, or what it said */
static int state;

/* its copies are not read any more, until it comes back */
static int cpu_gone(unsigned int cpu)
{
	struct percpu_counter *fbc;
	s32 *copy;

	spin_lock_irq(&counters_lock);
	list_for_each_entry(fbc, &counters, list) {
		raw_spin_lock(&fbc->lock);
		copy = per_cpu_ptr(fbc->counters, cpu);
		fbc->count += *copy;
		*copy = 0;
		raw_spin_unlock(&fbc->lock);
	}
	spin_unlock_irq(&counters_lock);
	return 0;
}

/**
 * spcpu_counters_init() - be told of CPUs that go
 *
 * Without that no counter can be set up.
 *
 * Context: Module init.
 */
void spcpu_counters_init(void)
{
	state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					  "shadow_percpu:counters", NULL,
					  cpu_gone);
}

/**
 * spcpu_counters_exit() - be told no more
 *
 * Context: Module exit, or a failed init; there is no client.
 */
void spcpu_counters_exit(void)
{
	if (state >= 0)
		cpuhp_remove_state_nocalls(state);
}

static int can_follow_cpus(void)
{
	return min(state, 0);
}

static void watch(struct percpu_counter *fbc)
{
	unsigned long flags;

	spin_lock_irqsave(&counters_lock, flags);
	list_add(&fbc->list, &counters);
	spin_unlock_irqrestore(&counters_lock, flags);
}

static void unwatch(struct percpu_counter *fbc)
{
	unsigned long flags;

	spin_lock_irqsave(&counters_lock, flags);
	list_del(&fbc->list);
	spin_unlock_irqrestore(&counters_lock, flags);
}

#else /* no CPU goes */

void spcpu_counters_init(void)
{
}

void spcpu_counters_exit(void)
{
}

static int can_follow_cpus(void)
{
	return 0;
}

static void watch(struct percpu_counter *fbc)
{
}

static void unwatch(struct percpu_counter *fbc)
{
}

#endif

static int init(struct percpu_counter *fbc, s64 amount, gfp_t gfp, u32 nr,
		struct lock_class_key *key, unsigned long caller)
{
	void __percpu *copies = NULL;
	int err = can_follow_cpus();
	u32 i;

	if (!err && spcpu_api_alloc_bulk(size_mul(nr, sizeof(s32)), sizeof(s32),
					 gfp, 1, &copies, caller))
		err = -ENOMEM;

	for (i = 0; i < nr; i++) {
		raw_spin_lock_init(&fbc[i].lock);
		lockdep_set_class(&fbc[i].lock, key);
		fbc[i].count = amount;
		fbc[i].counters = err ? NULL : (s32 __percpu *)copies + i;
		if (!err)
			watch(&fbc[i]);
	}
	return err;
}

int __shadow_percpu_counter_init_many(struct percpu_counter *fbc, s64 amount,
				      gfp_t gfp, u32 nr,
				      struct lock_class_key *key)
{
	return init(fbc, amount, gfp, nr, key, _RET_IP_);
}
EXPORT_SYMBOL_GPL(__shadow_percpu_counter_init_many);

int __shadow_percpu_counter_init(struct percpu_counter *fbc, s64 amount,
				 gfp_t gfp, struct lock_class_key *key)
{
	return init(fbc, amount, gfp, 1, key, _RET_IP_);
}
EXPORT_SYMBOL_GPL(__shadow_percpu_counter_init);

static void destroy(struct percpu_counter *fbc, u32 nr, unsigned long caller)
{
	void __percpu *copies = fbc->counters;
	u32 i;

	if (!copies)
		return;
	if (!spcpu_api_owns(copies)) {
		spcpu_native_counters_destroy(fbc, nr);
		return;
	}

	for (i = 0; i < nr; i++) {
		unwatch(&fbc[i]);
		fbc[i].counters = NULL;
	}
	spcpu_api_free_bulk(1, &copies, caller);
}

void shadow_percpu_counter_destroy_many(struct percpu_counter *fbc, u32 nr)
{
	destroy(fbc, nr, _RET_IP_);
}
EXPORT_SYMBOL_GPL(shadow_percpu_counter_destroy_many);

void shadow_percpu_counter_destroy(struct percpu_counter *fbc)
{
	destroy(fbc, 1, _RET_IP_);
}
EXPORT_SYMBOL_GPL(shadow_percpu_counter_destroy);

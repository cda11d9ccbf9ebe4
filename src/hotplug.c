// SPDX-License-Identifier: GPL-2.0
/*
 * Hotplug: with hotplug=online only CPUs that are, or have been, online have
 * pages. A CPU gets them, and its objects their initial values, while its coming
 * online is prepared (CPUHP_BP_PREPARE_DYN) and can still be refused, before it
 * runs anything; and keeps them when it leaves.
 *
 * The CPU hotplug core holds its lock for writing meanwhile. Callbacks are
 * registered with it held for reading, so there is no lock of ours around any of
 * them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "debug.h"
#include "hotplug.h"

/**
 * struct spcpu_init - a callback for new CPUs' copies of one object
 *
 * In spcpu::inits, by the granule of the object, and freed under its lock.
 *
 * @ptr: the object
 * @init: sets up one copy
 * @arg: for @init
 */
struct spcpu_init {
	void __percpu *ptr;
	shadow_percpu_init_fn *init;
	void *arg;
};

/* the stage, given by the hotplug core */
static int state = -EOPNOTSUPP;

static void set_backed(struct spcpu *s, unsigned int cpu, bool backed)
{
	mutex_lock(&s->mapping);
	if (backed)
		cpumask_set_cpu(cpu, s->backed_cpus);
	else
		cpumask_clear_cpu(cpu, s->backed_cpus);
	/* pairs with spcpu_populate() */
	smp_store_release(&s->backed_version, s->backed_version + 1);
	mutex_unlock(&s->mapping);
}

/*
 * Pinned: a chunk of the window after that of @prev, or of the first one; @prev
 * is let go.
 */
static struct spcpu_chunk *next_window(struct spcpu *s,
				       struct spcpu_chunk *prev)
{
	struct spcpu_chunk *chunk, *found = NULL;

	spin_lock_irq(&s->lock);
	chunk = prev ?: list_entry(&s->chunks, struct spcpu_chunk, all);
	list_for_each_entry_continue(chunk, &s->chunks, all) {
		if (chunk == s->reserved)
			continue;
		spcpu_pin(s, chunk);
		found = chunk;
		break;
	}
	spin_unlock_irq(&s->lock);

	if (prev)
		spcpu_let_go(s, prev);
	return found;
}

static int bring_pages(struct spcpu *s, unsigned int cpu)
{
	struct spcpu_chunk *chunk = NULL;
	int err;

	while ((chunk = next_window(s, chunk))) {
		err = spcpu_populate_cpu(s, chunk, cpu);
		if (err) {
			spcpu_let_go(s, chunk);
			return err;
		}
	}
	return 0;
}

static void take_pages(struct spcpu *s, unsigned int cpu)
{
	struct spcpu_chunk *chunk = NULL;

	while ((chunk = next_window(s, chunk)))
		spcpu_depopulate_cpu(s, chunk, cpu);
}

static unsigned long key_of(const void __percpu *ptr)
{
	return (__force unsigned long)ptr >> SPCPU_GRANULE_SHIFT;
}

/* a copy of the next callback, since it may go away; no lock is held for it */
static bool next_init(struct spcpu *s, unsigned long *key,
		      struct spcpu_init *copy)
{
	const struct spcpu_init *init;

	xa_lock_irq(&s->inits);
	init = xa_find(&s->inits, key, ULONG_MAX, XA_PRESENT);
	if (init)
		*copy = *init;
	xa_unlock_irq(&s->inits);
	return init;
}

static int call_inits(struct spcpu *s, unsigned int cpu)
{
	struct spcpu_init init;
	unsigned long key;
	int err;

	for (key = 0; next_init(s, &key, &init); key++) {
		err = init.init(per_cpu_ptr(init.ptr, cpu), cpu, init.arg);
		if (err) {
			pr_err("CPU %u cannot come online: %pS, which sets up its copy of an object, says %d\n",
			       cpu, init.init, err);
			return err;
		}
	}
	return 0;
}

static void set_ready(struct spcpu *s, unsigned int cpu)
{
	spin_lock_irq(&s->lock);
	cpumask_set_cpu(cpu, s->ready_cpus);
	spcpu_ready_add(&s->ready, cpu);
	spin_unlock_irq(&s->lock);
}

/**
 * spcpu_hotplug_prepare() - give a CPU everything, before it comes online
 * @s: an allocator with hotplug=online
 * @cpu: a possible CPU; nothing to do if it has been here before
 *
 * Until it has everything, others allocate and free as if it were not there:
 * pages that come up meanwhile, they find for this CPU too, but its copies are
 * not zeroed, since its pages are zero.
 *
 * Context: Process context, the CPU hotplug lock held. May sleep.
 * Return: 0; -ENOMEM, or what a callback says, logged: the CPU has nothing.
 */
int spcpu_hotplug_prepare(struct spcpu *s, unsigned int cpu)
{
	int err;

	if (cpumask_test_cpu(cpu, s->ready_cpus))
		return 0;

	set_backed(s, cpu, true);
	err = bring_pages(s, cpu);
	if (err) {
		pr_err("CPU %u cannot come online: no memory for its copies of %lu pages\n",
		       cpu,
		       /* about how many: they may change meanwhile */
		       data_race(s->nr_populated));
		goto err_take;
	}

	spcpu_first_chunk_init_cpu(s, cpu);
	err = call_inits(s, cpu);
	if (err)
		goto err_take;

	set_ready(s, cpu);
	if (spcpu_debug_of(s))
		spcpu_guard_cpu_came(s->debug);
	return 0;

err_take:
	set_backed(s, cpu, false);
	take_pages(s, cpu);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_hotplug_prepare);

static int prepare(unsigned int cpu, struct hlist_node *node)
{
	struct spcpu *s = hlist_entry(node, struct spcpu, hotplug);

	return s->options.online ? spcpu_hotplug_prepare(s, cpu) : 0;
}

/* it has left; with hotplug=online it keeps its pages */
static int gone(unsigned int cpu, struct hlist_node *node)
{
	spcpu_cache_drain_cpu(hlist_entry(node, struct spcpu, hotplug), cpu);
	return 0;
}

/**
 * spcpu_hotplug_init() - have a stage of CPU hotplug
 *
 * If there is none to be had, hotplug=online is out, and a CPU that leaves keeps what
 * it has in its cache.
 *
 * Context: Module init.
 */
void spcpu_hotplug_init(void)
{
	state = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN,
					"shadow_percpu:prepare", prepare, gone);
}

/**
 * spcpu_hotplug_exit() - give the stage back
 *
 * Context: Module exit, or a failed init; no allocator is left.
 */
void spcpu_hotplug_exit(void)
{
	if (state >= 0)
		cpuhp_remove_multi_state(state);
}

/* those who came between the first chunk and our being told of such */
static int catch_up(struct spcpu *s)
{
	unsigned int cpu;
	int err = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		err = spcpu_hotplug_prepare(s, cpu);
		if (err)
			break;
	}
	cpus_read_unlock();
	return err;
}

/**
 * spcpu_hotplug_add() - from now on an allocator is told of new CPUs
 * @s: the allocator, with its first chunk; nobody uses it yet
 *
 * Context: Process context. May sleep.
 * Return: 0, or an errno, logged.
 */
int spcpu_hotplug_add(struct spcpu *s)
{
	int err;

	if (state < 0 && !s->options.online)
		return 0;
	if (state < 0) {
		pr_err("hotplug=online: the kernel has no stage of CPU hotplug left for us (%d): hotplug=all works without\n",
		       state);
		return state;
	}

	err = cpuhp_state_add_instance_nocalls(state, &s->hotplug);
	if (err || !s->options.online)
		return err;

	err = spcpu_absent_watch(s);
	if (err)
		goto err_instance;

	err = catch_up(s);
	if (err)
		goto err_unwatch;
	return 0;

err_unwatch:
	spcpu_absent_unwatch(s);
err_instance:
	cpuhp_state_remove_instance_nocalls(state, &s->hotplug);
	return err;
}

static void forget_inits(struct spcpu *s)
{
	struct spcpu_init *init;
	unsigned long key;

	xa_for_each(&s->inits, key, init)
		kfree(init);
	xa_destroy(&s->inits);
}

/**
 * spcpu_hotplug_del() - no more news of CPUs
 * @s: an allocator after spcpu_hotplug_add() that nobody uses any more
 *
 * Context: Process context. May sleep.
 */
void spcpu_hotplug_del(struct spcpu *s)
{
	if (s->options.online)
		spcpu_absent_unwatch(s);
	if (state >= 0)
		cpuhp_state_remove_instance_nocalls(state, &s->hotplug);
	forget_inits(s);
}

/* free the callback of an object: which one it was, or NULL */
static shadow_percpu_init_fn *drop_init(struct spcpu *s,
					const void __percpu *ptr)
{
	shadow_percpu_init_fn *fn = NULL;
	struct spcpu_init *init;
	unsigned long flags;

	xa_lock_irqsave(&s->inits, flags);
	init = __xa_erase(&s->inits, key_of(ptr));
	if (init)
		fn = init->init;
	kfree(init);
	xa_unlock_irqrestore(&s->inits, flags);
	return fn;
}

/**
 * spcpu_object_gone() - an object is freed, and so is its callback, if any
 * @s: the allocator
 * @ptr: the object
 *
 * That it is still there is a mistake, which is logged.
 *
 * Context: Any but NMI; before somebody else can have the place.
 */
void spcpu_object_gone(struct spcpu *s, const void __percpu *ptr)
{
	shadow_percpu_init_fn *init;

	if (xa_empty(&s->inits))
		return;

	init = drop_init(s, ptr);
	if (init)
		pr_warn_ratelimited("%pS stayed registered when its object was freed: shadow_percpu_clear_init() comes first\n",
				    init);
}

static int init_present(struct spcpu *s, const struct spcpu_init *init)
{
	unsigned int cpu;
	int err = 0;

	for_each_cpu(cpu, s->ready_cpus) {
		err = init->init(per_cpu_ptr(init->ptr, cpu), cpu, init->arg);
		if (err)
			break;
	}
	return err;
}

/* the one in the array may be gone at any time, @init is a copy */
static int add_init(struct spcpu *s, const struct spcpu_init *init)
{
	struct spcpu_init *new = kmemdup(init, sizeof(*init), GFP_KERNEL);
	int err;

	if (!new)
		return -ENOMEM;

	err = xa_insert_irq(&s->inits, key_of(init->ptr), new, GFP_KERNEL);
	if (err)
		kfree(new);
	return err;
}

/**
 * spcpu_set_init() - set up all copies of an object, also those to come
 * @s: the allocator
 * @ptr: the object
 * @init: sets up one copy
 * @arg: for @init
 *
 * Context: Process context; takes the CPU hotplug lock for reading. May sleep.
 * Return: As shadow_percpu_set_init().
 */
int spcpu_set_init(struct spcpu *s, void __percpu *ptr,
		   shadow_percpu_init_fn *init, void *arg)
{
	const struct spcpu_init new = { ptr, init, arg };
	struct spcpu_place place;
	int err;

	err = spcpu_object_locate(s, ptr, &place);
	if (err)
		return err;

	cpus_read_lock();
	err = add_init(s, &new);
	if (!err) {
		err = init_present(s, &new);
		if (err)
			drop_init(s, ptr);
		else
			spcpu_cache_mark(s, ptr, true);
	}
	cpus_read_unlock();
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_set_init);

/**
 * spcpu_clear_init() - new CPUs' copies of an object are not set up any more
 * @s: the allocator
 * @ptr: the object
 *
 * The callback is not running when this returns.
 *
 * Context: Process context; takes the CPU hotplug lock for reading. May sleep.
 * Return: 0; -ENOENT: it has no callback.
 */
int spcpu_clear_init(struct spcpu *s, void __percpu *ptr)
{
	shadow_percpu_init_fn *init;

	cpus_read_lock();
	init = drop_init(s, ptr);
	if (init)
		spcpu_cache_mark(s, ptr, false);
	cpus_read_unlock();
	return init ? 0 : -ENOENT;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_clear_init);

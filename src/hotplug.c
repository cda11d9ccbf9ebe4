// SPDX-License-Identifier: GPL-2.0
/*
 * Hotplug: with hotplug=online only CPUs that are, or have been, online have
 * pages. A CPU gets them, and its objects their initial values, in the first
 * stage of its coming online, which can still be refused; and keeps them when it
 * leaves.
 *
 * The CPU hotplug core holds its lock for writing meanwhile. Callbacks are
 * registered with it held for reading, so there is no lock of ours around any of
 * them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "hotplug.h"

/**
 * struct spcpu_init - a callback for new CPUs' copies of one object
 *
 * @node: on spcpu::inits, which is under the allocator's lock; whoever holds the
 *        hotplug lock for writing may walk it without
 * @ptr: the object
 * @init: sets up one copy
 * @arg: for @init
 */
struct spcpu_init {
	struct list_head node;
	void __percpu *ptr;
	shadow_percpu_init_fn *init;
	void *arg;
};

/* the stage, given by the hotplug core */
static int state;

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

/* pinned: the window after that of chunk @id, represented by a chunk */
static struct spcpu_chunk *next_window(struct spcpu *s, long id)
{
	struct spcpu_chunk *chunk, *found = NULL;

	spin_lock_irq(&s->lock);
	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk->id <= id || chunk == s->reserved)
			continue;
		spcpu_pin(s, chunk);
		found = chunk;
		break;
	}
	spin_unlock_irq(&s->lock);
	return found;
}

static void let_go(struct spcpu *s, struct spcpu_chunk *chunk)
{
	bool kick;

	spin_lock_irq(&s->lock);
	kick = spcpu_unpin(s, chunk);
	spin_unlock_irq(&s->lock);
	if (kick)
		spcpu_kick(s);
}

static int bring_pages(struct spcpu *s, unsigned int cpu)
{
	struct spcpu_chunk *chunk;
	long id = -1;
	int err = 0;

	while (!err && (chunk = next_window(s, id))) {
		id = chunk->id;
		err = spcpu_populate_cpu(s, chunk, cpu);
		let_go(s, chunk);
	}
	return err;
}

static void take_pages(struct spcpu *s, unsigned int cpu)
{
	struct spcpu_chunk *chunk;
	long id = -1;

	while ((chunk = next_window(s, id))) {
		id = chunk->id;
		spcpu_depopulate_cpu(s, chunk, cpu);
		let_go(s, chunk);
	}
}

/* the hotplug lock keeps others off the list; no lock of ours is held */
static int call_inits(struct spcpu *s, unsigned int cpu)
{
	struct spcpu_place place;
	struct spcpu_init *init;
	int err = 0;

	list_for_each_entry(init, &s->inits, node) {
		if (spcpu_locate(s, init->ptr, &place)) {
			pr_warn_once("%pS stayed registered when its object was freed: shadow_percpu_clear_init() comes first\n",
				     init->init);
			continue;
		}
		err = init->init(per_cpu_ptr(init->ptr, cpu), cpu, init->arg);
		if (err) {
			pr_err("CPU %u cannot come online: %pS, which sets up its copy of an object, says %d\n",
			       cpu, init->init, err);
			break;
		}
	}
	return err;
}

static void set_ready(struct spcpu *s, unsigned int cpu)
{
	spin_lock_irq(&s->lock);
	cpumask_set_cpu(cpu, s->ready_cpus);
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
		       cpu, READ_ONCE(s->nr_populated));
		goto err_take;
	}

	spcpu_first_chunk_init_cpu(s, cpu);
	err = call_inits(s, cpu);
	if (err)
		goto err_take;

	set_ready(s, cpu);
	return 0;

err_take:
	set_backed(s, cpu, false);
	take_pages(s, cpu);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_hotplug_prepare);

static int prepare(unsigned int cpu, struct hlist_node *node)
{
	return spcpu_hotplug_prepare(hlist_entry(node, struct spcpu, hotplug),
				     cpu);
}

/**
 * spcpu_hotplug_init() - have a stage of CPU hotplug
 *
 * Context: Module init.
 * Return: 0, or an errno of the hotplug core, logged.
 */
int spcpu_hotplug_init(void)
{
	state = cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN,
					"shadow_percpu:prepare", prepare, NULL);
	if (state >= 0)
		return 0;

	pr_err("no stage of CPU hotplug is left for us: %d\n", state);
	return state;
}

/**
 * spcpu_hotplug_exit() - give the stage back
 *
 * Context: Module exit, or a failed init; no allocator is left.
 */
void spcpu_hotplug_exit(void)
{
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
 * Does nothing with hotplug=all.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_hotplug_add(struct spcpu *s)
{
	int err;

	if (!s->options.online)
		return 0;

	err = spcpu_absent_watch(s);
	if (err)
		return err;

	err = cpuhp_state_add_instance_nocalls(state, &s->hotplug);
	if (err)
		goto err_unwatch;

	err = catch_up(s);
	if (err)
		goto err_instance;
	return 0;

err_instance:
	cpuhp_state_remove_instance_nocalls(state, &s->hotplug);
err_unwatch:
	spcpu_absent_unwatch(s);
	return err;
}

static void forget_inits(struct spcpu *s)
{
	struct spcpu_init *init, *next;

	list_for_each_entry_safe(init, next, &s->inits, node) {
		list_del(&init->node);
		kfree(init);
	}
}

/**
 * spcpu_hotplug_del() - no more news of CPUs
 * @s: an allocator after spcpu_hotplug_add() that nobody uses any more
 *
 * Context: Process context. May sleep.
 */
void spcpu_hotplug_del(struct spcpu *s)
{
	if (s->options.online) {
		cpuhp_state_remove_instance_nocalls(state, &s->hotplug);
		spcpu_absent_unwatch(s);
	}
	forget_inits(s);
}

static struct spcpu_init *find_init(struct spcpu *s, const void __percpu *ptr)
{
	struct spcpu_init *init;

	lockdep_assert_held(&s->lock);
	list_for_each_entry(init, &s->inits, node)
		if (init->ptr == ptr)
			return init;
	return NULL;
}

static int list_init(struct spcpu *s, struct spcpu_init *init)
{
	int err = -EBUSY;

	spin_lock_irq(&s->lock);
	if (!find_init(s, init->ptr)) {
		list_add_tail(&init->node, &s->inits);
		err = 0;
	}
	spin_unlock_irq(&s->lock);
	return err;
}

static struct spcpu_init *unlist_init(struct spcpu *s, void __percpu *ptr)
{
	struct spcpu_init *init;

	spin_lock_irq(&s->lock);
	init = find_init(s, ptr);
	if (init)
		list_del(&init->node);
	spin_unlock_irq(&s->lock);
	return init;
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
	struct spcpu_place place;
	struct spcpu_init *new;
	int err;

	err = spcpu_locate(s, ptr, &place);
	if (err)
		return err;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->ptr = ptr;
	new->init = init;
	new->arg = arg;

	cpus_read_lock();
	err = list_init(s, new);
	if (!err) {
		err = init_present(s, new);
		if (err)
			unlist_init(s, ptr);
	}
	cpus_read_unlock();

	if (err)
		kfree(new);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_set_init);

/**
 * spcpu_clear_init() - new CPUs' copies of an object are not set up any more
 * @s: the allocator
 * @ptr: the object
 *
 * Context: Process context; takes the CPU hotplug lock for reading. May sleep.
 * Return: 0; -ENOENT: it has no callback.
 */
int spcpu_clear_init(struct spcpu *s, void __percpu *ptr)
{
	struct spcpu_init *init;

	cpus_read_lock();
	init = unlist_init(s, ptr);
	cpus_read_unlock();

	if (!init)
		return -ENOENT;
	kfree(init);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_clear_init);

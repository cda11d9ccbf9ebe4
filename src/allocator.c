// SPDX-License-Identifier: GPL-2.0
/*
 * Allocator: one of them from creation to destruction.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "core.h"
#include "debug.h"
#include "hotplug.h"

static void free_types(struct spcpu *s)
{
	int i;

	for (i = 0; i < SPCPU_NR_TYPES; i++)
		spcpu_slots_exit(&s->types[i].slots);
}

static int make_types(struct spcpu *s)
{
	int i, err = 0;

	for (i = 0; i < SPCPU_NR_TYPES && !err; i++)
		err = spcpu_slots_init(&s->types[i].slots,
				       s->layout->unit_size);
	if (err)
		free_types(s);
	s->types[SPCPU_PLAIN].used = true;
	return err;
}

/* with hotplug=online the CPUs that are here now, later ones as they come */
static int choose_cpus(struct spcpu *s)
{
	const struct cpumask *cpus = s->options.online ? cpu_online_mask :
							 cpu_possible_mask;
	unsigned int cpu;

	if (!zalloc_cpumask_var(&s->backed_cpus, GFP_KERNEL))
		return -ENOMEM;
	if (!zalloc_cpumask_var(&s->ready_cpus, GFP_KERNEL)) {
		free_cpumask_var(s->backed_cpus);
		return -ENOMEM;
	}
	if (spcpu_ready_init(&s->ready, s->layout->nr_cpu_ids)) {
		free_cpumask_var(s->ready_cpus);
		free_cpumask_var(s->backed_cpus);
		return -ENOMEM;
	}
	cpumask_copy(s->backed_cpus, cpus);
	cpumask_copy(s->ready_cpus, s->backed_cpus);
	for_each_cpu(cpu, s->ready_cpus)
		spcpu_ready_add(&s->ready, cpu);
	return 0;
}

static void drop_cpus(struct spcpu *s)
{
	spcpu_ready_exit(&s->ready);
	free_cpumask_var(s->ready_cpus);
	free_cpumask_var(s->backed_cpus);
}

static const struct spcpu_paging paging = {
	.populate = spcpu_populate,
	.depopulate = spcpu_depopulate,
	.grow = spcpu_grow,
	.retire = spcpu_retire,
};

static struct spcpu *alloc_spcpu(struct spcpu_layout *layout,
				 const struct spcpu_options *options)
{
	struct spcpu *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;

	spin_lock_init(&s->lock);
	mutex_init(&s->mapping);
	mutex_init(&s->growing);
	INIT_LIST_HEAD(&s->chunks);
	xa_init_flags(&s->inits, XA_FLAGS_LOCK_IRQ);
	INIT_WORK(&s->balance, spcpu_balance_work);
	INIT_DELAYED_WORK(&s->thin, spcpu_thin_work);
	spcpu_index_init(&s->index, layout->unit_size);
	s->layout = layout;
	s->options = *options;
	if (s->options.debug)
		s->options.cache = false;
	if (!s->options.engine)
		s->options.engine = &spcpu_engine_bitmap;
	s->paging = &paging;
	s->stats.min_alloc_size = layout->unit_size;
	return s;
}

/* what an allocator needs before it can have a chunk */
static int make_parts(struct spcpu *s)
{
	int err;

	err = choose_cpus(s);
	if (err)
		return err;

	err = spcpu_pages_init(&s->pages);
	if (err)
		goto err_cpus;

	err = -ENOMEM;
	s->blank = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!s->blank)
		goto err_pages;

	s->wq = alloc_workqueue("shadow_percpu", WQ_UNBOUND, 0);
	if (!s->wq)
		goto err_blank;

	err = make_types(s);
	if (err)
		goto err_wq;

	err = spcpu_finder_init(&s->finder, s->layout->unit_size);
	if (err)
		goto err_types;

	err = spcpu_cache_init(s);
	if (err)
		goto err_finder;

	err = spcpu_debug_init(s);
	if (err)
		goto err_cache;
	return 0;

err_cache:
	spcpu_cache_exit(s);
err_finder:
	spcpu_finder_exit(&s->finder);
err_types:
	free_types(s);
err_wq:
	destroy_workqueue(s->wq);
err_blank:
	__free_page(s->blank);
err_pages:
	spcpu_pages_exit(&s->pages);
err_cpus:
	drop_cpus(s);
	return err;
}

static void free_parts(struct spcpu *s)
{
	spcpu_debug_exit(s);
	spcpu_cache_exit(s);
	spcpu_finder_exit(&s->finder);
	free_types(s);
	destroy_workqueue(s->wq);
	__free_page(s->blank);
	spcpu_pages_exit(&s->pages);
	drop_cpus(s);
}

/**
 * spcpu_create() - make an allocator with its first chunk
 * @layout: how its chunks lie in memory; taken over when this succeeds
 * @options: what it is to be like
 *
 * Context: Process context. May sleep.
 * Return: The allocator, for spcpu_destroy(); ERR_PTR(-ENOMEM),
 *	also if chunks of this layout cannot be mapped on this machine. Logged.
 */
struct spcpu *spcpu_create(struct spcpu_layout *layout,
			   const struct spcpu_options *options)
{
	struct spcpu *s;
	int err;

	err = options->backing->fits(layout, totalram_pages());
	if (err)
		return ERR_PTR(err);

	err = -ENOMEM;
	s = alloc_spcpu(layout, options);
	if (!s)
		return ERR_PTR(err);

	err = make_parts(s);
	if (err)
		goto err_free;

	err = spcpu_first_chunk_create(s);
	if (err)
		goto err_parts;

	err = spcpu_shrinker_add(s);
	if (err)
		goto err_first;

	err = spcpu_hotplug_add(s);
	if (err)
		goto err_shrinker;
	return s;

err_shrinker:
	spcpu_shrinker_del(s);
err_first:
	spcpu_first_chunk_destroy(s);
err_parts:
	free_parts(s);
err_free:
	if (err == -ENOMEM)
		pr_err("no memory for a first chunk of %zu bytes on each of %u CPUs\n",
		       spcpu_layout_first_size(layout), layout->nr_cpus);
	spcpu_index_exit(&s->index);
	kfree(s);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_create);

/**
 * spcpu_shutdown() - hand out nothing more
 * @s: the allocator; fine when it was shut down before
 *
 * Objects can still be freed. Chunks stay as they are from now on: the worker has
 * ended, and neither memory reclaim nor CPU hotplug asks for anything any more.
 *
 * Context: Process context. May sleep.
 */
void spcpu_shutdown(struct spcpu *s)
{
	bool dying;

	spin_lock_irq(&s->lock);
	dying = s->dying;
	WRITE_ONCE(s->dying, true);
	spin_unlock_irq(&s->lock);
	if (dying)
		return;

	spcpu_hotplug_del(s);
	spcpu_shrinker_del(s);
	spcpu_cache_drain_all(s);
	cancel_work_sync(&s->balance);
	cancel_delayed_work_sync(&s->thin);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_shutdown);

/* all chunks but those of the first chunk, live areas or not */
static void retire_all(struct spcpu *s)
{
	struct spcpu_chunk *chunk, *next;
	LIST_HEAD(gone);

	spin_lock_irq(&s->lock);
	list_for_each_entry_safe(chunk, next, &s->chunks, all) {
		if (chunk->immutable)
			continue;
		spcpu_unlist_chunk(s, chunk);
		list_add_tail(&chunk->node, &gone);
	}
	spin_unlock_irq(&s->lock);

	spcpu_retire(s, &gone);
}

/**
 * spcpu_destroy() - give back everything, layout included
 * @s: an allocator that nobody uses any more, or NULL
 *
 * Live objects go with it; spcpu_report_leaks() comes before.
 *
 * Context: Process context. May sleep.
 */
void spcpu_destroy(struct spcpu *s)
{
	struct spcpu_chunk *chunk;

	if (!s)
		return;

	spcpu_shutdown(s);
	spcpu_forget_leftovers(s);
	list_for_each_entry(chunk, &s->chunks, all)
		spcpu_spans_drop(chunk->window);
	retire_all(s);
	spcpu_first_chunk_destroy(s);
	free_parts(s);
	spcpu_index_exit(&s->index);
	spcpu_layout_free(s->layout);
	kfree(s);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_destroy);

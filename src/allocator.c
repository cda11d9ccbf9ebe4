// SPDX-License-Identifier: GPL-2.0
/*
 * Allocator: one of them from creation to destruction.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat/kunit.h"
#include "core.h"

/**
 * spcpu_create() - make an allocator with its first chunk
 * @layout: how its chunks lie in memory; taken over when this succeeds
 * @mode: how the first chunk finds its pages
 * @image: initial values of the static variables, layout->static_size bytes
 *
 * Context: Process context. May sleep.
 * Return: The allocator, for spcpu_destroy(); ERR_PTR(-ENOMEM),
 *	also if vmap() cannot map a chunk of this layout on this machine
 *	(logged).
 */
struct spcpu *spcpu_create(struct spcpu_layout *layout,
			   enum spcpu_first_mode mode, const void *image)
{
	struct spcpu *s;
	int err;

	err = spcpu_window_fits(layout, totalram_pages());
	if (err)
		return ERR_PTR(err);

	err = -ENOMEM;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(err);

	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->chunks);
	INIT_WORK(&s->balance, spcpu_balance_work);
	spcpu_index_init(&s->index, layout->unit_size);
	s->layout = layout;
	s->first_mode = mode;
	s->stats.min_alloc_size = layout->unit_size;

	s->dummy = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!s->dummy)
		goto err_free;

	s->wq = alloc_workqueue("shadow_percpu", WQ_UNBOUND, 0);
	if (!s->wq)
		goto err_dummy;

	err = spcpu_slots_init(&s->slots, layout->unit_size);
	if (err)
		goto err_wq;

	err = spcpu_first_chunk_create(s, image);
	if (err)
		goto err_slots;

	return s;

err_slots:
	spcpu_slots_exit(&s->slots);
err_wq:
	destroy_workqueue(s->wq);
err_dummy:
	__free_page(s->dummy);
err_free:
	pr_err("no memory for a first chunk of %zu bytes on each of %u CPUs\n",
	       spcpu_layout_first_size(layout), layout->nr_cpus);
	spcpu_index_exit(&s->index);
	kfree(s);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_create);

/**
 * spcpu_shutdown() - hand out nothing more
 * @s: the allocator
 *
 * Objects can still be freed. The worker has ended when this returns.
 *
 * Context: Process context. May sleep.
 */
void spcpu_shutdown(struct spcpu *s)
{
	spin_lock_irq(&s->lock);
	WRITE_ONCE(s->dying, true);
	spin_unlock_irq(&s->lock);

	cancel_work_sync(&s->balance);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_shutdown);

/* name the live areas of one chunk; nobody else uses it any more */
static unsigned int report_chunk(struct spcpu *s, struct spcpu_chunk *chunk)
{
	int end = chunk->map.nr_bits - (chunk->tail >> SPCPU_GRANULE_SHIFT);
	int at = chunk->head >> SPCPU_GRANULE_SHIFT;
	unsigned int nr = 0;
	int bits;

	for (;;) {
		void __percpu *ptr;
		unsigned int off;

		at = spcpu_map_next(&chunk->map, at, &bits);
		if (at < 0 || at >= end)
			return nr;

		off = at << SPCPU_GRANULE_SHIFT;
		ptr = spcpu_ptr(s, chunk, off);
		pr_warn("leaked: %d bytes per CPU at offset %u of chunk %u, pointer %p\n",
			bits << SPCPU_GRANULE_SHIFT, off, chunk->id,
			(void *)(__force unsigned long)ptr);
		kmemleak_free_percpu(ptr);
		at += bits;
		nr++;
		cond_resched();
	}
}

/**
 * spcpu_report_leaks() - name every live object in the log
 * @s: an allocator after spcpu_shutdown() that nobody frees to any more
 *
 * Context: Process context. May sleep.
 * Return: How many there are.
 */
unsigned int spcpu_report_leaks(struct spcpu *s)
{
	struct spcpu_chunk *chunk;
	unsigned int nr = 0;

	list_for_each_entry(chunk, &s->chunks, all)
		nr += report_chunk(s, chunk);
	if (nr)
		pr_warn("leaked: %u objects in all; their memory is given back\n",
			nr);
	return nr;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_report_leaks);

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
 * Live objects go with it; spcpu_report_leaks() comes before, also because
 * kmemleak would go on looking at them.
 *
 * Context: Process context. May sleep.
 */
void spcpu_destroy(struct spcpu *s)
{
	if (!s)
		return;

	spcpu_shutdown(s);
	destroy_workqueue(s->wq);
	retire_all(s);
	spcpu_first_chunk_destroy(s);
	spcpu_slots_exit(&s->slots);
	spcpu_index_exit(&s->index);
	__free_page(s->dummy);
	spcpu_layout_free(s->layout);
	kfree(s);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_destroy);

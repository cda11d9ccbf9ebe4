// SPDX-License-Identifier: GPL-2.0
/*
 * Pages: what an allocator takes from the machine to put behind its units.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "compat/kunit.h"
#include "pages.h"

static struct page *get_page_near(int node, gfp_t gfp)
{
	return alloc_pages_node(node, gfp | __GFP_HIGHMEM, 0);
}

/**
 * spcpu_pages_init() - start counting
 * @pages: what to set up
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_pages_init(struct spcpu_pages *pages)
{
	pages->get = get_page_near;
	pages->on_node = kcalloc(nr_node_ids, sizeof(*pages->on_node),
				 GFP_KERNEL);
	return pages->on_node ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_pages_init);

/**
 * spcpu_pages_exit() - stop counting
 * @pages: what spcpu_pages_init() was called for, with whatever result
 *
 * Context: Process context. All pages have been put.
 */
void spcpu_pages_exit(struct spcpu_pages *pages)
{
	WARN_ON(pages->on_node && spcpu_pages_total(pages));
	kfree(pages->on_node);
	pages->on_node = NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_pages_exit);

/**
 * spcpu_pages_node() - the node whose memory a CPU's copies should lie in
 * @cpu: a possible CPU
 *
 * Context: Any.
 * Return: A node that is there; NUMA_NO_NODE for a CPU of none, or of one that
 *	is absent, as a CPU that is possible but absent may be.
 */
int spcpu_pages_node(unsigned int cpu)
{
	int node = cpu_to_node(cpu);

	return node == NUMA_NO_NODE || node_online(node) ? node : NUMA_NO_NODE;
}

/**
 * spcpu_pages_get() - get a page near a CPU
 * @pages: who counts it
 * @cpu: a possible CPU
 * @gfp: how; must allow to sleep. With __GFP_ACCOUNT the page is charged to the
 *	cgroup of the calling task.
 *
 * From another node where the CPU's own has none left.
 *
 * Context: Process context. May sleep.
 * Return: The page, for spcpu_pages_put(), or NULL.
 */
struct page *spcpu_pages_get(struct spcpu_pages *pages, unsigned int cpu,
			     gfp_t gfp)
{
	struct page *page = pages->get(spcpu_pages_node(cpu), gfp);

	if (page)
		spcpu_pages_count(pages, page, 1);
	return page;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_pages_get);

/**
 * spcpu_pages_put() - give a page back
 * @pages: who counted it
 * @page: a page that is mapped nowhere any more, or NULL
 *
 * Context: Any but NMI.
 */
void spcpu_pages_put(struct spcpu_pages *pages, struct page *page)
{
	if (!page)
		return;

	spcpu_pages_count(pages, page, -1);
	__free_page(page);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_pages_put);

/**
 * spcpu_pages_put_list() - give pages back
 * @pages: who counted them
 * @list: pages by their lru; empty afterwards
 *
 * Context: Process context. May sleep.
 */
void spcpu_pages_put_list(struct spcpu_pages *pages, struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		list_del(&page->lru);
		spcpu_pages_put(pages, page);
		cond_resched();
	}
}

/**
 * spcpu_pages_count() - count a page that somebody else takes or gives back
 * @pages: who counts
 * @page: the page
 * @nr: 1 or -1
 *
 * Context: Any.
 */
void spcpu_pages_count(struct spcpu_pages *pages, const struct page *page,
		       int nr)
{
	atomic_long_add(nr, &pages->on_node[page_to_nid(page)]);
}

/**
 * spcpu_pages_total() - how many pages are taken
 * @pages: who counted
 *
 * Context: Any.
 * Return: As many.
 */
unsigned long spcpu_pages_total(const struct spcpu_pages *pages)
{
	unsigned long total = 0;
	int node;

	for (node = 0; node < nr_node_ids; node++)
		total += atomic_long_read(&pages->on_node[node]);
	return total;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_pages_total);

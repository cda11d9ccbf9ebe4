/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages: what an allocator takes from the machine to put behind its units.
 */
#ifndef SPCPU_PAGES_H
#define SPCPU_PAGES_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/list.h>

struct page;

/**
 * struct spcpu_pages - the pages of one allocator, counted
 *
 * @get: where pages come from; tests put in one that fails
 * @on_node: pages taken, by node
 */
struct spcpu_pages {
	struct page *(*get)(int node, gfp_t gfp);
	atomic_long_t *on_node;
};

int spcpu_pages_init(struct spcpu_pages *pages);
void spcpu_pages_exit(struct spcpu_pages *pages);
struct page *spcpu_pages_get(struct spcpu_pages *pages, unsigned int cpu,
			     gfp_t gfp);
void spcpu_pages_put(struct spcpu_pages *pages, struct page *page);
void spcpu_pages_put_list(struct spcpu_pages *pages, struct list_head *list);
void spcpu_pages_count(struct spcpu_pages *pages, const struct page *page,
		       int nr);
unsigned long spcpu_pages_total(const struct spcpu_pages *pages);
int spcpu_pages_node(unsigned int cpu);

#endif /* SPCPU_PAGES_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * First chunk: static | reserved | dynamic, from vmalloc'd units.
 *
 * embed: one vmalloc area per group, on the group's node, holds the units of
 *        all its CPUs side by side; the window shows the same pages at their
 *        kernel distances.
 * page:  each page of each unit is allocated by itself.
 *
 * Either way only the pages in use are there; the rest of the unit has none.
 */
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "compat/kunit.h"
#include "core.h"
#include "trace.h"

/* as the parameter first_chunk= and the dumps name them */
const char * const spcpu_first_modes[] = {
	[SPCPU_FIRST_EMBED] = "embed",
	[SPCPU_FIRST_PAGE] = "page",
};

static int group_node(const struct spcpu_group *group)
{
	int node = cpu_to_node(group->cpu_map[0]);

	return node == NUMA_NO_NODE || node_online(node) ? node : NUMA_NO_NODE;
}

/* one area for all CPUs of a group, and its pages into the window */
static void *embed_group(struct spcpu_window *window,
			 const struct spcpu_layout *layout,
			 const struct spcpu_group *group)
{
	size_t unit = (size_t)window->nr_pages << PAGE_SHIFT;
	struct page **pages;
	unsigned int i, p;
	void *area;

	area = vmalloc_node(group->nr_cpus * unit, group_node(group));
	if (!area)
		return NULL;

	for (i = 0; i < group->nr_cpus; i++) {
		pages = spcpu_window_unit_pages(window, layout,
						group->cpu_map[i]);
		for (p = 0; p < window->nr_pages; p++)
			pages[p] = vmalloc_to_page(area + i * unit +
						   ((size_t)p << PAGE_SHIFT));
	}
	return area;
}

static int embed(struct spcpu *s, struct spcpu_window *window)
{
	unsigned int i;

	s->areas = kcalloc(s->layout->nr_groups, sizeof(*s->areas), GFP_KERNEL);
	if (!s->areas)
		return -ENOMEM;

	for (i = 0; i < s->layout->nr_groups; i++) {
		s->areas[i] = embed_group(window, s->layout,
					  &s->layout->groups[i]);
		if (!s->areas[i])
			return -ENOMEM;
	}
	return 0;
}

static void free_areas(struct spcpu *s)
{
	unsigned int i;

	for (i = 0; s->areas && i < s->layout->nr_groups; i++)
		vfree(s->areas[i]);
	kfree(s->areas);
	s->areas = NULL;
}

/* every unit starts with its own copy of the static variables */
static void copy_image(const struct spcpu *s, const struct spcpu_window *window,
		       const void *image)
{
	unsigned int cpu;

	if (!s->layout->static_size)
		return;

	for_each_possible_cpu(cpu)
		memcpy((void *)window->units[cpu].start, image,
		       s->layout->static_size);
}

/*
 * As in the kernel, the static part is rounded up to a granule and the dynamic
 * part pays for that.
 */
static int cut_chunks(struct spcpu *s, struct spcpu_window *window)
{
	size_t fixed = ALIGN(s->layout->static_size, SPCPU_GRANULE);
	size_t reserved = s->layout->reserved_size;
	size_t dyn = spcpu_layout_first_size(s->layout) - fixed - reserved;

	if (reserved) {
		window->reserved = spcpu_chunk_create(window, fixed, reserved,
						      GFP_KERNEL);
		if (!window->reserved)
			return -ENOMEM;
		window->reserved->immutable = true;
	}

	window->chunk = spcpu_chunk_create(window, fixed + reserved, dyn,
					   GFP_KERNEL);
	if (!window->chunk)
		return -ENOMEM;
	window->chunk->immutable = true;
	return 0;
}

/*
 * The reserved and the dynamic part share a page when neither ends at one, so
 * pages are counted for the unit and not by chunk.
 */
static void enter_service(struct spcpu *s, struct spcpu_window *window)
{
	s->first = window->chunk;
	s->reserved = window->reserved;

	trace_percpu_create_chunk(window->base);
	spin_lock_irq(&s->lock);
	if (s->reserved)
		spcpu_add_chunk(s, s->reserved);
	spcpu_add_chunk(s, s->first);
	s->nr_populated = window->nr_pages;
	s->stats.nr_chunks = 1;
	s->stats.nr_max_chunks = 1;
	spin_unlock_irq(&s->lock);
}

static void scrap(struct spcpu *s, struct spcpu_window *window)
{
	spcpu_chunk_destroy(window->chunk);
	spcpu_chunk_destroy(window->reserved);
	spcpu_window_destroy(window, s->layout);
	free_areas(s);
}

/**
 * spcpu_first_chunk_create() - build the first chunk and put it into service
 * @s: an allocator that has its layout and no chunk
 * @image: initial values of the static variables, layout->static_size bytes
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM, and nothing is left of it.
 */
int spcpu_first_chunk_create(struct spcpu *s, const void *image)
{
	size_t size = spcpu_layout_first_size(s->layout);
	struct spcpu_window *window;
	int err;

	window = spcpu_window_create(s->layout, size >> PAGE_SHIFT, GFP_KERNEL);
	if (!window)
		return -ENOMEM;

	if (s->first_mode == SPCPU_FIRST_EMBED)
		err = embed(s, window);
	else
		err = spcpu_window_fill(window, s->layout, GFP_KERNEL);
	if (err)
		goto err_scrap;

	err = spcpu_window_map(window, s->layout, s->dummy, GFP_KERNEL);
	if (err)
		goto err_scrap;
	copy_image(s, window, image);

	err = cut_chunks(s, window);
	if (err)
		goto err_scrap;

	err = spcpu_index_add(&s->index, window, s->layout, GFP_KERNEL);
	if (err)
		goto err_scrap;

	enter_service(s, window);
	return 0;

err_scrap:
	scrap(s, window);
	return err;
}

/**
 * spcpu_first_chunk_destroy() - take the first chunk down, live areas or not
 * @s: an allocator that nobody uses any more
 *
 * Context: Process context. May sleep.
 */
void spcpu_first_chunk_destroy(struct spcpu *s)
{
	struct spcpu_window *window = s->first->window;

	trace_percpu_destroy_chunk(window->base);
	spin_lock_irq(&s->lock);
	spcpu_unlist_chunk(s, s->first);
	if (s->reserved)
		spcpu_unlist_chunk(s, s->reserved);
	spin_unlock_irq(&s->lock);

	scrap(s, window);
	s->first = NULL;
	s->reserved = NULL;
}

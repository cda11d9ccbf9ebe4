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
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "compat/kunit.h"
#include "core.h"
#include "trace.h"

/* as the parameter first_chunk= and the dumps name them */
const char * const spcpu_first_modes[] = {
	[SPCPU_FIRST_EMBED] = "embed",
	[SPCPU_FIRST_PAGE] = "page",
};

static unsigned int count_backed(const struct spcpu *s,
				 const struct spcpu_group *group)
{
	unsigned int i, nr = 0;

	for (i = 0; i < group->nr_cpus; i++)
		nr += cpumask_test_cpu(group->cpu_map[i], s->backed_cpus);
	return nr;
}

/* pages of one unit, which stay the area's */
static void lend(struct spcpu *s, struct spcpu_window *window,
		 unsigned int cpu, const void *area)
{
	struct page **to = spcpu_window_unit_pages(window, s->layout, cpu);
	unsigned int i;

	window->units[cpu].borrowed = true;
	for (i = 0; i < window->nr_pages; i++) {
		to[i] = vmalloc_to_page(area + ((size_t)i << PAGE_SHIFT));
		spcpu_pages_count(&s->pages, to[i], 1);
	}
}

/* one area for all CPUs of a group that get memory, its pages in the window */
static int embed_group(struct spcpu *s, struct spcpu_window *window,
		       const struct spcpu_group *group, void **area)
{
	size_t unit = (size_t)window->nr_pages << PAGE_SHIFT;
	unsigned int i, nr = count_backed(s, group);

	if (!nr)
		return 0;

	*area = vmalloc_node(nr * unit, spcpu_pages_node(group->cpu_map[0]));
	if (!*area)
		return -ENOMEM;

	for (i = 0, nr = 0; i < group->nr_cpus; i++) {
		if (cpumask_test_cpu(group->cpu_map[i], s->backed_cpus))
			lend(s, window, group->cpu_map[i],
			     *area + nr++ * unit);
	}
	return 0;
}

static int embed(struct spcpu *s, struct spcpu_window *window)
{
	unsigned int i;
	int err = 0;

	s->areas = kcalloc(s->layout->nr_groups, sizeof(*s->areas), GFP_KERNEL);
	if (!s->areas)
		return -ENOMEM;

	for (i = 0; i < s->layout->nr_groups && !err; i++)
		err = embed_group(s, window, &s->layout->groups[i],
				  &s->areas[i]);
	return err;
}

/* what embed() lent to the window is not counted any more */
static void take_back(struct spcpu *s, struct spcpu_window *window)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		struct page **from;

		if (!window->units[cpu].borrowed)
			continue;

		from = spcpu_window_unit_pages(window, s->layout, cpu);
		for (i = 0; i < window->nr_pages; i++)
			spcpu_pages_count(&s->pages, from[i], -1);
	}
}

static void free_areas(struct spcpu *s)
{
	unsigned int i;

	for (i = 0; s->areas && i < s->layout->nr_groups; i++)
		vfree(s->areas[i]);
	kfree(s->areas);
	s->areas = NULL;
}

static void copy_image(const struct spcpu *s, const struct spcpu_window *window,
		       unsigned int cpu)
{
	if (s->layout->static_size)
		memcpy((void *)window->units[cpu].start, s->options.image,
		       s->layout->static_size);
}

/**
 * spcpu_first_chunk_init_cpu() - give a CPU its copies of the static variables
 * @s: the allocator
 * @cpu: a CPU whose pages are there
 *
 * Context: Any.
 */
void spcpu_first_chunk_init_cpu(struct spcpu *s, unsigned int cpu)
{
	copy_image(s, s->first->window, cpu);
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
		window->reserved = spcpu_chunk_create(window, s->options.engine,
						      fixed, reserved, true,
						      GFP_KERNEL);
		if (!window->reserved)
			return -ENOMEM;
		window->reserved->immutable = true;
		window->reserved->type = &s->types[SPCPU_PLAIN];
	}

	window->chunk = spcpu_chunk_create(window, s->options.engine,
					   fixed + reserved, dyn, true,
					   GFP_KERNEL);
	if (!window->chunk)
		return -ENOMEM;
	window->chunk->immutable = true;
	window->chunk->type = &s->types[SPCPU_PLAIN];
	return 0;
}

static void enter_service(struct spcpu *s, struct spcpu_window *window)
{
	s->first = window->chunk;
	s->reserved = window->reserved;

	trace_percpu_create_chunk(window->base);
	spin_lock_irq(&s->lock);
	if (s->reserved)
		spcpu_add_chunk(s, s->reserved);
	spcpu_add_chunk(s, s->first);
	s->stats.nr_chunks = 1;
	s->stats.nr_max_chunks = 1;
	spin_unlock_irq(&s->lock);
}

static void scrap(struct spcpu *s, struct spcpu_window *window)
{
	spcpu_chunk_destroy(window->chunk);
	spcpu_chunk_destroy(window->reserved);
	take_back(s, window);
	spcpu_window_destroy(window, s->layout, &s->pages);
	free_areas(s);
}

/* addresses, with all the pages behind them */
static int map_all(struct spcpu *s, struct spcpu_window *window)
{
	const struct spcpu_backing *backing = s->options.backing;
	int err;

	err = spcpu_window_map(window, s->layout, backing, s->blank,
			       GFP_KERNEL);
	if (err || !backing->lazy)
		return err;
	return spcpu_window_show(window, s->layout, 0, window->nr_pages,
				 s->blank);
}

/**
 * spcpu_first_chunk_create() - build the first chunk and put it into service
 * @s: an allocator that has its layout and no chunk
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM, and nothing is left of it.
 */
int spcpu_first_chunk_create(struct spcpu *s)
{
	size_t size = spcpu_layout_first_size(s->layout);
	struct spcpu_window *window;
	unsigned int cpu;
	int err;

	window = spcpu_window_create(s->layout, size >> PAGE_SHIFT, GFP_KERNEL);
	if (!window)
		return -ENOMEM;

	if (s->options.first_mode == SPCPU_FIRST_EMBED)
		err = embed(s, window);
	else
		err = spcpu_window_fill(window, s->layout, &s->pages,
					s->backed_cpus, GFP_KERNEL);
	if (err)
		goto err_scrap;

	err = map_all(s, window);
	if (err)
		goto err_scrap;
	for_each_cpu(cpu, s->backed_cpus)
		copy_image(s, window, cpu);

	err = cut_chunks(s, window);
	if (err)
		goto err_scrap;

	err = spcpu_make_known(s, window, GFP_KERNEL);
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

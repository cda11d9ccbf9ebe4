// SPDX-License-Identifier: GPL-2.0
/*
 * Populate: pages come behind the addresses of chunks in service, and go.
 *
 * Memory is taken before and given back after the mapping mutex is held, which
 * covers only what is shown where. Pages come before areas are placed in them:
 * when there are none, nothing has changed that would have to be undone.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>

#include "compat/kunit.h"
#include "core.h"

static struct page **slot_of(const struct spcpu *s,
			     const struct spcpu_chunk *chunk, unsigned int cpu,
			     unsigned int page)
{
	return spcpu_window_unit_pages(chunk->window, s->layout, cpu) + page;
}

static struct page *take_first(struct list_head *stock)
{
	struct page *page = list_first_entry_or_null(stock, struct page, lru);

	if (page)
		list_del(&page->lru);
	return page;
}

/*
 * Pages for one CPU, in order. One whose copies are not zeroed on allocation yet
 * gets them zeroed.
 */
static int stock_up(struct spcpu *s, unsigned int cpu, unsigned int nr,
		    gfp_t gfp, struct list_head *stock)
{
	struct page *page;

	if (!cpumask_test_cpu(cpu, s->ready_cpus))
		gfp |= __GFP_ZERO;

	while (nr--) {
		page = spcpu_pages_get(&s->pages, cpu, gfp);
		if (!page)
			return -ENOMEM;
		list_add_tail(&page->lru, stock);
	}
	return 0;
}

static int stock_up_all(struct spcpu *s, unsigned int nr, gfp_t gfp,
			struct list_head *stock)
{
	unsigned int cpu;
	int err = 0;

	for_each_cpu(cpu, s->backed_cpus) {
		err = stock_up(s, cpu, nr, gfp, stock);
		if (err)
			break;
		cond_resched();
	}
	return err;
}

/* pages of the gap that are not backed; it may have others in between */
static unsigned int count_gap(const struct spcpu_gap *gap)
{
	unsigned int end = gap->from + gap->nr, nr = 0;
	unsigned int i = gap->from;

	for_each_clear_bit_from(i, gap->chunk->populated, end)
		nr++;
	return nr;
}

/* into the window, in the order in which stock_up_all() has them */
static void hand_out(struct spcpu *s, const struct spcpu_gap *gap,
		     struct list_head *stock)
{
	unsigned int end = gap->from + gap->nr;
	unsigned int cpu, i;

	for_each_cpu(cpu, s->backed_cpus) {
		i = gap->from;
		for_each_clear_bit_from(i, gap->chunk->populated, end) {
			struct page **slot = slot_of(s, gap->chunk, cpu, i);

			*slot = take_first(stock);
		}
	}
}

static void take_back_from(struct spcpu *s, const struct spcpu_chunk *chunk,
			   unsigned int cpu, unsigned int from,
			   unsigned int nr, struct list_head *stock)
{
	struct page **slot = slot_of(s, chunk, cpu, from);

	for (; nr--; slot++) {
		if (*slot)
			list_add_tail(&(*slot)->lru, stock);
		*slot = NULL;
	}
}

/* also from a CPU that has just stopped being backed */
static void take_back(struct spcpu *s, const struct spcpu_chunk *chunk,
		      unsigned int from, unsigned int nr,
		      struct list_head *stock)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		take_back_from(s, chunk, cpu, from, nr, stock);
}

/* all runs of the gap that are not backed, or none of them */
static int show_runs(struct spcpu *s, const struct spcpu_gap *gap)
{
	struct spcpu_window *window = gap->chunk->window;
	unsigned int end = gap->from + gap->nr;
	unsigned int from = gap->from, to, shown = from;
	int err = 0;

	for_each_clear_bitrange_from(from, to, gap->chunk->populated, end) {
		err = spcpu_window_show(window, s->layout, from, to - from,
					s->blank);
		if (err)
			break;
		shown = to;
	}
	if (!err || shown == gap->from)
		return err;

	from = gap->from;
	for_each_clear_bitrange_from(from, to, gap->chunk->populated, shown)
		spcpu_window_hide(window, s->layout, from, to - from);
	window->backing->flush(window, s->layout, gap->from, shown - gap->from);
	return err;
}

static int show_gap(struct spcpu *s, const struct spcpu_gap *gap,
		    struct list_head *stock)
{
	unsigned int end = gap->from + gap->nr;
	unsigned int from = gap->from, to;
	int err;

	lockdep_assert_held(&s->mapping);

	hand_out(s, gap, stock);
	err = show_runs(s, gap);
	if (err) {
		for_each_clear_bitrange_from(from, to, gap->chunk->populated,
					     end)
			take_back(s, gap->chunk, from, to - from, stock);
		return err;
	}

	spin_lock_irq(&s->lock);
	spcpu_pages_came(s, gap);
	spin_unlock_irq(&s->lock);
	return 0;
}

/**
 * spcpu_populate() - put pages behind a gap, for all CPUs that have any
 * @s: the allocator
 * @gap: pages of a pinned chunk, of which some were not backed under the lock
 * @gfp: the caller's flags; must allow to sleep. As for spcpu_grow().
 *
 * Context: Process context. May sleep. No lock held.
 * Return: 0; -EAGAIN: somebody else changed the gap, or which CPUs have pages,
 *	meanwhile; -ENOMEM. On error all is as before.
 */
int spcpu_populate(struct spcpu *s, const struct spcpu_gap *gap, gfp_t gfp)
{
	unsigned int version, nr = count_gap(gap);
	LIST_HEAD(stock);
	int err;

	/* pairs with set_backed(): who sees the version sees the CPUs */
	version = smp_load_acquire(&s->backed_version);
	gfp &= GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN;
	err = stock_up_all(s, nr, gfp, &stock);
	if (!err) {
		mutex_lock(&s->mapping);
		if (version != s->backed_version || !nr || count_gap(gap) != nr)
			err = -EAGAIN;
		else
			err = show_gap(s, gap, &stock);
		mutex_unlock(&s->mapping);
	}
	spcpu_pages_put_list(&s->pages, &stock);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_populate);

/* hide what is leaving and collect its pages; the range of it all is flushed */
static void take_down(struct spcpu *s, struct spcpu_chunk *chunk,
		      struct list_head *stock)
{
	unsigned int nr_pages = chunk->map.nr_blocks;
	unsigned int first = find_first_bit(chunk->leaving, nr_pages);
	unsigned int from, to = first;

	lockdep_assert_held(&s->mapping);

	for_each_set_bitrange(from, to, chunk->leaving, nr_pages) {
		spcpu_window_hide(chunk->window, s->layout, from, to - from);
		take_back(s, chunk, from, to - from, stock);
	}
	to = find_last_bit(chunk->leaving, nr_pages) + 1;
	chunk->window->backing->flush(chunk->window, s->layout, first,
				      to - first);
	bitmap_zero(chunk->leaving, nr_pages);
}

/**
 * spcpu_depopulate() - give back a chunk's pages that have no areas
 * @s: the allocator
 * @chunk: the chunk, pinned
 * @most: of each unit, at most so many, from the end
 *
 * However many there are, TLBs are flushed once.
 *
 * Context: Process context, memory reclaim included. May sleep.
 * Return: Pages given back, of all units together.
 */
unsigned long spcpu_depopulate(struct spcpu *s, struct spcpu_chunk *chunk,
			       unsigned int most)
{
	unsigned long nr;
	LIST_HEAD(stock);

	mutex_lock(&s->mapping);
	spin_lock_irq(&s->lock);
	nr = spcpu_pages_leave(s, chunk, most);
	spin_unlock_irq(&s->lock);
	if (nr)
		take_down(s, chunk, &stock);
	nr *= cpumask_weight(s->backed_cpus);
	mutex_unlock(&s->mapping);

	spcpu_pages_put_list(&s->pages, &stock);
	return nr;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_depopulate);

/* of the first chunk all pages, also those of the static part, are backed */
static bool is_backed(const struct spcpu_chunk *chunk, unsigned int page)
{
	return chunk->immutable || test_bit(page, chunk->populated);
}

/* the next run of backed pages that a CPU has not got yet, or has */
static bool next_run(const struct spcpu *s, const struct spcpu_chunk *chunk,
		     unsigned int cpu, bool has, unsigned int *from,
		     unsigned int *to)
{
	struct page **unit = slot_of(s, chunk, cpu, 0);
	unsigned int end = chunk->window->nr_pages;
	unsigned int i = *to;

	while (i < end && (!is_backed(chunk, i) || !!unit[i] != has))
		i++;
	*from = i;
	while (i < end && is_backed(chunk, i) && !!unit[i] == has)
		i++;
	*to = i;
	return *from < *to;
}

static unsigned int count_missing(struct spcpu *s,
				  const struct spcpu_chunk *chunk,
				  unsigned int cpu)
{
	unsigned int from, to = 0, nr = 0;

	mutex_lock(&s->mapping);
	while (next_run(s, chunk, cpu, false, &from, &to))
		nr += to - from;
	mutex_unlock(&s->mapping);
	return nr;
}

/* what the stock has pages for; those who come later bring theirs */
static int show_missing(struct spcpu *s, struct spcpu_chunk *chunk,
			unsigned int cpu, struct list_head *stock)
{
	struct spcpu_window *window = chunk->window;
	unsigned int from, to = 0, i;
	int err = 0;

	lockdep_assert_held(&s->mapping);

	while (!err && next_run(s, chunk, cpu, false, &from, &to)) {
		for (i = from; i < to; i++)
			*slot_of(s, chunk, cpu, i) = take_first(stock);
		err = window->backing->show(window, s->layout, cpu, from,
					    to - from, s->blank);
	}
	/* where zeros were read until now */
	window->backing->flush(window, s->layout, 0, window->nr_pages);
	return err;
}

/**
 * spcpu_populate_cpu() - put pages behind a CPU's unit, wherever others have any
 * @s: the allocator
 * @chunk: a pinned chunk, and all of its window with it
 * @cpu: one of @s->backed_cpus that is not ready
 *
 * No more such pages come up meanwhile: since the CPU is one of @s->backed_cpus,
 * whoever populates does it for this one too.
 *
 * Context: Process context. May sleep. No lock of ours held.
 * Return: 0, or -ENOMEM, and spcpu_depopulate_cpu() clears up.
 */
int spcpu_populate_cpu(struct spcpu *s, struct spcpu_chunk *chunk,
		       unsigned int cpu)
{
	unsigned int nr = count_missing(s, chunk, cpu);
	LIST_HEAD(stock);
	int err;

	if (!nr)
		return 0;

	err = stock_up(s, cpu, nr, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
		       &stock);
	if (!err) {
		mutex_lock(&s->mapping);
		err = show_missing(s, chunk, cpu, &stock);
		mutex_unlock(&s->mapping);
	}
	spcpu_pages_put_list(&s->pages, &stock);
	return err;
}

/**
 * spcpu_depopulate_cpu() - take a CPU's pages away, to read as zeros again
 * @s: the allocator
 * @chunk: a pinned chunk, and all of its window with it
 * @cpu: a CPU that is not one of @s->backed_cpus any more, and never was ready
 *
 * Context: Process context. May sleep. No lock of ours held.
 */
void spcpu_depopulate_cpu(struct spcpu *s, struct spcpu_chunk *chunk,
			  unsigned int cpu)
{
	struct spcpu_window *window = chunk->window;
	unsigned int from, to = 0;
	LIST_HEAD(stock);

	mutex_lock(&s->mapping);
	while (next_run(s, chunk, cpu, true, &from, &to)) {
		take_back_from(s, chunk, cpu, from, to - from, &stock);
		/* rather nothing than pages that are somebody else's */
		if (window->backing->show(window, s->layout, cpu, from,
					  to - from, s->blank))
			window->backing->hide(window, cpu, from, to - from);
	}
	window->backing->flush(window, s->layout, 0, window->nr_pages);
	mutex_unlock(&s->mapping);

	spcpu_pages_put_list(&s->pages, &stock);
}

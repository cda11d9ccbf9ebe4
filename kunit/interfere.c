// SPDX-License-Identifier: GPL-2.0
/*
 * Interfere: a backing and a source of pages that count what they are asked for,
 * look at what is held meanwhile, and fail when told to; and a worker that waits.
 */
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "interfere.h"

static struct spcpu_interference now;

/* the real ones, and whom it is about once it is there */
static const struct spcpu_backing *real;
static struct page *(*real_get)(int node, gfp_t gfp);
static work_func_t real_work;
static bool woken;
static struct spcpu *victim;

#ifdef CONFIG_LOCKDEP
static bool mapping_held(void)
{
	return lockdep_is_held(&victim->mapping);
}

static bool any_held(void)
{
	return mapping_held() || lockdep_is_held(&victim->lock);
}
#else
static bool mapping_held(void)
{
	return mutex_is_locked(&victim->mapping);
}

static bool any_held(void)
{
	return false;
}
#endif

static void note_memory(void)
{
	if (victim && any_held())
		atomic_inc(&now.memory_under_lock);
}

/* the first chunk is shown before there is anybody to be protected from */
static void note_change(void)
{
	if (victim && !mapping_held())
		atomic_inc(&now.unprotected);
}

static struct page *get(int node, gfp_t gfp)
{
	note_memory();
	now.gfp_any |= gfp;
	now.gfp_all &= gfp;
	if (atomic_inc_return(&now.pages) > now.fail_page)
		return NULL;
	return real_get(node, gfp);
}

static int map(struct spcpu_window *window, const struct spcpu_layout *layout,
	       struct page *blank)
{
	note_memory();
	if (atomic_inc_return(&now.maps) > now.fail_map)
		return -ENOMEM;
	return real->map(window, layout, blank);
}

static void unmap(struct spcpu_window *window,
		  const struct spcpu_layout *layout)
{
	atomic_inc(&now.unmaps);
	real->unmap(window, layout);
}

static int show(struct spcpu_window *window, const struct spcpu_layout *layout,
		unsigned int cpu, unsigned int from, unsigned int nr,
		struct page *blank)
{
	bool fail;

	note_change();
	fail = atomic_inc_return(&now.shows) > now.fail_show;
	if (fail)
		nr = min(nr, now.shown_first);
	if (nr && real->show(window, layout, cpu, from, nr, blank))
		fail = true;
	return fail ? -ENOMEM : 0;
}

static void hide(struct spcpu_window *window, unsigned int cpu,
		 unsigned int from, unsigned int nr)
{
	note_change();
	atomic_inc(&now.hides);
	real->hide(window, cpu, from, nr);
}

static void flush(struct spcpu_window *window,
		  const struct spcpu_layout *layout, unsigned int from,
		  unsigned int nr)
{
	note_change();
	atomic_inc(&now.flushes);
	if (victim)
		now.pages_at_flush = spcpu_pages_total(&victim->pages);
	real->flush(window, layout, from, nr);
	if (now.at_flush)
		now.at_flush(victim);
}

/**
 * spcpu_interfere() - get a backing to interfere with
 * @backing: the real one
 *
 * What an earlier call gave is no more to be used.
 *
 * Return: One whose backing works as the real one until told otherwise.
 */
struct spcpu_interference *spcpu_interfere(const struct spcpu_backing *backing)
{
	real = backing;
	victim = NULL;
	now = (struct spcpu_interference) { .backing = *backing };
	now.backing.map = map;
	now.backing.unmap = unmap;
	if (backing->lazy) {
		now.backing.show = show;
		now.backing.hide = hide;
		now.backing.flush = flush;
	}
	spcpu_interfere_no_more();
	return &now;
}

/**
 * spcpu_interfere_with() - stand between an allocator and its pages
 * @s: an allocator that has the backing from spcpu_interfere()
 */
void spcpu_interfere_with(struct spcpu *s)
{
	real_get = s->pages.get;
	s->pages.get = get;
	victim = s;
	spcpu_interfere_reset();
}

/**
 * spcpu_interfere_reset() - count from 0 again, and let everything succeed
 */
void spcpu_interfere_reset(void)
{
	spcpu_interfere_no_more();
	atomic_set(&now.pages, 0);
	atomic_set(&now.maps, 0);
	atomic_set(&now.unmaps, 0);
	atomic_set(&now.shows, 0);
	atomic_set(&now.hides, 0);
	atomic_set(&now.flushes, 0);
	now.pages_at_flush = 0;
	now.gfp_any = 0;
	now.gfp_all = ~(gfp_t)0;
}

/**
 * spcpu_interfere_no_more() - let everything succeed
 */
void spcpu_interfere_no_more(void)
{
	now.fail_page = SPCPU_NEVER;
	now.fail_map = SPCPU_NEVER;
	now.fail_show = SPCPU_NEVER;
	now.shown_first = 0;
	now.at_flush = NULL;
}

static void no_work(struct work_struct *work)
{
	woken = true;
}

/* however long a test takes */
static void never(struct work_struct *work)
{
}

/**
 * spcpu_test_pause() - the worker does nothing from now on, however often woken
 * @s: an allocator; no other may be paused
 *
 * And what is done when it is quiet is never done again, unless a test calls it.
 */
void spcpu_test_pause(struct spcpu *s)
{
	int i;

	/* it may have woken itself */
	while (flush_work(&s->balance))
		;
	real_work = s->balance.func;
	s->balance.func = no_work;
	cancel_delayed_work_sync(&s->thin);
	s->thin.work.func = never;
	/* and nobody else does its work */
	for (i = 0; i < SPCPU_NR_TYPES; i++)
		set_bit(SPCPU_REPLENISHING, &s->types[i].flags);
	woken = false;
}

/**
 * spcpu_test_wake() - wake the worker
 * @s: the allocator
 */
void spcpu_test_wake(struct spcpu *s)
{
	queue_work(s->wq, &s->balance);
}

/**
 * spcpu_test_woken() - was the worker woken?
 * @s: an allocator that is paused
 *
 * Return: True if somebody woke it since spcpu_test_pause().
 */
bool spcpu_test_woken(struct spcpu *s)
{
	/* it may have woken itself */
	while (flush_work(&s->balance))
		;
	return woken;
}

/**
 * spcpu_test_forget_woken() - nothing until now was anything to wake it for
 * @s: an allocator that is paused
 */
void spcpu_test_forget_woken(struct spcpu *s)
{
	/* it may have woken itself */
	while (flush_work(&s->balance))
		;
	woken = false;
}

/**
 * spcpu_test_resume() - have the worker do what it was woken for, if it was
 * @s: an allocator that is paused
 */
void spcpu_test_resume(struct spcpu *s)
{
	bool due = spcpu_test_woken(s);
	int i;

	s->balance.func = real_work;
	for (i = 0; i < SPCPU_NR_TYPES; i++)
		clear_bit(SPCPU_REPLENISHING, &s->types[i].flags);
	if (due)
		queue_work(s->wq, &s->balance);
	/* it may have woken itself */
	while (flush_work(&s->balance))
		;
}

/**
 * spcpu_test_catch_up() - have the worker do what it was woken for, and wait again
 * @s: an allocator that is paused
 */
void spcpu_test_catch_up(struct spcpu *s)
{
	spcpu_test_resume(s);
	spcpu_test_pause(s);
}

static int map_nothing(struct spcpu_window *window,
		       const struct spcpu_layout *layout, struct page *blank)
{
	return -ENOMEM;
}

/**
 * spcpu_test_break_growth() - from now on an allocator has no more chunks
 * @s: the allocator
 *
 * No window fits where the span is longer than the machine's memory, all of
 * which vmap() refuses to map; sparse ones are told that there are no addresses.
 *
 * Return: What was changed, for spcpu_test_mend_growth().
 */
struct spcpu_breakage spcpu_test_break_growth(struct spcpu *s)
{
	static struct spcpu_backing no_addresses;
	struct spcpu_breakage was = { s->layout->span, s->options.backing };

	if (!was.backing->lazy) {
		s->layout->span = (totalram_pages() + 1) << PAGE_SHIFT;
		return was;
	}
	no_addresses = *was.backing;
	no_addresses.map = map_nothing;
	s->options.backing = &no_addresses;
	return was;
}

/**
 * spcpu_test_mend_growth() - all of it as it was
 * @s: the allocator
 * @was: what was changed
 */
void spcpu_test_mend_growth(struct spcpu *s, struct spcpu_breakage was)
{
	s->layout->span = was.span;
	s->options.backing = was.backing;
}

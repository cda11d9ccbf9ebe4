/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interfere: a backing and a source of pages that count what they are asked for,
 * look at what is held meanwhile, and fail when told to; a worker that waits; and growth
 * that fails.
 */
#ifndef SPCPU_TEST_INTERFERE_H
#define SPCPU_TEST_INTERFERE_H

#include <kunit/test.h>

#include "core.h"

#define SPCPU_NEVER	INT_MAX

/**
 * struct spcpu_interference - what became of an allocator's wishes
 *
 * There is one, of the test that runs. From the call on whose number is in one of
 * the fail_ members, counted from 0, calls of the kind fail.
 *
 * @backing: for &struct spcpu_options
 * @fail_page: number of the page that is not to be had
 * @fail_map: number of the window that gets no addresses
 * @fail_show: number of the range that cannot be shown
 * @shown_first: pages of that range that are shown all the same
 * @at_flush: done after each flush, or NULL
 * @pages: pages asked for
 * @maps: windows that addresses were asked for
 * @unmaps: windows whose addresses were given back
 * @shows: ranges of a unit to be shown
 * @hides: ranges of a unit to be hidden
 * @flushes: flushes
 * @pages_at_flush: pages the allocator had at the last flush
 * @gfp_any: flags that pages were asked for with, any of them
 * @gfp_all: those they were all asked for with
 * @memory_under_lock: times memory was needed with a lock held that reclaim
 *                     could wait for
 * @unprotected: changes of what is shown, without the mutex that covers it
 */
struct spcpu_interference {
	struct spcpu_backing backing;
	int fail_page;
	int fail_map;
	int fail_show;
	unsigned int shown_first;
	void (*at_flush)(struct spcpu *s);
	atomic_t pages;
	atomic_t maps;
	atomic_t unmaps;
	atomic_t shows;
	atomic_t hides;
	atomic_t flushes;
	unsigned long pages_at_flush;
	gfp_t gfp_any;
	gfp_t gfp_all;
	atomic_t memory_under_lock;
	atomic_t unprotected;
};

/**
 * struct spcpu_breakage - what was changed to make growing fail
 *
 * @span: of the layout, as it was
 * @backing: of the options, as it was
 */
struct spcpu_breakage {
	unsigned long span;
	const struct spcpu_backing *backing;
};

struct spcpu_interference *spcpu_interfere(const struct spcpu_backing *backing);
void spcpu_interfere_with(struct spcpu *s);
void spcpu_interfere_reset(void);
void spcpu_interfere_no_more(void);

void spcpu_test_pause(struct spcpu *s);
void spcpu_test_wake(struct spcpu *s);
bool spcpu_test_woken(struct spcpu *s);
void spcpu_test_forget_woken(struct spcpu *s);
void spcpu_test_resume(struct spcpu *s);
void spcpu_test_catch_up(struct spcpu *s);

struct spcpu_breakage spcpu_test_break_growth(struct spcpu *s);
void spcpu_test_mend_growth(struct spcpu *s, struct spcpu_breakage was);

#endif /* SPCPU_TEST_INTERFERE_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Survey: what the dumps of live objects add up.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>

#include "compat/kunit.h"
#include "debug.h"

/* objects that may come while a survey is made, and still be in it */
#define SPARE	64

static void note(struct spcpu_survey *survey, const struct spcpu_track *t)
{
	t->alloc.owner->refs++;
	survey->seen[survey->nr++] = (struct spcpu_sighting) {
		.owner = t->alloc.owner,
		.size = t->size,
		.align = t->align,
		.when = t->alloc.when,
	};
}

/* false: there are more than @most */
static bool note_all(struct spcpu_debug *d, struct spcpu_survey *survey,
		     size_t most)
{
	struct spcpu_track *t;
	unsigned long ptr = 0;
	bool full = false;

	do {
		spin_lock_irq(&d->lock);
		t = spcpu_track_after(d, ptr);
		if (t) {
			ptr = t->ptr;
			full = t->state == SPCPU_TRACK_LIVE && survey->nr == most;
			if (t->state == SPCPU_TRACK_LIVE && !full)
				note(survey, t);
		}
		spin_unlock_irq(&d->lock);
		cond_resched();
	} while (t && !full);
	return !full;
}

/**
 * spcpu_survey_make() - note all live objects
 * @d: what knows of them
 *
 * Context: Process context. May sleep. Objects come and go meanwhile; none is noted
 *	twice, and none that stays is left out.
 * Return: The survey, for spcpu_survey_free(); NULL: no memory.
 */
struct spcpu_survey *spcpu_survey_make(struct spcpu_debug *d)
{
	size_t most = READ_ONCE(d->nr_live) + SPARE;
	struct spcpu_survey *survey;

	for (;; most *= 2) {
		survey = kvmalloc(struct_size(survey, seen, most),
				  GFP_KERNEL | __GFP_NOWARN);
		if (!survey)
			return NULL;

		survey->nr = 0;
		if (note_all(d, survey, most))
			break;
		spcpu_survey_free(d, survey);
	}
	survey->now = ktime_get_ns();
	return survey;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_survey_make);

/**
 * spcpu_survey_free() - end the use of a survey
 * @d: what it is of
 * @survey: the survey
 *
 * Context: Process context.
 */
void spcpu_survey_free(struct spcpu_debug *d, struct spcpu_survey *survey)
{
	size_t i;

	for (i = 0; i < survey->nr; i++) {
		spin_lock_irq(&d->lock);
		spcpu_owner_put(survey->seen[i].owner);
		spin_unlock_irq(&d->lock);
		cond_resched();
	}
	kvfree(survey);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_survey_free);

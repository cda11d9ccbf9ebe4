// SPDX-License-Identifier: GPL-2.0
/*
 * Dump check: what is watched, and what the last scan came to; and the sizes,
 * alignments and ages of what is live.
 */
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "compat/kunit.h"
#include "debug.h"
#include "dump.h"

/**
 * spcpu_debug_dumped() - what a dump of watched objects is of
 * @m: where to print; its private is a struct spcpu
 *
 * Context: Process context.
 * Return: What watches; NULL: nothing does, and @m says how it would.
 */
struct spcpu_debug *spcpu_debug_dumped(struct seq_file *m)
{
	struct spcpu_debug *d = spcpu_debug_of(m->private);

	if (!d)
		seq_puts(m, "# objects are not watched: load with debug=owner, or another word of debug=\n");
	return d;
}

/**
 * spcpu_check_show() - print the verdict of the last scan
 * @m: where to; its private is a struct spcpu
 * @unused: not used
 *
 * Context: Process context.
 * Return: 0.
 */
int spcpu_check_show(struct seq_file *m, void *unused)
{
	struct spcpu_debug *d = spcpu_debug_dumped(m);
	unsigned long live, waiting, reports, scans;
	char words[SPCPU_DEBUG_WORDS_MAX];
	struct spcpu_scan last;

	if (!d)
		return 0;

	spin_lock_irq(&d->lock);
	live = d->nr_live;
	waiting = d->nr_waiting;
	reports = d->nr_reports;
	scans = d->nr_scans;
	last = d->last;
	spin_unlock_irq(&d->lock);

	spcpu_debug_words(d->s->options.debug, words, sizeof(words));
	seq_printf(m, "debug=%s\n", words);
	seq_printf(m, "live: %lu\nin quarantine: %lu\nreports: %lu\nscans: %lu\n",
		   live, waiting, reports, scans);
	if (!(d->flags & (SPCPU_REDZONE | SPCPU_POISON)))
		seq_puts(m, "verdict: none; it takes redzone or poison to have bytes to look at\n");
	else if (!scans)
		seq_puts(m, "verdict: not scanned yet; write to this file\n");
	else
		seq_printf(m, "verdict: %s; the last scan looked at %lu live and %lu freed objects, %lu had wrong bytes\n",
			   last.corrupt ? "corrupt" : "clean", last.live,
			   last.waiting, last.corrupt);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_check_show);

#define BUCKETS		16
#define BAR		40

/* powers of two, of bytes; and the same of milliseconds, in tens */
static unsigned int size_bucket(const struct spcpu_sighting *one, u64 now)
{
	return ilog2(one->size);
}

static unsigned int align_bucket(const struct spcpu_sighting *one, u64 now)
{
	return ilog2(one->align);
}

static unsigned int age_bucket(const struct spcpu_sighting *one, u64 now)
{
	u64 ms = div_u64(now - one->when, NSEC_PER_MSEC);
	unsigned int i;

	for (i = 0; ms && i < BUCKETS - 1; i++)
		ms = div_u64(ms, 10);
	return i;
}

static void print_power(char *to, size_t size, unsigned int i)
{
	snprintf(to, size, "%lu", 1UL << i);
}

/* below 1 ms, below 10 ms, and so on */
static void print_age(char *to, size_t size, unsigned int i)
{
	u64 ms = 1;

	while (i--)
		ms *= 10;
	if (ms < MSEC_PER_SEC)
		snprintf(to, size, "<%llu ms", ms);
	else
		snprintf(to, size, "<%llu s", div_u64(ms, MSEC_PER_SEC));
}

static void show_by(struct seq_file *m, const char *title,
		    const struct spcpu_survey *survey,
		    unsigned int (*bucket)(const struct spcpu_sighting *one,
					   u64 now),
		    void (*print)(char *to, size_t size, unsigned int i))
{
	unsigned long nr[BUCKETS] = { }, most = 1;
	char name[24], bar[BAR + 1];
	size_t i, len;

	for (i = 0; i < survey->nr; i++)
		nr[bucket(&survey->seen[i], survey->now)]++;
	for (i = 0; i < BUCKETS; i++)
		most = max(most, nr[i]);

	seq_printf(m, "#%11s objects\n", title);
	for (i = 0; i < BUCKETS; i++) {
		if (!nr[i])
			continue;
		print(name, sizeof(name), i);
		/* what there is shows */
		len = div64_ul(nr[i] * BAR + most - 1, most);
		memset(bar, '#', len);
		bar[len] = '\0';
		seq_printf(m, "%12s %7lu %s\n", name, nr[i], bar);
	}
}

/**
 * spcpu_histogram_show() - print sizes, alignments and ages of live objects
 * @m: where to; its private is a struct spcpu
 * @unused: not used
 *
 * A size is in the row of the power of two that it is at least as large as.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_histogram_show(struct seq_file *m, void *unused)
{
	struct spcpu_debug *d = spcpu_debug_dumped(m);
	struct spcpu_survey *survey;

	if (!d)
		return 0;

	survey = spcpu_survey_make(d);
	if (!survey)
		return -ENOMEM;

	show_by(m, "bytes from", survey, size_bucket, print_power);
	seq_putc(m, '\n');
	show_by(m, "alignment", survey, align_bucket, print_power);
	seq_putc(m, '\n');
	show_by(m, "age", survey, age_bucket, print_age);
	spcpu_survey_free(d, survey);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_histogram_show);

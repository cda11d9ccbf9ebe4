// SPDX-License-Identifier: GPL-2.0
/*
 * Dump owners: live objects by the call sites that they come from; all of them, or
 * those that are older than some seconds.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/sort.h>
#include <linux/time64.h>

#include "compat/kunit.h"
#include "debug.h"
#include "dump.h"

/**
 * struct row - a call site
 *
 * @owner: the call site
 * @nr: its objects
 * @bytes: of all of them, of one CPU's copies
 * @since: since when the oldest is live
 */
struct row {
	const struct spcpu_owner *owner;
	unsigned long nr;
	u64 bytes;
	u64 since;
};

static int by_owner(const void *a, const void *b)
{
	const struct spcpu_sighting *x = a, *y = b;

	return x->owner < y->owner ? -1 : x->owner > y->owner;
}

static int by_bytes(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->owner->name, y->owner->name);
}

/* a row for each owner of objects that are older than @age; how many */
static size_t add_up(struct spcpu_survey *survey, u64 age, struct row *rows)
{
	struct row *row = NULL;
	size_t i, nr = 0;

	sort(survey->seen, survey->nr, sizeof(*survey->seen), by_owner, NULL);
	for (i = 0; i < survey->nr; i++) {
		const struct spcpu_sighting *one = &survey->seen[i];

		if (survey->now - one->when < age)
			continue;
		if (!row || row->owner != one->owner) {
			row = &rows[nr++];
			*row = (struct row) { .owner = one->owner, .since = one->when };
		}
		row->nr++;
		row->bytes += one->size;
		row->since = min(row->since, one->when);
	}
	sort(rows, nr, sizeof(*rows), by_bytes, NULL);
	return nr;
}

static void show_rows(struct seq_file *m, const struct row *rows, size_t nr,
		      u64 now)
{
	size_t i;
	u32 rest;
	u64 ms;

	seq_puts(m, "#  objects        bytes   bytes*CPUs   oldest s  owner\n");
	for (i = 0; i < nr; i++) {
		ms = div_u64(now - rows[i].since, NSEC_PER_MSEC);
		ms = div_u64_rem(ms, MSEC_PER_SEC, &rest);
		seq_printf(m, "%10lu %12llu %12llu %6llu.%03u  %s\n", rows[i].nr,
			   rows[i].bytes, rows[i].bytes * num_possible_cpus(),
			   ms, rest, rows[i].owner->name);
	}
}

static int show(struct seq_file *m, struct spcpu_debug *d, u64 age)
{
	struct spcpu_survey *survey;
	struct row *rows;

	survey = spcpu_survey_make(d);
	if (!survey)
		return -ENOMEM;

	rows = kvmalloc_array(max_t(size_t, survey->nr, 1), sizeof(*rows),
			      GFP_KERNEL | __GFP_NOWARN);
	if (rows)
		show_rows(m, rows, add_up(survey, age, rows), survey->now);
	kvfree(rows);
	spcpu_survey_free(d, survey);
	return rows ? 0 : -ENOMEM;
}

/**
 * spcpu_owners_show() - print live objects by call site, most bytes first
 * @m: where to; its private is a struct spcpu
 * @unused: not used
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_owners_show(struct seq_file *m, void *unused)
{
	struct spcpu_debug *d = spcpu_debug_dumped(m);

	return d ? show(m, d, 0) : 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_owners_show);

/**
 * spcpu_leaks_show() - print the call sites of objects that have been live for long
 * @m: where to; its private is a struct spcpu
 * @unused: not used
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_leaks_show(struct seq_file *m, void *unused)
{
	struct spcpu_debug *d = spcpu_debug_dumped(m);
	unsigned int age;

	if (!d)
		return 0;

	age = READ_ONCE(d->leak_age);
	seq_printf(m, "# live for %u s and longer; write another number of seconds\n",
		   age);
	return show(m, d, (u64)age * NSEC_PER_SEC);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_leaks_show);

// SPDX-License-Identifier: GPL-2.0
/*
 * Compare: a recording, followed as it is written. There is one, the last.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "compare.h"
#include "compat/kunit.h"
#include "judge.h"

/* of all that is below */
static DEFINE_MUTEX(lock);

static struct spcpu_judge *judge;
static bool writing;

/* what is wrong with the recording, and stays so */
static int error;

/* the line that is being put together, and its number, from 1 */
static char text[SPCPU_SNAPSHOT_LINE_MAX];
static size_t length;
static unsigned long number;

/**
 * spcpu_compare_open() - begin a recording; the one before is gone
 *
 * Context: Process context. May sleep.
 * Return: 0; -EBUSY: somebody writes one; -ENOMEM.
 */
int spcpu_compare_open(void)
{
	const struct spcpu_follow_options options = { };
	struct spcpu_judge *new = spcpu_judge_create(&options);

	if (!new)
		return -ENOMEM;

	mutex_lock(&lock);
	if (writing) {
		mutex_unlock(&lock);
		spcpu_judge_destroy(new);
		return -EBUSY;
	}
	swap(judge, new);
	writing = true;
	error = 0;
	length = 0;
	number = 1;
	mutex_unlock(&lock);
	spcpu_judge_destroy(new);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_compare_open);

static void take_line(void)
{
	const char *why = "is longer than any of a recording";

	if (length == sizeof(text)) {
		error = -EINVAL;
	} else if (memchr(text, 0, length)) {
		why = "has a zero byte";
		error = -EINVAL;
	} else {
		text[length] = '\0';
		error = spcpu_judge_line(judge, text, &why);
	}
	if (error)
		pr_err_ratelimited("compare: line %lu: %s\n", number, why);
	length = 0;
	number++;
}

/**
 * spcpu_compare_feed() - the next piece
 * @from: characters, of any values
 * @len: how many
 *
 * Context: Process context, after spcpu_compare_open(). May sleep.
 * Return: 0; -EINVAL: a line, logged by its number, cannot be, and neither can what
 *	comes behind it; -ENOMEM, likewise.
 */
int spcpu_compare_feed(const char *from, size_t len)
{
	size_t i;

	mutex_lock(&lock);
	for (i = 0; i < len && !error; i++) {
		if (from[i] == '\n')
			take_line();
		else if (length < sizeof(text))
			text[length++] = from[i];
	}
	mutex_unlock(&lock);
	return error;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_compare_feed);

/**
 * spcpu_compare_close() - the writer has gone
 *
 * Context: Process context, after spcpu_compare_open().
 */
void spcpu_compare_close(void)
{
	mutex_lock(&lock);
	writing = false;
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_compare_close);

/**
 * spcpu_compare_report() - what came of it so far
 * @line: takes a line, without a newline
 * @to: for @line
 *
 * Context: Process context. May sleep.
 */
void spcpu_compare_report(void (*line)(void *to, const char *text), void *to)
{
	mutex_lock(&lock);
	if (judge)
		spcpu_judge_report(judge, line, to);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_compare_report);

/**
 * spcpu_compare_exit() - give it all back
 *
 * Context: Process context; nobody writes or reads any more.
 */
void spcpu_compare_exit(void)
{
	spcpu_judge_destroy(judge);
	judge = NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_compare_exit);

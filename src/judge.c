// SPDX-License-Identifier: GPL-2.0
/*
 * Judge: from the first line of a recording to the last.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "judge.h"
#include "words.h"

/* what comes next */
enum stage {
	VERSION,	/* the line that says it is a recording */
	KERNEL,		/* the line about the machine */
	FIRST,		/* lines of the first snapshot */
	EVENTS,		/* until the last snapshot */
	LAST,		/* its lines */
	END,		/* the line that says that nothing was cut off */
	DONE,
};

/**
 * struct spcpu_judge - how far it has come
 *
 * @options: how to follow
 * @stage: what comes next
 * @snap: the snapshot being read
 * @follow: who follows; NULL before the first snapshot is complete
 * @events: as many as were read
 */
struct spcpu_judge {
	struct spcpu_follow_options options;
	enum stage stage;
	struct spcpu_snapshot snap;
	struct spcpu_follow *follow;
	u64 events;
};

/**
 * spcpu_judge_create() - be ready for the first line
 * @options: how to follow
 *
 * Context: Process context. May sleep.
 * Return: For spcpu_judge_destroy(); NULL without memory.
 */
struct spcpu_judge *spcpu_judge_create(const struct spcpu_follow_options *options)
{
	struct spcpu_judge *j = kzalloc(sizeof(*j), GFP_KERNEL);

	if (!j)
		return NULL;

	j->options = *options;
	spcpu_snapshot_init(&j->snap);
	return j;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_judge_create);

/**
 * spcpu_judge_destroy() - forget it all
 * @j: the judge, or NULL
 *
 * Context: Process context. May sleep.
 */
void spcpu_judge_destroy(struct spcpu_judge *j)
{
	if (!j)
		return;

	spcpu_snapshot_exit(&j->snap);
	spcpu_follow_destroy(j->follow);
	kfree(j);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_judge_destroy);

static bool begins(const char *line, const char *word)
{
	struct spcpu_text rest = spcpu_line_of(line);

	return spcpu_word_is(spcpu_word(&rest), word);
}

static const char *check_version(const char *line)
{
	struct spcpu_text rest = spcpu_line_of(line);
	u64 version;

	if (!spcpu_word_is(spcpu_word(&rest), "shadow_percpu") ||
	    !spcpu_word_is(spcpu_word(&rest), "recording") ||
	    !spcpu_take_decimal(&rest, U32_MAX, &version))
		return "is not `shadow_percpu recording 1`, with which a recording begins";
	if (version != SPCPU_RECORDING_VERSION)
		return "is of another version than 1";
	return NULL;
}

/* 1: it was the last line of the snapshot */
static int take_snapshot(struct spcpu_judge *j, const char *line,
			 const char **why)
{
	int ret = spcpu_snapshot_parse(&j->snap, line, why);

	if (ret != 1)
		return ret;

	if (j->stage == FIRST) {
		*why = "ends a snapshot for which there is no memory, or whose slots are not ours";
		j->follow = spcpu_follow_create(&j->snap, &j->options);
		ret = j->follow ? 1 : -ENOMEM;
	} else {
		*why = "ends a snapshot for which there is no memory";
		ret = min(spcpu_follow_compare(j->follow, &j->snap), 0) ?: 1;
	}
	spcpu_snapshot_exit(&j->snap);
	spcpu_snapshot_init(&j->snap);
	return ret;
}

static int take_event(struct spcpu_judge *j, const char *line, const char **why)
{
	struct spcpu_op op;
	int err;

	err = spcpu_op_parse(&op, line, why);
	if (err)
		return err;

	j->events++;
	err = spcpu_follow_op(j->follow, &op, why);
	if (err == -ENOMEM)
		*why = "finds no memory";
	return err;
}

static const char *check_end(const struct spcpu_judge *j, const char *line)
{
	struct spcpu_text rest = spcpu_line_of(line);
	u64 events, lost;

	if (!spcpu_word_is(spcpu_word(&rest), "end") ||
	    !spcpu_take_decimal(&rest, U64_MAX, &events) ||
	    !spcpu_take_decimal(&rest, U64_MAX, &lost))
		return "is not `end EVENTS LOST`, with which a recording ends";
	if (events != j->events)
		return "says there were fewer or more events";
	if (lost != spcpu_follow_lost(j->follow))
		return "says that fewer or more events were lost";
	return NULL;
}

/* the next stage, or -errno */
static int take(struct spcpu_judge *j, const char *line, const char **why)
{
	int ret;

	if (j->stage == EVENTS && begins(line, "snapshot"))
		j->stage = LAST;

	switch (j->stage) {
	case VERSION:
		*why = check_version(line);
		return *why ? -EINVAL : KERNEL;
	case KERNEL:
		*why = "is not `kernel ...`, which comes behind the version";
		return begins(line, "kernel") ? FIRST : -EINVAL;
	case FIRST:
	case LAST:
		ret = take_snapshot(j, line, why);
		return ret < 0 ? ret : (int)j->stage + ret;
	case EVENTS:
		return take_event(j, line, why) ?: EVENTS;
	case END:
		*why = check_end(j, line);
		return *why ? -EINVAL : DONE;
	default:
		*why = "comes after the end";
		return -EINVAL;
	}
}

/**
 * spcpu_judge_line() - take the next line
 * @j: the judge
 * @line: the line, ended by a zero, with or without a newline; one that is empty, or
 *	begins with #, is passed over
 * @why: on error set to what is wrong, in words that continue "the line ..."
 *
 * Context: Process context. May sleep.
 * Return: 0; -EINVAL: it is none of a recording's, or not here, or a snapshot does
 *	not hold against itself; -ENOMEM.
 */
int spcpu_judge_line(struct spcpu_judge *j, const char *line, const char **why)
{
	const char *wrong = NULL;
	int ret;

	if (*line == '#' || *line == '\n' || !*line)
		return 0;

	ret = take(j, line, &wrong);
	if (ret < 0) {
		*why = wrong;
		return ret;
	}
	j->stage = ret;
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_judge_line);

/**
 * spcpu_judge_done() - was that the last line?
 * @j: the judge
 *
 * Context: Any.
 * Return: True if it was.
 */
bool spcpu_judge_done(const struct spcpu_judge *j)
{
	return j->stage == DONE;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_judge_done);

/**
 * spcpu_judge_follow() - who follows
 * @j: the judge
 *
 * Context: Any.
 * Return: Who; NULL before the first snapshot was complete.
 */
struct spcpu_follow *spcpu_judge_follow(struct spcpu_judge *j)
{
	return j->follow;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_judge_follow);

/**
 * spcpu_judge_report() - what came of it
 * @j: the judge
 * @line: takes a line, without a newline
 * @to: for @line
 *
 * First "whole: yes", or "no" if lines are missing; then spcpu_follow_report().
 *
 * Context: Process context. May sleep.
 */
void spcpu_judge_report(struct spcpu_judge *j,
			void (*line)(void *to, const char *text), void *to)
{
	line(to, spcpu_judge_done(j) ? "whole: yes" : "whole: no");
	if (j->follow)
		spcpu_follow_report(j->follow, line, to);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_judge_report);

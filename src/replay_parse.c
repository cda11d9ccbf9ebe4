// SPDX-License-Identifier: GPL-2.0
/*
 * Replay, the grammar: from a line to what it asks for.
 *
 * Pure: it touches nothing but its arguments, and looks at no character behind
 * the line's end, so it can be run by the million outside of the kernel.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "replay.h"
#include "words.h"

static bool take_number(struct spcpu_text *rest, u32 *number)
{
	u64 value;

	if (!spcpu_take_decimal(rest, U32_MAX, &value))
		return false;
	*number = value;
	return true;
}

/* each of them once, in any order */
static const char *parse_flags(struct spcpu_text *rest, struct spcpu_replay_op *op)
{
	struct spcpu_text word;

	for (word = spcpu_word(rest); word.len; word = spcpu_word(rest)) {
		if (spcpu_word_is(word, "atomic") && !op->atomic)
			op->atomic = true;
		else if (spcpu_word_is(word, "account") && !op->account)
			op->account = true;
		else
			return "behind the alignment may come only `atomic` and `account`";
	}
	return NULL;
}

static const char *parse_alloc(struct spcpu_text *rest, struct spcpu_replay_op *op)
{
	op->verb = SPCPU_REPLAY_ALLOC;
	if (!take_number(rest, &op->id))
		return "`a` wants an ID, a number below 2^32";
	if (!take_number(rest, &op->size))
		return "`a` wants a size behind the ID, a number below 2^32";
	if (!take_number(rest, &op->align))
		return "`a` wants an alignment behind the size, a number below 2^32";
	return parse_flags(rest, op);
}

static const char *parse_free(struct spcpu_text *rest, struct spcpu_replay_op *op)
{
	op->verb = SPCPU_REPLAY_FREE;
	if (!take_number(rest, &op->id))
		return "`f` wants an ID, a number below 2^32";
	return NULL;
}

static const char *parse(struct spcpu_text line, struct spcpu_replay_op *op)
{
	struct spcpu_text rest = {
		line.at, min_t(size_t, line.len, SPCPU_REPLAY_LINE_MAX)
	};
	struct spcpu_text verb = spcpu_word(&rest);
	const char *why;

	if (verb.len && *verb.at == '#')
		return NULL;
	if (line.len > SPCPU_REPLAY_LINE_MAX)
		return "longer than 63 characters";
	if (!verb.len)
		return NULL;

	if (spcpu_word_is(verb, "a"))
		why = parse_alloc(&rest, op);
	else if (spcpu_word_is(verb, "f"))
		why = parse_free(&rest, op);
	else
		return "begins with neither `a`, `f` nor #";

	if (!why && spcpu_word(&rest).len)
		why = "more words than it takes";
	return why;
}

/**
 * spcpu_replay_parse() - understand a line
 * @line: its first characters, up to SPCPU_REPLAY_LINE_MAX of them; need not
 *	be terminated
 * @len: how many the line has in all, the newline not counted
 * @op: set to what it asks for: SPCPU_REPLAY_NOTHING for a line to be skipped
 *	and on error
 * @why: on error set to what is wrong, in words
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int spcpu_replay_parse(const char *line, size_t len, struct spcpu_replay_op *op,
		       const char **why)
{
	const char *wrong;

	*op = (struct spcpu_replay_op){};
	wrong = parse((struct spcpu_text){ line, len }, op);
	if (!wrong)
		return 0;

	*op = (struct spcpu_replay_op){};
	*why = wrong;
	return -EINVAL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_replay_parse);

// SPDX-License-Identifier: GPL-2.0
/*
 * Recording: an event as a line, and back.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "recording.h"
#include "words.h"

/* in the order of their bits */
static const char letters[] = "ARCLIB";

static const char *flags_text(u8 flags, char *text)
{
	unsigned int i, nr = 0;

	for (i = 0; letters[i]; i++) {
		if (flags & BIT(i))
			text[nr++] = letters[i];
	}
	if (!nr)
		text[nr++] = '-';
	text[nr] = '\0';
	return text;
}

/* as %pS has it, but one word: a module's name comes behind a blank there */
static int print_site(u64 site, char *line, size_t size)
{
	int i, len, kept = 0;

	if (!site)
		return scnprintf(line, size, "-");

	len = scnprintf(line, size, "%pS", (void *)(unsigned long)site);
	for (i = 0; i < len; i++) {
		if (line[i] != ' ')
			line[kept++] = line[i];
	}
	return kept;
}

static int print_request(const struct spcpu_op *op, char *line, size_t size)
{
	char flags[sizeof(letters) + 1];
	int len;

	len = scnprintf(line, size, "%u %u %s ", op->size, op->align,
			flags_text(op->flags, flags));
	return len + print_site(op->site, line + len, size - len);
}

static int print_rest(const struct spcpu_op *op, char *line, size_t size)
{
	char flags[sizeof(letters) + 1];
	int len;

	switch (op->kind) {
	case SPCPU_OP_ALLOC:
		len = scnprintf(line, size, "%llx %u ",
				(unsigned long long)op->base, op->off);
		return len + print_request(op, line + len, size - len);
	case SPCPU_OP_FREE:
		return scnprintf(line, size, "%llx %u",
				 (unsigned long long)op->base, op->off);
	case SPCPU_OP_FAIL:
		return print_request(op, line, size);
	case SPCPU_OP_STATE:
		return scnprintf(line, size, "%llx %d %s %u %llx",
				 (unsigned long long)op->base, op->slot,
				 flags_text(op->flags, flags), op->off,
				 (unsigned long long)op->word);
	case SPCPU_OP_WORKER:
		return scnprintf(line, size, op->word ? "end" : "begin");
	case SPCPU_OP_LOST:
		return scnprintf(line, size, "%llu",
				 (unsigned long long)op->word);
	default:
		return scnprintf(line, size, "%llx",
				 (unsigned long long)op->base);
	}
}

/**
 * spcpu_op_line() - an event as text
 * @op: the event
 * @line: where to; a newline and a zero come last
 * @size: room there, at least %SPCPU_OP_LINE_MAX
 *
 * Context: Any.
 * Return: Characters, the zero not counted.
 */
int spcpu_op_line(const struct spcpu_op *op, char *line, size_t size)
{
	int len;

	len = scnprintf(line, size, "%c %llu %u ", op->kind,
			(unsigned long long)op->time, op->cpu);
	len += print_rest(op, line + len, size - 1 - len);
	line[len++] = '\n';
	line[len] = '\0';
	return len;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_op_line);

static bool take_u32(struct spcpu_text *rest, u32 *to)
{
	u64 value;

	if (!spcpu_take_decimal(rest, U32_MAX, &value))
		return false;
	*to = value;
	return true;
}

/* each letter once, in order; "-" for none */
static bool take_flags(struct spcpu_text *rest, u8 *flags)
{
	struct spcpu_text word = spcpu_word(rest);
	const char *letter = letters;
	size_t i;

	*flags = 0;
	if (spcpu_word_is(word, "-"))
		return true;

	for (i = 0; i < word.len; i++) {
		letter = strchr(letter, word.at[i]);
		if (!letter)
			return false;
		*flags |= BIT(letter - letters);
		letter++;
	}
	return word.len;
}

static const char *parse_place(struct spcpu_text *rest, struct spcpu_op *op)
{
	if (!spcpu_take_hex(rest, U64_MAX, &op->base))
		return "wants a chunk's address behind the CPU";
	if (!take_u32(rest, &op->off))
		return "wants an offset behind the chunk";
	return NULL;
}

static const char *parse_request(struct spcpu_text *rest, struct spcpu_op *op)
{
	if (!take_u32(rest, &op->size))
		return "wants a size";
	if (!take_u32(rest, &op->align))
		return "wants an alignment behind the size";
	if (!take_flags(rest, &op->flags))
		return "wants flags behind the alignment, or -";
	if (!spcpu_word(rest).len)
		return "wants a call site behind the flags, or -";
	return NULL;
}

static const char *parse_state(struct spcpu_text *rest, struct spcpu_op *op)
{
	u64 slot;

	if (!spcpu_take_hex(rest, U64_MAX, &op->base))
		return "wants a chunk's address behind the CPU";
	if (!spcpu_take_decimal(rest, INT_MAX, &slot))
		return "wants a slot behind the chunk";
	if (!take_flags(rest, &op->flags))
		return "wants flags behind the slot, or -";
	if (!take_u32(rest, &op->off) || op->off % 64)
		return "wants a page, a multiple of 64, behind the flags";
	if (!spcpu_take_hex(rest, U64_MAX, &op->word))
		return "wants 64 pages' bits at its end";
	op->slot = slot;
	return NULL;
}

static const char *parse_worker(struct spcpu_text *rest, struct spcpu_op *op)
{
	struct spcpu_text word = spcpu_word(rest);

	op->word = spcpu_word_is(word, "end");
	if (!op->word && !spcpu_word_is(word, "begin"))
		return "wants begin or end behind the CPU";
	return NULL;
}

static const char *parse_rest(struct spcpu_text *rest, struct spcpu_op *op)
{
	switch (op->kind) {
	case SPCPU_OP_ALLOC:
		return parse_place(rest, op) ?: parse_request(rest, op);
	case SPCPU_OP_FREE:
		return parse_place(rest, op);
	case SPCPU_OP_FAIL:
		return parse_request(rest, op);
	case SPCPU_OP_CREATE:
	case SPCPU_OP_DESTROY:
		return spcpu_take_hex(rest, U64_MAX, &op->base) ?
		       NULL : "wants a chunk's address behind the CPU";
	case SPCPU_OP_STATE:
		return parse_state(rest, op);
	case SPCPU_OP_WORKER:
		return parse_worker(rest, op);
	case SPCPU_OP_LOST:
		return spcpu_take_decimal(rest, U64_MAX, &op->word) ?
		       NULL : "wants a number behind the CPU";
	default:
		return "is no event: they begin with a, f, x, c, d, s, w or l";
	}
}

static const char *parse(struct spcpu_text *rest, struct spcpu_op *op)
{
	struct spcpu_text kind = spcpu_word(rest);
	const char *why;
	u64 cpu;

	op->kind = kind.len == 1 ? *kind.at : 0;
	if (!spcpu_take_decimal(rest, U64_MAX, &op->time))
		return "wants a time in ns behind its letter";
	if (!spcpu_take_decimal(rest, U16_MAX, &cpu))
		return "wants a CPU behind the time";
	op->cpu = cpu;

	why = parse_rest(rest, op);
	if (!why && spcpu_word(rest).len)
		why = "has more words than it takes";
	return why;
}

/**
 * spcpu_op_parse() - an event from a line
 * @op: set to the event; where it asks for what cannot be is not looked at
 * @line: the line, ended by a zero, with or without a newline
 * @why: on error set to what is wrong, in words that continue "the line ..."
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
 */
int spcpu_op_parse(struct spcpu_op *op, const char *line, const char **why)
{
	struct spcpu_text rest = spcpu_line_of(line);
	const char *wrong;

	*op = (struct spcpu_op) { };
	wrong = parse(&rest, op);
	if (!wrong)
		return 0;

	*why = wrong;
	return -EINVAL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_op_parse);

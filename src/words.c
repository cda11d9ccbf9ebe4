// SPDX-License-Identifier: GPL-2.0
/*
 * Words: a line of text taken apart.
 */
#include <linux/string.h>

#include "words.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

/**
 * spcpu_line_of() - all of a line
 * @line: characters, with or without a newline, ended by a zero
 *
 * Context: Any.
 * Return: The line, without its end.
 */
struct spcpu_text spcpu_line_of(const char *line)
{
	return (struct spcpu_text) { line, strcspn(line, "\n") };
}

/**
 * spcpu_word() - cut the next word off
 * @rest: what is left of the line
 *
 * Context: Any.
 * Return: The word; its length is 0 when there is none.
 */
struct spcpu_text spcpu_word(struct spcpu_text *rest)
{
	struct spcpu_text word;

	while (rest->len && is_blank(*rest->at)) {
		rest->at++;
		rest->len--;
	}

	word = (struct spcpu_text) { .at = rest->at };
	while (rest->len && !is_blank(*rest->at)) {
		rest->at++;
		rest->len--;
		word.len++;
	}
	return word;
}

/**
 * spcpu_word_is() - is it this word?
 * @word: the word
 * @what: the other one
 *
 * Context: Any.
 * Return: True if it is.
 */
bool spcpu_word_is(struct spcpu_text word, const char *what)
{
	return word.len == strlen(what) && !memcmp(word.at, what, word.len);
}

static bool number_of(struct spcpu_text word, unsigned int base, u64 max,
		      u64 *number)
{
	u64 value = 0;
	size_t i;

	for (i = 0; i < word.len; i++) {
		unsigned int digit = digit_of(word.at[i]);

		if (digit >= base || value > max / base ||
		    value * base > max - digit)
			return false;
		value = value * base + digit;
	}
	*number = value;
	return word.len;
}

/**
 * spcpu_take_decimal() - cut a number off
 * @rest: what is left of the line
 * @max: the largest that is fine, at least 9
 * @number: set to it
 *
 * Context: Any.
 * Return: True if the next word is one.
 */
bool spcpu_take_decimal(struct spcpu_text *rest, u64 max, u64 *number)
{
	return number_of(spcpu_word(rest), 10, max, number);
}

/**
 * spcpu_take_hex() - cut a hexadecimal number off, in small letters
 * @rest: what is left of the line
 * @max: the largest that is fine, at least 15
 * @number: set to it
 *
 * Context: Any.
 * Return: True if the next word is one.
 */
bool spcpu_take_hex(struct spcpu_text *rest, u64 max, u64 *number)
{
	return number_of(spcpu_word(rest), 16, max, number);
}

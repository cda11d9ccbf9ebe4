/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words: a line of text taken apart.
 *
 * Pure: looks at no character behind the line's end.
 */
#ifndef SPCPU_WORDS_H
#define SPCPU_WORDS_H

#include <linux/types.h>

/**
 * struct spcpu_text - a part of a line: what is left of it, or a word
 *
 * @at: its first character
 * @len: how many
 */
struct spcpu_text {
	const char *at;
	size_t len;
};

struct spcpu_text spcpu_line_of(const char *line);
struct spcpu_text spcpu_word(struct spcpu_text *rest);
bool spcpu_word_is(struct spcpu_text word, const char *what);
bool spcpu_take_decimal(struct spcpu_text *rest, u64 max, u64 *number);
bool spcpu_take_hex(struct spcpu_text *rest, u64 max, u64 *number);

#endif /* SPCPU_WORDS_H */

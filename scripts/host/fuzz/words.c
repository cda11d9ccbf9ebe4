// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz words and numbers: as the C library has them.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/limits.h>
#include <linux/string.h>

#include "fuzz.h"
#include "selftest.h"
#include "words.h"

/* the next word of what is left, which may have any characters but its end */
static size_t skip(const char *text, size_t at, size_t len, bool blank)
{
	while (at < len && (text[at] == ' ' || text[at] == '\t') == blank)
		at++;
	return at;
}

/* the C library takes signs, 0x, capitals and blanks, too */
static bool number_of(const char *word, size_t len, int base, u64 max, u64 *number)
{
	const char *digits = base == 16 ? "0123456789abcdef" : "0123456789";
	char *text = calloc(1, len + 1);
	bool fine;

	expect(text);
	memcpy(text, word, len);
	errno = 0;
	*number = strtoull(text, NULL, base);
	fine = len && strspn(text, digits) == len && !errno && *number <= max;
	free(text);
	return fine;
}

static void check_number(struct spcpu_text rest, struct spcpu_text word)
{
	static const u64 most[] = { 15, 4095, U32_MAX, INT_MAX, U64_MAX };
	u64 is, must;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(most); i++) {
		struct spcpu_text left = rest;
		bool fine = number_of(word.at, word.len, 10, most[i], &must);

		expect(spcpu_take_decimal(&left, most[i], &is) == fine);
		expect(!fine || is == must);
		left = rest;
		fine = number_of(word.at, word.len, 16, most[i], &must);
		expect(spcpu_take_hex(&left, most[i], &is) == fine);
		expect(!fine || is == must);
	}
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	char *text = malloc(len ?: 1);
	struct spcpu_text rest = { text, len };
	size_t at = 0, end;

	expect(text);
	if (len)
		memcpy(text, bytes, len);
	for (;;) {
		struct spcpu_text left = rest, word;

		at = skip(text, at, len, true);
		end = skip(text, at, len, false);
		word = spcpu_word(&rest);
		expect(word.len == end - at);
		if (!word.len)
			break;
		expect(word.at == text + at);
		check_number(left, word);
		at = end;
	}
	expect(!rest.len);
	free(text);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz an event's line: what is understood is written as a line that is understood as
 * the same.
 */
#include <stdlib.h>

#include <linux/string.h>

#include "fuzz.h"
#include "recording.h"
#include "selftest.h"
#include "words.h"

/* the next word without the zeros that a number may begin with */
static struct spcpu_text next_word(struct spcpu_text *rest)
{
	struct spcpu_text word = spcpu_word(rest);

	for (; word.len > 1 && *word.at == '0'; word.len--)
		word.at++;
	return word;
}

/* word by word, but for who asked, which is not kept */
static void check_words(const struct spcpu_op *op, const char *a, const char *b)
{
	struct spcpu_text rest_a = spcpu_line_of(a), rest_b = spcpu_line_of(b);
	bool has_site = op->kind == SPCPU_OP_ALLOC || op->kind == SPCPU_OP_FAIL;

	for (;;) {
		struct spcpu_text x = next_word(&rest_a), y = next_word(&rest_b);

		if (!y.len || (has_site && !rest_b.len))
			return;
		expect(x.len == y.len && !memcmp(x.at, y.at, x.len));
	}
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	char *line = malloc(len + 1), again[SPCPU_OP_LINE_MAX];
	const char *why = NULL;
	struct spcpu_op a, b;

	expect(line);
	if (len)
		memcpy(line, bytes, len);
	line[len] = '\0';
	if (spcpu_op_parse(&a, line, &why)) {
		expect(why && *why);
	} else {
		expect(spcpu_op_line(&a, again, sizeof(again)) == strlen(again));
		expect(!spcpu_op_parse(&b, again, &why));
		expect(!memcmp(&a, &b, sizeof(a)));
		check_words(&a, line, again);
	}
	free(line);
	return 0;
}

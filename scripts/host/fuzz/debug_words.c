// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the words of debug=: what is taken is what its words say, and is taken again from
 * the words that it is told with.
 */
#include <stdlib.h>

#include <linux/errno.h>
#include <linux/string.h>

#include "debug_words.h"
#include "fuzz.h"
#include "selftest.h"

static const struct {
	const char *word;
	unsigned int flag;
} words[] = {
	{ "redzone", SPCPU_REDZONE },
	{ "poison", SPCPU_POISON },
	{ "quarantine", SPCPU_QUARANTINE },
	{ "owner", SPCPU_OWNER },
};

/* by cutting it into words; -1: not all of them are */
static int flags_of(const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;
	int flags = 0;

	expect(copy);
	if (!strcmp(text, "all"))
		flags = SPCPU_DEBUG_ALL;
	else if (*text)
		while (flags >= 0 && (word = strsep(&rest, ","))) {
			int i = 0;

			while (i < ARRAY_SIZE(words) && strcmp(word, words[i].word))
				i++;
			flags = i < ARRAY_SIZE(words) ? flags | words[i].flag : -1;
		}
	free(copy);
	return flags;
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	char *text = calloc(1, len + 1), told[SPCPU_DEBUG_WORDS_MAX];
	unsigned int flags, again;
	int must, err;

	expect(text);
	memcpy(text, bytes, len);
	must = flags_of(text);
	err = spcpu_debug_parse(text, &flags);
	expect(err == (must < 0 ? -EINVAL : 0));
	if (!err) {
		expect(flags == must);
		spcpu_debug_words(flags, told, sizeof(told));
		expect(strlen(told) < sizeof(told) - 1);
		if (flags)
			expect(!spcpu_debug_parse(told, &again) && again == flags);
		else
			expect(!strcmp(told, "off"));
	}
	free(text);
	return 0;
}

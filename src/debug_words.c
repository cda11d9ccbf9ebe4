// SPDX-License-Identifier: GPL-2.0
/*
 * Debug words: what is asked for with debug=, as text.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "debug_words.h"

/* by bit */
static const char * const words[] = { "redzone", "poison", "quarantine", "owner" };

static int bit_of(const char *word, size_t len)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == len && !strncmp(word, words[i], len))
			return i;
	}
	return -EINVAL;
}

/**
 * spcpu_debug_parse() - what is asked for?
 * @text: words with commas in between; `all` of them; nothing
 * @flags: set to SPCPU_REDZONE and so on
 *
 * Context: Any.
 * Return: 0; -EINVAL: there is another word.
 */
int spcpu_debug_parse(const char *text, unsigned int *flags)
{
	size_t len;
	int bit;

	*flags = 0;
	if (!strcmp(text, "all"))
		*flags = SPCPU_DEBUG_ALL;
	if (!*text || *flags)
		return 0;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		bit = bit_of(text, len);
		if (bit < 0)
			return bit;
		*flags |= BIT(bit);
		if (!text[len])
			return 0;
	}
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debug_parse);

/**
 * spcpu_debug_words() - the same, backwards
 * @flags: SPCPU_REDZONE and so on
 * @to: set to the words, or to `off`
 * @size: room there, SPCPU_DEBUG_WORDS_MAX is enough
 *
 * Context: Any.
 */
void spcpu_debug_words(unsigned int flags, char *to, size_t size)
{
	int i, len = scnprintf(to, size, flags ? "" : "off");

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (flags & BIT(i))
			len += scnprintf(to + len, size - len, "%s%s",
					 len ? "," : "", words[i]);
	}
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debug_words);

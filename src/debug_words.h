/* SPDX-License-Identifier: GPL-2.0 */
/* Debug words: what is asked for with debug=, as text. */
#ifndef SPCPU_DEBUG_WORDS_H
#define SPCPU_DEBUG_WORDS_H

#include <linux/bits.h>
#include <linux/types.h>

/* what is asked for with debug=, bits */
enum {
	SPCPU_REDZONE		= BIT(0),	/* bytes around objects that nobody writes to */
	SPCPU_POISON		= BIT(1),	/* freed objects are filled, too */
	SPCPU_QUARANTINE	= BIT(2),	/* freed areas wait for long */
	SPCPU_OWNER		= BIT(3),	/* stacks of who allocates and frees */
	SPCPU_DEBUG_ALL		= SPCPU_REDZONE | SPCPU_POISON | SPCPU_QUARANTINE |
				  SPCPU_OWNER,
};

/* all words of debug=, and what comes between them */
#define SPCPU_DEBUG_WORDS_MAX	64

int spcpu_debug_parse(const char *text, unsigned int *flags);
void spcpu_debug_words(unsigned int flags, char *to, size_t size);

#endif /* SPCPU_DEBUG_WORDS_H */

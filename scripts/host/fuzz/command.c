// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz what is written to `record` and `mirror`: taken or refused as one who reads it
 * letter by letter would.
 */
#include <stdlib.h>

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "command.h"
#include "fuzz.h"
#include "selftest.h"

enum { NOTHING, START, STOP };

static int done;
static unsigned int kb;

static int start(unsigned int with)
{
	done = START;
	kb = with;
	return 0;
}

static int stop(void)
{
	done = STOP;
	return 0;
}

static size_t blanks(const char *text, size_t at)
{
	while (text[at] == ' ' || text[at] == '\t')
		at++;
	return at;
}

/* @text is ended by a zero, and has none before that */
static int read_it(const char *text, u64 *number)
{
	size_t at = blanks(text, 0), digits;

	*number = 0;
	if (!strncmp(text + at, "stop", 4))
		return text[blanks(text, at + 4)] ? NOTHING : STOP;
	if (strncmp(text + at, "start", 5))
		return NOTHING;
	at += 5;
	if (!text[blanks(text, at)])
		return START;
	if (blanks(text, at) == at)
		return NOTHING;

	at = blanks(text, at);
	for (digits = at; text[at] >= '0' && text[at] <= '9'; at++)
		*number = min_t(u64, U32_MAX + 1ULL,
				*number * 10 + text[at] - '0');
	return at > digits && !text[blanks(text, at)] && *number &&
	       *number <= U32_MAX ? START : NOTHING;
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	char *exactly = malloc(len ?: 1), text[64] = { };
	int want = NOTHING;
	ssize_t ret;
	u64 number;

	expect(exactly);
	if (len)
		memcpy(exactly, bytes, len);
	if (len <= 32) {
		memcpy(text, exactly, len);
		if (len && text[len - 1] == '\n')
			text[len - 1] = '\0';
		if (!memchr(exactly, 0, len))
			want = read_it(text, &number);
	}

	host_log_is_off = true;
	done = NOTHING;
	ret = spcpu_command("fuzz", exactly, len, start, stop);
	expect(done == want);
	expect(ret == (want == NOTHING ? -EINVAL : (ssize_t)len));
	expect(want != START || kb == number);
	free(exactly);
	return 0;
}

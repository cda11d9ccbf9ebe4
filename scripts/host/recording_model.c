// SPDX-License-Identifier: GPL-2.0
/*
 * Recordings: one that was invented is found to be the same, and one that was spoilt
 * somewhere is taken or refused, but never followed to where nothing is.
 */
#include <stdlib.h>

#include <linux/slab.h>
#include <linux/string.h>

#include "invent.h"
#include "judge.h"
#include "figures.h"
#include "random.h"
#include "selftest.h"

#define STEPS		2000	/* of a recording */
#define SPOILT		60	/* copies of it */

/* bytes that a spoilt one may ask for */
#define MEMORY_MAX	((size_t)64 << 20)

/* the number of the line that was refused, from 1; 0: none */
static unsigned int judge(struct spcpu_judge *j, char *text, size_t len)
{
	char *line = text, *end = text + len, *next;
	const char *why = NULL;
	unsigned int number;

	for (number = 1; line < end; number++) {
		next = memchr(line, '\n', end - line) ?: end;
		*next = '\0';
		if (spcpu_judge_line(j, line, &why)) {
			expect(why && *why);
			return number;
		}
		line = next + 1;
	}
	return 0;
}

static void follow(char *text, size_t len, bool own_way, struct figures *f)
{
	struct spcpu_follow_options options = { .own_way = own_way };
	struct spcpu_judge *j = spcpu_judge_create(&options);

	if (!j)
		return;
	judge(j, text, len);
	spcpu_judge_report(j, figures_line, f);
	spcpu_judge_destroy(j);
}

static size_t at(struct host_random *rnd, size_t len)
{
	return host_below(rnd, len);
}

/* a number, or what stands in its place, becomes one of those that break things */
static size_t spoil_number(struct host_random *rnd, char *text, size_t len)
{
	static const char * const numbers[] = {
		"0", "1", "-1", "4294967295", "4294967296", "2147483647",
		"18446744073709551615", "18446744073709551616", "1073741824",
		"ffffffffffffffff", "63", "4096", "-", "x", "",
	};
	const char *number = numbers[host_below(rnd, ARRAY_SIZE(numbers))];
	size_t from = at(rnd, len), to, size = strlen(number);

	while (from && text[from - 1] != ' ' && text[from - 1] != '\n')
		from--;
	for (to = from; to < len && text[to] != ' ' && text[to] != '\n';)
		to++;
	memmove(text + from + size, text + to, len - to);
	memcpy(text + from, number, size);
	return len - (to - from) + size;
}

/* a line is gone, or comes twice */
static size_t spoil_line(struct host_random *rnd, char *text, size_t len, size_t room)
{
	size_t from = at(rnd, len), to;

	while (from && text[from - 1] != '\n')
		from--;
	for (to = from; to < len && text[to] != '\n';)
		to++;
	to += to < len;
	if (host_below(rnd, 2) || to - from > room) {
		memmove(text + from, text + to, len - to);
		return len - (to - from);
	}
	memmove(text + to, text + from, len - from);
	return len + to - from;
}

static size_t spoil(struct host_random *rnd, char *text, size_t len, size_t room)
{
	switch (host_below(rnd, 4)) {
	case 0:
		text[at(rnd, len)] ^= 1 << host_below(rnd, 8);
		return len;
	case 1:
		return host_below(rnd, 16) ? len : at(rnd, len) + 1;
	case 2:
		return spoil_line(rnd, text, len, room);
	default:
		return spoil_number(rnd, text, len);
	}
}

static void try_spoilt(struct host_random *rnd, const char *text, size_t len)
{
	size_t room = len + 8192, before = host_memory_left, copy_len = len;
	unsigned int nr = 1 + host_below(rnd, 4);
	struct figures f = { };
	char *copy = malloc(room);

	expect(copy);
	memcpy(copy, text, len);
	while (nr--)
		copy_len = spoil(rnd, copy, copy_len, room - copy_len - 64);

	/* often there is not even the memory for what is right */
	host_memory_left = host_below(rnd, 2) ? MEMORY_MAX :
					       1 + host_below(rnd, MEMORY_MAX / 64);
	nr = host_memory_left;
	follow(copy, copy_len, host_below(rnd, 2), &f);
	expect(host_memory_left >= nr);
	host_memory_left = before;
	free(copy);
}

/**
 * host_test_recordings() - invent recordings, and spoil them
 * @part: not looked at
 * @seed: the same seed makes the same ones
 * @steps: as many in all
 */
void host_test_recordings(const struct host_part *part, u64 seed, u64 steps)
{
	struct host_random rnd = host_random_of(seed);
	unsigned int i;

	for (; steps; steps -= min_t(u64, steps, STEPS * 10)) {
		struct figures f = { };
		char *text, *copy;
		size_t len;
		FILE *out;

		out = open_memstream(&text, &len);
		expect(out);
		host_invent(out, host_seed(&rnd), STEPS);
		expect(!fclose(out));

		copy = malloc(len + 1);
		expect(copy);
		memcpy(copy, text, len + 1);
		follow(copy, len, false, &f);
		expect(figures_value(&f, "whole"));
		expect(figures_value(&f, "identical") == figures_value(&f, "allocs"));
		expect(!figures_value(&f, "bad"));
		expect(figures_value(&f, "maps_equal"));
		free(copy);

		for (i = 0; i < SPOILT; i++)
			try_spoilt(&rnd, text, len);
		free(text);
	}
}

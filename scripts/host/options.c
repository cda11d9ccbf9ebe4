// SPDX-License-Identifier: GPL-2.0
/*
 * Options of replay.
 */
#include <getopt.h>
#include <stdlib.h>

#include <linux/limits.h>
#include <linux/slab.h>

#include "options.h"
#include "words.h"

/* more than any machine's allocator needs: a recording may claim anything */
#define MEMORY_MAX	((size_t)4 << 30)

static void __noreturn explain(void)
{
	fputs("usage: replay [OPTION]... FILE...\n"
	      "  FILE              a recording; - for the standard input\n"
	      "  --own-way         also: what the shadow would have made of it, left alone\n"
	      "  --all             name each event that differs, not only the first\n"
	      "  --json FILE       write all figures there\n"
	      "  --quiet           tell only of recordings that are not good\n"
	      "  --snapshot        print only how the shadow stands at the end\n"
	      "  --until N         and of --snapshot: after so many events\n"
	      "  --play            print only what each event did to the chunks, and what\n"
	      "                    it did to those of the shadow, left alone\n"
	      "  --memory MB       most memory that a recording may take (default 4096)\n",
	      stderr);
	exit(UNUSABLE);
}

static u64 number_of(const char *text, u64 most)
{
	struct spcpu_text rest = spcpu_line_of(text);
	u64 value;

	if (!spcpu_take_decimal(&rest, most, &value) || rest.len)
		explain();
	return value;
}

/**
 * parse_options() - what to do
 * @argc: as of main()
 * @argv: as of main(); files are what is left from optind on
 *
 * Who is not understood is told what would be, and the process ends.
 *
 * Return: What to do.
 */
struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "own-way", no_argument, NULL, 'o' },
		{ "all", no_argument, NULL, 'a' },
		{ "json", required_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "snapshot", no_argument, NULL, 's' },
		{ "until", required_argument, NULL, 'u' },
		{ "play", no_argument, NULL, 'p' },
		{ "memory", required_argument, NULL, 'm' },
		{ }
	};
	struct options o = { .until = U64_MAX };
	int c;

	host_memory_left = MEMORY_MAX;
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'o')
			o.own_way = true;
		else if (c == 'q')
			o.quiet = true;
		else if (c == 'a')
			o.all = true;
		else if (c == 's')
			o.snapshot = true;
		else if (c == 'p')
			o.play = true;
		else if (c == 'u')
			o.until = number_of(optarg, U64_MAX - 1);
		else if (c == 'm')
			host_memory_left = number_of(optarg, 1 << 20) << 20;
		else if (c == 'j' && !o.json)
			o.json = fopen(optarg, "w");
		else
			explain();
		if (c == 'j' && !o.json) {
			perror(optarg);
			exit(UNUSABLE);
		}
	}
	o.own_way |= o.play;
	if (optind == argc || (o.until != U64_MAX && !o.snapshot) ||
	    (o.snapshot && (o.own_way || o.all || o.json)) ||
	    (o.play && (o.all || o.json)))
		explain();
	return o;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options of replay.
 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdio.h>

#include <linux/types.h>

/* of a recording, and of the process in the end */
enum { GOOD, DIFFERENT, UNUSABLE };

/**
 * struct options - what to do
 *
 * @own_way: let the shadow go its own way, too
 * @quiet: tell only of what is not good
 * @all: name each event that differs, not only the first
 * @snapshot: print how the shadow stands after @until events, and nothing else
 * @play: print what each event did, and nothing else; with @own_way
 * @until: events; %U64_MAX for all of them
 * @json: where figures go, or NULL
 * @nr_written: recordings whose figures are there already
 */
struct options {
	bool own_way;
	bool quiet;
	bool all;
	bool snapshot;
	bool play;
	u64 until;
	FILE *json;
	unsigned int nr_written;
};

struct options parse_options(int argc, char **argv);

#endif /* HOST_OPTIONS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures: a report's lines, "name: value", kept to be looked up and passed on.
 */
#ifndef HOST_FIGURES_H
#define HOST_FIGURES_H

#include <stdio.h>

#include <linux/types.h>

#include "follow.h"

#define FIGURES_MAX	48
#define NOTES_MAX	32

/**
 * struct figure - a line with a number, or a yes or no
 *
 * @name: what it is of
 * @value: the number; 1 for yes, 0 for no
 * @is_flag: it is a yes or no
 */
struct figure {
	char name[32];
	u64 value;
	bool is_flag;
};

/**
 * struct figures - a report
 *
 * @figures: lines with a number, or yes or no, in their order
 * @nr_figures: how many
 * @notes: the other lines, in their order
 * @nr_notes: how many
 */
struct figures {
	struct figure figures[FIGURES_MAX];
	unsigned int nr_figures;
	char notes[NOTES_MAX][SPCPU_FOLLOW_LINE_MAX];
	unsigned int nr_notes;
};

void figures_line(void *to, const char *text);
u64 figures_value(const struct figures *f, const char *name);
void figures_json(const struct figures *f, FILE *out);
void json_string(FILE *out, const char *text);

#endif /* HOST_FIGURES_H */

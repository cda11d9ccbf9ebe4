// SPDX-License-Identifier: GPL-2.0
/*
 * Figures: a report's lines.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "figures.h"

static bool take_figure(struct figure *figure, const char *text)
{
	char value[32];
	int end = -1;

	if (sscanf(text, "%31[a-z_]: %31s%n", figure->name, value, &end) != 2 ||
	    text[end])
		return false;

	figure->is_flag = !strcmp(value, "yes") || !strcmp(value, "no");
	if (figure->is_flag) {
		figure->value = *value == 'y';
		return true;
	}
	return sscanf(value, "%llu%n", &figure->value, &end) == 1 && !value[end];
}

/**
 * figures_line() - keep a line of a report
 * @to: &struct figures; what it has no room for is dropped
 * @text: the line, without a newline
 */
void figures_line(void *to, const char *text)
{
	struct figures *f = to;

	if (f->nr_figures < FIGURES_MAX &&
	    take_figure(&f->figures[f->nr_figures], text))
		f->nr_figures++;
	else if (f->nr_notes < NOTES_MAX)
		strscpy(f->notes[f->nr_notes++], text, SPCPU_FOLLOW_LINE_MAX);
}

/**
 * figures_value() - look a figure up
 * @f: the report
 * @name: which
 *
 * Return: Its value, 1 for yes; 0 if it is not there.
 */
u64 figures_value(const struct figures *f, const char *name)
{
	unsigned int i;

	for (i = 0; i < f->nr_figures; i++) {
		if (!strcmp(f->figures[i].name, name))
			return f->figures[i].value;
	}
	return 0;
}

/**
 * json_string() - a string in its quotes
 * @out: where to
 * @text: the string; what is not ASCII is taken for UTF-8
 */
void json_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(out, "\\u%04x", *text);
		else
			putc(*text, out);
	}
	putc('"', out);
}

/**
 * figures_json() - a report as members of an object
 * @f: the report
 * @out: where to
 */
void figures_json(const struct figures *f, FILE *out)
{
	const struct figure *figure;
	unsigned int i;

	for (i = 0; i < f->nr_figures; i++) {
		figure = &f->figures[i];
		fprintf(out, "\"%s\": ", figure->name);
		if (figure->is_flag)
			fprintf(out, "%s, ", figure->value ? "true" : "false");
		else
			fprintf(out, "%llu, ", figure->value);
	}

	fputs("\"notes\": [", out);
	for (i = 0; i < f->nr_notes; i++) {
		if (i)
			fputs(", ", out);
		json_string(out, f->notes[i]);
	}
	putc(']', out);
}

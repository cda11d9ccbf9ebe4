// SPDX-License-Identifier: GPL-2.0
/*
 * replay FILE...: follow recordings of a percpu allocator with the shadow's core, and
 * tell where it decides otherwise.
 *
 * Exit status: 0, each recording is whole, each placement that was decidable is the
 * recorded one, and the shadow ends as the other allocator did; 1, not so; 2, a file
 * is no recording, or wrong usage.
 */
#include <errno.h>
#include <getopt.h>

#include <linux/string.h>

#include "figures.h"
#include "judge.h"
#include "options.h"
#include "paper.h"
#include "play.h"
#include "words.h"

/* more than any line has that means something */
#define LINE_BYTES	8192

/**
 * struct input - a file, line by line
 *
 * @name: its name
 * @file: the file
 * @number: of the line that was read last, from 1
 * @text: that line, without its end
 */
struct input {
	const char *name;
	FILE *file;
	unsigned long number;
	char text[LINE_BYTES];
};

static int refuse(const struct input *in, const char *why)
{
	fprintf(stderr, "%s:%lu: %s\n", in->name, in->number, why);
	return -EINVAL;
}

/* 1: there is a line; 0: the file is over; negative: it is none of text */
static int next_line(struct input *in)
{
	size_t len = 0;
	int c;

	in->number++;
	while ((c = getc(in->file)) != EOF && c != '\n') {
		if (!c)
			return refuse(in, "the line has a zero byte");
		if (len == LINE_BYTES - 1)
			return refuse(in, "the line is too long for a recording's");
		in->text[len++] = c;
	}
	in->text[len] = '\0';
	if (ferror(in->file))
		return refuse(in, strerror(errno));
	if (c == EOF && len)
		return refuse(in, "the line has no end: the recording was cut off");
	return c != EOF;
}

static struct spcpu_text first_word(const char *line)
{
	struct spcpu_text rest = spcpu_line_of(line);

	return spcpu_word(&rest);
}

/* kinds of events are letters, and all else that means something is longer */
static bool is_event(const char *line)
{
	return *line != '#' && first_word(line).len == 1;
}

/* does the line come after the last event that is wanted? */
static bool is_after(const struct options *o, struct spcpu_judge *j, u64 events,
		     const char *line)
{
	return events == o->until && spcpu_judge_follow(j) &&
	       (is_event(line) || spcpu_word_is(first_word(line), "snapshot"));
}

/* the line is named if it has added to what differs; takes time for all chunks */
static void tell_difference(const struct input *in, struct spcpu_judge *j,
			    struct spcpu_follow_stats *before)
{
	struct spcpu_follow_stats now;
	const char *what = NULL;

	if (!spcpu_judge_follow(j) || !is_event(in->text))
		return;

	spcpu_follow_stats(spcpu_judge_follow(j), &now);
	if (now.bad != before->bad)
		what = "impossible";
	else if (now.wrong != before->wrong)
		what = "wrong";
	else if (now.undecidable != before->undecidable)
		what = "undecidable";
	if (what)
		printf("%s:%lu: %s: %s\n", in->name, in->number, what, in->text);
	*before = now;
}

/**
 * struct stage - where a recording is played
 *
 * @recorded: what was recorded
 * @own: what the shadow does, left alone
 */
struct stage {
	struct play *recorded;
	struct play *own;
};

/* after each event, and after all that comes before the first */
static int play_line(const struct input *in, struct stage *stage,
		     struct spcpu_judge *j, struct spcpu_judge *own)
{
	if (spcpu_word_is(first_word(in->text), "kernel"))
		printf("play 1\n%s\n", in->text);
	if (!spcpu_judge_follow(j))
		return 0;
	if (is_event(in->text))
		printf("e %s\n", in->text);
	if (play_step(stage->recorded, spcpu_follow_shadow(spcpu_judge_follow(j))) &&
	    play_step(stage->own, spcpu_follow_shadow(spcpu_judge_follow(own))))
		return 0;
	return refuse(in, "there is no memory to play it");
}

/* all lines, or those up to the last event; to @own, and on @stage, if there are any */
static int read_lines(const struct options *o, struct input *in,
		      struct spcpu_judge *j, struct spcpu_judge *own,
		      struct stage *stage)
{
	struct spcpu_follow_stats stats = { };
	const char *why = "is wrong";
	char text[256];
	u64 events = 0;
	int more;

	while ((more = next_line(in)) > 0) {
		if (is_after(o, j, events, in->text))
			return 0;
		events += is_event(in->text);
		if (spcpu_judge_line(j, in->text, &why) ||
		    (own && spcpu_judge_line(own, in->text, &why)))
			return refuse(in, why);
		if (o->all)
			tell_difference(in, j, &stats);
		if (stage->own && play_line(in, stage, j, own))
			return -ENOMEM;
	}
	if (more)
		return more;
	if (!spcpu_judge_done(j))
		return refuse(in, "the recording was cut off: more lines are missing");
	if (o->until == U64_MAX)
		return 0;

	snprintf(text, sizeof(text), "the recording ends after %llu events",
		 events);
	return refuse(in, text);
}

static void print_line(void *to, const char *text)
{
	fprintf(to, "  %s\n", text);
}

/* what another policy would have made of it, beside what was made of it */
static void print_own_way(const struct figures *recorded,
			  const struct figures *own)
{
	static const char * const names[] = {
		"live", "live_bytes", "chunks", "max_chunks", "pages",
		"max_pages", "frag_sum", "frag_max",
	};
	unsigned int i;

	printf("  %-12s %12s %12s\n", "", "recorded", "own way");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		printf("  %-12s %12llu %12llu\n", names[i],
		       figures_value(recorded, names[i]),
		       figures_value(own, names[i]));
}

static void begin_json(struct options *o, const char *name, bool good)
{
	fprintf(o->json, "%s\n\t{\"name\": ", o->nr_written++ ? "," : "");
	json_string(o->json, name);
	fprintf(o->json, ", \"good\": %s", good ? "true" : "false");
}

static void write_json(struct options *o, const char *name, bool good,
		       const struct figures *f, const struct figures *own)
{
	begin_json(o, name, good);
	fputs(", ", o->json);
	figures_json(f, o->json);
	if (own) {
		fputs(", \"own_way\": {", o->json);
		figures_json(own, o->json);
		putc('}', o->json);
	}
	putc('}', o->json);
}

/* the sentence in which it all ends */
static int conclude(const struct options *o, const char *name,
		    const struct figures *f)
{
	u64 undecidable = figures_value(f, "undecidable");
	bool equal = figures_value(f, "maps_equal");
	u64 allocs = figures_value(f, "allocs");
	u64 wrong = figures_value(f, "wrong");
	u64 lost = figures_value(f, "lost");
	u64 bad = figures_value(f, "bad");
	u64 served = figures_value(f, "served");
	u64 decidable = allocs - undecidable;
	/* one in a thousand: when a request failed is not recorded exactly */
	bool good = !lost && !wrong && !bad && equal &&
		    (decidable || !allocs) && served * 1000 <= allocs;

	if (good && o->quiet)
		return GOOD;

	printf("%s %s: ", good ? "ok  " : "FAIL", name);
	if (lost) {
		printf("dropped %llu events, so there is no verdict\n", lost);
		return DIFFERENT;
	}
	printf("%llu of %llu placements identical, %llu more undecidable; ",
	       decidable - wrong, decidable, undecidable);
	if (served)
		printf("%llu requests failed that the shadow would have served; ",
		       served);
	printf("%llu impossible events; the end %s\n", bad,
	       equal ? "is equal" : "differs");
	return good ? GOOD : DIFFERENT;
}

static int report(struct options *o, const char *name,
		  struct spcpu_judge *j, struct spcpu_judge *own)
{
	struct figures f = { }, own_figures = { };
	int status;

	spcpu_judge_report(j, figures_line, &f);
	if (own)
		spcpu_judge_report(own, figures_line, &own_figures);
	if (!o->quiet) {
		printf("%s\n", name);
		spcpu_judge_report(j, print_line, stdout);
		if (own)
			print_own_way(&f, &own_figures);
	}
	status = conclude(o, name, &f);
	if (o->json)
		write_json(o, name, status == GOOD, &f, own ? &own_figures : NULL);
	return status;
}

static int print_snapshot(const char *name, struct spcpu_judge *j)
{
	struct spcpu *s = spcpu_follow_shadow(spcpu_judge_follow(j));
	char line[SPCPU_SNAPSHOT_LINE_MAX];
	struct spcpu_snapshot_pos pos = { };
	struct spcpu_snapshot snap;
	int err;

	spcpu_snapshot_init(&snap);
	err = spcpu_snapshot_of(s, &snap);
	while (!err && spcpu_snapshot_line(&snap, &pos, line, sizeof(line)))
		fputs(line, stdout);
	spcpu_snapshot_exit(&snap);
	if (err)
		fprintf(stderr, "%s: there is no memory for a snapshot\n", name);
	return err ? UNUSABLE : GOOD;
}

/* what is wanted of a recording that was read to its end */
static int conclude_as(struct options *o, const char *name,
		       struct spcpu_judge *j, struct spcpu_judge *own)
{
	if (o->play)
		return GOOD;
	return o->snapshot ? print_snapshot(name, j) : report(o, name, j, own);
}

static int replay(struct options *o, struct input *in)
{
	struct spcpu_follow_options recorded = { .rehearse = true };
	struct spcpu_follow_options own_way = { .own_way = true };
	struct spcpu_judge *j, *own = NULL;
	struct stage stage = { };
	int status = UNUSABLE;

	j = spcpu_judge_create(&recorded);
	if (o->own_way)
		own = spcpu_judge_create(&own_way);
	if (o->play) {
		stage.recorded = play_create('k', stdout);
		stage.own = play_create('s', stdout);
	}

	if (!j || (o->own_way && !own) ||
	    (o->play && (!stage.recorded || !stage.own)))
		fprintf(stderr, "%s: there is no memory\n", in->name);
	else if (!read_lines(o, in, j, own, &stage))
		status = conclude_as(o, in->name, j, own);

	play_destroy(stage.own);
	play_destroy(stage.recorded);
	spcpu_judge_destroy(own);
	spcpu_judge_destroy(j);
	return status;
}

static int open_and_replay(struct options *o, const char *name)
{
	struct input in = { .name = name };
	int status;

	in.file = strcmp(name, "-") ? fopen(name, "r") : stdin;
	if (!in.file) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return UNUSABLE;
	}
	status = replay(o, &in);
	if (in.file != stdin)
		fclose(in.file);
	return status;
}

static int replay_file(struct options *o, const char *name)
{
	int status = open_and_replay(o, name);

	if (o->json && status == UNUSABLE) {
		begin_json(o, name, false);
		putc('}', o->json);
	}
	/* what is said of it comes before what is wrong with the next */
	fflush(stdout);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	int i, status = GOOD;

	if (o.json)
		putc('[', o.json);
	for (i = optind; i < argc; i++)
		status = max(status, replay_file(&o, argv[i]));
	if (o.json) {
		fputs("\n]\n", o.json);
		if (fclose(o.json)) {
			perror("--json");
			return UNUSABLE;
		}
	}
	if (fflush(stdout)) {
		perror("replay");
		return UNUSABLE;
	}
	return status;
}

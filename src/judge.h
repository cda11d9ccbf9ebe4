/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Judge: a whole recording, line by line, followed from its first snapshot to its
 * last.
 *
 * Pure.
 */
#ifndef SPCPU_JUDGE_H
#define SPCPU_JUDGE_H

#include "follow.h"

struct spcpu_judge;

struct spcpu_judge *spcpu_judge_create(const struct spcpu_follow_options *options);
void spcpu_judge_destroy(struct spcpu_judge *j);
int spcpu_judge_line(struct spcpu_judge *j, const char *line, const char **why);
bool spcpu_judge_done(const struct spcpu_judge *j);
struct spcpu_follow *spcpu_judge_follow(struct spcpu_judge *j);
void spcpu_judge_report(struct spcpu_judge *j,
			void (*line)(void *to, const char *text), void *to);

#endif /* SPCPU_JUDGE_H */

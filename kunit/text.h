/* SPDX-License-Identifier: GPL-2.0 */
/* Text: what the dumps print, without files. */
#ifndef SPCPU_TEXT_H
#define SPCPU_TEXT_H

#include <kunit/test.h>
#include <linux/seq_file.h>

char *spcpu_test_dump(struct kunit *test, const struct seq_operations *ops,
		      void *private);
char *spcpu_test_show(struct kunit *test,
		      int (*show)(struct seq_file *m, void *unused),
		      void *private);
bool spcpu_test_line_ends(const char *text, const char *words);
unsigned int spcpu_test_lines(const char *text, const char *line);
const char *spcpu_test_next_line(const char *text);

#endif /* SPCPU_TEXT_H */

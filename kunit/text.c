// SPDX-License-Identifier: GPL-2.0
/*
 * Text: what the dumps print, without files.
 */
#include <linux/sizes.h>
#include <linux/string.h>

#include "text.h"

static struct seq_file make_file(struct kunit *test, void *private)
{
	struct seq_file m = {
		.size = SZ_512K,
		.private = private,
	};

	m.buf = kunit_kmalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	return m;
}

static char *text_of(struct kunit *test, struct seq_file *m)
{
	KUNIT_ASSERT_FALSE(test, seq_has_overflowed(m));
	m->buf[m->count] = '\0';
	return m->buf;
}

/**
 * spcpu_test_dump() - all records of a dump
 * @test: the test; the text is freed when it ends, or by kunit_kfree()
 * @ops: the dump
 * @private: what it dumps
 *
 * Return: The text.
 */
char *spcpu_test_dump(struct kunit *test, const struct seq_operations *ops,
		      void *private)
{
	struct seq_file m = make_file(test, private);
	loff_t pos = 0, last;
	void *v;

	v = ops->start(&m, &pos);
	while (v) {
		KUNIT_ASSERT_EQ(test, 0, ops->show(&m, v));
		last = pos;
		v = ops->next(&m, v, &pos);
		KUNIT_ASSERT_GT(test, pos, last);
	}
	ops->stop(&m, v);
	return text_of(test, &m);
}

/**
 * spcpu_test_show() - a dump of one record
 * @test: the test; the text is freed when it ends, or by kunit_kfree()
 * @show: prints it
 * @private: what it prints
 *
 * Return: The text.
 */
char *spcpu_test_show(struct kunit *test,
		      int (*show)(struct seq_file *m, void *unused),
		      void *private)
{
	struct seq_file m = make_file(test, private);

	KUNIT_ASSERT_EQ(test, 0, show(&m, NULL));
	return text_of(test, &m);
}

/**
 * spcpu_test_next_line() - skip a line
 * @text: the text from the beginning of a line on
 *
 * Return: The text behind that line; NULL when nothing is left.
 */
const char *spcpu_test_next_line(const char *text)
{
	text = strchr(text, '\n');
	return text && text[1] ? text + 1 : NULL;
}

/**
 * spcpu_test_line_ends() - what does a line end with?
 * @text: the text from somewhere in the line on
 * @words: the words
 *
 * Return: True if it ends with @words.
 */
bool spcpu_test_line_ends(const char *text, const char *words)
{
	size_t len = strlen(words), left = strchrnul(text, '\n') - text;

	return left >= len && !strncmp(text + left - len, words, len);
}

/**
 * spcpu_test_lines() - how often does a text have a line?
 * @text: the text
 * @line: the line, without its newline
 *
 * Return: The number of lines that are @line.
 */
unsigned int spcpu_test_lines(const char *text, const char *line)
{
	size_t len = strlen(line);
	unsigned int nr = 0;

	for (; text; text = spcpu_test_next_line(text))
		nr += !strncmp(text, line, len) && text[len] == '\n';
	return nr;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Command: what is written to a file that starts and stops something.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/uaccess.h>

#include "command.h"
#include "compat/kunit.h"
#include "words.h"

/* more than any command has */
#define COMMAND_MAX	32

static bool is_over(struct spcpu_text rest)
{
	return !spcpu_word(&rest).len;
}

static bool is_stop(struct spcpu_text line)
{
	return spcpu_word_is(spcpu_word(&line), "stop") && is_over(line);
}

static bool is_start(struct spcpu_text line, unsigned int *kb)
{
	u64 value = 0;

	*kb = 0;
	if (!spcpu_word_is(spcpu_word(&line), "start"))
		return false;
	if (is_over(line))
		return true;
	/* a 0 that is written is no KB, either */
	if (!spcpu_take_decimal(&line, UINT_MAX, &value) || !value)
		return false;
	*kb = value;
	return is_over(line);
}

/**
 * spcpu_command() - carry a command out
 * @file: name of the file that it was written to, for the log
 * @from: `start`, `start KB` or `stop`, with or without a newline; 32 characters at
 *	most
 * @count: its length
 * @start: called with the KB, 0 if there are none
 * @stop: called to stop
 *
 * Context: Process context. May sleep.
 * Return: @count; -EINVAL: no such command, logged; -EFAULT; what the call says.
 */
ssize_t spcpu_command(const char *file, const char __user *from, size_t count,
		      int (*start)(unsigned int kb), int (*stop)(void))
{
	char text[COMMAND_MAX];
	struct spcpu_text line = { text, count };
	unsigned int kb;

	if (count > sizeof(text))
		goto err;
	if (copy_from_user(text, from, count))
		return -EFAULT;

	if (count && text[count - 1] == '\n')
		line.len--;
	if (is_stop(line))
		return stop() ?: count;
	if (is_start(line, &kb))
		return start(kb) ?: count;
err:
	pr_err_ratelimited("%s takes `start`, `start KB`, with the KB of events that each CPU can keep, or `stop`\n",
			   file);
	return -EINVAL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_command);

// SPDX-License-Identifier: GPL-2.0
/*
 * Command: what is written to a file that starts and stops something.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "command.h"

#define COMMAND_MAX	32

/**
 * spcpu_command() - carry a command out
 * @file: name of the file that it was written to, for the log
 * @from: `start`, `start KB` or `stop`
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
	char text[COMMAND_MAX], rest;
	size_t len = min(count, sizeof(text) - 1);
	unsigned int kb = 0;
	char *word;

	if (copy_from_user(text, from, len))
		return -EFAULT;

	text[len] = '\0';
	word = strim(text);
	if (!strcmp(word, "stop"))
		return stop() ?: count;
	if (!strcmp(word, "start") || sscanf(word, "start %u%c", &kb, &rest) == 1)
		return start(kb) ?: count;

	pr_err_ratelimited("%s takes `start`, `start KB`, with the KB of events that each CPU can keep, or `stop`\n",
			   file);
	return -EINVAL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel log got since a moment: so that tests can ask for the line
 * that a refused call has to leave.
 */
#include <linux/mutex.h>
#include <linux/string.h>

#include "kmsg.h"

/**
 * spcpu_kmsg_mark() - remember where the log ends now
 * @since: set to this moment
 *
 * Context: Process context.
 */
void spcpu_kmsg_mark(struct spcpu_kmsg *since)
{
	kmsg_dump_rewind(&since->iter);
	since->iter.cur_seq = since->iter.next_seq;
}

/**
 * spcpu_kmsg_count() - how many lines contain a text?
 * @since: count lines after this moment only
 * @what: the text
 *
 * Context: Process context. May sleep.
 * Return: The number of such lines.
 */
unsigned int spcpu_kmsg_count(const struct spcpu_kmsg *since, const char *what)
{
	static DEFINE_MUTEX(lock);
	static char line[512];
	struct kmsg_dump_iter iter = since->iter;
	unsigned int nr = 0;
	size_t len;

	mutex_lock(&lock);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		if (strstr(line, what))
			nr++;
	}
	mutex_unlock(&lock);
	return nr;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel log got since a moment. */
#ifndef SPCPU_TEST_KMSG_H
#define SPCPU_TEST_KMSG_H

#include <linux/kmsg_dump.h>

/**
 * struct spcpu_kmsg - a moment in the log
 *
 * @iter: the first line after it
 */
struct spcpu_kmsg {
	struct kmsg_dump_iter iter;
};

void spcpu_kmsg_mark(struct spcpu_kmsg *since);
unsigned int spcpu_kmsg_count(const struct spcpu_kmsg *since, const char *what);

#endif /* SPCPU_TEST_KMSG_H */

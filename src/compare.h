/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Compare: a recording is written, in pieces of any length, and what a shadow on
 * paper made of it is read.
 */
#ifndef SPCPU_COMPARE_H
#define SPCPU_COMPARE_H

#include <linux/types.h>

int spcpu_compare_open(void);
int spcpu_compare_feed(const char *from, size_t len);
void spcpu_compare_close(void);
void spcpu_compare_report(void (*line)(void *to, const char *text), void *to);
void spcpu_compare_exit(void);

#endif /* SPCPU_COMPARE_H */

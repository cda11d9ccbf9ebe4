/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mirror: a shadow on paper follows the running kernel's allocator.
 */
#ifndef SPCPU_MIRROR_H
#define SPCPU_MIRROR_H

int spcpu_mirror_start(unsigned int ring_kb);
int spcpu_mirror_stop(void);
void spcpu_mirror_report(void (*line)(void *to, const char *text), void *to);
void spcpu_mirror_exit(void);

#endif /* SPCPU_MIRROR_H */

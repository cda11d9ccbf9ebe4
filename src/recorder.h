/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recorder: a recording of the kernel's own allocator, as lines of text.
 */
#ifndef SPCPU_RECORDER_H
#define SPCPU_RECORDER_H

#include <linux/types.h>

int spcpu_recorder_start(unsigned int ring_kb);
int spcpu_recorder_stop(void);
int spcpu_recorder_line(char *line, size_t size, bool wait);
void spcpu_recorder_exit(void);

#endif /* SPCPU_RECORDER_H */

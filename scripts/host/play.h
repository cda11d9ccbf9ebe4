/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Play: what each event of a recording did to the chunks, as text.
 *
 *   play 1
 *   kernel RELEASE possible=N online=N
 *   e EVENT                          an event as it was recorded; what follows is its doing
 *   SIDE chunk ID PAGES HEAD TAIL FLAGS   a chunk is there
 *   SIDE gone ID                     a chunk, and all in it, is not there any more
 *   SIDE pages ID PAGE NR 0|1        so many pages are backed, or are not any more
 *   SIDE + ID OFF BYTES              an area
 *   SIDE - ID OFF BYTES              an area no more
 *
 * SIDE is k for the recorded allocator, s for the shadow that goes its own way. What is
 * before the first event was there before it.
 */
#ifndef HOST_PLAY_H
#define HOST_PLAY_H

#include <stdio.h>

#include <linux/types.h>

struct play;
struct spcpu;

struct play *play_create(char side, FILE *out);
void play_destroy(struct play *p);
bool play_step(struct play *p, const struct spcpu *s);

#endif /* HOST_PLAY_H */

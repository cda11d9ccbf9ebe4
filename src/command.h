/* SPDX-License-Identifier: GPL-2.0 */
/* Command: what is written to a file that starts and stops something. */
#ifndef SPCPU_COMMAND_H
#define SPCPU_COMMAND_H

#include <linux/types.h>

ssize_t spcpu_command(const char *file, const char __user *from, size_t count,
		      int (*start)(unsigned int kb), int (*stop)(void));

#endif /* SPCPU_COMMAND_H */

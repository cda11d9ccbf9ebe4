/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_STRING_H
#define HOST_STRING_H

#include <string.h>

#include <linux/types.h>

ssize_t strscpy(char *to, const char *from, size_t size);
void *memchr_inv(const void *from, int c, size_t len);

#endif /* HOST_STRING_H */

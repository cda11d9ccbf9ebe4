/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_STRING_H
#define HOST_STRING_H

#include <string.h>

#include <linux/types.h>

ssize_t strscpy(char *to, const char *from, size_t size);

#endif /* HOST_STRING_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_UACCESS_H
#define HOST_UACCESS_H

#include <linux/string.h>
#include <linux/types.h>

/* the user is this process; who hands out less than he says is found by sanitizers */
static inline unsigned long copy_from_user(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return 0;
}

#endif /* HOST_UACCESS_H */

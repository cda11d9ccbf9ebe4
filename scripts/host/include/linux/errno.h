/* SPDX-License-Identifier: GPL-2.0 */
/* the C library reads this one too */
#ifndef HOST_ERRNO_H
#define HOST_ERRNO_H

#include <asm/errno.h>

#endif /* HOST_ERRNO_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_BUG_H
#define HOST_BUG_H

#include <linux/kernel.h>

#endif /* HOST_BUG_H */

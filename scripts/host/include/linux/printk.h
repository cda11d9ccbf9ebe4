/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_PRINTK_H
#define HOST_PRINTK_H

#include <linux/kernel.h>

#endif /* HOST_PRINTK_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_MODULE_H
#define HOST_MODULE_H

#include <linux/export.h>

#endif /* HOST_MODULE_H */

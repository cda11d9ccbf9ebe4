/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_COMPILER_H
#define HOST_COMPILER_H

#include <linux/types.h>

#endif /* HOST_COMPILER_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* what is declared here is declared as in this version */
#ifndef HOST_VERSION_H
#define HOST_VERSION_H

#define KERNEL_VERSION(a, b, c)	((a) << 16 | (b) << 8 | (c))
#define LINUX_VERSION_CODE	KERNEL_VERSION(6, 12, 0)

#endif /* HOST_VERSION_H */

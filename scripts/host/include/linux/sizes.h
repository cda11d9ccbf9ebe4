/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_SIZES_H
#define HOST_SIZES_H

#define SZ_4	4
#define SZ_1K	0x400
#define SZ_4K	0x1000
#define SZ_8K	0x2000
#define SZ_16K	0x4000
#define SZ_32K	0x8000
#define SZ_64K	0x10000
#define SZ_1M	0x100000
#define SZ_2M	0x200000
#define SZ_256M	0x10000000
#define SZ_1G	0x40000000

#endif /* HOST_SIZES_H */

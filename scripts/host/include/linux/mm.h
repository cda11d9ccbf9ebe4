/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_MM_H
#define HOST_MM_H

#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/types.h>

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)		ALIGN(x, PAGE_SIZE)
#define PAGE_ALIGNED(x)		IS_ALIGNED((unsigned long)(x), PAGE_SIZE)
#define PFN_UP(x)		(((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)		((x) >> PAGE_SHIFT)
#define offset_in_page(x)	((unsigned long)(x) & ~PAGE_MASK)

#endif /* HOST_MM_H */

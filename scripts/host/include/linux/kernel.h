/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

#include <stdarg.h>
#include <stdio.h>

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(x, by)	(((x) + (by) - 1) / (by))
#define roundup(x, by)		(((x) + (by) - 1) / (by) * (by))
#define round_up(x, by)		ALIGN(x, by)
#define round_down(x, by)	ALIGN_DOWN(x, by)

#define IS_ENABLED(option)	0
#undef static_assert
#define static_assert(what, ...)	_Static_assert(what, #what)
#define BUILD_BUG_ON(what)		_Static_assert(!(what), #what)

/* nobody looks a caller up */
#define _THIS_IP_	0UL

#define might_sleep()	((void)0)
#define cond_resched()	((void)0)

/* what must never be ends the process, so that no test overlooks it */
void __noreturn host_warn(const char *what, const char *file, int line);

#define WARN_ON(what)							\
	({								\
		bool host_is = (what);					\
									\
		if (host_is)						\
			host_warn(#what, __FILE__, __LINE__);		\
		host_is;						\
	})
#define WARN_ON_ONCE(what)	WARN_ON(what)

#ifndef pr_fmt
#define pr_fmt(fmt)	fmt
#endif
/* what goes to the log; who provokes much of it has it counted only */
extern bool host_log_is_off;
extern unsigned long host_log_lines;
void host_log(const char *fmt, ...) __printf(1, 2);

#define pr_err(fmt, ...)	host_log(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)	pr_err(fmt, ##__VA_ARGS__)
#define pr_info(fmt, ...)	pr_err(fmt, ##__VA_ARGS__)

int scnprintf(char *to, size_t size, const char *fmt, ...) __printf(3, 4);
int vscnprintf(char *to, size_t size, const char *fmt, va_list args)
	__printf(3, 0);

#define abs(x)	__builtin_abs(x)

#endif /* HOST_KERNEL_H */

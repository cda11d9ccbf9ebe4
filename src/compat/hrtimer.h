/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hrtimer_setup() came in 6.13, and hrtimer_init() with a function set by hand
 * went soon after.
 */
#ifndef SPCPU_COMPAT_HRTIMER_H
#define SPCPU_COMPAT_HRTIMER_H

#include <linux/hrtimer.h>
#include <linux/version.h>

static inline void
spcpu_hrtimer_setup(struct hrtimer *timer,
		    enum hrtimer_restart (*function)(struct hrtimer *timer),
		    clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

#endif /* SPCPU_COMPAT_HRTIMER_H */

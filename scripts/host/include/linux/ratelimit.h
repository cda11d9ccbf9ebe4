/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_RATELIMIT_H
#define HOST_RATELIMIT_H

#include <linux/printk.h>

/* here nothing is dropped */
#define pr_err_ratelimited(...)		pr_err(__VA_ARGS__)
#define pr_warn_ratelimited(...)	pr_warn(__VA_ARGS__)

#endif /* HOST_RATELIMIT_H */

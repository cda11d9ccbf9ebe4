/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work: there is no worker. What was queued says so until somebody does it.
 */
#ifndef HOST_WORKQUEUE_H
#define HOST_WORKQUEUE_H

#include <linux/types.h>

struct workqueue_struct;

struct work_struct {
	void (*func)(struct work_struct *work);
	bool pending;
};

struct delayed_work {
	struct work_struct work;
};

#define HZ	100

#define to_delayed_work(w)	container_of(w, struct delayed_work, work)
#define delayed_work_pending(d)	((d)->work.pending)
#define work_pending(w)		((w)->pending)

static inline bool queue_work(struct workqueue_struct *wq,
			      struct work_struct *work)
{
	bool was = work->pending;

	work->pending = true;
	return !was;
}

static inline bool queue_delayed_work(struct workqueue_struct *wq,
				      struct delayed_work *delayed,
				      unsigned long after)
{
	return queue_work(wq, &delayed->work);
}

#endif /* HOST_WORKQUEUE_H */

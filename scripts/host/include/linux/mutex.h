/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_MUTEX_H
#define HOST_MUTEX_H

#include <linux/spinlock.h>

/* not a spinlock's type, so that neither is taken for the other */
struct mutex {
	struct host_lock lock;
	bool held;
};

#define DEFINE_MUTEX(name)	struct mutex name = { }
#define mutex_init(m)		(*(m) = (struct mutex) { })
#define mutex_destroy(m)	((void)(m))
#define mutex_lock_killable(m)	(mutex_lock(m), 0)

static inline void mutex_lock(struct mutex *m)
{
	host_lock(&m->lock);
	m->held = true;
}

static inline void mutex_unlock(struct mutex *m)
{
	m->held = false;
	host_unlock(&m->lock);
}

#endif /* HOST_MUTEX_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks of one thread: nobody waits, but who takes one twice, or works without, is
 * found out.
 */
#ifndef HOST_SPINLOCK_H
#define HOST_SPINLOCK_H

#include <linux/kernel.h>

struct host_lock {
	bool held;
};

typedef struct host_lock spinlock_t;
typedef struct host_lock raw_spinlock_t;

static inline void host_lock(struct host_lock *lock)
{
	WARN_ON(lock->held);
	lock->held = true;
}

static inline void host_unlock(struct host_lock *lock)
{
	WARN_ON(!lock->held);
	lock->held = false;
}

#define spin_lock_init(lock)			(*(lock) = (spinlock_t) { })
#define spin_lock(lock)				host_lock(lock)
#define spin_unlock(lock)			host_unlock(lock)
#define spin_lock_irq(lock)			host_lock(lock)
#define spin_unlock_irq(lock)			host_unlock(lock)
#define spin_lock_irqsave(lock, flags)		((flags) = 0, host_lock(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), host_unlock(lock))
#define lockdep_assert_held(lock)		((void)WARN_ON(!(lock)->held))

#endif /* HOST_SPINLOCK_H */

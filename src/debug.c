// SPDX-License-Identifier: GPL-2.0
/*
 * Debug: one allocation, and one free, of an allocator that watches its objects.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "compat/stack.h"
#include "debug.h"
#include "hotplug.h"

/* bytes of a redzone, at least; one before an object is as long as its alignment */
#define REDZONE_MIN	16

/* freed objects that give way at once to who cannot sleep, at most */
#define ATOMIC_RELEASES	64UL

DEFINE_STATIC_KEY_FALSE(spcpu_debugs);
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debugs);

static void remember(struct spcpu_debug *d, struct spcpu_track *t)
{
	t->state = SPCPU_TRACK_PAST;
	list_add_tail(&t->list, &d->past);
	if (d->nr_past < SPCPU_PAST_MAX) {
		d->nr_past++;
		return;
	}
	t = list_first_entry(&d->past, struct spcpu_track, list);
	list_del(&t->list);
	spcpu_track_drop(d, t);
}

/* give the area back; from now on it may be another object's */
static void release(struct spcpu_debug *d, struct spcpu_track *t)
{
	void __percpu *area = (void __percpu __force *)spcpu_track_start(t);
	bool accounted;
	size_t size;

	spcpu_track_del(d, t);
	WARN_ON_ONCE(spcpu_free_area(d->s, area, &size, &accounted));
}

/* the one that waits for longest, if more than so many bytes wait */
static bool release_oldest(struct spcpu_debug *d, size_t most)
{
	struct spcpu_finding finding;
	struct spcpu_track *t;
	unsigned long flags;
	bool wrong = false, more;

	spin_lock_irqsave(&d->lock, flags);
	more = d->waiting_bytes > most;
	if (more) {
		t = list_first_entry(&d->waiting, struct spcpu_track, list);
		wrong = spcpu_guard_check(d, t, &finding);
		list_del(&t->list);
		WRITE_ONCE(d->nr_waiting, d->nr_waiting - 1);
		d->waiting_bytes -= spcpu_track_bytes(t);
		release(d, t);
		remember(d, t);
	}
	spin_unlock_irqrestore(&d->lock, flags);

	if (wrong)
		spcpu_report(d, &finding, "at the end of its time in quarantine", 0);
	return more;
}

/* where the area's bytes go; without room for redzones in a unit it has none */
static void divide(const struct spcpu_debug *d, const struct spcpu_request *req,
		   struct spcpu_track *t)
{
	size_t slack = ALIGN(req->size, SPCPU_GRANULE) - req->size;
	size_t front = max_t(size_t, req->align, REDZONE_MIN);

	t->front = 0;
	t->back = slack;
	/* the reserved chunk is small, and meant for static variables */
	if (!(d->flags & SPCPU_REDZONE) || req->reserved ||
	    front + req->size + slack + REDZONE_MIN > d->s->layout->unit_size)
		return;
	t->front = front;
	t->back = slack + REDZONE_MIN;
}

/*
 * Better than to fail for what is free; but who cannot sleep does not have the time
 * to look at all of it.
 */
static bool make_room(struct spcpu_debug *d, const struct spcpu_request *req)
{
	unsigned long nr = READ_ONCE(d->nr_waiting);

	if (!nr)
		return false;
	if (!gfpflags_allow_blocking(req->gfp))
		nr = min(nr, ATOMIC_RELEASES);
	while (nr-- && release_oldest(d, 0))
		;
	return true;
}

static int alloc_area(struct spcpu_debug *d, const struct spcpu_request *req,
		      struct spcpu_track *t)
{
	struct spcpu_request area = *req;
	void __percpu *ptr;
	int err;

	divide(d, req, t);
	area.size = spcpu_track_bytes(t);
	err = spcpu_alloc_unchecked(d->s, &area, &ptr);
	if (err == -ENOMEM && make_room(d, req))
		err = spcpu_alloc_unchecked(d->s, &area, &ptr);
	t->ptr = (__force unsigned long)ptr + t->front;
	return err;
}

/**
 * spcpu_debug_alloc() - allocate one object, and watch it
 * @d: what watches
 * @want: what is asked for
 * @ptr: set to the object; NULL on error
 *
 * Context: As spcpu_alloc().
 * Return: As spcpu_alloc(); -ENOMEM also if there is none for what is known of the
 *	object.
 */
int spcpu_debug_alloc(struct spcpu_debug *d, const struct spcpu_request *want,
		      void __percpu **ptr)
{
	struct spcpu_request req = *want;
	struct spcpu_track *t;
	unsigned long flags;
	int err;

	*ptr = NULL;
	if (!spcpu_request_ok(want))
		return -EINVAL;

	req.gfp = current_gfp_context(want->gfp);
	t = spcpu_track_new(d, &req);
	if (!t)
		return -ENOMEM;

	err = alloc_area(d, &req, t);
	spin_lock_irqsave(&d->lock, flags);
	if (err) {
		spcpu_track_drop(d, t);
	} else {
		*ptr = (void __percpu __force *)t->ptr;
		spcpu_guard_set(d, t);
		spcpu_track_add(d, t);
		WRITE_ONCE(d->nr_live, d->nr_live + 1);
	}
	spin_unlock_irqrestore(&d->lock, flags);

	if (!err)
		this_cpu_inc(d->s->cache.cpus->nr_core_alloc);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debug_alloc);

/**
 * spcpu_debug_flush() - nothing that was freed waits any more
 * @d: what watches
 *
 * Context: Any but NMI.
 */
void spcpu_debug_flush(struct spcpu_debug *d)
{
	while (release_oldest(d, 0))
		;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debug_flush);

/* the object that begins there and is live; NULL: @err is why not */
static struct spcpu_track *find_live(struct spcpu_debug *d,
				     const void __percpu *ptr, int *err)
{
	unsigned long value = (__force unsigned long)ptr;
	struct spcpu_track *t = spcpu_track_find(d, value);
	struct spcpu_place place;

	if (t && t->ptr == value && t->state == SPCPU_TRACK_LIVE)
		return t;

	if (t) {
		*err = t->ptr == value ? -ENOENT : -EINVAL;
		return NULL;
	}

	t = spcpu_track_past(d, value);
	if (t && t->ptr == value) {
		*err = -ENOENT;
		return NULL;
	}
	/* what has no track is for who allocated it from the core to free */
	*err = spcpu_locate(d->s, ptr, &place) ?: -EFAULT;
	return NULL;
}

/* freed, but not given back unless nothing waits */
static void retire(struct spcpu_debug *d, struct spcpu_track *t)
{
	/* no CPU that comes has it set up any more */
	spcpu_object_gone(d->s, (void __percpu __force *)t->ptr);
	WRITE_ONCE(d->nr_live, d->nr_live - 1);
	if (!d->waiting_max) {
		release(d, t);
		remember(d, t);
		return;
	}

	t->state = SPCPU_TRACK_WAITING;
	spcpu_guard_set(d, t);
	list_add_tail(&t->list, &d->waiting);
	WRITE_ONCE(d->nr_waiting, d->nr_waiting + 1);
	d->waiting_bytes += spcpu_track_bytes(t);
}

/**
 * spcpu_debug_free() - free one object that is watched
 * @d: what watches it
 * @ptr: what spcpu_debug_alloc() gave
 * @caller: who frees it, a return address
 *
 * Context: Any but NMI.
 * Return: As spcpu_free(). That somebody wrote where nobody may is reported, and no
 *	error.
 */
int spcpu_debug_free(struct spcpu_debug *d, void __percpu *ptr,
		     unsigned long caller)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	struct spcpu_finding finding;
	struct spcpu_event event = { };
	struct spcpu_track *t;
	unsigned long flags;
	bool wrong = false;
	int err = 0;

	spcpu_event_fill(d, &event, spcpu_owner_get(d, caller, gfp), caller, gfp);

	spin_lock_irqsave(&d->lock, flags);
	t = find_live(d, ptr, &err);
	if (t) {
		t->free = event;
		wrong = spcpu_guard_check(d, t, &finding);
		retire(d, t);
	} else {
		spcpu_owner_put(event.owner);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	if (!t)
		return err;

	this_cpu_inc(d->s->cache.cpus->nr_core_free);
	if (wrong)
		spcpu_report(d, &finding, "at free", caller);
	while (release_oldest(d, d->waiting_max))
		;
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debug_free);

/* an object that nobody was given: it does not wait, and is not remembered */
static void take_back(struct spcpu_debug *d, const void __percpu *ptr)
{
	struct spcpu_track *t;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	t = spcpu_track_find(d, (__force unsigned long)ptr);
	WRITE_ONCE(d->nr_live, d->nr_live - 1);
	release(d, t);
	spcpu_track_drop(d, t);
	spin_unlock_irqrestore(&d->lock, flags);
	this_cpu_inc(d->s->cache.cpus->nr_core_free);
}

/**
 * spcpu_debug_alloc_bulk() - allocate several objects, and watch them
 * @d: what watches
 * @req: what is asked for, as for each of them
 * @nr: how many
 * @ptrs: set to the objects; all NULL on error
 *
 * Context: As spcpu_alloc().
 * Return: As spcpu_debug_alloc(); on error none is allocated.
 */
int spcpu_debug_alloc_bulk(struct spcpu_debug *d,
			   const struct spcpu_request *req, size_t nr,
			   void __percpu **ptrs)
{
	size_t done;
	int err = 0;

	for (done = 0; done < nr && !err; done++)
		err = spcpu_debug_alloc(d, req, &ptrs[done]);
	if (!err)
		return 0;

	while (done--) {
		if (ptrs[done])
			take_back(d, ptrs[done]);
	}
	memset(ptrs, 0, nr * sizeof(*ptrs));
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debug_alloc_bulk);

/**
 * spcpu_debug_locate() - where does an object lie that may be watched?
 * @d: what watches
 * @ptr: what an allocation gave
 * @place: as of spcpu_locate(); with redzones the size is what was asked for
 *
 * Context: Any but NMI.
 * Return: As spcpu_locate().
 */
int spcpu_debug_locate(struct spcpu_debug *d, const void __percpu *ptr,
		       struct spcpu_place *place)
{
	unsigned long value = (__force unsigned long)ptr, flags;
	struct spcpu_track *t;
	int err;

	spin_lock_irqsave(&d->lock, flags);
	t = spcpu_track_find(d, value);
	if (!t) {
		err = spcpu_locate(d->s, ptr, place);
	} else {
		spcpu_locate(d->s, (void __percpu __force *)spcpu_track_start(t),
			     place);
		place->off += value - spcpu_track_start(t);
		place->size = t->size;
		if (!(d->flags & SPCPU_REDZONE))
			place->size = ALIGN(t->size, SPCPU_GRANULE);
		if (value != t->ptr)
			err = -EINVAL;
		else
			err = t->state == SPCPU_TRACK_LIVE ? 0 : -ENOENT;
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_debug_locate);

/**
 * spcpu_debug_init() - watch an allocator's objects, if its options ask for it
 * @s: the allocator, before it has objects
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENOMEM.
 */
int spcpu_debug_init(struct spcpu *s)
{
	struct spcpu_debug *d;
	int err;

	if (!s->options.debug)
		return 0;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;

	spin_lock_init(&d->lock);
	INIT_LIST_HEAD(&d->waiting);
	INIT_LIST_HEAD(&d->past);
	d->tracks = RB_ROOT;
	d->s = s;
	d->flags = s->options.debug;
	d->leak_age = SPCPU_LEAK_AGE;
	if (d->flags & SPCPU_QUARANTINE)
		d->waiting_max = SPCPU_WAITING_LONG;
	else if (d->flags & SPCPU_POISON)
		d->waiting_max = SPCPU_WAITING_SHORT;

	if (d->flags & SPCPU_OWNER) {
		err = spcpu_stack_init();
		if (err && err != -EOPNOTSUPP)
			goto err_free;
		if (err)
			pr_info("debug=owner: this kernel keeps no stacks (CONFIG_STACKDEPOT): reports name the caller alone\n");
		if (err)
			d->flags &= ~SPCPU_OWNER;
	}

	s->debug = d;
	static_branch_inc(&spcpu_debugs);
	return 0;

err_free:
	kfree(d);
	return err;
}

/**
 * spcpu_debug_exit() - forget all that is known
 * @s: an allocator that nobody uses any more, watched or not
 *
 * Context: Process context. May sleep.
 */
void spcpu_debug_exit(struct spcpu *s)
{
	struct spcpu_debug *d = s->debug;
	struct spcpu_track *t, *next;

	if (!d)
		return;

	static_branch_dec(&spcpu_debugs);
	s->debug = NULL;
	spin_lock_irq(&d->lock);
	rbtree_postorder_for_each_entry_safe(t, next, &d->tracks, node)
		spcpu_track_drop(d, t);
	list_for_each_entry_safe(t, next, &d->past, list)
		spcpu_track_drop(d, t);
	spin_unlock_irq(&d->lock);
	kfree(d);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Track: what is known of objects, found by address.
 */
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "compat/stack.h"
#include "debug.h"

/**
 * spcpu_event_fill() - note who does something now
 * @d: for what
 * @event: set to it
 * @owner: the call site; taken over
 * @caller: the same as a return address
 * @gfp: how to get memory for a stack that is new; as the context allows
 *
 * Context: Any but NMI, without the debug lock.
 */
void spcpu_event_fill(struct spcpu_debug *d, struct spcpu_event *event,
		      struct spcpu_owner *owner, unsigned long caller,
		      gfp_t gfp)
{
	event->owner = owner;
	event->cpu = raw_smp_processor_id();
	event->when = ktime_get_ns();
	if (in_task()) {
		event->pid = task_pid_nr(current);
		/* without its lock, which callers may hold; it may be changing */
		data_race(strscpy(event->comm, current->comm, sizeof(event->comm)));
	} else {
		event->pid = 0;
		strscpy(event->comm, "interrupt", sizeof(event->comm));
	}
	if (d->flags & SPCPU_OWNER)
		event->stack = spcpu_stack_save(caller, gfp);
}

/**
 * spcpu_track_new() - begin to know of an object that is about to be allocated
 * @d: for what
 * @req: what is asked for, flags as they are in this context
 *
 * Context: Any but NMI, as the flags allow; without the debug lock.
 * Return: The track, whose pointer and redzones are to be filled in; NULL: no memory.
 */
struct spcpu_track *spcpu_track_new(struct spcpu_debug *d,
				    const struct spcpu_request *req)
{
	gfp_t gfp = spcpu_own_gfp(req->gfp);
	struct spcpu_owner *owner;
	struct spcpu_track *t;

	t = kzalloc(sizeof(*t), gfp);
	if (!t)
		return NULL;

	owner = spcpu_owner_get(d, req->caller, gfp);
	if (!owner) {
		kfree(t);
		return NULL;
	}
	INIT_LIST_HEAD(&t->list);
	t->size = req->size;
	t->align = req->align;
	spcpu_event_fill(d, &t->alloc, owner, req->caller, gfp);
	return t;
}

/**
 * spcpu_track_drop() - know no more of an object
 * @d: what knew of it
 * @t: a track that is on no list and in no tree
 *
 * Context: Any but NMI, @d->lock held.
 */
void spcpu_track_drop(struct spcpu_debug *d, struct spcpu_track *t)
{
	lockdep_assert_held(&d->lock);

	spcpu_owner_put(t->alloc.owner);
	spcpu_owner_put(t->free.owner);
	kfree(t);
}

/**
 * spcpu_track_add() - have an object found from now on
 * @d: what knows of it
 * @t: its track; nothing else has any of the area's bytes
 *
 * Context: Any but NMI, @d->lock held.
 */
void spcpu_track_add(struct spcpu_debug *d, struct spcpu_track *t)
{
	struct rb_node **link = &d->tracks.rb_node, *parent = NULL;

	lockdep_assert_held(&d->lock);

	while (*link) {
		struct spcpu_track *at = rb_entry(*link, struct spcpu_track, node);

		parent = *link;
		link = t->ptr < at->ptr ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&t->node, parent, link);
	rb_insert_color(&t->node, &d->tracks);
}

/**
 * spcpu_track_del() - have it found no more
 * @d: what knows of it
 * @t: a track that spcpu_track_add() added
 *
 * Context: Any but NMI, @d->lock held.
 */
void spcpu_track_del(struct spcpu_debug *d, struct spcpu_track *t)
{
	lockdep_assert_held(&d->lock);

	rb_erase(&t->node, &d->tracks);
}

/* the first area that ends behind a pointer */
static struct spcpu_track *first_behind(struct spcpu_debug *d, unsigned long ptr)
{
	struct rb_node *node = d->tracks.rb_node;
	struct spcpu_track *t, *found = NULL;

	lockdep_assert_held(&d->lock);

	while (node) {
		t = rb_entry(node, struct spcpu_track, node);
		if (ptr < spcpu_track_start(t) + spcpu_track_bytes(t)) {
			found = t;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/**
 * spcpu_track_find() - whose area is it?
 * @d: what knows
 * @ptr: value of a pointer, any
 *
 * Context: Any but NMI, @d->lock held.
 * Return: The object, live or waiting, whose area, redzones included, @ptr points
 *	into; NULL: none.
 */
struct spcpu_track *spcpu_track_find(struct spcpu_debug *d, unsigned long ptr)
{
	struct spcpu_track *t = first_behind(d, ptr);

	return t && ptr >= spcpu_track_start(t) ? t : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_track_find);

/**
 * spcpu_track_after() - go through all objects, whatever happens in between
 * @d: what knows of them
 * @ptr: 0, or the pointer of the last one
 *
 * Context: Any but NMI, @d->lock held.
 * Return: The next one, live or waiting, by address; NULL: that was all.
 */
struct spcpu_track *spcpu_track_after(struct spcpu_debug *d, unsigned long ptr)
{
	struct spcpu_track *t = first_behind(d, ptr);
	struct rb_node *next;

	if (!t || t->ptr > ptr)
		return t;
	next = rb_next(&t->node);
	return next ? rb_entry(next, struct spcpu_track, node) : NULL;
}

/**
 * spcpu_track_past() - whose was it, last?
 * @d: what knows
 * @ptr: value of a pointer, any
 *
 * Context: Any but NMI, @d->lock held.
 * Return: The object that @ptr pointed into until a while ago; NULL: none that is
 *	remembered.
 */
struct spcpu_track *spcpu_track_past(struct spcpu_debug *d, unsigned long ptr)
{
	struct spcpu_track *t;

	lockdep_assert_held(&d->lock);

	list_for_each_entry_reverse(t, &d->past, list) {
		if (ptr - t->ptr < t->size)
			return t;
	}
	return NULL;
}

/**
 * spcpu_track_hold() - copy a track, to be used without the lock
 * @copy: set to it
 * @t: the track
 *
 * Context: Any but NMI, the debug lock held.
 */
void spcpu_track_hold(struct spcpu_track *copy, const struct spcpu_track *t)
{
	*copy = *t;
	copy->alloc.owner->refs++;
	if (copy->free.owner)
		copy->free.owner->refs++;
}

/**
 * spcpu_track_let_go() - end the use of a copy
 * @d: what the track was of
 * @copy: from spcpu_track_hold()
 *
 * Context: Any but NMI, without the debug lock.
 */
void spcpu_track_let_go(struct spcpu_debug *d, struct spcpu_track *copy)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	spcpu_owner_put(copy->alloc.owner);
	spcpu_owner_put(copy->free.owner);
	spin_unlock_irqrestore(&d->lock, flags);
}

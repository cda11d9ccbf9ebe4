// SPDX-License-Identifier: GPL-2.0
/*
 * Owner: call sites that objects come from, with names that outlive the code.
 */
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "debug.h"
#include "span.h"

static struct hlist_head *bucket(struct spcpu_debug *d, unsigned long ip)
{
	return &d->owners[hash_long(ip, ilog2(SPCPU_OWNER_BUCKETS))];
}

static struct spcpu_owner *find(struct spcpu_debug *d, unsigned long ip)
{
	struct spcpu_owner *owner;

	lockdep_assert_held(&d->lock);

	hlist_for_each_entry(owner, bucket(d, ip), node) {
		if (owner->ip == ip) {
			owner->refs++;
			return owner;
		}
	}
	return NULL;
}

/* the kernel writes a module's name in brackets, behind all else */
static void name_module(struct spcpu_owner *owner)
{
	const char *from = strrchr(owner->name, '[');
	size_t len;

	if (!from)
		return;
	len = strcspn(++from, "]");
	strscpy(owner->module, from, min(len + 1, sizeof(owner->module)));
}

static struct spcpu_owner *make(unsigned long ip, gfp_t gfp)
{
	int len = snprintf(NULL, 0, "%pS", (void *)ip);
	struct spcpu_owner *owner;

	owner = kzalloc(struct_size(owner, name, len + 1), spcpu_own_gfp(gfp));
	if (!owner)
		return NULL;

	owner->ip = ip;
	owner->refs = 1;
	snprintf(owner->name, len + 1, "%pS", (void *)ip);
	name_module(owner);
	return owner;
}

/**
 * spcpu_owner_get() - the call site of a return address
 * @d: what holds it
 * @ip: the return address
 * @gfp: how to get memory for one that is new; as the context allows
 *
 * Context: Any but NMI, without the debug lock.
 * Return: The call site, for spcpu_owner_put(); NULL: no memory.
 */
struct spcpu_owner *spcpu_owner_get(struct spcpu_debug *d, unsigned long ip,
				    gfp_t gfp)
{
	struct spcpu_owner *owner, *new;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	owner = find(d, ip);
	spin_unlock_irqrestore(&d->lock, flags);
	if (owner)
		return owner;

	/* a name takes its time, and is found without the lock */
	new = make(ip, gfp);
	if (!new)
		return NULL;

	spin_lock_irqsave(&d->lock, flags);
	owner = find(d, ip);
	if (!owner)
		hlist_add_head(&new->node, bucket(d, ip));
	spin_unlock_irqrestore(&d->lock, flags);

	if (!owner)
		return new;
	kfree(new);
	return owner;
}

/**
 * spcpu_owner_put() - a call site is not used any more by who got it
 * @owner: the call site, or NULL
 *
 * Context: Any but NMI, the debug lock held.
 */
void spcpu_owner_put(struct spcpu_owner *owner)
{
	if (!owner || --owner->refs)
		return;
	hlist_del_init(&owner->node);
	kfree(owner);
}

/**
 * spcpu_owners_forget() - what is at a module's addresses is not its code any more
 * @d: what holds the call sites
 * @mod: the module
 * @init: only that of its init
 *
 * The call sites stay with the objects that came from there.
 *
 * Context: Process context.
 */
void spcpu_owners_forget(struct spcpu_debug *d, const struct module *mod,
			 bool init)
{
	struct spcpu_owner *owner;
	struct hlist_node *next;
	int i;

	spin_lock_irq(&d->lock);
	for (i = 0; i < SPCPU_OWNER_BUCKETS; i++) {
		hlist_for_each_entry_safe(owner, next, &d->owners[i], node) {
			if (init ? within_module_init(owner->ip, mod) :
				   within_module(owner->ip, mod))
				hlist_del_init(&owner->node);
		}
	}
	spin_unlock_irq(&d->lock);
}

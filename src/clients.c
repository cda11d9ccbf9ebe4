// SPDX-License-Identifier: GPL-2.0
/*
 * Clients: modules that go away and leave objects are told of, while it is still
 * known whose they are.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "debug.h"

/* the next object that the module has allocated, if it is live; false: no more */
static bool name_next(struct spcpu_debug *d, const struct module *mod,
		      unsigned long *ptr, unsigned int *nr)
{
	struct spcpu_track *t, copy;
	struct spcpu_place place;
	bool leaked = false;

	spin_lock_irq(&d->lock);
	t = spcpu_track_after(d, *ptr);
	if (t) {
		*ptr = t->ptr;
		leaked = t->state == SPCPU_TRACK_LIVE && !t->orphan &&
			 !strcmp(t->alloc.owner->module, mod->name);
	}
	if (leaked) {
		/* of another module of that name that comes later it is none */
		t->orphan = true;
		spcpu_track_hold(&copy, t);
		spcpu_locate(d->s, (void __percpu __force *)spcpu_track_start(t),
			     &place);
	}
	spin_unlock_irq(&d->lock);

	if (leaked) {
		if (!(*nr)++)
			pr_warn("%s goes away and leaves objects:\n", mod->name);
		spcpu_report_leak(&copy, place.id, place.off + copy.front);
		spcpu_track_let_go(d, &copy);
	}
	return t;
}

static void name_leaks(struct spcpu_debug *d, const struct module *mod)
{
	unsigned long ptr = 0;
	unsigned int nr = 0;

	while (name_next(d, mod, &ptr, &nr))
		cond_resched();
	if (nr)
		pr_warn("leaked: %u objects of %s in all; they stay until shadow_percpu is unloaded\n",
			nr, mod->name);
}

/* LIVE: its init has run, and goes; GOING: after its exit, or an init that failed */
static int module_changed(struct notifier_block *nb, unsigned long what,
			  void *data)
{
	struct spcpu_debug *d = container_of(nb, struct spcpu_debug, modules);
	struct module *mod = data;

	if (mod == THIS_MODULE)
		return NOTIFY_DONE;
	if (what == MODULE_STATE_GOING)
		name_leaks(d, mod);
	if (what == MODULE_STATE_GOING || what == MODULE_STATE_LIVE)
		spcpu_owners_forget(d, mod, what == MODULE_STATE_LIVE);
	return NOTIFY_DONE;
}

/**
 * spcpu_clients_watch() - be told of modules that come and go
 * @s: the allocator that clients use, watched or not
 *
 * Context: Process context, not on the way to those who are told. May sleep.
 * Return: 0, or what the kernel says.
 */
int spcpu_clients_watch(struct spcpu *s)
{
	struct spcpu_debug *d = spcpu_debug_of(s);

	if (!d)
		return 0;
	d->modules.notifier_call = module_changed;
	return register_module_notifier(&d->modules);
}

/**
 * spcpu_clients_unwatch() - be told no more
 * @s: after spcpu_clients_watch()
 *
 * Context: Process context. May sleep.
 */
void spcpu_clients_unwatch(struct spcpu *s)
{
	struct spcpu_debug *d = spcpu_debug_of(s);

	if (d)
		unregister_module_notifier(&d->modules);
}

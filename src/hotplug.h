/* SPDX-License-Identifier: GPL-2.0 */
/* Hotplug: CPUs get their pages, and their values, before they come online. */
#ifndef SPCPU_HOTPLUG_H
#define SPCPU_HOTPLUG_H

#include "core.h"
#include "shadow_percpu.h"

void spcpu_hotplug_init(void);
void spcpu_hotplug_exit(void);

int spcpu_hotplug_add(struct spcpu *s);
void spcpu_hotplug_del(struct spcpu *s);
int spcpu_hotplug_prepare(struct spcpu *s, unsigned int cpu);

int spcpu_set_init(struct spcpu *s, void __percpu *ptr,
		   shadow_percpu_init_fn *init, void *arg);
int spcpu_clear_init(struct spcpu *s, void __percpu *ptr);

/* absent.c */
int spcpu_absent_watch(struct spcpu *s);
void spcpu_absent_unwatch(struct spcpu *s);
bool spcpu_absent_explain(struct spcpu *s, unsigned long addr);

#endif /* SPCPU_HOTPLUG_H */

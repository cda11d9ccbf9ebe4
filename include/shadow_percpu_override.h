/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drop-in: a module whose source nobody touches gets its percpu objects from the
 * shadow. One line in its Kbuild, with SHADOW_PERCPU the folder of this project:
 *
 *	ccflags-y += -include $(SHADOW_PERCPU)/include/(this file)
 *
 * It stands before all headers, and gives names of theirs another meaning: the
 * kernel's own headers then declare the shadow's functions, and all macros and inline
 * functions of theirs call those, in this module: alloc_percpu(), alloc_percpu_gfp(),
 * devm_alloc_percpu(), netdev_alloc_pcpu_stats() and its other forms,
 * percpu_counter_init(), __free(free_percpu). Therefore nothing is included here:
 * what came before a driver's own pr_fmt() would be at odds with it.
 *
 * Objects that the kernel itself allocates for the module stay the kernel's;
 * free_percpu() takes those, too, and passes them on. Documentation/dropin.rst says
 * which these are, and what else to know: shadow_percpu.ko needs hotplug=all, its
 * default, for drivers that set up the copies of all possible CPUs.
 */
#ifndef SHADOW_PERCPU_OVERRIDE_H
#define SHADOW_PERCPU_OVERRIDE_H

/*
 * Where allocations are accounted by call site, their names are macros already, and
 * all of them end in the same function.
 */
#ifdef __has_include /* sparse has not */
#if __has_include("linux/alloc_tag.h")
#define pcpu_alloc_noprof		__shadow_pcpu_alloc
#endif
#endif
#ifndef pcpu_alloc_noprof
#define __alloc_percpu			__shadow_alloc_percpu
#define __alloc_percpu_gfp		__shadow_alloc_percpu_gfp
#define __alloc_reserved_percpu		__shadow_alloc_reserved_percpu
#endif
#define free_percpu			shadow_free_percpu_either

#define __devm_alloc_percpu		__shadow_devm_alloc_percpu
#define devm_free_percpu		shadow_devm_free_percpu

/* of the next two pairs a kernel has one as functions; the other is made of it, if at all */
#define __percpu_counter_init		__shadow_percpu_counter_init
#define percpu_counter_destroy		shadow_percpu_counter_destroy
#define __percpu_counter_init_many	__shadow_percpu_counter_init_many
#define percpu_counter_destroy_many	shadow_percpu_counter_destroy_many

#define percpu_ref_init			shadow_percpu_ref_init
#define percpu_ref_exit			shadow_percpu_ref_exit

#endif /* SHADOW_PERCPU_OVERRIDE_H */

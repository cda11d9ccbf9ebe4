// SPDX-License-Identifier: GPL-2.0
/*
 * Section: static variables of modules, and their copies.
 *
 * A variable's pointer starts out as the address of its image. Registering
 * moves all pointers of a module by one distance, from the image of its section
 * to the percpu area that holds the copies.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "hotplug.h"
#include "section.h"

/**
 * struct registration - one module's section
 *
 * @node: on the list of all
 * @start: where the module has its image
 * @area: the copies
 * @name: the module, for reports; a copy, since modules come and go
 * @size: bytes of the image
 * @image: initial values, for CPUs that come later; a copy for the same reason
 */
struct registration {
	struct list_head node;
	const char *start;
	void __percpu *area;
	char name[MODULE_NAME_LEN];
	size_t size;
	char image[];
};

static LIST_HEAD(registrations);
static DEFINE_MUTEX(registrations_lock);

static bool has_variables(const struct shadow_percpu_section *section)
{
	return section->ptrs != section->ptrs_end;
}

/* pointers that have not been moved point into the image */
static bool is_moved(const struct shadow_percpu_section *section)
{
	return section->ptrs[0] < (unsigned long)section->start ||
	       section->ptrs[0] >= (unsigned long)section->end;
}

static void move_pointers(const struct shadow_percpu_section *section,
			  unsigned long distance)
{
	unsigned long *ptr;

	for (ptr = section->ptrs; ptr < section->ptrs_end; ptr++)
		*ptr += distance;
}

static unsigned long distance_to(const struct shadow_percpu_section *section,
				 const void __percpu *area)
{
	return (__force unsigned long)area - (unsigned long)section->start;
}

static struct registration *find(const struct shadow_percpu_section *section)
{
	struct registration *reg;

	lockdep_assert_held(&registrations_lock);
	list_for_each_entry(reg, &registrations, node)
		if (reg->start == section->start)
			return reg;
	return NULL;
}

static void drop(struct spcpu *s, struct registration *reg)
{
	lockdep_assert_held(&registrations_lock);
	spcpu_clear_init(s, reg->area);
	spcpu_free(s, reg->area);
	list_del(&reg->node);
	kvfree(reg);
}

static int copy_image(void *copy, unsigned int cpu, void *arg)
{
	const struct registration *reg = arg;

	memcpy(copy, reg->image, reg->size);
	return 0;
}

/* for CPUs that come later too */
static int make_copies(struct spcpu *s, struct registration *reg,
		       unsigned int align)
{
	const struct spcpu_request req = {
		.size = reg->size,
		.align = max_t(size_t, align, 1),
		.reserved = true,
		.gfp = GFP_KERNEL,
		.caller = (unsigned long)reg->start,
	};
	int err;

	err = spcpu_alloc(s, &req, &reg->area);
	if (err)
		return err;

	err = spcpu_set_init(s, reg->area, copy_image, reg);
	if (err)
		spcpu_free(s, reg->area);
	return err;
}

static int add(struct spcpu *s, const struct shadow_percpu_section *section,
	       const char *name)
{
	size_t size = section->end - section->start;
	struct registration *reg;
	int err;

	lockdep_assert_held(&registrations_lock);

	if (is_moved(section))
		return -EBUSY;

	/* a module that went away without a word, and another in its place */
	reg = find(section);
	if (reg)
		drop(s, reg);

	reg = kvzalloc(struct_size(reg, image, size),
		       GFP_KERNEL | __GFP_NOWARN);
	if (!reg)
		return -ENOMEM;

	reg->start = section->start;
	reg->size = size;
	memcpy(reg->image, section->start, size);
	err = make_copies(s, reg, section->align);
	if (err) {
		kvfree(reg);
		return err;
	}

	strscpy(reg->name, name, sizeof(reg->name));
	list_add(&reg->node, &registrations);
	move_pointers(section, distance_to(section, reg->area));
	return 0;
}

static void complain(const struct spcpu *s,
		     const struct shadow_percpu_section *section,
		     const char *name, int err)
{
	size_t size = section->end - section->start;

	if (err == -EBUSY)
		pr_err("%s: registered already\n", name);
	else if (err == -EINVAL)
		pr_err("%s: refused %zu bytes of static variables aligned to %u: a module may have %d bytes, aligned to %lu at most\n",
		       name, size, section->align, SHADOW_PERCPU_MAX_SIZE,
		       PAGE_SIZE);
	else
		pr_err("%s: %zu bytes of static variables aligned to %u do not fit into what is left of the %zu bytes of the reserved chunk: load shadow_percpu with a larger reserved_size=\n",
		       name, size, section->align, s->layout->reserved_size);
}

/**
 * spcpu_section_register() - give a module's variables their copies
 * @s: the allocator
 * @section: the module's view of its own section
 * @name: the module's name
 *
 * Context: Process context. May sleep.
 * Return: 0; -EBUSY: registered already; -EINVAL: too large, or aligned to more
 *	than a page; -ENOMEM: no room in the reserved chunk. Each is logged.
 */
int spcpu_section_register(struct spcpu *s,
			   const struct shadow_percpu_section *section,
			   const char *name)
{
	int err;

	if (!has_variables(section))
		return 0;

	mutex_lock(&registrations_lock);
	err = add(s, section, name);
	mutex_unlock(&registrations_lock);

	if (err)
		complain(s, section, name, err);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_section_register);

/**
 * spcpu_section_unregister() - take the copies back
 * @s: the allocator
 * @section: the module's view of its own section; may be unregistered
 *
 * Context: Process context. May sleep.
 */
void spcpu_section_unregister(struct spcpu *s,
			      const struct shadow_percpu_section *section)
{
	struct registration *reg;

	if (!has_variables(section))
		return;

	mutex_lock(&registrations_lock);
	reg = is_moved(section) ? find(section) : NULL;
	if (reg) {
		move_pointers(section, -distance_to(section, reg->area));
		drop(s, reg);
	}
	mutex_unlock(&registrations_lock);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_section_unregister);

/**
 * spcpu_section_adopt() - point our own variables into the first chunk
 * @s: an allocator whose static part is a copy of @section
 * @section: our own section
 *
 * Context: Process context, before anybody uses the variables.
 */
void spcpu_section_adopt(struct spcpu *s,
			 const struct shadow_percpu_section *section)
{
	unsigned long base = s->first->window->base;
	unsigned long area = base - per_cpu_offset(s->layout->low_cpu);

	move_pointers(section, area - (unsigned long)section->start);
}

/**
 * spcpu_section_exit() - forget modules that went away without a word
 *
 * Names them; their areas are among the leaked objects.
 *
 * Context: Process context.
 */
void spcpu_section_exit(void)
{
	struct registration *reg, *next;

	mutex_lock(&registrations_lock);
	list_for_each_entry_safe(reg, next, &registrations, node) {
		pr_warn("leaked: the static variables of %s, which did not call shadow_percpu_unregister()\n",
			reg->name);
		list_del(&reg->node);
		kvfree(reg);
	}
	mutex_unlock(&registrations_lock);
}

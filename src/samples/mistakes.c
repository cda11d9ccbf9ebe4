// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes: what a client should not do with its objects, one of them for each load.
 * To see what the allocator, loaded with debug=, says of it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/string.h>

#include "shadow_percpu.h"

static char *mistake = "overrun";
module_param(mistake, charp, 0444);
MODULE_PARM_DESC(mistake,
		 "what to do wrong: overrun, underrun, use_after_free, double_free, middle, foreign or leak; without debug= of shadow_percpu the first three hit whoever is there (default: overrun)");

static unsigned int size = 24;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "bytes of the object (default: 24)");

static unsigned int cpu;
module_param(cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "whose copy is written to (default: 0)");

/* what is written, where nothing should be */
static const char text[] = "spcpu";

/* in a function of its own, so that the compiler does not know where it ends */
static noinline void scribble(char __percpu *object, int at)
{
	memcpy(per_cpu_ptr(object, cpu) + at, text, sizeof(text) - 1);
}

static void overrun(char __percpu *object)
{
	scribble(object, size);
	shadow_free_percpu(object);
}

static void underrun(char __percpu *object)
{
	scribble(object, -(int)sizeof(text) + 1);
	shadow_free_percpu(object);
}

/* found later, by a scan or when the area is given back */
static void use_after_free(char __percpu *object)
{
	shadow_free_percpu(object);
	scribble(object, 0);
}

static void double_free(char __percpu *object)
{
	shadow_free_percpu(object);
	shadow_free_percpu(object);
}

static void middle(char __percpu *object)
{
	shadow_free_percpu(object + 8);
	shadow_free_percpu(object);
}

/* one of the kernel's own allocator */
static void foreign(char __percpu *object)
{
	void __percpu *other = alloc_percpu(u64);

	if (other)
		shadow_free_percpu(other);
	free_percpu(other);
	shadow_free_percpu(object);
}

static void leak(char __percpu *object)
{
}

static const struct {
	const char *name;
	void (*make)(char __percpu *object);
} mistakes[] = {
	{ "overrun", overrun },
	{ "underrun", underrun },
	{ "use_after_free", use_after_free },
	{ "double_free", double_free },
	{ "middle", middle },
	{ "foreign", foreign },
	{ "leak", leak },
};

static int __init mistakes_init(void)
{
	char __percpu *object;
	int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (!strcmp(mistake, mistakes[i].name))
			break;
	}
	if (i == ARRAY_SIZE(mistakes) || size < 16 || !cpu_possible(cpu)) {
		pr_err("mistake=%s size=%u cpu=%u: it takes a mistake of those that modinfo names, 16 bytes or more, and a possible CPU\n",
		       mistake, size, cpu);
		return -EINVAL;
	}

	object = __shadow_alloc_percpu(size, 8);
	if (!object)
		return -ENOMEM;
	mistakes[i].make(object);
	return 0;
}

static void __exit mistakes_exit(void)
{
}

module_init(mistakes_init);
module_exit(mistakes_exit);

MODULE_DESCRIPTION("Mistakes with per-CPU objects, for the shadow allocator to find");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

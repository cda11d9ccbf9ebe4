// SPDX-License-Identifier: GPL-2.0
/*
 * What a __percpu pointer is: objects of the kernel's allocator and of the shadow, the
 * pointer of each, and the address of each CPU's copy.
 *
 * Each CPU writes to its own copies, by this_cpu_write(), and whoever reads the file
 * `shadow_percpu_arithmetic` of debugfs reads all of them, by per_cpu_ptr(). If what was
 * written is found there, both work out the same address. The objects live as long as
 * the module is loaded, to be found in the dumps.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/smp.h>

#include "accessors.h"
#include "arithmetic.h"

/* CPU 3 writes 1003; a copy that nobody has written to reads as 0 */
#define MARK	1000

static DEFINE_PER_CPU(u64, variable);
static u64 __percpu *object;
static struct dentry *file;

/* on each CPU */
static void leave_mark(void *unused)
{
	u64 mark = MARK + smp_processor_id();

	percpu_write_own(&variable, mark);
	percpu_write_own(object, mark);
	arithmetic_smp_write(mark);
}

/**
 * arithmetic_show_object() - print where each CPU's copy of an object is
 * @m: where to
 * @name: name of the object
 * @ptr: the object
 *
 * Context: Process context.
 */
void arithmetic_show_object(struct seq_file *m, const char *name,
			    u64 __percpu *ptr)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		seq_printf(m, "%-7s %3u %#018lx %#018lx %#018lx %6llu\n", name, cpu,
			   (__force unsigned long)ptr, arithmetic_offset(cpu),
			   (unsigned long)per_cpu_ptr(ptr, cpu),
			   percpu_read(ptr, cpu));
}

static int arithmetic_show(struct seq_file *m, void *unused)
{
	seq_puts(m, "#object cpu pointer            per_cpu_offset     address              read\n");
	arithmetic_show_object(m, "static", &variable);
	arithmetic_show_object(m, "kernel", object);
	arithmetic_smp_show(m);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(arithmetic);

static int __init arithmetic_init(void)
{
	int err;

	object = alloc_percpu(u64);
	if (!object)
		return -ENOMEM;

	err = arithmetic_smp_init();
	if (err) {
		free_percpu(object);
		return err;
	}

	on_each_cpu(leave_mark, NULL, 1);
	file = debugfs_create_file("shadow_percpu_arithmetic", 0400, NULL, NULL,
				   &arithmetic_fops);
	return 0;
}

static void __exit arithmetic_exit(void)
{
	debugfs_remove(file);
	arithmetic_smp_exit();
	free_percpu(object);
}

module_init(arithmetic_init);
module_exit(arithmetic_exit);

MODULE_DESCRIPTION("The arithmetic of __percpu pointers, with the numbers of this machine");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

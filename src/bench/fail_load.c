// SPDX-License-Identifier: GPL-2.0
/*
 * Fail load: one memory allocation of the next module's init fails, which one is said by
 * a parameter. Only where the kernel can have allocations fail, and is told to (see
 * qemu/guest/kunit.sh).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>

static uint nth;
module_param(nth, uint, 0644);
MODULE_PARM_DESC(nth,
		 "which allocation of the next init fails, from 1; 0 again when it has begun (default: 0)");

static uint failed;
module_param(failed, uint, 0444);
MODULE_PARM_DESC(failed, "1: there were so many in that init, and one failed");

static int result;
module_param(result, int, 0444);
MODULE_PARM_DESC(result, "what that init returned");

/* who is in an init that was to fail */
static struct task_struct *loader;

static int enter_init(struct kretprobe_instance *instance,
		      struct pt_regs *regs)
{
	unsigned int n = xchg(&nth, 0);

	if (!n)
		return 1;
	loader = current;
	WRITE_ONCE(current->fail_nth, n);
	return 0;
}

static int leave_init(struct kretprobe_instance *instance,
		      struct pt_regs *regs)
{
	if (loader != current)
		return 0;
	failed = !READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
	result = regs_return_value(regs);
	loader = NULL;
	return 0;
}

static struct kretprobe init_probe = {
	.kp.symbol_name = "do_one_initcall",
	.entry_handler = enter_init,
	.handler = leave_init,
};

static int __init fail_load_init(void)
{
	return register_kretprobe(&init_probe);
}

static void __exit fail_load_exit(void)
{
	unregister_kretprobe(&init_probe);
}

module_init(fail_load_init);
module_exit(fail_load_exit);

MODULE_DESCRIPTION("Makes an allocation of the next module's init fail");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Entry: something is called whenever one of the kernel's functions is.
 *
 * The function tracer calls it for the price of saving a few registers. Where there is
 * none, or it does not know the function, a kprobe does.
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/string.h>

#include "entry.h"

static void (*to_call)(u64 second);

/* since 6.2 there is a way to ask for it */
#ifdef ftrace_regs_get_argument
#define SECOND_ARGUMENT(fregs)	ftrace_regs_get_argument(fregs, 1)
#elif defined(CONFIG_X86_64) && defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#define SECOND_ARGUMENT(fregs)	((fregs)->regs.si)
#endif

#if defined(CONFIG_DYNAMIC_FTRACE) && defined(SECOND_ARGUMENT)
/* cannot come back here: nothing that is called calls the function */
static void on_entry(unsigned long ip, unsigned long parent_ip,
		     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	to_call(SECOND_ARGUMENT(fregs));
}

static struct ftrace_ops tracer;
static bool traced;

static int trace(const char *function)
{
	char name[64];
	int err;

	/*
	 * Nobody turns the function tracer off meanwhile, which would go unnoticed.
	 * Freeing a filter leaves a pointer to it, which the next one would free, too.
	 */
	tracer = (struct ftrace_ops) {
		.func = on_entry,
		.flags = FTRACE_OPS_FL_PERMANENT,
	};
	strscpy(name, function, sizeof(name));
	err = ftrace_set_filter(&tracer, name, strlen(name), 1);
	if (err)
		return err;

	err = register_ftrace_function(&tracer);
	if (err)
		ftrace_free_filter(&tracer);
	traced = !err;
	return err;
}

static bool untrace(void)
{
	if (!traced)
		return false;

	unregister_ftrace_function(&tracer);
	ftrace_free_filter(&tracer);
	traced = false;
	return true;
}
#else
static int trace(const char *function)
{
	return -EOPNOTSUPP;
}

static bool untrace(void)
{
	return false;
}
#endif

static int on_probe(struct kprobe *unused, struct pt_regs *regs)
{
#ifdef CONFIG_HAVE_FUNCTION_ARG_ACCESS_API
	to_call(regs_get_kernel_argument(regs, 1));
#else
	to_call(0);
#endif
	return 0;
}

static struct kprobe probe = { .pre_handler = on_probe };
static bool probed;

/**
 * spcpu_entry_register() - have something called
 * @function: name of the function; there is one at a time
 * @call: called at its beginning, with its second argument, or 0 if that is not to be
 *	had; in the function's context, or in one that looks like an NMI
 *
 * Context: Process context. May sleep.
 * Return: 0, or an errno: it cannot be had.
 */
int spcpu_entry_register(const char *function, void (*call)(u64 second))
{
	int err;

	to_call = call;
	if (!trace(function))
		return 0;

	/* with what one registration left there the next would not go */
	probe = (struct kprobe) {
		.symbol_name = function,
		.pre_handler = on_probe,
	};
	err = register_kprobe(&probe);
	probed = !err;
	return err;
}

/**
 * spcpu_entry_unregister() - have nothing called any more
 *
 * Context: Process context, after spcpu_entry_register(), with whatever result. May
 *	sleep. When it returns nothing is being called.
 */
void spcpu_entry_unregister(void)
{
	if (untrace() || !probed)
		return;

	unregister_kprobe(&probe);
	probed = false;
}

/**
 * spcpu_entry_missed() - how often could it not be called?
 *
 * Context: Any.
 * Return: As often.
 */
u64 spcpu_entry_missed(void)
{
	return probe.nmissed;
}

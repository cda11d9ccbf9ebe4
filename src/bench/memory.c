// SPDX-License-Identifier: GPL-2.0
/*
 * The client module behind `make memory`: parameters, load and unload, and the
 * two allocators it can use.
 */
#include "memory.h"

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "shadow_percpu.h"

static char *test = "";
module_param(test, charp, 0444);
MODULE_PARM_DESC(test, "what to do: absent, dying, hotplug or atomic (default: nothing)");

static char *allocator = "shadow";
module_param(allocator, charp, 0444);
MODULE_PARM_DESC(allocator,
		 "where objects come from in absent and dying: shadow or kernel (default: shadow)");

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "for all that is random (default: 1)");

static void __percpu *kernel_alloc(size_t size, size_t align, gfp_t gfp)
{
	return __alloc_percpu_gfp(size, align, gfp);
}

static void kernel_free(void __percpu *ptr)
{
	free_percpu(ptr);
}

const struct bench_allocator bench_kernel = {
	.name	= "kernel",
	.alloc	= kernel_alloc,
	.free	= kernel_free,
};

const struct bench_allocator bench_shadow = {
	.name	= "shadow",
	.alloc	= __shadow_alloc_percpu_gfp,
	.free	= shadow_free_percpu,
};

/**
 * bench_seed() - start a row of random numbers
 * @rnd: its state
 * @stream: which row; each has its own numbers, the same in every run
 *
 * Context: Any.
 */
void bench_seed(struct rnd_state *rnd, unsigned int stream)
{
	prandom_seed_state(rnd, (u64)stream << 32 | seed);
}

/**
 * bench_size() - a random size
 * @rnd: where randomness comes from
 *
 * As many small ones as large ones, powers of two or not.
 *
 * Context: Any.
 * Return: 8 to 4103 bytes.
 */
size_t bench_size(struct rnd_state *rnd)
{
	unsigned int order = 3 + prandom_u32_state(rnd) % 10;

	return sizeof(u64) + (prandom_u32_state(rnd) & (BIT(order) - 1));
}

static const struct bench_test * const tests[] = {
	&bench_absent,
	&bench_dying,
	&bench_hotplug,
	&bench_atomic,
};

static const struct bench_test *chosen;
static bool next_done;
static DEFINE_MUTEX(next_lock);

static int set_next(const char *value, const struct kernel_param *param)
{
	int err = -EINVAL;

	mutex_lock(&next_lock);
	if (chosen && chosen->next && !next_done) {
		next_done = true;
		err = chosen->next();
	}
	mutex_unlock(&next_lock);
	return err;
}

static const struct kernel_param_ops next_ops = {
	.set = set_next,
};
module_param_cb(next, &next_ops, NULL, 0200);
MODULE_PARM_DESC(next, "write to it, once: do the second part of the test");

static const struct bench_test *find_test(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!strcmp(tests[i]->name, test))
			return tests[i];
	}
	pr_err("test=%s is unknown: it is absent, dying, hotplug or atomic\n",
	       test);
	return NULL;
}

static const struct bench_allocator *find_allocator(void)
{
	if (!strcmp(allocator, bench_kernel.name))
		return &bench_kernel;
	if (!strcmp(allocator, bench_shadow.name))
		return &bench_shadow;
	pr_err("allocator=%s is unknown: it is shadow or kernel\n", allocator);
	return NULL;
}

static int __init memory_init(void)
{
	const struct bench_allocator *a = find_allocator();
	const struct bench_test *t = find_test();
	int err;

	if (!a || !t)
		return -EINVAL;

	err = t->start(a);
	if (err) {
		pr_err("%s: could not start: %pe\n", t->name, ERR_PTR(err));
		return err;
	}

	mutex_lock(&next_lock);
	chosen = t;
	mutex_unlock(&next_lock);
	return 0;
}

static void __exit memory_exit(void)
{
	chosen->end();
}

module_init(memory_init);
module_exit(memory_exit);

MODULE_DESCRIPTION("Memory bench of the shadow percpu allocator");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Many objects on a machine most of whose CPUs are absent: each CPU that is
 * there uses its copies, and those of the others read as zeros.
 *
 * What that costs in pages is for whoever loads and unloads this to measure.
 */
#include "memory.h"

#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

static unsigned int objects = 10000;
module_param(objects, uint, 0444);
MODULE_PARM_DESC(objects, "absent: how many objects (default: 10000)");

static unsigned int size = 64;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "absent: bytes of each (default: 64)");

static const struct bench_allocator *from;
static void __percpu **ptrs;

/* what CPU @cpu writes all over its copy of object @i; never 0 */
static u8 mark(unsigned int cpu, unsigned int i)
{
	return 1 + (cpu * 31 + i) % 255;
}

static unsigned int count_unlike(unsigned int cpu, bool marked)
{
	unsigned int i, nr = 0;

	for (i = 0; i < objects; i++) {
		if (memchr_inv(per_cpu_ptr(ptrs[i], cpu),
			       marked ? mark(cpu, i) : 0, size))
			nr++;
		if (!(i % 1024))
			cond_resched();
	}
	return nr;
}

/* on the CPU itself: zeros before, what it wrote after */
static int use_own(void *unused)
{
	unsigned int cpu = smp_processor_id();
	unsigned int i, wrong;

	wrong = count_unlike(cpu, false);
	for (i = 0; i < objects; i++)
		memset(this_cpu_ptr(ptrs[i]), mark(cpu, i), size);
	return wrong + count_unlike(cpu, true);
}

static void use_all(void)
{
	unsigned int cpu, wrong_own = 0, wrong_far = 0, wrong_absent = 0;
	unsigned int nr_online, nr_possible = num_possible_cpus();

	cpus_read_lock();
	nr_online = num_online_cpus();
	for_each_online_cpu(cpu)
		wrong_own += smp_call_on_cpu(cpu, use_own, NULL, false);
	for_each_possible_cpu(cpu) {
		if (cpu_online(cpu))
			wrong_far += count_unlike(cpu, true);
		else
			wrong_absent += count_unlike(cpu, false);
	}
	cpus_read_unlock();

	pr_info("absent: %s: %s: %u objects of %u bytes; wrong copies: %u as %u online CPUs use them, %u as another reads them, %u of %u absent CPUs\n",
		bench_verdict(!wrong_own && !wrong_far && !wrong_absent),
		from->name, objects, size, wrong_own, nr_online, wrong_far,
		wrong_absent, nr_possible - nr_online);
}

static void absent_end(void)
{
	unsigned int i;

	for (i = 0; i < objects; i++)
		from->free(ptrs[i]);
	kvfree(ptrs);
}

static int absent_start(const struct bench_allocator *a)
{
	unsigned int i;

	from = a;
	ptrs = kvcalloc(objects, sizeof(*ptrs), GFP_KERNEL);
	if (!ptrs)
		return -ENOMEM;

	for (i = 0; i < objects; i++) {
		ptrs[i] = a->alloc(size, sizeof(u64), GFP_KERNEL);
		if (!ptrs[i]) {
			absent_end();
			return -ENOMEM;
		}
	}
	use_all();
	return 0;
}

const struct bench_test bench_absent = {
	.name	= "absent",
	.start	= absent_start,
	.end	= absent_end,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Native pointers: the operations of <linux/percpu.h>, on every CPU, on objects
 * of every chunk. Each changes that CPU's copy and not a byte of any other.
 *
 * There is no timing here: the operations are the kernel's own macros, and so
 * is the code that they become.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "api.h"
#include "cache.h"
#include "client.h"
#include "copies.h"
#include "fixture.h"
#include "shadow_percpu.h"
#include "suites.h"

#define SEED	3

/* an operand of every size that the operations take */
struct operands {
	u8 b;
	u8 other;
	u16 h;
	u32 w;
	u64 q;
};

/**
 * struct object - what is operated on
 *
 * @ptr: the object, all of it filled
 * @size: its bytes
 * @off: where its operands are
 */
struct object {
	char __percpu *ptr;
	size_t size;
	size_t off;
};

/**
 * struct run - operations on one CPU
 *
 * @irq: brings the operations into hard interrupt context
 * @ptr: the operands
 * @model: what this CPU's operands ought to be
 * @cpu: the CPU
 * @wrong: how often an operation returned what it should not
 */
struct run {
	struct irq_work irq;
	struct operands __percpu *ptr;
	struct operands model;
	unsigned int cpu;
	unsigned int wrong;
};

static struct operands __percpu *operands_of(const struct object *obj)
{
	return (struct operands __percpu *)(obj->ptr + obj->off);
}

#define OPERAND b
#include "native_ops.h"
#define OPERAND h
#include "native_ops.h"
#define OPERAND w
#include "native_ops.h"
#define OPERAND q
#include "native_ops.h"

static void operate(struct run *run)
{
	run->wrong += raw_smp_processor_id() != run->cpu;
	all_b(run);
	all_h(run);
	all_w(run);
	all_q(run);
}

static long in_thread(void *arg)
{
	struct run *run = arg;

	operate(run);
	return 0;
}

static void irq_entry(struct irq_work *irq)
{
	struct run *run = container_of(irq, struct run, irq);

	run->wrong += !in_hardirq();
	operate(run);
}

/* an interrupt of this CPU's own, while the thread waits */
static long in_interrupt_of(void *arg)
{
	struct run *run = arg;

	irq_work_queue(&run->irq);
	irq_work_sync(&run->irq);
	return 0;
}

/* one copy, byte for byte: filled, but for the operands of the CPU that ran */
static bool copy_is_right(const struct object *obj, unsigned int cpu,
			  const struct run *run)
{
	const char *copy = per_cpu_ptr(obj->ptr, cpu);
	size_t behind = obj->off + sizeof(run->model);
	u8 filled = spcpu_copies_byte(cpu, SEED);

	if (cpu != run->cpu)
		return !memchr_inv(copy, filled, obj->size);

	return !memchr_inv(copy, filled, obj->off) &&
	       !memcmp(copy + obj->off, &run->model, sizeof(run->model)) &&
	       !memchr_inv(copy + behind, filled, obj->size - behind);
}

static void run_on(struct kunit *test, const struct object *obj,
		   unsigned int on, long (*context)(void *run))
{
	struct run run = {
		.irq = IRQ_WORK_INIT_HARD(irq_entry),
		.ptr = operands_of(obj),
		.cpu = on,
	};
	unsigned int cpu;

	spcpu_copies_fill(obj->ptr, obj->size, SEED);
	memset(&run.model, spcpu_copies_byte(on, SEED), sizeof(run.model));

	KUNIT_ASSERT_EQ(test, work_on_cpu(on, context, &run), 0L);

	KUNIT_EXPECT_EQ_MSG(test, run.wrong, 0U, "on CPU %u", on);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_TRUE_MSG(test, copy_is_right(obj, cpu, &run),
				      "CPU %u's copy, after CPU %u's operations",
				      cpu, on);
	cond_resched();
}

static void run_everywhere(struct kunit *test, const struct object *obj,
			   long (*context)(void *run))
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		run_on(test, obj, cpu, context);
}

static unsigned int chunk_of(struct kunit *test, const struct object *obj)
{
	return spcpu_test_place(test, spcpu_api_allocator(), obj->ptr).id;
}

/* CPUs may have kept objects of other chunks, and the first chunk's room */
static struct object in_first(struct kunit *test)
{
	struct object obj = { .size = 192, .off = 64 };

	spcpu_cache_drain(spcpu_api_allocator());
	do {
		obj.ptr = spcpu_client_alloc(test, obj.size, 64);
	} while (chunk_of(test, &obj) != spcpu_api_allocator()->first->id);
	return obj;
}

static struct object in_reserved(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	struct object obj = { .size = 192, .off = 64 };

	obj.ptr = spcpu_client_keep(test,
				    __shadow_alloc_reserved_percpu(obj.size, 64));
	KUNIT_ASSERT_TRUE(test, !!obj.ptr);
	KUNIT_ASSERT_EQ(test, chunk_of(test, &obj),
			s->reserved ? s->reserved->id : s->first->id);
	return obj;
}

/* the operands begin where a page does */
static struct object in_second(struct kunit *test)
{
	struct object obj = { .size = SHADOW_PERCPU_MAX_SIZE, .off = PAGE_SIZE };

	do {
		obj.ptr = spcpu_client_alloc(test, obj.size, PAGE_SIZE);
	} while (chunk_of(test, &obj) == spcpu_api_allocator()->first->id);
	return obj;
}

static void native_first_chunk(struct kunit *test)
{
	struct object obj = in_first(test);

	run_everywhere(test, &obj, in_thread);
	run_everywhere(test, &obj, in_interrupt_of);
}

static void native_first_chunk_by_page(struct kunit *test)
{
	struct spcpu *s = spcpu_test_allocator(test, 0, 0, 20 << 10, 0, NULL,
					       SPCPU_FIRST_PAGE);
	struct object obj = { .size = 192, .off = 64 };

	obj.ptr = spcpu_test_alloc(test, s, obj.size, 64);
	run_everywhere(test, &obj, in_thread);
	run_everywhere(test, &obj, in_interrupt_of);
}

static void native_reserved_chunk(struct kunit *test)
{
	struct object obj = in_reserved(test);

	run_everywhere(test, &obj, in_thread);
	run_everywhere(test, &obj, in_interrupt_of);
}

static void native_second_chunk(struct kunit *test)
{
	struct object obj = in_second(test);

	run_everywhere(test, &obj, in_thread);
}

static void native_second_chunk_in_interrupt(struct kunit *test)
{
	struct object obj = in_second(test);

	run_everywhere(test, &obj, in_interrupt_of);
}

/* the page behind a copy is the one that the window has for that CPU */
static void expect_backed(struct kunit *test, const struct spcpu *s,
			  const struct spcpu_chunk *chunk,
			  const struct object *obj, unsigned int cpu)
{
	unsigned long addr = (unsigned long)per_cpu_ptr(obj->ptr, cpu) + obj->off;
	unsigned long in_unit = addr - chunk->window->units[cpu].start;
	struct page **pages;

	KUNIT_ASSERT_LT(test, in_unit >> PAGE_SHIFT,
			(unsigned long)chunk->window->nr_pages);
	pages = spcpu_window_unit_pages(chunk->window, s->layout, cpu);
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page((void *)addr),
			    pages[in_unit >> PAGE_SHIFT]);
}

/* chunks of live objects stay, so the lock is not needed for long */
static struct spcpu_chunk *find_chunk(struct kunit *test, struct spcpu *s,
				      const struct object *obj)
{
	unsigned int id = chunk_of(test, obj);
	struct spcpu_chunk *chunk, *found = NULL;

	spin_lock_irq(&s->lock);
	list_for_each_entry(chunk, &s->chunks, all)
		if (chunk->id == id)
			found = chunk;
	spin_unlock_irq(&s->lock);

	KUNIT_ASSERT_NOT_NULL(test, found);
	return found;
}

static void native_congruence(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	struct object first = in_first(test), second = in_second(test);
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, s->layout->unit_off[cpu],
				per_cpu_offset(cpu) -
				per_cpu_offset(s->layout->low_cpu));
		expect_backed(test, s, s->first, &first, cpu);
		expect_backed(test, s, find_chunk(test, s, &second), &second, cpu);
	}
}

/* what is written to copies of CPUs that are not online stays there too */
static void native_possible_cpus(struct kunit *test)
{
	struct object a = in_first(test), b = in_second(test);
	struct object c = in_reserved(test);
	unsigned int cpu, nr = 0;

	spcpu_copies_fill(a.ptr, a.size, 1);
	spcpu_copies_fill(b.ptr, b.size, 2);
	spcpu_copies_fill(c.ptr, c.size, 3);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(a.ptr, a.size, 1));
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(b.ptr, b.size, 2));
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(c.ptr, c.size, 3));

	for_each_possible_cpu(cpu)
		nr += *(u8 *)per_cpu_ptr(b.ptr, cpu) == spcpu_copies_byte(cpu, 2);
	KUNIT_EXPECT_EQ(test, nr, num_possible_cpus());
}

#define ROUNDS	2000

/**
 * struct tally - a thread and interrupts that count in one place
 *
 * @irq: the interrupt
 * @hits: what both count in
 * @nr_irqs: how often the interrupt came
 */
struct tally {
	struct irq_work irq;
	u32 __percpu *hits;
	unsigned int nr_irqs;
};

static void count_in_irq(struct irq_work *irq)
{
	struct tally *tally = container_of(irq, struct tally, irq);

	this_cpu_inc(*tally->hits);
	tally->nr_irqs++;
}

static long count_in_thread(void *arg)
{
	struct tally *tally = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		if (!(i % 16))
			irq_work_queue(&tally->irq);
		this_cpu_inc(*tally->hits);
	}
	irq_work_sync(&tally->irq);
	return 0;
}

/* no count is lost when an interrupt comes in between */
static void native_counts_add_up(struct kunit *test)
{
	u32 __percpu *hits = spcpu_client_alloc(test, sizeof(u32), 4);
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct tally tally = {
			.irq = IRQ_WORK_INIT_HARD(count_in_irq),
			.hits = hits,
		};

		KUNIT_ASSERT_EQ(test, work_on_cpu(cpu, count_in_thread, &tally),
				0L);
		KUNIT_EXPECT_GT(test, tally.nr_irqs, 0U);
		KUNIT_EXPECT_EQ(test, *per_cpu_ptr(hits, cpu),
				ROUNDS + tally.nr_irqs);
	}
	for_each_possible_cpu(cpu)
		if (!cpu_online(cpu))
			KUNIT_EXPECT_EQ(test, *per_cpu_ptr(hits, cpu), 0U);
}

static struct kunit_case native_cases[] = {
	KUNIT_CASE(native_first_chunk),
	KUNIT_CASE(native_first_chunk_by_page),
	KUNIT_CASE(native_reserved_chunk),
	KUNIT_CASE(native_second_chunk),
	KUNIT_CASE(native_second_chunk_in_interrupt),
	KUNIT_CASE(native_congruence),
	KUNIT_CASE(native_possible_cpus),
	KUNIT_CASE(native_counts_add_up),
	{ }
};

struct kunit_suite spcpu_native_suite = {
	.name = "shadow_percpu_native",
	.init = spcpu_client_init,
	.exit = spcpu_client_exit,
	.test_cases = native_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Load: threads that allocate, count in and free objects of mixed sizes.
 *
 * They run wherever the scheduler puts them, and so leave counts on many CPUs.
 */
#include "load.h"

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>

/* what a thread has at a time: a few hundred KB of each CPU's memory */
#define NR_OBJECTS	256

struct worker {
	struct bench_load *load;
	struct task_struct *task;
	struct rnd_state rnd;
	struct bench_object objects[NR_OBJECTS];
	struct bench_result result;
};

struct bench_load {
	const struct bench_allocator * const *allocators;
	unsigned int nr_allocators;
	u64 __percpu *common;
	unsigned int nr_workers;
	struct worker workers[];
};

/**
 * bench_result_add() - add up results
 * @to: is added to
 * @r: what is added
 *
 * Context: Any.
 */
void bench_result_add(struct bench_result *to, const struct bench_result *r)
{
	to->objects += r->objects;
	to->failed += r->failed;
	to->counted += r->counted;
	to->lost += r->lost;
	to->common += r->common;
}

/**
 * bench_sum() - what all copies of a counter hold together
 * @ptr: the counter
 *
 * Context: Any.
 * Return: The sum.
 */
u64 bench_sum(const u64 __percpu *ptr)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(ptr, cpu);
	return sum;
}

/**
 * bench_distance() - how far apart two counts are
 * @a: one
 * @b: the other
 *
 * Context: Any.
 * Return: Their difference, whichever is larger.
 */
u64 bench_distance(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

/**
 * bench_object_get() - allocate an object to count in
 * @object: a place without one
 * @a: from where
 * @size: its bytes, at least those of a counter
 * @gfp: as for an allocation
 * @r: is told
 *
 * Context: As the allocation.
 * Return: True if there is one now.
 */
bool bench_object_get(struct bench_object *object,
		      const struct bench_allocator *a, size_t size, gfp_t gfp,
		      struct bench_result *r)
{
	object->from = a;
	object->count = 0;
	object->ptr = (u64 __percpu *)a->alloc(size, sizeof(u64), gfp);
	if (!object->ptr) {
		r->failed++;
		return false;
	}
	r->objects++;
	return true;
}

/**
 * bench_object_put() - hold an object against its count, and free it
 * @object: a place with or without one; without, after that
 * @r: is told
 *
 * Context: As free_percpu().
 */
void bench_object_put(struct bench_object *object, struct bench_result *r)
{
	if (!object->ptr)
		return;

	r->lost += bench_distance(bench_sum(object->ptr), object->count);
	object->from->free(object->ptr);
	object->ptr = NULL;
}

/**
 * bench_object_count() - count in an object, if there is one
 * @object: a place with or without one
 * @r: is told
 *
 * Context: Any.
 */
void bench_object_count(struct bench_object *object, struct bench_result *r)
{
	if (!object->ptr)
		return;

	this_cpu_inc(*object->ptr);
	object->count++;
	r->counted++;
}

static struct bench_object *any_object(struct worker *w)
{
	return &w->objects[prandom_u32_state(&w->rnd) % NR_OBJECTS];
}

static const struct bench_allocator *any_allocator(struct worker *w)
{
	return w->load->allocators[prandom_u32_state(&w->rnd) %
				   w->load->nr_allocators];
}

static void work(struct worker *w)
{
	struct bench_object *object = any_object(w);
	unsigned int i;

	if (object->ptr)
		bench_object_put(object, &w->result);
	else
		bench_object_get(object, any_allocator(w), bench_size(&w->rnd),
				 GFP_KERNEL, &w->result);

	for (i = 0; i < 4; i++)
		bench_object_count(any_object(w), &w->result);

	this_cpu_inc(*w->load->common);
	w->result.common++;
	w->result.counted++;
}

static int worker_thread(void *arg)
{
	struct worker *w = arg;

	while (!kthread_should_stop()) {
		work(w);
		cond_resched();
	}
	return 0;
}

/**
 * bench_load_start() - start a thread for each CPU that is there, online or not
 * @allocators: where they take objects from, at random; outlives the load
 * @nr_allocators: how many these are
 * @common: an object that all of them count in; outlives the load
 *
 * Context: Process context. May sleep.
 * Return: The load, or an error pointer.
 */
struct bench_load *
bench_load_start(const struct bench_allocator * const *allocators,
		 unsigned int nr_allocators, u64 __percpu *common)
{
	unsigned int nr = num_present_cpus();
	struct bench_result ignored;
	struct bench_load *load;
	struct task_struct *task;
	struct worker *w;

	load = kvzalloc(struct_size(load, workers, nr), GFP_KERNEL);
	if (!load)
		return ERR_PTR(-ENOMEM);

	load->allocators = allocators;
	load->nr_allocators = nr_allocators;
	load->common = common;
	while (load->nr_workers < nr) {
		w = &load->workers[load->nr_workers];
		w->load = load;
		bench_seed(&w->rnd, 1 + load->nr_workers);
		task = kthread_run(worker_thread, w, "bench_load/%u",
				   load->nr_workers);
		if (IS_ERR(task)) {
			bench_load_stop(load, &ignored);
			return ERR_CAST(task);
		}
		w->task = task;
		load->nr_workers++;
	}
	return load;
}

/**
 * bench_load_stop() - end the threads, and free what they had
 * @load: the load
 * @r: set to what all of them did
 *
 * Context: Process context. May sleep.
 */
void bench_load_stop(struct bench_load *load, struct bench_result *r)
{
	unsigned int i, k;
	struct worker *w;

	*r = (struct bench_result) { };
	for (i = 0; i < load->nr_workers; i++) {
		w = &load->workers[i];
		kthread_stop(w->task);
		for (k = 0; k < NR_OBJECTS; k++)
			bench_object_put(&w->objects[k], &w->result);
		bench_result_add(r, &w->result);
	}
	kvfree(load);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of allocations and frees, played to an allocator. A line each:
 *
 *   a ID SIZE ALIGN [atomic] [account]
 *   f ID
 *
 * Each call is timed, by the clock of the bench: under -icount in instructions.
 * What is live stays until the player goes.
 */
#include "bench.h"

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "player.h"

/* objects of which all copies are looked at and written to: one in so many */
#define MARK_EVERY	64

/* how often nothing is timed */
#define NOTHING_TRIES	16

struct player_object {
	void *object;
	size_t size;
};

/* Of all ways the same code, so that it takes the same. */
static noinline void *timed_alloc(const struct player_way *way, size_t size,
				  size_t align, gfp_t gfp, u64 *took)
{
	u64 begin = bench_now();
	void *object = way->alloc(size, align, gfp);

	*took = bench_now() - begin;
	return object;
}

static noinline void timed_free(const struct player_way *way, void *object,
				u64 *took)
{
	u64 begin = bench_now();

	way->free(object);
	*took = bench_now() - begin;
}

static void *nothing_alloc(size_t size, size_t align, gfp_t gfp)
{
	return NULL;
}

/* the least, for a tick of the timer may be in some */
static u64 time_of_nothing(void)
{
	const struct player_way nothing = { .alloc = nothing_alloc };
	u64 took, least = U64_MAX;
	int i;

	for (i = 0; i < NOTHING_TRIES; i++) {
		timed_alloc(&nothing, 1, 1, GFP_KERNEL, &took);
		least = min(least, took);
	}
	return least;
}

static void keep_time(const struct player *p, struct player_costs *costs, u64 took)
{
	player_costs_add(costs, took > p->nothing ? took - p->nothing : 0);
}

static bool is_marked(unsigned int id)
{
	return id % MARK_EVERY == 0;
}

static unsigned char mark_of(unsigned int id, int cpu)
{
	return id / MARK_EVERY + cpu;
}

/* is what was written still there, as long as the object lives? */
static void look(struct player *p, unsigned int id)
{
	const struct player_object *o = &p->objects[id];
	int cpu;

	for_each_possible_cpu(cpu) {
		if (memchr_inv(p->way->copy(o->object, cpu), mark_of(id, cpu),
			       o->size))
			p->wrong++;
	}
}

/* All copies are zero at first, and apart. They are dirty when they go back. */
static void mark(struct player *p, unsigned int id)
{
	const struct player_object *o = &p->objects[id];
	void *copy;
	int cpu;

	for_each_possible_cpu(cpu) {
		copy = p->way->copy(o->object, cpu);
		if (memchr_inv(copy, 0, o->size))
			p->wrong++;
		memset(copy, mark_of(id, cpu), o->size);
	}
	look(p, id);
}

static int take(struct player *p, unsigned int id, size_t size, size_t align,
		gfp_t gfp)
{
	struct player_object *o = &p->objects[id];
	u64 took;

	if (o->object)
		return -EEXIST;
	o->object = timed_alloc(p->way, size, align, gfp | __GFP_NOWARN, &took);
	if (!o->object)
		return -ENOMEM;
	keep_time(p, &p->allocs, took);
	o->size = size;
	p->live++;
	p->bytes += size;
	if (is_marked(id))
		mark(p, id);
	return 0;
}

static void give(struct player *p, unsigned int id)
{
	struct player_object *o = &p->objects[id];
	u64 took;

	/* if it could not be had it is not there */
	if (!o->object)
		return;
	if (is_marked(id))
		look(p, id);
	timed_free(p->way, o->object, &took);
	keep_time(p, &p->frees, took);
	p->live--;
	p->bytes -= o->size;
	o->object = NULL;
}

static int play_line(struct player *p)
{
	unsigned int id, size, align;
	gfp_t gfp = GFP_KERNEL;

	if (sscanf(p->line, "a %u %u %u", &id, &size, &align) == 3) {
		if (strstr(p->line, " atomic"))
			gfp = GFP_ATOMIC;
		if (strstr(p->line, " account"))
			gfp |= __GFP_ACCOUNT;
		return id < p->most ? take(p, id, size, align, gfp) : -ERANGE;
	}
	if (sscanf(p->line, "f %u", &id) != 1 || id >= p->most)
		return -EINVAL;
	give(p, id);
	return 0;
}

static void play(struct player *p, char c)
{
	if (c != '\n') {
		p->line[p->len] = c;
		p->len = min_t(size_t, p->len + 1, PLAYER_LINE_MAX - 1);
		return;
	}
	p->line[p->len] = '\0';
	p->len = 0;
	if (play_line(p))
		p->failed++;
}

/**
 * player_write() - play a piece of a stream
 * @p: who plays it
 * @text: the piece, which need not end with a line
 * @len: its length
 *
 * Context: Process context. May sleep.
 */
void player_write(struct player *p, const char *text, size_t len)
{
	size_t i;

	mutex_lock(&p->lock);
	for (i = 0; i < len; i++)
		play(p, text[i]);
	mutex_unlock(&p->lock);
}

/* what objects take; slack is what a CPU's copies take beyond what was asked for */
static void show_slabs(const struct player *p, struct seq_file *m)
{
	size_t copy, slack, copies = 0, arrays = 0, sum = 0, most = 0;
	const struct player_object *o;

	for (o = p->objects; o < p->objects + p->most; o++) {
		if (!o->object)
			continue;
		copy = p->way->copy_bytes(o->object);
		slack = copy - o->size;
		copies += copy * num_possible_cpus();
		arrays += p->way->array_bytes(o->object);
		sum += slack;
		most = max(most, slack);
	}
	seq_printf(m, "slab_objects %ld\ncopy_bytes %zu\narray_bytes %zu\n",
		   p->way->slab_objects(), copies, arrays);
	seq_printf(m, "slack_sum %zu\nslack_max %zu\n", sum, most);
}

static void look_at_all(struct player *p)
{
	unsigned int id;

	for (id = 0; id < p->most; id += MARK_EVERY) {
		if (p->objects[id].object)
			look(p, id);
	}
}

/**
 * player_show() - rows about what is live, and what it took
 * @p: who played it
 * @m: where they go
 *
 * Context: Process context. May sleep.
 */
void player_show(struct player *p, struct seq_file *m)
{
	mutex_lock(&p->lock);
	look_at_all(p);
	seq_printf(m, "live %lu\nbytes %lu\nfailed %lu\nwrong %lu\n", p->live,
		   p->bytes, p->failed, p->wrong);
	player_costs_show(&p->allocs, "alloc", m);
	player_costs_show(&p->frees, "free", m);
	if (p->way->copy_bytes)
		show_slabs(p, m);
	mutex_unlock(&p->lock);
}

/**
 * player_init() - get ready to play
 * @p: to be set up; player_exit() is due even after an error
 * @way: the allocator
 * @most: IDs are below; and of so many calls of a kind it is known what they took
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int player_init(struct player *p, const struct player_way *way, unsigned int most)
{
	*p = (struct player){ .way = way, .most = most };
	mutex_init(&p->lock);
	p->nothing = time_of_nothing();
	p->objects = vzalloc(array_size(most, sizeof(*p->objects)));
	if (!p->objects)
		return -ENOMEM;
	return player_costs_init(&p->allocs, most) ?:
	       player_costs_init(&p->frees, most);
}

/**
 * player_exit() - give back all that is live, and what player_init() took
 * @p: that it set up, or tried to
 *
 * Context: Process context. May sleep.
 */
void player_exit(struct player *p)
{
	unsigned int id;

	for (id = 0; p->objects && id < p->most; id++)
		give(p, id);
	vfree(p->objects);
	player_costs_exit(&p->allocs);
	player_costs_exit(&p->frees);
}

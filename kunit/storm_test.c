// SPDX-License-Identifier: GPL-2.0
/*
 * Storm: many objects of both kinds, from callers who can wait and who cannot,
 * alone and by many threads at once, while pages come and go under them.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "cached.h"
#include "copies.h"
#include "pile.h"
#include "suites.h"

/* groups that die, all but one in eleven */

#define GROUPS		440
#define MEMBERS		8
#define OF		11

/**
 * struct group - objects allocated together, and freed together
 *
 * @ptr: the objects; NULL once freed
 * @size: their sizes
 */
struct group {
	void __percpu *ptr[MEMBERS];
	u16 size[MEMBERS];
};

static void found_group(struct kunit *test, struct spcpu *s, struct group *g,
			struct rnd_state *rnd, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < MEMBERS; i++) {
		g->size[i] = 8 + spcpu_test_below(rnd, 500);
		g->ptr[i] = spcpu_cached_alloc(test, s, g->size[i], 8);
		spcpu_copies_fill(g->ptr[i], g->size[i], seed + i);
	}
}

static void dissolve(struct kunit *test, struct spcpu *s, struct group *g)
{
	unsigned int i;

	for (i = 0; i < MEMBERS; i++) {
		KUNIT_ASSERT_EQ(test, 0, spcpu_cached_free(s, g->ptr[i]));
		g->ptr[i] = NULL;
	}
}

static void expect_group(struct kunit *test, const struct group *g,
			 unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < MEMBERS; i++)
		KUNIT_ASSERT_TRUE(test, spcpu_copies_hold(g->ptr[i], g->size[i],
							  seed + i));
}

/* in random order; of each OF groups in a row one stays */
static void choose(u16 *order, struct rnd_state *rnd)
{
	unsigned int i, j, nr = 0;

	for (i = 0; i < GROUPS; i += OF) {
		unsigned int stays = spcpu_test_below(rnd, OF);

		for (j = 0; j < OF; j++) {
			if (j != stays)
				order[nr++] = i + j;
		}
	}
	for (i = nr - 1; i; i--) {
		j = spcpu_test_below(rnd, i + 1);
		swap(order[i], order[j]);
	}
}

/* nothing is left that the worker should have given back */
static void expect_tidy(struct kunit *test, struct spcpu *s)
{
	struct spcpu_chunk_type *plain = &s->types[SPCPU_PLAIN];
	struct spcpu_chunk *chunk;

	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk->immutable || !s->options.backing->lazy)
			continue;
		if (chunk->isolated) {
			KUNIT_EXPECT_EQ(test, chunk->nr_empty_pop, 0);
			continue;
		}
		KUNIT_EXPECT_TRUE(test, spcpu_chunk_is_free(chunk) ||
				  chunk->nr_empty_pop <
				  chunk->map.nr_blocks / 4 ||
				  plain->nr_empty_pop <=
				  SPCPU_EMPTY_POP_PAGES_HIGH +
				  chunk->nr_empty_pop);
	}
	KUNIT_EXPECT_FALSE(test, !list_empty(&plain->slots.lists[plain->slots.to_depopulate]));
	KUNIT_EXPECT_TRUE(test, list_empty(&plain->slots.lists[plain->slots.free]) ||
			  list_is_singular(&plain->slots.lists[plain->slots.free]));
}

static void dying_groups(struct kunit *test, struct spcpu *s,
			 struct spcpu_interference *f)
{
	struct group *groups = kunit_kcalloc(test, GROUPS, sizeof(*groups),
					     GFP_KERNEL);
	u16 *order = kunit_kcalloc(test, GROUPS, sizeof(*order), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned long peak;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, groups);
	KUNIT_ASSERT_NOT_NULL(test, order);
	prandom_seed_state(&rnd, 7);
	for (i = 0; i < GROUPS; i++)
		found_group(test, s, &groups[i], &rnd, i);
	spcpu_test_check(test, s);
	peak = spcpu_pages_total(&s->pages);

	choose(order, &rnd);
	for (i = 0; i < GROUPS / OF * (OF - 1); i++) {
		dissolve(test, s, &groups[order[i]]);
		if (i % 64 == 0)
			spcpu_test_check_chunks(test, s);
	}
	spcpu_cached_expect_drained(test, s);
	spcpu_test_check(test, s);
	expect_tidy(test, s);
	for (i = 0; i < GROUPS; i++) {
		if (groups[i].ptr[0])
			expect_group(test, &groups[i], i);
	}
	/* objects of spans stay where they are, one or more in most */
	if (f->backing.lazy && !s->options.cache)
		KUNIT_EXPECT_LT(test, spcpu_pages_total(&s->pages) * 2, peak);
}

static void storm_dying_groups(struct kunit *test)
{
	spcpu_test_for_caches(test, dying_groups);
}

/* a mix of everything */

#define OBJECTS		160
#define STEPS		2400

static const gfp_t flags[] = {
	GFP_KERNEL, GFP_KERNEL, GFP_KERNEL_ACCOUNT, GFP_NOWAIT,
	GFP_ATOMIC | __GFP_ACCOUNT, GFP_NOIO, GFP_NOFS | __GFP_ACCOUNT,
};

/**
 * struct thing - an object
 *
 * @ptr: the object, or NULL
 * @size: its size
 * @seed: what its copies hold
 * @accounted: it is one of these
 */
struct thing {
	void __percpu *ptr;
	u16 size;
	u16 seed;
	bool accounted;
};

static size_t some_size(struct rnd_state *rnd)
{
	static const u16 most[] = { 64, 64, 64, 600, 600, 5000, SZ_32K };

	return 1 + spcpu_test_below(rnd, most[spcpu_test_below(rnd,
							       ARRAY_SIZE(most))]);
}

/* what is wrong with it, in words; NULL for nothing */
static const char *make(struct spcpu *s, struct thing *t, struct rnd_state *rnd)
{
	gfp_t gfp = flags[spcpu_test_below(rnd, ARRAY_SIZE(flags))];
	int err;

	t->size = some_size(rnd);
	t->seed = prandom_u32_state(rnd);
	t->accounted = gfp & __GFP_ACCOUNT;
	err = spcpu_cached_request(s, t->size, 1 << spcpu_test_below(rnd, 13),
				   gfp, &t->ptr);
	if (err)
		return gfpflags_allow_blocking(gfp) || err != -ENOMEM ||
		       t->ptr ? "not allocated" : NULL;
	if (!spcpu_copies_zero(t->ptr, t->size))
		return "not zeroed";
	spcpu_copies_fill(t->ptr, t->size, t->seed);
	return NULL;
}

static const char *scrap(struct spcpu *s, struct thing *t)
{
	void __percpu *ptr = t->ptr;

	if (!ptr)
		return NULL;

	t->ptr = NULL;
	if (!spcpu_copies_hold(ptr, t->size, t->seed))
		return "values lost";
	return spcpu_cached_free(s, ptr) ? "not freed" : NULL;
}

static void expect_kind(struct kunit *test, struct spcpu *s,
			const struct thing *t)
{
	if (t->ptr)
		KUNIT_ASSERT_EQ(test, t->accounted,
				spcpu_is_accounted(s,
						   spcpu_chunk_of(s, t->ptr)));
}

static void mix(struct kunit *test, struct spcpu *s,
		struct spcpu_interference *f)
{
	struct thing *things = kunit_kcalloc(test, OBJECTS, sizeof(*things),
					     GFP_KERNEL);
	unsigned int i, live = OBJECTS;
	const char *wrong = NULL;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, things);
	prandom_seed_state(&rnd, 3);
	for (i = 0; i < STEPS; i++) {
		struct thing *t = &things[spcpu_test_below(&rnd, live)];

		if (!spcpu_test_below(&rnd, 200))
			live = 8 + spcpu_test_below(&rnd, OBJECTS - 8);
		if (!spcpu_test_below(&rnd, 40))
			spcpu_shrink(s, spcpu_test_below(&rnd, 500));
		wrong = t->ptr ? scrap(s, t) : make(s, t, &rnd);
		KUNIT_ASSERT_NULL_MSG(test, wrong, "%s in step %u", wrong, i);
		expect_kind(test, s, t);
		if (i % 8 == 0)
			spcpu_test_check_chunks(test, s);
		if (i % 128 == 0)
			spcpu_test_check(test, s);
	}
	for (i = 0; i < OBJECTS; i++)
		KUNIT_ASSERT_NULL(test, scrap(s, &things[i]));
}

static void storm_mix(struct kunit *test)
{
	spcpu_test_for_caches(test, mix);
}

/* many threads */

#define MAX_THREADS	8
#define THREAD_OPS	250
#define THREAD_THINGS	16

struct crowd;

/**
 * struct worker - one thread
 *
 * @crowd: of whom it is one
 * @task: itself
 * @rnd: what it does next
 * @things: its objects
 * @gfp: how it allocates, if only once
 * @err: what it was told then
 */
struct worker {
	struct crowd *crowd;
	struct task_struct *task;
	struct rnd_state rnd;
	struct thing things[THREAD_THINGS];
	gfp_t gfp;
	int err;
};

/**
 * struct crowd - threads that use an allocator
 *
 * @s: the allocator
 * @running: those that are not done
 * @done: all are
 * @wrong: the last thing that was wrong
 * @nr: threads
 * @workers: the threads
 */
struct crowd {
	struct spcpu *s;
	atomic_t running;
	struct completion done;
	const char *wrong;
	unsigned int nr;
	struct worker workers[MAX_THREADS];
};

static void note_wrong(struct crowd *crowd, const char *wrong)
{
	if (wrong)
		WRITE_ONCE(crowd->wrong, wrong);
}

static void await_stop(void)
{
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
		flush_signals(current);
	}
}

static void leave(struct crowd *crowd)
{
	if (atomic_dec_and_test(&crowd->running))
		complete(&crowd->done);
	await_stop();
}

static int use(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	for (i = 0; i < THREAD_OPS; i++) {
		struct thing *t =
			&w->things[spcpu_test_below(&w->rnd, THREAD_THINGS)];

		note_wrong(w->crowd, t->ptr ? scrap(w->crowd->s, t) :
					      make(w->crowd->s, t, &w->rnd));
		cond_resched();
	}
	for (i = 0; i < THREAD_THINGS; i++)
		note_wrong(w->crowd, scrap(w->crowd->s, &w->things[i]));
	leave(w->crowd);
	return 0;
}

static int allocate_once(void *arg)
{
	struct worker *w = arg;

	allow_signal(SIGKILL);
	w->err = spcpu_test_request(w->crowd->s, SZ_4K, SZ_4K, false, w->gfp,
				    &w->things[0].ptr);
	leave(w->crowd);
	return 0;
}

static struct crowd *gather(struct kunit *test, struct spcpu *s)
{
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->s = s;
	init_completion(&crowd->done);
	return crowd;
}

static void start(struct kunit *test, struct crowd *crowd, unsigned int nr,
		  int (*main)(void *arg), gfp_t gfp)
{
	atomic_set(&crowd->running, nr);
	while (crowd->nr < nr) {
		struct worker *w = &crowd->workers[crowd->nr];

		w->crowd = crowd;
		w->gfp = gfp;
		prandom_seed_state(&w->rnd, 50 + crowd->nr);
		w->task = kthread_run(main, w, "shadow_storm/%u", crowd->nr);
		if (IS_ERR(w->task)) {
			KUNIT_FAIL(test, "no thread");
			if (!atomic_sub_return(nr - crowd->nr, &crowd->running))
				complete(&crowd->done);
			return;
		}
		crowd->nr++;
	}
}

static void send_home(struct kunit *test, struct crowd *crowd)
{
	unsigned int i;

	wait_for_completion(&crowd->done);
	for (i = 0; i < crowd->nr; i++)
		kthread_stop(crowd->workers[i].task);
	KUNIT_EXPECT_NULL_MSG(test, crowd->wrong, "%s", crowd->wrong);
}

/* meanwhile memory is always short, and the worker always awake */
static void crowd_under_pressure(struct kunit *test, struct spcpu *s,
				 struct spcpu_interference *f)
{
	struct crowd *crowd = gather(test, s);
	unsigned long pages = spcpu_pages_total(&s->pages);
	unsigned int i;

	start(test, crowd, clamp(num_online_cpus(), 4U, 0U + MAX_THREADS), use,
	      GFP_KERNEL);
	for (i = 0; atomic_read(&crowd->running); i++) {
		spcpu_shrink(s, 1 + i % 300);
		spcpu_shrink_count(s);
		spcpu_test_wake(s);
		usleep_range(100, 200);
	}
	send_home(test, crowd);
	spcpu_test_check(test, s);
	spcpu_cached_expect_drained(test, s);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, 0ULL);

	/* not a page but those of the first chunk */
	spcpu_shrink(s, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, spcpu_pages_total(&s->pages), pages);
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 1U);
}

static void storm_crowd_under_pressure(struct kunit *test)
{
	spcpu_test_for_caches(test, crowd_under_pressure);
}

/* until they sleep on what is held, or for a while: then there is less to see */
static void await_sleepers(const struct crowd *crowd)
{
	unsigned int i, nr, rounds;

	for (rounds = 0; rounds < 1000; rounds++) {
		for (i = 0, nr = 0; i < crowd->nr; i++)
			nr += !!(READ_ONCE(crowd->workers[i].task->__state) &
				 TASK_UNINTERRUPTIBLE);
		if (nr == crowd->nr)
			return;
		usleep_range(1000, 2000);
	}
}

/* all have seen that there is no room; one makes a chunk, the others use it */
static void dry_together(struct kunit *test,
			 const struct spcpu_backing *backing)
{
	struct pile *p = spcpu_pile(test, backing);
	struct crowd *crowd = gather(test, p->s);
	unsigned int i, next_id = p->s->next_id;

	mutex_lock(&p->s->growing);
	start(test, crowd, 6, allocate_once, GFP_KERNEL);
	await_sleepers(crowd);
	KUNIT_EXPECT_EQ(test, p->s->next_id, next_id);
	mutex_unlock(&p->s->growing);

	send_home(test, crowd);
	KUNIT_EXPECT_EQ(test, p->s->next_id, next_id + 1);
	for (i = 0; i < crowd->nr; i++) {
		KUNIT_EXPECT_EQ(test, crowd->workers[i].err, 0);
		KUNIT_EXPECT_TRUE(test, !!spcpu_chunk_of(p->s, crowd->workers[i].things[0].ptr));
	}
	spcpu_test_check(test, p->s);
}

static void storm_dry_together(struct kunit *test)
{
	dry_together(test, &spcpu_backing_vmap);
	dry_together(test, &spcpu_backing_sparse);
}

/* who is killed while others make a chunk need not wait for it */
static void storm_killed_while_dry(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct crowd *crowd = gather(test, p->s);
	unsigned int next_id = p->s->next_id;

	mutex_lock(&p->s->growing);
	start(test, crowd, 1, allocate_once, GFP_KERNEL);
	await_sleepers(crowd);
	send_sig(SIGKILL, crowd->workers[0].task, 1);
	wait_for_completion(&crowd->done);
	mutex_unlock(&p->s->growing);

	complete(&crowd->done);
	send_home(test, crowd);
	KUNIT_EXPECT_EQ(test, crowd->workers[0].err, -ENOMEM);
	KUNIT_EXPECT_EQ(test, p->s->next_id, next_id);
	spcpu_test_check(test, p->s);
}

/*
 * Who may not wait for file systems does not wait either for somebody who does,
 * and makes a chunk of his own.
 */
static void storm_not_queued(struct kunit *test)
{
	static const gfp_t gfp[] = { GFP_NOFS, GFP_NOIO };
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gfp); i++) {
		struct crowd *crowd = gather(test, p->s);
		bool came;

		spcpu_shrink(p->s, ULONG_MAX);
		mutex_lock(&p->s->growing);
		start(test, crowd, 1, allocate_once, gfp[i]);
		came = wait_for_completion_timeout(&crowd->done, 60 * HZ);
		mutex_unlock(&p->s->growing);
		KUNIT_EXPECT_TRUE(test, came);
		if (came)
			complete(&crowd->done);
		send_home(test, crowd);
		KUNIT_EXPECT_EQ(test, crowd->workers[0].err, 0);
		/* the next one finds no room again */
		spcpu_test_alloc(test, p->s, SZ_32K, 4);
		spcpu_test_alloc(test, p->s, SZ_16K + SZ_8K + SZ_4K, 4);
	}
	KUNIT_EXPECT_EQ(test, p->s->stats.nr_chunks, 3U + PILE_CHUNKS);
	spcpu_test_check(test, p->s);
}

static struct kunit_case storm_cases[] = {
	KUNIT_CASE(storm_dying_groups),
	KUNIT_CASE(storm_mix),
	KUNIT_CASE(storm_crowd_under_pressure),
	KUNIT_CASE(storm_dry_together),
	KUNIT_CASE(storm_killed_while_dry),
	KUNIT_CASE(storm_not_queued),
	{ }
};

struct kunit_suite spcpu_storm_suite = {
	.name = "shadow_percpu_storm",
	.test_cases = storm_cases,
};

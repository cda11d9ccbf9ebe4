// SPDX-License-Identifier: GPL-2.0
/*
 * Record: the running kernel's own allocator is recorded while it is at work, and a
 * shadow that follows the recording ends up like it.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "fixture.h"
#include "follow.h"
#include "record.h"
#include "suites.h"
#include "times.h"

#define OBJECTS		200
#define MAX_THREADS	8
#define STEPS		4000
#define CYCLES		20

/* a ring for all that is recorded before anybody looks, KB */
#define LARGE		(16 << 10)

/**
 * struct tape - a recording, and who follows it
 *
 * @test: the test
 * @on: it has been started, and not ended
 * @first: before the first event
 * @last: after the last one
 * @follow: who follows
 * @nr: events
 */
struct tape {
	struct kunit *test;
	bool on;
	struct spcpu_snapshot first;
	struct spcpu_snapshot last;
	struct spcpu_follow *follow;
	u64 nr;
};

static void drop_tape(void *what)
{
	struct tape *tape = what;

	if (tape->on)
		spcpu_record_end();
	spcpu_follow_destroy(tape->follow);
	spcpu_snapshot_exit(&tape->first);
	spcpu_snapshot_exit(&tape->last);
}

static struct tape *start(struct kunit *test, unsigned int ring_kb)
{
	const struct spcpu_follow_options options = { };
	struct tape *tape = kunit_kzalloc(test, sizeof(*tape), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tape);
	tape->test = test;
	spcpu_snapshot_init(&tape->first);
	spcpu_snapshot_init(&tape->last);
	spcpu_test_at_exit(test, drop_tape, tape);

	KUNIT_ASSERT_EQ(test, 0, spcpu_record_start(&tape->first, ring_kb));
	tape->on = true;
	tape->follow = spcpu_follow_create(&tape->first, &options);
	KUNIT_ASSERT_NOT_NULL(test, tape->follow);
	return tape;
}

static void follow(struct tape *tape)
{
	const char *why = "";
	struct spcpu_op op;

	while (spcpu_record_next(&op)) {
		tape->nr++;
		KUNIT_ASSERT_EQ_MSG(tape->test, 0,
				    spcpu_follow_op(tape->follow, &op, &why),
				    "%s", why);
	}
}

static void stop(struct tape *tape)
{
	KUNIT_ASSERT_EQ(tape->test, 0, spcpu_record_stop(&tape->last));
	follow(tape);
	KUNIT_EXPECT_TRUE(tape->test, spcpu_record_over());
	spcpu_record_end();
	tape->on = false;
}

static void say(void *test, const char *text)
{
	kunit_info((struct kunit *)test, "%s\n", text);
}

/* nothing lost, nothing that cannot be, all decisions the same, and the maps, too */
static void expect_same(struct tape *tape)
{
	struct kunit *test = tape->test;
	struct spcpu_follow_stats st;
	int different;

	different = spcpu_follow_compare(tape->follow, &tape->last);
	spcpu_follow_stats(tape->follow, &st);
	KUNIT_EXPECT_EQ(test, different, 0);
	KUNIT_EXPECT_EQ(test, st.lost, 0ULL);
	KUNIT_EXPECT_EQ(test, st.bad, 0ULL);
	KUNIT_EXPECT_EQ(test, st.wrong, 0ULL);
	KUNIT_EXPECT_EQ(test, st.identical + st.undecidable, st.allocs);
	if (different || st.wrong || st.bad)
		spcpu_follow_report(tape->follow, say, test);
}

/**
 * struct customer - who allocates and frees
 *
 * @irq: does so in hard interrupt context, too
 * @in_irq: the object that it has there
 * @rnd: decides what
 * @task: the thread, if it is one
 * @done: it has finished
 * @steps: how often
 * @ptr: live objects
 */
struct customer {
	struct irq_work irq;
	void __percpu *in_irq;
	struct rnd_state rnd;
	struct task_struct *task;
	struct completion done;
	unsigned int steps;
	void __percpu *ptr[OBJECTS];
};

static void use_in_irq(struct irq_work *irq)
{
	struct customer *u = container_of(irq, struct customer, irq);

	if (u->in_irq) {
		free_percpu(u->in_irq);
		u->in_irq = NULL;
	} else {
		u->in_irq = __alloc_percpu_gfp(48, 8, GFP_ATOMIC | __GFP_NOWARN);
	}
}

static void __percpu *alloc_any(struct customer *u)
{
	u32 size = 1 + prandom_u32_state(&u->rnd) % SZ_1K;
	u32 what = prandom_u32_state(&u->rnd);

	if (what % 64 == 0)
		size *= 31;
	return __alloc_percpu_gfp(size, 4 << what % 5,
				  what % 3 ? GFP_KERNEL :
					     GFP_NOWAIT | __GFP_NOWARN);
}

static void step(struct customer *u)
{
	u32 i = prandom_u32_state(&u->rnd) % OBJECTS;

	if (u->ptr[i]) {
		free_percpu(u->ptr[i]);
		u->ptr[i] = NULL;
	} else {
		u->ptr[i] = alloc_any(u);
	}
	if (i % 16 == 0)
		irq_work_queue(&u->irq);
}

static void init_customer(struct customer *u, u32 seed, unsigned int steps)
{
	prandom_seed_state(&u->rnd, seed);
	init_completion(&u->done);
	init_irq_work(&u->irq, use_in_irq);
	u->steps = steps;
}

static void use(struct customer *u)
{
	unsigned int i;

	for (i = 0; i < u->steps; i++) {
		step(u);
		cond_resched();
	}
}

static void drop_customer(void *what)
{
	struct customer *u = what;
	unsigned int i;

	irq_work_sync(&u->irq);
	free_percpu(u->in_irq);
	u->in_irq = NULL;
	for (i = 0; i < OBJECTS; i++) {
		free_percpu(u->ptr[i]);
		u->ptr[i] = NULL;
	}
}

static struct customer *make_customer(struct kunit *test, u32 seed, unsigned int steps)
{
	struct customer *u = kunit_kzalloc(test, sizeof(*u), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, u);
	init_customer(u, seed, steps);
	spcpu_test_at_exit(test, drop_customer, u);
	return u;
}

static void record_one_task(struct kunit *test)
{
	struct customer *u = make_customer(test, 1, STEPS);
	struct tape *tape = start(test, LARGE);

	use(u);
	stop(tape);
	KUNIT_EXPECT_GE(test, tape->nr, (u64)STEPS);
	expect_same(tape);
}

/* what was live before is in the snapshot, and is freed later */
static void record_goes_on_from_before(struct kunit *test)
{
	struct customer *u = make_customer(test, 2, STEPS);
	struct tape *tape;

	use(u);
	tape = start(test, LARGE);
	drop_customer(u);
	stop(tape);
	expect_same(tape);
}

static int use_thread(void *what)
{
	struct customer *u = what;

	use(u);
	complete(&u->done);
	while (!kthread_should_stop())
		msleep_interruptible(10);
	return 0;
}

static void end_thread(void *what)
{
	struct customer *u = what;

	kthread_stop(u->task);
	put_task_struct(u->task);
}

static void run_thread(struct kunit *test, struct customer *u, unsigned int cpu)
{
	struct task_struct *task;

	task = kthread_create(use_thread, u, "shadow_record/%u", cpu);
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	u->task = task;
	kthread_bind(task, cpu);
	spcpu_test_at_exit(test, end_thread, u);
	wake_up_process(task);
}

/* all CPUs at the same time, tasks and interrupts */
static unsigned int start_crew(struct kunit *test, struct customer **crew,
			       unsigned int steps)
{
	unsigned int cpu, nr = 0;

	for_each_online_cpu(cpu) {
		if (nr == MAX_THREADS)
			break;
		crew[nr] = make_customer(test, 10 + cpu, steps);
		run_thread(test, crew[nr++], cpu);
	}
	return nr;
}

static void record_all_cpus(struct kunit *test)
{
	struct customer *crew[MAX_THREADS];
	struct tape *tape = start(test, LARGE);
	unsigned int i, nr;

	nr = start_crew(test, crew, spcpu_test_times(STEPS));
	for (i = 0; i < nr; i++) {
		while (!wait_for_completion_timeout(&crew[i]->done, HZ / 50))
			follow(tape);
	}
	stop(tape);
	expect_same(tape);
}

/* begun and ended amid it all */
static void record_again_and_again(struct kunit *test)
{
	struct customer *crew[MAX_THREADS];
	unsigned int i, cycle, nr;
	struct tape *tape;

	nr = start_crew(test, crew, spcpu_test_times(4 * STEPS));
	for (cycle = 0; cycle < CYCLES; cycle++) {
		tape = start(test, LARGE);
		usleep_range(5000, 6000);
		stop(tape);
		expect_same(tape);
		spcpu_test_drop(test, tape);
	}
	for (i = 0; i < nr; i++)
		wait_for_completion(&crew[i]->done);
}

/* nobody looks until the ring is full: what did not fit is told */
static void record_overflow(struct kunit *test)
{
	struct customer *u = make_customer(test, 3, STEPS);
	struct spcpu_record_status status;
	struct tape *tape = start(test, 4);
	struct spcpu_follow_stats st;

	use(u);
	stop(tape);
	spcpu_record_status(&status);
	spcpu_follow_stats(tape->follow, &st);
	KUNIT_EXPECT_GT(test, st.lost, 0ULL);
	KUNIT_EXPECT_EQ(test, st.lost, status.lost);
	/* after that nothing is called wrong */
	KUNIT_EXPECT_EQ(test, st.wrong, 0ULL);
}

/* what is fine for a CPU may be too much for all of them */
static void record_no_more_than_there_is(struct kunit *test)
{
	unsigned long kb = totalram_pages() << (PAGE_SHIFT - 10);
	unsigned long most = kb / 4 * 3 / num_possible_cpus();
	struct spcpu_snapshot first;

	spcpu_snapshot_init(&first);
	if (most >= 64 << 10)
		return;
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_record_start(&first, most + 1));
	KUNIT_EXPECT_EQ(test, first.nr_chunks, 0U);
}

static void record_one_at_a_time(struct kunit *test)
{
	struct spcpu_record_status status;
	struct spcpu_snapshot other;
	struct tape *tape;

	spcpu_snapshot_init(&other);
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_record_start(&other, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, spcpu_record_start(&other, U32_MAX));

	tape = start(test, 0);
	KUNIT_EXPECT_EQ(test, -EBUSY, spcpu_record_start(&other, 0));
	KUNIT_EXPECT_EQ(test, other.nr_chunks, 0U);
	spcpu_record_status(&status);
	KUNIT_EXPECT_TRUE(test, status.on);
	KUNIT_EXPECT_TRUE(test, status.exact);
	KUNIT_EXPECT_FALSE(test, spcpu_record_over());
	stop(tape);
	spcpu_record_status(&status);
	KUNIT_EXPECT_FALSE(test, status.on);
}

/* ended without having been stopped, with events that nobody has seen */
static void record_thrown_away(struct kunit *test)
{
	struct customer *u = make_customer(test, 4, STEPS);
	struct tape *tape = start(test, 0);

	use(u);
	spcpu_test_drop(test, tape);

	tape = start(test, LARGE);
	use(u);
	stop(tape);
	expect_same(tape);
}

static int record_init(struct kunit *test)
{
	return spcpu_record_init();
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE(record_one_task),
	KUNIT_CASE(record_goes_on_from_before),
	KUNIT_CASE(record_all_cpus),
	KUNIT_CASE(record_again_and_again),
	KUNIT_CASE(record_overflow),
	KUNIT_CASE(record_no_more_than_there_is),
	KUNIT_CASE(record_one_at_a_time),
	KUNIT_CASE(record_thrown_away),
	{ }
};

struct kunit_suite spcpu_record_suite = {
	.name = "shadow_percpu_record",
	.init = record_init,
	.test_cases = record_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Record: what the kernel's own percpu allocator is asked for, as it happens.
 *
 * Probes leave a note in a ring of their CPU; the notes are numbered, and there is
 * no number without a note, so that the one consumer knows when he has all.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/tracepoint.h>
#include <trace/events/percpu.h>
#include <trace/events/workqueue.h>

#include "compat/kunit.h"
#include "compat/native.h"
#include "record.h"
#include "sequence.h"

/* of each CPU, unless asked for otherwise */
#define RING_KB		1024
#define MOST_RING_KB	(64 << 10)

/* chunks whose state is remembered; that of others is noted again and again */
#define STATE_BITS	10

/* how long the consumer sleeps when there is nothing, ms */
#define NAP		20

/**
 * struct ring - the notes of one CPU
 *
 * @seen: the notes
 * @head: notes made; by that CPU, interrupts off
 * @lost: notes there was no room for; likewise
 * @tail: notes taken; by the consumer
 * @told: of @lost, those that the consumer was told of
 */
struct ring {
	struct spcpu_seen *seen;
	unsigned int head;
	u64 lost;
	unsigned int tail ____cacheline_aligned_in_smp;
	u64 told;
};

static DEFINE_PER_CPU(struct ring, rings);

/* what the probes do */
enum {
	OFF,		/* nothing */
	ON,		/* note all */
	DRAINING,	/* note only where allocations were placed before */
};

static int state;

/* notes in a ring, less one */
static unsigned int mask;
static atomic64_t last_seq;
static u64 started;

/* who runs the kernel's worker now, and may wait for its mutex, or have given it back */
static const struct task_struct *worker;

/* the worker may have left chunks otherwise than was noted; under the kernel's lock */
static bool unnoted;

/*
 * The state of chunks when it was noted last, which says nothing in another round;
 * under the kernel's lock. Of chunks that share a cell one is remembered.
 */
static struct {
	u64 base;
	u64 hash;
	u64 round;
} noted[1 << STATE_BITS];
static u64 round;

/* one who records; @control keeps those apart who start and stop */
static DEFINE_MUTEX(control);
static bool busy;
static bool exact;
static struct spcpu_sequence sequence;
static u64 next_seq;
static u64 lost_told;
static u64 nr_seen;
static u64 nr_lost;
static bool closed;
static bool finished;

/* room for a note, with interrupts off; NULL: there is none, which is counted */
static struct spcpu_seen *reserve(struct ring *ring)
{
	/* the consumer has taken what is before the tail */
	if (ring->head - smp_load_acquire(&ring->tail) > mask) {
		ring->lost++;
		return NULL;
	}
	return &ring->seen[ring->head & mask];
}

static void note(u8 kind, u64 who, const struct spcpu_op *op)
{
	struct spcpu_seen *seen;
	unsigned long flags;
	struct ring *ring;

	local_irq_save(flags);
	ring = this_cpu_ptr(&rings);
	seen = reserve(ring);
	if (seen) {
		seen->op = *op;
		seen->op.kind = kind;
		seen->op.cpu = smp_processor_id();
		seen->op.time = local_clock();
		seen->who = who;
		seen->seq = atomic64_inc_return(&last_seq);
		/* the consumer reads what is before the head */
		smp_store_release(&ring->head, ring->head + 1);
	}
	local_irq_restore(flags);
}

/* task and context; a probe may itself look like an NMI, and so a hard interrupt */
static u64 who(void)
{
	unsigned int hard = hardirq_count() >> HARDIRQ_SHIFT;

	if (in_nmi())
		hard--;
	return (unsigned long)current | (hard ? 2 : !!in_serving_softirq());
}

/* where an isolated chunk is, is the worker's doing; the others' slots are not */
static u64 hash_of(const struct spcpu_native_state *chunk)
{
	u64 hash = chunk->isolated ? chunk->slot + 2 : 1;
	int i;

	for (i = 0; i < BITS_TO_LONGS(chunk->nr_pages); i++)
		hash = hash * GOLDEN_RATIO_64 + chunk->populated[i];
	return hash;
}

static u64 pages_of(const struct spcpu_native_state *chunk, int page)
{
	u64 word = 0;
	int i;

	for (i = 0; i < 64 && page + i < chunk->nr_pages; i++) {
		if (test_bit(page + i, chunk->populated))
			word |= 1ULL << i;
	}
	return word;
}

static void note_state(void *unused, const struct spcpu_native_state *chunk)
{
	unsigned int cell = hash_64(chunk->base, STATE_BITS);
	u64 hash = hash_of(chunk);
	struct spcpu_op op = {
		.base = chunk->base,
		.slot = chunk->slot,
		.flags = chunk->isolated ? SPCPU_OP_ISOLATED : 0,
	};

	if (noted[cell].base == chunk->base && noted[cell].hash == hash &&
	    noted[cell].round == round)
		return;

	noted[cell].base = chunk->base;
	noted[cell].hash = hash;
	noted[cell].round = round;
	for (op.off = 0; op.off < chunk->nr_pages; op.off += 64) {
		op.word = pages_of(chunk, op.off);
		note(SPCPU_OP_STATE, 0, &op);
	}
}

/*
 * Who can sleep gets his place first, and his pages later: until then the pages that
 * are there are not what others will see. All of them, and the worker, hold the
 * mutex. Without a place yet, the caller may be one of them.
 */
static bool pages_are_settled(bool without_place)
{
	const struct task_struct *holder = spcpu_native_holder();

	return !holder || holder == worker ||
	       (without_place && who() == (unsigned long)holder);
}

/*
 * Before an event under the lock: what has the worker done until then? What is not
 * known, because it cannot be told apart from what others do, is told by a flag, and
 * noted later.
 */
static u8 note_worker(bool without_place)
{
	if (!unnoted)
		return 0;
	if (!pages_are_settled(without_place)) {
		round++;
		return SPCPU_OP_BUSY;
	}
	spcpu_native_for_each(note_state, NULL);
	unnoted = worker;
	return 0;
}

/* bytes of the area, which is the second argument, in granules; 0 if unknown */
static u32 size_from(struct pt_regs *regs)
{
#ifdef CONFIG_HAVE_FUNCTION_ARG_ACCESS_API
	return regs_get_kernel_argument(regs, 1) << SPCPU_GRANULE_SHIFT;
#else
	return 0;
#endif
}

/* under the kernel's lock */
static int on_order(struct kprobe *probe, struct pt_regs *regs)
{
	struct spcpu_op op = { };

	if (READ_ONCE(state) == ON) {
		op.size = size_from(regs);
		op.flags = note_worker(true);
		note(SPCPU_SEEN_ORDER, who(), &op);
	}
	return 0;
}

static u8 flags_of(bool reserved, bool is_atomic, gfp_t gfp)
{
	return (is_atomic ? SPCPU_OP_ATOMIC : 0) |
	       (reserved ? SPCPU_OP_RESERVED : 0) |
	       (gfp & __GFP_ACCOUNT ? SPCPU_OP_ACCOUNT : 0);
}

static void on_alloc(void *unused, unsigned long call_site, bool reserved,
		     bool is_atomic, size_t size, size_t align, void *base_addr,
		     int off, void __percpu *ptr, size_t bytes_alloc,
		     gfp_t gfp_flags)
{
	const struct spcpu_op op = {
		.flags = flags_of(reserved, is_atomic, gfp_flags),
		.base = (unsigned long)base_addr,
		.off = off,
		.size = size,
		.align = align,
		.site = call_site,
	};

	if (READ_ONCE(state) != OFF)
		note(SPCPU_OP_ALLOC, who(), &op);
}

/* under the kernel's lock */
static void on_free(void *unused, void *base_addr, int off, void __percpu *ptr)
{
	const struct spcpu_op op = {
		.base = (unsigned long)base_addr,
		.off = off,
	};

	if (READ_ONCE(state) == ON) {
		note_worker(false);
		note(SPCPU_OP_FREE, 0, &op);
	}
}

static void on_fail(void *unused, bool reserved, bool is_atomic, size_t size,
		    size_t align)
{
	const struct spcpu_op op = {
		.flags = flags_of(reserved, is_atomic, 0),
		.size = size,
		.align = align,
	};

	if (READ_ONCE(state) != OFF)
		note(SPCPU_OP_FAIL, who(), &op);
}

/* with the kernel's mutex held, as when the recording begins and ends */
static void on_create(void *unused, void *base_addr)
{
	const struct spcpu_op op = { .base = (unsigned long)base_addr };

	if (READ_ONCE(state) == ON)
		note(SPCPU_OP_CREATE, 0, &op);
}

static void on_destroy(void *unused, void *base_addr)
{
	const struct spcpu_op op = { .base = (unsigned long)base_addr };

	if (READ_ONCE(state) == ON)
		note(SPCPU_OP_DESTROY, 0, &op);
}

static void on_work_start(void *unused, struct work_struct *work)
{
	static const struct spcpu_op begin;
	unsigned long flags;

	if (!spcpu_native_is_worker(work))
		return;

	spcpu_native_lock(&flags);
	worker = current;
	unnoted = true;
	round++;
	if (READ_ONCE(state) == ON)
		note(SPCPU_OP_WORKER, 0, &begin);
	spcpu_native_unlock(flags);
}

static void on_work_end(void *unused, struct work_struct *work,
			work_func_t function)
{
	static const struct spcpu_op end = { .word = 1 };
	unsigned long flags;

	if (!spcpu_native_is_worker(work))
		return;

	spcpu_native_lock(&flags);
	worker = NULL;
	if (READ_ONCE(state) == ON) {
		note_worker(false);
		note(SPCPU_OP_WORKER, 0, &end);
	}
	spcpu_native_unlock(flags);
}

/* the tracepoints; none of them is exported, so they are looked for by name */
static struct probe {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} probes[] = {
	{ "workqueue_execute_start", on_work_start },
	{ "workqueue_execute_end", on_work_end },
	{ "percpu_alloc_percpu", on_alloc },
	{ "percpu_free_percpu", on_free },
	{ "percpu_alloc_percpu_fail", on_fail },
	{ "percpu_create_chunk", on_create },
	{ "percpu_destroy_chunk", on_destroy },
};

static struct kprobe order_probe = {
	.symbol_name = "pcpu_alloc_area",
	.pre_handler = on_order,
};

/* that what is registered below takes what the tracepoints give */
static void __maybe_unused check_types(void)
{
	check_trace_callback_type_workqueue_execute_start(on_work_start);
	check_trace_callback_type_workqueue_execute_end(on_work_end);
	check_trace_callback_type_percpu_alloc_percpu(on_alloc);
	check_trace_callback_type_percpu_free_percpu(on_free);
	check_trace_callback_type_percpu_alloc_percpu_fail(on_fail);
	check_trace_callback_type_percpu_create_chunk(on_create);
	check_trace_callback_type_percpu_destroy_chunk(on_destroy);
}

static void find(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
	}
}

/**
 * spcpu_record_init() - find what recording needs
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENOENT: something is missing, logged; what spcpu_native_init() says.
 */
int spcpu_record_init(void)
{
	unsigned int i;
	int err;

	err = spcpu_native_init();
	if (err)
		return err;

	for_each_kernel_tracepoint(find, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].tp)
			continue;
		pr_err("snapshot=1 needs the tracepoint %s, which this kernel does not have: all else works with snapshot=0\n",
		       probes[i].name);
		return -ENOENT;
	}
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_init);

static void free_rings(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		kvfree(per_cpu(rings, cpu).seen);
		per_cpu(rings, cpu).seen = NULL;
	}
}

/* absent CPUs have one, too: they may come */
static int make_rings(unsigned int kb)
{
	unsigned int cpu, nr;

	nr = rounddown_pow_of_two((kb << 10) / sizeof(struct spcpu_seen));
	mask = nr - 1;
	for_each_possible_cpu(cpu) {
		struct ring *ring = per_cpu_ptr(&rings, cpu);

		*ring = (struct ring) { };
		ring->seen = kvmalloc_node(array_size(nr, sizeof(*ring->seen)),
					   GFP_KERNEL, cpu_to_node(cpu));
		if (!ring->seen) {
			free_rings();
			return -ENOMEM;
		}
	}
	return 0;
}

static void unregister(unsigned int nr)
{
	while (nr--)
		tracepoint_probe_unregister(probes[nr].tp, probes[nr].probe,
					    NULL);
	if (exact)
		unregister_kprobe(&order_probe);
	exact = false;
	tracepoint_synchronize_unregister();
}

static int register_all(void)
{
	unsigned int i;
	int err;

	/* what one registration left there, the next would trip over */
	order_probe.addr = NULL;
	order_probe.flags = 0;
	exact = !register_kprobe(&order_probe);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = tracepoint_probe_register(probes[i].tp, probes[i].probe,
						NULL);
		if (err) {
			unregister(i);
			return err;
		}
	}
	return 0;
}

static void begin(void)
{
	started = local_clock();
	WRITE_ONCE(state, ON);
}

/* the mutex is the caller's */
static void end(void)
{
	note_worker(true);
	WRITE_ONCE(state, DRAINING);
}

static void reset(void)
{
	atomic64_set(&last_seq, 0);
	worker = NULL;
	unnoted = false;
	next_seq = 1;
	lost_told = 0;
	nr_seen = 0;
	nr_lost = 0;
	closed = false;
	finished = false;
}

static int start(struct spcpu_snapshot *first, unsigned int ring_kb)
{
	int err;

	reset();
	err = make_rings(ring_kb);
	if (err)
		return err;

	err = register_all();
	if (err)
		goto err_rings;

	err = spcpu_sequence_init(&sequence, exact);
	if (err)
		goto err_probes;

	/* from its next beginning on it is seen */
	spcpu_native_flush();
	err = spcpu_native_snapshot(first, begin);
	if (err)
		goto err_sequence;
	return 0;

err_sequence:
	WRITE_ONCE(state, OFF);
	spcpu_sequence_exit(&sequence);
err_probes:
	unregister(ARRAY_SIZE(probes));
err_rings:
	free_rings();
	return err;
}

/**
 * spcpu_record_start() - begin
 * @first: an empty snapshot, filled with all chunks before the first event
 * @ring_kb: KB of notes that each CPU can keep until they are consumed, 4 to 65536;
 *	0 for 1024
 *
 * Context: Process context. May sleep.
 * Return: 0; -EBUSY: somebody records; -EINVAL: @ring_kb is out of range; -ENOMEM;
 *	what spcpu_native_snapshot() says.
 */
int spcpu_record_start(struct spcpu_snapshot *first, unsigned int ring_kb)
{
	int err = -EBUSY;

	ring_kb = ring_kb ?: RING_KB;
	if (ring_kb < 4 || ring_kb > MOST_RING_KB)
		return -EINVAL;

	mutex_lock(&control);
	if (!busy) {
		err = start(first, ring_kb);
		busy = !err;
	}
	mutex_unlock(&control);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_start);

/* the note with the next number, if it is there already */
static bool take_note(struct spcpu_seen *seen)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct ring *ring = per_cpu_ptr(&rings, cpu);

		/* the CPU has written what is before the head */
		if (ring->tail == smp_load_acquire(&ring->head))
			continue;
		if (ring->seen[ring->tail & mask].seq != next_seq)
			continue;
		*seen = ring->seen[ring->tail & mask];
		/* the CPU may write there again */
		smp_store_release(&ring->tail, ring->tail + 1);
		next_seq++;
		return true;
	}
	return false;
}

static bool take_notes(void)
{
	struct spcpu_seen seen;
	bool any = false;

	while (take_note(&seen)) {
		seen.op.time -= min(started, seen.op.time);
		spcpu_sequence_add(&sequence, &seen);
		any = true;
	}
	return any;
}

/* lost since it was asked last, wherever */
static u64 newly_lost(void)
{
	u64 lost = sequence.lost + order_probe.nmissed;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		lost += READ_ONCE(per_cpu(rings, cpu).lost);
	lost -= lost_told;
	lost_told += lost;
	return lost;
}

static bool tell_lost(struct spcpu_op *op)
{
	u64 lost = newly_lost();

	if (!lost)
		return false;
	*op = (struct spcpu_op) { .kind = SPCPU_OP_LOST, .word = lost };
	op->time = local_clock() - started;
	nr_lost += lost;
	spcpu_sequence_has_gaps(&sequence);
	return true;
}

/**
 * spcpu_record_next() - the next event, in the order in which they happened
 * @op: set to it
 *
 * That something was lost is told before all that was noted after it.
 *
 * Context: Process context, one at a time, after spcpu_record_start(). May sleep.
 * Return: True if there is one already.
 */
bool spcpu_record_next(struct spcpu_op *op)
{
	/* looked at before the rings: nobody writes there any more */
	bool over = smp_load_acquire(&closed);

	while (!spcpu_sequence_next(&sequence, false, op)) {
		if (take_notes()) {
			if (tell_lost(op))
				return true;
			continue;
		}
		if (over && spcpu_sequence_next(&sequence, true, op))
			break;
		if (tell_lost(op))
			return true;
		finished = over;
		return false;
	}
	nr_seen++;
	return true;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_next);

/**
 * spcpu_record_over() - was that all?
 *
 * Context: Process context, after spcpu_record_next() said that there is none.
 * Return: True if the recording has been stopped, and no more events will come.
 */
bool spcpu_record_over(void)
{
	return finished;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_over);

/**
 * spcpu_record_wait() - let time pass until there may be more events
 *
 * Context: Process context, after spcpu_record_next() said there is none. Sleeps for
 *	some ms.
 * Return: 0: look again; -ERESTARTSYS: a signal came.
 */
int spcpu_record_wait(void)
{
	return msleep_interruptible(NAP) ? -ERESTARTSYS : 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_wait);

/**
 * spcpu_record_stop() - no more events
 * @last: an empty snapshot, filled with all chunks after the last one
 *
 * What was noted before is there to be consumed until spcpu_record_end().
 *
 * Between its place and its trace nobody sleeps, but for those who hold the mutex,
 * which the snapshot takes: who has slept since has told where he was placed.
 *
 * Context: Process context, after spcpu_record_start(). May sleep.
 * Return: As spcpu_native_snapshot(); the recording is stopped all the same.
 */
int spcpu_record_stop(struct spcpu_snapshot *last)
{
	int err = spcpu_native_snapshot(last, end);

	WRITE_ONCE(state, DRAINING);
	synchronize_rcu_tasks();
	WRITE_ONCE(state, OFF);
	/* for probes that looked at it before */
	tracepoint_synchronize_unregister();
	/* the consumer sees that before it looks into the rings for the last time */
	smp_store_release(&closed, true);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_stop);

/**
 * spcpu_record_end() - give back what recording took
 *
 * Context: Process context, after spcpu_record_start(); nobody consumes any more.
 *	May sleep.
 */
void spcpu_record_end(void)
{
	mutex_lock(&control);
	WRITE_ONCE(state, OFF);
	unregister(ARRAY_SIZE(probes));
	spcpu_sequence_exit(&sequence);
	free_rings();
	busy = false;
	mutex_unlock(&control);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_end);

/**
 * spcpu_record_status() - how it stands
 * @status: set to it
 *
 * Context: Any.
 */
void spcpu_record_status(struct spcpu_record_status *status)
{
	*status = (struct spcpu_record_status) {
		.on = READ_ONCE(state) == ON,
		.seen = nr_seen,
		.lost = nr_lost,
		.exact = exact,
	};
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_status);

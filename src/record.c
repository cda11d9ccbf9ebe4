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

/* how long an allocation may take to tell where it was placed, ms */
#define PATIENCE	1000
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

/* between the beginning and the end of the kernel's worker */
static bool worker_active;

/*
 * The state of chunks when the worker began, or when it was noted last; under the
 * kernel's lock. Of chunks that share a cell one is remembered.
 */
static struct {
	u64 base;
	u64 hash;
} noted[1 << STATE_BITS];

/* one who records; @control keeps those apart who start and stop */
static DEFINE_MUTEX(control);
static bool busy;
static bool exact;
static struct spcpu_sequence sequence;
static u64 next_seq;
static u64 lost_told;
static u64 nr_seen;
static u64 nr_lost;
static unsigned int waited;

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

/* until here it is what came of the events: before the worker does anything */
static void remember_state(void *unused, const struct spcpu_native_state *chunk)
{
	unsigned int cell = hash_64(chunk->base, STATE_BITS);

	noted[cell].base = chunk->base;
	noted[cell].hash = hash_of(chunk);
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

	if (noted[cell].base == chunk->base && noted[cell].hash == hash)
		return;

	noted[cell].base = chunk->base;
	noted[cell].hash = hash;
	for (op.off = 0; op.off < chunk->nr_pages; op.off += 64) {
		op.word = pages_of(chunk, op.off);
		note(SPCPU_OP_STATE, 0, &op);
	}
}

/* before an event under the lock: what has the worker done until then? */
static void note_worker(void)
{
	if (READ_ONCE(worker_active))
		spcpu_native_for_each(note_state, NULL);
}

/* under the kernel's lock */
static int on_order(struct kprobe *probe, struct pt_regs *regs)
{
	static const struct spcpu_op none;

	if (READ_ONCE(state) == ON) {
		note_worker();
		note(SPCPU_SEEN_ORDER, who(), &none);
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
		note_worker();
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
	if (READ_ONCE(state) == ON) {
		spcpu_native_for_each(remember_state, NULL);
		note(SPCPU_OP_WORKER, 0, &begin);
	}
	WRITE_ONCE(worker_active, true);
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
	if (READ_ONCE(state) == ON) {
		spcpu_native_for_each(note_state, NULL);
		note(SPCPU_OP_WORKER, 0, &end);
	}
	WRITE_ONCE(worker_active, false);
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

static void end(void)
{
	WRITE_ONCE(state, DRAINING);
}

static void reset(void)
{
	atomic64_set(&last_seq, 0);
	memset(noted, 0, sizeof(noted));
	worker_active = false;
	next_seq = 1;
	lost_told = 0;
	nr_seen = 0;
	nr_lost = 0;
	waited = 0;
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

/* lost since it was asked last, wherever */
static u64 newly_lost(void)
{
	unsigned int cpu;
	u64 lost = sequence.lost;

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
	return true;
}

/**
 * spcpu_record_next() - the next event, in the order in which they happened
 * @op: set to it
 *
 * Context: Process context, one at a time, after spcpu_record_start(). May sleep.
 * Return: True if there is one already.
 */
bool spcpu_record_next(struct spcpu_op *op)
{
	bool over = waited >= PATIENCE;
	struct spcpu_seen seen;

	if (tell_lost(op))
		return true;
	while (!spcpu_sequence_next(&sequence, over, op)) {
		if (!take_note(&seen))
			return tell_lost(op);
		seen.op.time -= min(started, seen.op.time);
		spcpu_sequence_add(&sequence, &seen);
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
	return READ_ONCE(state) != ON && sequence.head == sequence.tail;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_over);

/**
 * spcpu_record_wait() - let time pass until there may be more events
 *
 * Once the recording has been stopped, who does not tell in time where he was placed
 * is not waited for any more.
 *
 * Context: Process context, after spcpu_record_next() said there is none. Sleeps for
 *	some ms.
 * Return: 0: look again; -ERESTARTSYS: a signal came.
 */
int spcpu_record_wait(void)
{
	if (READ_ONCE(state) != ON)
		waited += NAP;
	return msleep_interruptible(NAP) ? -ERESTARTSYS : 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_record_wait);

/**
 * spcpu_record_stop() - no more events
 * @last: an empty snapshot, filled with all chunks after the last one
 *
 * What was noted before is there to be consumed until spcpu_record_end().
 *
 * Context: Process context, after spcpu_record_start(). May sleep.
 * Return: As spcpu_native_snapshot(); the recording is stopped all the same.
 */
int spcpu_record_stop(struct spcpu_snapshot *last)
{
	int err = spcpu_native_snapshot(last, end);

	WRITE_ONCE(state, DRAINING);
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

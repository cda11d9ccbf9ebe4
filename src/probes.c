// SPDX-License-Identifier: GPL-2.0
/*
 * Probes: where the kernel's percpu allocator passes by, a note is left.
 *
 * Frees, and a look at who allocates before he gets his place, are under the
 * allocator's lock, and so is whatever changes the state here.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/percpu.h>
#include <trace/events/workqueue.h>

#include "compat/entry.h"
#include "compat/native.h"
#include "notes.h"
#include "probes.h"
#include "recording.h"
#include "sequence.h"

/* chunks whose state is remembered; that of others is noted again and again */
#define STATE_BITS	10

static enum spcpu_probes_state state;

/* the kernel passes by */
static bool registered;

/* and there is a probe where places are given */
static bool exact;

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

static void note_word(struct spcpu_ring *ring,
		      const struct spcpu_native_state *chunk, int page)
{
	struct spcpu_note *note;

	note = spcpu_note_open(ring, SPCPU_OP_STATE,
			       chunk->isolated ? SPCPU_OP_ISOLATED : 0);
	if (!note)
		return;

	note->who = 0;
	note->base = chunk->base;
	note->slot = chunk->slot;
	note->off = page;
	note->extra = pages_of(chunk, page);
	spcpu_note_close(ring, note);
}

/* interrupts are off, as long as the lock is held */
static void note_state(void *unused, const struct spcpu_native_state *chunk)
{
	unsigned int cell = hash_64(chunk->base, STATE_BITS);
	u64 hash = hash_of(chunk);
	int page;

	if (noted[cell].base == chunk->base && noted[cell].hash == hash &&
	    noted[cell].round == round)
		return;

	noted[cell].base = chunk->base;
	noted[cell].hash = hash;
	noted[cell].round = round;
	for (page = 0; page < chunk->nr_pages; page += 64)
		note_word(this_cpu_ptr(&spcpu_rings), chunk, page);
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

/* an area of so many granules gets its place; under the kernel's lock */
static void on_order(u64 granules)
{
	struct spcpu_ring *ring;
	struct spcpu_note *note;
	u8 flags;

	if (READ_ONCE(state) != SPCPU_PROBES_ON)
		return;

	flags = note_worker(true);
	ring = this_cpu_ptr(&spcpu_rings);
	note = spcpu_note_open(ring, SPCPU_SEEN_ORDER, flags);
	if (note) {
		note->who = who();
		note->size = granules << SPCPU_GRANULE_SHIFT;
		spcpu_note_close(ring, note);
	}
}

static u8 flags_of(bool reserved, bool is_atomic, gfp_t gfp)
{
	return (is_atomic ? SPCPU_OP_ATOMIC : 0) |
	       (reserved ? SPCPU_OP_RESERVED : 0) |
	       (gfp & __GFP_ACCOUNT ? SPCPU_OP_ACCOUNT : 0);
}

/* what was placed before the end is told apart from what came after, if at all */
static bool is_noted_late(void)
{
	enum spcpu_probes_state now = READ_ONCE(state);

	return now == SPCPU_PROBES_ON || (now == SPCPU_PROBES_DRAINING && exact);
}

static void on_alloc(void *unused, unsigned long call_site, bool reserved,
		     bool is_atomic, size_t size, size_t align, void *base_addr,
		     int off, void __percpu *ptr, size_t bytes_alloc,
		     gfp_t gfp_flags)
{
	struct spcpu_ring *ring;
	struct spcpu_note *note;
	unsigned long flags;

	if (!is_noted_late())
		return;

	local_irq_save(flags);
	ring = this_cpu_ptr(&spcpu_rings);
	note = spcpu_note_open(ring, SPCPU_OP_ALLOC,
			       flags_of(reserved, is_atomic, gfp_flags));
	if (note) {
		note->who = who();
		note->base = (unsigned long)base_addr;
		note->off = off;
		note->size = size;
		note->align = align;
		note->extra = call_site;
		spcpu_note_close(ring, note);
	}
	local_irq_restore(flags);
}

/* under the kernel's lock */
static void on_free(void *unused, void *base_addr, int off, void __percpu *ptr)
{
	struct spcpu_ring *ring;
	struct spcpu_note *note;

	if (READ_ONCE(state) != SPCPU_PROBES_ON)
		return;

	note_worker(false);
	ring = this_cpu_ptr(&spcpu_rings);
	note = spcpu_note_open(ring, SPCPU_OP_FREE, 0);
	if (note) {
		note->who = 0;
		note->base = (unsigned long)base_addr;
		note->off = off;
		spcpu_note_close(ring, note);
	}
}

static void on_fail(void *unused, bool reserved, bool is_atomic, size_t size,
		    size_t align)
{
	struct spcpu_ring *ring;
	struct spcpu_note *note;
	unsigned long flags;

	if (!is_noted_late())
		return;

	local_irq_save(flags);
	ring = this_cpu_ptr(&spcpu_rings);
	note = spcpu_note_open(ring, SPCPU_OP_FAIL,
			       flags_of(reserved, is_atomic, 0));
	if (note) {
		note->who = who();
		note->size = size;
		note->align = align;
		note->extra = 0;
		spcpu_note_close(ring, note);
	}
	local_irq_restore(flags);
}

/* what has a chunk, or a word, and nothing else */
static void note_simple(u8 kind, u64 base, u64 word)
{
	struct spcpu_ring *ring;
	struct spcpu_note *note;
	unsigned long flags;

	if (READ_ONCE(state) != SPCPU_PROBES_ON)
		return;

	local_irq_save(flags);
	ring = this_cpu_ptr(&spcpu_rings);
	note = spcpu_note_open(ring, kind, 0);
	if (note) {
		note->who = 0;
		note->base = base;
		note->extra = word;
		spcpu_note_close(ring, note);
	}
	local_irq_restore(flags);
}

/* with the kernel's mutex held, as when the recording begins and ends */
static void on_create(void *unused, void *base_addr)
{
	note_simple(SPCPU_OP_CREATE, (unsigned long)base_addr, 0);
}

static void on_destroy(void *unused, void *base_addr)
{
	note_simple(SPCPU_OP_DESTROY, (unsigned long)base_addr, 0);
}

static void on_work_start(void *unused, struct work_struct *work)
{
	unsigned long flags;

	if (!spcpu_native_is_worker(work))
		return;

	spcpu_native_lock(&flags);
	worker = current;
	unnoted = true;
	round++;
	note_simple(SPCPU_OP_WORKER, 0, 0);
	spcpu_native_unlock(flags);
}

static void on_work_end(void *unused, struct work_struct *work,
			work_func_t function)
{
	unsigned long flags;

	if (!spcpu_native_is_worker(work))
		return;

	spcpu_native_lock(&flags);
	worker = NULL;
	if (READ_ONCE(state) == SPCPU_PROBES_ON)
		note_worker(false);
	note_simple(SPCPU_OP_WORKER, 0, 1);
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
 * spcpu_probes_find() - find where probes go
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENOENT: a tracepoint is missing, logged.
 */
int spcpu_probes_find(void)
{
	unsigned int i;

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

static void unregister(unsigned int nr)
{
	while (nr--)
		tracepoint_probe_unregister(probes[nr].tp, probes[nr].probe,
					    NULL);
	spcpu_entry_unregister();
	exact = false;
	tracepoint_synchronize_unregister();
}

/**
 * spcpu_probes_register() - have the kernel pass by the probes, which do nothing yet
 *
 * That there is none where places are given is no error: see spcpu_probes_exact().
 *
 * Context: Process context, after spcpu_probes_find(). May sleep.
 * Return: 0, or what the kernel says.
 */
int spcpu_probes_register(void)
{
	unsigned int i;
	int err;

	worker = NULL;
	unnoted = false;
	exact = !spcpu_entry_register("pcpu_alloc_area", on_order);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = tracepoint_probe_register(probes[i].tp, probes[i].probe,
						NULL);
		if (err) {
			unregister(i);
			return err;
		}
	}
	registered = true;
	return 0;
}

/**
 * spcpu_probes_unregister() - no probe runs any more
 *
 * Context: Process context; fine when none is registered. May sleep.
 */
void spcpu_probes_unregister(void)
{
	WRITE_ONCE(state, SPCPU_PROBES_OFF);
	if (registered)
		unregister(ARRAY_SIZE(probes));
	registered = false;
}

/**
 * spcpu_probes_set() - have the probes note all, some, or nothing
 * @to: what
 *
 * Context: Any. To begin, and to end, with the kernel's lock held.
 */
void spcpu_probes_set(enum spcpu_probes_state to)
{
	WRITE_ONCE(state, to);
}

/**
 * spcpu_probes_settle() - note what the worker has done until now
 *
 * Context: With the kernel's mutex and lock held, before noting ends.
 */
void spcpu_probes_settle(void)
{
	note_worker(true);
}

/**
 * spcpu_probes_exact() - is there a probe where places are given?
 *
 * Context: Any, after spcpu_probes_register().
 * Return: True if there is.
 */
bool spcpu_probes_exact(void)
{
	return exact;
}

/**
 * spcpu_probes_missed() - how often was a probe passed by that could not run?
 *
 * Context: Any.
 * Return: As often.
 */
u64 spcpu_probes_missed(void)
{
	return spcpu_entry_missed();
}

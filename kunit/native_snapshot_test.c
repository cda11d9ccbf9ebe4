// SPDX-License-Identifier: GPL-2.0
/*
 * Native snapshot: the kernel's own percpu allocator, copied and held against itself,
 * and against what is known of it from outside.
 */
#include <linux/bitmap.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include "compat/native.h"
#include "engine_bitmap.h"
#include "fixture.h"
#include "kmsg.h"
#include "suites.h"

#define SIZE	1000
#define ALIGN_TO 64

static void exit_snapshot(void *snap)
{
	spcpu_snapshot_exit(snap);
}

static struct spcpu_snapshot *empty_snapshot(struct kunit *test)
{
	struct spcpu_snapshot *snap = kunit_kzalloc(test, sizeof(*snap),
						    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, snap);
	spcpu_snapshot_init(snap);
	spcpu_test_at_exit(test, exit_snapshot, snap);
	return snap;
}

static struct spcpu_snapshot *take(struct kunit *test)
{
	struct spcpu_snapshot *snap = empty_snapshot(test);

	KUNIT_ASSERT_EQ(test, 0, spcpu_native_snapshot(snap, NULL));
	return snap;
}

static void native_holds_against_itself(struct kunit *test)
{
	struct spcpu_snapshot *snap = take(test);
	struct spcpu_snapshot_chunk *chunk;
	unsigned int nr = 0, nr_first = 0;
	const char *why = "";

	KUNIT_EXPECT_EQ_MSG(test, 0, spcpu_snapshot_check(snap, &why), "%s",
			    why);
	list_for_each_entry(chunk, &snap->chunks, node) {
		nr++;
		nr_first += chunk->immutable;
	}
	KUNIT_EXPECT_EQ(test, nr, snap->nr_chunks);
	/* the dynamic and perhaps the reserved part of the first chunk */
	KUNIT_EXPECT_GE(test, nr_first, 1U);
	KUNIT_EXPECT_LE(test, nr_first, 2U);
}

/* as an address in the lowest unit, by which the kernel counts */
static u64 address(const void __percpu *ptr)
{
	u64 low = U64_MAX;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		low = min_t(u64, low, (unsigned long)per_cpu_ptr(ptr, cpu));
	return low;
}

static struct spcpu_snapshot_chunk *chunk_of(struct spcpu_snapshot *snap,
					     u64 addr)
{
	struct spcpu_snapshot_chunk *chunk;

	list_for_each_entry(chunk, &snap->chunks, node) {
		u64 size = (u64)chunk->map.nr_blocks << PAGE_SHIFT;

		if (addr >= chunk->base + chunk->head &&
		    addr < chunk->base + size - chunk->tail)
			return chunk;
	}
	return NULL;
}

static void native_sees_an_object(struct kunit *test)
{
	void __percpu *ptr = __alloc_percpu(SIZE, ALIGN_TO);
	struct spcpu_snapshot *snap = take(test);
	struct spcpu_snapshot_chunk *chunk;
	u64 addr = ptr ? address(ptr) : 0;
	int at;

	free_percpu(ptr);
	KUNIT_ASSERT_NE(test, addr, 0ULL);
	chunk = chunk_of(snap, addr);
	KUNIT_ASSERT_NOT_NULL(test, chunk);
	at = (addr - chunk->base) >> SPCPU_GRANULE_SHIFT;
	KUNIT_EXPECT_EQ(test, spcpu_map_size(&chunk->map, at),
			SIZE >> SPCPU_GRANULE_SHIFT);
	KUNIT_EXPECT_TRUE(test, test_bit(at * SPCPU_GRANULE >> PAGE_SHIFT,
					 chunk->populated));

	snap = take(test);
	chunk = chunk_of(snap, addr);
	if (chunk)
		KUNIT_EXPECT_LT(test, spcpu_map_size(&chunk->map, at), 0);
}

static bool was_held;
static const struct task_struct *held_by;

static void look_around(void)
{
	was_held = irqs_disabled();
	held_by = spcpu_native_holder();
}

static void native_calls_under_the_lock(struct kunit *test)
{
	struct spcpu_snapshot *snap = empty_snapshot(test);

	was_held = false;
	KUNIT_ASSERT_EQ(test, 0, spcpu_native_snapshot(snap, look_around));
	KUNIT_EXPECT_TRUE(test, was_held);
	KUNIT_EXPECT_PTR_EQ(test, held_by,
			    (const struct task_struct *)current);
	KUNIT_EXPECT_PTR_NE(test, spcpu_native_holder(),
			    (const struct task_struct *)current);
}

static void native_again_and_again(struct kunit *test)
{
	struct spcpu_snapshot snap;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		spcpu_snapshot_init(&snap);
		KUNIT_ASSERT_EQ(test, 0, spcpu_native_snapshot(&snap, NULL));
		spcpu_snapshot_exit(&snap);
	}
}

static struct spcpu_snapshot_chunk *any(struct spcpu_snapshot *snap)
{
	return list_last_entry(&snap->chunks, struct spcpu_snapshot_chunk,
			       node);
}

static void spoil_reserve(struct spcpu_snapshot *snap)
{
	snap->nr_empty_pop++;
}

static void spoil_base(struct spcpu_snapshot *snap)
{
	any(snap)->base += 8;
}

static void spoil_free(struct spcpu_snapshot *snap)
{
	any(snap)->map.free_bits--;
}

static void spoil_pages(struct spcpu_snapshot *snap)
{
	any(snap)->nr_populated--;
}

static void spoil_block(struct spcpu_snapshot *snap)
{
	spcpu_bitmap(&any(snap)->map)->blocks[0].nr_bits--;
}

static void spoil_slot(struct spcpu_snapshot *snap)
{
	any(snap)->slot = 1;
	list_move(&any(snap)->node, &snap->chunks);
	list_first_entry(&snap->chunks, struct spcpu_snapshot_chunk,
			 node)->isolated = true;
}

static void spoil_slots(struct spcpu_snapshot *snap)
{
	snap->nr_slots++;
}

static void native_refuses(struct kunit *test)
{
	static void (* const all[])(struct spcpu_snapshot *snap) = {
		spoil_reserve, spoil_base, spoil_free, spoil_pages, spoil_block,
		spoil_slot, spoil_slots,
	};
	struct spcpu_kmsg log;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		spcpu_kmsg_mark(&log);
		spcpu_native_spoil = all[i];
		KUNIT_EXPECT_EQ_MSG(test, -EOPNOTSUPP, spcpu_native_init(),
				    "%u", i);
		spcpu_native_spoil = NULL;
		KUNIT_EXPECT_EQ(test, 1U, spcpu_kmsg_count(&log, "snapshot=1"));
	}
	KUNIT_EXPECT_EQ(test, 0, spcpu_native_init());
}

/* refused, and nothing is left in the snapshot */
static void native_refuses_later(struct kunit *test)
{
	struct spcpu_snapshot *snap = empty_snapshot(test);

	spcpu_native_spoil = spoil_pages;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, spcpu_native_snapshot(snap, NULL));
	spcpu_native_spoil = NULL;
	KUNIT_EXPECT_EQ(test, snap->nr_chunks, 0U);
	KUNIT_EXPECT_TRUE(test, list_empty(&snap->chunks));
}

static int native_snapshot_init(struct kunit *test)
{
	return spcpu_native_init();
}

static struct kunit_case native_snapshot_cases[] = {
	KUNIT_CASE(native_holds_against_itself),
	KUNIT_CASE(native_sees_an_object),
	KUNIT_CASE(native_calls_under_the_lock),
	KUNIT_CASE(native_again_and_again),
	KUNIT_CASE(native_refuses),
	KUNIT_CASE(native_refuses_later),
	{ }
};

struct kunit_suite spcpu_native_snapshot_suite = {
	.name = "shadow_percpu_native_snapshot",
	.init = native_snapshot_init,
	.test_cases = native_snapshot_cases,
};

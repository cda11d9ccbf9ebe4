// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: which one a chunk belongs to, and in which order chunks are asked.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "slot.h"
#include "suites.h"

/* the kernel's own units on small and large machines, powers of two and not */
static const size_t unit_sizes[] = {
	SZ_32K, 36 << 10, 184 << 10, SZ_256K, 340 << 10, SZ_512K, SZ_1M,
};

static struct spcpu_slots slots;

static void make_slots(struct kunit *test, size_t unit_size)
{
	spcpu_slots_exit(&slots);
	KUNIT_ASSERT_EQ(test, spcpu_slots_init(&slots, unit_size), 0);
}

static void slot_test_exit(struct kunit *test)
{
	spcpu_slots_exit(&slots);
}

/* the rule, with neither fls() nor a special case for anything */
static int slot_by_counting(size_t bytes, size_t unit_size)
{
	size_t limit = 16;
	int slot = 1;

	while (limit <= bytes) {
		limit *= 2;
		slot++;
	}
	if (bytes < unit_size)
		return slot;

	/* past the one for a unit: sidelined, then free */
	return slot + 2;
}

static void slot_numbers(struct kunit *test)
{
	make_slots(test, SZ_32K);
	KUNIT_EXPECT_EQ(test, slots.sidelined, 14);
	make_slots(test, 184 << 10);
	KUNIT_EXPECT_EQ(test, slots.sidelined, 16);
	make_slots(test, SZ_256K);
	KUNIT_EXPECT_EQ(test, slots.sidelined, 17);
	make_slots(test, SZ_512K);
	KUNIT_EXPECT_EQ(test, slots.sidelined, 18);
	KUNIT_EXPECT_EQ(test, slots.free, 19);
	KUNIT_EXPECT_EQ(test, slots.to_depopulate, 20);
	KUNIT_EXPECT_EQ(test, slots.nr, 21);
	KUNIT_EXPECT_EQ(test, slots.unit_size, (size_t)SZ_512K);
}

static void slot_lists_start_empty(struct kunit *test)
{
	int i;

	make_slots(test, SZ_512K);
	for (i = 0; i < slots.nr; i++)
		KUNIT_EXPECT_TRUE(test, list_empty(&slots.lists[i]));
}

static void slot_of_every_size(struct kunit *test)
{
	size_t bytes;
	int i, wrong;

	for (i = 0; i < ARRAY_SIZE(unit_sizes); i++) {
		make_slots(test, unit_sizes[i]);
		wrong = 0;
		for (bytes = 1; bytes <= unit_sizes[i]; bytes++)
			wrong += spcpu_slot_of_size(&slots, bytes) !=
				 slot_by_counting(bytes, unit_sizes[i]);
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "units of %zu bytes",
				    unit_sizes[i]);
	}
}

static void slot_of_small_sizes(struct kunit *test)
{
	make_slots(test, SZ_512K);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, 4), 1);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, 12), 1);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, 16), 2);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, 28), 2);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, 32), 3);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, SZ_32K), 13);
}

static void slot_of_whole_unit(struct kunit *test)
{
	make_slots(test, 184 << 10);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, 184 << 10),
			slots.free);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, (184 << 10) - 4),
			slots.sidelined - 1);
}

static void slot_of_space(struct kunit *test)
{
	make_slots(test, SZ_512K);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_space(&slots, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_space(&slots, 3, 3), 0);
	/* room, but no run of it is known */
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_space(&slots, 4096, 0), 0);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_space(&slots, 4, 4), 1);
	/* the run counts, not the sum */
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_space(&slots, 4096, 16), 2);
	KUNIT_EXPECT_EQ(test, spcpu_slot_of_space(&slots, SZ_512K, SZ_512K),
			slots.free);
}

/* slot by slot, ranges are next to each other, from a byte to a whole unit */
static void slot_ranges_meet(struct kunit *test)
{
	size_t lo, hi, next;
	int i, slot;

	for (i = 0; i < ARRAY_SIZE(unit_sizes); i++) {
		make_slots(test, unit_sizes[i]);
		next = 1;
		for (slot = 1; slot < slots.sidelined; slot++) {
			spcpu_slot_range(&slots, slot, &lo, &hi);
			KUNIT_EXPECT_EQ(test, lo, next);
			next = hi + 1;
		}
		spcpu_slot_range(&slots, slots.free, &lo, &hi);
		KUNIT_EXPECT_EQ(test, lo, next);
		KUNIT_EXPECT_EQ(test, lo, unit_sizes[i]);
		KUNIT_EXPECT_EQ(test, hi, unit_sizes[i]);
	}
}

/* both ends of a range belong to its slot, what is beyond does not */
static void slot_ranges_are_of_their_slot(struct kunit *test)
{
	size_t lo, hi;
	int i, slot;

	for (i = 0; i < ARRAY_SIZE(unit_sizes); i++) {
		make_slots(test, unit_sizes[i]);
		for (slot = 1; slot < slots.sidelined; slot++) {
			spcpu_slot_range(&slots, slot, &lo, &hi);
			if (lo > hi)
				continue;
			KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, lo),
					slot);
			KUNIT_EXPECT_EQ(test, spcpu_slot_of_size(&slots, hi),
					slot);
			KUNIT_EXPECT_NE(test,
					spcpu_slot_of_size(&slots, hi + 1),
					slot);
		}
	}
}

static void slot_range_of_nothing(struct kunit *test)
{
	size_t lo, hi;

	make_slots(test, SZ_512K);
	spcpu_slot_range(&slots, 0, &lo, &hi);
	KUNIT_EXPECT_EQ(test, lo, (size_t)0);
	KUNIT_EXPECT_EQ(test, hi, (size_t)0);

	/* 512 KB and above: such a chunk is free, or too large */
	spcpu_slot_range(&slots, slots.sidelined - 1, &lo, &hi);
	KUNIT_EXPECT_GT(test, lo, hi);

	make_slots(test, SZ_512K + PAGE_SIZE);
	spcpu_slot_range(&slots, slots.sidelined - 1, &lo, &hi);
	KUNIT_EXPECT_EQ(test, lo, (size_t)SZ_512K);
	KUNIT_EXPECT_EQ(test, hi, (size_t)(SZ_512K + PAGE_SIZE - 1));
}

static void slot_range_of_any(struct kunit *test)
{
	size_t lo, hi;

	make_slots(test, SZ_512K);
	spcpu_slot_range(&slots, slots.sidelined, &lo, &hi);
	KUNIT_EXPECT_EQ(test, lo, (size_t)0);
	KUNIT_EXPECT_EQ(test, hi, (size_t)SZ_512K);
	spcpu_slot_range(&slots, slots.to_depopulate, &lo, &hi);
	KUNIT_EXPECT_EQ(test, lo, (size_t)0);
	KUNIT_EXPECT_EQ(test, hi, (size_t)SZ_512K);
}

static void slot_names(struct kunit *test)
{
	int i;

	make_slots(test, SZ_512K);
	KUNIT_EXPECT_STREQ(test, spcpu_slot_name(&slots, 0), "full");
	for (i = 1; i < slots.sidelined; i++)
		KUNIT_EXPECT_STREQ(test, spcpu_slot_name(&slots, i), "");
	KUNIT_EXPECT_STREQ(test, spcpu_slot_name(&slots, slots.sidelined),
			   "sidelined");
	KUNIT_EXPECT_STREQ(test, spcpu_slot_name(&slots, slots.free), "free");
	KUNIT_EXPECT_STREQ(test, spcpu_slot_name(&slots, slots.to_depopulate),
			   "to_depopulate");
}

/* what an allocation would find, in this order */
static void expect_order(struct kunit *test, int slot,
			 struct list_head *first, struct list_head *second)
{
	KUNIT_EXPECT_PTR_EQ(test, slots.lists[slot].next, first);
	KUNIT_EXPECT_PTR_EQ(test, first->next, second);
	KUNIT_EXPECT_PTR_EQ(test, second->next, &slots.lists[slot]);
}

static void slot_move_front_and_tail(struct kunit *test)
{
	LIST_HEAD(a);
	LIST_HEAD(b);

	make_slots(test, SZ_512K);
	spcpu_slot_move(&slots, &a, 3, true);
	spcpu_slot_move(&slots, &b, 3, true);
	expect_order(test, 3, &b, &a);
	spcpu_slot_move(&slots, &b, 3, false);
	expect_order(test, 3, &a, &b);

	spcpu_slot_move(&slots, &a, 0, false);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&slots.lists[3]));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&slots.lists[0]));
}

static void slot_relocate_rises_to_front(struct kunit *test)
{
	LIST_HEAD(a);
	LIST_HEAD(b);

	make_slots(test, SZ_512K);
	spcpu_slot_relocate(&slots, &a, -1, 5);
	spcpu_slot_relocate(&slots, &b, -1, 4);
	spcpu_slot_relocate(&slots, &b, 4, 5);
	expect_order(test, 5, &b, &a);
	KUNIT_EXPECT_TRUE(test, list_empty(&slots.lists[4]));
}

static void slot_relocate_falls_to_tail(struct kunit *test)
{
	LIST_HEAD(a);
	LIST_HEAD(b);

	make_slots(test, SZ_512K);
	spcpu_slot_relocate(&slots, &a, -1, 5);
	spcpu_slot_relocate(&slots, &b, -1, 6);
	spcpu_slot_relocate(&slots, &b, 6, 5);
	expect_order(test, 5, &a, &b);
	KUNIT_EXPECT_TRUE(test, list_empty(&slots.lists[6]));
}

static void slot_relocate_new_chunk(struct kunit *test)
{
	LIST_HEAD(a);
	LIST_HEAD(b);

	make_slots(test, SZ_512K);
	spcpu_slot_relocate(&slots, &a, -1, 0);
	spcpu_slot_relocate(&slots, &b, -1, 0);
	expect_order(test, 0, &b, &a);
}

static void slot_relocate_unchanged(struct kunit *test)
{
	LIST_HEAD(a);
	LIST_HEAD(b);

	make_slots(test, SZ_512K);
	spcpu_slot_relocate(&slots, &a, -1, 2);
	spcpu_slot_relocate(&slots, &b, -1, 2);
	spcpu_slot_relocate(&slots, &a, 2, 2);
	expect_order(test, 2, &b, &a);

	/* put aside after a failed fit, it stays there until its run changes */
	spcpu_slot_move(&slots, &a, 0, false);
	spcpu_slot_relocate(&slots, &a, 2, 2);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&slots.lists[0]));
	spcpu_slot_relocate(&slots, &a, 2, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&slots.lists[0]));
	KUNIT_EXPECT_PTR_EQ(test, slots.lists[1].next, &a);
}

static void slot_exit_of_nothing(struct kunit *test)
{
	struct spcpu_slots none = {};

	spcpu_slots_exit(&none);
	spcpu_slots_exit(&none);
	KUNIT_EXPECT_EQ(test, spcpu_slots_init(&none, SZ_32K), 0);
	spcpu_slots_exit(&none);
	KUNIT_EXPECT_NULL(test, none.lists);
	spcpu_slots_exit(&none);
}

static struct kunit_case slot_cases[] = {
	KUNIT_CASE(slot_numbers),
	KUNIT_CASE(slot_lists_start_empty),
	KUNIT_CASE(slot_of_every_size),
	KUNIT_CASE(slot_of_small_sizes),
	KUNIT_CASE(slot_of_whole_unit),
	KUNIT_CASE(slot_of_space),
	KUNIT_CASE(slot_ranges_meet),
	KUNIT_CASE(slot_ranges_are_of_their_slot),
	KUNIT_CASE(slot_range_of_nothing),
	KUNIT_CASE(slot_range_of_any),
	KUNIT_CASE(slot_names),
	KUNIT_CASE(slot_move_front_and_tail),
	KUNIT_CASE(slot_relocate_rises_to_front),
	KUNIT_CASE(slot_relocate_falls_to_tail),
	KUNIT_CASE(slot_relocate_new_chunk),
	KUNIT_CASE(slot_relocate_unchanged),
	KUNIT_CASE(slot_exit_of_nothing),
	{}
};

struct kunit_suite spcpu_slot_suite = {
	.name = "shadow_percpu_slot",
	.exit = slot_test_exit,
	.test_cases = slot_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Class: whatever is asked for, the objects of its class do for it, without much
 * loss; and spans are full of them.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "class.h"
#include "span.h"
#include "suites.h"

#define NR_PLAIN	((int)BIT(SPCPU_CLASS_SHIFT))

/* the kernel's own rule: an object of n bytes begins at a multiple of this */
static size_t natural_align(size_t size)
{
	return size & -size;
}

/* what is given for a request; NULL: it has no class */
static const struct spcpu_class *class_for(size_t size, size_t align)
{
	int class = spcpu_class_of(size, align, GFP_KERNEL);

	return class < 0 ? NULL : &spcpu_classes[class];
}

static void class_large_enough(struct kunit *test)
{
	size_t size, align;

	for (size = 1; size <= SPCPU_CLASS_MAX_SIZE; size++) {
		for (align = 1; align <= PAGE_SIZE; align *= 2) {
			const struct spcpu_class *c = class_for(size, align);

			if (!c)
				continue;
			KUNIT_ASSERT_GE(test, (size_t)c->size, size);
			KUNIT_ASSERT_GE(test, (size_t)c->align, align);
		}
	}
}

/* every size has one, and so has every type: its size is a multiple of its alignment */
static void class_for_every_type(struct kunit *test)
{
	size_t size, align;

	for (size = 1; size <= SPCPU_CLASS_MAX_SIZE; size++) {
		KUNIT_ASSERT_NOT_NULL(test, class_for(size, 4));
		for (align = 1; align <= SPCPU_CELL; align *= 2) {
			if (IS_ALIGNED(size, align))
				KUNIT_ASSERT_NOT_NULL_MSG(test,
							  class_for(size, align),
							  "%zu aligned to %zu",
							  size, align);
		}
	}
}

/* up to the next multiple of 4, from 16 bytes of 8, or an eighth if that is more */
static void class_wastes_little(struct kunit *test)
{
	size_t size, most;

	for (size = 1; size <= SPCPU_CLASS_MAX_SIZE; size++) {
		most = max(ALIGN(size, size <= 16 ? 4 : 8), size + size / 8);
		KUNIT_ASSERT_LE_MSG(test, (size_t)class_for(size, 1)->size, most,
				    "for %zu", size);
	}
}

/* a larger request never gets less, and a class's size gets just that */
static void class_sizes_ascend(struct kunit *test)
{
	size_t size, last = 0;

	for (size = 1; size <= SPCPU_CLASS_MAX_SIZE; size++) {
		const struct spcpu_class *c = class_for(size, 1);

		KUNIT_ASSERT_GE(test, (size_t)c->size, last);
		KUNIT_ASSERT_PTR_EQ(test, class_for(c->size, 1), c);
		last = c->size;
	}
	KUNIT_EXPECT_EQ(test, last, (size_t)SPCPU_CLASS_MAX_SIZE);
}

static void class_none(struct kunit *test)
{
	static const size_t sizes[] = {
		0, SPCPU_CLASS_MAX_SIZE + 1, SPCPU_CLASS_MAX_SIZE + 4, SZ_32K,
		UINT_MAX, 1UL << 32, (1UL << 32) + 8, LONG_MAX, SIZE_MAX,
		SIZE_MAX - 1, SIZE_MAX - 2, SIZE_MAX - 3, SIZE_MAX - 4,
	};
	static const size_t aligns[] = {
		0, 3, 5, 6, 7, 9, 12, 24, 96, 127, 129, 256, SZ_4K, SZ_8K,
		1UL << 32, 1UL << 63, SIZE_MAX, SIZE_MAX - 7, (1UL << 63) + 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_LT_MSG(test, spcpu_class_of(sizes[i], 1, GFP_KERNEL),
				    0, "%zu bytes", sizes[i]);
	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		KUNIT_EXPECT_LT_MSG(test,
				    spcpu_class_of(SZ_4K, aligns[i], GFP_KERNEL),
				    0, "aligned to %zu", aligns[i]);
		KUNIT_EXPECT_LT_MSG(test, spcpu_class_of(8, aligns[i], GFP_ATOMIC),
				    0, "aligned to %zu", aligns[i]);
	}
}

/* as many again for accounted objects, and they are the same */
static void class_accounted(struct kunit *test)
{
	size_t size;

	for (size = 1; size <= SPCPU_CLASS_MAX_SIZE; size++) {
		int plain = spcpu_class_of(size, 4, GFP_KERNEL);
		int accounted = spcpu_class_of(size, 4, GFP_KERNEL_ACCOUNT);

		KUNIT_ASSERT_LT(test, plain, NR_PLAIN);
		KUNIT_ASSERT_EQ(test, accounted, plain + NR_PLAIN);
		KUNIT_ASSERT_EQ(test, memcmp(&spcpu_classes[plain],
					     &spcpu_classes[accounted],
					     sizeof(*spcpu_classes)), 0);
	}
	KUNIT_EXPECT_EQ(test, spcpu_class_of(8, 8, GFP_ATOMIC | __GFP_ACCOUNT),
			spcpu_class_of(8, 8, GFP_KERNEL_ACCOUNT));
	KUNIT_EXPECT_EQ(test, spcpu_class_of(8, 8, GFP_NOWAIT),
			spcpu_class_of(8, 8, GFP_KERNEL));
}

static void expect_class(struct kunit *test, const struct spcpu_class *c)
{
	unsigned int bytes = c->size * c->objects;

	KUNIT_EXPECT_EQ(test, c->size % 4, 0);
	KUNIT_EXPECT_EQ(test, (unsigned int)c->align, 1U << c->shift);
	KUNIT_EXPECT_EQ(test, (size_t)c->align,
			min_t(size_t, natural_align(c->size), SPCPU_CELL));

	/* whole cells, no rest, no more than an allocator has to give */
	KUNIT_EXPECT_GT(test, c->objects, 0);
	KUNIT_EXPECT_EQ(test, (size_t)bytes % SPCPU_CELL, (size_t)0);
	KUNIT_EXPECT_LE(test, bytes, (unsigned int)SZ_32K);

	/* each object begins at a step of its own, and there is room for all */
	KUNIT_EXPECT_EQ(test, c->size % (1 << c->shift), 0);
	KUNIT_EXPECT_LE(test, bytes >> c->shift, 0U + SPCPU_SPAN_MAX_STEPS);

	KUNIT_EXPECT_GT(test, c->first, 0);
	KUNIT_EXPECT_GE(test, c->magazine, c->first);
}

static void class_makes_spans(struct kunit *test)
{
	unsigned int i, nr = 0;

	for (i = 0; i < SPCPU_NR_CLASSES; i++) {
		if (!spcpu_classes[i].size)
			continue;
		expect_class(test, &spcpu_classes[i]);
		nr++;
	}
	KUNIT_EXPECT_GT(test, nr, 2U * 16);
	KUNIT_EXPECT_EQ(test, (int)spcpu_classes[SPCPU_NO_CLASS].size, 0);
	KUNIT_EXPECT_EQ(test, (int)spcpu_classes[SPCPU_NO_CLASS].align, 0);
}

static struct kunit_case class_cases[] = {
	KUNIT_CASE(class_large_enough),
	KUNIT_CASE(class_for_every_type),
	KUNIT_CASE(class_wastes_little),
	KUNIT_CASE(class_sizes_ascend),
	KUNIT_CASE(class_none),
	KUNIT_CASE(class_accounted),
	KUNIT_CASE(class_makes_spans),
	{ }
};

struct kunit_suite spcpu_class_suite = {
	.name = "shadow_percpu_class",
	.test_cases = class_cases,
};

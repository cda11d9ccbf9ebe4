// SPDX-License-Identifier: GPL-2.0
/*
 * First chunk: static | reserved | dynamic in each unit, and where its pages
 * come from.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "fixture.h"
#include "suites.h"

#define UNIT		SZ_64K
#define UNIT_BITS	(UNIT >> SPCPU_GRANULE_SHIFT)
#define MAX_STATIC	(2 * PAGE_SIZE)

static const enum spcpu_first_mode modes[] = {
	SPCPU_FIRST_EMBED,
	SPCPU_FIRST_PAGE,
};

static const u8 *make_image(struct kunit *test)
{
	struct rnd_state rnd;
	u8 *image = kunit_kzalloc(test, MAX_STATIC, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, image);
	prandom_seed_state(&rnd, 2);
	prandom_bytes_state(&rnd, image, MAX_STATIC);
	return image;
}

static struct spcpu *usual(struct kunit *test, enum spcpu_first_mode mode)
{
	return spcpu_test_allocator(test, UNIT, SZ_8K, SZ_16K + SZ_4K, 1003,
				    make_image(test), mode);
}

static u8 *unit_of(const struct spcpu_window *window, unsigned int cpu)
{
	return (u8 *)window->units[cpu].start;
}

static void expect_images(struct kunit *test, struct spcpu *s, const void *image)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		KUNIT_ASSERT_EQ_MSG(test, 0,
				    memcmp(unit_of(s->first->window, cpu),
					   image, s->layout->static_size),
				    "CPU %u", cpu);
	}
}

/* what one CPU writes to its copy no other CPU sees */
static void expect_separate(struct kunit *test, struct spcpu *s)
{
	size_t size = s->layout->static_size;
	unsigned int cpu;
	u8 *unit;

	for_each_possible_cpu(cpu)
		memset(unit_of(s->first->window, cpu), cpu, size);
	for_each_possible_cpu(cpu) {
		unit = unit_of(s->first->window, cpu);
		KUNIT_ASSERT_NULL_MSG(test, memchr_inv(unit, cpu, size),
				      "CPU %u", cpu);
	}
}

static void first_chunk_image(struct kunit *test)
{
	static const size_t sizes[] = { 1, 7, 1003, SZ_4K - 1, SZ_4K + 2 };
	const u8 *image = make_image(test);
	struct spcpu *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		s = spcpu_test_allocator(test, UNIT, SZ_8K, 0, sizes[i], image,
					 modes[i % 2]);
		expect_images(test, s, image);
		expect_separate(test, s);
		spcpu_test_drop(test, s);
	}
}

/* promise 1: the distances of the kernel's own units */
static void expect_congruent(struct kunit *test, struct spcpu *s,
			     const struct spcpu_chunk *chunk)
{
	unsigned long low = ULONG_MAX;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		low = min(low, per_cpu_offset(cpu));
	for_each_possible_cpu(cpu) {
		void __percpu *ptr = spcpu_ptr(s, chunk, 0);
		u8 *start = unit_of(chunk->window, cpu);

		KUNIT_EXPECT_EQ(test, (unsigned long)start,
				chunk->window->base + per_cpu_offset(cpu) - low);
		KUNIT_EXPECT_PTR_EQ(test, (u8 *)per_cpu_ptr(ptr, cpu),
				    start + chunk->start);
	}
}

static void first_chunk_congruent(struct kunit *test)
{
	struct spcpu_chunk *chunk;
	struct spcpu *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		s = usual(test, modes[i]);
		spcpu_test_back_all(test, s, spcpu_test_grow(test, s));
		list_for_each_entry(chunk, &s->chunks, all)
			expect_congruent(test, s, chunk);
		spcpu_test_check(test, s);
		spcpu_test_drop(test, s);
	}
}

/* each CPU's pages are its own, and on its own node if that has any */
static void expect_near(struct kunit *test, const struct spcpu_window *window)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		int node = cpu_to_node(cpu);

		if (node == NUMA_NO_NODE || !node_state(node, N_MEMORY))
			continue;
		for (i = 0; i < window->nr_pages; i++) {
			u8 *addr = unit_of(window, cpu) + i * PAGE_SIZE;

			KUNIT_ASSERT_EQ_MSG(test, node,
					    page_to_nid(vmalloc_to_page(addr)),
					    "page %u of CPU %u", i, cpu);
		}
	}
}

static void first_chunk_nodes(struct kunit *test)
{
	struct spcpu_chunk *chunk;
	struct spcpu *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		s = usual(test, modes[i]);
		spcpu_test_back_all(test, s, spcpu_test_grow(test, s));
		list_for_each_entry(chunk, &s->chunks, all)
			expect_near(test, chunk->window);
		spcpu_test_drop(test, s);
	}
}

static unsigned int nr_nodes_with_cpus(void)
{
	unsigned int cpu, nr = 0;
	nodemask_t seen = NODE_MASK_NONE;

	for_each_possible_cpu(cpu) {
		int node = cpu_to_node(cpu);

		if (node == NUMA_NO_NODE || node_isset(node, seen))
			continue;
		node_set(node, seen);
		nr++;
	}
	return max(nr, 1U);
}

/* a group's units side by side in one area, the same pages as in the window */
static void expect_area(struct kunit *test, struct spcpu *s,
			const struct spcpu_group *group, u8 *area)
{
	const struct spcpu_window *window = s->first->window;
	unsigned int i, p;

	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(area));
	for (i = 0; i < group->nr_cpus; i++) {
		for (p = 0; p < window->nr_pages; p++) {
			u8 *unit = unit_of(window, group->cpu_map[i]);

			KUNIT_ASSERT_PTR_EQ(test, vmalloc_to_page(area),
					    vmalloc_to_page(unit +
							    p * PAGE_SIZE));
			area += PAGE_SIZE;
		}
	}
}

static void expect_borrowed(struct kunit *test, const struct spcpu *s,
			    bool borrowed)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, s->first->window->units[cpu].borrowed,
				borrowed);
}

static void first_chunk_embed_areas(struct kunit *test)
{
	struct spcpu *s = usual(test, SPCPU_FIRST_EMBED);
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, s->areas);
	expect_borrowed(test, s, true);
	KUNIT_EXPECT_EQ(test, s->layout->nr_groups, nr_nodes_with_cpus());
	for (i = 0; i < s->layout->nr_groups; i++) {
		expect_area(test, s, &s->layout->groups[i], s->areas[i]);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_PTR_NE(test, s->areas[i], s->areas[j]);
	}
}

static void first_chunk_page_by_page(struct kunit *test)
{
	struct spcpu *s = usual(test, SPCPU_FIRST_PAGE);

	KUNIT_EXPECT_NULL(test, s->areas);
	expect_borrowed(test, s, false);
	KUNIT_EXPECT_EQ(test, s->layout->atom_size, PAGE_SIZE);
}

/**
 * struct fill - handing out all of one part of a unit
 *
 * @s: the allocator
 * @chunk: the part
 * @from: its first byte in the unit
 * @to: the byte after its last
 * @taken: granules of a unit that were handed out before
 */
struct fill {
	struct spcpu *s;
	const struct spcpu_chunk *chunk;
	size_t from;
	size_t to;
	unsigned long *taken;
};

/* an object from the part: inside of it, and nobody else's */
static void take_one(struct kunit *test, struct fill *f, size_t size)
{
	struct spcpu_place place;
	void __percpu *ptr;
	unsigned int cpu;
	size_t at;

	KUNIT_ASSERT_EQ(test, 0,
			spcpu_test_request(f->s, size, 1,
					   f->chunk == f->s->reserved,
					   GFP_KERNEL, &ptr));
	place = spcpu_test_place(test, f->s, ptr);
	KUNIT_ASSERT_EQ(test, place.id, f->chunk->id);

	at = f->chunk->start + place.off;
	KUNIT_ASSERT_GE(test, at, f->from);
	KUNIT_ASSERT_LE(test, at + place.size, f->to);
	KUNIT_ASSERT_GE(test, find_next_bit(f->taken, UNIT_BITS, at / 4),
			(at + place.size) / 4);
	bitmap_set(f->taken, at / 4, place.size / 4);
	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(ptr, cpu), 0xff, place.size);
}

/* asks for no more than there is: a chunk that refused may be put aside */
static void take_everything(struct kunit *test, struct fill *f)
{
	static const size_t sizes[] = { 4, SZ_4K, 1000, 52 };
	size_t left = f->to - f->from;
	unsigned int i = 0;

	KUNIT_EXPECT_EQ(test, spcpu_chunk_free_bytes(f->chunk), left);
	while (left) {
		take_one(test, f, min(spcpu_chunk_contig_bytes(f->chunk),
				      sizes[i++ % ARRAY_SIZE(sizes)]));
		KUNIT_ASSERT_LT(test, spcpu_chunk_free_bytes(f->chunk), left);
		left = spcpu_chunk_free_bytes(f->chunk);
		cond_resched();
	}
	KUNIT_EXPECT_GE(test, find_next_zero_bit(f->taken, UNIT_BITS,
						 f->from / 4), f->to / 4);
}

static void take_parts(struct kunit *test, struct spcpu *s)
{
	const struct spcpu_layout *l = s->layout;
	size_t fixed = ALIGN(l->static_size, SPCPU_GRANULE);
	size_t end = l->static_size + l->reserved_size + l->dyn_size;
	unsigned long *taken = kunit_kzalloc(test, UNIT_BITS / 8, GFP_KERNEL);
	struct fill reserved = {
		s, s->reserved, fixed, fixed + l->reserved_size, taken,
	};
	struct fill dynamic = {
		s, s->first, fixed + l->reserved_size, end, taken,
	};

	KUNIT_ASSERT_NOT_NULL(test, taken);
	KUNIT_EXPECT_EQ(test, !s->reserved, !l->reserved_size);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(end));
	KUNIT_EXPECT_EQ(test, s->nr_populated, end >> PAGE_SHIFT);
	if (s->reserved)
		take_everything(test, &reserved);
	take_everything(test, &dynamic);
}

static void first_chunk_parts(struct kunit *test)
{
	static const struct {
		size_t static_size, reserved, dyn;
	} sizes[] = {
		{ 0, 0, SZ_32K },
		{ 1, 0, 0 },
		{ 3, 4, SZ_32K },
		{ SZ_4K - 4, 8, 0 },
		{ 1003, SZ_8K, SZ_16K + SZ_8K },
		{ SZ_4K, SZ_4K, 20481 },
		{ SZ_4K + 1, SZ_4K, SZ_32K },
		{ 2 * SZ_4K - 1, 100, UNIT - 2 * SZ_4K - 100 },
	};
	const u8 *image = make_image(test);
	struct spcpu *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		s = spcpu_test_allocator(test, UNIT, sizes[i].reserved,
					 sizes[i].dyn, sizes[i].static_size,
					 image, modes[i % 2]);
		spcpu_test_check(test, s);
		take_parts(test, s);
		expect_images(test, s, image);
		spcpu_test_check(test, s);
		spcpu_test_drop(test, s);
	}
}

/* what belongs to nobody, or to somebody else, cannot be freed */
static void first_chunk_hidden_parts(struct kunit *test)
{
	struct spcpu *s = usual(test, SPCPU_FIRST_EMBED);
	char __percpu *unit = spcpu_ptr(s, s->first, -s->first->start);
	size_t reserved = ALIGN(s->layout->static_size, SPCPU_GRANULE);
	size_t dynamic = reserved + s->layout->reserved_size;
	size_t end = spcpu_layout_first_size(s->layout);

	KUNIT_EXPECT_EQ(test, -EFAULT, spcpu_free(s, unit));
	KUNIT_EXPECT_EQ(test, -EFAULT, spcpu_free(s, unit + reserved - 4));
	/* these could be objects, but are not */
	KUNIT_EXPECT_EQ(test, -ENOENT, spcpu_free(s, unit + reserved));
	KUNIT_EXPECT_EQ(test, -ENOENT, spcpu_free(s, unit + dynamic - 4));
	KUNIT_EXPECT_EQ(test, -ENOENT, spcpu_free(s, unit + dynamic));
	KUNIT_EXPECT_EQ(test, -ENOENT, spcpu_free(s, unit + end - 4));
	/* without pages, like the rest of the unit */
	KUNIT_EXPECT_EQ(test, -EFAULT, spcpu_free(s, unit + end));
	spcpu_test_check(test, s);
}

/* all free but for one to spare, which may be the first chunk or another */
static void fill_and_empty(struct kunit *test, struct spcpu *s, bool first)
{
	void __percpu *ptr[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		ptr[i] = spcpu_test_alloc(test, s, SZ_32K, 4);
	KUNIT_EXPECT_EQ(test, spcpu_chunk_free_bytes(s->first), 0UL);

	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		spcpu_test_free(test, s, ptr[first ? i : ARRAY_SIZE(ptr) - 1 - i]);
		spcpu_test_check(test, s);
	}
	KUNIT_EXPECT_EQ(test, spcpu_chunk_free_bytes(s->first), SZ_32K);
	KUNIT_EXPECT_LE(test, spcpu_test_nr_chunks(s), 2U);
}

/* it does not go away, not even where it is a unit that is free all over */
static void first_chunk_stays(struct kunit *test)
{
	struct spcpu *s = spcpu_test_allocator(test, SZ_32K, 0, SZ_32K, 0, NULL,
					       SPCPU_FIRST_PAGE);
	struct spcpu_chunk *first = s->first;

	fill_and_empty(test, s, true);
	fill_and_empty(test, s, false);
	KUNIT_EXPECT_PTR_EQ(test, s->first, first);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&s->chunks,
						   struct spcpu_chunk, all),
			    first);
}

static void first_chunk_gives_back(struct kunit *test)
{
	struct spcpu_test_pages *held;
	struct spcpu *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		s = usual(test, modes[i]);
		held = spcpu_test_hold(test, s);
		spcpu_test_drop(test, s);
		KUNIT_EXPECT_EQ(test, spcpu_test_nr_used(held), 0UL);
		KUNIT_EXPECT_EQ(test, spcpu_test_nr_mapped(held), 0UL);
	}
}

/* a machine whose second CPU is as far away as all of our memory */
static struct spcpu_layout *far_layout(struct kunit *test)
{
	static const unsigned long possible = BIT(0) | BIT(1);
	const unsigned long offset[] = {
		0, (totalram_pages() + 1) << PAGE_SHIFT,
	};
	const struct spcpu_machine m = {
		.nr_cpu_ids = 2,
		.possible = &possible,
		.offset = offset,
		.atom_size = PAGE_SIZE,
		.unit_size = UNIT,
	};
	struct spcpu_layout *layout = spcpu_layout_build(&m);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, layout);
	return layout;
}

static void free_layout(void *layout)
{
	spcpu_layout_free(layout);
}

static void first_chunk_too_far(struct kunit *test)
{
	struct spcpu_layout *layout = far_layout(test);
	unsigned long span = layout->span >> PAGE_SHIFT;
	struct spcpu_options options = {
		.first_mode = SPCPU_FIRST_EMBED,
		.backing = &spcpu_backing_vmap,
	};

	/* still ours after every failure */
	spcpu_test_at_exit(test, free_layout, layout);
	KUNIT_EXPECT_EQ(test, 0, spcpu_backing_vmap.fits(layout, span));
	KUNIT_EXPECT_EQ(test, -ENOMEM, spcpu_backing_vmap.fits(layout, span - 1));
	KUNIT_EXPECT_PTR_EQ(test, (void *)spcpu_create(layout, &options),
			    ERR_PTR(-ENOMEM));
	options.first_mode = SPCPU_FIRST_PAGE;
	KUNIT_EXPECT_PTR_EQ(test, (void *)spcpu_create(layout, &options),
			    ERR_PTR(-ENOMEM));
}

static struct kunit_case first_chunk_cases[] = {
	KUNIT_CASE(first_chunk_image),
	KUNIT_CASE(first_chunk_congruent),
	KUNIT_CASE(first_chunk_nodes),
	KUNIT_CASE(first_chunk_embed_areas),
	KUNIT_CASE(first_chunk_page_by_page),
	KUNIT_CASE(first_chunk_parts),
	KUNIT_CASE(first_chunk_hidden_parts),
	KUNIT_CASE(first_chunk_stays),
	KUNIT_CASE(first_chunk_gives_back),
	KUNIT_CASE(first_chunk_too_far),
	{ }
};

struct kunit_suite spcpu_first_chunk_suite = {
	.name = "shadow_percpu_first_chunk",
	.test_cases = first_chunk_cases,
};

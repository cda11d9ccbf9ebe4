// SPDX-License-Identifier: GPL-2.0
/*
 * Layout: machines that this one is not.
 *
 * A machine is written down as its nodes, each a list of CPUs. Sizes are such
 * that the shapes are the same with pages of 4 KB and of 64 KB.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "layout.h"
#include "layout_rules.h"
#include "suites.h"

#define MAX_CPUS	1024
#define MAX_NODES	16

/* with the rest of a first chunk, 192 KB: eight units fit into 2 MB */
#define RESERVED	(8 << 10)
#define DYN		(28 << 10)
#define STATIC		((192 << 10) - RESERVED - DYN)

/* the machine of a test, and its layout */
static struct {
	struct spcpu_machine m;
	struct spcpu_layout *layout;
	DECLARE_BITMAP(possible, MAX_CPUS);
	DECLARE_BITMAP(node, MAX_CPUS);
	unsigned int node_of[MAX_CPUS];
	unsigned long offset[MAX_CPUS];
	char text[SZ_64K];
	size_t len;
	unsigned int lines;
} box;

static bool same_node(unsigned int a, unsigned int b)
{
	return box.node_of[a] == box.node_of[b];
}

static struct spcpu_machine *start_machine(void)
{
	bitmap_zero(box.possible, MAX_CPUS);
	box.m = (struct spcpu_machine) {
		.possible = box.possible,
		.near = same_node,
		.static_size = STATIC,
		.reserved_size = RESERVED,
		.dyn_size = DYN,
		.atom_size = SZ_2M,
	};
	return &box.m;
}

static void add_cpu(unsigned int cpu, unsigned int node)
{
	__set_bit(cpu, box.possible);
	box.node_of[cpu] = node;
	box.m.nr_cpu_ids = max(box.m.nr_cpu_ids, cpu + 1);
}

/* a list of CPUs for each node, up to one that is NULL */
static struct spcpu_machine *machine(struct kunit *test,
				     const char * const *nodes)
{
	unsigned int cpu, i;

	start_machine();
	for (i = 0; nodes[i]; i++) {
		KUNIT_ASSERT_EQ(test, 0, bitmap_parselist(nodes[i], box.node,
							  MAX_CPUS));
		for_each_set_bit(cpu, box.node, MAX_CPUS)
			add_cpu(cpu, i);
	}
	return &box.m;
}

#define MACHINE(...) \
	machine(test, (const char * const []){ __VA_ARGS__, NULL })

static void layout_test_exit(struct kunit *test)
{
	spcpu_layout_free(box.layout);
	box.layout = NULL;
}

static struct spcpu_layout *build(struct kunit *test)
{
	struct spcpu_layout *layout = spcpu_layout_build(&box.m);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, layout);
	layout_test_exit(test);
	box.layout = layout;
	return layout;
}

/* the errno, or 0 */
static int refusal(void)
{
	struct spcpu_layout *layout = spcpu_layout_build(&box.m);

	if (IS_ERR(layout))
		return PTR_ERR(layout);
	spcpu_layout_free(layout);
	return 0;
}

/* groups, units, units per allocation, bytes of a unit: and all rules hold */
static void expect_shape(struct kunit *test, unsigned int groups,
			 unsigned int units, unsigned int upa, size_t unit_size)
{
	const struct spcpu_layout *l = build(test);

	KUNIT_EXPECT_EQ(test, l->nr_groups, groups);
	KUNIT_EXPECT_EQ(test, l->nr_units, units);
	KUNIT_EXPECT_EQ(test, l->upa, upa);
	KUNIT_EXPECT_EQ(test, l->unit_size, unit_size);
	KUNIT_EXPECT_STREQ(test, spcpu_test_broken_rule(&box.m, l), "");
}

/*
 * Machines without offsets: as the kernel lays itself out when it boots.
 */
static void layout_one_cpu(struct kunit *test)
{
	MACHINE("0");
	expect_shape(test, 1, 1, 1, SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->span, (unsigned long)SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->low_cpu, 0);
	KUNIT_EXPECT_EQ(test, box.layout->high_cpu, 0);
}

static void layout_one_cpu_not_0(struct kunit *test)
{
	MACHINE("5");
	expect_shape(test, 1, 1, 1, SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->low_cpu, 5);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[4], SPCPU_NO_UNIT);
}

static void layout_four_cpus(struct kunit *test)
{
	MACHINE("0-3");
	expect_shape(test, 1, 4, 4, SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->alloc_size, (size_t)SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->high_cpu, 3);
	KUNIT_EXPECT_EQ(test, box.layout->span, (unsigned long)SZ_2M);
}

static void layout_four_cpus_in_large_units(struct kunit *test)
{
	/* over half an atom: no two fit into one */
	MACHINE("0-3")->static_size = SZ_1M;
	expect_shape(test, 1, 4, 1, SZ_2M);
}

static void layout_three_cpus_leave_a_hole(struct kunit *test)
{
	MACHINE("0-2");
	expect_shape(test, 1, 4, 4, SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->groups[0].cpu_map[3], SPCPU_NO_CPU);
	KUNIT_EXPECT_EQ(test, box.layout->span, 3UL * SZ_512K);
}

static void layout_five_cpus_leave_too_many(struct kunit *test)
{
	/* 8 units for 5 CPUs, or 2 x 4, would leave 3: so 3 x 2 */
	MACHINE("0-4");
	expect_shape(test, 1, 6, 2, SZ_1M);
}

static void layout_two_nodes_of_128(struct kunit *test)
{
	MACHINE("0-127", "128-255");
	expect_shape(test, 2, 256, 8, SZ_256K);
	KUNIT_EXPECT_EQ(test, box.layout->groups[1].base_offset,
			128UL * SZ_256K);
}

static void layout_two_nodes_hot_pluggable(struct kunit *test)
{
	/* four CPUs present and 28 absent, as QEMU numbers them */
	MACHINE("0-1,4-17", "2-3,18-31");
	expect_shape(test, 2, 32, 8, SZ_256K);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[2], 16);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[4], 2);
	KUNIT_EXPECT_EQ(test, box.layout->high_cpu, 31);
}

static void layout_holes_in_cpu_numbers(struct kunit *test)
{
	MACHINE("0,3,5-6,1000");
	expect_shape(test, 1, 6, 2, SZ_1M);
	KUNIT_EXPECT_EQ(test, box.layout->nr_cpus, 5);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[1000], 4);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[4], SPCPU_NO_UNIT);
}

static void layout_interleaved_nodes(struct kunit *test)
{
	MACHINE("0-15:1/2", "1-15:1/2");
	expect_shape(test, 2, 16, 8, SZ_256K);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[14], 7);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[1], 8);
}

static void layout_unequal_nodes(struct kunit *test)
{
	/* two together: 4 + 6 + 2 units for 11 CPUs */
	MACHINE("0-3", "4-9", "10");
	expect_shape(test, 3, 12, 2, SZ_1M);
	KUNIT_EXPECT_EQ(test, box.layout->groups[2].nr_cpus, 1);
	KUNIT_EXPECT_EQ(test, box.layout->groups[2].base_offset,
			10UL * SZ_1M);
}

static void layout_node_per_cpu(struct kunit *test)
{
	MACHINE("0", "1", "2", "3");
	expect_shape(test, 4, 4, 1, SZ_2M);
}

static void layout_1024_cpus(struct kunit *test)
{
	MACHINE("0-255", "256-511", "512-767", "768-1023");
	expect_shape(test, 4, 1024, 8, SZ_256K);
	KUNIT_EXPECT_EQ(test, box.layout->span, 1024UL * SZ_256K);
}

static void layout_1024_cpus_in_one_atom(struct kunit *test)
{
	MACHINE("0-1023")->atom_size = SZ_256M;
	expect_shape(test, 1, 1024, 1024, SZ_256K);
}

static bool near_if_higher(unsigned int a, unsigned int b)
{
	return a <= b;
}

static bool near_if_lower(unsigned int a, unsigned int b)
{
	return a >= b;
}

static bool near_2(unsigned int a, unsigned int b)
{
	return a == 2 || b == 2;
}

static bool near_next(unsigned int a, unsigned int b)
{
	return a + 1 == b || b + 1 == a;
}

static void layout_near_one_way_is_far(struct kunit *test)
{
	MACHINE("0-3")->near = near_if_higher;
	expect_shape(test, 4, 4, 1, SZ_2M);
	box.m.near = near_if_lower;
	expect_shape(test, 4, 4, 1, SZ_2M);
}

static void layout_near_to_two_groups(struct kunit *test)
{
	/* 2 is near everyone, and comes with the first of them */
	MACHINE("0-3")->near = near_2;
	expect_shape(test, 3, 4, 1, SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->groups[0].nr_cpus, 2);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[2], 1);
}

static void layout_near_counts_from_the_first(struct kunit *test)
{
	/* 1 is near 0, and 2 near 1, but that does not take 2 into 0's group */
	MACHINE("0-3")->near = near_next;
	expect_shape(test, 2, 4, 2, SZ_1M);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[2], 2);
}

static void layout_one_node_without_near(struct kunit *test)
{
	MACHINE("0-1", "2-3")->near = NULL;
	expect_shape(test, 1, 4, 4, SZ_512K);
}

static void layout_page_atoms(struct kunit *test)
{
	MACHINE("0-3")->atom_size = PAGE_SIZE;
	expect_shape(test, 1, 4, 1, 192 << 10);
	KUNIT_EXPECT_EQ(test, box.layout->alloc_size, (size_t)192 << 10);
}

static void layout_units_are_whole_pages(struct kunit *test)
{
	/* room for two, of an odd number of pages in all */
	MACHINE("0-1")->atom_size = SZ_512K - PAGE_SIZE;
	expect_shape(test, 1, 2, 1, SZ_512K - PAGE_SIZE);
}

static void layout_units_as_large_as_they_can(struct kunit *test)
{
	/* 4 of 768 KB, with a hole, take no less than 3 of 1 MB */
	MACHINE("0-2")->atom_size = 3 * SZ_1M;
	expect_shape(test, 1, 3, 3, SZ_1M);
}

static void layout_unit_has_a_maximum(struct kunit *test)
{
	/* a unit a bit larger than an atom of nearly 1 GB would take two */
	MACHINE("0");
	box.m.atom_size = SZ_1G - SZ_64K;
	box.m.static_size = SZ_1G - SZ_64K;
	box.m.reserved_size = 0;
	box.m.dyn_size = 0;
	expect_shape(test, 1, 1, 1, SZ_1G);
	KUNIT_EXPECT_EQ(test, box.layout->atom_size, PAGE_SIZE);
}

/*
 * Sizes.
 */
static void layout_dyn_takes_the_rounding(struct kunit *test)
{
	struct spcpu_machine *m = MACHINE("0");

	m->static_size = STATIC - 100;
	KUNIT_EXPECT_EQ(test, build(test)->dyn_size, (size_t)DYN + 100);
	m->static_size = STATIC + 1;
	KUNIT_EXPECT_EQ(test, build(test)->dyn_size, DYN + PAGE_SIZE - 1);
	KUNIT_EXPECT_STREQ(test, spcpu_test_broken_rule(m, box.layout), "");
}

static void layout_dyn_has_a_minimum(struct kunit *test)
{
	struct spcpu_machine *m = MACHINE("0");

	m->static_size = 0;
	m->reserved_size = 0;
	m->dyn_size = 0;
	KUNIT_EXPECT_EQ(test, build(test)->dyn_size,
			PAGE_ALIGN(20 << 10));
	m->dyn_size = PAGE_ALIGN(20 << 10) + 1;
	KUNIT_EXPECT_EQ(test, build(test)->dyn_size,
			PAGE_ALIGN(20 << 10) + PAGE_SIZE);
}

static void layout_unit_has_a_minimum(struct kunit *test)
{
	struct spcpu_machine *m = MACHINE("0-1");

	m->static_size = 0;
	m->reserved_size = 0;
	m->dyn_size = 0;
	m->atom_size = PAGE_SIZE;
	expect_shape(test, 1, 2, 1, PAGE_ALIGN(SZ_32K));
}

static void layout_first_size_is_the_sum(struct kunit *test)
{
	MACHINE("0-3");
	KUNIT_EXPECT_EQ(test, spcpu_layout_first_size(build(test)),
			(size_t)192 << 10);
}

/*
 * Machines with offsets: as a running kernel lies in memory.
 */
static struct spcpu_machine *at_offsets(unsigned long base,
					unsigned long stride)
{
	unsigned int cpu, nr = 0;

	for_each_set_bit(cpu, box.possible, box.m.nr_cpu_ids)
		box.offset[cpu] = base + stride * nr++;
	box.m.offset = box.offset;
	return &box.m;
}

static void layout_like_kernel_of_4_cpus(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(SZ_16M, SZ_512K);
	expect_shape(test, 1, 4, 4, SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->atom_size, (size_t)SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->span, (unsigned long)SZ_2M);
}

static void layout_like_kernel_of_1_cpu(struct kunit *test)
{
	MACHINE("0");
	at_offsets(SZ_16M, 0);
	expect_shape(test, 1, 1, 1, SZ_2M);
}

static void layout_like_kernel_of_two_nodes(struct kunit *test)
{
	unsigned int cpu;

	MACHINE("0-1,4-17", "2-3,18-31");
	/* the nodes' memory is 1 GB apart, and the second node's is lower */
	for (cpu = 0; cpu < 32; cpu++)
		box.offset[cpu] = (box.node_of[cpu] ? 0 : SZ_1G) +
				  SZ_256K * (cpu < 4 ? cpu & 1 :
					     2 + (cpu - 4) % 14);
	box.m.offset = box.offset;

	expect_shape(test, 2, 32, 8, SZ_256K);
	KUNIT_EXPECT_EQ(test, box.layout->low_cpu, 2);
	KUNIT_EXPECT_EQ(test, box.layout->high_cpu, 17);
	KUNIT_EXPECT_EQ(test, box.layout->groups[0].base_offset,
			(unsigned long)SZ_1G);
	KUNIT_EXPECT_EQ(test, box.layout->groups[1].base_offset, 0UL);
	KUNIT_EXPECT_EQ(test, box.layout->span,
			(unsigned long)SZ_1G + 16 * SZ_256K);
}

static void layout_like_kernel_by_page(struct kunit *test)
{
	size_t stride = PAGE_ALIGN(184 << 10);

	/* does not divide 2 MB: every unit is an allocation of its own */
	MACHINE("0-3")->static_size = 0;
	at_offsets(SZ_16M, stride);
	expect_shape(test, 1, 4, 1, stride);
	KUNIT_EXPECT_EQ(test, box.layout->atom_size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, box.layout->alloc_size, stride);
}

static void layout_units_no_larger_than_allocations(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(0, SZ_16M);
	expect_shape(test, 1, 4, 1, SZ_2M);

	box.m.atom_size = PAGE_SIZE;
	expect_shape(test, 1, 4, 1, 192 << 10);
	KUNIT_EXPECT_EQ(test, box.layout->unit_off[3], 3UL * SZ_16M);
}

static void layout_offsets_unsorted(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(SZ_16M, SZ_512K);
	swap(box.offset[0], box.offset[3]);
	swap(box.offset[0], box.offset[1]);
	/* now 1, 3, 2, 0 times the stride */
	expect_shape(test, 1, 4, 4, SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->low_cpu, 3);
	KUNIT_EXPECT_EQ(test, box.layout->high_cpu, 1);
	KUNIT_EXPECT_EQ(test, box.layout->unit_off[0], 1UL * SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->unit_map[0], 0);
	KUNIT_EXPECT_EQ(test, box.layout->groups[0].base_offset,
			1UL * SZ_512K);
}

static void layout_offsets_negative(struct kunit *test)
{
	/* units lie below the kernel's image */
	MACHINE("0-3");
	at_offsets(0UL - SZ_1G, SZ_512K);
	expect_shape(test, 1, 4, 4, SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->low_cpu, 0);
	KUNIT_EXPECT_EQ(test, box.layout->span, (unsigned long)SZ_2M);
}

static void layout_offsets_around_0(struct kunit *test)
{
	/* below and above the image: -1M, -512K, 0, 512K */
	MACHINE("0-3");
	at_offsets(0UL - SZ_1M, SZ_512K);
	expect_shape(test, 1, 4, 4, SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->low_cpu, 0);
	KUNIT_EXPECT_EQ(test, box.layout->high_cpu, 3);
	KUNIT_EXPECT_EQ(test, box.layout->unit_off[3], 3UL * SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->span, (unsigned long)SZ_2M);
}

static void layout_two_cpus_far_apart(struct kunit *test)
{
	MACHINE("0", "1");
	at_offsets(0UL - SZ_16M, ULONG_MAX / 4 + 1);
	expect_shape(test, 2, 2, 1, SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->low_cpu, 0);
	KUNIT_EXPECT_EQ(test, box.layout->span, ULONG_MAX / 4 + 1 + SZ_2M);
}

static void layout_stride_is_the_smallest(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(0, SZ_2M);
	box.offset[1] = SZ_256K;
	expect_shape(test, 1, 4, 1, SZ_256K);
	KUNIT_EXPECT_EQ(test, box.layout->atom_size, PAGE_SIZE);
}

static void layout_offsets_of_absent_cpus_do_not_count(struct kunit *test)
{
	MACHINE("0,2,4,6");
	at_offsets(SZ_1G, SZ_512K);
	box.offset[1] = SZ_1G;
	box.offset[3] = 1;
	box.offset[5] = 0;
	expect_shape(test, 1, 4, 4, SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->unit_off[3], 0UL);
}

/*
 * Units of a size that was asked for.
 */
static void layout_unit_size_that_divides(struct kunit *test)
{
	MACHINE("0-7");
	at_offsets(0, SZ_512K)->unit_size = SZ_256K;
	expect_shape(test, 1, 8, 8, SZ_256K);
	KUNIT_EXPECT_EQ(test, box.layout->alloc_size, (size_t)SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->unit_off[7], 7UL * SZ_512K);
	KUNIT_EXPECT_EQ(test, box.layout->span, 7UL * SZ_512K + SZ_256K);
}

static void layout_unit_size_that_does_not_divide(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(0, SZ_512K)->unit_size = 320 << 10;
	expect_shape(test, 1, 4, 1, 320 << 10);
	KUNIT_EXPECT_EQ(test, box.layout->atom_size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, box.layout->alloc_size, (size_t)320 << 10);
}

static void layout_unit_size_that_wastes(struct kunit *test)
{
	/* 8 units fit into an allocation, for 4 CPUs */
	MACHINE("0-3");
	at_offsets(0, SZ_512K)->unit_size = SZ_256K;
	expect_shape(test, 1, 4, 1, SZ_256K);
	KUNIT_EXPECT_EQ(test, box.layout->atom_size, PAGE_SIZE);
}

static void layout_unit_size_over_an_atom(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(0, SZ_16M)->unit_size = SZ_4M;
	expect_shape(test, 1, 4, 1, SZ_4M);
	KUNIT_EXPECT_EQ(test, box.layout->atom_size, (size_t)SZ_2M);
	KUNIT_EXPECT_EQ(test, box.layout->alloc_size, (size_t)SZ_4M);
}

static void layout_unit_size_without_offsets(struct kunit *test)
{
	MACHINE("0-3")->unit_size = SZ_512K;
	expect_shape(test, 1, 4, 4, SZ_512K);

	box.m.unit_size = SZ_64M;
	expect_shape(test, 1, 4, 1, SZ_64M);
	KUNIT_EXPECT_EQ(test, box.layout->unit_off[3], 3UL * SZ_64M);

	box.m.unit_size = SZ_1G;
	KUNIT_EXPECT_EQ(test, refusal(), BITS_PER_LONG == 64 ? 0 : -ERANGE);
}

/*
 * What is refused.
 */
static void layout_refuses_unit_size(struct kunit *test)
{
	static const struct {
		size_t unit_size;
		int err;
	} table[] = {
		{ 0, 0 },
		{ 1, -EINVAL },
		{ 7, -EINVAL },
		{ SZ_256K - 4, -EINVAL },
		{ PAGE_SIZE, -ERANGE },
		{ 128 << 10, -ERANGE },
		{ 192 << 10, 0 },
		{ SZ_512K, 0 },
		{ SZ_512K + PAGE_SIZE, -ERANGE },
		{ SZ_2M, -ERANGE },
		{ SIZE_MAX, -ERANGE },
		{ SIZE_MAX - PAGE_SIZE + 1, -ERANGE },
	};
	int i;

	MACHINE("0-3");
	at_offsets(0, SZ_512K);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		box.m.unit_size = table[i].unit_size;
		KUNIT_EXPECT_EQ_MSG(test, refusal(), table[i].err,
				    "unit_size=%zu", table[i].unit_size);
	}
}

static void layout_refuses_reserved_size(struct kunit *test)
{
	static const struct {
		size_t reserved_size;
		int err;
	} table[] = {
		{ 0, 0 },
		{ 2, -EINVAL },
		{ 4, 0 },
		{ 8190, -EINVAL },
		{ RESERVED + SZ_256K + SZ_64K, 0 },
		{ RESERVED + SZ_256K + SZ_64K + 4, -ERANGE },
		{ SZ_1G, -ERANGE },
		{ SZ_1G + 4, -ERANGE },
		{ SIZE_MAX - STATIC - 3, -ERANGE },
		{ SIZE_MAX - 3, -ERANGE },
		{ SIZE_MAX, -ERANGE },
	};
	int i;

	MACHINE("0-3");
	at_offsets(0, SZ_512K);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		box.m.reserved_size = table[i].reserved_size;
		KUNIT_EXPECT_EQ_MSG(test, refusal(), table[i].err,
				    "reserved_size=%zu",
				    table[i].reserved_size);
	}
}

static void layout_refuses_dyn_size(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(0, SZ_512K)->dyn_size = DYN + SZ_256K + SZ_64K;
	KUNIT_EXPECT_EQ(test, refusal(), 0);
	box.m.dyn_size++;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
	box.m.dyn_size = SIZE_MAX;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
	box.m.dyn_size = SIZE_MAX - STATIC - RESERVED;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
}

static void layout_refuses_static_size(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(0, SZ_512K)->static_size = STATIC + SZ_256K + SZ_64K;
	KUNIT_EXPECT_EQ(test, refusal(), 0);
	box.m.static_size++;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
	box.m.static_size = SIZE_MAX;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
}

static void layout_refuses_sums_over_the_limit(struct kunit *test)
{
	/* no limit by offsets; each is allowed, the sum is not */
	MACHINE("0");
	box.m.static_size = SZ_512M;
	box.m.reserved_size = SZ_512M;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
	box.m.static_size = SZ_1G;
	box.m.reserved_size = SZ_1G;
	box.m.dyn_size = SZ_1G;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
}

static void layout_refuses_atom_size(struct kunit *test)
{
	MACHINE("0-3")->atom_size = 0;
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
	box.m.atom_size = 2048;
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
	box.m.atom_size = PAGE_SIZE + 4;
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
	box.m.atom_size = SIZE_MAX;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
	box.m.atom_size = SIZE_MAX - PAGE_SIZE + 1;
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
	box.m.atom_size = 3 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, refusal(), 0);
}

static void layout_refuses_no_cpu(struct kunit *test)
{
	start_machine();
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
	box.m.nr_cpu_ids = 64;
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
	/* beyond nr_cpu_ids does not count */
	__set_bit(64, box.possible);
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
}

static void layout_refuses_equal_offsets(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(SZ_1G, SZ_512K);
	box.offset[3] = box.offset[1];
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
	at_offsets(SZ_1G, 0);
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
}

static void layout_refuses_offsets_off_a_page(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(SZ_1G, SZ_512K);
	box.offset[2] += 64;
	KUNIT_EXPECT_EQ(test, refusal(), -EINVAL);
	/* only distances have to be whole pages */
	at_offsets(SZ_1G + 64, SZ_512K);
	KUNIT_EXPECT_EQ(test, refusal(), 0);
}

static void layout_refuses_close_offsets(struct kunit *test)
{
	MACHINE("0-3");
	at_offsets(SZ_1G, 192 << 10);
	KUNIT_EXPECT_EQ(test, refusal(), 0);
	at_offsets(SZ_1G, (192 << 10) - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, refusal(), -ERANGE);
}

static void layout_refuses_close_offsets_for_small_units(struct kunit *test)
{
	/* little is asked for, but no unit is below the minimum */
	MACHINE("0-3");
	box.m.static_size = 0;
	box.m.reserved_size = 0;
	box.m.dyn_size = 0;
	at_offsets(SZ_1G, PAGE_ALIGN(SZ_32K));
	KUNIT_EXPECT_EQ(test, refusal(), 0);
	at_offsets(SZ_1G, PAGE_ALIGN(SZ_32K) - PAGE_SIZE);
	/* with large pages, that is none at all */
	KUNIT_EXPECT_EQ(test, refusal(), PAGE_SIZE < SZ_32K ? -ERANGE : -EINVAL);
}

static void layout_free_of_null(struct kunit *test)
{
	spcpu_layout_free(NULL);
}

/*
 * Any machine: what holds for all of them, by brute force.
 */
static u32 random_state;

static unsigned int below(unsigned int limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

static void random_machine(void)
{
	static const unsigned int cpu_counts[] = { 1, 3, 8, 24, 64 };
	static const size_t atoms[] = { PAGE_SIZE, SZ_64K, SZ_2M, SZ_16M };
	unsigned int ids = 1 + below(cpu_counts[below(ARRAY_SIZE(cpu_counts))]);
	unsigned int nodes = 1 + below(MAX_NODES);
	unsigned int kept = 1 + below(4);
	bool blocks = below(2);
	unsigned int cpu;

	start_machine();
	for (cpu = 0; cpu < ids; cpu++) {
		if (cpu == ids - 1 || below(kept + 1))
			add_cpu(cpu, blocks ? cpu * nodes / ids : below(nodes));
	}
	box.m.static_size = below(400000);
	box.m.reserved_size = 4 * below(4096);
	box.m.dyn_size = below(100000);
	box.m.atom_size = atoms[below(ARRAY_SIZE(atoms))];
	if (!below(4))
		box.m.near = below(2) ? near_next : near_2;
	if (!below(8))
		box.m.near = NULL;
}

/* shuffled, some with large gaps between, and anywhere around 0 */
static void random_offsets(void)
{
	unsigned long at = (unsigned long)below(SZ_2G) * PAGE_SIZE;
	size_t stride = PAGE_ALIGN(SZ_1M - below(SZ_256K));
	unsigned int cpu, other;

	if (below(2))
		at = 0 - at;
	for_each_set_bit(cpu, box.possible, box.m.nr_cpu_ids) {
		box.offset[cpu] = at;
		at += stride;
		if (!below(3))
			at += (unsigned long)below(8192) * PAGE_SIZE;
	}
	for_each_set_bit(cpu, box.possible, box.m.nr_cpu_ids) {
		other = below(cpu + 1);
		if (test_bit(other, box.possible))
			swap(box.offset[cpu], box.offset[other]);
	}
	box.m.offset = box.offset;
	if (below(2))
		box.m.unit_size = PAGE_ALIGN(SZ_512K + SZ_64K + below(SZ_128K));
}

static void layout_rules_hold_without_offsets(struct kunit *test)
{
	const char *rule;
	int i;

	random_state = 1;
	for (i = 0; i < 3000; i++) {
		random_machine();
		rule = spcpu_test_broken_rule(&box.m, build(test));
		KUNIT_ASSERT_STREQ_MSG(test, rule, "", "machine %d", i);
	}
}

static void layout_rules_hold_with_offsets(struct kunit *test)
{
	const char *rule;
	int i;

	random_state = 2;
	for (i = 0; i < 3000; i++) {
		random_machine();
		random_offsets();
		rule = spcpu_test_broken_rule(&box.m, build(test));
		KUNIT_ASSERT_STREQ_MSG(test, rule, "", "machine %d", i);
	}
}

/*
 * Text.
 */
static void keep_line(void *to, const char *text)
{
	strscpy(box.text + box.len, text, sizeof(box.text) - box.len);
	box.len += strlen(text) + 1;
	box.lines++;
}

static void print(struct kunit *test, bool by_page)
{
	box.len = 0;
	box.lines = 0;
	KUNIT_EXPECT_EQ(test, 0, spcpu_layout_print(build(test), by_page,
						    keep_line, NULL));
}

/* a line that was printed, from 0 */
static const char *line(unsigned int nr)
{
	const char *text = box.text;

	if (nr >= box.lines)
		return "";
	while (nr--)
		text += strlen(text) + 1;
	return text;
}

static void expect_lines(struct kunit *test, const char * const *lines)
{
	unsigned int i;

	for (i = 0; lines[i]; i++)
		KUNIT_EXPECT_STREQ(test, line(i), lines[i]);
	KUNIT_EXPECT_EQ(test, box.lines, i);
}

/* what the kernel's own rule prints for these machines */
static const struct {
	const char *nodes[12];
	size_t static_size;
	size_t atom_size;
	const char *lines[24];
} printed[] = {
	{
		.nodes = { "0" },
		.static_size = STATIC,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u2097152",
			"pcpu-alloc: s159744 r8192 d28672 u2097152 alloc=1*2097152",
			"pcpu-alloc: [0] 0 ",
		},
	},
	{
		.nodes = { "0-3" },
		.static_size = STATIC,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u524288",
			"pcpu-alloc: s159744 r8192 d28672 u524288 alloc=1*2097152",
			"pcpu-alloc: [0] 0 1 2 3 ",
		},
	},
	{
		.nodes = { "0-3" },
		.static_size = STATIC,
		.atom_size = SZ_4K,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u196608",
			"pcpu-alloc: s159744 r8192 d28672 u196608 alloc=48*4096",
			"pcpu-alloc: [0] 0 [0] 1 [0] 2 [0] 3 ",
		},
	},
	{
		.nodes = { "0-2" },
		.static_size = STATIC,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u524288",
			"pcpu-alloc: s159744 r8192 d28672 u524288 alloc=1*2097152",
			"pcpu-alloc: [0] 0 1 2 - ",
		},
	},
	{
		.nodes = { "0-8" },
		.static_size = 1,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 10 pages/cpu s1 r8192 d32767 u524288",
			"pcpu-alloc: s1 r8192 d32767 u524288 alloc=1*2097152",
			"pcpu-alloc: [0] 0 1 2 3 [0] 4 5 6 7 [0] 8 - - - ",
		},
	},
	{
		.nodes = { "0-9" },
		.static_size = 100001,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 34 pages/cpu s100001 r8192 d31071 u524288",
			"pcpu-alloc: s100001 r8192 d31071 u524288 alloc=1*2097152",
			"pcpu-alloc: [0] 00 01 02 03 [0] 04 05 06 07 ",
			"pcpu-alloc: [0] 08 09 -- -- ",
		},
	},
	{
		.nodes = { "0,3,5-6,1000" },
		.static_size = STATIC,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u1048576",
			"pcpu-alloc: s159744 r8192 d28672 u1048576 alloc=1*2097152",
			"pcpu-alloc: [0] 0 3 [0] 5 6 [0] 1000 - ",
		},
	},
	{
		.nodes = { "0-7:1/2", "1-7:1/2" },
		.static_size = STATIC,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u524288",
			"pcpu-alloc: s159744 r8192 d28672 u524288 alloc=1*2097152",
			"pcpu-alloc: [0] 0 2 4 6 [1] 1 3 5 7 ",
		},
	},
	{
		.nodes = { "0-1,4-17", "2-3,18-31" },
		.static_size = STATIC,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u262144",
			"pcpu-alloc: s159744 r8192 d28672 u262144 alloc=1*2097152",
			"pcpu-alloc: [0] 00 01 04 05 06 07 08 09 [0] 10 11 12 13 14 15 16 17 ",
			"pcpu-alloc: [1] 02 03 18 19 20 21 22 23 [1] 24 25 26 27 28 29 30 31 ",
		},
	},
	{
		.nodes = { "0-3", "4-9", "10" },
		.static_size = STATIC,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u1048576",
			"pcpu-alloc: s159744 r8192 d28672 u1048576 alloc=1*2097152",
			"pcpu-alloc: [0] 00 01 [0] 02 03 [1] 04 05 [1] 06 07 ",
			"pcpu-alloc: [1] 08 09 [2] 10 -- ",
		},
	},
	{
		.nodes = { "0-16", "17-33", "34-50" },
		.static_size = STATIC,
		.atom_size = SZ_4M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u1048576",
			"pcpu-alloc: s159744 r8192 d28672 u1048576 alloc=1*4194304",
			"pcpu-alloc: [0] 00 01 02 03 [0] 04 05 06 07 ",
			"pcpu-alloc: [0] 08 09 10 11 [0] 12 13 14 15 ",
			"pcpu-alloc: [0] 16 -- -- -- [1] 17 18 19 20 ",
			"pcpu-alloc: [1] 21 22 23 24 [1] 25 26 27 28 ",
			"pcpu-alloc: [1] 29 30 31 32 [1] 33 -- -- -- ",
			"pcpu-alloc: [2] 34 35 36 37 [2] 38 39 40 41 ",
			"pcpu-alloc: [2] 42 43 44 45 [2] 46 47 48 49 ",
			"pcpu-alloc: [2] 50 -- -- -- ",
		},
	},
	{
		.nodes = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
			   "10" },
		.static_size = STATIC,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u2097152",
			"pcpu-alloc: s159744 r8192 d28672 u2097152 alloc=1*2097152",
			"pcpu-alloc: [00] 00 [01] 01 [02] 02 [03] 03 ",
			"pcpu-alloc: [04] 04 [05] 05 [06] 06 [07] 07 ",
			"pcpu-alloc: [08] 08 [09] 09 [10] 10 ",
		},
	},
	{
		.nodes = { "0-98,100-101" },
		.static_size = STATIC,
		.atom_size = SZ_4M,
		.lines = {
			"Embedded 48 pages/cpu s159744 r8192 d28672 u262144",
			"pcpu-alloc: s159744 r8192 d28672 u262144 alloc=1*4194304",
			"pcpu-alloc: [0] 000 001 002 003 004 005 006 007 008 009 010 011 012 013 014 015 ",
			"pcpu-alloc: [0] 016 017 018 019 020 021 022 023 024 025 026 027 028 029 030 031 ",
			"pcpu-alloc: [0] 032 033 034 035 036 037 038 039 040 041 042 043 044 045 046 047 ",
			"pcpu-alloc: [0] 048 049 050 051 052 053 054 055 056 057 058 059 060 061 062 063 ",
			"pcpu-alloc: [0] 064 065 066 067 068 069 070 071 072 073 074 075 076 077 078 079 ",
			"pcpu-alloc: [0] 080 081 082 083 084 085 086 087 088 089 090 091 092 093 094 095 ",
			"pcpu-alloc: [0] 096 097 098 100 101 --- --- --- --- --- --- --- --- --- --- --- ",
		},
	},
	{
		.nodes = { "0-127", "128-255" },
		.static_size = SZ_64K,
		.atom_size = SZ_2M,
		.lines = {
			"Embedded 25 pages/cpu s65536 r8192 d28672 u131072",
			"pcpu-alloc: s65536 r8192 d28672 u131072 alloc=1*2097152",
			"pcpu-alloc: [0] 000 001 002 003 004 005 006 007 008 009 010 011 012 013 014 015 ",
			"pcpu-alloc: [0] 016 017 018 019 020 021 022 023 024 025 026 027 028 029 030 031 ",
			"pcpu-alloc: [0] 032 033 034 035 036 037 038 039 040 041 042 043 044 045 046 047 ",
			"pcpu-alloc: [0] 048 049 050 051 052 053 054 055 056 057 058 059 060 061 062 063 ",
			"pcpu-alloc: [0] 064 065 066 067 068 069 070 071 072 073 074 075 076 077 078 079 ",
			"pcpu-alloc: [0] 080 081 082 083 084 085 086 087 088 089 090 091 092 093 094 095 ",
			"pcpu-alloc: [0] 096 097 098 099 100 101 102 103 104 105 106 107 108 109 110 111 ",
			"pcpu-alloc: [0] 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 ",
			"pcpu-alloc: [1] 128 129 130 131 132 133 134 135 136 137 138 139 140 141 142 143 ",
			"pcpu-alloc: [1] 144 145 146 147 148 149 150 151 152 153 154 155 156 157 158 159 ",
			"pcpu-alloc: [1] 160 161 162 163 164 165 166 167 168 169 170 171 172 173 174 175 ",
			"pcpu-alloc: [1] 176 177 178 179 180 181 182 183 184 185 186 187 188 189 190 191 ",
			"pcpu-alloc: [1] 192 193 194 195 196 197 198 199 200 201 202 203 204 205 206 207 ",
			"pcpu-alloc: [1] 208 209 210 211 212 213 214 215 216 217 218 219 220 221 222 223 ",
			"pcpu-alloc: [1] 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 ",
			"pcpu-alloc: [1] 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 ",
		},
	},
};

static void layout_prints_as_the_kernel(struct kunit *test)
{
	int i;

	if (PAGE_SIZE != SZ_4K)
		kunit_skip(test, "the text is of pages of 4 KB");

	for (i = 0; i < ARRAY_SIZE(printed); i++) {
		machine(test, printed[i].nodes);
		box.m.static_size = printed[i].static_size;
		box.m.atom_size = printed[i].atom_size;
		print(test, false);
		expect_lines(test, printed[i].lines);
	}
}

static void layout_prints_page_by_page(struct kunit *test)
{
	static const char * const lines[] = {
		"48 4K pages/cpu s159744 r8192 d28672",
		"pcpu-alloc: s159744 r8192 d28672 u196608 alloc=48*4096",
		"pcpu-alloc: [0] 0 [0] 1 [0] 2 [0] 3 ",
		NULL
	};

	if (PAGE_SIZE != SZ_4K)
		kunit_skip(test, "the text is of pages of 4 KB");

	MACHINE("0-3")->atom_size = SZ_4K;
	print(test, true);
	expect_lines(test, lines);
}

static void layout_prints_1024_cpus(struct kunit *test)
{
	/* "[0] 0000 " is 9 columns, so 4 to a line */
	MACHINE("0-255", "256-511", "512-767", "768-1023");
	box.m.atom_size = PAGE_SIZE;
	print(test, false);
	KUNIT_EXPECT_EQ(test, box.lines, 2 + 1024 / 4);
	KUNIT_EXPECT_STREQ(test, line(2),
			   "pcpu-alloc: [0] 0000 [0] 0001 [0] 0002 [0] 0003 ");
	KUNIT_EXPECT_STREQ(test, line(box.lines - 1),
			   "pcpu-alloc: [3] 1020 [3] 1021 [3] 1022 [3] 1023 ");
}

static void layout_prints_a_long_line(struct kunit *test)
{
	/* an allocation is never broken: "[0] " and 1024 times "0000 " */
	MACHINE("0-1023")->atom_size = SZ_256M;
	print(test, false);
	KUNIT_EXPECT_EQ(test, box.lines, 3);
	KUNIT_EXPECT_EQ(test, strlen(line(2)),
			strlen("pcpu-alloc: ") + 4 + 1024 * 5);
}

static struct kunit_case layout_cases[] = {
	KUNIT_CASE(layout_one_cpu),
	KUNIT_CASE(layout_one_cpu_not_0),
	KUNIT_CASE(layout_four_cpus),
	KUNIT_CASE(layout_four_cpus_in_large_units),
	KUNIT_CASE(layout_three_cpus_leave_a_hole),
	KUNIT_CASE(layout_five_cpus_leave_too_many),
	KUNIT_CASE(layout_two_nodes_of_128),
	KUNIT_CASE(layout_two_nodes_hot_pluggable),
	KUNIT_CASE(layout_holes_in_cpu_numbers),
	KUNIT_CASE(layout_interleaved_nodes),
	KUNIT_CASE(layout_unequal_nodes),
	KUNIT_CASE(layout_node_per_cpu),
	KUNIT_CASE(layout_1024_cpus),
	KUNIT_CASE(layout_1024_cpus_in_one_atom),
	KUNIT_CASE(layout_near_one_way_is_far),
	KUNIT_CASE(layout_near_to_two_groups),
	KUNIT_CASE(layout_near_counts_from_the_first),
	KUNIT_CASE(layout_one_node_without_near),
	KUNIT_CASE(layout_page_atoms),
	KUNIT_CASE(layout_units_are_whole_pages),
	KUNIT_CASE(layout_units_as_large_as_they_can),
	KUNIT_CASE(layout_unit_has_a_maximum),
	KUNIT_CASE(layout_dyn_takes_the_rounding),
	KUNIT_CASE(layout_dyn_has_a_minimum),
	KUNIT_CASE(layout_unit_has_a_minimum),
	KUNIT_CASE(layout_first_size_is_the_sum),
	KUNIT_CASE(layout_like_kernel_of_4_cpus),
	KUNIT_CASE(layout_like_kernel_of_1_cpu),
	KUNIT_CASE(layout_like_kernel_of_two_nodes),
	KUNIT_CASE(layout_like_kernel_by_page),
	KUNIT_CASE(layout_units_no_larger_than_allocations),
	KUNIT_CASE(layout_offsets_unsorted),
	KUNIT_CASE(layout_offsets_negative),
	KUNIT_CASE(layout_offsets_around_0),
	KUNIT_CASE(layout_two_cpus_far_apart),
	KUNIT_CASE(layout_stride_is_the_smallest),
	KUNIT_CASE(layout_offsets_of_absent_cpus_do_not_count),
	KUNIT_CASE(layout_unit_size_that_divides),
	KUNIT_CASE(layout_unit_size_that_does_not_divide),
	KUNIT_CASE(layout_unit_size_that_wastes),
	KUNIT_CASE(layout_unit_size_over_an_atom),
	KUNIT_CASE(layout_unit_size_without_offsets),
	KUNIT_CASE(layout_refuses_unit_size),
	KUNIT_CASE(layout_refuses_reserved_size),
	KUNIT_CASE(layout_refuses_dyn_size),
	KUNIT_CASE(layout_refuses_static_size),
	KUNIT_CASE(layout_refuses_sums_over_the_limit),
	KUNIT_CASE(layout_refuses_atom_size),
	KUNIT_CASE(layout_refuses_no_cpu),
	KUNIT_CASE(layout_refuses_equal_offsets),
	KUNIT_CASE(layout_refuses_offsets_off_a_page),
	KUNIT_CASE(layout_refuses_close_offsets),
	KUNIT_CASE(layout_refuses_close_offsets_for_small_units),
	KUNIT_CASE(layout_free_of_null),
	KUNIT_CASE(layout_rules_hold_without_offsets),
	KUNIT_CASE(layout_rules_hold_with_offsets),
	KUNIT_CASE(layout_prints_as_the_kernel),
	KUNIT_CASE(layout_prints_page_by_page),
	KUNIT_CASE(layout_prints_1024_cpus),
	KUNIT_CASE(layout_prints_a_long_line),
	{}
};

struct kunit_suite spcpu_layout_suite = {
	.name = "shadow_percpu_layout",
	.exit = layout_test_exit,
	.test_cases = layout_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Section: this module's own static variables, in all their forms; and sections
 * made by hand, as if other modules came and went.
 */
#include <kunit/test.h>
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "api.h"
#include "client.h"
#include "fixture.h"
#include "kmsg.h"
#include "shadow_percpu.h"
#include "state.h"
#include "suites.h"

struct pair {
	u32 left;
	u64 right;
};

/* declared by one, defined by another */
DECLARE_SHADOW_PER_CPU(u64, sv_plain);
DECLARE_SHADOW_PER_CPU_FIRST(u64, sv_first);
DECLARE_SHADOW_PER_CPU_ALIGNED(u32, sv_aligned);
DECLARE_SHADOW_PER_CPU_SHARED_ALIGNED(u32, sv_shared);
DECLARE_SHADOW_PER_CPU_PAGE_ALIGNED(u32, sv_page);
DECLARE_SHADOW_PER_CPU_READ_MOSTLY(u32, sv_read_mostly);

/* without initial values they are 0 */
static DEFINE_SHADOW_PER_CPU(u8, sv_byte);
static DEFINE_SHADOW_PER_CPU(struct pair, sv_blank);
static DEFINE_SHADOW_PER_CPU(u64[5], sv_zeros);

static DEFINE_SHADOW_PER_CPU(u16, sv_short) = 0x1234;
DEFINE_SHADOW_PER_CPU(u64, sv_plain) = 0x0123456789abcdefULL;
static DEFINE_SHADOW_PER_CPU(struct pair, sv_pair) = { 3, 4 };
static DEFINE_SHADOW_PER_CPU(int[3], sv_array) = { 10, 20, 30 };
static DEFINE_SHADOW_PER_CPU(char[8], sv_text) = "shadow";
static DEFINE_SHADOW_PER_CPU(const char *, sv_pointer) = "pointed to";

DEFINE_SHADOW_PER_CPU_PAGE_ALIGNED(u32, sv_page) = 5;
DEFINE_SHADOW_PER_CPU_SHARED_ALIGNED(u32, sv_shared) = 6;
DEFINE_SHADOW_PER_CPU_ALIGNED(u32, sv_aligned) = 7;
DEFINE_SHADOW_PER_CPU_READ_MOSTLY(u32, sv_read_mostly) = 8;
DEFINE_SHADOW_PER_CPU_FIRST(u64, sv_first) = 9;

static DEFINE_SHADOW_PER_CPU_SHARED_ALIGNED(u8, sv_own_shared) = 21;
static DEFINE_SHADOW_PER_CPU_ALIGNED(u8, sv_own_aligned) = 22;
static DEFINE_SHADOW_PER_CPU_READ_MOSTLY(u8, sv_own_read_mostly) = 23;

EXPORT_SHADOW_PER_CPU_SYMBOL(sv_plain);
EXPORT_SHADOW_PER_CPU_SYMBOL_GPL(sv_first);

#define copy_of(name, cpu)	per_cpu_ptr(&shadow_var(name), cpu)

/* is each pointer still the address of the image? */
static bool unregistered(void)
{
	return (__force u64 *)shadow_ptr__sv_plain == &shadow_image__sv_plain &&
	       (__force u64 *)shadow_ptr__sv_first == &shadow_image__sv_first &&
	       (__force u8 *)shadow_ptr__sv_byte == &shadow_image__sv_byte;
}

static int section_init(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, unregistered());
	return spcpu_client_init(test);
}

static void section_exit(struct kunit *test)
{
	shadow_percpu_unregister();
	spcpu_client_exit(test);
	KUNIT_EXPECT_TRUE(test, unregistered());
}

static void do_register(struct kunit *test)
{
	KUNIT_ASSERT_EQ_MSG(test, shadow_percpu_register(), 0,
			    "load shadow_percpu.ko with reserved_size=16384");
}

static void section_initial_values(struct kunit *test)
{
	unsigned int cpu;

	do_register(test);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_short), cpu), 0x1234);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_plain), cpu),
				0x0123456789abcdefULL);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_page), cpu), 5U);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_shared), cpu), 6U);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_aligned), cpu), 7U);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_read_mostly), cpu), 8U);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_first), cpu), 9ULL);
	}
}

static void section_initial_values_of_statics(struct kunit *test)
{
	unsigned int cpu;

	do_register(test);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_own_shared), cpu), 21);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_own_aligned), cpu), 22);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_own_read_mostly), cpu),
				23);
	}
}

static void section_initial_values_of_compounds(struct kunit *test)
{
	unsigned int cpu;

	do_register(test);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_pair), cpu).left, 3U);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_pair).right, cpu), 4ULL);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_array)[0], cpu), 10);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_array)[2], cpu), 30);
		KUNIT_EXPECT_STREQ(test, per_cpu(shadow_var(sv_text), cpu),
				   "shadow");
		KUNIT_EXPECT_PTR_EQ(test, per_cpu(shadow_var(sv_pointer), cpu),
				    shadow_image__sv_pointer);
	}
}

static void section_zero_without_value(struct kunit *test)
{
	unsigned int cpu;

	do_register(test);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_byte), cpu), 0);
		KUNIT_EXPECT_NULL(test,
				  memchr_inv(copy_of(sv_blank, cpu), 0,
					     sizeof(struct pair)));
		KUNIT_EXPECT_NULL(test,
				  memchr_inv(copy_of(sv_zeros, cpu), 0,
					     5 * sizeof(u64)));
	}
}

static void expect_aligned(struct kunit *test, const void *copy, size_t align,
			   const char *name)
{
	KUNIT_EXPECT_TRUE_MSG(test, IS_ALIGNED((unsigned long)copy, align), "%s",
			      name);
}

static void section_alignment(struct kunit *test)
{
	unsigned int cpu;

	do_register(test);
	for_each_possible_cpu(cpu) {
		expect_aligned(test, copy_of(sv_page, cpu), PAGE_SIZE, "page");
		expect_aligned(test, copy_of(sv_shared, cpu), SMP_CACHE_BYTES,
			       "shared");
		expect_aligned(test, copy_of(sv_aligned, cpu), SMP_CACHE_BYTES,
			       "aligned");
		expect_aligned(test, copy_of(sv_plain, cpu), __alignof__(u64),
			       "u64");
		expect_aligned(test, copy_of(sv_pair, cpu),
			       __alignof__(struct pair), "struct");
	}
}

#define position(name)	((__force unsigned long)&shadow_var(name))

/* first, page-aligned, read-mostly, the others, and those with lines of their own */
static void section_order(struct kunit *test)
{
	do_register(test);
	KUNIT_EXPECT_LT(test, position(sv_first), position(sv_page));
	KUNIT_EXPECT_LT(test, position(sv_page), position(sv_read_mostly));
	KUNIT_EXPECT_LT(test, position(sv_read_mostly), position(sv_byte));
	KUNIT_EXPECT_LT(test, position(sv_read_mostly), position(sv_plain));
	KUNIT_EXPECT_LT(test, position(sv_plain), position(sv_shared));
	KUNIT_EXPECT_LT(test, position(sv_array), position(sv_shared));
}

/* all in one object of the reserved chunk, which begins with the first */
static void section_lies_in_the_reserved_chunk(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	struct spcpu_place place;

	do_register(test);
	KUNIT_ASSERT_EQ(test, spcpu_locate(s, &shadow_var(sv_first), &place), 0);
	KUNIT_ASSERT_NOT_NULL(test, s->reserved);
	KUNIT_EXPECT_EQ(test, place.id, s->reserved->id);
	KUNIT_EXPECT_LE(test, position(sv_shared) + sizeof(u32),
			position(sv_first) + place.size);
	KUNIT_EXPECT_EQ(test, spcpu_locate(s, &shadow_var(sv_shared), &place),
			-EINVAL);
}

static void section_copies_are_independent(struct kunit *test)
{
	unsigned int cpu;

	do_register(test);
	for_each_possible_cpu(cpu) {
		per_cpu(shadow_var(sv_plain), cpu) = 1000 + cpu;
		per_cpu(shadow_var(sv_array)[1], cpu) = cpu;
		per_cpu_ptr(&shadow_var(sv_pair), cpu)->left = 2 * cpu;
	}
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_plain), cpu),
				1000ULL + cpu);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_array)[1], cpu),
				(int)cpu);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_array)[0], cpu), 10);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_pair).left, cpu),
				2 * cpu);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_pair).right, cpu), 4ULL);
	}
	KUNIT_EXPECT_EQ(test, shadow_image__sv_plain, 0x0123456789abcdefULL);
}

static void section_this_cpu_operations(struct kunit *test)
{
	unsigned int here, cpu;

	do_register(test);
	migrate_disable();
	here = smp_processor_id();
	this_cpu_write(shadow_var(sv_short), 5);
	this_cpu_inc(shadow_var(sv_short));
	this_cpu_add(shadow_var(sv_plain), 1);
	this_cpu_dec(shadow_var(sv_array)[1]);
	this_cpu_or(shadow_var(sv_byte), 0x10);
	KUNIT_EXPECT_EQ(test, this_cpu_read(shadow_var(sv_short)), 6);
	KUNIT_EXPECT_EQ(test, this_cpu_xchg(shadow_var(sv_pair).left, 33), 3U);
	KUNIT_EXPECT_EQ(test, this_cpu_cmpxchg(shadow_var(sv_pair).left, 33, 34),
			33U);
	KUNIT_EXPECT_EQ(test, this_cpu_add_return(shadow_var(sv_first), 1), 10ULL);
	migrate_enable();

	for_each_possible_cpu(cpu) {
		bool mine = cpu == here;

		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_short), cpu),
				mine ? 6 : 0x1234);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_plain), cpu),
				0x0123456789abcdefULL + mine);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_array)[1], cpu),
				20 - mine);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_byte), cpu),
				mine ? 0x10 : 0);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_pair).left, cpu),
				mine ? 34U : 3U);
	}
}

static void section_pointer_operations(struct kunit *test)
{
	struct pair *pair;
	unsigned int cpu;
	u32 left, raw;
	u64 first;

	do_register(test);
	cpu = get_cpu();
	this_cpu_ptr(&shadow_var(sv_pair))->left = 44;
	left = per_cpu(shadow_var(sv_pair).left, cpu);
	raw_cpu_inc(shadow_var(sv_pair).left);
	__this_cpu_inc(shadow_var(sv_pair).left);
	raw = raw_cpu_read(shadow_var(sv_pair).left);
	put_cpu();

	KUNIT_EXPECT_EQ(test, left, 44U);
	KUNIT_EXPECT_EQ(test, raw, 46U);

	get_cpu_var(shadow_var(sv_first)) = 77;
	first = per_cpu(shadow_var(sv_first), raw_smp_processor_id());
	put_cpu_var(shadow_var(sv_first));
	KUNIT_EXPECT_EQ(test, first, 77ULL);

	pair = get_cpu_ptr(&shadow_var(sv_pair));
	left = pair->left;
	put_cpu_ptr(&shadow_var(sv_pair));
	KUNIT_EXPECT_EQ(test, left, 46U);
}

/* larger than any object can be */
static void section_over_the_limit(struct kunit *test)
{
	size_t size = SHADOW_PERCPU_MAX_SIZE + sizeof(u64);
	struct spcpu *s = spcpu_api_allocator();
	struct spcpu_state *before = spcpu_state_take(test, s);
	char *image = kunit_kzalloc(test, size, GFP_KERNEL);
	unsigned long ptr = (unsigned long)image;
	struct shadow_percpu_section section = {
		.start = image, .end = image + size,
		.ptrs = &ptr, .ptrs_end = &ptr + 1,
		.align = sizeof(u64),
	};

	KUNIT_ASSERT_NOT_NULL(test, image);
	KUNIT_EXPECT_EQ(test, __shadow_percpu_register(&section, "big"), -EINVAL);
	section.end = image + 8;
	section.align = 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, __shadow_percpu_register(&section, "big"), -EINVAL);
	KUNIT_EXPECT_EQ(test, ptr, (unsigned long)image);
	spcpu_state_expect(test, s, before, "a section over the limit");
}

/* what was counted is lost; the image never saw it */
static void section_starts_anew(struct kunit *test)
{
	unsigned int cpu;

	do_register(test);
	for_each_possible_cpu(cpu) {
		per_cpu(shadow_var(sv_plain), cpu) = 1;
		per_cpu(shadow_var(sv_byte), cpu) = 2;
	}
	shadow_percpu_unregister();
	KUNIT_EXPECT_TRUE(test, unregistered());

	do_register(test);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_plain), cpu),
				0x0123456789abcdefULL);
		KUNIT_EXPECT_EQ(test, per_cpu(shadow_var(sv_byte), cpu), 0);
	}
}

static void section_twice_is_busy(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	struct spcpu_state *before;
	struct spcpu_kmsg log;

	do_register(test);
	this_cpu_write(shadow_var(sv_plain), 11);
	before = spcpu_state_take(test, s);
	spcpu_kmsg_mark(&log);
	KUNIT_EXPECT_EQ(test, shadow_percpu_register(), -EBUSY);
	if (IS_ENABLED(CONFIG_PRINTK))
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, KBUILD_MODNAME
						       ": registered already"),
				1U);
	spcpu_state_expect(test, s, before, "a second registration");
}

static void section_unregister_twice(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	struct spcpu_state *before = spcpu_state_take(test, s);

	shadow_percpu_unregister();
	spcpu_state_expect(test, s, before, "unregistering nothing");

	do_register(test);
	shadow_percpu_unregister();
	before = spcpu_state_take(test, s);
	shadow_percpu_unregister();
	spcpu_state_expect(test, s, before, "unregistering twice");
	KUNIT_EXPECT_TRUE(test, unregistered());
}

static void fill_reserved(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	void __percpu *ptr;
	size_t size;

	for (size = 4096; size >= 4; size /= 2)
		while (!spcpu_test_request(s, size, 4, true, GFP_KERNEL, &ptr))
			KUNIT_ASSERT_TRUE(test, !!spcpu_client_keep(test, ptr));
}

static void section_without_room(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	void __percpu *room;
	struct spcpu_state *before;
	struct spcpu_kmsg log;

	KUNIT_ASSERT_EQ(test, spcpu_test_request(s, 3 * PAGE_SIZE, PAGE_SIZE,
						 true, GFP_KERNEL, &room), 0);
	spcpu_client_keep(test, room);
	fill_reserved(test);
	before = spcpu_state_take(test, s);
	spcpu_kmsg_mark(&log);
	KUNIT_EXPECT_EQ(test, shadow_percpu_register(), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, unregistered());
	spcpu_state_expect(test, s, before, "a registration without room");
	if (IS_ENABLED(CONFIG_PRINTK))
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "larger reserved_size="),
				1U);

	spcpu_client_free(test, room);
	do_register(test);
	KUNIT_EXPECT_EQ(test, this_cpu_read(shadow_var(sv_first)), 9ULL);
}

/**
 * struct module_like - a section like that of another module
 *
 * @image: initial values
 * @ptrs: pointers to two variables
 */
struct module_like {
	u64 image[4];
	unsigned long ptrs[2];
};

static struct shadow_percpu_section view_of(struct module_like *m)
{
	return (struct shadow_percpu_section) {
		.start		= (char *)m->image,
		.end		= (char *)(m->image + ARRAY_SIZE(m->image)),
		.ptrs		= m->ptrs,
		.ptrs_end	= m->ptrs + ARRAY_SIZE(m->ptrs),
		.align		= sizeof(u64),
	};
}

/* as the loader leaves it */
static struct shadow_percpu_section load_again(struct module_like *m)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(m->image); i++)
		m->image[i] = 100 + i;
	m->ptrs[0] = (unsigned long)&m->image[0];
	m->ptrs[1] = (unsigned long)&m->image[3];
	return view_of(m);
}

static void expect_copies(struct kunit *test, const struct module_like *m)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, *per_cpu_ptr((u64 __percpu *)m->ptrs[0], cpu),
				100ULL);
		KUNIT_EXPECT_EQ(test, *per_cpu_ptr((u64 __percpu *)m->ptrs[1], cpu),
				103ULL);
	}
}

static void section_of_several_modules(struct kunit *test)
{
	static struct module_like m[3];
	struct shadow_percpu_section section[ARRAY_SIZE(m)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(m); i++) {
		section[i] = load_again(&m[i]);
		KUNIT_ASSERT_EQ(test, __shadow_percpu_register(&section[i], "m"),
				0);
	}
	for (i = 0; i < ARRAY_SIZE(m); i++) {
		expect_copies(test, &m[i]);
		__shadow_percpu_unregister(&section[i]);
		KUNIT_EXPECT_EQ(test, m[i].ptrs[1], (unsigned long)&m[i].image[3]);
	}
}

/* unloaded without a word, and loaded to the same place: the old room is reused */
static void section_of_a_module_that_went(struct kunit *test)
{
	static struct module_like m;
	struct shadow_percpu_section section = load_again(&m);
	struct spcpu *s = spcpu_api_allocator();
	u64 live;

	KUNIT_ASSERT_EQ(test, __shadow_percpu_register(&section, "gone"), 0);
	live = s->stats.nr_cur_alloc;
	*per_cpu_ptr((u64 __percpu *)m.ptrs[0], s->layout->low_cpu) = 1;

	section = load_again(&m);
	KUNIT_ASSERT_EQ(test, __shadow_percpu_register(&section, "again"), 0);
	KUNIT_EXPECT_EQ(test, s->stats.nr_cur_alloc, live);
	expect_copies(test, &m);
	__shadow_percpu_unregister(&section);
}

static void section_without_variables(struct kunit *test)
{
	static struct module_like m;
	struct shadow_percpu_section section = load_again(&m);
	struct spcpu *s = spcpu_api_allocator();
	struct spcpu_state *before = spcpu_state_take(test, s);

	section.end = section.start;
	section.ptrs_end = section.ptrs;
	KUNIT_EXPECT_EQ(test, __shadow_percpu_register(&section, "none"), 0);
	KUNIT_EXPECT_EQ(test, __shadow_percpu_register(&section, "none"), 0);
	__shadow_percpu_unregister(&section);
	spcpu_state_expect(test, s, before, "a module without variables");
}

static struct kunit_case section_cases[] = {
	KUNIT_CASE(section_initial_values),
	KUNIT_CASE(section_initial_values_of_statics),
	KUNIT_CASE(section_initial_values_of_compounds),
	KUNIT_CASE(section_zero_without_value),
	KUNIT_CASE(section_alignment),
	KUNIT_CASE(section_order),
	KUNIT_CASE(section_lies_in_the_reserved_chunk),
	KUNIT_CASE(section_copies_are_independent),
	KUNIT_CASE(section_this_cpu_operations),
	KUNIT_CASE(section_pointer_operations),
	KUNIT_CASE(section_starts_anew),
	KUNIT_CASE(section_twice_is_busy),
	KUNIT_CASE(section_unregister_twice),
	KUNIT_CASE(section_without_room),
	KUNIT_CASE(section_over_the_limit),
	KUNIT_CASE(section_of_several_modules),
	KUNIT_CASE(section_of_a_module_that_went),
	KUNIT_CASE(section_without_variables),
	{ }
};

struct kunit_suite spcpu_section_suite = {
	.name = "shadow_percpu_section",
	.init = section_init,
	.exit = section_exit,
	.test_cases = section_cases,
};

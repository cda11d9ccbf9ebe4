// SPDX-License-Identifier: GPL-2.0
/*
 * API: every exported call and macro, as another module would use them.
 */
#include <kunit/test.h>
#include <linux/cache.h>
#include <linux/cpumask.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "api.h"
#include "cached.h"
#include "client.h"
#include "copies.h"
#include "kmsg.h"
#include "shadow_percpu.h"
#include "suites.h"

struct two {
	u8 flag;
	u64 count;
};

struct lined {
	u32 word;
} ____cacheline_aligned;

/*
 * The usable bytes of an object that was asked for: those asked for, rounded up to 4,
 * or with the cache on, if it is one that the cache has had, those of its class.
 */
static size_t usable(const void __percpu *ptr, size_t size, size_t align)
{
	bool cached = spcpu_api_allocator()->options.cache;
	int class = cached ? spcpu_class_of(size, align, GFP_KERNEL) : -1;
	size_t bytes = shadow_percpu_size(ptr);

	return class >= 0 && bytes == spcpu_classes[class].size ?
	       bytes : ALIGN(size, 4);
}

/* what every object has to be: where it was asked for, zeroed, of its size */
static void expect_usable(struct kunit *test, void __percpu *ptr, size_t size,
			  size_t align, size_t bytes)
{
	unsigned int cpu;

	KUNIT_ASSERT_TRUE_MSG(test, !!ptr, "%zu bytes aligned to %zu", size,
			      align);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_zero(ptr, size));
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(ptr), bytes);
	for_each_possible_cpu(cpu)
		if (!IS_ALIGNED((unsigned long)per_cpu_ptr(ptr, cpu), align))
			KUNIT_FAIL(test, "CPU %u: %zu bytes not aligned to %zu",
				   cpu, size, align);
}

static void expect_object(struct kunit *test, void __percpu *ptr, size_t size,
			  size_t align)
{
	expect_usable(test, ptr, size, align, usable(ptr, size, align));
}

/* no cache hands these out */
static void expect_reserved(struct kunit *test, void __percpu *ptr, size_t size,
			    size_t align)
{
	expect_usable(test, ptr, size, align, ALIGN(size, 4));
}

/* allocate, look at it, leave dirt behind for the next owner */
static void try_object(struct kunit *test, size_t size, size_t align)
{
	void __percpu *ptr = spcpu_client_alloc(test, size, align);
	size_t bytes = usable(ptr, size, align);

	expect_object(test, ptr, size, align);
	spcpu_copies_fill(ptr, bytes, size);
	KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(ptr, bytes, size));
	spcpu_client_free(test, ptr);
	cond_resched();
}

/* the macros give typed pointers */
static_assert(__same_type(*shadow_alloc_percpu(u16), u16));
static_assert(__same_type(*shadow_alloc_percpu(struct two), struct two));
static_assert(__same_type(*shadow_alloc_percpu(char[33]), char[33]));
static_assert(__same_type(*shadow_alloc_percpu_gfp(void *, GFP_NOWAIT), void *));

static void keep_and_expect(struct kunit *test, void __percpu *ptr, size_t size,
			    size_t align)
{
	expect_object(test, spcpu_client_keep(test, ptr), size, align);
}

#define expect_type(test, type)						\
	keep_and_expect(test, shadow_alloc_percpu(type), sizeof(type),	\
			__alignof__(type))

static void api_types(struct kunit *test)
{
	expect_type(test, u8);
	expect_type(test, u16);
	expect_type(test, u32);
	expect_type(test, u64);
	expect_type(test, void *);
}

static void api_structures(struct kunit *test)
{
	expect_type(test, struct two);
	expect_type(test, struct lined);
	expect_type(test, struct two[7]);
	expect_type(test, char[33]);
}

static void api_typed_gfp(struct kunit *test)
{
	struct two __percpu *ptr = shadow_alloc_percpu_gfp(struct two, GFP_ATOMIC);

	keep_and_expect(test, ptr, sizeof(struct two), __alignof__(struct two));
}

static void api_sizes(struct kunit *test)
{
	size_t size;

	for (size = 1; size <= 128; size++)
		try_object(test, size, 1);
	for (size = 256; size <= SHADOW_PERCPU_MAX_SIZE; size *= 2) {
		try_object(test, size - 1, 4);
		try_object(test, size, 8);
		if (size < SHADOW_PERCPU_MAX_SIZE)
			try_object(test, size + 1, 4);
	}
}

static void api_alignments(struct kunit *test)
{
	size_t align;

	for (align = 1; align <= PAGE_SIZE; align *= 2) {
		try_object(test, 1, align);
		try_object(test, align, align);
		try_object(test, 3 * align, align);
	}
	try_object(test, SHADOW_PERCPU_MAX_SIZE, PAGE_SIZE);
}

/* live neighbours that are not aligned: padding has to be found between them */
static void api_alignments_among_others(struct kunit *test)
{
	size_t align;

	for (align = 1; align <= PAGE_SIZE; align *= 2) {
		void __percpu *ptr;

		spcpu_client_alloc(test, 4, 4);
		ptr = spcpu_client_alloc(test, 12, align);
		expect_object(test, ptr, 12, align);
	}
}

static void api_gfp_forms(struct kunit *test)
{
	static const gfp_t forms[] = {
		GFP_KERNEL, GFP_NOIO, GFP_NOFS, GFP_NOWAIT, GFP_ATOMIC,
		GFP_KERNEL | __GFP_NORETRY, GFP_KERNEL | __GFP_NOWARN,
		GFP_KERNEL_ACCOUNT, GFP_USER | __GFP_ZERO,
		GFP_ATOMIC | __GFP_NOWARN,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(forms); i++)
		keep_and_expect(test, __shadow_alloc_percpu_gfp(40, 8, forms[i]),
				40, 8);
}

/* nothing in here may sleep; DEBUG_ATOMIC_SLEEP watches */
static void api_atomic_context(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	void __percpu *ptr;
	unsigned long flags;
	size_t size;

	spin_lock_irqsave(&lock, flags);
	ptr = __shadow_alloc_percpu_gfp(24, 8, GFP_ATOMIC);
	size = shadow_percpu_size(ptr);
	shadow_free_percpu(ptr);
	spin_unlock_irqrestore(&lock, flags);

	KUNIT_EXPECT_TRUE(test, !!ptr);
	KUNIT_EXPECT_EQ(test, size, (size_t)24);
}

static void api_reserved(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	struct spcpu_place place;
	void __percpu *ptr;

	ptr = spcpu_client_keep(test, __shadow_alloc_reserved_percpu(100, 16));
	expect_reserved(test, ptr, 100, 16);
	KUNIT_ASSERT_EQ(test, spcpu_locate(s, ptr, &place), 0);
	KUNIT_EXPECT_EQ(test, place.id,
			s->reserved ? s->reserved->id : s->first->id);
}

/* takes objects of one size until there is no room for another */
static void fill_reserved(struct kunit *test, size_t size)
{
	void __percpu *ptr;

	do {
		ptr = __shadow_alloc_reserved_percpu(size, 4);
	} while (spcpu_client_keep(test, ptr));
}

static void api_reserved_full(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	void __percpu *last;
	struct spcpu_kmsg log;

	if (!s->reserved)
		kunit_skip(test, "loaded with reserved_size=0");

	last = spcpu_client_keep(test, __shadow_alloc_reserved_percpu(64, 4));
	KUNIT_ASSERT_TRUE(test, !!last);
	spcpu_kmsg_mark(&log);
	fill_reserved(test, 512);
	fill_reserved(test, 64);
	fill_reserved(test, 4);
	KUNIT_EXPECT_EQ(test, spcpu_chunk_free_bytes(s->reserved), (size_t)0);
	if (IS_ENABLED(CONFIG_PRINTK))
		KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "larger reserved_size="),
				3U);

	/* the dynamic chunks are no help, and no worse for it */
	KUNIT_EXPECT_TRUE(test, !!spcpu_client_alloc(test, 64, 4));
	spcpu_client_free(test, last);
	last = spcpu_client_keep(test, __shadow_alloc_reserved_percpu(64, 4));
	expect_reserved(test, last, 64, 4);
}

/* who may not sleep is told what to do with what there is, once it is used up */
static void api_atomic_full(struct kunit *test)
{
	struct spcpu_kmsg log;
	void __percpu *ptr;
	unsigned int i;

	spcpu_kmsg_mark(&log);
	for (i = 0; i < 1000; i++) {
		ptr = __shadow_alloc_percpu_gfp(SHADOW_PERCPU_MAX_SIZE, 4, GFP_NOWAIT);
		if (!spcpu_client_keep(test, ptr))
			break;
	}
	KUNIT_EXPECT_LT(test, i, 1000U);
	if (IS_ENABLED(CONFIG_PRINTK))
		KUNIT_EXPECT_EQ(test, 1U,
				spcpu_kmsg_count(&log, "may not sleep; more is being prepared"));
	/* and who may sleep gets it */
	KUNIT_EXPECT_TRUE(test, !!spcpu_client_alloc(test, SHADOW_PERCPU_MAX_SIZE, 4));
}

static void api_size_of_no_object(struct kunit *test)
{
	char __percpu *ptr = spcpu_client_alloc(test, 64, 8);
	void __percpu *other = alloc_percpu(u64);

	KUNIT_EXPECT_EQ(test, shadow_percpu_size(NULL), (size_t)0);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(ptr), (size_t)64);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(ptr + 4), (size_t)0);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(ptr + 1), (size_t)0);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(other), (size_t)0);
	free_percpu(other);

	spcpu_client_free(test, ptr);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(ptr), (size_t)0);
}

/* objects side by side and in several chunks keep what was written to them */
static void api_many_objects(struct kunit *test)
{
	enum { NR = 1000 };
	void __percpu **ptrs;
	unsigned int i;

	ptrs = kunit_kcalloc(test, NR, sizeof(*ptrs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ptrs);

	for (i = 0; i < NR; i++) {
		ptrs[i] = spcpu_client_alloc(test, 4 + i % 61 * 4, 4);
		spcpu_copies_fill(ptrs[i], 4 + i % 61 * 4, i);
		cond_resched();
	}
	for (i = 0; i < NR; i++) {
		KUNIT_EXPECT_TRUE_MSG(test,
				      spcpu_copies_hold(ptrs[i], 4 + i % 61 * 4, i),
				      "object %u was overwritten", i);
		if (i % 3)
			spcpu_client_free(test, ptrs[i]);
		cond_resched();
	}
}

static void api_large_objects(struct kunit *test)
{
	enum { NR = 40 };
	void __percpu *ptrs[NR];
	unsigned int i;

	for (i = 0; i < NR; i++) {
		ptrs[i] = spcpu_client_alloc(test, SHADOW_PERCPU_MAX_SIZE, 4);
		spcpu_copies_fill(ptrs[i], SHADOW_PERCPU_MAX_SIZE, i);
		cond_resched();
	}
	for (i = 0; i < NR; i++) {
		KUNIT_EXPECT_TRUE(test, spcpu_copies_hold(ptrs[i],
							  SHADOW_PERCPU_MAX_SIZE,
							  i));
		cond_resched();
	}
}

static void api_address_of_copies(struct kunit *test)
{
	void __percpu *small = spcpu_client_alloc(test, 40, 8);
	void __percpu *large = spcpu_client_alloc(test, SHADOW_PERCPU_MAX_SIZE, 4);
	void __percpu *reserved = spcpu_client_keep(test,
						    __shadow_alloc_reserved_percpu(4, 4));
	unsigned int cpu;

	KUNIT_ASSERT_TRUE(test, !!reserved);
	for_each_possible_cpu(cpu) {
		char *a = per_cpu_ptr(small, cpu), *b = per_cpu_ptr(large, cpu);

		if (!is_shadow_percpu_address(a) ||
		    !is_shadow_percpu_address(a + 39) ||
		    !is_shadow_percpu_address(b) ||
		    !is_shadow_percpu_address(b + SHADOW_PERCPU_MAX_SIZE - 1) ||
		    !is_shadow_percpu_address(per_cpu_ptr(reserved, cpu)) ||
		    !is_shadow_percpu_address((unsigned long)a))
			KUNIT_FAIL(test, "CPU %u's copy is not known", cpu);
	}
}

/* the whole of every unit of the first chunk, and not a byte more */
static void api_address_at_the_ends(struct kunit *test)
{
	struct spcpu *s = spcpu_api_allocator();
	struct spcpu_window *window = s->first->window;
	unsigned long size = window->nr_pages << PAGE_SHIFT;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		unsigned long start = window->base + s->layout->unit_off[cpu];

		KUNIT_EXPECT_TRUE(test, is_shadow_percpu_address(start));
		KUNIT_EXPECT_TRUE(test, is_shadow_percpu_address(start + size - 1));
		if (size < s->layout->unit_size)
			KUNIT_EXPECT_FALSE(test,
					   is_shadow_percpu_address(start + size));
	}
	KUNIT_EXPECT_FALSE(test, is_shadow_percpu_address(window->base - 1));
}

static void api_foreign_memory(struct kunit *test)
{
	void __percpu *ptr = spcpu_client_alloc(test, 64, 8);
	u64 __percpu *other = alloc_percpu(u64);
	void *area = vmalloc(PAGE_SIZE), *slab = kmalloc(64, GFP_KERNEL);
	unsigned int cpu;

	KUNIT_EXPECT_FALSE(test, is_shadow_percpu_address(NULL));
	KUNIT_EXPECT_FALSE(test, is_shadow_percpu_address(~0UL));
	KUNIT_EXPECT_FALSE(test, is_shadow_percpu_address(&cpu));
	KUNIT_EXPECT_FALSE(test, is_shadow_percpu_address(area));
	KUNIT_EXPECT_FALSE(test, is_shadow_percpu_address(slab));
	KUNIT_EXPECT_FALSE(test, is_shadow_percpu_address(api_foreign_memory));
	KUNIT_EXPECT_FALSE(test, is_shadow_percpu_address((__force void *)ptr));
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_FALSE(test,
				   is_shadow_percpu_address(per_cpu_ptr(other, cpu)));
	kfree(slab);
	vfree(area);
	free_percpu(other);
}

/* what CPU @cpu's copy holds is what lies at its physical address */
static void expect_phys(struct kunit *test, void __percpu *ptr, size_t off,
			unsigned int cpu)
{
	char *addr = (char *)per_cpu_ptr(ptr, cpu) + off;
	phys_addr_t phys = shadow_per_cpu_ptr_to_phys(addr);
	struct page *page = pfn_to_page(PHYS_PFN(phys));
	u8 byte;

	KUNIT_ASSERT_TRUE(test, phys != PHYS_ADDR_MAX);
	KUNIT_ASSERT_TRUE(test, pfn_valid(PHYS_PFN(phys)));
	KUNIT_EXPECT_EQ(test, phys,
			page_to_phys(vmalloc_to_page(addr)) + offset_in_page(addr));
	byte = *((u8 *)page_address(page) + offset_in_page(phys));
	KUNIT_EXPECT_EQ(test, byte, spcpu_copies_byte(cpu, 5));
}

static void api_phys(struct kunit *test)
{
	static const size_t offs[] = { 0, 1, 4099, 9999 };
	void __percpu *ptr = spcpu_client_alloc(test, 10000, 4);
	unsigned int cpu, other, i;

	spcpu_copies_fill(ptr, 10000, 5);
	for_each_possible_cpu(cpu) {
		for (i = 0; i < ARRAY_SIZE(offs); i++)
			expect_phys(test, ptr, offs[i], cpu);
		for_each_possible_cpu(other) {
			bool same = shadow_per_cpu_ptr_to_phys(per_cpu_ptr(ptr, cpu)) ==
				    shadow_per_cpu_ptr_to_phys(per_cpu_ptr(ptr, other));

			KUNIT_EXPECT_EQ(test, same, cpu == other);
		}
	}
}

static void api_phys_of_foreign(struct kunit *test)
{
	void *foreign[] = { NULL, test, &foreign, api_phys_of_foreign };
	u64 __percpu *other = alloc_percpu(u64);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(foreign); i++)
		KUNIT_EXPECT_TRUE(test, shadow_per_cpu_ptr_to_phys(foreign[i]) ==
				  PHYS_ADDR_MAX);
	KUNIT_EXPECT_TRUE(test, shadow_per_cpu_ptr_to_phys(per_cpu_ptr(other, 0)) ==
			  PHYS_ADDR_MAX);
	free_percpu(other);
}

static struct spcpu_calls all_calls(void)
{
	struct spcpu_calls one, all = { };
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		spcpu_api_calls(cpu, &one);
		all.alloc += one.alloc;
		all.free += one.free;
		all.refused += one.refused;
	}
	return all;
}

static void api_free_null(struct kunit *test)
{
	struct spcpu_calls before = all_calls(), after;
	struct spcpu_kmsg log;

	spcpu_kmsg_mark(&log);
	shadow_free_percpu(NULL);
	after = all_calls();
	KUNIT_EXPECT_EQ(test, after.free, before.free);
	KUNIT_EXPECT_EQ(test, after.refused, before.refused);
	KUNIT_EXPECT_EQ(test, spcpu_kmsg_count(&log, "shadow_percpu: "), 0U);
}

/* calls are counted where they are made, in a static variable of our own */
static void api_calls(struct kunit *test)
{
	struct spcpu_calls before = all_calls(), here, after;
	void __percpu *ptr;
	unsigned int cpu;

	migrate_disable();
	cpu = smp_processor_id();
	spcpu_api_calls(cpu, &here);
	ptr = __shadow_alloc_percpu(8, 8);
	shadow_free_percpu(__shadow_alloc_percpu_gfp(8, 8, GFP_NOWAIT));
	shadow_free_percpu(ptr);
	ptr = __shadow_alloc_percpu_gfp(0, 8, GFP_KERNEL | __GFP_NOWARN);
	spcpu_api_calls(cpu, &after);
	migrate_enable();

	KUNIT_EXPECT_FALSE(test, !!ptr);
	KUNIT_EXPECT_EQ(test, after.alloc - here.alloc, 2ULL);
	KUNIT_EXPECT_EQ(test, after.free - here.free, 2ULL);
	KUNIT_EXPECT_EQ(test, after.refused - here.refused, 1ULL);

	after = all_calls();
	KUNIT_EXPECT_EQ(test, after.alloc - before.alloc, 2ULL);
	KUNIT_EXPECT_EQ(test, after.free - before.free, 2ULL);
	KUNIT_EXPECT_EQ(test, after.refused - before.refused, 1ULL);
}

static struct kunit_case api_cases[] = {
	KUNIT_CASE(api_types),
	KUNIT_CASE(api_structures),
	KUNIT_CASE(api_typed_gfp),
	KUNIT_CASE(api_sizes),
	KUNIT_CASE(api_alignments),
	KUNIT_CASE(api_alignments_among_others),
	KUNIT_CASE(api_gfp_forms),
	KUNIT_CASE(api_atomic_context),
	KUNIT_CASE(api_reserved),
	KUNIT_CASE(api_reserved_full),
	KUNIT_CASE(api_atomic_full),
	KUNIT_CASE(api_size_of_no_object),
	KUNIT_CASE(api_many_objects),
	KUNIT_CASE(api_large_objects),
	KUNIT_CASE(api_address_of_copies),
	KUNIT_CASE(api_address_at_the_ends),
	KUNIT_CASE(api_foreign_memory),
	KUNIT_CASE(api_phys),
	KUNIT_CASE(api_phys_of_foreign),
	KUNIT_CASE(api_free_null),
	KUNIT_CASE(api_calls),
	{ }
};

struct kunit_suite spcpu_api_suite = {
	.name = "shadow_percpu_api",
	.init = spcpu_client_init,
	.exit = spcpu_client_exit,
	.test_cases = api_cases,
};

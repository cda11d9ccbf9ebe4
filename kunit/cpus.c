// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs: those that are absent, leave and come.
 */
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "cpus.h"
#include "hotplug.h"

/* the initial values of static variables, none of them 0 */
u8 spcpu_cpus_image[SPCPU_CPUS_STATIC];

/**
 * struct leave - CPUs that a test has sent away
 *
 * @test: the test
 * @cpus: which
 */
struct leave {
	struct kunit *test;
	struct cpumask cpus;
};

static void bring_back(void *what)
{
	struct leave *leave = what;
	unsigned int cpu;

	for_each_cpu(cpu, &leave->cpus) {
		if (!cpu_online(cpu))
			KUNIT_EXPECT_EQ_MSG(leave->test, 0, add_cpu(cpu),
					    "CPU %u stays away", cpu);
	}
}

/**
 * spcpu_cpus_leave() - send CPUs away until the test ends
 * @test: the test, which ends if one does not go
 * @most: how many, if there are so many besides the first; from below, so that
 *	others that stay come after them
 */
void spcpu_cpus_leave(struct kunit *test, unsigned int most)
{
	struct leave *leave = kunit_kzalloc(test, sizeof(*leave), GFP_KERNEL);
	unsigned int cpu;

	KUNIT_ASSERT_NOT_NULL(test, leave);
	leave->test = test;
	spcpu_test_at_exit(test, bring_back, leave);

	for_each_present_cpu(cpu) {
		if (!cpu || !cpu_online(cpu))
			continue;
		if (!most--)
			return;
		cpumask_set_cpu(cpu, &leave->cpus);
		KUNIT_ASSERT_EQ_MSG(test, 0, remove_cpu(cpu), "CPU %u", cpu);
	}
}

/**
 * spcpu_cpus_come() - have a CPU come online
 * @s: an allocator with hotplug=online
 * @cpu: a CPU that is not online
 *
 * One that the machine does not have gets everything for it all the same.
 *
 * Return: 0, or why it cannot.
 */
int spcpu_cpus_come(struct spcpu *s, unsigned int cpu)
{
	int err;

	if (cpu_present(cpu))
		return add_cpu(cpu);

	/* nobody else brings CPUs up meanwhile */
	cpus_read_lock();
	err = spcpu_hotplug_prepare(s, cpu);
	cpus_read_unlock();
	return err;
}

/**
 * spcpu_cpus_absent() - possible CPUs that have nothing of their own yet
 * @test: the test
 * @s: an allocator
 *
 * Return: Those that are absent now; some may come later.
 */
const struct cpumask *spcpu_cpus_absent(struct kunit *test,
					const struct spcpu *s)
{
	struct cpumask *absent = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, absent);
	cpumask_andnot(absent, cpu_possible_mask, s->ready_cpus);
	return absent;
}

/**
 * spcpu_cpus_create() - make an allocator with static variables, a reserved
 *	chunk, and small units
 * @test: the test, at whose end it is destroyed
 * @mode: how the first chunk's pages are found
 * @backing: how pages get behind addresses
 * @online: hotplug=online
 * @cache: with a cache
 *
 * Return: The allocator; the test ends if there is none.
 */
struct spcpu *spcpu_cpus_create(struct kunit *test, enum spcpu_first_mode mode,
				const struct spcpu_backing *backing,
				bool online, bool cache)
{
	const struct spcpu_options options = {
		.first_mode = mode,
		.backing = backing,
		.online = online,
		.cache = cache,
		.image = spcpu_cpus_image,
	};
	unsigned int i;

	for (i = 0; i < sizeof(spcpu_cpus_image); i++)
		spcpu_cpus_image[i] = 1 + i % 251;
	return spcpu_test_create(test, 64 << 10, 8192, 20 << 10,
				 sizeof(spcpu_cpus_image), &options);
}

/**
 * spcpu_cpus_online() - the same with hotplug=online
 * @test: the test, at whose end it is destroyed
 * @mode: how the first chunk's pages are found
 *
 * Return: The allocator; the test ends if there is none.
 */
struct spcpu *spcpu_cpus_online(struct kunit *test, enum spcpu_first_mode mode)
{
	return spcpu_cpus_create(test, mode, &spcpu_backing_sparse, true, false);
}

/**
 * spcpu_cpus_can_write() - try to write to an address
 * @addr: the address of a byte; it is 1 afterwards if that worked
 *
 * Return: False if it faults.
 */
bool spcpu_cpus_can_write(void *addr)
{
	u8 byte = 1;

	__put_kernel_nofault(addr, &byte, u8, fault);
	return true;
fault:
	return false;
}

static void *page_at(const struct spcpu_window *window, unsigned int cpu,
		     unsigned int page)
{
	return (void *)(window->units[cpu].start +
			((unsigned long)page << PAGE_SHIFT));
}

static bool is_backed(const struct spcpu_chunk *chunk, unsigned int page)
{
	return chunk->immutable || test_bit(page, chunk->populated);
}

static void expect_page_absent(struct kunit *test, struct spcpu *s, void *addr)
{
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr), s->blank);
	KUNIT_EXPECT_NULL(test, memchr_inv(addr, 0, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, spcpu_cpus_can_write(addr + PAGE_SIZE / 2));
}

static void expect_unit_absent(struct kunit *test, struct spcpu *s,
			       const struct spcpu_chunk *chunk,
			       unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < chunk->window->nr_pages; i++) {
		void *addr = page_at(chunk->window, cpu, i);

		if (is_backed(chunk, i))
			expect_page_absent(test, s, addr);
		else
			KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr));
	}
}

/**
 * spcpu_cpus_expect_absent() - where others have pages, absent CPUs' units are
 *	zero, and cannot be written to
 * @test: the test
 * @s: an allocator that nobody else uses meanwhile
 */
void spcpu_cpus_expect_absent(struct kunit *test, struct spcpu *s)
{
	const struct cpumask *absent = spcpu_cpus_absent(test, s);
	struct spcpu_chunk *chunk;
	unsigned int cpu;

	spcpu_test_settle(s);
	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk == s->reserved)
			continue;
		for_each_cpu(cpu, absent)
			expect_unit_absent(test, s, chunk, cpu);
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(s->blank), 0,
					   PAGE_SIZE));
}

/* the machine's memory is large enough for each node's pages to be its own */
static void expect_page_present(struct kunit *test, struct spcpu *s,
				struct page *page, void *addr, unsigned int cpu)
{
	int node = cpu_to_node(cpu);

	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(addr), page);
	KUNIT_EXPECT_PTR_NE(test, page, s->blank);
	if (node != NUMA_NO_NODE && node_online(node))
		KUNIT_EXPECT_EQ(test, page_to_nid(page), node);
}

/**
 * spcpu_cpus_expect_present() - a CPU has pages of its own node where others have
 *	any, and nowhere else
 * @test: the test
 * @s: an allocator that nobody else uses meanwhile
 * @cpu: the CPU
 */
void spcpu_cpus_expect_present(struct kunit *test, struct spcpu *s,
			       unsigned int cpu)
{
	struct spcpu_chunk *chunk;
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, cpumask_test_cpu(cpu, s->ready_cpus));
	spcpu_test_settle(s);
	list_for_each_entry(chunk, &s->chunks, all) {
		struct page **pages;

		if (chunk == s->reserved)
			continue;

		pages = spcpu_window_unit_pages(chunk->window, s->layout, cpu);
		for (i = 0; i < chunk->window->nr_pages; i++) {
			void *addr = page_at(chunk->window, cpu, i);

			KUNIT_ASSERT_EQ(test, !!pages[i], is_backed(chunk, i));
			if (pages[i])
				expect_page_present(test, s, pages[i], addr,
						    cpu);
			else
				KUNIT_EXPECT_NULL(test, vmalloc_to_page(addr));
		}
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Drop-in: this file is one of those whose percpu objects are sent to the shadow; it
 * names the kernel's functions only.
 */
#include "shadow_percpu_override.h"

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/netdevice.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu_counter.h>
#include <linux/smp.h>

#include "api.h"
#include "client.h"
#include "cpus.h"
#include "foreign.h"
#include "shadow_percpu.h"
#include "suites.h"

struct two {
	u8 flag;
	u64 count;
};

#define expect_ours(test, ptr, size)					\
	KUNIT_EXPECT_GE(test, shadow_percpu_size(ptr), (size_t)(size))

static u64 refused(void)
{
	struct spcpu_calls calls;
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu) {
		spcpu_api_calls(cpu, &calls);
		sum += calls.refused;
	}
	return sum;
}

static void dropin_objects(struct kunit *test)
{
	struct two __percpu *typed = alloc_percpu(struct two);
	struct two __percpu *gfp = alloc_percpu_gfp(struct two, GFP_KERNEL);
	void __percpu *sized = __alloc_percpu(100, 64);
	void __percpu *sized_gfp = __alloc_percpu_gfp(100, 64, GFP_KERNEL);

	expect_ours(test, typed, sizeof(struct two));
	expect_ours(test, gfp, sizeof(struct two));
	expect_ours(test, sized, 100);
	expect_ours(test, sized_gfp, 100);
	free_percpu(typed);
	free_percpu(gfp);
	free_percpu(sized);
	free_percpu(sized_gfp);
	free_percpu(NULL);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(sized), 0UL);
}

static void dropin_reserved(struct kunit *test)
{
	void __percpu *ptr = __alloc_reserved_percpu(64, 8);

	expect_ours(test, ptr, 64);
	free_percpu(ptr);
}

/* the kernel's one entry point of later versions, under the name it gets there */
void __percpu *__shadow_pcpu_alloc(size_t size, size_t align, bool reserved,
				   gfp_t gfp);

static void dropin_one_entry(struct kunit *test)
{
	void __percpu *reserved = __shadow_pcpu_alloc(64, 8, true, GFP_KERNEL);
	void __percpu *ptr = __shadow_pcpu_alloc(64, 8, false, GFP_KERNEL);

	expect_ours(test, reserved, 64);
	expect_ours(test, ptr, 64);
	free_percpu(reserved);
	free_percpu(ptr);
}

static void dropin_netdev(struct kunit *test)
{
	struct pcpu_sw_netstats __percpu *stats;

	stats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	expect_ours(test, stats, sizeof(*stats));
	free_percpu(stats);
}

/* what the kernel has allocated goes back there, and nobody complains */
static void dropin_foreign_objects(struct kunit *test)
{
	u64 before = refused();
	int i;

	for (i = 0; i < 1000; i++) {
		void __percpu *ptr = spcpu_foreign_alloc(SHADOW_PERCPU_MAX_SIZE);

		KUNIT_ASSERT_TRUE(test, !!ptr);
		KUNIT_ASSERT_EQ(test, shadow_percpu_size(ptr), 0UL);
		free_percpu(ptr);
	}
	KUNIT_EXPECT_EQ(test, refused(), before);
}

/* and what is ours, but no object, is refused as ever */
static void dropin_bad_free(struct kunit *test)
{
	void __percpu *ptr = __alloc_percpu(64, 8);
	u64 before = refused();

	KUNIT_ASSERT_TRUE(test, !!ptr);
	free_percpu(ptr + 4);
	KUNIT_EXPECT_EQ(test, refused(), before + 1);
	free_percpu(ptr);
	free_percpu(ptr);
	KUNIT_EXPECT_EQ(test, refused(), before + 2);
}

/* of no module: on 6.1 this one has no place in sysfs yet when its suites run */
static struct device *new_device(struct kunit *test)
{
	struct device *dev = __root_device_register("shadow_percpu_test", NULL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	return dev;
}

static void dropin_devm(struct kunit *test)
{
	struct device *dev = new_device(test);
	struct two __percpu *early = devm_alloc_percpu(dev, struct two);
	struct two __percpu *late = devm_alloc_percpu(dev, struct two);
	void __percpu *foreign = spcpu_foreign_devm_alloc(dev, 64);

	expect_ours(test, early, sizeof(struct two));
	expect_ours(test, late, sizeof(struct two));
	devm_free_percpu(dev, early);
	devm_free_percpu(dev, foreign);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(early), 0UL);
	expect_ours(test, late, sizeof(struct two));
	root_device_unregister(dev);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(late), 0UL);
}

static void dropin_devm_netdev(struct kunit *test)
{
	struct device *dev = new_device(test);
	struct pcpu_sw_netstats __percpu *stats;

	stats = devm_netdev_alloc_pcpu_stats(dev, struct pcpu_sw_netstats);
	expect_ours(test, stats, sizeof(*stats));
	root_device_unregister(dev);
}

/* more than a counter has for itself, and less */
static void dropin_counter(struct kunit *test)
{
	struct percpu_counter fbc;
	int i;

	KUNIT_ASSERT_EQ(test, 0, percpu_counter_init(&fbc, 5, GFP_KERNEL));
	KUNIT_EXPECT_TRUE(test, percpu_counter_initialized(&fbc));
	expect_ours(test, fbc.counters, sizeof(s32));
	for (i = 0; i < 1000; i++)
		percpu_counter_inc(&fbc);
	percpu_counter_add_batch(&fbc, 7, S32_MAX);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&fbc), 1012LL);
	KUNIT_EXPECT_EQ(test, percpu_counter_compare(&fbc, 1012), 0);
	percpu_counter_set(&fbc, -3);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&fbc), -3LL);
	percpu_counter_destroy(&fbc);
	KUNIT_EXPECT_FALSE(test, percpu_counter_initialized(&fbc));
	percpu_counter_destroy(&fbc);
}

static void dropin_counters(struct kunit *test)
{
	static struct lock_class_key key;
	struct percpu_counter fbc[4];
	int i;

	KUNIT_ASSERT_EQ(test, 0, __shadow_percpu_counter_init_many(fbc, 3, GFP_KERNEL,
								   ARRAY_SIZE(fbc), &key));
	expect_ours(test, fbc[0].counters, ARRAY_SIZE(fbc) * sizeof(s32));
	for (i = 0; i < ARRAY_SIZE(fbc); i++)
		percpu_counter_add_batch(&fbc[i], i, S32_MAX);
	for (i = 0; i < ARRAY_SIZE(fbc); i++)
		KUNIT_EXPECT_EQ(test, percpu_counter_sum(&fbc[i]), 3LL + i);
	shadow_percpu_counter_destroy_many(fbc, ARRAY_SIZE(fbc));
	for (i = 0; i < ARRAY_SIZE(fbc); i++)
		KUNIT_EXPECT_FALSE(test, percpu_counter_initialized(&fbc[i]));
}

static void dropin_counters_too_many(struct kunit *test)
{
	static struct lock_class_key key;
	u32 nr = SHADOW_PERCPU_MAX_SIZE / sizeof(s32) + 1;
	struct percpu_counter *fbc = kunit_kcalloc(test, nr, sizeof(*fbc), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, fbc);
	err = __shadow_percpu_counter_init_many(fbc, 0, GFP_KERNEL | __GFP_NOWARN,
						nr, &key);
	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_FALSE(test, percpu_counter_initialized(fbc));
	shadow_percpu_counter_destroy_many(fbc, nr);
}

static void dropin_foreign_counter(struct kunit *test)
{
	struct percpu_counter fbc;

	KUNIT_ASSERT_EQ(test, 0, spcpu_foreign_counter_init(&fbc, 2));
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(fbc.counters), 0UL);
	percpu_counter_destroy(&fbc);
	KUNIT_EXPECT_FALSE(test, percpu_counter_initialized(&fbc));
}

static void count_here(void *fbc)
{
	percpu_counter_add_batch(fbc, 10, S32_MAX);
}

/* what CPUs have counted that go is not lost, and they may count again */
static void dropin_counter_cpus(struct kunit *test)
{
	struct percpu_counter fbc;
	s64 wanted = 10 * num_online_cpus();

	KUNIT_ASSERT_EQ(test, 0, percpu_counter_init(&fbc, 0, GFP_KERNEL));
	on_each_cpu(count_here, &fbc, true);
	KUNIT_EXPECT_EQ(test, percpu_counter_read(&fbc), 0LL);
	spcpu_cpus_leave(test, UINT_MAX);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&fbc), wanted);
	KUNIT_EXPECT_EQ(test, percpu_counter_read(&fbc),
			wanted - 10 * num_online_cpus());
	percpu_counter_destroy(&fbc);
}

struct counted {
	struct percpu_ref ref;
	struct completion released;
};

static void released(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct counted, ref)->released);
}

static struct counted *new_ref(struct kunit *test, unsigned int flags)
{
	struct counted *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	init_completion(&c->released);
	KUNIT_ASSERT_EQ(test, 0, percpu_ref_init(&c->ref, released, flags,
						 GFP_KERNEL));
	return c;
}

static void __percpu *copies(const struct counted *c)
{
	return (void __percpu __force *)
		(c->ref.percpu_count_ptr & ~(unsigned long)__PERCPU_REF_ATOMIC_DEAD);
}

static void get_here(void *ref)
{
	percpu_ref_get(ref);
}

static void put_here(void *ref)
{
	percpu_ref_put(ref);
}

/* references that all CPUs took; the kernel would free the copies before the last is put */
static void dropin_ref(struct kunit *test)
{
	struct counted *c = new_ref(test, 0);
	void __percpu *ptr = copies(c);

	expect_ours(test, ptr, sizeof(unsigned long));
	on_each_cpu(get_here, &c->ref, true);
	percpu_ref_kill(&c->ref);
	rcu_barrier();
	KUNIT_EXPECT_FALSE(test, completion_done(&c->released));
	KUNIT_EXPECT_FALSE(test, percpu_ref_tryget_live(&c->ref));
	expect_ours(test, ptr, sizeof(unsigned long));
	on_each_cpu(put_here, &c->ref, true);
	wait_for_completion(&c->released);
	KUNIT_EXPECT_TRUE(test, percpu_ref_is_zero(&c->ref));
	percpu_ref_exit(&c->ref);
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(ptr), 0UL);
	KUNIT_EXPECT_TRUE(test, percpu_ref_is_zero(&c->ref));
}

static void dropin_ref_again(struct kunit *test)
{
	struct counted *c = new_ref(test, PERCPU_REF_INIT_DEAD);

	KUNIT_EXPECT_TRUE(test, percpu_ref_is_zero(&c->ref));
	percpu_ref_reinit(&c->ref);
	KUNIT_EXPECT_TRUE(test, percpu_ref_tryget_live(&c->ref));
	percpu_ref_switch_to_percpu(&c->ref);
	KUNIT_EXPECT_FALSE(test, percpu_ref_is_zero(&c->ref));
	percpu_ref_put(&c->ref);
	percpu_ref_kill(&c->ref);
	wait_for_completion(&c->released);
	percpu_ref_exit(&c->ref);
}

static void dropin_foreign_ref(struct kunit *test)
{
	struct counted *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	init_completion(&c->released);
	KUNIT_ASSERT_EQ(test, 0, spcpu_foreign_ref_init(&c->ref, released));
	KUNIT_EXPECT_EQ(test, shadow_percpu_size(copies(c)), 0UL);
	percpu_ref_kill(&c->ref);
	wait_for_completion(&c->released);
	percpu_ref_exit(&c->ref);
}

static struct kunit_case dropin_cases[] = {
	KUNIT_CASE(dropin_objects),
	KUNIT_CASE(dropin_reserved),
	KUNIT_CASE(dropin_one_entry),
	KUNIT_CASE(dropin_netdev),
	KUNIT_CASE(dropin_foreign_objects),
	KUNIT_CASE(dropin_bad_free),
	KUNIT_CASE(dropin_devm),
	KUNIT_CASE(dropin_devm_netdev),
	KUNIT_CASE(dropin_counter),
	KUNIT_CASE(dropin_counters),
	KUNIT_CASE(dropin_counters_too_many),
	KUNIT_CASE(dropin_foreign_counter),
	KUNIT_CASE(dropin_counter_cpus),
	KUNIT_CASE(dropin_ref),
	KUNIT_CASE(dropin_ref_again),
	KUNIT_CASE(dropin_foreign_ref),
	{ }
};

struct kunit_suite spcpu_dropin_suite = {
	.name = "shadow_percpu_dropin",
	.init = spcpu_client_init,
	.exit = spcpu_client_exit,
	.test_cases = dropin_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Fail, drop-in: whichever memory is missing when something is made of an object, the
 * object goes back.
 */
#include <linux/device.h>
#include <linux/percpu-refcount.h>

#include "client.h"
#include "failing.h"
#include "shadow_percpu.h"
#include "suites.h"

static int fail_dropin_init(struct kunit *test)
{
	return spcpu_failing_init(test) ?: spcpu_client_init(test);
}

static void released(struct percpu_ref *ref)
{
}

static int init_ref(void *with)
{
	return shadow_percpu_ref_init(with, released, 0,
				      GFP_KERNEL | __GFP_NOWARN);
}

static void exit_ref(void *with)
{
	shadow_percpu_ref_exit(with);
}

static void fail_ref(struct kunit *test)
{
	struct percpu_ref ref = { };
	struct spcpu_failing f = {
		.test = test,
		.what = "reference count",
		.op = init_ref,
		.undo = exit_ref,
		.failed = exit_ref,
		.with = &ref,
		.slow = spcpu_failing_slowly(),
	};

	spcpu_failing_each(&f);
}

struct managed {
	struct device *dev;
	void __percpu *ptr;
};

static int alloc_managed(void *with)
{
	struct managed *m = with;

	m->ptr = __shadow_devm_alloc_percpu(m->dev, 64, 8);
	return m->ptr ? 0 : -ENOMEM;
}

static void free_managed(void *with)
{
	struct managed *m = with;

	shadow_devm_free_percpu(m->dev, m->ptr);
}

static void fail_devm(struct kunit *test)
{
	struct managed m = {
		/* of no module, as in dropin_test.c */
		.dev = __root_device_register("shadow_percpu_fail", NULL),
	};
	struct spcpu_failing f = {
		.test = test,
		.what = "managed object",
		.op = alloc_managed,
		.undo = free_managed,
		.with = &m,
		.slow = spcpu_failing_slowly(),
	};

	KUNIT_ASSERT_FALSE(test, IS_ERR(m.dev));
	spcpu_failing_each(&f);
	/* objects of the living module are at hand: what fails for sure is a bad size */
	KUNIT_EXPECT_NULL(test, (__force void *)
			  __shadow_devm_alloc_percpu(m.dev, 0, 8));
	root_device_unregister(m.dev);
}

static struct kunit_case fail_dropin_cases[] = {
	KUNIT_CASE(fail_ref),
	KUNIT_CASE(fail_devm),
	{ }
};

struct kunit_suite spcpu_fail_dropin_suite = {
	.name = "shadow_percpu_fail_dropin",
	.init = fail_dropin_init,
	.exit = spcpu_client_exit,
	.test_cases = fail_dropin_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: no memory is allocated under a lock that memory reclaim could wait
 * for. Two proofs.
 *
 * Lockdep: what reclaim may call is called here as if from within reclaim, with
 * its annotation held, and everything that allocates is called without. A lock
 * that is taken within and also held while memory is allocated closes a circle,
 * and lockdep says so, which fails the run. That it is still watching at the end
 * is a case of its own.
 *
 * And where memory is asked for, and where mappings are changed, it is looked
 * which of our locks are held (see interfere.c).
 */
#include <linux/cpu.h>
#include <linux/debug_locks.h>
#include <linux/gfp.h>
#include <linux/lockdep.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#include "copies.h"
#include "dump.h"
#include "hotplug.h"
#include "pile.h"
#include "sample.h"
#include "suites.h"
#include "text.h"

/*
 * From here on this thread reclaims, as far as lockdep can tell: whoever allocates
 * with GFP_KERNEL now, or waits for somebody who might, is reported.
 */
static void enter_reclaim(void)
{
	fs_reclaim_acquire(GFP_KERNEL);
}

static void leave_reclaim(void)
{
	fs_reclaim_release(GFP_KERNEL);
}

/* the method: the annotation is a lock that lockdep follows, while it is awake */
static void reclaim_is_watched(struct kunit *test)
{
	int depth;

	KUNIT_ASSERT_TRUE(test, IS_ENABLED(CONFIG_PROVE_LOCKING));
	KUNIT_ASSERT_TRUE(test, debug_locks);

	depth = lockdep_depth(current);
	enter_reclaim();
	KUNIT_EXPECT_EQ(test, lockdep_depth(current), depth + 1);
	leave_reclaim();
	KUNIT_EXPECT_EQ(test, lockdep_depth(current), depth);

	/* these would not enter file systems, and are not taken for it */
	fs_reclaim_acquire(GFP_NOFS);
	KUNIT_EXPECT_EQ(test, lockdep_depth(current), depth);
	fs_reclaim_release(GFP_NOFS);
}

static void expect_silence(struct kunit *test,
			   const struct spcpu_interference *f)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&f->memory_under_lock), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->unprotected), 0);
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

/* everything that allocates, by those who may wait for reclaim */

static void use_and_free(struct kunit *test, struct spcpu *s, gfp_t gfp)
{
	static const size_t sizes[] = {
		4, SZ_4K, SZ_16K, SZ_32K, SZ_32K, SZ_32K, SZ_32K, 4,
	};
	void __percpu *ptr[ARRAY_SIZE(sizes)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, sizes[i], 4,
							    false, gfp,
							    &ptr[i]));
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		spcpu_test_free(test, s, ptr[i]);
	spcpu_test_settle(s);
}

static void dump_all(struct kunit *test, struct spcpu *s)
{
	static const struct seq_operations * const dumps[] = {
		&spcpu_chunks_ops, &spcpu_map_ops, &spcpu_objects_ops, &spcpu_stats_ops,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dumps); i++)
		KUNIT_EXPECT_NOT_NULL(test, spcpu_test_dump(test, dumps[i],
							    spcpu_test_view(test, s)));
}

static void without(struct kunit *test, struct spcpu *s,
		    struct spcpu_interference *f)
{
	use_and_free(test, s, GFP_KERNEL);
	use_and_free(test, s, GFP_KERNEL_ACCOUNT);
	KUNIT_EXPECT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	dump_all(test, s);
	spcpu_shrink(s, ULONG_MAX);
	use_and_free(test, s, GFP_KERNEL);
	expect_silence(test, f);
}

static void reclaim_without(struct kunit *test)
{
	spcpu_test_for_backings(test, without);
}

static int count_copy(void *copy, unsigned int cpu, void *arg)
{
	unsigned int *nr = arg;

	*(unsigned int *)copy = cpu;
	++*nr;
	return 0;
}

/* CPUs that come; where none is absent there is none to come */
static void reclaim_without_hotplug(struct kunit *test)
{
	struct spcpu_interference *f = spcpu_interfere(&spcpu_backing_sparse);
	const struct spcpu_options options = {
		.backing = &f->backing,
		.online = true,
	};
	unsigned int cpu, nr = 0, ready;
	void __percpu *ptr;
	struct spcpu *s;

	s = spcpu_test_create(test, SZ_64K, 0, SZ_16K + SZ_8K, 0, &options);
	spcpu_interfere_with(s);
	spcpu_test_alloc(test, s, SZ_32K, 4);
	ptr = spcpu_test_alloc(test, s, SZ_32K, 4);
	KUNIT_ASSERT_EQ(test, 0, spcpu_set_init(s, ptr, count_copy, &nr));
	ready = cpumask_weight(s->ready_cpus);
	KUNIT_EXPECT_EQ(test, nr, ready);

	for_each_possible_cpu(cpu) {
		cpus_read_lock();
		KUNIT_EXPECT_EQ(test, 0, spcpu_hotplug_prepare(s, cpu));
		cpus_read_unlock();
		KUNIT_EXPECT_EQ(test, *(unsigned int *)per_cpu_ptr(ptr, cpu),
				cpu);
	}
	KUNIT_EXPECT_EQ(test, nr, num_possible_cpus());
	KUNIT_EXPECT_EQ(test, 0, spcpu_clear_init(s, ptr));
	expect_silence(test, f);
	spcpu_test_check(test, s);
}

/* what reclaim may do, or what those do whom it calls */

static void frees(struct kunit *test, struct spcpu *s,
		  struct spcpu_interference *f)
{
	void __percpu *ptr[6];
	unsigned int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		ptr[i] = spcpu_test_alloc(test, s, SZ_32K, 4);
	enter_reclaim();
	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		err |= spcpu_free(s, ptr[i]);
	leave_reclaim();
	KUNIT_EXPECT_EQ(test, err, 0U);
	expect_silence(test, f);
}

static void reclaim_frees(struct kunit *test)
{
	spcpu_test_for_backings(test, frees);
}

static void shrinks(struct kunit *test, const struct spcpu_backing *backing)
{
	struct pile *p = spcpu_pile(test, backing);
	unsigned long count, nr;

	spcpu_pile_free(p, 0, 0, PILE_PAGES);
	spcpu_pile_free(p, 1, 0, 5);
	enter_reclaim();
	count = spcpu_shrink_count(p->s);
	nr = spcpu_shrink(p->s, ULONG_MAX);
	leave_reclaim();
	KUNIT_EXPECT_GT(test, nr, 0UL);
	KUNIT_EXPECT_EQ(test, count, nr);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->unmaps), 1);
	if (backing->lazy)
		KUNIT_EXPECT_EQ(test, atomic_read(&p->f->flushes), 1);
	expect_silence(test, p->f);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, p->s);
	/* while the backing that it was made with is the one interfered with */
	spcpu_test_drop(test, p->s);
}

static void reclaim_shrinks(struct kunit *test)
{
	shrinks(test, &spcpu_backing_vmap);
	shrinks(test, &spcpu_backing_sparse);
}

/* the worker's part in giving back */
static void reclaim_depopulates(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	struct spcpu *s = p->s;
	unsigned long nr;

	spcpu_pile_free(p, 1, 2, 7);
	spin_lock_irq(&s->lock);
	spcpu_isolate(s, p->chunk[1]);
	p->chunk[1]->pins++;
	spin_unlock_irq(&s->lock);

	enter_reclaim();
	nr = spcpu_depopulate(s, p->chunk[1], UINT_MAX);
	leave_reclaim();

	spin_lock_irq(&s->lock);
	p->chunk[1]->pins--;
	spcpu_reintegrate(s, p->chunk[1]);
	spin_unlock_irq(&s->lock);
	KUNIT_EXPECT_EQ(test, nr, 7UL * s->layout->nr_cpus);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->f->flushes), 1);
	expect_silence(test, p->f);
	spcpu_test_check(test, s);
}

/* callers who cannot wait take what there is */
static void takes_what_is_there(struct kunit *test, struct spcpu *s,
				struct spcpu_interference *f)
{
	void __percpu *ptr[4], *none;
	unsigned int i;
	int err = 0, refused;

	enter_reclaim();
	for (i = 0; i < ARRAY_SIZE(ptr); i++)
		err |= spcpu_test_request(s, 64, 8, false,
					  i & 1 ? GFP_NOWAIT : GFP_ATOMIC,
					  &ptr[i]);
	refused = spcpu_test_request(s, SZ_32K, 8, false, GFP_NOWAIT, &none);
	leave_reclaim();
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, refused, -ENOMEM);
	expect_silence(test, f);
}

static void reclaim_takes_what_is_there(struct kunit *test)
{
	spcpu_test_for_backings(test, takes_what_is_there);
}

/*
 * Those in the middle of I/O, or of a file system, may sleep, and are served
 * where atomic callers are not: in pages that come now, in a chunk that is made
 * now. On their way no memory is asked for in a way that they may not wait for.
 */
static void serve(struct kunit *test, struct pile *p, gfp_t gfp,
		  unsigned int scope, gfp_t never)
{
	void __percpu *ptr[3] = { };
	unsigned int chunks, flags = 0;
	int err[3];

	/* 8 KB without pages in chunk 0, and nothing elsewhere */
	spcpu_pile_free(p, 0, 4, 2);
	spcpu_shrink(p->s, ULONG_MAX);
	chunks = p->s->stats.nr_chunks;
	KUNIT_EXPECT_EQ(test, p->s->nr_empty && p->f->backing.lazy, 0);
	spcpu_interfere_reset();

	if (scope == PF_MEMALLOC_NOIO)
		flags = memalloc_noio_save();
	if (scope == PF_MEMALLOC_NOFS)
		flags = memalloc_nofs_save();
	enter_reclaim();
	err[0] = spcpu_test_request(p->s, SZ_8K, 8, false, GFP_NOWAIT, &ptr[0]);
	err[1] = spcpu_test_request(p->s, ptr[0] ? 8 : SZ_8K, 8, false, gfp,
				    &ptr[1]);
	err[2] = spcpu_test_request(p->s, SZ_32K, 8, false, gfp, &ptr[2]);
	leave_reclaim();
	if (scope == PF_MEMALLOC_NOIO)
		memalloc_noio_restore(flags);
	if (scope == PF_MEMALLOC_NOFS)
		memalloc_nofs_restore(flags);

	KUNIT_EXPECT_EQ(test, err[0], p->f->backing.lazy ? -ENOMEM : 0);
	KUNIT_EXPECT_EQ(test, err[1], 0);
	KUNIT_EXPECT_EQ(test, err[2], 0);
	KUNIT_EXPECT_GT(test, p->s->stats.nr_chunks, chunks);
	KUNIT_EXPECT_GT(test, atomic_read(&p->f->pages), 0);
	KUNIT_EXPECT_EQ(test, (__force u32)(p->f->gfp_any & never), 0U);
	KUNIT_EXPECT_TRUE(test, p->f->gfp_all & __GFP_DIRECT_RECLAIM);
	expect_silence(test, p->f);
	spcpu_pile_expect_values(p);
	spcpu_test_check(test, p->s);
	/* while the backing that it was made with is the one interfered with */
	spcpu_test_drop(test, p->s);
}

static void serve_both(struct kunit *test, gfp_t gfp, unsigned int scope,
		       gfp_t never)
{
	serve(test, spcpu_pile(test, &spcpu_backing_sparse), gfp, scope, never);
	serve(test, spcpu_pile(test, &spcpu_backing_vmap), gfp, scope, never);
}

static void reclaim_serves_noio(struct kunit *test)
{
	serve_both(test, GFP_NOIO, 0, __GFP_IO | __GFP_FS);
	serve_both(test, GFP_NOIO | __GFP_ACCOUNT, 0, __GFP_IO | __GFP_FS);
}

static void reclaim_serves_nofs(struct kunit *test)
{
	serve_both(test, GFP_NOFS, 0, __GFP_FS);
}

/* the flags ask for everything, and the task says that it may not have it */
static void reclaim_honours_scopes(struct kunit *test)
{
	serve_both(test, GFP_KERNEL, PF_MEMALLOC_NOIO, __GFP_IO | __GFP_FS);
	serve_both(test, GFP_KERNEL, PF_MEMALLOC_NOFS, __GFP_FS);
}

/* in a scope no caller waits for those who make a chunk and wait for reclaim */
static void reclaim_scopes_do_not_queue(struct kunit *test)
{
	struct pile *p = spcpu_pile(test, &spcpu_backing_sparse);
	unsigned int flags;
	void __percpu *ptr;
	int err = -EBUSY;

	flags = memalloc_noio_save();
	/* it would wait for itself, and lockdep would say so first */
	mutex_lock(&p->s->growing);
	err = spcpu_test_request(p->s, SZ_32K, 8, false, GFP_KERNEL, &ptr);
	mutex_unlock(&p->s->growing);
	memalloc_noio_restore(flags);
	KUNIT_EXPECT_EQ(test, err, 0);
	expect_silence(test, p->f);
	spcpu_test_check(test, p->s);
}

/* nobody has been told anything, or the above means nothing */
static void reclaim_was_watched(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

static struct kunit_case reclaim_cases[] = {
	KUNIT_CASE(reclaim_is_watched),
	KUNIT_CASE(reclaim_without),
	KUNIT_CASE(reclaim_without_hotplug),
	KUNIT_CASE(reclaim_frees),
	KUNIT_CASE(reclaim_shrinks),
	KUNIT_CASE(reclaim_depopulates),
	KUNIT_CASE(reclaim_takes_what_is_there),
	KUNIT_CASE(reclaim_serves_noio),
	KUNIT_CASE(reclaim_serves_nofs),
	KUNIT_CASE(reclaim_honours_scopes),
	KUNIT_CASE(reclaim_scopes_do_not_queue),
	KUNIT_CASE(reclaim_was_watched),
	{ }
};

struct kunit_suite spcpu_reclaim_suite = {
	.name = "shadow_percpu_reclaim",
	.test_cases = reclaim_cases,
};

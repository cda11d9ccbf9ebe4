/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Debug: mistakes of those who use objects, found and told of.
 *
 * An allocator with debug= knows each of its objects by a track: what was asked for,
 * by whom, and when. Objects of the exported calls have one; those of replay and the
 * static variables of modules go straight to the core and have none. There is no
 * cache, so that every call comes by here, and none pays for it otherwise.
 */
#ifndef SPCPU_DEBUG_H
#define SPCPU_DEBUG_H

#include <linux/jump_label.h>
#include <linux/notifier.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "core.h"
#include "debug_words.h"
#include "track.h"

/* bytes of each copy that wait at most, freed, with poison alone and with quarantine */
#define SPCPU_WAITING_SHORT	SZ_64K
#define SPCPU_WAITING_LONG	SZ_1M

/* what is remembered of objects whose areas do not wait any more */
#define SPCPU_PAST_MAX		1024

/* an object is old enough for `leaks` after so many seconds, unless told otherwise */
#define SPCPU_LEAK_AGE		60

/**
 * struct spcpu_scan - what a scan of all objects came to
 *
 * @live: live objects that were looked at
 * @waiting: freed ones
 * @corrupt: of all these those with wrong bytes
 */
struct spcpu_scan {
	unsigned long live;
	unsigned long waiting;
	unsigned long corrupt;
};

/**
 * struct spcpu_debug - what an allocator with debug= knows
 *
 * @lock: all that changes, but @leak_age. The allocator's lock is taken inside. Held
 *        for one object at a time, while anybody else uses them
 * @s: the allocator
 * @flags: SPCPU_REDZONE and so on
 * @waiting_max: bytes of each copy that may wait
 * @tracks: of live and waiting objects, by address
 * @nr_live: how many are live
 * @waiting: the waiting ones, oldest first
 * @nr_waiting: how many
 * @waiting_bytes: of each copy
 * @past: of those that went lately, oldest first
 * @nr_past: how many
 * @owners: call sites
 * @nr_reports: reports since load
 * @nr_scans: scans since load
 * @last: what the last one came to
 * @leak_age: seconds, for `leaks`
 * @modules: told of modules that go away
 */
struct spcpu_debug {
	spinlock_t lock; /* all that changes */
	struct spcpu *s;
	unsigned int flags;
	size_t waiting_max;
	struct rb_root tracks;
	unsigned long nr_live;
	struct list_head waiting;
	unsigned long nr_waiting;
	size_t waiting_bytes;
	struct list_head past;
	unsigned int nr_past;
	struct hlist_head owners[SPCPU_OWNER_BUCKETS];
	unsigned long nr_reports;
	unsigned long nr_scans;
	struct spcpu_scan last;
	unsigned int leak_age;
	struct notifier_block modules;
};

DECLARE_STATIC_KEY_FALSE(spcpu_debugs);

/* what an allocator knows of its objects; NULL: nothing, as it was not asked to */
static __always_inline struct spcpu_debug *spcpu_debug_of(const struct spcpu *s)
{
	return static_branch_unlikely(&spcpu_debugs) ? s->debug : NULL;
}

/* debug.c */
int spcpu_debug_init(struct spcpu *s);
void spcpu_debug_exit(struct spcpu *s);
int spcpu_debug_alloc(struct spcpu_debug *d, const struct spcpu_request *want,
		      void __percpu **ptr);
int spcpu_debug_free(struct spcpu_debug *d, void __percpu *ptr,
		     unsigned long caller);
int spcpu_debug_alloc_bulk(struct spcpu_debug *d,
			   const struct spcpu_request *req, size_t nr,
			   void __percpu **ptrs);
int spcpu_debug_locate(struct spcpu_debug *d, const void __percpu *ptr,
		       struct spcpu_place *place);
void spcpu_debug_flush(struct spcpu_debug *d);

/* guard.c */
void spcpu_guard_set(struct spcpu_debug *d, struct spcpu_track *t);
bool spcpu_guard_check(struct spcpu_debug *d, struct spcpu_track *t,
		       struct spcpu_finding *finding);
void spcpu_guard_cpu_came(struct spcpu_debug *d);

/* scan.c */
void spcpu_debug_scan(struct spcpu_debug *d, const char *when);

/* report.c */
void spcpu_report(struct spcpu_debug *d, struct spcpu_finding *finding,
		  const char *when, unsigned long caller);
void spcpu_report_history(struct spcpu_debug *d, const void __percpu *ptr);
void spcpu_report_leak(const struct spcpu_track *t, unsigned int id,
		       unsigned int off);
bool spcpu_report_leak_at(struct spcpu_debug *d, const void __percpu *area);

/* clients.c */
int spcpu_clients_watch(struct spcpu *s);
void spcpu_clients_unwatch(struct spcpu *s);

/* where an object lies, watched or not, as spcpu_locate() says */
static inline int spcpu_object_locate(struct spcpu *s, const void __percpu *ptr,
				      struct spcpu_place *place)
{
	struct spcpu_debug *d = spcpu_debug_of(s);

	return d ? spcpu_debug_locate(d, ptr, place) :
		   spcpu_locate(s, ptr, place);
}

#endif /* SPCPU_DEBUG_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Track: what is known of one object, from its allocation until some time after its
 * free; and the call sites that such objects come from.
 */
#ifndef SPCPU_TRACK_H
#define SPCPU_TRACK_H

#include <linux/list.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/types.h>

struct spcpu_debug;
struct spcpu_request;

#define SPCPU_OWNER_BUCKETS	256

/**
 * struct spcpu_owner - a call site
 *
 * Its name is found out when it is first seen: code goes away, that of a module's init
 * as soon as it has run. Under the debug lock, but for what does not change.
 *
 * @node: among those that may call again
 * @refs: events and others that point here
 * @ip: the return address
 * @module: the module's name, empty for the kernel's own code
 * @name: function, offset, module
 */
struct spcpu_owner {
	struct hlist_node node;
	unsigned long refs;
	unsigned long ip;
	char module[MODULE_NAME_LEN];
	char name[];
};

/**
 * struct spcpu_event - an allocation or a free
 *
 * @owner: from where; NULL: there was no memory to tell, or none yet
 * @stack: see spcpu_stack_save(); 0: not known
 * @cpu: on which CPU
 * @pid: of which task; 0 for interrupts
 * @comm: its name
 * @when: by ktime_get_ns()
 */
struct spcpu_event {
	struct spcpu_owner *owner;
	u32 stack;
	unsigned int cpu;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u64 when;
};

enum spcpu_track_state {
	SPCPU_TRACK_LIVE,
	SPCPU_TRACK_WAITING,	/* freed, its area is not */
	SPCPU_TRACK_PAST,	/* its area may be another object's by now */
};

/**
 * struct spcpu_track - what is known of an object
 *
 * The area is @front bytes, the object's @size, and @back bytes. Under the debug lock.
 *
 * @node: among the tracks by address, unless past
 * @list: among those that wait, or are past
 * @ptr: value of the pointer to the object
 * @size: bytes asked for
 * @align: as asked for
 * @front: bytes of redzone before it
 * @back: bytes of redzone behind it
 * @nr_cpus: the first so many of the ready CPUs have their copies' redzones filled
 * @state: see above
 * @orphan: its module went away, and it was named then
 * @alloc: who allocated it
 * @free: who freed it, if so
 */
struct spcpu_track {
	struct rb_node node;
	struct list_head list;
	unsigned long ptr;
	unsigned int size;
	unsigned int align;
	unsigned int front;
	unsigned int back;
	unsigned int nr_cpus;
	enum spcpu_track_state state;
	bool orphan;
	struct spcpu_event alloc;
	struct spcpu_event free;
};

/* bytes of a copy that a finding shows */
#define SPCPU_FINDING_BYTES	64

enum spcpu_mistake {
	SPCPU_UNDERRUN,
	SPCPU_OVERRUN,
	SPCPU_USE_AFTER_FREE,
	SPCPU_NR_MISTAKES
};

/**
 * struct spcpu_finding - bytes that somebody wrote where nobody may
 *
 * @track: the object, as it was then; its owners are held
 * @mistake: which; the first, if there are several
 * @mistakes: all of them, bits
 * @cpu: whose copy; the first, if there are several
 * @nr_cpus: how many copies have such bytes
 * @id: the chunk
 * @off: bytes from the chunk's start to the object
 * @at: bytes from the object's start to the first wrong one
 * @end: behind the last one of the same mistake in this copy
 * @is: what the first one is
 * @should: what it should be
 * @from: bytes from the object's start to the first that is shown
 * @nr: how many are shown
 * @bytes: those
 */
struct spcpu_finding {
	struct spcpu_track track;
	enum spcpu_mistake mistake;
	unsigned int mistakes;
	unsigned int cpu;
	unsigned int nr_cpus;
	unsigned int id;
	unsigned int off;
	int at;
	int end;
	u8 is;
	u8 should;
	int from;
	unsigned int nr;
	u8 bytes[SPCPU_FINDING_BYTES];
};

static inline unsigned long spcpu_track_start(const struct spcpu_track *t)
{
	return t->ptr - t->front;
}

static inline size_t spcpu_track_bytes(const struct spcpu_track *t)
{
	return t->front + t->size + t->back;
}

/* track.c */
struct spcpu_track *spcpu_track_new(struct spcpu_debug *d,
				    const struct spcpu_request *req);
void spcpu_track_drop(struct spcpu_debug *d, struct spcpu_track *t);
void spcpu_track_add(struct spcpu_debug *d, struct spcpu_track *t);
void spcpu_track_del(struct spcpu_debug *d, struct spcpu_track *t);
struct spcpu_track *spcpu_track_find(struct spcpu_debug *d, unsigned long ptr);
struct spcpu_track *spcpu_track_after(struct spcpu_debug *d,
				      unsigned long ptr);
struct spcpu_track *spcpu_track_past(struct spcpu_debug *d, unsigned long ptr);
void spcpu_track_hold(struct spcpu_track *copy, const struct spcpu_track *t);
void spcpu_track_let_go(struct spcpu_debug *d, struct spcpu_track *copy);
void spcpu_event_fill(struct spcpu_debug *d, struct spcpu_event *event,
		      struct spcpu_owner *owner, unsigned long caller,
		      gfp_t gfp);

/* owner.c */
struct spcpu_owner *spcpu_owner_get(struct spcpu_debug *d, unsigned long ip,
				    gfp_t gfp);
void spcpu_owner_put(struct spcpu_owner *owner);
void spcpu_owners_forget(struct spcpu_debug *d, const struct module *mod,
			 bool init);

/**
 * struct spcpu_sighting - what a survey notes of a live object
 *
 * @owner: who allocated it; held
 * @size: bytes asked for
 * @align: as asked for
 * @when: since when it is live
 */
struct spcpu_sighting {
	struct spcpu_owner *owner;
	unsigned int size;
	unsigned int align;
	u64 when;
};

/**
 * struct spcpu_survey - all live objects of a moment
 *
 * @nr: how many; those that came or went while it was made may be among them
 * @now: by ktime_get_ns()
 * @seen: those
 */
struct spcpu_survey {
	size_t nr;
	u64 now;
	struct spcpu_sighting seen[];
};

/* survey.c */
struct spcpu_survey *spcpu_survey_make(struct spcpu_debug *d);
void spcpu_survey_free(struct spcpu_debug *d, struct spcpu_survey *survey);

#endif /* SPCPU_TRACK_H */

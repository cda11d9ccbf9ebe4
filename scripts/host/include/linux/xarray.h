/* SPDX-License-Identifier: GPL-2.0 */
/* Pointers by number, in their order: a list, for as many as a test has. */
#ifndef HOST_XARRAY_H
#define HOST_XARRAY_H

#include <linux/errno.h>
#include <linux/slab.h>

#define XA_PRESENT	0

struct host_entry {
	unsigned long at;
	void *what;
	struct host_entry *next;
};

struct xarray {
	struct host_entry *first;
	struct host_entry **last;	/* one that was found: most are near to it */
};

static inline void xa_init(struct xarray *xa)
{
	*xa = (struct xarray) { };
}

/* where the first one is from @at on, or belongs */
static inline struct host_entry **host_link(struct xarray *xa, unsigned long at)
{
	struct host_entry **link = xa->last;

	if (!link || !*link || (*link)->at >= at)
		link = &xa->first;
	while (*link && (*link)->at < at) {
		xa->last = link;
		link = &(*link)->next;
	}
	return link;
}

static inline int xa_insert(struct xarray *xa, unsigned long at, void *what,
			    gfp_t gfp)
{
	struct host_entry **link = host_link(xa, at), *new;

	if (*link && (*link)->at == at)
		return -EBUSY;

	new = kmalloc(sizeof(*new), gfp);
	if (!new)
		return -ENOMEM;
	*new = (struct host_entry) { at, what, *link };
	*link = new;
	return 0;
}

static inline void *xa_erase(struct xarray *xa, unsigned long at)
{
	struct host_entry **link = host_link(xa, at), *old = *link;
	void *what;

	if (!old || old->at != at)
		return NULL;
	what = old->what;
	*link = old->next;
	xa->last = NULL;
	kfree(old);
	return what;
}

static inline void *xa_find(struct xarray *xa, unsigned long *at,
			    unsigned long most, unsigned int filter)
{
	const struct host_entry *e = *host_link(xa, *at);

	if (!e || e->at > most)
		return NULL;
	*at = e->at;
	return e->what;
}

static inline void xa_destroy(struct xarray *xa)
{
	while (xa->first)
		xa_erase(xa, xa->first->at);
}

#define xa_for_each(xa, index, entry)					\
	for ((index) = 0;						\
	     ((entry) = xa_find(xa, &(index), ~0UL, XA_PRESENT));	\
	     (index)++)

#endif /* HOST_XARRAY_H */

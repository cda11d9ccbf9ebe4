/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists: rings of nodes inside of what they list, their head included.
 */
#ifndef HOST_LIST_H
#define HOST_LIST_H

#include <linux/types.h>

#define LIST_HEAD(name)	struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	*head = (struct list_head) { head, head };
}

static inline void host_list_link(struct list_head *a, struct list_head *b)
{
	a->next = b;
	b->prev = a;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
	host_list_link(node, head->next);
	host_list_link(head, node);
}

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	list_add(node, head->prev);
}

/* whoever follows a node that is gone does not get far */
static inline void list_del(struct list_head *node)
{
	host_list_link(node->prev, node->next);
	*node = (struct list_head) { };
}

static inline void list_del_init(struct list_head *node)
{
	list_del(node);
	INIT_LIST_HEAD(node);
}

static inline void list_move(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add(node, head);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add_tail(node, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

/* all of @from goes to the front of @head */
static inline void list_splice_init(struct list_head *from,
				    struct list_head *head)
{
	if (list_empty(from))
		return;
	host_list_link(from->prev, head->next);
	host_list_link(head, from->next);
	INIT_LIST_HEAD(from);
}

static inline void list_splice_tail_init(struct list_head *from,
					 struct list_head *head)
{
	list_splice_init(from, head->prev);
}

#define list_entry(node, type, member)	container_of(node, type, member)
#define list_first_entry(head, type, member)				\
	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)				\
	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member)			\
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(at, member)					\
	list_entry((at)->member.next, __typeof__(*(at)), member)
#define list_prev_entry(at, member)					\
	list_entry((at)->member.prev, __typeof__(*(at)), member)
#define list_is_head(node, head)	((node) == (head))
#define list_entry_is_head(at, head, member)				\
	list_is_head(&(at)->member, head)

#define list_for_each(at, head)						\
	for ((at) = (head)->next; (at) != (head); (at) = (at)->next)

#define list_for_each_entry_from(at, head, member)			\
	for (; !list_entry_is_head(at, head, member);			\
	     (at) = list_next_entry(at, member))

#define list_for_each_entry(at, head, member)				\
	for ((at) = list_first_entry(head, __typeof__(*(at)), member);	\
	     !list_entry_is_head(at, head, member);			\
	     (at) = list_next_entry(at, member))

#define list_for_each_entry_continue(at, head, member)			\
	for ((at) = list_next_entry(at, member);			\
	     !list_entry_is_head(at, head, member);			\
	     (at) = list_next_entry(at, member))

#define list_for_each_entry_reverse(at, head, member)			\
	for ((at) = list_last_entry(head, __typeof__(*(at)), member);	\
	     !list_entry_is_head(at, head, member);			\
	     (at) = list_prev_entry(at, member))

#define list_for_each_entry_safe(at, after, head, member)		\
	for ((at) = list_first_entry(head, __typeof__(*(at)), member),	\
	     (after) = list_next_entry(at, member);			\
	     !list_entry_is_head(at, head, member);			\
	     (at) = (after), (after) = list_next_entry(at, member))

#define list_for_each_entry_safe_reverse(at, after, head, member)	\
	for ((at) = list_last_entry(head, __typeof__(*(at)), member),	\
	     (after) = list_prev_entry(at, member);			\
	     !list_entry_is_head(at, head, member);			\
	     (at) = (after), (after) = list_prev_entry(at, member))

/* lists with a head of one pointer; a node knows what points to it */

static inline void hlist_add_head(struct hlist_node *node,
				  struct hlist_head *head)
{
	*node = (struct hlist_node) { head->first, &head->first };
	if (node->next)
		node->next->link = &node->next;
	head->first = node;
}

static inline void hlist_del(struct hlist_node *node)
{
	*node->link = node->next;
	if (node->next)
		node->next->link = node->link;
	*node = (struct hlist_node) { };
}

#define host_hlist_entry(node, type, member)				\
	({								\
		struct hlist_node *host_node = (node);			\
									\
		host_node ? list_entry(host_node, type, member) : NULL;	\
	})

#define hlist_for_each_entry(at, head, member)				\
	for ((at) = host_hlist_entry((head)->first, __typeof__(*(at)), member); \
	     at;							\
	     (at) = host_hlist_entry((at)->member.next, __typeof__(*(at)), member))

#define hlist_for_each_entry_safe(at, after, head, member)		\
	for ((at) = host_hlist_entry((head)->first, __typeof__(*(at)), member); \
	     (at) && ((after) = (at)->member.next, true);		\
	     (at) = host_hlist_entry(after, __typeof__(*(at)), member))

#endif /* HOST_LIST_H */

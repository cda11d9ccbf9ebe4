/* SPDX-License-Identifier: GPL-2.0 */
/* Llist: names only; nothing is ever on one. */
#ifndef HOST_LLIST_H
#define HOST_LLIST_H

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

#endif /* HOST_LLIST_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: lists of chunks against arrays of their numbers.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "slot.h"
#include "models.h"
#include "selftest.h"

#define NODES		12
#define MOST_SLOTS	32
#define STEPS_OF_SLOTS	1000

/**
 * struct order - which chunks are in a slot
 *
 * @nodes: their numbers, in the order in which they are asked
 * @nr: how many
 */
struct order {
	int nodes[NODES];
	int nr;
};

struct model {
	struct spcpu_slots slots;
	struct list_head nodes[NODES];
	struct order orders[MOST_SLOTS];
};

static void pull(struct model *m, int node)
{
	int slot, i;

	for (slot = 0; slot < m->slots.nr; slot++) {
		struct order *o = &m->orders[slot];

		for (i = 0; i < o->nr && o->nodes[i] != node;)
			i++;
		if (i == o->nr)
			continue;
		o->nr--;
		memmove(o->nodes + i, o->nodes + i + 1,
			(o->nr - i) * sizeof(*o->nodes));
	}
}

static void push(struct model *m, int node, int slot, bool front)
{
	struct order *o = &m->orders[slot];

	pull(m, node);
	if (front)
		memmove(o->nodes + 1, o->nodes, o->nr * sizeof(*o->nodes));
	o->nodes[front ? 0 : o->nr] = node;
	o->nr++;
}

/* the list is what the array is, forwards and backwards */
static void check_order(const struct model *m, int slot)
{
	const struct list_head *head = &m->slots.lists[slot], *at = head->next;
	const struct order *o = &m->orders[slot];
	int i;

	for (i = 0; i < o->nr; i++, at = at->next) {
		expect(at == &m->nodes[o->nodes[i]]);
		expect(at->prev->next == at);
		expect(spcpu_slot_where(&m->slots, at) == slot);
	}
	expect(at == head);
}

/* by trying one power of two after the other */
static int slot_of(const struct spcpu_slots *s, size_t bytes)
{
	size_t limit = 16;
	int slot = 1;

	if (bytes == s->unit_size)
		return s->free;
	for (; limit <= bytes; limit *= 2)
		slot++;
	return slot;
}

static void check_size(const struct spcpu_slots *s, size_t bytes)
{
	int slot = slot_of(s, bytes);
	size_t lo, hi;

	expect(spcpu_slot_of_size(s, bytes) == slot);
	expect(slot > 0 && slot < s->nr && slot != s->sidelined &&
	       slot != s->to_depopulate);
	spcpu_slot_range(s, slot, &lo, &hi);
	expect(lo <= bytes && bytes <= hi);
	expect(spcpu_slot_of_space(s, s->unit_size, bytes) == slot);
	expect(spcpu_slot_of_space(s, bytes & 3, bytes) == 0);
}

static void step(struct model *m, struct host_random *rnd)
{
	int node = host_below(rnd, NODES), slot = host_below(rnd, m->slots.nr);
	int old = host_below(rnd, m->slots.nr + 1) - 1;
	bool front = host_below(rnd, 2);

	if (host_below(rnd, 2)) {
		spcpu_slot_move(&m->slots, &m->nodes[node], slot, front);
		push(m, node, slot, front);
	} else {
		spcpu_slot_relocate(&m->slots, &m->nodes[node], old, slot);
		if (old != slot)
			push(m, node, slot, slot > old);
	}
	check_order(m, slot);
	check_order(m, host_below(rnd, m->slots.nr));
	/* of all lengths, and the longest */
	check_size(&m->slots, 1 + host_below(rnd, m->slots.unit_size) %
			      (1U << host_below(rnd, 28)));
	check_size(&m->slots, m->slots.unit_size - host_below(rnd, 2));
}

static void begin(struct model *m, struct host_random *rnd)
{
	size_t unit_size = SZ_32K + PAGE_SIZE * host_below(rnd, 4000);
	int i;

	memset(m->orders, 0, sizeof(m->orders));
	expect(!spcpu_slots_init(&m->slots, unit_size));
	expect(m->slots.nr <= MOST_SLOTS);
	for (i = 0; i < NODES; i++)
		INIT_LIST_HEAD(&m->nodes[i]);
}

/**
 * host_run_slots() - units of some sizes, and what becomes of their chunks
 * @rnd: what happens
 * @steps: as many at most
 */
void host_run_slots(struct host_random *rnd, u64 steps)
{
	struct model m;
	u64 i;

	begin(&m, rnd);
	for (i = 1; i <= steps && !host_random_is_over(rnd); i++) {
		if (i % STEPS_OF_SLOTS == 0) {
			spcpu_slots_exit(&m.slots);
			begin(&m, rnd);
		}
		step(&m, rnd);
	}
	spcpu_slots_exit(&m.slots);
}

void host_test_slots(const struct host_part *part, u64 seed, u64 steps)
{
	struct host_random rnd = host_random_of(seed);

	host_run_slots(&rnd, steps);
}

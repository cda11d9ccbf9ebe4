// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz those who follow: the bytes spoil a snapshot here and there, and if it still
 * holds against itself, they say which events come, those that cannot be included.
 * Nothing that is followed leads to where nothing is, and all memory comes back.
 */
#include <stdlib.h>

#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "follow.h"
#include "fuzz.h"
#include "invent.h"
#include "paper.h"
#include "random.h"
#include "selftest.h"

#define MEMORY_MAX	((size_t)64 << 20)
#define MOST_LINES	512
#define MOST_BASES	32
#define NEW_BASES	4
#define MOST_OPS	400
#define OBJECTS		32

/* a snapshot of an allocator that has seen something, line by line */
static char *lines[MOST_LINES];
static unsigned int nr_lines;

/**
 * struct story - what happens
 *
 * @rnd: the bytes
 * @f: who follows
 * @bases: addresses of chunks that there are, and of some that come
 * @nr_bases: how many
 * @objects: where some objects were placed last
 */
struct story {
	struct host_random rnd;
	struct spcpu_follow *f;
	u64 bases[MOST_BASES];
	unsigned int nr_bases;
	struct {
		u64 base;
		u32 off;
	} objects[OBJECTS];
};

/* that of the end of an invented recording */
static void make_lines(void)
{
	char *text, *at, *next;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	expect(out);
	host_invent(out, 7, 600);
	expect(!fclose(out));
	for (at = text; (next = strstr(at, "\nsnapshot ")); at = next + 1)
		;
	for (; strncmp(at, "end ", 4); at = next + 1) {
		next = strchr(at, '\n');
		*next = '\0';
		expect(nr_lines < MOST_LINES);
		lines[nr_lines++] = strdup(at);
	}
	free(text);
}

/* a digit of the last word but few, which are bits, is another */
static void spoil_bits(struct host_random *rnd, char *line)
{
	size_t back = 1 + host_below(rnd, 256), len = strlen(line);

	if (back < len && line[len - back] != ' ')
		line[len - back] = "0123456789abcdef"[host_below(rnd, 16)];
}

/* some word of the line becomes a number that may be wrong there */
static void spoil_word(struct host_random *rnd, char *line, size_t size)
{
	static const char * const numbers[] = {
		"0", "1", "2", "3", "4", "63", "64", "1023", "1024", "4095", "4096",
		"all", "-", "-1", "2147483647", "4294967295", "ffffffffffffffff",
	};
	unsigned int word = host_below(rnd, 12);
	const char *number = numbers[host_below(rnd, ARRAY_SIZE(numbers))];
	char *at = line, *end, rest[SPCPU_SNAPSHOT_LINE_MAX], other[16];

	while (word && (end = strchr(at, ' '))) {
		at = end + 1;
		word--;
	}
	if (host_below(rnd, 4) == 3) {
		snprintf(other, sizeof(other), "%u", host_below(rnd, 20000));
		number = other;
	}
	snprintf(rest, sizeof(rest), "%s", at + strcspn(at, " "));
	snprintf(at, size - (at - line), "%s%s", number, rest);
}

/* 1: it is one */
static int take_snapshot(struct story *s, struct spcpu_snapshot *snap)
{
	unsigned int i, j, nr_spoilt = host_below(&s->rnd, 4), spoilt[4];
	char line[SPCPU_SNAPSHOT_LINE_MAX * 2];
	const char *why;
	int ret = 0;

	for (i = 0; i < nr_spoilt; i++)
		spoilt[i] = host_below(&s->rnd, nr_lines);
	for (i = 0; i < nr_lines && !ret; i++) {
		strcpy(line, lines[i]);
		for (j = 0; j < nr_spoilt; j++) {
			if (spoilt[j] != i)
				continue;
			if (host_below(&s->rnd, 2))
				spoil_bits(&s->rnd, line);
			else
				spoil_word(&s->rnd, line, sizeof(line));
		}
		ret = spcpu_snapshot_parse(snap, line, &why);
	}
	return ret;
}

/* where the shadow itself would put it: so it is right, and goes on being so */
static void place_right(struct story *s, struct spcpu_op *op)
{
	struct spcpu *shadow = spcpu_follow_shadow(s->f);
	const struct spcpu_request req = {
		.size = op->size,
		.align = op->align,
		.reserved = op->flags & SPCPU_OP_RESERVED,
		.gfp = op->flags & SPCPU_OP_ATOMIC ? GFP_ATOMIC : GFP_KERNEL,
	};
	struct spcpu_chunk *chunk;
	struct spcpu_fit fit;

	spin_lock_irq(&shadow->lock);
	chunk = spcpu_place_find(shadow, &req, &fit, NULL);
	spin_unlock_irq(&shadow->lock);
	if (!chunk)
		return;
	op->base = chunk->window->base;
	op->off = fit.off << SPCPU_GRANULE_SHIFT;
}

/* some area that the shadow has, whoever put it there */
static void free_any(struct story *s, struct spcpu_op *op)
{
	struct spcpu *shadow = spcpu_follow_shadow(s->f);
	int from = host_below(&s->rnd, 4096), nr = host_below(&s->rnd, 8);
	struct spcpu_chunk *chunk;
	int at, bits;

	list_for_each_entry(chunk, &shadow->chunks, all) {
		at = spcpu_map_next(&chunk->map, from, &bits);
		if (at < 0)
			continue;
		op->base = chunk->window->base;
		op->off = at << SPCPU_GRANULE_SHIFT;
		if (!nr--)
			return;
	}
}

static void choose_request(struct host_random *rnd, struct spcpu_op *op)
{
	op->size = 4 * (1 + host_below(rnd, 1 << host_below(rnd, 14)));
	op->align = 4 << host_below(rnd, 12);
	op->flags = host_below(rnd, 64);
	if (host_below(rnd, 32) == 31)
		op->size = host_below(rnd, U32_MAX);
}

static u32 choose_offset(struct host_random *rnd)
{
	return host_below(rnd, 32) == 31 ? host_below(rnd, U32_MAX) :
					   4 * host_below(rnd, 17000);
}

static struct spcpu_op choose(struct story *s)
{
	static const u8 kinds[] = {
		SPCPU_OP_ALLOC, SPCPU_OP_ALLOC, SPCPU_OP_ALLOC, SPCPU_OP_ALLOC,
		SPCPU_OP_FREE, SPCPU_OP_FREE, SPCPU_OP_FREE, SPCPU_OP_FAIL,
		SPCPU_OP_CREATE, SPCPU_OP_DESTROY, SPCPU_OP_STATE,
		SPCPU_OP_STATE, SPCPU_OP_WORKER, SPCPU_OP_LOST,
	};
	struct host_random *rnd = &s->rnd;
	struct spcpu_op op = {
		.kind = kinds[host_below(rnd, ARRAY_SIZE(kinds))],
		.base = s->bases[host_below(rnd, s->nr_bases)],
	};
	unsigned int object = host_below(rnd, OBJECTS);

	switch (op.kind) {
	case SPCPU_OP_ALLOC:
		choose_request(rnd, &op);
		op.off = choose_offset(rnd);
		/* what it is asked cannot be anything */
		if (host_below(rnd, 4) && op.size <= SPCPU_MIN_UNIT_SIZE &&
		    op.align <= PAGE_SIZE)
			place_right(s, &op);
		s->objects[object].base = op.base;
		s->objects[object].off = op.off;
		break;
	case SPCPU_OP_FAIL:
		choose_request(rnd, &op);
		break;
	case SPCPU_OP_FREE:
		op.base = s->objects[object].base;
		op.off = s->objects[object].off;
		if (!host_below(rnd, 4))
			op.off = choose_offset(rnd);
		else if (!host_below(rnd, 2))
			free_any(s, &op);
		break;
	case SPCPU_OP_STATE:
		op.flags = host_below(rnd, 2) * SPCPU_OP_ISOLATED;
		op.slot = host_below(rnd, 24);
		op.off = 64 * (host_below(rnd, 16) == 15);
		op.word = (u64)host_below(rnd, 65536) * 0x1000100010001ULL;
		break;
	default:
		op.word = host_below(rnd, 2);
	}
	return op;
}

static void ignore_line(void *to, const char *text)
{
	expect(strlen(text) < SPCPU_FOLLOW_LINE_MAX);
}

/*
 * It holds against itself, whatever was followed; but for slots, which are those of the
 * other allocator, and what snapshots leave out.
 */
static void check(const struct spcpu_snapshot *snap)
{
	const char *why = NULL;

	if (spcpu_snapshot_check(snap, &why) && !strstr(why, "slot"))
		host_warn(why, __FILE__, __LINE__);
}

/* what it is like in the end can be told */
static void look_at(struct story *s)
{
	char line[SPCPU_SNAPSHOT_LINE_MAX];
	struct spcpu_snapshot_pos pos = { };
	struct spcpu_snapshot snap;

	spcpu_follow_report(s->f, ignore_line, NULL);
	spcpu_snapshot_init(&snap);
	if (!spcpu_snapshot_of(spcpu_follow_shadow(s->f), &snap)) {
		check(&snap);
		while (spcpu_snapshot_line(&snap, &pos, line, sizeof(line)))
			expect(strlen(line) < sizeof(line));
	}
	spcpu_snapshot_exit(&snap);
}

static void follow(struct story *s, const struct spcpu_snapshot *snap)
{
	struct spcpu_follow_options options = {
		.own_way = host_below(&s->rnd, 2),
		.rehearse = host_below(&s->rnd, 2),
	};
	const struct spcpu_snapshot_chunk *chunk;
	const char *why;
	unsigned int i;

	list_for_each_entry(chunk, &snap->chunks, node) {
		if (s->nr_bases < MOST_BASES - NEW_BASES)
			s->bases[s->nr_bases++] = chunk->base;
	}
	for (i = 1; i <= NEW_BASES; i++)
		s->bases[s->nr_bases++] = i << 24;

	s->f = spcpu_follow_create(snap, &options);
	if (!s->f)
		return;
	for (i = 0; i < MOST_OPS && !host_random_is_over(&s->rnd); i++) {
		struct spcpu_op op = choose(s);
		int err = spcpu_follow_op(s->f, &op, &why);

		expect(!err || err == -EINVAL || err == -ENOMEM);
	}
	look_at(s);
	spcpu_follow_compare(s->f, snap);
	spcpu_follow_report(s->f, ignore_line, NULL);
	spcpu_follow_destroy(s->f);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	struct story s = { .rnd = host_random_from(bytes, len) };
	struct spcpu_snapshot snap;

	if (!nr_lines)
		make_lines();
	host_memory_left = MEMORY_MAX;
	spcpu_snapshot_init(&snap);
	if (take_snapshot(&s, &snap) == 1)
		follow(&s, &snap);
	spcpu_snapshot_exit(&snap);
	expect(host_memory_left == MEMORY_MAX);
	return 0;
}

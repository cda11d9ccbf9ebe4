// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz what is written to `replay`: lines in pieces, the first byte says how long these
 * are, against one who reads each line letter by letter; and what is read there is what
 * is live.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "core.h"
#include "fake.h"
#include "fuzz.h"
#include "replay.h"
#include "selftest.h"

#define MOST_OBJECTS	512
#define MOST_LINE	63

/**
 * struct reader - who reads it letter by letter
 *
 * @line: the line so far; longer ones than mean something are cut
 * @len: its length
 * @skip: it is not looked at
 * @objects: live objects, by their ID
 * @nr_objects: how many
 */
struct reader {
	u8 line[256];
	size_t len;
	bool skip;
	struct spcpu_replay_op objects[MOST_OBJECTS];
	unsigned int nr_objects;
};

static bool is_blank(u8 c)
{
	return c == ' ' || c == '\t';
}

/* the next word as a string; false: there is none */
static bool next_word(const u8 **at, const u8 *end, char *word)
{
	while (*at < end && is_blank(**at))
		(*at)++;
	if (*at == end)
		return false;
	while (*at < end && !is_blank(**at))
		*word++ = *(*at)++ ?: '?';
	*word = '\0';
	return true;
}

static bool next_number(const u8 **at, const u8 *end, u32 *number)
{
	char word[MOST_LINE + 1];
	unsigned long long value;

	if (!next_word(at, end, word) || strspn(word, "0123456789") != strlen(word))
		return false;
	errno = 0;
	value = strtoull(word, NULL, 10);
	*number = value;
	return !errno && value <= U32_MAX;
}

static unsigned int find(const struct reader *r, u32 id)
{
	unsigned int i = 0;

	while (i < r->nr_objects && r->objects[i].id < id)
		i++;
	return i;
}

static int do_alloc(struct reader *r, const u8 *at, const u8 *end)
{
	bool atomic = false, account = false;
	struct spcpu_replay_op op = { };
	char word[MOST_LINE + 1];
	unsigned int i;

	if (!next_number(&at, end, &op.id) || !next_number(&at, end, &op.size) ||
	    !next_number(&at, end, &op.align))
		return -EINVAL;
	while (next_word(&at, end, word)) {
		bool *flag = !strcmp(word, "atomic") ? &atomic : &account;

		if ((strcmp(word, "atomic") && strcmp(word, "account")) || *flag)
			return -EINVAL;
		*flag = true;
	}
	i = find(r, op.id);
	if (i < r->nr_objects && r->objects[i].id == op.id)
		return -EEXIST;
	if (!op.size || op.size > SPCPU_MIN_UNIT_SIZE || !op.align ||
	    !is_power_of_2(op.align) || op.align > PAGE_SIZE)
		return -EINVAL;
	if (op.size == FAKE_SHUTDOWN)
		return -ESHUTDOWN;
	expect(r->nr_objects < MOST_OBJECTS);
	memmove(r->objects + i + 1, r->objects + i,
		(r->nr_objects++ - i) * sizeof(op));
	r->objects[i] = op;
	return 0;
}

static int do_free(struct reader *r, const u8 *at, const u8 *end)
{
	char word[MOST_LINE + 1];
	unsigned int i;
	u32 id;

	if (!next_number(&at, end, &id) || next_word(&at, end, word))
		return -EINVAL;
	i = find(r, id);
	if (i == r->nr_objects || r->objects[i].id != id)
		return -ENOENT;
	memmove(r->objects + i, r->objects + i + 1,
		(--r->nr_objects - i) * sizeof(*r->objects));
	return 0;
}

static int do_line(struct reader *r)
{
	const u8 *at = r->line, *end = at + min_t(size_t, r->len, MOST_LINE);
	char word[MOST_LINE + 1];
	bool any = next_word(&at, end, word);

	if (any && *word == '#')
		return 0;
	if (r->len > MOST_LINE)
		return -EINVAL;
	if (!any)
		return 0;
	if (!strcmp(word, "a"))
		return do_alloc(r, at, end);
	return strcmp(word, "f") ? -EINVAL : do_free(r, at, end);
}

static int end_line(struct reader *r)
{
	int err = r->skip ? 0 : do_line(r);

	r->len = 0;
	r->skip = false;
	return err;
}

/* behind an error the rest of the piece, and of its last line, is passed over */
static int read_piece(struct reader *r, const u8 *piece, size_t len)
{
	int err = 0, ret;

	for (; len; len--, piece++) {
		r->skip |= err < 0;
		if (*piece == '\n') {
			ret = end_line(r);
			err = err ?: ret;
		} else if (r->len < sizeof(r->line)) {
			r->line[r->len++] = *piece;
		}
	}
	return err;
}

/* the rows that are read are the objects that are live */
static void check_rows(struct spcpu_replay_stream *stream, const struct reader *r)
{
	static char text[64 * (MOST_OBJECTS + 1)];
	struct seq_file m = { stream, text, sizeof(text), 0 };
	unsigned int i, id, size, align;
	const char *at = text;
	loff_t pos = 0;
	void *v;

	for (v = spcpu_replay_ops.start(&m, &pos); v;
	     v = spcpu_replay_ops.next(&m, v, &pos))
		expect(!spcpu_replay_ops.show(&m, v));
	spcpu_replay_ops.stop(&m, v);

	for (i = 0; i < r->nr_objects; i++) {
		at = strchr(at, '\n') + 1;
		expect(sscanf(at, "%u %u %u", &id, &size, &align) == 3);
		expect(id == r->objects[i].id && size == r->objects[i].size &&
		       align == r->objects[i].align);
	}
	expect(!*(strchr(at, '\n') + 1));
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	static struct reader r;
	struct spcpu_replay *replay = spcpu_replay_create(NULL);
	struct spcpu_replay_stream *stream = spcpu_replay_open(replay);
	size_t most = len ? 1 + *bytes : 1, nr;

	host_log_is_off = true;
	memset(&r, 0, sizeof(r));
	for (bytes++, len -= !!len; len; bytes += nr, len -= nr) {
		char *piece;

		nr = min(len, most);
		piece = malloc(nr);
		expect(piece);
		memcpy(piece, bytes, nr);
		expect(spcpu_replay_feed(stream, piece, nr) ==
		       read_piece(&r, bytes, nr));
		free(piece);
	}
	check_rows(stream, &r);
	expect(spcpu_replay_close(stream) == (r.len ? end_line(&r) : 0));
	spcpu_replay_destroy(replay);
	expect(!host_fake_live);
	return 0;
}

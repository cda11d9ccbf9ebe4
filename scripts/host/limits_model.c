// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: what is written to the module's files may be so long, and no longer.
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "command.h"
#include "compare.h"
#include "core.h"
#include "fake.h"
#include "replay.h"
#include "selftest.h"
#include "sequence.h"
#include "snapshot.h"

/* one line, as it may be written */
static int feed(struct spcpu_replay_stream *stream, const char *line)
{
	return spcpu_replay_feed(stream, line, strlen(line));
}

static void test_replay_objects(void)
{
	struct spcpu_replay *replay = spcpu_replay_create(NULL);
	struct spcpu_replay_stream *stream = spcpu_replay_open(replay);
	char line[32];
	unsigned int i;

	for (i = 0; i < SPCPU_REPLAY_OBJECTS_MAX; i++) {
		/* who has no place counts as well */
		snprintf(line, sizeof(line), "a %u %u 4\n", i,
			 i % 2 ? 4 : FAKE_NO_MEMORY);
		expect(!feed(stream, line));
	}
	expect(feed(stream, "a 4294967295 4 4\n") == -ENOSPC);
	/* one that cannot be does not take another's room */
	expect(!feed(stream, "f 0\n"));
	expect(feed(stream, "a 0 0 4\n") == -EINVAL);
	expect(feed(stream, "f 0\n") == -ENOENT);
	expect(!feed(stream, "a 4294967295 4 4\n"));
	expect(feed(stream, "a 0 4 4\n") == -ENOSPC);

	expect(!spcpu_replay_close(stream));
	spcpu_replay_destroy(replay);
	expect(!host_fake_live);
}

static void test_replay_lines(void)
{
	struct spcpu_replay *replay = spcpu_replay_create(NULL);
	struct spcpu_replay_stream *stream = spcpu_replay_open(replay);
	char line[SPCPU_REPLAY_LINE_MAX + 4];

	snprintf(line, sizeof(line), "a 1 4 %*s\n", SPCPU_REPLAY_LINE_MAX - 6, "4");
	expect(strlen(line) == SPCPU_REPLAY_LINE_MAX + 1);
	expect(!feed(stream, line));
	snprintf(line, sizeof(line), "a 2 4 %*s\n", SPCPU_REPLAY_LINE_MAX - 5, "4");
	expect(feed(stream, line) == -EINVAL);
	expect(feed(stream, "a 4294967296 4 4\n") == -EINVAL);
	expect(feed(stream, "a 2 4294967296 4\n") == -EINVAL);
	expect(!spcpu_replay_close(stream));
	spcpu_replay_destroy(replay);
}

/* what a line of a recording comes to, none of which is too long */
static int compare_line(const char *line)
{
	return spcpu_compare_feed(line, strlen(line));
}

static void begin_recording(unsigned long long unit_size, int slots, int chunks)
{
	char line[80];

	expect(!spcpu_compare_open());
	expect(!compare_line("shadow_percpu recording 1\nkernel x\n"));
	snprintf(line, sizeof(line), "snapshot %llu %d 0 0 %d\n", unit_size,
		 slots, chunks);
	expect(!compare_line(line));
}

static int slots_of(size_t unit_size)
{
	struct spcpu_slots slots;

	spcpu_slots_number(&slots, unit_size);
	return slots.nr;
}

static void test_units(void)
{
	static const char * const units[] = {
		"0", "4096", "28672", "32769", "268439552", "4294967296",
		"18446744073709551616",
	};
	char line[80];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		expect(!spcpu_compare_open());
		expect(!compare_line("shadow_percpu recording 1\nkernel x\n"));
		snprintf(line, sizeof(line), "snapshot %s 30 0 0 0\n", units[i]);
		expect(compare_line(line) == -EINVAL);
		spcpu_compare_close();
	}
	spcpu_compare_exit();
}

/* chunks that a snapshot has, which is not held against itself before it ends */
static void test_snapshot_chunks(void)
{
	const int nr = SPCPU_SNAPSHOT_BYTES_MAX / SZ_1M;
	char line[160];
	int i;

	begin_recording(SZ_1M, slots_of(SZ_1M), INT_MAX);
	for (i = 0; i <= nr; i++) {
		snprintf(line, sizeof(line),
			 "chunk %x 0 - 256 0 0 1048576 0 0 0 0 0 0 0 0 0\n",
			 (i + 1) * SZ_1M);
		expect(compare_line(line) == (i < nr ? 0 : -EINVAL));
	}
	spcpu_compare_close();
	spcpu_compare_exit();
}

/* chunks that events make */
static void test_chunks_made(void)
{
	const int nr = SPCPU_SNAPSHOT_BYTES_MAX / SZ_1M;
	char line[80];
	int i;

	begin_recording(SZ_1M, slots_of(SZ_1M), 0);
	expect(!compare_line("end\n"));
	for (i = 0; i <= nr; i++) {
		snprintf(line, sizeof(line), "c 1 0 %x\n", (i + 1) * SZ_1M);
		expect(compare_line(line) == (i < nr ? 0 : -EINVAL));
		snprintf(line, sizeof(line), "a 1 0 %x 0 4 4 - -\n",
			 (i + 1) * SZ_1M);
		if (i < nr)
			expect(!compare_line(line));
	}
	spcpu_compare_close();
	spcpu_compare_exit();
}

static void test_compare_lines(void)
{
	char line[SPCPU_SNAPSHOT_LINE_MAX + 2];

	memset(line, 'x', sizeof(line));
	line[0] = '#';
	line[sizeof(line) - 3] = '\n';
	expect(!spcpu_compare_open());
	expect(!spcpu_compare_feed(line, sizeof(line) - 2));
	line[sizeof(line) - 3] = 'x';
	line[sizeof(line) - 2] = '\n';
	expect(spcpu_compare_feed(line, sizeof(line) - 1) == -EINVAL);
	spcpu_compare_close();
	spcpu_compare_exit();
}

/* an order that leads to nothing, and all that waits behind it */
static void test_sequence(void)
{
	struct spcpu_seen seen = { .op = { .kind = SPCPU_SEEN_ORDER } };
	struct spcpu_sequence q;
	struct spcpu_op op;
	unsigned int i;

	expect(!spcpu_sequence_init(&q, true));
	spcpu_sequence_add(&q, &seen);
	seen.op.kind = SPCPU_OP_FREE;
	for (i = 1; i < SPCPU_SEQUENCE_MAX; i++)
		spcpu_sequence_add(&q, &seen);
	expect(!q.lost && !spcpu_sequence_next(&q, false, &op));
	spcpu_sequence_add(&q, &seen);
	spcpu_sequence_add(&q, &seen);
	expect(q.lost == 2);
	spcpu_sequence_has_gaps(&q);
	for (i = 1; i < SPCPU_SEQUENCE_MAX; i++)
		expect(spcpu_sequence_next(&q, false, &op));
	expect(!spcpu_sequence_next(&q, false, &op));
	spcpu_sequence_exit(&q);
}

static unsigned int started;

static int start(unsigned int kb)
{
	started = kb;
	return 0;
}

static int stop(void)
{
	return 0;
}

static ssize_t command(const char *text)
{
	return spcpu_command("test", text, strlen(text), start, stop);
}

static void test_commands(void)
{
	char text[40];

	expect(command("start 4294967295\n") == 17 && started == U32_MAX);
	expect(command("start 4294967296\n") == -EINVAL);
	expect(command("start 4294967300\n") == -EINVAL);
	expect(command("start 0") == -EINVAL);
	expect(command("start") == 5 && !started);
	snprintf(text, sizeof(text), "%-31s\n", " \tstop");
	expect(command(text) == 32);
	snprintf(text, sizeof(text), "%-32s\n", "stop");
	expect(command(text) == -EINVAL);
	snprintf(text, sizeof(text), "%-32sx", "stop");
	expect(command(text) == -EINVAL);
	expect(spcpu_command("test", "stop\0x", 6, start, stop) == -EINVAL);
	expect(spcpu_command("test", NULL, SIZE_MAX, start, stop) == -EINVAL);
}

void host_test_limits(const struct host_part *part, u64 seed, u64 steps)
{
	bool was_off = host_log_is_off;

	host_log_is_off = true;
	test_replay_objects();
	test_replay_lines();
	test_units();
	test_snapshot_chunks();
	test_chunks_made();
	test_compare_lines();
	test_sequence();
	test_commands();
	host_log_is_off = was_off;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: alloc_info, slots and chunks say what is there.
 */
#include <linux/bitops.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "cpus.h"
#include "dump.h"
#include "engine_bitmap.h"
#include "sample.h"
#include "suites.h"
#include "text.h"

static char *dump_chunks(struct kunit *test, struct spcpu *s)
{
	return spcpu_test_dump(test, &spcpu_chunks_ops,
			       spcpu_test_view(test, s));
}

static void put_into_slot(struct spcpu *s, struct spcpu_chunk *chunk, int slot)
{
	spin_lock_irq(&s->lock);
	spcpu_slot_move(&s->types[SPCPU_PLAIN].slots, &chunk->node, slot, true);
	spin_unlock_irq(&s->lock);
}

/* alloc_info */

static void info_prints_layout(void *to, const char *text)
{
	strcat(to, text);
	strcat(to, "\n");
}

static void info_begins_with_the_layout(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	char *text = spcpu_test_show(test, spcpu_alloc_info_show, s);
	char *layout = kunit_kzalloc(test, SZ_16K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, layout);
	KUNIT_ASSERT_EQ(test, 0, spcpu_layout_print(s->layout, true,
						    info_prints_layout,
						    layout));
	KUNIT_EXPECT_EQ(test, 0, strncmp(text, layout, strlen(layout)));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\nfirst_chunk=page span="));
	scnprintf(layout, SZ_16K, "backing=%s hotplug=all engine=%s debug=off",
		  s->options.backing->name, s->options.engine->name);
	KUNIT_EXPECT_EQ(test, spcpu_test_lines(text, layout), 1U);
}

static void info_has_the_parts(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	char *text = spcpu_test_show(test, spcpu_alloc_info_show, s);
	static const char parts[] =
		"\n"
		"# part         offset      bytes\n"
		"static            0x0        100\n"
		"reserved         0x64       8192\n"
		"dynamic        0x2064      24476\n"
		"\n";

	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, parts), "%s", text);
}

static void info_has_each_cpu_once(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	const struct spcpu_layout *layout = s->layout;
	const char *text = spcpu_test_show(test, spcpu_alloc_info_show, s);
	unsigned int cpu, group, unit, at, lowest = 0, nr = 0;
	unsigned long offset;
	int node;

	for (; text; text = spcpu_test_next_line(text)) {
		if (sscanf(text, "%u %d %u %u %lx", &cpu, &node, &group, &unit,
			   &offset) != 5)
			continue;

		nr++;
		KUNIT_ASSERT_TRUE(test, cpu_possible(cpu));
		KUNIT_EXPECT_EQ(test, node, cpu_to_node(cpu));
		KUNIT_EXPECT_EQ(test, unit, layout->unit_map[cpu]);
		KUNIT_EXPECT_EQ(test, offset, layout->unit_off[cpu]);
		KUNIT_EXPECT_EQ(test, offset, per_cpu_offset(cpu) -
				per_cpu_offset(layout->low_cpu));

		KUNIT_ASSERT_LT(test, group, layout->nr_groups);
		for (at = 0; at < layout->groups[group].nr_units; at++)
			if (layout->groups[group].cpu_map[at] == cpu)
				break;
		KUNIT_EXPECT_LT(test, at, layout->groups[group].nr_units);

		KUNIT_EXPECT_FALSE(test, spcpu_test_line_ends(text, "no pages"));
		if (spcpu_test_line_ends(text, "lowest")) {
			KUNIT_EXPECT_EQ(test, cpu, layout->low_cpu);
			lowest++;
		}
	}
	KUNIT_EXPECT_EQ(test, nr, num_possible_cpus());
	KUNIT_EXPECT_EQ(test, lowest, 1U);
}

/* without a reserved chunk, and with CPUs that are not there */
static void info_of_absent_cpus(struct kunit *test)
{
	const struct spcpu_options options = {
		.backing = &spcpu_backing_sparse,
		.engine = &spcpu_engine_areamap,
		.online = true,
	};
	unsigned int nr = 0;
	const char *text;
	struct spcpu *s;

	spcpu_cpus_leave(test, 2);
	s = spcpu_test_create(test, SZ_64K, 0, SZ_16K, 0, &options);
	text = spcpu_test_show(test, spcpu_alloc_info_show, s);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\nbacking=sparse hotplug=online engine=areamap"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "\nfirst_chunk=embed span="));
	KUNIT_EXPECT_NULL(test, strstr(text, "\nreserved "));
	for (; text; text = spcpu_test_next_line(text))
		nr += spcpu_test_line_ends(text, "no pages");
	KUNIT_EXPECT_EQ(test, nr, cpumask_weight(spcpu_cpus_absent(test, s)));

	text = spcpu_test_show(test, spcpu_slots_show, s);
	KUNIT_EXPECT_NULL(test, strstr(text, " reserved "));
}

/* slots */

static const char slots_of_parted[] =
	"# slot name       from bytes   to bytes chunks, first asked first\n"
	"     0 full                   0          0      0\n"
	"     1 -                      1         15      0\n"
	"     2 -                     16         31      0\n"
	"     3 -                     32         63      0\n"
	"     4 -                     64        127      0\n"
	"     5 -                    128        255      0\n"
	"     6 -                    256        511      0\n"
	"     7 -                    512       1023      0\n"
	"     8 -                   1024       2047      0\n"
	"     9 -                   2048       4095      0\n"
	"    10 -                   4096       8191      0\n"
	"    11 -                   8192      16383      1 #1\n"
	"    12 -                  16384      32767      0\n"
	"    13 -                  32768      65535      0\n"
	"    14 -                      -          -      0\n"
	"    15 sidelined              0      65536      0\n"
	"    16 free               65536      65536      0\n"
	"    17 to_depopulate          0      65536      0\n"
	"     - reserved               -          -      1 #0\n";

static void slots_text(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);

	/* leaves 16284 of the 24476 bytes free, in one run */
	spcpu_test_alloc(test, s, SZ_8K, 4);
	KUNIT_EXPECT_STREQ(test, spcpu_test_show(test, spcpu_slots_show, s),
			   slots_of_parted);
}

/* a table of their own, once there are some */
static const char slots_of_accounted[] =
	"# for accounted objects (__GFP_ACCOUNT)\n"
	"     0 full                   0          0      0\n"
	"     1 -                      1         15      0\n"
	"     2 -                     16         31      0\n"
	"     3 -                     32         63      0\n"
	"     4 -                     64        127      0\n"
	"     5 -                    128        255      0\n"
	"     6 -                    256        511      0\n"
	"     7 -                    512       1023      0\n"
	"     8 -                   1024       2047      0\n"
	"     9 -                   2048       4095      0\n"
	"    10 -                   4096       8191      0\n"
	"    11 -                   8192      16383      0\n"
	"    12 -                  16384      32767      0\n"
	"    13 -                  32768      65535      1 #2\n"
	"    14 -                      -          -      0\n"
	"    15 sidelined              0      65536      0\n"
	"    16 free               65536      65536      0\n"
	"    17 to_depopulate          0      65536      0\n";

static void slots_text_of_accounted(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	const char *text;
	void __percpu *ptr;

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, 8, 8, false,
						    GFP_KERNEL_ACCOUNT, &ptr));
	spcpu_test_settle(s);
	/* below the reserved chunk's row */
	text = strstr(spcpu_test_show(test, spcpu_slots_show, s), " #0\n");
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_STREQ(test, text + 4, slots_of_accounted);
}

/* the end of a slot's row, from the lists */
static void expect_slot(struct kunit *test, struct spcpu *s, const char *text,
			int slot)
{
	char *row = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	const struct spcpu_chunk *chunk;
	unsigned int nr = 0, listed;
	int number, at = 0, len;

	KUNIT_ASSERT_NOT_NULL(test, row);
	list_for_each_entry(chunk, &s->types[SPCPU_PLAIN].slots.lists[slot], node) {
		at += scnprintf(row + at, PAGE_SIZE - at, " #%u", chunk->id);
		nr++;
	}

	text = spcpu_test_next_line(text);
	for (; text; text = spcpu_test_next_line(text)) {
		len = 0;
		if (sscanf(text, "%d %*s %*s %*s %u%n", &number, &listed,
			   &len) != 2 || number != slot)
			continue;
		KUNIT_EXPECT_EQ(test, listed, nr);
		KUNIT_EXPECT_EQ(test, 0, strncmp(text + len, row, at));
		KUNIT_EXPECT_EQ(test, text[len + at], '\n');
		return;
	}
	KUNIT_FAIL(test, "no row for slot %d", slot);
}

static void slots_list_each_chunk_once(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	const char *text, *at;
	unsigned int nr = 0;
	int slot;

	spcpu_test_scatter(test, s);
	put_into_slot(s, spcpu_test_chunk(test, s, 1), s->types[SPCPU_PLAIN].slots.sidelined);
	put_into_slot(s, spcpu_test_chunk(test, s, 2), s->types[SPCPU_PLAIN].slots.sidelined);
	put_into_slot(s, spcpu_test_chunk(test, s, 3), s->types[SPCPU_PLAIN].slots.to_depopulate);

	text = spcpu_test_show(test, spcpu_slots_show, s);
	for (slot = 0; slot < s->types[SPCPU_PLAIN].slots.nr; slot++)
		expect_slot(test, s, text, slot);

	for (at = strchr(text, '\n'); at; at = strstr(at + 2, " #"))
		nr++;
	KUNIT_EXPECT_EQ(test, nr - 1, spcpu_test_nr_chunks(s));
}

/* of many in a slot the first are named, and all are counted */
static void slots_name_the_first(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	char row[16];
	const char *text;
	unsigned int i;

	for (i = 0; i < 33; i++)
		spcpu_test_grow(test, s);
	text = strstr(spcpu_test_show(test, spcpu_slots_show, s), " free ");
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_TRUE(test, spcpu_test_line_ends(text, " ..."));
	scnprintf(row, sizeof(row), " %u #", i);
	KUNIT_EXPECT_NOT_NULL(test, strnstr(text, row, 64));
}

/* chunks */

/* a chunk's row, from the chunk */
static void expect_chunk_row(struct kunit *test, const char *text,
			     const struct spcpu_chunk *chunk, const char *flags,
			     const char *slot)
{
	char row[160];

	scnprintf(row, sizeof(row),
		  "%6u %p %-18s %4s %10d %10d %5d %9d %5d %6d      0", chunk->id,
		  (void *)(chunk->window->base + chunk->start), flags, slot,
		  chunk->map.free_bits * 4, chunk->map.contig * 4,
		  chunk->map.nr_blocks, chunk->nr_populated,
		  chunk->nr_empty_pop, chunk->nr_alloc);
	KUNIT_EXPECT_EQ_MSG(test, spcpu_test_lines(text, row), 1U,
			    "wanted:\n%s\nfound:\n%s", row, text);
}

static const char blocks_of_bare[] =
	"  whole                3072    3072    1008      16       -       -      16\n"
	"  block 0              1008      16       0       0       0    1008      16\n"
	"  blocks 1-2: taken\n"
	"  blocks 3-5: free\n";

static void chunks_text(struct kunit *test)
{
	struct spcpu *s = spcpu_test_bare(test);
	char *text;

	spcpu_test_alloc(test, s, 64, 64);
	spcpu_test_alloc(test, s, SZ_8K, 4096);

	text = dump_chunks(test, s);
	expect_chunk_row(test, text, s->first, "first,immutable", "11");
	text = strstr(text, "\n  whole");
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_STREQ(test, text + 1, blocks_of_bare);
}

static void chunks_say_which_and_where(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	char *text;

	spcpu_test_scatter(test, s);
	put_into_slot(s, spcpu_test_chunk(test, s, 2), 0);

	text = dump_chunks(test, s);
	expect_chunk_row(test, text, s->reserved, "reserved,immutable", "-");
	expect_chunk_row(test, text, spcpu_test_chunk(test, s, 2),
			 spcpu_test_chunk(test, s, 2)->isolated ? "isolated" :
								  "-", "0");
}

/* the newest chunk's row before, while and after it gives pages back */
static void expect_isolated_row(struct kunit *test, struct spcpu *s,
				const char *flags, const char *isolated,
				const char *slot)
{
	struct spcpu_chunk *chunk =
		list_last_entry(&s->chunks, struct spcpu_chunk, all);

	expect_chunk_row(test, dump_chunks(test, s), chunk, flags, slot);
	spin_lock_irq(&s->lock);
	spcpu_isolate(s, chunk);
	spin_unlock_irq(&s->lock);
	expect_chunk_row(test, dump_chunks(test, s), chunk, isolated, "17");
	spin_lock_irq(&s->lock);
	spcpu_reintegrate(s, chunk);
	spin_unlock_irq(&s->lock);
	expect_chunk_row(test, dump_chunks(test, s), chunk, flags, slot);
}

static void chunks_say_what_is_special(struct kunit *test)
{
	struct spcpu *s = spcpu_test_bare(test);
	void __percpu *ptr;

	spcpu_test_alloc(test, s, SZ_32K, 4);
	spcpu_test_settle(s);
	expect_isolated_row(test, s, "-", "isolated", "13");

	KUNIT_ASSERT_EQ(test, 0, spcpu_test_request(s, SZ_4K, 4, false,
						    GFP_KERNEL_ACCOUNT, &ptr));
	spcpu_test_settle(s);
	expect_isolated_row(test, s, "accounted", "accounted,isolated", "13");
	spcpu_test_check(test, s);
}

/* what the rows of one chunk must say of a block; NULL: it is in a range */
static const char *block_row(const struct spcpu_chunk *chunk, int i, char *row,
			     size_t size)
{
	const struct spcpu_hints *h = &spcpu_bitmap(&chunk->map)->blocks[i];

	if (!h->contig_hint || h->contig_hint == SPCPU_BLOCK_BITS)
		return NULL;

	scnprintf(row, size, "  block %-11d %7d %7d %7d %7d %7d %7d %7d", i,
		  h->contig_hint, h->contig_hint_start, h->scan_hint,
		  h->scan_hint_start, h->left_free, h->right_free,
		  h->first_free);
	return row;
}

static void expect_range(struct kunit *test, const struct spcpu_chunk *chunk,
			 int from, int to, const char *what, bool populated)
{
	int hint = strcmp(what, "free") ? 0 : SPCPU_BLOCK_BITS;
	const struct spcpu_bitmap *b = spcpu_bitmap(&chunk->map);

	KUNIT_ASSERT_LE(test, from, to);
	KUNIT_ASSERT_LT(test, to, chunk->map.nr_blocks);
	for (; from <= to; from++) {
		KUNIT_EXPECT_EQ(test, b->blocks[from].contig_hint, hint);
		KUNIT_EXPECT_EQ(test, test_bit(from, chunk->populated),
				populated);
	}
}

/* `blocks 3-7: free` or `block 3: free`; @what has room for 16 characters */
static bool parse_range(const char *text, int *from, int *to, char *what)
{
	if (sscanf(text, "  blocks %d-%d: %15s", from, to, what) == 3)
		return true;
	if (sscanf(text, "  block %d: %15s", from, what) != 2)
		return false;
	*to = *from;
	return true;
}

/* check a chunk's rows from behind its first; returns what comes after them */
static const char *expect_blocks(struct kunit *test, const char *text,
				 const struct spcpu_chunk *chunk)
{
	char row[160], what[16];
	int from, to, next = 0;

	KUNIT_ASSERT_EQ(test, 0, strncmp(text, "  whole ", 8));
	while (next < chunk->map.nr_blocks) {
		text = spcpu_test_next_line(text);
		KUNIT_ASSERT_NOT_NULL(test, text);
		if (block_row(chunk, next, row, sizeof(row))) {
			strcat(row, "\n");
			KUNIT_EXPECT_EQ_MSG(test, 0,
					    strncmp(text, row, strlen(row)),
					    "%s", row);
			next++;
			continue;
		}
		KUNIT_ASSERT_TRUE(test, parse_range(text, &from, &to, what));
		KUNIT_ASSERT_EQ(test, from, next);
		expect_range(test, chunk, from, to, what,
			     !spcpu_test_line_ends(text, " not populated"));
		next = to + 1;
	}
	return spcpu_test_next_line(text);
}

/* the chunk itself, or, of another engine, as it is drawn */
static const struct spcpu_chunk *with_hints(struct kunit *test,
					    struct spcpu_view *view,
					    const struct spcpu_chunk *chunk)
{
	if (chunk->map.engine == &spcpu_engine_bitmap)
		return chunk;
	KUNIT_ASSERT_TRUE(test, spcpu_view_load(view, chunk->id));
	return view->chunk;
}

static void chunks_show_the_hints(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	struct spcpu_view *view = spcpu_test_view(test, s);
	const struct spcpu_chunk *chunk;
	const char *text;

	spcpu_test_scatter(test, s);
	text = dump_chunks(test, s);
	text = spcpu_test_next_line(spcpu_test_next_line(text));
	list_for_each_entry(chunk, &s->chunks, all)
		text = expect_blocks(test, spcpu_test_next_line(text),
				     with_hints(test, view, chunk));
	KUNIT_EXPECT_NULL(test, text);
}

static void chunks_show_what_is_not_populated(struct kunit *test)
{
	struct spcpu *s = spcpu_test_bare(test);
	struct spcpu_chunk *chunk = spcpu_test_punched(test, s);
	char *text = dump_chunks(test, s);
	static const char blocks[] =
		"  blocks 0-2: free\n"
		"  blocks 3-4: free not populated\n"
		"  blocks 5-6: free\n"
		"  blocks 7-14: free not populated\n"
		"  block 15: free\n";

	spcpu_test_repair(chunk);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, blocks), "%s", text);
}

static struct kunit_case spcpu_dump_cases[] = {
	KUNIT_CASE(info_begins_with_the_layout),
	KUNIT_CASE(info_has_the_parts),
	KUNIT_CASE(info_has_each_cpu_once),
	KUNIT_CASE(info_of_absent_cpus),
	KUNIT_CASE(slots_text),
	KUNIT_CASE(slots_text_of_accounted),
	KUNIT_CASE(slots_list_each_chunk_once),
	KUNIT_CASE(slots_name_the_first),
	KUNIT_CASE(chunks_text),
	KUNIT_CASE(chunks_say_which_and_where),
	KUNIT_CASE(chunks_say_what_is_special),
	KUNIT_CASE(chunks_show_the_hints),
	KUNIT_CASE(chunks_show_what_is_not_populated),
	{}
};

struct kunit_suite spcpu_dump_suite = {
	.name = "shadow_percpu_dump",
	.test_cases = spcpu_dump_cases,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Dump chunks: a row a chunk, and below it what is known of its free space.
 */
#include <linux/bitops.h>

#include "compat/kunit.h"
#include "dump.h"

/* blocks about which there is nothing to say but what they are */
enum plain {
	NOT_PLAIN,
	FREE,
	TAKEN,
};

static enum plain plain(const struct spcpu_hints *h)
{
	if (h->contig_hint == h->nr_bits)
		return FREE;
	return h->contig_hint ? NOT_PLAIN : TAKEN;
}

static bool populated(const struct spcpu_chunk *chunk, int i)
{
	return test_bit(i, chunk->populated);
}

/* where the blocks end that are alike, if they are plain */
static int run_end(const struct spcpu_chunk *chunk, int from)
{
	const struct spcpu_hints *blocks = spcpu_bitmap(&chunk->map)->blocks;
	enum plain what = plain(&blocks[from]);
	int i = from + 1;

	if (what == NOT_PLAIN)
		return i;

	while (i < chunk->map.nr_blocks && plain(&blocks[i]) == what &&
	       populated(chunk, i) == populated(chunk, from))
		i++;
	return i;
}

static void show_hints(struct seq_file *m, const struct spcpu_hints *h)
{
	seq_printf(m, " %7d %7d %7d %7d", h->contig_hint, h->contig_hint_start,
		   h->scan_hint, h->scan_hint_start);
}

/* the whole chunk's left_free and right_free are not kept up */
static void show_whole(struct seq_file *m, const struct spcpu_hints *h)
{
	seq_printf(m, "  %-17s", "whole");
	show_hints(m, h);
	seq_printf(m, " %7s %7s %7d\n", "-", "-", h->first_free);
}

static void show_block(struct seq_file *m, int i, const struct spcpu_hints *h)
{
	seq_printf(m, "  block %-11d", i);
	show_hints(m, h);
	seq_printf(m, " %7d %7d %7d", h->left_free, h->right_free,
		   h->first_free);
}

static void show_blocks(struct seq_file *m, int from, int to, enum plain what)
{
	if (to - from > 1)
		seq_printf(m, "  blocks %d-%d: ", from, to - 1);
	else
		seq_printf(m, "  block %d: ", from);
	seq_puts(m, what == FREE ? "free" : "taken");
}

static void show_space(struct seq_file *m, const struct spcpu_chunk *chunk)
{
	const struct spcpu_map *map = &chunk->map;
	int i, end;

	show_whole(m, &spcpu_bitmap(map)->whole);
	for (i = 0; i < map->nr_blocks; i = end) {
		enum plain what = plain(&spcpu_bitmap(map)->blocks[i]);

		end = run_end(chunk, i);
		if (what == NOT_PLAIN)
			show_block(m, i, &spcpu_bitmap(map)->blocks[i]);
		else
			show_blocks(m, i, end, what);
		seq_puts(m, populated(chunk, i) ? "\n" : " not populated\n");
	}
}

static void show_header(struct seq_file *m)
{
	seq_puts(m, "#chunk base             flags              slot       free     contig pages populated empty   live  spans\n");
	seq_printf(m, "#  hints (%d bytes)   contig   start    scan   start    left   right   first\n",
		   SPCPU_GRANULE);
}

static void show_chunk(struct seq_file *m, const struct spcpu_view *view)
{
	const struct spcpu_chunk *chunk = view->chunk;

	seq_printf(m, "%6u %p %-18s ", chunk->id, view->base,
		   spcpu_view_flags(view));
	if (view->slot < 0)
		seq_printf(m, "%4s", "-");
	else
		seq_printf(m, "%4d", view->slot);
	seq_printf(m, " %10zu %10zu %5d %9d %5d %6u %6u\n",
		   spcpu_chunk_free_bytes(chunk),
		   spcpu_chunk_contig_bytes(chunk), chunk->map.nr_blocks,
		   chunk->nr_populated, chunk->nr_empty_pop, view->nr_live,
		   view->nr_spans);
}

static int chunks_show(struct seq_file *m, void *v)
{
	const struct spcpu_view *view = v;

	if (v == SEQ_START_TOKEN) {
		show_header(m);
		return 0;
	}
	show_chunk(m, view);
	show_space(m, view->chunk);
	return 0;
}

const struct seq_operations spcpu_chunks_ops = {
	.start	= spcpu_dump_start,
	.next	= spcpu_dump_next,
	.stop	= spcpu_dump_stop,
	.show	= chunks_show,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_chunks_ops);

// SPDX-License-Identifier: GPL-2.0
/*
 * Dump map: a character for 64 bytes.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "compat/kunit.h"
#include "dump.h"

#define CELL		64
#define CELLS_PER_LINE	64

static bool populated(const struct spcpu_chunk *chunk, unsigned long page)
{
	return test_bit(page, chunk->populated);
}

/* what the bytes from @off on are, those of them that are the chunk's own */
static char cell(const struct spcpu_view *view, unsigned long off)
{
	const struct spcpu_chunk *chunk = view->chunk;
	const unsigned long *alloc = spcpu_bitmap(&chunk->map)->alloc, *kept = view->kept;
	unsigned long from = max_t(unsigned long, off, chunk->head);
	unsigned long to = min(off + CELL, spcpu_view_end(view));

	if (from >= to)
		return '-';
	if (!populated(chunk, off >> PAGE_SHIFT))
		return '_';

	from >>= SPCPU_GRANULE_SHIFT;
	to >>= SPCPU_GRANULE_SHIFT;
	if (find_next_bit(alloc, to, from) == to)
		return find_next_bit(kept, to, from) == to ? '.' : 'o';
	if (find_next_zero_bit(alloc, to, from) == to)
		return '#';
	return '+';
}

/* what is hidden at the ends counts as taken here */
static bool page_free(const struct spcpu_view *view, unsigned long page)
{
	unsigned long from = page * SPCPU_BLOCK_BITS;
	unsigned long to = from + SPCPU_BLOCK_BITS;

	return find_next_bit(spcpu_bitmap(&view->chunk->map)->alloc, to, from) == to &&
	       find_next_bit(view->kept, to, from) == to;
}

/* where the pages end that are free and alike; @page itself if it is not free */
static unsigned long free_end(const struct spcpu_view *view, unsigned long page)
{
	const struct spcpu_chunk *chunk = view->chunk;
	unsigned long i = page;

	while (i < chunk->map.nr_blocks && page_free(view, i) &&
	       populated(chunk, i) == populated(chunk, page))
		i++;
	return i;
}

static void show_line(struct seq_file *m, const struct spcpu_view *view,
		      unsigned long off)
{
	unsigned long end = off + CELL * CELLS_PER_LINE;

	seq_printf(m, "%6lu %#10lx ", off >> PAGE_SHIFT, off);
	for (; off < end; off += CELL)
		seq_putc(m, cell(view, off));
	seq_putc(m, '\n');
}

static void show_page(struct seq_file *m, const struct spcpu_view *view,
		      unsigned long page)
{
	unsigned long off = page << PAGE_SHIFT;
	unsigned long end = off + PAGE_SIZE;

	for (; off < end; off += CELL * CELLS_PER_LINE)
		show_line(m, view, off);
}

static void show_chunk(struct seq_file *m, const struct spcpu_view *view)
{
	const struct spcpu_chunk *chunk = view->chunk;
	unsigned long page, end;

	seq_printf(m, "\nchunk %u %s\n", chunk->id, spcpu_view_flags(view));
	for (page = 0; page < chunk->map.nr_blocks; page = end) {
		end = free_end(view, page);
		if (end > page + 1) {
			seq_printf(m, "     * %lu-%lu free%s\n", page, end - 1,
				   populated(chunk, page) ? "" :
				   ", not populated");
			continue;
		}
		show_page(m, view, page);
		end = page + 1;
	}
}

static int map_show(struct seq_file *m, void *v)
{
	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# A character is 64 bytes: . free  o free in a span  + partly used  # used  _ not populated  - not its own\n"
			    "# A line is a page: its number, its offset in the chunk, 64 characters. Free pages: * FIRST-LAST\n");
		return 0;
	}
	show_chunk(m, v);
	return 0;
}

const struct seq_operations spcpu_map_ops = {
	.start	= spcpu_dump_start,
	.next	= spcpu_dump_next,
	.stop	= spcpu_dump_stop,
	.show	= map_show,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_map_ops);

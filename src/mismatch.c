// SPDX-License-Identifier: GPL-2.0
/*
 * Mismatch: noted as text when it is found, since the maps go on changing.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "engine_bitmap.h"
#include "follow.h"
#include "mismatch.h"

/* a character stands for so many granules, a row for a page */
#define CELL_BITS	16
#define ROW_CELLS	(SPCPU_BLOCK_BITS / CELL_BITS)

/* the largest area, where it begins amid a page, and a page on either side */
#define MOST_ROWS	11

/* of all that is noted: each map has a head, and a row is a page with its number */
#define TEXT_MAX	(6 * SPCPU_FOLLOW_LINE_MAX + 2 * MOST_ROWS * (ROW_CELLS + 16))

/**
 * struct spcpu_mismatch - one of them
 *
 * @decidable: nothing was unknown that decides it
 * @len: characters of @text
 * @text: the report, lines ended by a zero each
 */
struct spcpu_mismatch {
	bool decidable;
	size_t len;
	char text[TEXT_MAX];
};

static void end_line(struct spcpu_mismatch *m)
{
	if (m->len < TEXT_MAX - 1)
		m->len++;
}

__printf(2, 3)
static void add(struct spcpu_mismatch *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	m->len += vscnprintf(m->text + m->len, TEXT_MAX - m->len, format, args);
	va_end(args);
	end_line(m);
}

/* '#' all taken, '+' partly, '.' free; ' ' where there is no page */
static char cell_of(const struct spcpu_chunk *chunk, int page, int cell)
{
	const unsigned long *alloc = spcpu_bitmap(&chunk->map)->alloc;
	int from = page * SPCPU_BLOCK_BITS + cell * CELL_BITS;
	int to = from + CELL_BITS;
	int taken = 0;

	for (; from < to; from++)
		taken += test_bit(from, alloc);
	if (taken)
		return taken == CELL_BITS ? '#' : '+';
	return test_bit(page, chunk->populated) ? '.' : ' ';
}

static void add_row(struct spcpu_mismatch *m, const struct spcpu_chunk *chunk,
		    int page)
{
	char row[ROW_CELLS + 1];
	int cell;

	for (cell = 0; cell < ROW_CELLS; cell++)
		row[cell] = cell_of(chunk, page, cell);
	row[ROW_CELLS] = '\0';
	add(m, "  page %3d |%s|", page, row);
}

static void add_map(struct spcpu_mismatch *m, const char *whose,
		    const struct spcpu_chunk *chunk, int off, int bits)
{
	const struct spcpu_hints *h = &spcpu_bitmap(&chunk->map)->whole;
	int page = max(off / SPCPU_BLOCK_BITS - 1, 0);
	int end = min((off + bits - 1) / SPCPU_BLOCK_BITS + 2,
		      chunk->map.nr_blocks);

	add(m, "  %s: chunk %llx offset %u, %zu bytes free, longest %d at %d, second %d at %d, first %d",
	    whose, (unsigned long long)chunk->window->base,
	    off << SPCPU_GRANULE_SHIFT, spcpu_chunk_free_bytes(chunk),
	    h->contig_hint, h->contig_hint_start, h->scan_hint,
	    h->scan_hint_start, h->first_free);
	for (; page < end; page++)
		add_row(m, chunk, page);
}

/**
 * spcpu_mismatch_note() - note one, before the area is anywhere
 * @op: the allocation as recorded
 * @number: number of the event
 * @decidable: nothing was unknown that decides it
 * @theirs: the chunk where it was recorded; NULL if there is none
 * @ours: the chunk where the shadow would have it; NULL: it has no room
 * @fit: where it is in there
 *
 * Context: Process context. May sleep.
 * Return: The note, for spcpu_mismatch_free(); NULL without memory.
 */
struct spcpu_mismatch *
spcpu_mismatch_note(const struct spcpu_op *op, u64 number, bool decidable,
		    const struct spcpu_chunk *theirs,
		    const struct spcpu_chunk *ours, const struct spcpu_fit *fit)
{
	struct spcpu_mismatch *m = kvzalloc(sizeof(*m),
					    GFP_KERNEL | __GFP_NOWARN);
	int bits = op->size >> SPCPU_GRANULE_SHIFT;

	if (!m)
		return NULL;

	m->decidable = decidable;
	add(m, "mismatch: event %llu, CPU %u: %u bytes aligned to %u%s%s, recorded at chunk %llx offset %u",
	    (unsigned long long)number, op->cpu, op->size, op->align,
	    op->flags & SPCPU_OP_ATOMIC ? ", atomic" : "",
	    decidable ? "" : ", undecidable", (unsigned long long)op->base,
	    op->off);
	if (theirs)
		add_map(m, "recorded", theirs, op->off >> SPCPU_GRANULE_SHIFT,
			bits);
	else
		add(m, "  recorded: in a chunk that the shadow does not have");
	if (ours)
		add_map(m, "shadow", ours, fit->off, bits);
	else
		add(m, "  shadow: finds no room");
	return m;
}

/**
 * spcpu_mismatch_free() - forget it
 * @m: a note, or NULL
 *
 * Context: Process context.
 */
void spcpu_mismatch_free(struct spcpu_mismatch *m)
{
	kvfree(m);
}

/**
 * spcpu_mismatch_decidable() - was all known that decides it?
 * @m: a note
 *
 * Context: Any.
 * Return: True if it was.
 */
bool spcpu_mismatch_decidable(const struct spcpu_mismatch *m)
{
	return m->decidable;
}

/**
 * spcpu_mismatch_report() - tell it
 * @m: a note, or NULL, of which there is nothing to tell
 * @line: takes a line, without a newline
 * @to: for @line
 *
 * Context: As @line.
 */
void spcpu_mismatch_report(const struct spcpu_mismatch *m,
			   void (*line)(void *to, const char *text), void *to)
{
	size_t at;

	if (!m)
		return;
	for (at = 0; at < m->len; at += strlen(m->text + at) + 1)
		line(to, m->text + at);
}

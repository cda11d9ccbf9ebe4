// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshot: as text, line by line, and back.
 *
 *   snapshot UNIT SLOTS RESERVE FAILED CHUNKS
 *   chunk BASE SLOT FLAGS PAGES HEAD TAIL FREE POPULATED EMPTY HINTS
 *   pages PAGE WORD                  64 of its pages, unless none is backed
 *   block BLOCK HINTS ALLOC BOUND    unless it is as in a new chunk
 *   bound                            an area ends, or ended, at its very end
 *   end
 *
 * BASE and WORD are hexadecimal; so are ALLOC and BOUND, a bit a granule, the
 * lowest for the block's first one, or "all". HINTS are seven numbers. Counts are
 * the allocator's own.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "compat/kunit.h"
#include "layout.h"
#include "snapshot.h"
#include "words.h"

#define BLOCK_LONGS	(SPCPU_BLOCK_BITS / BITS_PER_LONG)
#define BLOCK_DIGITS	(SPCPU_BLOCK_BITS / 4)
#define LONG_DIGITS	(BITS_PER_LONG / 4)

/* bits of the flags of a chunk, and their letters */
static const char letters[] = "RFI";

/* stages of a position */
enum {
	HEADER,
	CHUNK,
	PAGES,
	BLOCKS,
	BOUND,
	END,
	OVER,
};

static const char *flags_text(const struct spcpu_snapshot_chunk *chunk,
			      char *text)
{
	const bool flags[] = {
		chunk->reserved, chunk->immutable, chunk->isolated,
	};
	unsigned int i, nr = 0;

	for (i = 0; letters[i]; i++) {
		if (flags[i])
			text[nr++] = letters[i];
	}
	if (!nr)
		text[nr++] = '-';
	text[nr] = '\0';
	return text;
}

static int print_hints(const struct spcpu_hints *h, char *line, size_t size)
{
	return scnprintf(line, size, " %d %d %d %d %d %d %d", h->contig_hint,
			 h->contig_hint_start, h->scan_hint, h->scan_hint_start,
			 h->left_free, h->right_free, h->first_free);
}

static int print_bits(const unsigned long *bits, char *line, size_t size)
{
	int i = BLOCK_LONGS - 1, len;

	if (bitmap_full(bits, SPCPU_BLOCK_BITS))
		return scnprintf(line, size, " all");

	while (i && !bits[i])
		i--;
	len = scnprintf(line, size, " %lx", bits[i]);
	while (i--)
		len += scnprintf(line + len, size - len, "%0*lx", LONG_DIGITS,
				 bits[i]);
	return len;
}

static int print_chunk(const struct spcpu_snapshot_chunk *chunk, char *line,
		       size_t size)
{
	char flags[sizeof(letters) + 1];
	int len;

	len = scnprintf(line, size, "chunk %llx %d %s %d %u %u %d %d %d",
			(unsigned long long)chunk->base, chunk->slot,
			flags_text(chunk, flags), chunk->map.nr_blocks,
			chunk->head, chunk->tail,
			chunk->map.free_bits << SPCPU_GRANULE_SHIFT,
			chunk->nr_populated, chunk->nr_empty_pop);
	return len + print_hints(&spcpu_bitmap(&chunk->map)->whole, line + len, size - len);
}

static u64 pages_at(const struct spcpu_snapshot_chunk *chunk, int page)
{
	u64 word = 0;
	int i;

	for (i = 0; i < 64 && page + i < chunk->map.nr_blocks; i++) {
		if (test_bit(page + i, chunk->populated))
			word |= 1ULL << i;
	}
	return word;
}

static const unsigned long *bits_of(const unsigned long *bits, int block)
{
	return bits + block * BLOCK_LONGS;
}

static bool block_is_new(const struct spcpu_map *map, int block)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(map);
	const struct spcpu_hints *h = &b->blocks[block];

	return h->contig_hint == SPCPU_BLOCK_BITS && !h->scan_hint &&
	       !h->first_free && h->left_free == SPCPU_BLOCK_BITS &&
	       h->right_free == SPCPU_BLOCK_BITS &&
	       bitmap_empty(bits_of(b->bound, block), SPCPU_BLOCK_BITS);
}

static int print_block(const struct spcpu_map *map, int block, char *line,
		       size_t size)
{
	const struct spcpu_bitmap *b = spcpu_bitmap(map);
	int len = scnprintf(line, size, "block %d", block);

	len += print_hints(&b->blocks[block], line + len, size - len);
	len += print_bits(bits_of(b->alloc, block), line + len, size - len);
	return len + print_bits(bits_of(b->bound, block), line + len,
				size - len);
}

static void next_chunk(const struct spcpu_snapshot *snap,
		       struct spcpu_snapshot_pos *pos)
{
	const struct list_head *next = pos->chunk ? pos->chunk->node.next :
						    snap->chunks.next;

	pos->stage = END;
	if (next != &snap->chunks) {
		pos->stage = CHUNK;
		pos->chunk = list_entry(next, struct spcpu_snapshot_chunk, node);
	}
}

/* the next line of a chunk; 0: it has no more */
static int chunk_line(struct spcpu_snapshot_pos *pos, char *line, size_t size)
{
	const struct spcpu_snapshot_chunk *chunk = pos->chunk;
	const struct spcpu_map *map = &chunk->map;
	u64 word;
	int i;

	if (pos->stage == CHUNK) {
		pos->stage = PAGES;
		pos->block = 0;
		return print_chunk(chunk, line, size);
	}
	while (pos->stage == PAGES && pos->block < map->nr_blocks) {
		i = pos->block;
		pos->block += 64;
		word = pages_at(chunk, i);
		if (word)
			return scnprintf(line, size, "pages %d %llx", i,
					 (unsigned long long)word);
	}
	if (pos->stage == PAGES) {
		pos->stage = BLOCKS;
		pos->block = 0;
	}
	while (pos->stage == BLOCKS && pos->block < map->nr_blocks) {
		i = pos->block++;
		if (!block_is_new(map, i))
			return print_block(map, i, line, size);
	}
	if (pos->stage == BLOCKS) {
		pos->stage = BOUND;
		if (test_bit(map->nr_bits, spcpu_bitmap(map)->bound))
			return scnprintf(line, size, "bound");
	}
	return 0;
}

static int next_line(const struct spcpu_snapshot *snap,
		     struct spcpu_snapshot_pos *pos, char *line, size_t size)
{
	int len;

	if (pos->stage == HEADER) {
		next_chunk(snap, pos);
		return scnprintf(line, size, "snapshot %zu %d %d %d %u",
				 snap->unit_size, snap->nr_slots,
				 snap->nr_empty_pop, snap->atomic_failed,
				 snap->nr_chunks);
	}
	while (pos->stage < END) {
		len = chunk_line(pos, line, size);
		if (len)
			return len;
		next_chunk(snap, pos);
	}
	if (pos->stage == END) {
		pos->stage = OVER;
		return scnprintf(line, size, "end");
	}
	return 0;
}

/**
 * spcpu_snapshot_line() - the next line of a snapshot as text
 * @snap: the snapshot
 * @pos: where reading has come to; all zero at first
 * @line: where to; a newline and a zero come last
 * @size: room there, at least %SPCPU_SNAPSHOT_LINE_MAX
 *
 * Context: Any.
 * Return: Characters, the zero not counted; 0: there are no more lines.
 */
int spcpu_snapshot_line(const struct spcpu_snapshot *snap,
			struct spcpu_snapshot_pos *pos, char *line, size_t size)
{
	int len = next_line(snap, pos, line, size - 1);

	if (len) {
		line[len++] = '\n';
		line[len] = '\0';
	}
	return len;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_snapshot_line);

static bool take_int(struct spcpu_text *rest, int *to)
{
	u64 value;

	if (!spcpu_take_decimal(rest, INT_MAX, &value))
		return false;
	*to = value;
	return true;
}

/* -1 is the only negative number there is */
static bool take_slot(struct spcpu_text *rest, int *to)
{
	struct spcpu_text word = *rest;

	if (spcpu_word_is(spcpu_word(&word), "-1")) {
		*rest = word;
		*to = -1;
		return true;
	}
	return take_int(rest, to);
}

static bool take_hints(struct spcpu_text *rest, struct spcpu_hints *h)
{
	return take_int(rest, &h->contig_hint) &&
	       take_int(rest, &h->contig_hint_start) &&
	       take_int(rest, &h->scan_hint) &&
	       take_int(rest, &h->scan_hint_start) &&
	       take_int(rest, &h->left_free) &&
	       take_int(rest, &h->right_free) &&
	       take_int(rest, &h->first_free);
}

/* a long's digits at a time, from the end */
static bool take_bits(struct spcpu_text *rest, unsigned long *bits)
{
	struct spcpu_text word = spcpu_word(rest), digits;
	u64 value;

	if (spcpu_word_is(word, "all")) {
		bitmap_fill(bits, SPCPU_BLOCK_BITS);
		return true;
	}
	if (!word.len || word.len > BLOCK_DIGITS)
		return false;

	while (word.len) {
		digits.len = min_t(size_t, word.len, LONG_DIGITS);
		word.len -= digits.len;
		digits.at = word.at + word.len;
		if (!spcpu_take_hex(&digits, ULONG_MAX, &value))
			return false;
		*bits++ = value;
	}
	return true;
}

static struct spcpu_snapshot_chunk *last_chunk(struct spcpu_snapshot *snap)
{
	return list_empty(&snap->chunks) ? NULL :
	       list_last_entry(&snap->chunks, struct spcpu_snapshot_chunk, node);
}

/* how many chunks there should be is checked by count, at the end */
static const char *parse_header(struct spcpu_snapshot *snap,
				struct spcpu_text *rest)
{
	u64 unit_size;
	int failed, nr_chunks;

	if (snap->unit_size)
		return "begins a snapshot in a snapshot";
	if (!spcpu_take_decimal(rest, SPCPU_SNAPSHOT_BYTES_MAX, &unit_size) ||
	    unit_size < SPCPU_MIN_UNIT_SIZE || unit_size % PAGE_SIZE)
		return "wants the size of a unit, whole pages, from 32 KB to 256 MB";
	if (!take_int(rest, &snap->nr_slots) ||
	    !take_int(rest, &snap->nr_empty_pop) || !take_int(rest, &failed) ||
	    !take_int(rest, &nr_chunks))
		return "wants four numbers behind the size of a unit";
	snap->unit_size = unit_size;
	snap->atomic_failed = failed;
	snap->nr_expected = nr_chunks;
	return NULL;
}

static bool take_chunk_flags(struct spcpu_text *rest,
			     struct spcpu_snapshot_chunk *chunk)
{
	struct spcpu_text word = spcpu_word(rest);
	size_t i;

	for (i = 0; i < word.len; i++) {
		switch (word.at[i]) {
		case 'R':
			chunk->reserved = true;
			break;
		case 'F':
			chunk->immutable = true;
			break;
		case 'I':
			chunk->isolated = true;
			break;
		default:
			return spcpu_word_is(word, "-");
		}
	}
	return word.len;
}

/* of all that may be wrong with a line, what is not its fault */
static const char no_memory[] = "finds no memory";

static const char *parse_chunk(struct spcpu_snapshot *snap,
			       struct spcpu_text *rest)
{
	struct spcpu_snapshot_chunk head = { }, *chunk;
	int nr_pages, at_head, at_tail, free;

	if (snap->nr_chunks == snap->nr_expected)
		return "is of a chunk more than the snapshot says it has";
	if (!spcpu_take_hex(rest, U64_MAX, &head.base))
		return "wants a chunk's address";
	if (!take_slot(rest, &head.slot))
		return "wants a slot behind the address, or -1";
	if (!take_chunk_flags(rest, &head))
		return "wants flags behind the slot, or -";
	if (!take_int(rest, &nr_pages) || !nr_pages || nr_pages > snap->unit_size >> PAGE_SHIFT ||
	    !take_int(rest, &at_head) || !take_int(rest, &at_tail) ||
	    !take_int(rest, &free) || !take_int(rest, &head.nr_populated) ||
	    !take_int(rest, &head.nr_empty_pop))
		return "wants six numbers behind the flags, the first no more than a unit's pages";
	if (nr_pages > (SPCPU_SNAPSHOT_BYTES_MAX >> PAGE_SHIFT) - snap->nr_pages)
		return "is of a chunk more than 256 MB of a CPU have room for";

	chunk = spcpu_snapshot_add(snap, nr_pages, GFP_KERNEL);
	if (!chunk)
		return no_memory;
	chunk->base = head.base;
	chunk->slot = head.slot;
	chunk->reserved = head.reserved;
	chunk->immutable = head.immutable;
	chunk->isolated = head.isolated;
	chunk->head = at_head;
	chunk->tail = at_tail;
	chunk->nr_populated = head.nr_populated;
	chunk->nr_empty_pop = head.nr_empty_pop;
	chunk->map.free_bits = free >> SPCPU_GRANULE_SHIFT;
	if (!take_hints(rest, &spcpu_bitmap(&chunk->map)->whole))
		return "wants seven numbers for hints";
	chunk->map.contig = spcpu_bitmap(&chunk->map)->whole.contig_hint;
	return NULL;
}

static const char *parse_pages(struct spcpu_snapshot *snap,
			       struct spcpu_text *rest)
{
	struct spcpu_snapshot_chunk *chunk = last_chunk(snap);
	u64 word;
	int page, i;

	if (!chunk)
		return "comes before its chunk";
	if (!take_int(rest, &page) || page >= chunk->map.nr_blocks ||
	    !spcpu_take_hex(rest, U64_MAX, &word))
		return "wants a page of the chunk and 64 pages' bits";

	for (i = 0; i < 64; i++) {
		if (!(word & 1ULL << i))
			continue;
		if (i >= chunk->map.nr_blocks - page)
			return "backs pages beyond the chunk";
		__set_bit(page + i, chunk->populated);
	}
	return NULL;
}

static const char *parse_block(struct spcpu_snapshot *snap,
			       struct spcpu_text *rest)
{
	struct spcpu_snapshot_chunk *chunk = last_chunk(snap);
	struct spcpu_bitmap *b;
	struct spcpu_map *map;
	int i;

	if (!chunk)
		return "comes before its chunk";

	map = &chunk->map;
	b = spcpu_bitmap(map);
	if (!take_int(rest, &i) || i >= map->nr_blocks)
		return "wants a block of the chunk";
	if (!take_hints(rest, &b->blocks[i]))
		return "wants seven numbers for hints";
	if (!take_bits(rest, b->alloc + i * BLOCK_LONGS) ||
	    !take_bits(rest, b->bound + i * BLOCK_LONGS))
		return "wants twice a block's bits behind the hints";

	if (!spcpu_map_block_free(map, i))
		map->nr_empty--;
	return NULL;
}

static const char *parse_bound(struct spcpu_snapshot *snap)
{
	struct spcpu_snapshot_chunk *chunk = last_chunk(snap);

	if (!chunk)
		return "comes before its chunk";
	__set_bit(chunk->map.nr_bits, spcpu_bitmap(&chunk->map)->bound);
	return NULL;
}

static const char *parse(struct spcpu_snapshot *snap, struct spcpu_text *rest,
			 bool *end)
{
	struct spcpu_text word = spcpu_word(rest);
	const char *why;

	*end = spcpu_word_is(word, "end");
	if (spcpu_word_is(word, "snapshot"))
		why = parse_header(snap, rest);
	else if (!snap->unit_size)
		return "comes before the line `snapshot`";
	else if (spcpu_word_is(word, "chunk"))
		why = parse_chunk(snap, rest);
	else if (spcpu_word_is(word, "pages"))
		why = parse_pages(snap, rest);
	else if (spcpu_word_is(word, "block"))
		why = parse_block(snap, rest);
	else if (spcpu_word_is(word, "bound"))
		why = parse_bound(snap);
	else if (*end)
		why = snap->nr_chunks == snap->nr_expected ?
		      NULL : "ends a snapshot with fewer chunks than it says";
	else
		return "is none of a snapshot's";

	if (!why && spcpu_word(rest).len)
		why = "has more words than it takes";
	return why;
}

/**
 * spcpu_snapshot_parse() - take a line of a snapshot's text
 * @snap: after spcpu_snapshot_init(), and the lines before this one
 * @line: the line, ended by a zero, with or without a newline
 * @why: on error set to what is wrong, in words that continue "the line ..."
 *
 * Context: Process context. May sleep.
 * Return: 1: that was the last one, and the snapshot holds against itself; 0: there
 *	are more; -EINVAL; -ENOMEM.
 */
int spcpu_snapshot_parse(struct spcpu_snapshot *snap, const char *line,
			 const char **why)
{
	struct spcpu_text rest = spcpu_line_of(line);
	const char *wrong;
	bool end;

	wrong = parse(snap, &rest, &end);
	if (wrong) {
		*why = wrong;
		return wrong == no_memory ? -ENOMEM : -EINVAL;
	}
	if (!end)
		return 0;
	return spcpu_snapshot_check(snap, why) ?: 1;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_snapshot_parse);

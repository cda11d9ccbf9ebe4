// SPDX-License-Identifier: GPL-2.0
/*
 * Engine model: a map, and a byte for each of its granules that says what ought to
 * be there.
 *
 * What must hold after each step, whatever the engine is (some of it is looked at
 * after a few, which finds it as well):
 *  - who walks through the map meets the areas that are there, each with its length,
 *    and no others; the blocks that are free from end to end say so;
 *  - free_bits and nr_empty are exact;
 *  - contig is no more than what is free, all of it when all is free, and 0 only if
 *    no run of a block is;
 *  - a place that is asked about has sizes and errors as it should, and to ask, or to
 *    free what is no area, changes nothing;
 *  - an area is placed where it was free, aligned, inside the map, and in backed
 *    pages if it was to be; when it was refused, another try is refused, too;
 *  - a record that has no room for an area wants memory, gets it, and has room then;
 *    nothing is written behind what it got.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "engine_model.h"

/* behind a record's memory */
#define GUARD_BYTES	64
#define GUARD		0xa5

/*
 * Steps between walks through all areas, and between looks at a random place. What is
 * wrong stays wrong until then.
 */
#define WALK_STEPS	8
#define PROBE_STEPS	8

void *spcpu_model_array(struct kunit *test, size_t n, size_t size)
{
	void *array = kunit_kcalloc(test, n, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, array);
	return array;
}

void spcpu_model_fail(struct spcpu_model *m, const char *wrong)
{
	KUNIT_ASSERT_TRUE_MSG(m->test, false,
			      "%s, seed %u step %d: %s; contig %d free %d empty %d of %d",
			      m->map.engine->name, m->seed, m->step, wrong,
			      m->map.contig, m->map.free_bits, m->map.nr_empty,
			      m->map.nr_bits);
}

/* what is so */

/* where the run of such cells ends that begins at @i */
static int run_of(const u8 *cells, int i, int n, u8 cell)
{
	while (i < n && cells[i] == cell)
		i++;
	return i;
}

static void note_free(struct spcpu_truth *t, int start, int end, int n)
{
	if (!t->free)
		t->first_free = start;
	t->free += end - start;
	t->longest = max(t->longest, end - start);
	if (!start)
		t->left = end;
	if (end == n)
		t->right = end - start;
}

/* the truth of @n cells, by looking at each; their bits go to two bitmaps */
static struct spcpu_truth look_at(const u8 *cells, int n, unsigned long *taken,
				  unsigned long *first)
{
	struct spcpu_truth t = { .first_free = n };
	int i, end;

	bitmap_zero(taken, n);
	bitmap_zero(first, n);
	for (i = 0; i < n; i = end) {
		end = run_of(cells, i, n, SPCPU_FREE);
		if (end > i) {
			note_free(&t, i, end, n);
			continue;
		}
		if (cells[i] == SPCPU_FIRST)
			__set_bit(i, first);
		end = run_of(cells, i + 1, n, SPCPU_REST);
		bitmap_set(taken, i, end - i);
	}
	return t;
}

static void look_at_block(struct spcpu_model *m, int i)
{
	int from = i * SPCPU_BLOCK_BITS;

	m->blocks[i] = look_at(m->cells + from, SPCPU_BLOCK_BITS,
			       m->taken + BIT_WORD(from),
			       m->first + BIT_WORD(from));
}

/* the truth of the chunk from that of its blocks */
static struct spcpu_truth look_at_all(const struct spcpu_model *m)
{
	struct spcpu_truth all = { .first_free = m->map.nr_bits };
	int run = 0;
	int i;

	for (i = 0; i < m->map.nr_blocks; i++) {
		const struct spcpu_truth *t = &m->blocks[i];

		if (t->free && !all.free)
			all.first_free = i * SPCPU_BLOCK_BITS + t->first_free;
		all.free += t->free;

		run += t->left;
		all.longest = max3(all.longest, run, t->longest);
		if (t->free < SPCPU_BLOCK_BITS)
			run = t->right;
	}
	return all;
}

bool spcpu_model_all_free(const struct spcpu_model *m, struct spcpu_extent part)
{
	return !memchr_inv(m->cells + part.off, SPCPU_FREE, part.bits);
}

bool spcpu_model_backed(const struct spcpu_model *m, struct spcpu_extent area)
{
	int first = area.off / SPCPU_BLOCK_BITS;
	int end = DIV_ROUND_UP(area.off + area.bits, SPCPU_BLOCK_BITS);

	return find_next_zero_bit(m->populated, end, first) >= end;
}

/* the rules; each function names the one that was broken, or returns NULL */

static const char *wrong_counts(const struct spcpu_model *m)
{
	const struct spcpu_map *map = &m->map;
	int i, nr_empty = 0;

	for (i = 0; i < map->nr_blocks; i++) {
		bool free = m->blocks[i].free == SPCPU_BLOCK_BITS;

		if (spcpu_map_block_free(map, i) != free)
			return "a block that is free, or not";
		nr_empty += free;
	}
	if (map->nr_empty != nr_empty)
		return "nr_empty";
	if (map->free_bits != m->whole.free)
		return "free_bits";
	if (map->contig < 0 || map->contig > map->free_bits)
		return "contig";
	if (map->free_bits == map->nr_bits && map->contig != map->nr_bits)
		return "contig of a free map";
	if (!map->contig && m->whole.longest >= SPCPU_BLOCK_BITS)
		return "contig is 0";
	return NULL;
}

static const char *wrong_areas(const struct spcpu_model *m)
{
	const struct spcpu_map *map = &m->map;
	int at = 0, bits, want;

	for (;; at += bits) {
		want = find_next_bit(m->first, map->nr_bits, at);
		at = spcpu_map_next(map, at, &bits);
		if (at < 0)
			break;
		if (at != want)
			return "an area is elsewhere";
		if (bits != m->lengths[at])
			return "length of an area";
	}
	if (at != -ENOENT || want < map->nr_bits)
		return "an area is missing";
	return NULL;
}

static const char *wrong_room(const struct spcpu_model *m)
{
	if (m->room &&
	    memchr_inv(m->room + m->room_bytes, GUARD, GUARD_BYTES))
		return "written behind the record's memory";
	if (m->map.bytes < m->room_bytes)
		return "bytes";
	return NULL;
}

/* where the area begins that has a cell that is taken */
static int start_of(const struct spcpu_model *m, int at)
{
	while (m->cells[at] == SPCPU_REST)
		at--;
	return at;
}

static const char *wrong_around(const struct spcpu_model *m, int at)
{
	int bits = 0, is = spcpu_map_around(&m->map, at, &bits);
	int start;

	if (m->cells[at] == SPCPU_FREE)
		return is == -ENOENT ? NULL : "an area around free space";

	start = start_of(m, at);
	if (is != start || bits != m->lengths[start])
		return "the area around";
	return NULL;
}

static const char *wrong_next(const struct spcpu_model *m, int from)
{
	int want = find_next_bit(m->first, m->map.nr_bits, from);
	int bits = 0, is = spcpu_map_next(&m->map, from, &bits);

	if (want == m->map.nr_bits)
		return is == -ENOENT ? NULL : "an area behind the last";
	if (is != want || bits != m->lengths[want])
		return "the next area";
	return NULL;
}

/* of a place, which is not freed if it can be */
static const char *wrong_place(struct spcpu_model *m, int at)
{
	int error = m->cells[at] == SPCPU_FREE ? -ENOENT : -EINVAL;

	if (m->cells[at] == SPCPU_FIRST) {
		if (spcpu_map_size(&m->map, at) != m->lengths[at])
			return "size";
	} else if (spcpu_map_size(&m->map, at) != error ||
		   spcpu_map_free(&m->map, at) != error) {
		return "error";
	}
	return wrong_around(m, at) ?: wrong_next(m, at);
}

static const char *wrong(struct spcpu_model *m, struct spcpu_extent touched)
{
	const char *what = wrong_counts(m) ?: wrong_room(m);

	if (!what && m->step % WALK_STEPS == 0)
		what = wrong_areas(m);
	if (!what && m->rules && m->rules->check)
		what = m->rules->check(m, touched);
	return what;
}

/*
 * Everything is checked after each step: of a block that no cell changed in the
 * truth is known.
 */
void spcpu_model_check(struct spcpu_model *m, struct spcpu_extent touched)
{
	int i = touched.off / SPCPU_BLOCK_BITS;
	int end = DIV_ROUND_UP(touched.off + touched.bits, SPCPU_BLOCK_BITS);
	const char *what = NULL;

	for (; i < end; i++)
		look_at_block(m, i);
	m->whole = look_at_all(m);

	if (m->step % PROBE_STEPS == 0)
		what = wrong_place(m, spcpu_model_below(&m->probes,
							m->map.nr_bits));
	what = what ?: wrong(m, touched);
	if (what)
		spcpu_model_fail(m, what);
}

/* what is done */

static void set_cells(struct spcpu_model *m, struct spcpu_extent area, bool taken)
{
	memset(m->cells + area.off, taken ? SPCPU_REST : SPCPU_FREE, area.bits);
	if (taken) {
		m->cells[area.off] = SPCPU_FIRST;
		m->lengths[area.off] = area.bits;
	}

	m->step++;
	if (!m->trusting)
		spcpu_model_check(m, area);
}

static void hide(struct spcpu_model *m, int off, int bits)
{
	if (!bits)
		return;
	spcpu_map_hide(&m->map, off, bits);
	set_cells(m, (struct spcpu_extent){ off, bits }, true);
}

static void make_arrays(struct spcpu_model *m, int nr_pages)
{
	int nr_bits = nr_pages * SPCPU_BLOCK_BITS;
	struct kunit *test = m->test;

	m->populated = spcpu_model_array(test, BITS_TO_LONGS(nr_pages),
					 sizeof(long));
	m->cells = spcpu_model_array(test, nr_bits, 1);
	m->lengths = spcpu_model_array(test, nr_bits, sizeof(*m->lengths));
	m->taken = spcpu_model_array(test, BITS_TO_LONGS(nr_bits),
				     sizeof(long));
	m->first = spcpu_model_array(test, BITS_TO_LONGS(nr_bits),
				     sizeof(long));
	m->blocks = spcpu_model_array(test, nr_pages, sizeof(*m->blocks));
	m->areas = spcpu_model_array(test, SPCPU_MODEL_AREAS, sizeof(*m->areas));
}

/**
 * spcpu_model_create() - make a map, and its model
 * @test: the test, whose priv it is until spcpu_model_destroy(); one at a time
 * @engine: who places areas
 * @geometry: the shape of the map
 *
 * Return: The model; the test ends without memory for it.
 */
struct spcpu_model *spcpu_model_create(struct kunit *test,
				       const struct spcpu_engine *engine,
				       struct spcpu_geometry geometry)
{
	struct spcpu_model *m = spcpu_model_array(test, 1, sizeof(*m));
	int nr_bits = geometry.nr_pages * SPCPU_BLOCK_BITS;

	m->test = test;
	m->rules = spcpu_rules_of(engine);
	m->geometry = geometry;
	m->most = SPCPU_MODEL_MOST;
	make_arrays(m, geometry.nr_pages);
	KUNIT_ASSERT_EQ(test, 0, spcpu_map_init(&m->map, engine,
						geometry.nr_pages,
						m->populated, GFP_KERNEL));
	test->priv = m;
	if (m->rules && m->rules->begin)
		m->rules->begin(m);
	spcpu_model_check(m, (struct spcpu_extent){ 0, nr_bits });
	hide(m, 0, geometry.head);
	hide(m, nr_bits - geometry.tail, geometry.tail);
	return m;
}

void spcpu_model_destroy(struct spcpu_model *m)
{
	spcpu_map_exit(&m->map);
	m->test->priv = NULL;
}

/**
 * spcpu_model_move() - give the record the memory that it wants
 * @m: a model whose record wants some
 */
void spcpu_model_move(struct spcpu_model *m)
{
	size_t bytes = spcpu_map_wants(&m->map), had = m->map.bytes;
	u8 *room, *old;

	if (bytes <= m->room_bytes)
		spcpu_model_fail(m, "bytes that are wanted");
	room = kvmalloc(bytes + GUARD_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(m->test, room);
	memset(room, GUARD, bytes + GUARD_BYTES);

	old = m->map.engine->move(&m->map, room, bytes);
	kvfree(old);
	if (old == room || (m->room && old != m->room))
		spcpu_model_fail(m, "what is left after a move");
	/* @bytes more, without those that it had before */
	if (m->map.bytes <= had || m->map.bytes >= had + bytes ||
	    (m->room && m->map.bytes != had + bytes - m->room_bytes))
		spcpu_model_fail(m, "bytes after a move");

	m->room = room;
	m->room_bytes = bytes;
	m->nr_moves++;
	if (!m->trusting)
		spcpu_model_check(m, (struct spcpu_extent){ });
}

/* -ENOBUFS: there must be something that can be done about it */
static void check_full(struct spcpu_model *m, int err)
{
	bool full = err == -ENOBUFS;

	if (full && !spcpu_map_wants(&m->map))
		spcpu_model_fail(m, "no room in the record, but none is wanted");
	if (m->rules && m->rules->full && err != -ENOSPC &&
	    m->rules->full(m) != full)
		spcpu_model_fail(m, "room in the record");
	m->nr_full += full;
}

/* to ask changes nothing, and the next who asks hears the same */
static int ask(struct spcpu_model *m, struct spcpu_wish w, struct spcpu_fit *fit)
{
	struct spcpu_fit again;
	int err;

	err = spcpu_map_find(&m->map, w.bits, w.align, w.populated, fit);
	check_full(m, err);
	if (m->trusting)
		return err;

	/* else the look after the next step is enough */
	if (err)
		spcpu_model_check(m, (struct spcpu_extent){ });
	if (spcpu_map_find(&m->map, w.bits, w.align, w.populated, &again) != err)
		spcpu_model_fail(m, "another try has another result");
	if (!err && (again.off != fit->off || again.bits != fit->bits))
		spcpu_model_fail(m, "another try has another place");
	return err;
}

static void check_refusal(struct spcpu_model *m, struct spcpu_wish w, int err)
{
	const char *what = NULL;

	/* an engine without rules may have looked in vain */
	if (err != -ENOSPC && (m->rules || err != -EAGAIN))
		spcpu_model_fail(m, "error");
	if (m->rules && m->rules->choose && m->rules->choose(m, w) != -ENOSPC)
		spcpu_model_fail(m, "refused, though there is room");
	if (m->rules && m->rules->refused)
		what = m->rules->refused(m, w);
	if (what)
		spcpu_model_fail(m, what);
}

static void check_fit(struct spcpu_model *m, struct spcpu_wish w,
		      const struct spcpu_fit *fit)
{
	struct spcpu_extent area = { fit->off, fit->bits };

	if (area.bits != w.bits || area.off < 0 ||
	    area.off + area.bits > m->map.nr_bits || area.off % w.align ||
	    !spcpu_model_all_free(m, area))
		spcpu_model_fail(m, "place");
	if (w.populated && !spcpu_model_backed(m, area))
		spcpu_model_fail(m, "backing");
	if (m->rules && m->rules->choose && m->rules->choose(m, w) != area.off)
		spcpu_model_fail(m, "another place than it promises");
}

/**
 * spcpu_model_place() - place an area
 * @m: the model
 * @bits: its length
 * @align: its alignment
 * @populated: only where all pages are backed
 *
 * Return: As spcpu_map_alloc(); -ENOBUFS only if the map is to stay cramped.
 */
int spcpu_model_place(struct spcpu_model *m, int bits, int align,
		      bool populated)
{
	const struct spcpu_wish wish = { bits, align, populated };
	struct spcpu_fit fit;
	int err;

	err = ask(m, wish, &fit);
	if (err == -ENOBUFS && !m->geometry.cramped) {
		spcpu_model_move(m);
		err = ask(m, wish, &fit);
		if (err)
			spcpu_model_fail(m, "refused after a move");
	}
	if (err) {
		if (err != -ENOBUFS && !m->trusting)
			check_refusal(m, wish, err);
		m->step++;
		return err;
	}
	check_fit(m, wish, &fit);

	KUNIT_ASSERT_LT(m->test, m->nr_areas, SPCPU_MODEL_AREAS);
	m->areas[m->nr_areas++] = (struct spcpu_extent){ fit.off, fit.bits };
	spcpu_map_take(&m->map, &fit);
	set_cells(m, (struct spcpu_extent){ fit.off, fit.bits }, true);
	return fit.off;
}

/**
 * spcpu_model_give_nth() - give back an area
 * @m: the model
 * @i: where its array has it
 *
 * Return: Where it lay.
 */
int spcpu_model_give_nth(struct spcpu_model *m, int i)
{
	struct spcpu_extent area = m->areas[i];

	m->areas[i] = m->areas[--m->nr_areas];
	if (spcpu_map_size(&m->map, area.off) != area.bits)
		spcpu_model_fail(m, "size");
	if (spcpu_map_free(&m->map, area.off) != area.bits)
		spcpu_model_fail(m, "freed size");
	set_cells(m, area, false);
	return area.off;
}

void spcpu_model_give(struct spcpu_model *m, int off)
{
	int i = 0;

	while (i < m->nr_areas && m->areas[i].off != off)
		i++;
	KUNIT_ASSERT_LT(m->test, i, m->nr_areas);
	spcpu_model_give_nth(m, i);
}

/* areas of these lengths, one next to the other, from @off on */
void spcpu_model_lay(struct spcpu_model *m, int off, const int *lengths, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(m->test, off,
				spcpu_model_place(m, lengths[i], 1, false));
		off += lengths[i];
	}
}

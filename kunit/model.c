// SPDX-License-Identifier: GPL-2.0
/*
 * Model: a random client of an allocator that knows all its objects, what is in
 * them, and where the next one has to land.
 *
 * An object's contents differ from CPU to CPU and from object to object, and
 * are still there when it is freed, so that they are what the next object in
 * the same place is made of unless it was zeroed.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "model.h"
#include "shadow_percpu.h"

/**
 * struct object - one live object
 *
 * @ptr: its pointer
 * @place: where it lies
 * @seed: what its contents are made from
 */
struct object {
	void __percpu *ptr;
	struct spcpu_place place;
	u8 seed;
};

/**
 * struct spcpu_test_model - the client
 *
 * @test: the test, which ends at the first thing that is wrong
 * @s: the allocator
 * @rnd: what it does next
 * @most: as many live objects as it takes at a time
 * @nr: live objects
 * @shrinking: it rather frees now, until few are left
 * @next_id: number of the next chunk when the index was last checked
 * @nr_chunks: number of chunks then
 * @objects: the live objects
 */
struct spcpu_test_model {
	struct kunit *test;
	struct spcpu *s;
	struct rnd_state rnd;
	unsigned int most;
	unsigned int nr;
	bool shrinking;
	unsigned int next_id;
	unsigned int nr_chunks;
	struct object objects[];
};

/* a request, and where it should land: @anywhere in a chunk whose record grows first */
struct forecast {
	size_t size;
	size_t align;
	gfp_t gfp;
	bool found;
	bool anywhere;
	struct spcpu_place place;
};

/**
 * spcpu_test_model() - make a client
 * @test: the test
 * @s: an allocator without live objects, used by nobody else
 * @most: as many live objects as there may be
 * @seed: the same seed makes the same calls
 *
 * Return: The client, which goes away with the test.
 */
struct spcpu_test_model *spcpu_test_model(struct kunit *test, struct spcpu *s,
					  unsigned int most, u64 seed)
{
	struct spcpu_test_model *m;

	m = kunit_kzalloc(test, struct_size(m, objects, most), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	m->s = s;
	m->most = most;
	prandom_seed_state(&m->rnd, seed);

	return m;
}

/* the index only changes when chunks come or go */
static void check(struct spcpu_test_model *m)
{
	struct spcpu *s = m->s;

	spcpu_test_check_chunks(m->test, s);
	if (s->next_id == m->next_id && s->stats.nr_chunks == m->nr_chunks)
		return;

	spcpu_test_check(m->test, s);
	m->next_id = s->next_id;
	m->nr_chunks = s->stats.nr_chunks;
}

/*
 * What a chunk would answer to a request. That it now knows its longest run is for
 * the core to find out, which then moves it to another slot.
 */
static int try(struct spcpu_map *map, int bits, int align, bool populated)
{
	int contig = map->contig, err;
	struct spcpu_fit fit;

	err = spcpu_map_find(map, bits, align, populated, &fit);
	map->contig = contig;
	return err ?: fit.off;
}

/* the fullest chunk that has room gets it */
static void search_slots(struct spcpu_test_model *m, struct forecast *f)
{
	int bits = DIV_ROUND_UP(f->size, SPCPU_GRANULE);
	int align = max_t(int, f->align / SPCPU_GRANULE, 1);
	struct spcpu_slots *slots = &m->s->types[SPCPU_PLAIN].slots;
	bool blocking = gfpflags_allow_blocking(f->gfp);
	struct spcpu_chunk *chunk;
	int slot, off;

	for (slot = spcpu_slot_of_size(slots, bits * SPCPU_GRANULE);
	     slot <= slots->free; slot++) {
		list_for_each_entry(chunk, &slots->lists[slot], node) {
			off = try(&chunk->map, bits, align, !blocking);
			f->anywhere = off == -ENOBUFS && blocking;
			if (off < 0 && !f->anywhere)
				continue;
			f->found = true;
			f->place.id = chunk->id;
			f->place.off = off * SPCPU_GRANULE;
			return;
		}
	}
}

/* where nobody has room, a new chunk does, for those who can wait */
static void predict(struct spcpu_test_model *m, struct forecast *f)
{
	f->found = false;
	f->anywhere = false;
	f->place = (struct spcpu_place) {
		.id = m->s->next_id,
		.size = ALIGN(f->size, SPCPU_GRANULE),
	};
	spin_lock_irq(&m->s->lock);
	search_slots(m, f);
	spin_unlock_irq(&m->s->lock);

	if (gfpflags_allow_blocking(f->gfp))
		f->found = true;
}

/* mostly small ones, of all alignments, a quarter from atomic callers */
static void choose(struct spcpu_test_model *m, struct forecast *f)
{
	u32 shift = spcpu_test_below(&m->rnd, 8) ? 9 :
		    ilog2(SHADOW_PERCPU_MAX_SIZE);
	u32 low = spcpu_test_below(&m->rnd, shift);

	f->size = (1 << low) + 1 + spcpu_test_below(&m->rnd, 1 << low);
	f->align = 1 << spcpu_test_below(&m->rnd,
					 spcpu_test_below(&m->rnd, 4) ?
					 7 : PAGE_SHIFT + 1);
	f->gfp = spcpu_test_below(&m->rnd, 4) ? GFP_KERNEL : GFP_NOWAIT;
}

static u8 contents(const struct object *o, unsigned int cpu)
{
	return (o->seed + 37 * cpu) | 0x80;
}

static void expect_contents(struct spcpu_test_model *m, const struct object *o,
			    bool zero)
{
	unsigned int cpu;
	u8 byte;

	for_each_possible_cpu(cpu) {
		byte = zero ? 0 : contents(o, cpu);
		KUNIT_ASSERT_NULL_MSG(m->test,
				      memchr_inv(per_cpu_ptr(o->ptr, cpu), byte,
						 o->place.size),
				      "%zu bytes at %u of chunk %u, CPU %u",
				      o->place.size, o->place.off, o->place.id,
				      cpu);
	}
}

static void write_contents(const struct object *o)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(o->ptr, cpu), contents(o, cpu),
		       o->place.size);
}

static void expect_apart(struct spcpu_test_model *m, const struct object *new)
{
	const struct object *o;
	bool overlap;

	for (o = m->objects; o < new; o++) {
		overlap = o->place.id == new->place.id &&
			  o->place.off < new->place.off + new->place.size &&
			  new->place.off < o->place.off + o->place.size;
		KUNIT_ASSERT_FALSE_MSG(m->test, overlap,
				       "%zu bytes at %u of chunk %u overlap %zu at %u",
				       new->place.size, new->place.off,
				       new->place.id, o->place.size,
				       o->place.off);
	}
}

static void expect_place(struct spcpu_test_model *m, const struct object *o,
			 const struct forecast *f)
{
	unsigned int cpu;

	KUNIT_ASSERT_EQ(m->test, o->place.id, f->place.id);
	if (!f->anywhere)
		KUNIT_ASSERT_EQ(m->test, o->place.off, f->place.off);
	KUNIT_ASSERT_EQ(m->test, o->place.size, f->place.size);
	for_each_possible_cpu(cpu)
		KUNIT_ASSERT_TRUE(m->test,
				  IS_ALIGNED((unsigned long)
					     per_cpu_ptr(o->ptr, cpu),
					     max_t(size_t, f->align,
						   SPCPU_GRANULE)));
}

/* no atomic caller fails more often than it takes to back all there is */
static unsigned int most_failures(struct spcpu_test_model *m)
{
	struct spcpu *s = m->s;
	struct spcpu_chunk *chunk;
	unsigned int missing = s->layout->unit_size >> PAGE_SHIFT;

	list_for_each_entry(chunk, &s->chunks, all)
		missing += chunk->map.nr_blocks - chunk->nr_populated;
	return spcpu_test_wakeups(s, missing);
}

/* ask, again if the forecast was that an atomic caller finds nothing at first */
static int ask(struct spcpu_test_model *m, struct forecast *f,
	       void __percpu **ptr)
{
	unsigned int left = most_failures(m);
	int err;

	for (;;) {
		predict(m, f);
		err = spcpu_test_request(m->s, f->size, f->align, false, f->gfp,
					 ptr);
		if (f->found)
			return err;

		KUNIT_ASSERT_EQ(m->test, err, -ENOMEM);
		KUNIT_ASSERT_NULL(m->test, (__force void *)*ptr);
		KUNIT_ASSERT_NE_MSG(m->test, left--, 0U, "no room was prepared");
		check(m);
		KUNIT_ASSERT_GE(m->test, m->s->types[SPCPU_PLAIN].nr_empty_pop,
				SPCPU_EMPTY_POP_PAGES_HIGH);
	}
}

static struct spcpu_place add(struct spcpu_test_model *m)
{
	struct object *o = &m->objects[m->nr];
	struct forecast f;

	choose(m, &f);
	KUNIT_ASSERT_EQ(m->test, 0, ask(m, &f, &o->ptr));
	o->place = spcpu_test_place(m->test, m->s, o->ptr);
	o->seed = prandom_u32_state(&m->rnd);
	expect_place(m, o, &f);
	expect_apart(m, o);
	expect_contents(m, o, true);
	write_contents(o);
	m->nr++;
	return o->place;
}

static struct spcpu_place remove(struct spcpu_test_model *m)
{
	struct object *o = &m->objects[spcpu_test_below(&m->rnd, m->nr)];
	struct spcpu_place place = o->place;

	expect_contents(m, o, false);
	spcpu_test_free(m->test, m->s, o->ptr);
	*o = m->objects[--m->nr];
	return place;
}

/* three times in four what brings it nearer to its next turning point */
static bool rather_free(struct spcpu_test_model *m)
{
	bool nearer = spcpu_test_below(&m->rnd, 4);

	if (m->nr <= m->most / 8)
		m->shrinking = false;
	if (m->nr == m->most)
		m->shrinking = true;
	if (!m->nr || m->nr == m->most)
		return m->nr;
	return nearer == m->shrinking;
}

/**
 * spcpu_test_model_step() - allocate or free an object, and check everything
 * @m: the client
 *
 * Return: The object's place.
 */
struct spcpu_place spcpu_test_model_step(struct spcpu_test_model *m)
{
	struct spcpu_place place = rather_free(m) ? remove(m) : add(m);

	check(m);
	cond_resched();
	return place;
}

/**
 * spcpu_test_model_finish() - free what is left
 * @m: the client
 */
void spcpu_test_model_finish(struct spcpu_test_model *m)
{
	while (m->nr) {
		remove(m);
		check(m);
	}
}

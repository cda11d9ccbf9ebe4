// SPDX-License-Identifier: GPL-2.0
/*
 * Fixture: allocators of a test's own.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "api.h"
#include "fixture.h"
#include "machine.h"

/* what to do when the test ends; newest first */
struct exit_call {
	void (*call)(void *what);
	void *what;
};

static int exit_call_init(struct kunit_resource *res, void *context)
{
	res->data = kmemdup(context, sizeof(struct exit_call), GFP_KERNEL);
	return res->data ? 0 : -ENOMEM;
}

static void exit_call_free(struct kunit_resource *res)
{
	struct exit_call *exit = res->data;

	if (exit->call)
		exit->call(exit->what);
	kfree(exit);
}

static bool exit_call_match(struct kunit *test, struct kunit_resource *res,
			    void *what)
{
	struct exit_call *exit = res->data;

	return res->free == exit_call_free && exit->what == what;
}

/**
 * spcpu_test_at_exit() - have something done when the test ends
 * @test: the test
 * @call: what to do
 * @what: with what
 *
 * Done at once if there is no memory to remember it, and the test has failed.
 */
void spcpu_test_at_exit(struct kunit *test, void (*call)(void *what),
			void *what)
{
	struct exit_call exit = { call, what };

	if (kunit_alloc_resource(test, exit_call_init, exit_call_free,
				 GFP_KERNEL, &exit))
		return;

	call(what);
	KUNIT_ASSERT_FAILURE(test, "no memory");
}

/**
 * spcpu_test_drop() - do now what was to be done when the test ends
 * @test: the test
 * @what: what spcpu_test_at_exit() was told, or an allocator
 */
void spcpu_test_drop(struct kunit *test, void *what)
{
	KUNIT_EXPECT_EQ(test, 0,
			kunit_destroy_resource(test, exit_call_match, what));
}

/**
 * spcpu_test_forget() - do not do it at all: the test has done it
 * @test: the test
 * @what: what spcpu_test_at_exit() was told, or an allocator
 */
void spcpu_test_forget(struct kunit *test, void *what)
{
	struct kunit_resource *res;
	struct exit_call *exit;

	res = kunit_find_resource(test, exit_call_match, what);
	KUNIT_ASSERT_NOT_NULL(test, res);
	exit = res->data;
	exit->call = NULL;
	kunit_put_resource(res);
	spcpu_test_drop(test, what);
}

/* free what the test left, so that none of it counts as leaked; spans go as they are */
static void free_areas(struct spcpu *s, struct spcpu_chunk *chunk)
{
	int end = chunk->map.nr_bits - (chunk->tail >> SPCPU_GRANULE_SHIFT);
	int at = chunk->head >> SPCPU_GRANULE_SHIFT;
	int bits;

	for (;; at += bits) {
		at = spcpu_map_next(&chunk->map, at, &bits);
		if (at < 0 || at >= end)
			return;
		if (spcpu_span_at(chunk, at << SPCPU_GRANULE_SHIFT))
			continue;
		if (spcpu_free(s, spcpu_ptr(s, chunk, at << SPCPU_GRANULE_SHIFT)))
			return;
	}
}

static void destroy(void *what)
{
	struct spcpu *s = what;
	struct spcpu_chunk *chunk;

	spcpu_shutdown(s);
	list_for_each_entry(chunk, &s->chunks, all)
		free_areas(s, chunk);
	spcpu_destroy(s);
}

/**
 * spcpu_test_backing() - the backing of the loaded module
 *
 * Return: What the guest was told to run the suites with.
 */
const struct spcpu_backing *spcpu_test_backing(void)
{
	return spcpu_api_allocator()->options.backing;
}

/* the engine of the loaded module: what the guest was told, too */
static struct spcpu_options with_engine(const struct spcpu_options *options)
{
	struct spcpu_options with = *options;

	if (!with.engine)
		with.engine = spcpu_api_allocator()->options.engine;
	return with;
}

/* CPUs keep objects from the first one on, not only those that are in demand */
static void keep_all(struct spcpu *s)
{
	unsigned int i;

	for (i = 0; s->cache.stocks && i < SPCPU_NR_CLASSES; i++)
		s->cache.stocks[i].freed = UINT_MAX;
}

/**
 * spcpu_test_create() - make an allocator on this machine
 * @test: the test, at whose end it is destroyed
 * @unit_size: bytes of a unit, 0 for the default
 * @reserved: bytes of the reserved chunk
 * @dyn: least bytes of the first chunk's dynamic part
 * @static_size: bytes of static variables
 * @options: what it is to be like; without an engine it gets that of the module
 *
 * Return: The allocator; the test ends if there is none.
 */
struct spcpu *spcpu_test_create(struct kunit *test, size_t unit_size,
				size_t reserved, size_t dyn,
				size_t static_size,
				const struct spcpu_options *options)
{
	const struct spcpu_options with = with_engine(options);
	struct spcpu_layout *layout;
	struct spcpu_machine m;
	struct spcpu *s;

	KUNIT_ASSERT_EQ(test, 0, options->backing->init());
	KUNIT_ASSERT_EQ(test, 0, spcpu_machine_init(&m));
	m.unit_size = unit_size;
	m.reserved_size = reserved;
	m.dyn_size = dyn;
	m.static_size = static_size;
	if (options->first_mode == SPCPU_FIRST_PAGE)
		m.atom_size = PAGE_SIZE;

	layout = spcpu_layout_build(&m);
	spcpu_machine_exit(&m);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, layout);

	s = spcpu_create(layout, &with);
	if (IS_ERR(s))
		spcpu_layout_free(layout);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);

	keep_all(s);
	spcpu_test_at_exit(test, destroy, s);
	return s;
}

/**
 * spcpu_test_allocator() - the same, with the backing of the loaded module
 * @test: the test, at whose end it is destroyed
 * @unit_size: bytes of a unit, 0 for the default
 * @reserved: bytes of the reserved chunk
 * @dyn: least bytes of the first chunk's dynamic part
 * @static_size: bytes of static variables
 * @image: their initial values
 * @mode: how the first chunk's pages are found
 *
 * Return: The allocator; the test ends if there is none.
 */
struct spcpu *spcpu_test_allocator(struct kunit *test, size_t unit_size,
				   size_t reserved, size_t dyn,
				   size_t static_size, const void *image,
				   enum spcpu_first_mode mode)
{
	const struct spcpu_options options = {
		.first_mode = mode,
		.backing = spcpu_test_backing(),
		.image = image,
	};

	return spcpu_test_create(test, unit_size, reserved, dyn, static_size,
				 &options);
}

/**
 * spcpu_test_settle() - wait until the worker has done what there is to do
 * @s: an allocator that nobody else uses meanwhile
 *
 * What would be done when it has been quiet for a while is called off: how long
 * a test takes must not matter.
 */
void spcpu_test_settle(struct spcpu *s)
{
	/* it may have woken itself */
	while (flush_work(&s->balance))
		;
	cancel_delayed_work_sync(&s->thin);
}

/**
 * spcpu_test_swap_worker() - put something else into the worker's place
 * @s: an allocator that nobody else uses; its worker is waited for
 * @func: what is done instead
 *
 * Return: What was done so far.
 */
work_func_t spcpu_test_swap_worker(struct spcpu *s, work_func_t func)
{
	work_func_t was = s->balance.func;

	spcpu_test_settle(s);
	s->balance.func = func;
	return was;
}

/**
 * spcpu_test_wakeups() - how often must the worker be woken to make room?
 * @s: the allocator
 * @nr: pages that an atomic caller needs, side by side in a new chunk
 *
 * Return: How often such callers fail. With lazy backing each failure brings a
 *	few pages, without it a chunk.
 */
unsigned int spcpu_test_wakeups(const struct spcpu *s, unsigned int nr)
{
	if (!s->options.backing->lazy)
		return 1;
	return DIV_ROUND_UP(nr, SPCPU_EMPTY_POP_PAGES_HIGH);
}

/**
 * spcpu_test_grow() - make a chunk
 * @test: the test, which ends if there is none
 * @s: an allocator that nobody else uses; its worker has nothing to do
 *
 * Return: The chunk; with lazy backing it has no pages.
 */
struct spcpu_chunk *spcpu_test_grow(struct kunit *test, struct spcpu *s)
{
	KUNIT_ASSERT_TRUE(test, spcpu_grow(s, GFP_KERNEL));
	return list_last_entry(&s->chunks, struct spcpu_chunk, all);
}

/* pinned, as by an allocation that needs them */
static int back_gap(struct spcpu *s, const struct spcpu_gap *gap)
{
	int err;

	spin_lock_irq(&s->lock);
	gap->chunk->pins++;
	spin_unlock_irq(&s->lock);

	err = spcpu_populate(s, gap, GFP_KERNEL);

	spin_lock_irq(&s->lock);
	gap->chunk->pins--;
	spin_unlock_irq(&s->lock);
	return err;
}

/**
 * spcpu_test_back() - put pages behind a part of a chunk, where there are none
 * @test: the test, which ends if that fails
 * @s: an allocator that nobody else uses; its worker has nothing to do
 * @chunk: the chunk
 * @from: first page
 * @nr: how many
 *
 * Without lazy backing all pages are there already.
 */
void spcpu_test_back(struct kunit *test, struct spcpu *s,
		     struct spcpu_chunk *chunk, unsigned int from,
		     unsigned int nr)
{
	struct spcpu_gap gap = { .chunk = chunk };
	unsigned int end = from + nr;

	for (gap.from = from; gap.from < end; gap.from += gap.nr) {
		gap.from = find_next_zero_bit(chunk->populated, end, gap.from);
		if (gap.from == end)
			return;
		gap.nr = find_next_bit(chunk->populated, end, gap.from) -
			 gap.from;
		KUNIT_ASSERT_EQ(test, 0, back_gap(s, &gap));
	}
}

/**
 * spcpu_test_back_all() - put pages behind all of a chunk
 * @test: the test, which ends if that fails
 * @s: an allocator that nobody else uses; its worker has nothing to do
 * @chunk: the chunk
 */
void spcpu_test_back_all(struct kunit *test, struct spcpu *s,
			 struct spcpu_chunk *chunk)
{
	spcpu_test_back(test, s, chunk, 0, chunk->map.nr_blocks);
}

/**
 * spcpu_test_request() - ask for an object
 * @s: the allocator
 * @size: bytes
 * @align: alignment in bytes
 * @reserved: from the reserved chunk
 * @gfp: flags
 * @ptr: set to the object
 *
 * Return: As spcpu_alloc().
 */
int spcpu_test_request(struct spcpu *s, size_t size, size_t align,
		       bool reserved, gfp_t gfp, void __percpu **ptr)
{
	const struct spcpu_request req = {
		.size = size,
		.align = align,
		.reserved = reserved,
		.gfp = gfp,
		.caller = _RET_IP_,
	};

	return spcpu_alloc(s, &req, ptr);
}

/**
 * spcpu_test_alloc() - allocate an object with GFP_KERNEL
 * @test: the test, which ends if there is no object
 * @s: the allocator
 * @size: bytes
 * @align: alignment in bytes
 *
 * Return: The object.
 */
void __percpu *spcpu_test_alloc(struct kunit *test, struct spcpu *s,
				size_t size, size_t align)
{
	void __percpu *ptr;
	int err;

	err = spcpu_test_request(s, size, align, false, GFP_KERNEL, &ptr);
	KUNIT_ASSERT_EQ_MSG(test, 0, err, "%zu bytes aligned to %zu", size,
			    align);
	return ptr;
}

/**
 * spcpu_test_free() - free an object
 * @test: the test, which ends if that fails
 * @s: the allocator
 * @ptr: the object
 */
void spcpu_test_free(struct kunit *test, struct spcpu *s, void __percpu *ptr)
{
	KUNIT_ASSERT_EQ(test, 0, spcpu_free(s, ptr));
}

/**
 * spcpu_test_place() - where an object lies
 * @test: the test, which ends if the object is not one
 * @s: the allocator
 * @ptr: the object
 *
 * Return: Its place.
 */
struct spcpu_place spcpu_test_place(struct kunit *test, struct spcpu *s,
				    const void __percpu *ptr)
{
	struct spcpu_place place;

	KUNIT_ASSERT_EQ(test, 0, spcpu_locate(s, ptr, &place));
	return place;
}

/**
 * spcpu_test_nr_chunks() - how many chunks there are
 * @s: the allocator
 *
 * Return: The number, counting the first chunk's reserved and dynamic part.
 */
unsigned int spcpu_test_nr_chunks(struct spcpu *s)
{
	struct list_head *pos;
	unsigned int nr = 0;

	spin_lock_irq(&s->lock);
	list_for_each(pos, &s->chunks)
		nr++;
	spin_unlock_irq(&s->lock);
	return nr;
}

/**
 * spcpu_test_expecting() - announce bad messages that the test provokes
 * @test: the test
 * @regex: what each of them matches
 *
 * The verdict on a run lets them pass, and insists on at least one.
 */
void spcpu_test_expecting(struct kunit *test, const char *regex)
{
	kunit_info(test, "expecting \"%s\"\n", regex);
}

/**
 * spcpu_test_allowing() - announce bad messages of the kernel's own
 * @test: the test
 * @regex: what each of them matches
 *
 * It says them as often as it likes, which may be never: the verdict on a run does not
 * insist.
 */
void spcpu_test_allowing(struct kunit *test, const char *regex)
{
	kunit_info(test, "allowing \"%s\"\n", regex);
}

/**
 * spcpu_test_expecting_no_more() - what was announced has come
 * @test: the test
 */
void spcpu_test_expecting_no_more(struct kunit *test)
{
	kunit_info(test, "expecting no more\n");
}

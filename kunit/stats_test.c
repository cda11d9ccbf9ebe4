// SPDX-License-Identifier: GPL-2.0
/*
 * Stats: the form of the kernel's percpu_stats, and figures that a count by
 * hand confirms.
 */
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "dump.h"
#include "sample.h"
#include "suites.h"
#include "text.h"

#define UNIT		SZ_64K
#define MAX_OBJECTS	300

static char *stats_of(struct kunit *test, struct spcpu *s)
{
	return spcpu_test_dump(test, &spcpu_stats_ops,
			       spcpu_test_view(test, s));
}

/* a reserved chunk of two pages and a dynamic one of six */
static struct spcpu *usual(struct kunit *test)
{
	return spcpu_test_allocator(test, UNIT, SZ_8K, SZ_16K + SZ_8K, 0, NULL,
				    SPCPU_FIRST_PAGE);
}

static const char head_of_usual[] =
	"Percpu Memory Statistics\n"
	"Allocation Info:\n"
	"----------------------------------------\n"
	"  unit_size           :        65536\n"
	"  static_size         :            0\n"
	"  reserved_size       :         8192\n"
	"  dyn_size            :        24576\n";

static const char counts_of_usual[] =
	"\n"
	"\n"
	"Global Stats:\n"
	"----------------------------------------\n"
	"  nr_alloc            :            3\n"
	"  nr_dealloc          :            1\n"
	"  nr_cur_alloc        :            2\n"
	"  nr_max_alloc        :            3\n"
	"  nr_chunks           :            1\n"
	"  nr_max_chunks       :            1\n"
	"  min_alloc_size      :            8\n"
	"  max_alloc_size      :          100\n"
	"  empty_pop_pages     :            5\n"
	"\n";

static const char chunks_of_usual[] =
	"Per Chunk Stats:\n"
	"----------------------------------------\n"
	"Chunk: <- Reserved Chunk\n"
	"  nr_alloc            :            0\n"
	"  max_alloc_size      :            0\n"
	"  empty_pop_pages     :            2\n"
	"  first_bit           :            0\n"
	"  free_bytes          :         8192\n"
	"  contig_bytes        :         8192\n"
	"  sum_frag            :            0\n"
	"  max_frag            :            0\n"
	"  cur_min_alloc       :            0\n"
	"  cur_med_alloc       :            0\n"
	"  cur_max_alloc       :            0\n"
	"\n"
	"Chunk: <- First Chunk\n"
	"  nr_alloc            :            2\n"
	"  max_alloc_size      :          100\n"
	"  empty_pop_pages     :            5\n"
	"  first_bit           :            0\n"
	"  free_bytes          :        24468\n"
	"  contig_bytes        :        24404\n"
	"  sum_frag            :           64\n"
	"  max_frag            :           64\n"
	"  cur_min_alloc       :            8\n"
	"  cur_med_alloc       :            8\n"
	"  cur_max_alloc       :          100\n"
	"\n";

/* pages of a node that are found behind a window's addresses */
static unsigned int count_behind(const struct spcpu *s,
				 const struct spcpu_window *window, int node)
{
	unsigned int cpu, i, nr = 0;

	for_each_possible_cpu(cpu) {
		for (i = 0; i < window->nr_pages; i++) {
			struct page *page =
				vmalloc_to_page((void *)window->units[cpu].start +
						i * PAGE_SIZE);

			nr += page && page != s->blank &&
			      page_to_nid(page) == node;
		}
	}
	return nr;
}

static unsigned int count_on_node(const struct spcpu *s, int node)
{
	const struct spcpu_chunk *chunk;
	unsigned int nr = 0;

	list_for_each_entry(chunk, &s->chunks, all) {
		if (chunk != s->reserved)
			nr += count_behind(s, chunk->window, node);
	}
	return nr;
}

/* what a chunk takes of the kernel's addresses: units alone, or all between */
static unsigned long va_pages_of_chunk(const struct spcpu *s)
{
	if (s->options.backing->lazy)
		return num_possible_cpus() * (UNIT >> PAGE_SHIFT);
	return s->layout->span >> PAGE_SHIFT;
}

static void add_row(char *text, const char *name, long long value)
{
	sprintf(text + strlen(text), "  %-20s: %12lld\n", name, value);
}

/* six pages of the dynamic chunk, one of them used, and the two reserved ones */
static char *pages_of_usual(struct kunit *test, const struct spcpu *s)
{
	char *text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	char name[16];
	int node;

	KUNIT_ASSERT_NOT_NULL(test, text);
	strcat(text, "Pages:\n----------------------------------------\n");
	add_row(text, "populated", 8);
	add_row(text, "empty", 7);
	add_row(text, "reserve", 5);
	add_row(text, "backed_cpus", num_possible_cpus());
	for_each_online_node(node) {
		scnprintf(name, sizeof(name), "node%d", node);
		add_row(text, name, count_on_node(s, node));
	}
	add_row(text, "pages", 8 * num_possible_cpus());
	add_row(text, "va_pages", va_pages_of_chunk(s));
	add_row(text, "reserve_ns", 0);
	add_row(text, "map_bytes", s->first->map.bytes +
				   s->reserved->map.bytes);
	strcat(text, "\n");
	return text;
}

/* end the text where a section begins; returns that section */
static char *cut(struct kunit *test, char *text, const char *title)
{
	text = strstr(text, title);
	KUNIT_ASSERT_NOT_NULL(test, text);
	*text = '\0';
	return text;
}

static void stats_text(struct kunit *test)
{
	struct spcpu *s = usual(test);
	char *text, *from, *pages, *chunks;
	void __percpu *ptr[3];

	ptr[0] = spcpu_test_alloc(test, s, 64, 4);
	ptr[1] = spcpu_test_alloc(test, s, 100, 4);
	ptr[2] = spcpu_test_alloc(test, s, 5, 4);
	spcpu_test_free(test, s, ptr[0]);

	/* what lies between them is the machine's own */
	text = stats_of(test, s);
	from = cut(test, text, "  atom_size           : ");
	KUNIT_EXPECT_STREQ(test, text, head_of_usual);
	from = strstr(from + 1, "\n\n");
	KUNIT_ASSERT_NOT_NULL(test, from);

	chunks = cut(test, from, "Per Chunk Stats:\n");
	pages = cut(test, from, "Pages:\n");
	KUNIT_EXPECT_STREQ(test, from, counts_of_usual);
	*pages = 'P';
	KUNIT_EXPECT_STREQ(test, pages, pages_of_usual(test, s));
	*chunks = 'P';
	KUNIT_EXPECT_STREQ(test, chunks, chunks_of_usual);
}

/* the sections of the chunks, in the order of their numbers */
static const char *section(struct kunit *test, const char *text, unsigned int n)
{
	text = strstr(text, "Per Chunk Stats:\n");
	do {
		KUNIT_ASSERT_NOT_NULL(test, text);
		text = strstr(text, "\nChunk");
		KUNIT_ASSERT_NOT_NULL(test, text);
		text++;
	} while (n--);
	return text;
}

static long long value(struct kunit *test, const char *section,
		       const char *name)
{
	long long number = -1;
	char row[32];
	int found;

	scnprintf(row, sizeof(row), "\n  %-20s:", name);
	section = strstr(section, row);
	KUNIT_ASSERT_NOT_NULL(test, section);
	found = sscanf(section + strlen(row), "%lld", &number);
	KUNIT_ASSERT_EQ(test, found, 1);
	return number;
}

static int by_place(const void *a, const void *b)
{
	const struct spcpu_place *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->off < y->off ? -1 : x->off > y->off;
}

static int by_size(const void *a, const void *b)
{
	const struct spcpu_place *x = a, *y = b;

	return x->size < y->size ? -1 : x->size > y->size;
}

/* hold one chunk's section against its objects, sorted by place */
static void expect_objects(struct kunit *test, const char *text,
			   unsigned int head, struct spcpu_place *at, int nr)
{
	unsigned int sum = 0, most = 0, last = head, i;

	for (i = 0; i < nr; i++) {
		sum += at[i].off - last;
		most = max(most, at[i].off - last);
		last = at[i].off + at[i].size;
	}
	sort(at, nr, sizeof(*at), by_size, NULL);

	KUNIT_EXPECT_EQ(test, value(test, text, "nr_alloc"), (long long)nr);
	KUNIT_EXPECT_EQ(test, value(test, text, "sum_frag"), (long long)sum);
	KUNIT_EXPECT_EQ(test, value(test, text, "max_frag"), (long long)most);
	KUNIT_EXPECT_EQ(test, value(test, text, "cur_min_alloc"),
			(long long)at[0].size);
	KUNIT_EXPECT_EQ(test, value(test, text, "cur_med_alloc"),
			(long long)at[(nr - 1) / 2].size);
	KUNIT_EXPECT_EQ(test, value(test, text, "cur_max_alloc"),
			(long long)at[nr - 1].size);
}

/* chunks that are not needed any more may have gone */
static unsigned int chunks_before(const struct spcpu *s, unsigned int id)
{
	const struct spcpu_chunk *chunk;
	unsigned int nr = 0;

	list_for_each_entry(chunk, &s->chunks, all)
		nr += chunk->id < id;
	return nr;
}

static void stats_agree_with_a_count_by_hand(struct kunit *test)
{
	struct spcpu *s = usual(test);
	void __percpu **ptr;
	struct spcpu_place *at;
	unsigned int i, nr, same;
	struct rnd_state rnd;
	char *text;

	ptr = kunit_kcalloc(test, MAX_OBJECTS, sizeof(*ptr), GFP_KERNEL);
	at = kunit_kcalloc(test, MAX_OBJECTS, sizeof(*at), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_ASSERT_NOT_NULL(test, at);

	prandom_seed_state(&rnd, 11);
	for (i = 0; i < MAX_OBJECTS; i++)
		KUNIT_ASSERT_EQ(test, 0,
				spcpu_test_request(s, 4 + spcpu_test_below(&rnd,
									   1500),
						   1 << spcpu_test_below(&rnd, 10),
						   i < 4, GFP_KERNEL, &ptr[i]));
	for (i = 0; i < MAX_OBJECTS; i += 3)
		spcpu_test_free(test, s, ptr[i]);
	spcpu_test_settle(s);

	for (i = 0, nr = 0; i < MAX_OBJECTS; i++)
		if (i % 3)
			at[nr++] = spcpu_test_place(test, s, ptr[i]);
	sort(at, nr, sizeof(*at), by_place, NULL);
	KUNIT_ASSERT_GT(test, at[nr - 1].id, 3U);

	text = stats_of(test, s);
	for (i = 0; i < nr; i += same) {
		for (same = 1; i + same < nr; same++)
			if (at[i].id != at[i + same].id)
				break;
		expect_objects(test, section(test, text,
					     chunks_before(s, at[i].id)),
			       0, at + i, same);
	}
}

/* pages, of which there are more with every chunk, and fewer again */
static void expect_pages(struct kunit *test, struct spcpu *s)
{
	const char *text = strstr(stats_of(test, s), "Pages:\n");
	long long on_nodes = 0;
	char name[16];
	int node;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for_each_online_node(node) {
		scnprintf(name, sizeof(name), "node%d", node);
		KUNIT_EXPECT_EQ(test, value(test, text, name),
				(long long)count_on_node(s, node));
		on_nodes += value(test, text, name);
	}
	KUNIT_EXPECT_EQ(test, value(test, text, "pages"), on_nodes);
	KUNIT_EXPECT_EQ(test, value(test, text, "backed_cpus"),
			(long long)num_possible_cpus());
	KUNIT_EXPECT_EQ(test, value(test, text, "populated") *
			num_possible_cpus(), on_nodes);
	KUNIT_EXPECT_EQ(test, value(test, text, "va_pages"),
			(long long)(s->stats.nr_chunks * va_pages_of_chunk(s)));
	KUNIT_EXPECT_EQ(test, value(test, text, "reserve_ns"),
			(long long)s->reserve_ns);
}

/* with @used pages of a unit taken, and some that are not */
static void expect_empty(struct kunit *test, struct spcpu *s, int used)
{
	const char *text = strstr(stats_of(test, s), "Pages:\n");
	long long empty = value(test, text, "populated") - used;

	KUNIT_EXPECT_EQ(test, value(test, text, "empty"), empty);
	/* the reserved chunk's two pages do not count */
	KUNIT_EXPECT_EQ(test, value(test, text, "reserve"), empty - 2);
}

static void stats_of_pages(struct kunit *test)
{
	struct spcpu *s = usual(test);
	void __percpu *ptr[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptr); i++) {
		ptr[i] = spcpu_test_alloc(test, s, SZ_32K, SZ_4K);
		spcpu_test_settle(s);
		expect_pages(test, s);
		expect_empty(test, s, 8 * (i + 1));
	}
	KUNIT_EXPECT_EQ(test, s->stats.nr_chunks, 3U);

	spcpu_test_free(test, s, ptr[2]);
	spcpu_test_settle(s);
	expect_pages(test, s);
	expect_empty(test, s, 16);
}

/*
 * Nothing is read behind the end of a chunk, and the last area counts as what
 * it is (the kernel leaves the very last granule out).
 */
static void stats_of_a_full_chunk(struct kunit *test)
{
	struct spcpu *s = usual(test);
	const char *text;
	int i;

	for (i = 0; i < 6; i++)
		spcpu_test_alloc(test, s, SZ_4K, 4);
	KUNIT_ASSERT_EQ(test, s->first->map.free_bits, 0);

	text = section(test, stats_of(test, s), 1);
	KUNIT_EXPECT_EQ(test, value(test, text, "nr_alloc"), 6LL);
	KUNIT_EXPECT_EQ(test, value(test, text, "sum_frag"), 0LL);
	KUNIT_EXPECT_EQ(test, value(test, text, "cur_min_alloc"), 4096LL);
	KUNIT_EXPECT_EQ(test, value(test, text, "cur_max_alloc"), 4096LL);
}

static void stats_do_not_count_what_is_hidden(struct kunit *test)
{
	struct spcpu *s = spcpu_test_parted(test);
	void __percpu *ptr[2];
	const char *text;

	ptr[0] = spcpu_test_alloc(test, s, 40, 4);
	ptr[1] = spcpu_test_alloc(test, s, 60, 4);
	spcpu_test_free(test, s, ptr[0]);

	text = section(test, stats_of(test, s), 1);
	KUNIT_EXPECT_EQ(test, value(test, text, "nr_alloc"), 1LL);
	KUNIT_EXPECT_EQ(test, value(test, text, "first_bit"), 25LL);
	KUNIT_EXPECT_EQ(test, value(test, text, "sum_frag"), 40LL);
	KUNIT_EXPECT_EQ(test, value(test, text, "cur_min_alloc"), 60LL);
	KUNIT_EXPECT_EQ(test, value(test, text, "cur_max_alloc"), 60LL);
}

static void stats_title(struct kunit *test, struct spcpu *s, int slot,
			const char *title)
{
	struct spcpu_chunk *chunk;
	const char *text;

	spin_lock_irq(&s->lock);
	chunk = list_last_entry(&s->chunks, struct spcpu_chunk, all);
	spcpu_slot_move(&s->types[SPCPU_PLAIN].slots, &chunk->node, slot, true);
	spin_unlock_irq(&s->lock);

	text = section(test, stats_of(test, s), 2);
	KUNIT_EXPECT_EQ_MSG(test, 0, strncmp(text, title, strlen(title)), "%s",
			    title);
}

/* the kernel's, a missing colon included */
static void stats_titles(struct kunit *test)
{
	struct spcpu *s = usual(test);

	spcpu_test_grow(test, s);
	stats_title(test, s, s->types[SPCPU_PLAIN].slots.sidelined, "Chunk (sidelined):\n");
	stats_title(test, s, s->types[SPCPU_PLAIN].slots.to_depopulate, "Chunk (to_depopulate)\n");
	stats_title(test, s, 0, "Chunk:\n");
	stats_title(test, s, s->types[SPCPU_PLAIN].slots.free, "Chunk:\n");
}

static struct kunit_case spcpu_stats_cases[] = {
	KUNIT_CASE(stats_text),
	KUNIT_CASE(stats_of_pages),
	KUNIT_CASE(stats_agree_with_a_count_by_hand),
	KUNIT_CASE(stats_of_a_full_chunk),
	KUNIT_CASE(stats_do_not_count_what_is_hidden),
	KUNIT_CASE(stats_titles),
	{}
};

struct kunit_suite spcpu_stats_suite = {
	.name = "shadow_percpu_stats",
	.test_cases = spcpu_stats_cases,
};

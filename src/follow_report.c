// SPDX-License-Identifier: GPL-2.0
/*
 * Follow, what came of it: counted, compared with a snapshot, and told.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "compat/kunit.h"
#include "follower.h"

/**
 * spcpu_follow_compare() - is the shadow now what the other allocator is?
 * @f: who follows, after the last event
 * @now: all chunks of the other one at that time
 *
 * Context: Process context. May sleep.
 * Return: Number of chunks that differ; -ENOMEM.
 */
int spcpu_follow_compare(struct spcpu_follow *f,
			 const struct spcpu_snapshot *now)
{
	struct spcpu_snapshot mine;
	int err;

	spcpu_follow_see_slots(f);
	spcpu_snapshot_init(&mine);
	err = spcpu_snapshot_of(f->s, &mine);
	if (!err) {
		f->nr_different = spcpu_snapshot_diff(&mine, now, f->different,
						      sizeof(f->different));
		f->compared = true;
	}
	spcpu_snapshot_exit(&mine);
	return err ?: f->nr_different;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_compare);

/**
 * spcpu_follow_shadow() - the shadow itself
 * @f: who follows
 *
 * Context: Any.
 * Return: The shadow.
 */
struct spcpu *spcpu_follow_shadow(struct spcpu_follow *f)
{
	return f->s;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_shadow);

/* free bytes between a chunk's first area and its last, run by run */
static void count_fragments(const struct spcpu_chunk *chunk,
			    struct spcpu_follow_stats *st)
{
	int end = chunk->map.nr_bits - (chunk->tail >> SPCPU_GRANULE_SHIFT);
	int at = chunk->head >> SPCPU_GRANULE_SHIFT;
	int next, bits;
	u64 hole;

	for (;;) {
		next = spcpu_map_next(&chunk->map, at, &bits);
		if (next < 0 || next >= end)
			return;
		hole = (u64)(next - at) << SPCPU_GRANULE_SHIFT;
		st->frag_sum += hole;
		st->frag_max = max(st->frag_max, hole);
		st->live++;
		st->live_bytes += (u64)bits << SPCPU_GRANULE_SHIFT;
		at = next + bits;
	}
}

/**
 * spcpu_follow_stats() - what came of it so far
 * @f: who follows
 * @st: set to it
 *
 * Context: Process context. Takes time for all chunks.
 */
void spcpu_follow_stats(struct spcpu_follow *f, struct spcpu_follow_stats *st)
{
	const struct spcpu_chunk *chunk;

	*st = f->stats;
	st->chunks = f->s->stats.nr_chunks;
	st->max_chunks = f->s->stats.nr_max_chunks;
	st->pages = f->s->nr_populated;
	list_for_each_entry(chunk, &f->s->chunks, all)
		count_fragments(chunk, st);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_stats);

/* a name of the report, and where its number is */
static const struct figure {
	const char *name;
	size_t at;
} figures[] = {
#define FIGURE(name)	{ #name, offsetof(struct spcpu_follow_stats, name) }
	FIGURE(ops),
	FIGURE(allocs),
	FIGURE(frees),
	FIGURE(fails),
	FIGURE(refused),
	FIGURE(served),
	FIGURE(healed),
	FIGURE(identical),
	FIGURE(wrong),
	FIGURE(undecidable),
	FIGURE(undecidable_same),
	FIGURE(lost),
	FIGURE(bad),
	FIGURE(passes),
	FIGURE(rehearsed),
	FIGURE(passes_same),
	FIGURE(chunks),
	FIGURE(max_chunks),
	FIGURE(pages),
	FIGURE(max_pages),
	FIGURE(live),
	FIGURE(live_bytes),
	FIGURE(frag_sum),
	FIGURE(frag_max),
#undef FIGURE
};

/**
 * spcpu_follow_report() - what came of it, for people and for scripts
 * @f: who follows
 * @line: takes a line, without a newline
 * @to: for @line
 *
 * Lines "name: value", with the names of &struct spcpu_follow_stats; then, if it
 * was compared, "maps_equal: yes" or "no"; then the first mismatch. Where events were
 * lost, there is "dropped N" instead of these.
 *
 * Context: Process context. May sleep.
 */
void spcpu_follow_report(struct spcpu_follow *f,
			 void (*line)(void *to, const char *text), void *to)
{
	char text[SPCPU_FOLLOW_LINE_MAX];
	struct spcpu_follow_stats st;
	unsigned int i;

	spcpu_follow_stats(f, &st);
	for (i = 0; i < ARRAY_SIZE(figures); i++) {
		const u64 *value = (void *)&st + figures[i].at;

		scnprintf(text, sizeof(text), "%s: %llu", figures[i].name,
			  (unsigned long long)*value);
		line(to, text);
	}
	if (st.lost) {
		scnprintf(text, sizeof(text),
			  "dropped %llu events, so there is no verdict",
			  (unsigned long long)st.lost);
		line(to, text);
		return;
	}
	if (f->compared) {
		scnprintf(text, sizeof(text), "maps_equal: %s",
			  f->nr_different ? "no" : "yes");
		line(to, text);
	}
	if (f->nr_different) {
		scnprintf(text, sizeof(text), "differ: %d chunks, first %s",
			  f->nr_different, f->different);
		line(to, text);
	}
	if (f->rehearsal && *spcpu_rehearsal_first(f->rehearsal)) {
		scnprintf(text, sizeof(text), "worker: event %llu: %s",
			  (unsigned long long)f->worker_differs,
			  spcpu_rehearsal_first(f->rehearsal));
		line(to, text);
	}
	spcpu_mismatch_report(f->first, line, to);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_follow_report);

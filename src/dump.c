// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: what they share, which is the walk over the chunks.
 *
 * A record's position is the number of its chunk plus one; position 0 is what
 * stands above all chunks. So a reader that comes back after a pause goes on
 * behind the last chunk it saw, whatever became of that.
 */
#include <linux/limits.h>

#include "dump.h"

static void *load(struct seq_file *m, loff_t *pos)
{
	struct spcpu_view *view = m->private;

	if (*pos - 1 > UINT_MAX || !spcpu_view_load(view, *pos - 1))
		return NULL;

	*pos = (loff_t)view->chunk->id + 1;
	return view;
}

/**
 * spcpu_dump_start() - seq_operations::start of a dump by chunk
 * @m: its private is a struct spcpu_view
 * @pos: where to begin; moved to the chunk that is there
 *
 * Context: Process context.
 * Return: SEQ_START_TOKEN; the view with a chunk in it; NULL at the end.
 */
void *spcpu_dump_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? load(m, pos) : SEQ_START_TOKEN;
}

/**
 * spcpu_dump_next() - seq_operations::next of a dump by chunk
 * @m: its private is a struct spcpu_view
 * @v: the record before
 * @pos: where that was; moved to the next chunk
 *
 * Context: Process context.
 * Return: The view with a chunk in it; NULL at the end.
 */
void *spcpu_dump_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return load(m, pos);
}

/**
 * spcpu_dump_stop() - seq_operations::stop of a dump by chunk
 * @m: the dump
 * @v: the last record
 *
 * Nothing is held between records.
 *
 * Context: Any.
 */
void spcpu_dump_stop(struct seq_file *m, void *v)
{
}

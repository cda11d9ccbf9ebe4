// SPDX-License-Identifier: GPL-2.0
/*
 * Replay: allocations and frees, a line each, carried out by the allocator.
 *
 * Any number of streams may be open. Each puts its own lines together from what
 * is written to it; the objects belong to all of them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/xarray.h>

#include "compat/kunit.h"
#include "core.h"
#include "replay.h"

/**
 * struct object - a live object
 *
 * @size: bytes, as asked for
 * @align: alignment, as asked for
 * @ptr: the object; NULL if there was no memory for it
 */
struct object {
	u32 size;
	u32 align;
	void __percpu *ptr;
};

/**
 * struct spcpu_replay - the live objects
 *
 * @s: the allocator
 * @lock: of @objects and of the lines of all streams
 * @objects: ID -> &struct object
 * @nr_objects: how many
 */
struct spcpu_replay {
	struct spcpu *s;
	struct mutex lock;	/* taken for a line, a row, a piece of text */
	struct xarray objects;
	unsigned int nr_objects;
};

/* an object as a reader shows it; not placed if there was no memory for it */
struct row {
	u32 id;
	u32 size;
	u32 align;
	bool placed;
	struct spcpu_place place;
};

/**
 * struct spcpu_replay_stream - one who writes, or reads
 *
 * @replay: where to
 * @line: number of the line being put together, from 1
 * @len: characters of that line so far
 * @skip: it is not to be carried out
 * @text: its first characters
 * @row: what is being read
 */
struct spcpu_replay_stream {
	struct spcpu_replay *replay;
	unsigned long line;
	size_t len;
	bool skip;
	char text[SPCPU_REPLAY_LINE_MAX];
	struct row row;
};

/**
 * spcpu_replay_create() - get ready to carry lines out
 * @s: the allocator; outlives what is returned
 *
 * Context: Process context. May sleep.
 * Return: For spcpu_replay_destroy(); NULL without memory.
 */
struct spcpu_replay *spcpu_replay_create(struct spcpu *s)
{
	struct spcpu_replay *replay;

	replay = kzalloc(sizeof(*replay), GFP_KERNEL);
	if (!replay)
		return NULL;

	replay->s = s;
	mutex_init(&replay->lock);
	xa_init(&replay->objects);
	return replay;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_replay_create);

/**
 * spcpu_replay_destroy() - free all objects that are still live
 * @replay: from spcpu_replay_create(), with no stream open, or NULL
 *
 * Context: Process context. May sleep.
 */
void spcpu_replay_destroy(struct spcpu_replay *replay)
{
	struct object *object;
	unsigned long id;

	if (!replay)
		return;

	xa_for_each(&replay->objects, id, object) {
		if (object->ptr)
			spcpu_free(replay->s, object->ptr);
		kfree(object);
		cond_resched();
	}
	xa_destroy(&replay->objects);
	kfree(replay);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_replay_destroy);

/* the object's place; that there is no memory for one is no error */
static int place(struct spcpu_replay *replay, const struct spcpu_replay_op *op,
		 struct object *object, const char **why)
{
	const struct spcpu_request req = {
		.size = op->size,
		.align = op->align,
		.gfp = (op->atomic ? GFP_ATOMIC : GFP_KERNEL) | __GFP_NOWARN |
		       (op->account ? __GFP_ACCOUNT : 0),
		.caller = _THIS_IP_,
	};
	int err = spcpu_alloc(replay->s, &req, &object->ptr);

	if (err == -ENOMEM)
		return 0;

	if (err == -EINVAL)
		*why = "size or alignment out of range";
	else if (err)
		*why = "the module is being unloaded";
	return err;
}

static int carry_out_alloc(struct spcpu_replay *replay,
			   const struct spcpu_replay_op *op, const char **why)
{
	struct object *object;
	int err;

	if (replay->nr_objects == SPCPU_REPLAY_OBJECTS_MAX) {
		*why = __stringify(SPCPU_REPLAY_OBJECTS_MAX) " objects are live, as many as may be";
		return -ENOSPC;
	}
	object = kmalloc(sizeof(*object), GFP_KERNEL);
	if (!object)
		return -ENOMEM;

	object->size = op->size;
	object->align = op->align;
	object->ptr = NULL;
	err = xa_insert(&replay->objects, op->id, object, GFP_KERNEL);
	if (err) {
		if (err == -EBUSY) {
			*why = "this ID is live already";
			err = -EEXIST;
		}
		kfree(object);
		return err;
	}

	err = place(replay, op, object, why);
	if (err) {
		xa_erase(&replay->objects, op->id);
		kfree(object);
		return err;
	}
	replay->nr_objects++;
	return 0;
}

static int carry_out_free(struct spcpu_replay *replay,
			  const struct spcpu_replay_op *op, const char **why)
{
	struct object *object = xa_erase(&replay->objects, op->id);
	int err = 0;

	if (!object) {
		*why = "no object has this ID";
		return -ENOENT;
	}
	replay->nr_objects--;

	if (object->ptr)
		err = spcpu_free(replay->s, object->ptr);
	if (err)
		*why = "somebody else has freed this object";
	kfree(object);
	return err;
}

static int carry_out(struct spcpu_replay *replay,
		     const struct spcpu_replay_op *op, const char **why)
{
	switch (op->verb) {
	case SPCPU_REPLAY_ALLOC:
		return carry_out_alloc(replay, op, why);
	case SPCPU_REPLAY_FREE:
		return carry_out_free(replay, op, why);
	default:
		return 0;
	}
}

/* the line is complete */
static int end_line(struct spcpu_replay_stream *stream)
{
	const char *why = "no memory to remember the object";
	struct spcpu_replay_op op;
	int err = 0;

	if (!stream->skip)
		err = spcpu_replay_parse(stream->text, stream->len, &op, &why) ?:
		      carry_out(stream->replay, &op, &why);
	if (err)
		pr_err_ratelimited("replay: line %lu: %s\n", stream->line, why);

	stream->line++;
	stream->len = 0;
	stream->skip = false;
	return err;
}

/* more of the line; nothing is kept of it behind what may be parsed */
static void extend_line(struct spcpu_replay_stream *stream, const char *text,
			size_t len)
{
	if (stream->len < sizeof(stream->text))
		memcpy(stream->text + stream->len, text,
		       min(len, sizeof(stream->text) - stream->len));
	stream->len += len;
}

/**
 * spcpu_replay_open() - begin a stream of lines, or of rows
 * @replay: where to, and from
 *
 * Context: Process context. May sleep.
 * Return: The stream, for spcpu_replay_close(); NULL without memory.
 */
struct spcpu_replay_stream *spcpu_replay_open(struct spcpu_replay *replay)
{
	struct spcpu_replay_stream *stream;

	stream = kzalloc(sizeof(*stream), GFP_KERNEL);
	if (!stream)
		return NULL;

	stream->replay = replay;
	stream->line = 1;
	return stream;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_replay_open);

/**
 * spcpu_replay_skip() - pass over text without carrying it out
 * @stream: the stream
 * @text: what comes next in it, of any length
 * @len: bytes of it
 *
 * Its lines count, and if it ends inside of a line the rest of that will not be
 * carried out either: half a line may well look like another one.
 *
 * Context: Process context. May sleep.
 */
void spcpu_replay_skip(struct spcpu_replay_stream *stream, const char *text,
		       size_t len)
{
	const char *end = text + len;

	mutex_lock(&stream->replay->lock);
	for (; text < end; text++) {
		stream->skip = true;
		if (*text == '\n')
			end_line(stream);
	}
	mutex_unlock(&stream->replay->lock);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_replay_skip);

static int carry_out_text(struct spcpu_replay_stream *stream, const char **text,
			  const char *end)
{
	const char *newline;
	int err = 0;

	while (!err && *text < end) {
		newline = memchr(*text, '\n', end - *text);
		extend_line(stream, *text, (newline ?: end) - *text);
		*text = newline ? newline + 1 : end;
		if (newline)
			err = end_line(stream);
	}
	return err;
}

/**
 * spcpu_replay_feed() - carry out the lines of a text
 * @stream: the stream
 * @text: what comes next in it; may begin and end inside of lines
 * @len: bytes of it
 *
 * A line that cannot be carried out is logged with its number and what is wrong
 * with it. The lines before stay carried out, what is behind is passed over as
 * with spcpu_replay_skip(). That there is no memory for an object is no error:
 * the object is there and has no place.
 *
 * Context: Process context. May sleep.
 * Return: 0; -EINVAL: not a line of the grammar, or size or alignment out of
 *	range; -EEXIST: there is an object with this ID; -ENOENT: there is none;
 *	-ENOSPC: there are as many objects as may be; -ENOMEM: no memory to remember
 *	one; -ESHUTDOWN: the allocator is going away.
 */
int spcpu_replay_feed(struct spcpu_replay_stream *stream, const char *text,
		      size_t len)
{
	const char *end = text + len;
	int err;

	mutex_lock(&stream->replay->lock);
	err = carry_out_text(stream, &text, end);
	mutex_unlock(&stream->replay->lock);

	if (err)
		spcpu_replay_skip(stream, text, end - text);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_replay_feed);

/**
 * spcpu_replay_close() - end a stream
 * @stream: the stream
 *
 * A last line without a newline is carried out now. Objects stay.
 *
 * Context: Process context. May sleep.
 * Return: As spcpu_replay_feed(), for that line.
 */
int spcpu_replay_close(struct spcpu_replay_stream *stream)
{
	int err = 0;

	mutex_lock(&stream->replay->lock);
	if (stream->len)
		err = end_line(stream);
	mutex_unlock(&stream->replay->lock);

	kfree(stream);
	return err;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_replay_close);

/* copy the first object from @id on; while the lock is held it is not freed */
static bool load_row(struct spcpu_replay *replay, unsigned long id,
		     struct row *row)
{
	const struct object *object;

	mutex_lock(&replay->lock);
	object = xa_find(&replay->objects, &id, U32_MAX, XA_PRESENT);
	if (object) {
		row->id = id;
		row->size = object->size;
		row->align = object->align;
		row->placed = object->ptr &&
			      !spcpu_locate(replay->s, object->ptr,
					    &row->place);
	}
	mutex_unlock(&replay->lock);
	return object;
}

/* an object's position is its ID plus one; position 0 is the header */
static void *load(struct seq_file *m, loff_t *pos)
{
	struct spcpu_replay_stream *stream = m->private;

	if (*pos - 1 > U32_MAX ||
	    !load_row(stream->replay, *pos - 1, &stream->row))
		return NULL;

	*pos = (loff_t)stream->row.id + 1;
	return &stream->row;
}

static void *replay_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? load(m, pos) : SEQ_START_TOKEN;
}

static void *replay_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return load(m, pos);
}

static void replay_stop(struct seq_file *m, void *v)
{
}

static int replay_show(struct seq_file *m, void *v)
{
	const struct row *row = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "#       id   size  align  chunk     offset\n");
		return 0;
	}

	seq_printf(m, "%10u %6u %6u ", row->id, row->size, row->align);
	if (row->placed)
		seq_printf(m, "%6u %10u\n", row->place.id, row->place.off);
	else
		seq_printf(m, "%6s %10s\n", "-", "-");
	return 0;
}

const struct seq_operations spcpu_replay_ops = {
	.start	= replay_start,
	.next	= replay_next,
	.stop	= replay_stop,
	.show	= replay_show,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_replay_ops);

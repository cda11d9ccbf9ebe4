// SPDX-License-Identifier: GPL-2.0
/*
 * Debugfs: the files under /sys/kernel/debug/shadow_percpu, for root only.
 *
 * An open file holds a reference to the module, and removing the folder waits
 * for those who read or write at that moment.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "debugfs.h"
#include "debugfs_debug.h"
#include "debugfs_follow.h"
#include "debugfs_native.h"
#include "dump.h"
#include "replay.h"

/* what is copied from a writer at a time, on the stack */
#define PIECE	256

static struct dentry *folder;
static struct spcpu_replay *replay;

DEFINE_SHOW_ATTRIBUTE(spcpu_alloc_info);
DEFINE_SHOW_ATTRIBUTE(spcpu_slots);
DEFINE_SHOW_ATTRIBUTE(spcpu_cache);
DEFINE_SHOW_ATTRIBUTE(spcpu_calls);

static int open_seq(struct file *file, const struct seq_operations *ops,
		    void *private)
{
	int err = seq_open(file, ops);

	if (!err)
		((struct seq_file *)file->private_data)->private = private;
	return err;
}

static int open_dump(struct file *file, const struct seq_operations *ops,
		     struct spcpu *s)
{
	struct spcpu_view *view;
	int err;

	view = spcpu_view_create(s);
	if (!view)
		return -ENOMEM;

	err = open_seq(file, ops, view);
	if (err)
		spcpu_view_destroy(view);
	return err;
}

static int release_dump(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	spcpu_view_destroy(m->private);
	return seq_release(inode, file);
}

/* the file of a dump by chunk, of which there is NAME_ops */
#define DEFINE_DUMP_FILE(name)						\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	return open_dump(file, &name##_ops, inode->i_private);		\
}									\
									\
static const struct file_operations name##_fops = {			\
	.owner		= THIS_MODULE,					\
	.open		= name##_open,					\
	.read		= seq_read,					\
	.llseek		= seq_lseek,					\
	.release	= release_dump,					\
}

DEFINE_DUMP_FILE(spcpu_chunks);
DEFINE_DUMP_FILE(spcpu_map);
DEFINE_DUMP_FILE(spcpu_objects);
DEFINE_DUMP_FILE(spcpu_stats);

static int replay_open(struct inode *inode, struct file *file)
{
	struct spcpu_replay_stream *stream;
	int err;

	stream = spcpu_replay_open(inode->i_private);
	if (!stream)
		return -ENOMEM;

	err = open_seq(file, &spcpu_replay_ops, stream);
	if (err)
		spcpu_replay_close(stream);
	return err;
}

/* too late to tell the writer what is wrong with the last line; the log has it */
static int replay_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	spcpu_replay_close(m->private);
	return seq_release(inode, file);
}

/*
 * The writer sees the number of bytes that it gave, or what was wrong with the
 * first line that could not be carried out: see spcpu_replay_feed(). After that
 * nothing else of the same write is carried out; the next one is, from its
 * first whole line on.
 */
static ssize_t replay_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	struct seq_file *m = file->private_data;
	char piece[PIECE];
	size_t done, len;
	int err = 0;

	for (done = 0; done < count; done += len) {
		if (fatal_signal_pending(current))
			return err ?: -EINTR;

		len = min(count - done, sizeof(piece));
		if (copy_from_user(piece, from + done, len))
			return err ?: -EFAULT;

		if (err)
			spcpu_replay_skip(m->private, piece, len);
		else
			err = spcpu_replay_feed(m->private, piece, len);
		cond_resched();
	}
	return err ?: count;
}

static const struct file_operations replay_fops = {
	.owner		= THIS_MODULE,
	.open		= replay_open,
	.read		= seq_read,
	.write		= replay_write,
	.llseek		= seq_lseek,
	.release	= replay_release,
};

/**
 * spcpu_debugfs_init() - show an allocator
 * @s: the allocator, which outlives the files
 * @snapshot: the kernel's own allocator may be looked into
 *
 * That the kernel has no debugfs, or keeps it shut, is no error; the log says
 * so.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM.
 */
int spcpu_debugfs_init(struct spcpu *s, bool snapshot)
{
	replay = spcpu_replay_create(s);
	if (!replay)
		return -ENOMEM;

	folder = debugfs_create_dir("shadow_percpu", NULL);
	if (IS_ERR(folder)) {
		pr_info("no dumps and no replay: debugfs says %pe\n", folder);
		return 0;
	}

	debugfs_create_file("alloc_info", 0400, folder, s,
			    &spcpu_alloc_info_fops);
	debugfs_create_file("slots", 0400, folder, s, &spcpu_slots_fops);
	debugfs_create_file("cache", 0400, folder, s, &spcpu_cache_fops);
	debugfs_create_file("calls", 0400, folder, NULL, &spcpu_calls_fops);
	debugfs_create_file("chunks", 0400, folder, s, &spcpu_chunks_fops);
	debugfs_create_file("map", 0400, folder, s, &spcpu_map_fops);
	debugfs_create_file("objects", 0400, folder, s, &spcpu_objects_fops);
	debugfs_create_file("stats", 0400, folder, s, &spcpu_stats_fops);
	debugfs_create_file("replay", 0600, folder, replay, &replay_fops);
	spcpu_debugfs_debug_init(folder, s);
	spcpu_debugfs_follow_init(folder, snapshot);
	if (snapshot)
		spcpu_debugfs_native_init(folder);
	return 0;
}

/**
 * spcpu_debugfs_exit() - show it no more
 *
 * The objects that replay still has are freed. May be called when
 * spcpu_debugfs_init() failed.
 *
 * Context: Process context. May sleep.
 */
void spcpu_debugfs_exit(void)
{
	debugfs_remove(folder);
	folder = NULL;
	spcpu_debugfs_follow_exit();
	spcpu_debugfs_native_exit();
	spcpu_replay_destroy(replay);
	replay = NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Debugfs: the files `snapshot` and `record`, about the kernel's own allocator.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "command.h"
#include "compat/native.h"
#include "debugfs_native.h"
#include "recorder.h"

/**
 * struct reader - one who reads lines
 *
 * @next: makes the next line: its length, 0 at the end, or -errno; may wait for it
 * @snap: what is read, if it is a snapshot
 * @pos: where reading it has come to
 * @len: characters of @line
 * @at: those that were read
 * @line: the line
 */
struct reader {
	int (*next)(struct reader *r, bool wait);
	struct spcpu_snapshot snap;
	struct spcpu_snapshot_pos pos;
	int len;
	int at;
	char line[SPCPU_SNAPSHOT_LINE_MAX];
};

static struct reader *make_reader(int (*next)(struct reader *r, bool wait))
{
	struct reader *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	r->next = next;
	spcpu_snapshot_init(&r->snap);
	return r;
}

static void free_reader(struct reader *r)
{
	spcpu_snapshot_exit(&r->snap);
	kfree(r);
}

/* whole lines, as far as there is room; the reader gets at least something */
static ssize_t read_lines(struct file *file, char __user *to, size_t count,
			  loff_t *unused)
{
	struct reader *r = file->private_data;
	size_t done = 0;
	int len;

	while (done < count) {
		if (r->at == r->len) {
			/* what is there now comes before what may come */
			len = r->next(r, !done);
			if (len <= 0)
				return done ?: len;
			r->len = len;
			r->at = 0;
		}
		len = min_t(size_t, r->len - r->at, count - done);
		if (copy_to_user(to + done, r->line + r->at, len))
			return -EFAULT;
		r->at += len;
		done += len;
	}
	return done;
}

static int snapshot_next(struct reader *r, bool wait)
{
	return spcpu_snapshot_line(&r->snap, &r->pos, r->line, sizeof(r->line));
}

static int snapshot_open(struct inode *inode, struct file *file)
{
	struct reader *r = make_reader(snapshot_next);
	int err;

	if (!r)
		return -ENOMEM;

	err = spcpu_native_snapshot(&r->snap, NULL);
	if (err) {
		free_reader(r);
		return err;
	}
	file->private_data = r;
	return stream_open(inode, file);
}

static int snapshot_release(struct inode *inode, struct file *file)
{
	free_reader(file->private_data);
	return 0;
}

static const struct file_operations snapshot_fops = {
	.owner		= THIS_MODULE,
	.open		= snapshot_open,
	.read		= read_lines,
	.llseek		= no_llseek,
	.release	= snapshot_release,
};

/* a recording is read by one, or nobody would have all of it */
static atomic_t readers;

static int record_next(struct reader *r, bool wait)
{
	return spcpu_recorder_line(r->line, sizeof(r->line), wait);
}

static int record_open(struct inode *inode, struct file *file)
{
	struct reader *r;

	if (!(file->f_mode & FMODE_READ))
		return stream_open(inode, file);
	if (atomic_cmpxchg(&readers, 0, 1))
		return -EBUSY;

	r = make_reader(record_next);
	if (!r) {
		atomic_set(&readers, 0);
		return -ENOMEM;
	}
	file->private_data = r;
	return stream_open(inode, file);
}

static int record_release(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_READ) {
		free_reader(file->private_data);
		atomic_set(&readers, 0);
	}
	return 0;
}

static ssize_t record_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	return spcpu_command("record", from, count, spcpu_recorder_start,
			     spcpu_recorder_stop);
}

static const struct file_operations record_fops = {
	.owner		= THIS_MODULE,
	.open		= record_open,
	.read		= read_lines,
	.write		= record_write,
	.llseek		= no_llseek,
	.release	= record_release,
};

/**
 * spcpu_debugfs_native_init() - add the files
 * @folder: where to
 *
 * Context: Process context, after spcpu_record_init(). May sleep.
 */
void spcpu_debugfs_native_init(struct dentry *folder)
{
	debugfs_create_file("snapshot", 0400, folder, NULL, &snapshot_fops);
	debugfs_create_file("record", 0600, folder, NULL, &record_fops);
}

/**
 * spcpu_debugfs_native_exit() - give back what the files had
 *
 * Context: Process context; the files are gone. May sleep.
 */
void spcpu_debugfs_native_exit(void)
{
	spcpu_recorder_exit();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Debugfs: the files `compare` and `mirror`, which show what a shadow on paper made
 * of a recording, and makes of the running kernel.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "command.h"
#include "compare.h"
#include "debugfs_follow.h"
#include "mirror.h"

/* what is copied from a writer at a time, on the stack */
#define PIECE	256

static void put_line(void *to, const char *text)
{
	seq_printf(to, "%s\n", text);
}

static int compare_show(struct seq_file *m, void *unused)
{
	spcpu_compare_report(put_line, m);
	return 0;
}

static int compare_open(struct inode *inode, struct file *file)
{
	int err;

	if (file->f_mode & FMODE_WRITE) {
		err = spcpu_compare_open();
		if (err)
			return err;
	}
	err = single_open(file, compare_show, NULL);
	if (err && file->f_mode & FMODE_WRITE)
		spcpu_compare_close();
	return err;
}

static int compare_release(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_WRITE)
		spcpu_compare_close();
	return single_release(inode, file);
}

static ssize_t compare_write(struct file *file, const char __user *from,
			     size_t count, loff_t *pos)
{
	char piece[PIECE];
	size_t done, len;
	int err;

	for (done = 0; done < count; done += len) {
		if (fatal_signal_pending(current))
			return -EINTR;

		len = min(count - done, sizeof(piece));
		if (copy_from_user(piece, from + done, len))
			return -EFAULT;

		err = spcpu_compare_feed(piece, len);
		if (err)
			return err;
		cond_resched();
	}
	return count;
}

static const struct file_operations compare_fops = {
	.owner		= THIS_MODULE,
	.open		= compare_open,
	.read		= seq_read,
	.write		= compare_write,
	.llseek		= seq_lseek,
	.release	= compare_release,
};

static int mirror_show(struct seq_file *m, void *unused)
{
	spcpu_mirror_report(put_line, m);
	return 0;
}

static int mirror_open(struct inode *inode, struct file *file)
{
	return single_open(file, mirror_show, NULL);
}

static ssize_t mirror_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	return spcpu_command("mirror", from, count, spcpu_mirror_start,
			     spcpu_mirror_stop);
}

static const struct file_operations mirror_fops = {
	.owner		= THIS_MODULE,
	.open		= mirror_open,
	.read		= seq_read,
	.write		= mirror_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/**
 * spcpu_debugfs_follow_init() - add the files
 * @folder: where to
 * @snapshot: the kernel's own allocator may be looked into
 *
 * Context: Process context. May sleep.
 */
void spcpu_debugfs_follow_init(struct dentry *folder, bool snapshot)
{
	debugfs_create_file("compare", 0600, folder, NULL, &compare_fops);
	if (snapshot)
		debugfs_create_file("mirror", 0600, folder, NULL, &mirror_fops);
}

/**
 * spcpu_debugfs_follow_exit() - give back what the files had
 *
 * Context: Process context; the files are gone. May sleep.
 */
void spcpu_debugfs_follow_exit(void)
{
	spcpu_mirror_exit();
	spcpu_compare_exit();
}

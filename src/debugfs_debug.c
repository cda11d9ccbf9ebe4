// SPDX-License-Identifier: GPL-2.0
/*
 * Debugfs: the files of what debug= watches.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "debug.h"
#include "debugfs_debug.h"
#include "dump.h"

DEFINE_SHOW_ATTRIBUTE(spcpu_owners);
DEFINE_SHOW_ATTRIBUTE(spcpu_histogram);

static struct spcpu_debug *debug_of(struct file *file)
{
	struct seq_file *m = file->private_data;
	struct spcpu_debug *d = spcpu_debug_of(m->private);

	if (!d)
		pr_err_ratelimited("%pD: objects are not watched: load with debug=owner, or another word of debug=\n",
				   file);
	return d;
}

static int leaks_open(struct inode *inode, struct file *file)
{
	return single_open(file, spcpu_leaks_show, inode->i_private);
}

static ssize_t leaks_write(struct file *file, const char __user *from,
			   size_t count, loff_t *pos)
{
	struct spcpu_debug *d = debug_of(file);
	unsigned int age;

	if (!d)
		return -EOPNOTSUPP;
	if (kstrtouint_from_user(from, count, 10, &age)) {
		pr_err_ratelimited("leaks takes a number of seconds: how long an object has been live\n");
		return -EINVAL;
	}
	WRITE_ONCE(d->leak_age, age);
	return count;
}

static const struct file_operations leaks_fops = {
	.owner		= THIS_MODULE,
	.open		= leaks_open,
	.read		= seq_read,
	.write		= leaks_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static int check_open(struct inode *inode, struct file *file)
{
	return single_open(file, spcpu_check_show, inode->i_private);
}

/* whatever is written */
static ssize_t check_write(struct file *file, const char __user *from,
			   size_t count, loff_t *pos)
{
	struct spcpu_debug *d = debug_of(file);

	if (!d)
		return -EOPNOTSUPP;
	spcpu_debug_scan(d, "by a scan");
	return count;
}

static const struct file_operations check_fops = {
	.owner		= THIS_MODULE,
	.open		= check_open,
	.read		= seq_read,
	.write		= check_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/**
 * spcpu_debugfs_debug_init() - show what debug= watches
 * @folder: where to
 * @s: the allocator, which outlives the files, watched or not
 *
 * Context: Process context. May sleep.
 */
void spcpu_debugfs_debug_init(struct dentry *folder, struct spcpu *s)
{
	debugfs_create_file("owners", 0400, folder, s, &spcpu_owners_fops);
	debugfs_create_file("leaks", 0600, folder, s, &leaks_fops);
	debugfs_create_file("check", 0600, folder, s, &check_fops);
	debugfs_create_file("histogram", 0400, folder, s, &spcpu_histogram_fops);
}

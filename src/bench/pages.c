// SPDX-License-Identifier: GPL-2.0
/*
 * The client module that plays a stream of allocations and frees to an allocator, so
 * that it can be told what that takes in pages and in instructions. What is written
 * to the file `shadow` is asked of the shadow, what is written to `kernel` of the
 * kernel's own allocator, and `ptrarray` is the one that Linux had before either of
 * their designs. Reading a file says what is live, and what calls took.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "shadow_percpu.h"
#include "player.h"
#include "ptrarray.h"

static unsigned int most = 131072;
module_param(most, uint, 0444);
MODULE_PARM_DESC(most, "IDs of objects are below (default: 131072)");

static void *shadow_alloc(size_t size, size_t align, gfp_t gfp)
{
	return (__force void *)__shadow_alloc_percpu_gfp(size, align, gfp);
}

static void shadow_free(void *object)
{
	shadow_free_percpu((__force void __percpu *)object);
}

static void *kernel_alloc(size_t size, size_t align, gfp_t gfp)
{
	return (__force void *)__alloc_percpu_gfp(size, align, gfp);
}

static void kernel_free(void *object)
{
	free_percpu((__force void __percpu *)object);
}

/* of the shadow and of the kernel alike */
static void *copy_of(void *object, int cpu)
{
	return per_cpu_ptr((__force void __percpu *)object, cpu);
}

static const struct player_way ways[] = {
	{
		.name = "shadow",
		.alloc = shadow_alloc,
		.free = shadow_free,
		.copy = copy_of,
	}, {
		.name = "kernel",
		.alloc = kernel_alloc,
		.free = kernel_free,
		.copy = copy_of,
	}, {
		.name = "ptrarray",
		.alloc = ptrarray_alloc,
		.free = ptrarray_free,
		.copy = ptrarray_per_cpu_ptr,
		.copy_bytes = ptrarray_copy_bytes,
		.array_bytes = ptrarray_array_bytes,
		.slab_objects = ptrarray_slab_objects,
	},
};

static struct player players[ARRAY_SIZE(ways)];
static struct dentry *folder;

static ssize_t pages_write(struct file *file, const char __user *from,
			   size_t count, loff_t *pos)
{
	char text[PLAYER_LINE_MAX];
	size_t done, len;

	for (done = 0; done < count; done += len) {
		len = min(count - done, sizeof(text));
		if (copy_from_user(text, from + done, len))
			return done ?: -EFAULT;
		player_write(file_inode(file)->i_private, text, len);
		cond_resched();
	}
	return count;
}

static int pages_show(struct seq_file *m, void *v)
{
	player_show(m->private, m);
	return 0;
}

static int pages_open(struct inode *inode, struct file *file)
{
	return single_open(file, pages_show, inode->i_private);
}

static const struct file_operations pages_fops = {
	.owner		= THIS_MODULE,
	.open		= pages_open,
	.read		= seq_read,
	.write		= pages_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static void players_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(players); i++)
		player_exit(&players[i]);
	WARN_ON(ptrarray_slab_objects());
}

static int __init pages_init(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(players) && !err; i++)
		err = player_init(&players[i], &ways[i], most);
	if (err) {
		players_exit();
		return err;
	}

	folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	for (i = 0; i < ARRAY_SIZE(players); i++)
		debugfs_create_file(ways[i].name, 0600, folder, &players[i],
				    &pages_fops);
	return 0;
}

static void __exit pages_exit(void)
{
	debugfs_remove(folder);
	players_exit();
}

module_init(pages_init);
module_exit(pages_exit);

MODULE_DESCRIPTION("Plays streams of requests to the shadow, and to other percpu allocators");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * The client module that plays a stream of allocations and frees, so that the pages
 * which it takes can be told: what is written to the file `shadow` is asked of the
 * shadow, what is written to `kernel` of the kernel's own allocator. A line each:
 *
 *   a ID SIZE ALIGN [atomic] [account]
 *   f ID
 *
 * What is live stays until unload; reading a file says how much that is.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "shadow_percpu.h"

#define LINE_MAX_LEN	64

/**
 * struct player - one allocator, and what it was asked for
 *
 * @alloc: as __alloc_percpu_gfp()
 * @free: as free_percpu()
 * @objects: those that are live, by their ID
 * @live: how many they are
 * @bytes: and how many bytes were asked for
 * @failed: allocations in vain, and lines that are none
 * @line: what was written since the last newline
 * @len: how long that is
 */
struct player {
	void __percpu *(*alloc)(size_t size, size_t align, gfp_t gfp);
	void (*free)(void __percpu *ptr);
	struct xarray objects;
	unsigned long live;
	unsigned long bytes;
	unsigned long failed;
	char line[LINE_MAX_LEN];
	size_t len;
};

struct object {
	void __percpu *ptr;
	size_t size;
};

static void __percpu *kernel_alloc(size_t size, size_t align, gfp_t gfp)
{
	return __alloc_percpu_gfp(size, align, gfp);
}

static void kernel_free(void __percpu *ptr)
{
	free_percpu(ptr);
}

static struct player shadow = {
	.alloc = __shadow_alloc_percpu_gfp,
	.free = shadow_free_percpu,
	.objects = XARRAY_INIT(shadow.objects, 0),
};

static struct player kernel = {
	.alloc = kernel_alloc,
	.free = kernel_free,
	.objects = XARRAY_INIT(kernel.objects, 0),
};

static struct dentry *folder;

static void give(struct player *p, struct object *object)
{
	p->free(object->ptr);
	p->live--;
	p->bytes -= object->size;
	kfree(object);
}

static int take(struct player *p, unsigned int id, size_t size, size_t align,
		gfp_t gfp)
{
	struct object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	object->size = size;
	object->ptr = p->alloc(size, align, gfp | __GFP_NOWARN);
	if (!object->ptr || xa_insert(&p->objects, id, object, GFP_KERNEL)) {
		p->free(object->ptr);
		kfree(object);
		return -ENOMEM;
	}
	p->live++;
	p->bytes += size;
	return 0;
}

static int play_line(struct player *p)
{
	unsigned int id, size, align;
	struct object *object;
	gfp_t gfp = GFP_KERNEL;

	if (sscanf(p->line, "a %u %u %u", &id, &size, &align) == 3) {
		if (strstr(p->line, " atomic"))
			gfp = GFP_ATOMIC;
		if (strstr(p->line, " account"))
			gfp |= __GFP_ACCOUNT;
		return take(p, id, size, align, gfp);
	}
	if (sscanf(p->line, "f %u", &id) != 1)
		return -EINVAL;

	/* if it could not be had it is not there */
	object = xa_erase(&p->objects, id);
	if (object)
		give(p, object);
	return 0;
}

static void play(struct player *p, char c)
{
	if (c != '\n') {
		p->line[p->len] = c;
		p->len = min_t(size_t, p->len + 1, LINE_MAX_LEN - 1);
		return;
	}
	p->line[p->len] = '\0';
	p->len = 0;
	if (play_line(p))
		p->failed++;
}

static ssize_t player_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	struct player *p = file_inode(file)->i_private;
	char text[LINE_MAX_LEN];
	size_t i;

	count = min(count, sizeof(text));
	if (copy_from_user(text, from, count))
		return -EFAULT;
	for (i = 0; i < count; i++)
		play(p, text[i]);
	cond_resched();
	return count;
}

static int player_show(struct seq_file *m, void *v)
{
	const struct player *p = m->private;

	seq_printf(m, "live %lu bytes %lu failed %lu\n", p->live, p->bytes,
		   p->failed);
	return 0;
}

static int player_open(struct inode *inode, struct file *file)
{
	return single_open(file, player_show, inode->i_private);
}

static const struct file_operations player_fops = {
	.owner		= THIS_MODULE,
	.open		= player_open,
	.read		= seq_read,
	.write		= player_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static void free_all(struct player *p)
{
	struct object *object;
	unsigned long id;

	xa_for_each(&p->objects, id, object)
		give(p, object);
	xa_destroy(&p->objects);
}

static int __init pages_init(void)
{
	folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("shadow", 0600, folder, &shadow, &player_fops);
	debugfs_create_file("kernel", 0600, folder, &kernel, &player_fops);
	return 0;
}

static void __exit pages_exit(void)
{
	debugfs_remove(folder);
	free_all(&shadow);
	free_all(&kernel);
}

module_init(pages_init);
module_exit(pages_exit);

MODULE_DESCRIPTION("Plays streams of requests to the shadow, and to the kernel's percpu allocator");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");

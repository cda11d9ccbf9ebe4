/* SPDX-License-Identifier: GPL-2.0 */
/* A file that is read from its beginning to its end, into a piece of memory. */
#ifndef HOST_SEQ_FILE_H
#define HOST_SEQ_FILE_H

#include <linux/kernel.h>

#define SEQ_START_TOKEN	((void *)1)

/**
 * struct seq_file - one who reads
 *
 * @private: the file's own
 * @text: what was read
 * @size: room there
 * @len: characters of it
 */
struct seq_file {
	void *private;
	char *text;
	size_t size;
	size_t len;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

#define seq_printf(m, ...)						\
	((void)((m)->len += scnprintf((m)->text + (m)->len,		\
				      (m)->size - (m)->len, __VA_ARGS__)))
#define seq_puts(m, what)	seq_printf(m, "%s", what)

#endif /* HOST_SEQ_FILE_H */

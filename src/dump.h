/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dumps: what an allocator looks like, as text.
 *
 * Columns are fixed, and lines that begin with `#` say what is in them.
 */
#ifndef SPCPU_DUMP_H
#define SPCPU_DUMP_H

#include <linux/seq_file.h>

#include "view.h"

/* of the whole allocator: seq_file::private is a struct spcpu */
int spcpu_alloc_info_show(struct seq_file *m, void *unused);
int spcpu_slots_show(struct seq_file *m, void *unused);
int spcpu_cache_show(struct seq_file *m, void *unused);

/* of what debug= watches: seq_file::private is a struct spcpu */
struct spcpu_debug *spcpu_debug_dumped(struct seq_file *m);
int spcpu_owners_show(struct seq_file *m, void *unused);
int spcpu_leaks_show(struct seq_file *m, void *unused);
int spcpu_check_show(struct seq_file *m, void *unused);
int spcpu_histogram_show(struct seq_file *m, void *unused);

/* of the exported calls: seq_file::private is not used */
int spcpu_calls_show(struct seq_file *m, void *unused);

/* a record a chunk: seq_file::private is a struct spcpu_view */
extern const struct seq_operations spcpu_chunks_ops;
extern const struct seq_operations spcpu_map_ops;
extern const struct seq_operations spcpu_objects_ops;
extern const struct seq_operations spcpu_stats_ops;

/*
 * What the dumps by chunk share. Their seq_operations::show gets
 * SEQ_START_TOKEN for what stands above all chunks, and then the view with each
 * chunk in turn.
 */
void *spcpu_dump_start(struct seq_file *m, loff_t *pos);
void *spcpu_dump_next(struct seq_file *m, void *v, loff_t *pos);
void spcpu_dump_stop(struct seq_file *m, void *v);

#endif /* SPCPU_DUMP_H */

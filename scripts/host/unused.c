// SPDX-License-Identifier: GPL-2.0
/*
 * Unused: what chunks have that a shadow on paper never asks. Nobody looks an
 * address up, and no worker is ever woken.
 */
#include "core.h"

void spcpu_index_init(struct spcpu_index *index, size_t unit_size)
{
}

void spcpu_index_exit(struct spcpu_index *index)
{
}

void spcpu_index_del(struct spcpu_index *index, struct spcpu_window *window,
		     const struct spcpu_layout *layout)
{
}

void spcpu_finder_del(struct spcpu_finder *finder, struct spcpu_cells *cells)
{
}

void spcpu_thin_out(struct spcpu *s, struct spcpu_chunk_type *type)
{
}

void spcpu_kick(struct spcpu *s)
{
}

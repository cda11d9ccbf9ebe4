/* SPDX-License-Identifier: GPL-2.0 */
/* API: the allocator that the exported calls serve from. */
#ifndef SPCPU_API_H
#define SPCPU_API_H

#include "core.h"

/**
 * struct spcpu_calls - what one CPU has asked of the exported calls
 *
 * @alloc: objects allocated
 * @free: objects freed
 * @refused: calls refused: bad arguments, no room, bad pointers
 */
struct spcpu_calls {
	u64 alloc;
	u64 free;
	u64 refused;
};

void spcpu_api_open(struct spcpu *s);
struct spcpu *spcpu_api_allocator(void);
int spcpu_api_alloc_bulk(size_t size, size_t align, gfp_t gfp, size_t nr,
			 void __percpu **ptrs, unsigned long caller);
bool spcpu_api_owns(const void __percpu *ptr);
void spcpu_api_free_bulk(size_t nr, void __percpu **ptrs, unsigned long caller);
void spcpu_api_calls(unsigned int cpu, struct spcpu_calls *calls);

#endif /* SPCPU_API_H */

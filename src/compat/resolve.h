/* SPDX-License-Identifier: GPL-2.0 */
/* Resolve: the addresses of symbols that the kernel does not export. */
#ifndef SPCPU_COMPAT_RESOLVE_H
#define SPCPU_COMPAT_RESOLVE_H

#include <linux/types.h>

/**
 * struct spcpu_symbol - a symbol to find
 *
 * @name: its name
 * @to: the pointer that is set to its address
 * @data: it is not a function
 */
struct spcpu_symbol {
	const char *name;
	void *to;
	bool data;
};

int spcpu_resolve(const struct spcpu_symbol *symbols, unsigned int nr,
		  const char *who, const char *without);

#endif /* SPCPU_COMPAT_RESOLVE_H */

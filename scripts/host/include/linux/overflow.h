/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_OVERFLOW_H
#define HOST_OVERFLOW_H

#include <linux/limits.h>
#include <linux/types.h>

#define check_add_overflow(a, b, to)	__builtin_add_overflow(a, b, to)
#define check_sub_overflow(a, b, to)	__builtin_sub_overflow(a, b, to)
#define check_mul_overflow(a, b, to)	__builtin_mul_overflow(a, b, to)

static inline size_t size_mul(size_t a, size_t b)
{
	size_t bytes;

	return check_mul_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

static inline size_t size_add(size_t a, size_t b)
{
	size_t bytes;

	return check_add_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

#define array_size(a, b)	size_mul(a, b)

/* bytes of a structure that ends in so many members of an array */
#define struct_size(p, member, nr)					\
	size_add(sizeof(*(p)), size_mul(nr, sizeof((p)->member[0])))

#endif /* HOST_OVERFLOW_H */

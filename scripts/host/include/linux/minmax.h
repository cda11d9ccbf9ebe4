/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_MINMAX_H
#define HOST_MINMAX_H

#define min_t(type, a, b)						\
	({ type host_a = (a), host_b = (b); host_a < host_b ? host_a : host_b; })
#define max_t(type, a, b)						\
	({ type host_a = (a), host_b = (b); host_a > host_b ? host_a : host_b; })

/* as the kernel's, no mixing of types: a comparison of pointers warns of it */
#define host_one_type(a, b)						\
	((void)((__typeof__(a) *)1 == (__typeof__(b) *)1))
#define min(a, b)							\
	({ host_one_type(a, b); min_t(__typeof__(a), a, b); })
#define max(a, b)							\
	({ host_one_type(a, b); max_t(__typeof__(a), a, b); })
#define min3(a, b, c)		min(min(a, b), c)
#define max3(a, b, c)		max(max(a, b), c)
#define clamp(a, least, most)	min(max(a, least), most)
#define clamp_t(type, a, least, most)					\
	min_t(type, max_t(type, a, least), most)
#define swap(a, b)							\
	do { __typeof__(a) host_was = (a); (a) = (b); (b) = host_was; } while (0)

#endif /* HOST_MINMAX_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Watched: allocators with debug=, and mistakes with their objects.
 */
#include <linux/kernel.h>

#include "watched.h"

/**
 * spcpu_watched() - make an allocator that watches its objects
 * @test: the test, at whose end it is destroyed
 * @flags: what for, SPCPU_REDZONE and so on
 *
 * Return: What watches.
 */
struct spcpu_debug *spcpu_watched(struct kunit *test, unsigned int flags)
{
	return spcpu_watched_units(test, flags, 0);
}

/**
 * spcpu_watched_units() - the same, with units of a size
 * @test: the test, at whose end it is destroyed
 * @flags: what for, SPCPU_REDZONE and so on
 * @unit_size: bytes of a unit; 0 for the default
 *
 * Return: What watches.
 */
struct spcpu_debug *spcpu_watched_units(struct kunit *test, unsigned int flags,
					size_t unit_size)
{
	const struct spcpu_options options = {
		.backing = spcpu_test_backing(),
		.cache = true,
		.debug = flags,
	};
	struct spcpu *s;

	s = spcpu_test_create(test, unit_size, 8192, 20480, 0, &options);
	KUNIT_ASSERT_NOT_NULL(test, spcpu_debug_of(s));
	return s->debug;
}

/**
 * spcpu_watched_alloc() - allocate an object that must be had
 * @test: the test
 * @d: what watches
 * @size: bytes
 * @align: alignment
 *
 * Return: The object.
 */
noinline char __percpu *spcpu_watched_alloc(struct kunit *test, struct spcpu_debug *d,
					    size_t size, size_t align)
{
	const struct spcpu_request req = {
		.size = size,
		.align = align,
		.gfp = GFP_KERNEL,
		.caller = _RET_IP_,
	};
	void __percpu *ptr;

	KUNIT_ASSERT_EQ(test, 0, spcpu_debug_alloc(d, &req, &ptr));
	return ptr;
}

/**
 * spcpu_watched_free() - free one that can be freed
 * @test: the test
 * @d: what watches
 * @ptr: the object
 */
void spcpu_watched_free(struct kunit *test, struct spcpu_debug *d,
			void __percpu *ptr)
{
	KUNIT_ASSERT_EQ(test, 0, spcpu_debug_free(d, ptr, _RET_IP_));
}

/**
 * spcpu_watched_write() - write a byte, also where nobody may
 * @ptr: the object
 * @cpu: to whose copy
 * @at: bytes from the object's start
 * @value: the byte
 */
void spcpu_watched_write(char __percpu *ptr, unsigned int cpu, int at, u8 value)
{
	char *copy = per_cpu_ptr(ptr, cpu);

	OPTIMIZER_HIDE_VAR(copy);
	copy[at] = value;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Class: sizes close enough together that little is lost to rounding up, and
 * spans of them without a rest.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "class.h"
#include "compat/kunit.h"

/* bytes of one class in each of a CPU's two magazines, at most; and at first */
#define MAGAZINE_BYTES	2048
#define FIRST_BYTES	128
#define MAGAZINE_OBJECTS	128
#define LEAST_OBJECTS	2

/* a span of small objects has about so many bytes, and so many objects */
#define SPAN_BYTES	2048
#define SPAN_OBJECTS	128

struct spcpu_class spcpu_classes[SPCPU_NR_CLASSES] __read_mostly;
EXPORT_SYMBOL_FOR_KUNIT(spcpu_classes);

/* by granules of the size, rounded up */
u8 spcpu_class_by_size[SPCPU_CLASS_MAX_SIZE / 4 + 1] __read_mostly;
EXPORT_SYMBOL_FOR_KUNIT(spcpu_class_by_size);

/* the distance to the next size: an eighth at most, but for the smallest */
static unsigned int step_after(unsigned int size)
{
	if (size < 16)
		return 4;
	if (size < 128)
		return 8;
	if (size < 256)
		return 16;
	if (size < 512)
		return 32;
	return size < 2048 ? 64 : 128;
}

/* as many as make whole cells, and then up to SPAN_BYTES */
static unsigned int objects_of(unsigned int size)
{
	unsigned int least = max(SPCPU_CELL >> __ffs(size), 1UL);
	unsigned int nr = least;

	while ((nr + least) * size <= SPAN_BYTES &&
	       nr + least <= SPAN_OBJECTS &&
	       (nr + least) * size >> __ffs(size) <= SPCPU_SPAN_MAX_STEPS)
		nr += least;
	return nr;
}

static void set_class(struct spcpu_class *class, unsigned int size)
{
	class->size = size;
	class->shift = min_t(unsigned int, __ffs(size), SPCPU_CELL_SHIFT);
	class->align = 1 << class->shift;
	class->objects = objects_of(size);
	class->magazine = clamp(MAGAZINE_BYTES / size, LEAST_OBJECTS,
				MAGAZINE_OBJECTS);
	class->first = clamp_t(unsigned int, FIRST_BYTES / size, 1,
			       class->magazine);
}

/**
 * spcpu_classes_init() - work out all classes
 *
 * Context: Module init.
 */
void spcpu_classes_init(void)
{
	unsigned int size, nr = 0, granules = 1;

	spcpu_class_by_size[0] = SPCPU_NO_CLASS;
	for (size = 4; size <= SPCPU_CLASS_MAX_SIZE; size += step_after(size)) {
		set_class(&spcpu_classes[nr], size);
		spcpu_classes[nr | 1 << SPCPU_CLASS_SHIFT] = spcpu_classes[nr];
		while (granules <= size / 4)
			spcpu_class_by_size[granules++] = nr;
		nr++;
	}
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_classes_init);

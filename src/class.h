/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Class: objects of about the same size, which the cache hands out one for the
 * other. Pure: only numbers.
 */
#ifndef SPCPU_CLASS_H
#define SPCPU_CLASS_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/types.h>

/* largest object that has a class */
#define SPCPU_CLASS_MAX_SIZE	4096

/* spans begin and end at a multiple of so many bytes, and no object aligns more */
#define SPCPU_CELL_SHIFT	7
#define SPCPU_CELL		BIT(SPCPU_CELL_SHIFT)

/* plain classes, and as many again for accounted objects */
#define SPCPU_CLASS_SHIFT	7
#define SPCPU_NR_CLASSES	(2 << SPCPU_CLASS_SHIFT)

/* steps of 1 << shift bytes that a span has at most */
#define SPCPU_SPAN_MAX_STEPS	256

/**
 * struct spcpu_class - objects of one size
 *
 * @size: bytes of an object; 0: there is no such class
 * @align: of every object, in bytes
 * @shift: objects begin at multiples of 1 << @shift bytes
 * @objects: of a span
 * @magazine: objects that a CPU keeps at most in each of its two magazines
 * @first: how many it keeps at first
 */
struct spcpu_class {
	u16 size;
	u16 align;
	u8 shift;
	u8 objects;
	u8 magazine;
	u8 first;
};

/* stands for no class: it has objects of no alignment */
#define SPCPU_NO_CLASS		((1 << SPCPU_CLASS_SHIFT) - 1)

extern struct spcpu_class spcpu_classes[SPCPU_NR_CLASSES];
extern u8 spcpu_class_by_size[SPCPU_CLASS_MAX_SIZE / 4 + 1];

void spcpu_classes_init(void);

/**
 * spcpu_class_of() - the class of objects that do for a request
 * @size: bytes
 * @align: bytes
 * @gfp: accounted or not
 *
 * Context: Any. After spcpu_classes_init().
 * Return: The class; negative if there is none, or if the request is none.
 */
static __always_inline int spcpu_class_of(size_t size, size_t align, gfp_t gfp)
{
	/* a size that goes on at 0 is none either, and has no alignment */
	size_t granules = (size + 3) / 4;
	unsigned int class;

	if (unlikely(granules >= ARRAY_SIZE(spcpu_class_by_size)))
		return -1;

	class = spcpu_class_by_size[granules];
	if (unlikely((align & (align - 1)) ||
		     align - 1 >= spcpu_classes[class].align))
		return -1;

	return class | (gfp & __GFP_ACCOUNT ? 1 << SPCPU_CLASS_SHIFT : 0);
}

#endif /* SPCPU_CLASS_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Demand: is a class worth a span?
 *
 * A span puts objects next to each other that may be asked for at different times,
 * and while one of them is live its page stays. Objects that are made together often
 * go together, too, so what is made once, among others, is better off in the core:
 * just its own size, next to those before it. Two things are worth a span: objects
 * that come one after the other, with nothing in between, and those that were freed
 * before, because they are likely to be wanted again. Of large objects, which take
 * much room while they are kept, it has to be both, or very many that were freed.
 */
#include <linux/minmax.h>

#include "core.h"

/* so many of a kind in a row, and the next will be of this kind too */
#define RUN		16
/* spans of fewer have large objects */
#define MANY		8
/* that so many were freed is remembered, as long as none is wanted */
#define REMEMBERED	64

/* how many of its kind came one after the other with this one, up to RUN */
static unsigned int note_run(struct spcpu_cpu_cache __percpu *cpus,
			     unsigned int class)
{
	unsigned int run = 1;

	/* on whatever CPU: it is a guess */
	if (raw_cpu_read(cpus->last) == class)
		run = min(raw_cpu_read(cpus->run) + 1, RUN);
	raw_cpu_write(cpus->last, class);
	raw_cpu_write(cpus->run, run);
	return run;
}

/**
 * spcpu_is_wanted() - is a class worth a span?
 * @s: the allocator, with the cache on
 * @class: the class, of which there is nothing in stock
 *
 * Context: Any but NMI.
 * Return: True if it is; false: the object is better off in the core.
 */
bool spcpu_is_wanted(struct spcpu *s, unsigned int class)
{
	struct spcpu_stock *stock = &s->cache.stocks[class];
	unsigned int objects = spcpu_classes[class].objects;
	unsigned int run = note_run(s->cache.cpus, class);
	unsigned int freed = READ_ONCE(stock->freed);

	WRITE_ONCE(stock->freed, freed - min(freed, objects));
	if (freed >= REMEMBERED)
		return true;
	return objects < MANY ? freed && run > 1 : freed || run == RUN;
}

/**
 * spcpu_was_freed() - the core has an object back
 * @s: the allocator, with the cache on
 * @size: its bytes
 * @gfp: accounted or not
 *
 * Context: Any but NMI.
 */
void spcpu_was_freed(struct spcpu *s, size_t size, gfp_t gfp)
{
	int class = spcpu_class_of(size, 1, gfp);
	unsigned int freed;

	if (class < 0)
		return;

	freed = READ_ONCE(s->cache.stocks[class].freed);
	if (freed < REMEMBERED)
		WRITE_ONCE(s->cache.stocks[class].freed, freed + 1);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Engines: cases that run once for each of them.
 */
#include <linux/string.h>

#include "engines.h"

/**
 * spcpu_test_engines() - the engines one after the other, for KUnit
 * @prev: what it returned last; NULL: nothing yet
 * @desc: set to the engine's name
 *
 * Return: An entry of the list of engines; NULL: there are no more.
 */
const void *spcpu_test_engines(const void *prev, char *desc)
{
	const struct spcpu_engine * const *engine = prev;

	engine = prev ? engine + 1 : spcpu_engines;
	if (!*engine)
		return NULL;

	strscpy(desc, (*engine)->name, KUNIT_PARAM_DESC_SIZE);
	return engine;
}

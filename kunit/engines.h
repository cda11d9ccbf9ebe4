/* SPDX-License-Identifier: GPL-2.0 */
/* Engines: cases that run once for each of them. */
#ifndef SPCPU_TEST_ENGINES_H
#define SPCPU_TEST_ENGINES_H

#include <kunit/test.h>

#include "engine.h"

/* a case for each engine; scripts/verdict.py counts it as so many */
#define SPCPU_ENGINE_CASE(test_name) \
	KUNIT_CASE_PARAM(test_name, spcpu_test_engines)

const void *spcpu_test_engines(const void *prev, char *desc);

/* the engine that a case runs for */
static inline const struct spcpu_engine *spcpu_test_engine(struct kunit *test)
{
	return *(const struct spcpu_engine * const *)test->param_value;
}

#endif /* SPCPU_TEST_ENGINES_H */

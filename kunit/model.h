/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model: a random client of an allocator that knows all its objects, what is in
 * them, and where the next one has to land.
 */
#ifndef SPCPU_MODEL_H
#define SPCPU_MODEL_H

#include "fixture.h"

struct spcpu_test_model;

struct spcpu_test_model *spcpu_test_model(struct kunit *test, struct spcpu *s,
					  unsigned int most, u64 seed);
struct spcpu_place spcpu_test_model_step(struct spcpu_test_model *m);
void spcpu_test_model_finish(struct spcpu_test_model *m);

#endif /* SPCPU_MODEL_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* A client of the living module, that leaves nothing behind. */
#ifndef SPCPU_TEST_CLIENT_H
#define SPCPU_TEST_CLIENT_H

#include <kunit/test.h>

int spcpu_client_init(struct kunit *test);
void spcpu_client_exit(struct kunit *test);
void __percpu *spcpu_client_keep(struct kunit *test, void __percpu *ptr);
void __percpu *spcpu_client_alloc(struct kunit *test, size_t size,
				  size_t align);
void spcpu_client_free(struct kunit *test, void __percpu *ptr);

#endif /* SPCPU_TEST_CLIENT_H */

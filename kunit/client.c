// SPDX-License-Identifier: GPL-2.0
/*
 * A client of the living module: what a case allocates is freed after it, even
 * when the case was given up half-way, so that one failure does not make more.
 */
#include <kunit/test.h>

#include "api.h"
#include "cached.h"
#include "client.h"
#include "shadow_percpu.h"

#define MAX_OBJECTS	2048

/**
 * struct client - of one case; test->priv
 *
 * @live: objects of the living module when the case began
 * @nr: entries of @ptr that were used so far
 * @ptr: what the case has allocated and not freed, with gaps
 */
struct client {
	u64 live;
	unsigned int nr;
	void __percpu *ptr[MAX_OBJECTS];
};

static u64 live_objects(void)
{
	return spcpu_cached_live(spcpu_api_allocator());
}

/**
 * spcpu_client_init() - for a suite's init
 * @test: the case
 *
 * Return: 0, or -ENOMEM.
 */
int spcpu_client_init(struct kunit *test)
{
	struct client *client;

	client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;

	client->live = live_objects();
	test->priv = client;
	return 0;
}

/**
 * spcpu_client_exit() - for a suite's exit: free what is left
 * @test: the case, which fails if the module then holds more than before, or
 *	less
 */
void spcpu_client_exit(struct kunit *test)
{
	struct client *client = test->priv;

	if (!client)
		return;

	while (client->nr)
		shadow_free_percpu(client->ptr[--client->nr]);
	KUNIT_EXPECT_EQ(test, live_objects(), client->live);
}

/**
 * spcpu_client_keep() - have an object freed after the case
 * @test: the case
 * @ptr: what an allocation returned, or NULL
 *
 * Return: @ptr.
 */
void __percpu *spcpu_client_keep(struct kunit *test, void __percpu *ptr)
{
	struct client *client = test->priv;

	if (ptr && client->nr < MAX_OBJECTS) {
		client->ptr[client->nr++] = ptr;
		return ptr;
	}
	if (ptr) {
		shadow_free_percpu(ptr);
		kunit_err(test, "a case holds at most %u objects\n",
			  MAX_OBJECTS);
	}
	return NULL;
}

/**
 * spcpu_client_alloc() - allocate an object, or give up the case
 * @test: the case
 * @size: bytes of a copy
 * @align: alignment of a copy
 *
 * Return: The object; it need not be freed.
 */
void __percpu *spcpu_client_alloc(struct kunit *test, size_t size, size_t align)
{
	void __percpu *ptr;

	ptr = spcpu_client_keep(test, __shadow_alloc_percpu(size, align));
	KUNIT_ASSERT_TRUE_MSG(test, !!ptr, "%zu bytes aligned to %zu", size,
			      align);
	return ptr;
}

/**
 * spcpu_client_free() - free an object before the case is over
 * @test: the case
 * @ptr: the object
 */
void spcpu_client_free(struct kunit *test, void __percpu *ptr)
{
	struct client *client = test->priv;
	unsigned int i = client->nr;

	shadow_free_percpu(ptr);
	while (i--) {
		if (client->ptr[i] == ptr) {
			client->ptr[i] = client->ptr[--client->nr];
			return;
		}
	}
}

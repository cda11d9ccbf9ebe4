// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz what is written to `compare`: a recording in pieces, the first byte says how
 * long they are. The same in one piece comes to the same.
 */
#include <stdlib.h>

#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compare.h"
#include "figures.h"
#include "fuzz.h"
#include "selftest.h"

/* what is written may claim more than there is */
#define MEMORY_MAX	((size_t)64 << 20)

static int write_all(const u8 *bytes, size_t len, size_t most, struct figures *f)
{
	int err = 0;

	expect(!spcpu_compare_open());
	while (len && !err) {
		size_t nr = min(len, most);
		char *piece = malloc(nr);

		expect(piece);
		memcpy(piece, bytes, nr);
		err = spcpu_compare_feed(piece, nr);
		free(piece);
		bytes += nr;
		len -= nr;
	}
	spcpu_compare_report(figures_line, f);
	spcpu_compare_close();
	spcpu_compare_exit();
	return err;
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len)
{
	static struct figures pieces, whole;
	int err;

	if (!len)
		return 0;
	host_log_is_off = true;
	host_memory_left = MEMORY_MAX;
	memset(&pieces, 0, sizeof(pieces));
	memset(&whole, 0, sizeof(whole));
	err = write_all(bytes + 1, len - 1, 1 + *bytes, &pieces);
	expect(host_memory_left == MEMORY_MAX);
	expect(write_all(bytes + 1, len - 1, len, &whole) == err);
	expect(!memcmp(&pieces, &whole, sizeof(whole)));
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fuzz: a target is a file that has this function. It is called with bytes that have
 * come from bytes which got further than others, and whatever ends the process is a
 * find.
 */
#ifndef HOST_FUZZ_H
#define HOST_FUZZ_H

#include <linux/types.h>

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t len);

#endif /* HOST_FUZZ_H */

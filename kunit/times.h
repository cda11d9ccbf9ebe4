/* SPDX-License-Identifier: GPL-2.0 */
/* Times: how often something is tried by chance, or by many at once. */
#ifndef SPCPU_TEST_TIMES_H
#define SPCPU_TEST_TIMES_H

#include <linux/kconfig.h>
#include <linux/types.h>

/* the kernel looks at each access, and takes many times as long */
static inline bool spcpu_test_is_watched(void)
{
	return IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN);
}

/* how often, of @nr times where nobody looks; a case has 300 s with KUnit */
static inline unsigned int spcpu_test_times(unsigned int nr)
{
	return spcpu_test_is_watched() ? nr / 8 : nr;
}

#endif /* SPCPU_TEST_TIMES_H */

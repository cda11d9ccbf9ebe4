/* SPDX-License-Identifier: GPL-2.0 */
/* What holds for any layout, whatever the machine. */
#ifndef SPCPU_LAYOUT_RULES_H
#define SPCPU_LAYOUT_RULES_H

#include "layout.h"

const char *spcpu_test_broken_rule(const struct spcpu_machine *m,
				   const struct spcpu_layout *l);

#endif /* SPCPU_LAYOUT_RULES_H */

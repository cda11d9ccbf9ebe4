/* SPDX-License-Identifier: GPL-2.0 */
/* Machine: the description of the machine that we run on. */
#ifndef SPCPU_MACHINE_H
#define SPCPU_MACHINE_H

#include "layout.h"

int spcpu_machine_init(struct spcpu_machine *m);
void spcpu_machine_exit(struct spcpu_machine *m);

#endif /* SPCPU_MACHINE_H */

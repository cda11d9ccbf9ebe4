/* SPDX-License-Identifier: GPL-2.0 */
/* Section: static variables of modules, and their copies. */
#ifndef SPCPU_SECTION_H
#define SPCPU_SECTION_H

#include "core.h"
#include "shadow_percpu.h"

int spcpu_section_register(struct spcpu *s,
			   const struct shadow_percpu_section *section,
			   const char *name);
void spcpu_section_unregister(struct spcpu *s,
			      const struct shadow_percpu_section *section);
void spcpu_section_adopt(struct spcpu *s,
			 const struct shadow_percpu_section *section);
void spcpu_section_exit(void);

#endif /* SPCPU_SECTION_H */

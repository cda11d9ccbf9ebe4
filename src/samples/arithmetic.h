/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arithmetic: objects whose copies are to be found.
 *
 * A kernel without SMP has those of arithmetic.c, and nothing that the shadow could
 * shadow.
 */
#ifndef SPCPU_SAMPLES_ARITHMETIC_H
#define SPCPU_SAMPLES_ARITHMETIC_H

#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/types.h>

void arithmetic_show_object(struct seq_file *m, const char *name,
			    u64 __percpu *ptr);

#ifdef CONFIG_SMP

int arithmetic_smp_init(void);
void arithmetic_smp_exit(void);
void arithmetic_smp_write(u64 value);
void arithmetic_smp_show(struct seq_file *m);

static inline unsigned long arithmetic_offset(unsigned int cpu)
{
	return per_cpu_offset(cpu);
}

#else /* CONFIG_SMP */

static inline int arithmetic_smp_init(void)
{
	return 0;
}

static inline void arithmetic_smp_exit(void)
{
}

static inline void arithmetic_smp_write(u64 value)
{
}

static inline void arithmetic_smp_show(struct seq_file *m)
{
}

/* there is no such thing */
static inline unsigned long arithmetic_offset(unsigned int cpu)
{
	return 0;
}

#endif /* CONFIG_SMP */

#endif /* SPCPU_SAMPLES_ARITHMETIC_H */

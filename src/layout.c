// SPDX-License-Identifier: GPL-2.0
/*
 * Layout: from a description of a machine to groups, units and offsets.
 *
 * The rules are the kernel's own, so that the same machine comes out the same:
 * CPUs at local distance from each other form a group, a group's units are
 * numbered in the order of its CPUs, and units are allocated in bunches of a
 * multiple of the atom. What differs is that a running kernel has already said
 * how far apart the units of two CPUs are: then units take what room that
 * leaves.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat/kunit.h"
#include "layout.h"

/* failures are reported once, by spcpu_layout_build() */
#define LAYOUT_GFP	(GFP_KERNEL | __GFP_NOWARN)

/* the reserved and the dynamic chunk begin at a multiple of this many bytes */
#define CHUNK_ALIGN	4

/* the table is filled up to this column, as the kernel's */
#define TABLE_WIDTH	60
#define TABLE_PREFIX	"pcpu-alloc: "

/**
 * struct spread - how the kernel's units lie
 *
 * @lowest: the offset of the CPU whose unit lies lowest
 * @stride: least number of bytes between the starts of two units
 */
struct spread {
	unsigned long lowest;
	size_t stride;
};

static int check_size(const char *name, size_t size)
{
	if (size <= SPCPU_MAX_UNIT_SIZE)
		return 0;

	pr_err("%s=%zu is over the limit: give at most %u\n", name, size,
	       SPCPU_MAX_UNIT_SIZE);
	return -ERANGE;
}

/* with every size under its limit, no sum of a few can overflow */
static int check_sizes(const struct spcpu_machine *m)
{
	return check_size("static_size", m->static_size) ?:
	       check_size("reserved_size", m->reserved_size) ?:
	       check_size("dyn_size", m->dyn_size) ?:
	       check_size("atom_size", m->atom_size) ?:
	       check_size("unit_size", m->unit_size);
}

static int check_machine(const struct spcpu_machine *m)
{
	if (bitmap_empty(m->possible, m->nr_cpu_ids)) {
		pr_err("no CPU is possible: a layout needs at least one\n");
		return -EINVAL;
	}
	if (!m->atom_size || !PAGE_ALIGNED(m->atom_size)) {
		pr_err("atom_size=%zu is not a multiple of the page size (%lu): give a page or more\n",
		       m->atom_size, PAGE_SIZE);
		return -EINVAL;
	}
	if (!IS_ALIGNED(m->reserved_size, CHUNK_ALIGN)) {
		pr_err("reserved_size=%zu is not a multiple of %u: give %zu\n",
		       m->reserved_size, CHUNK_ALIGN,
		       ALIGN(m->reserved_size, CHUNK_ALIGN));
		return -EINVAL;
	}
	return 0;
}

/* whole pages: what rounding adds is for dynamic areas */
static void set_first_sizes(struct spcpu_layout *layout,
			    const struct spcpu_machine *m)
{
	size_t fixed = m->static_size + m->reserved_size;
	size_t dyn = max_t(size_t, m->dyn_size, SPCPU_MIN_DYN_SIZE);

	layout->static_size = m->static_size;
	layout->reserved_size = m->reserved_size;
	layout->dyn_size = PAGE_ALIGN(fixed + dyn) - fixed;
}

static bool same_group(const struct spcpu_machine *m, unsigned int a,
		       unsigned int b)
{
	return a == b || !m->near || (m->near(a, b) && m->near(b, a));
}

/* while groups are formed, unit_map holds the number of a CPU's group */
static int find_groups(struct spcpu_layout *layout,
		       const struct spcpu_machine *m)
{
	unsigned int *group_of = layout->unit_map;
	unsigned int first, cpu;

	for_each_set_bit(first, m->possible, m->nr_cpu_ids) {
		if (group_of[first] != SPCPU_NO_UNIT)
			continue;

		cpu = first;
		for_each_set_bit_from(cpu, m->possible, m->nr_cpu_ids) {
			if (group_of[cpu] == SPCPU_NO_UNIT &&
			    same_group(m, first, cpu))
				group_of[cpu] = layout->nr_groups;
		}
		layout->nr_groups++;
	}

	layout->groups = kvcalloc(layout->nr_groups, sizeof(*layout->groups),
				  LAYOUT_GFP);
	if (!layout->groups)
		return -ENOMEM;

	for_each_set_bit(cpu, m->possible, m->nr_cpu_ids) {
		layout->groups[group_of[cpu]].nr_cpus++;
		layout->nr_cpus++;
	}
	return 0;
}

static unsigned int cpu_at(const struct spcpu_machine *m, unsigned long offset,
			   unsigned int from)
{
	for_each_set_bit_from(from, m->possible, m->nr_cpu_ids) {
		if (m->offset[from] == offset)
			return from;
	}
	return SPCPU_NO_CPU;
}

/* are the units at two offsets, next to each other, apart as units must be? */
static int check_gap(const struct spcpu_machine *m, unsigned long low,
		     unsigned long high)
{
	unsigned int cpu = cpu_at(m, low, 0);

	if (low == high) {
		pr_err("CPUs %u and %u have the same offset: each needs its own\n",
		       cpu, cpu_at(m, low, cpu + 1));
		return -EINVAL;
	}
	if (!PAGE_ALIGNED(high - low)) {
		pr_err("the offsets of CPUs %u and %u are %lu bytes apart: that has to be a multiple of the page size (%lu)\n",
		       cpu, cpu_at(m, high, 0), high - low, PAGE_SIZE);
		return -EINVAL;
	}
	return 0;
}

/*
 * Offsets are differences of addresses and may wrap: they lie on a circle. The
 * lowest is the one after the widest gap, which is the smallest number unless
 * they lie to both sides of 0.
 */
static unsigned int find_lowest(const unsigned long *sorted, unsigned int nr)
{
	unsigned long widest = sorted[0] - sorted[nr - 1];
	unsigned int i, lowest = 0;

	for (i = 1; i < nr; i++) {
		if (sorted[i] - sorted[i - 1] > widest) {
			widest = sorted[i] - sorted[i - 1];
			lowest = i;
		}
	}
	return lowest;
}

static int measure(const struct spcpu_machine *m, const unsigned long *sorted,
		   unsigned int nr, struct spread *spread)
{
	unsigned int lowest = find_lowest(sorted, nr);
	unsigned long low, high;
	unsigned int i;
	int err;

	spread->lowest = sorted[lowest];
	for (i = 1; i < nr; i++) {
		low = sorted[(lowest + i - 1) % nr];
		high = sorted[(lowest + i) % nr];
		err = check_gap(m, low, high);
		if (err)
			return err;
		spread->stride = min_t(size_t, spread->stride, high - low);
	}
	return 0;
}

static int compare_offsets(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

static int find_spread(const struct spcpu_machine *m, unsigned int nr_cpus,
		       struct spread *spread)
{
	unsigned long *sorted;
	unsigned int cpu, nr = 0;
	int err;

	if (!m->offset)
		return 0;

	sorted = kvmalloc_array(nr_cpus, sizeof(*sorted), LAYOUT_GFP);
	if (!sorted)
		return -ENOMEM;

	for_each_set_bit(cpu, m->possible, m->nr_cpu_ids)
		sorted[nr++] = m->offset[cpu];
	sort(sorted, nr, sizeof(*sorted), compare_offsets, NULL);
	err = measure(m, sorted, nr, spread);
	kvfree(sorted);
	return err;
}

static unsigned long units_needed(const struct spcpu_layout *layout,
				  unsigned int upa)
{
	unsigned long units = 0;
	unsigned int i;

	for (i = 0; i < layout->nr_groups; i++)
		units += roundup(layout->groups[i].nr_cpus, upa);
	return units;
}

/* can allocations hold @upa units, and few enough of them without a CPU? */
static bool upa_fits(const struct spcpu_layout *layout, unsigned int upa)
{
	return !(layout->alloc_size % upa) &&
	       PAGE_ALIGNED(layout->alloc_size / upa) &&
	       units_needed(layout, upa) - layout->nr_cpus <=
			layout->nr_cpus / 3;
}

/*
 * Starting from as many units as an allocation can hold, make them larger as
 * long as that takes no more allocations. One unit per allocation always fits.
 */
static unsigned int choose_upa(const struct spcpu_layout *layout, size_t need)
{
	unsigned long allocs, least = ULONG_MAX;
	unsigned int upa, best = 1;

	/* more than this cannot but leave too many without a CPU */
	upa = min_t(size_t, layout->alloc_size / need,
		    layout->nr_cpus + layout->nr_cpus / 3);

	for (; upa; upa--) {
		if (!upa_fits(layout, upa))
			continue;

		allocs = units_needed(layout, upa) / upa;
		if (allocs > least)
			break;
		least = allocs;
		best = upa;
	}
	return best;
}

static int check_unit_size(const struct spcpu_machine *m, size_t need,
			   size_t limit)
{
	if (!PAGE_ALIGNED(m->unit_size)) {
		pr_err("unit_size=%zu is not a multiple of the page size (%lu): give 0 to let the module choose, or at least %zu\n",
		       m->unit_size, PAGE_SIZE, need);
		return -EINVAL;
	}
	if (m->unit_size && m->unit_size < need) {
		pr_err("unit_size=%zu is too small: give 0 to let the module choose, or at least %zu\n",
		       m->unit_size, need);
		return -ERANGE;
	}
	if (m->unit_size > limit) {
		pr_err("unit_size=%zu is too large, units are only %zu bytes apart: give 0 to let the module choose, or at most %zu\n",
		       m->unit_size, limit, limit);
		return -ERANGE;
	}
	return 0;
}

static int check_need(const struct spcpu_machine *m, size_t need, size_t limit)
{
	if (need <= limit)
		return 0;

	pr_err("static %zu + reserved_size=%zu + dyn_size=%zu bytes need units of %zu bytes, and there is room for %zu: give less\n",
	       m->static_size, m->reserved_size, m->dyn_size, need, limit);
	return -ERANGE;
}

/* the size of a unit, and how many are allocated together */
static int fit_units(struct spcpu_layout *layout,
		     const struct spcpu_machine *m, size_t limit)
{
	size_t need = max_t(size_t, spcpu_layout_first_size(layout),
			    SPCPU_MIN_UNIT_SIZE);
	int err;

	err = check_need(m, need, limit) ?: check_unit_size(m, need, limit);
	if (err)
		return err;

	layout->atom_size = m->atom_size;
	layout->alloc_size = roundup(max(need, m->unit_size), m->atom_size);
	if (m->unit_size)
		layout->unit_size = m->unit_size;
	else if (m->offset)
		layout->unit_size = min(limit, layout->alloc_size);
	else
		layout->unit_size = min(limit, layout->alloc_size /
					       choose_upa(layout, need));

	layout->upa = layout->alloc_size / layout->unit_size;
	if (layout->alloc_size % layout->unit_size ||
	    !upa_fits(layout, layout->upa)) {
		layout->atom_size = PAGE_SIZE;
		layout->alloc_size = layout->unit_size;
		layout->upa = 1;
	}
	return 0;
}

/* units in the order of groups, and in a group in the order of CPUs */
static int number_units(struct spcpu_layout *layout,
			const struct spcpu_machine *m)
{
	struct spcpu_group *group;
	unsigned int *unit_cpu;
	unsigned int cpu, i, unit = 0;

	layout->nr_units = units_needed(layout, layout->upa);
	unit_cpu = kvmalloc_array(layout->nr_units, sizeof(*unit_cpu),
				  LAYOUT_GFP);
	if (!unit_cpu)
		return -ENOMEM;

	for (i = 0; i < layout->nr_units; i++)
		unit_cpu[i] = SPCPU_NO_CPU;

	for (i = 0; i < layout->nr_groups; i++) {
		group = &layout->groups[i];
		group->cpu_map = unit_cpu + unit;
		group->nr_units = roundup(group->nr_cpus, layout->upa);
		group->nr_cpus = 0;
		unit += group->nr_units;
	}

	/* group_of[cpu] gives way to the CPU's unit */
	for_each_set_bit(cpu, m->possible, m->nr_cpu_ids) {
		group = &layout->groups[layout->unit_map[cpu]];
		group->cpu_map[group->nr_cpus] = cpu;
		layout->unit_map[cpu] = group->cpu_map - unit_cpu +
					group->nr_cpus++;
	}
	return 0;
}

/* the distance of each unit from the lowest; back to back without offsets */
static int place_units(struct spcpu_layout *layout,
		       const struct spcpu_machine *m, unsigned long lowest)
{
	unsigned long unit_size = layout->unit_size;
	unsigned long *off = layout->unit_off;
	unsigned int cpu, i;
	bool wraps;

	wraps = check_mul_overflow(unit_size, (unsigned long)layout->nr_units,
				   &layout->span);

	layout->low_cpu = find_first_bit(m->possible, m->nr_cpu_ids);
	layout->high_cpu = layout->low_cpu;
	for_each_set_bit(cpu, m->possible, m->nr_cpu_ids) {
		off[cpu] = m->offset ? m->offset[cpu] - lowest :
				       layout->unit_map[cpu] * unit_size;
		if (off[cpu] < off[layout->low_cpu])
			layout->low_cpu = cpu;
		if (off[cpu] > off[layout->high_cpu])
			layout->high_cpu = cpu;
	}

	for (i = 0; i < layout->nr_groups; i++)
		layout->groups[i].base_offset =
			off[layout->groups[i].cpu_map[0]];

	if (!wraps && !check_add_overflow(off[layout->high_cpu], unit_size,
					  &layout->span))
		return 0;

	pr_err("%u units of %lu bytes do not fit into the address space: give a smaller unit_size\n",
	       layout->nr_units, unit_size);
	return -ERANGE;
}

static int lay_out(struct spcpu_layout *layout, const struct spcpu_machine *m)
{
	struct spread spread = { .stride = SPCPU_MAX_UNIT_SIZE };
	unsigned int i;

	layout->nr_cpu_ids = m->nr_cpu_ids;
	layout->unit_map = kvmalloc_array(m->nr_cpu_ids,
					  sizeof(*layout->unit_map),
					  LAYOUT_GFP);
	layout->unit_off = kvcalloc(m->nr_cpu_ids, sizeof(*layout->unit_off),
				    LAYOUT_GFP);
	if (!layout->unit_map || !layout->unit_off)
		return -ENOMEM;

	for (i = 0; i < m->nr_cpu_ids; i++)
		layout->unit_map[i] = SPCPU_NO_UNIT;

	set_first_sizes(layout, m);
	return find_groups(layout, m) ?:
	       find_spread(m, layout->nr_cpus, &spread) ?:
	       fit_units(layout, m, spread.stride) ?:
	       number_units(layout, m) ?:
	       place_units(layout, m, spread.lowest);
}

/**
 * spcpu_layout_build() - lay out the units of a machine
 * @m: the machine; not needed any more when this returns
 *
 * A unit holds the static, the reserved and the dynamic part, and no less than
 * %SPCPU_MIN_UNIT_SIZE. If @m gives offsets, units are no larger than the least
 * distance between two CPUs, and by default as large as that or an allocation,
 * whichever is smaller: the size of the kernel's own units. Without offsets
 * units are as large as allocations of whole atoms allow, as the kernel lays
 * them out when it boots.
 *
 * Units without a CPU are at most a third as many as CPUs. Where units of the
 * size that is wanted do not share allocations that well, each is an allocation
 * of its own and the atom is a page.
 *
 * Context: Process context. May sleep.
 * Return: The layout, for spcpu_layout_free(), or an ERR_PTR() and one line in
 *	the log: -EINVAL for what can never be (unit_size or atom_size that are
 *	not whole pages, reserved_size that is not a multiple of 4, no possible
 *	CPU, offsets that are equal or not whole pages apart), -ERANGE for what
 *	does not fit (sizes over the limit, over the room between two CPUs, or
 *	below what the first chunk needs), -ENOMEM.
 */
struct spcpu_layout *spcpu_layout_build(const struct spcpu_machine *m)
{
	struct spcpu_layout *layout;
	int err;

	err = check_sizes(m) ?: check_machine(m);
	if (err)
		return ERR_PTR(err);

	layout = kzalloc(sizeof(*layout), LAYOUT_GFP);
	err = layout ? lay_out(layout, m) : -ENOMEM;
	if (!err)
		return layout;

	if (err == -ENOMEM)
		pr_err("no memory for the layout of %u CPUs: free some and try again\n",
		       m->nr_cpu_ids);
	spcpu_layout_free(layout);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_layout_build);

/**
 * spcpu_layout_free() - free a layout
 * @layout: from spcpu_layout_build(), or NULL
 *
 * Context: Process context.
 */
void spcpu_layout_free(struct spcpu_layout *layout)
{
	if (!layout)
		return;

	/* the groups' maps are parts of one */
	if (layout->groups)
		kvfree(layout->groups[0].cpu_map);
	kvfree(layout->groups);
	kvfree(layout->unit_off);
	kvfree(layout->unit_map);
	kfree(layout);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_layout_free);

static int digits(unsigned int number)
{
	int width = 1;

	while (number >= 10) {
		number /= 10;
		width++;
	}
	return width;
}

static void print_sizes(const struct spcpu_layout *l, bool by_page,
			void (*line)(void *to, const char *text), void *to)
{
	size_t pages = spcpu_layout_first_size(l) >> PAGE_SHIFT;
	char text[160];

	if (by_page)
		scnprintf(text, sizeof(text),
			  "%zu %luK pages/cpu s%zu r%zu d%zu", pages,
			  PAGE_SIZE >> 10, l->static_size, l->reserved_size,
			  l->dyn_size);
	else
		scnprintf(text, sizeof(text),
			  "Embedded %zu pages/cpu s%zu r%zu d%zu u%zu", pages,
			  l->static_size, l->reserved_size, l->dyn_size,
			  l->unit_size);
	line(to, text);

	scnprintf(text, sizeof(text),
		  TABLE_PREFIX "s%zu r%zu d%zu u%zu alloc=%zu*%zu",
		  l->static_size, l->reserved_size, l->dyn_size, l->unit_size,
		  l->alloc_size / l->atom_size, l->atom_size);
	line(to, text);
}

/**
 * struct table - the group table being printed
 *
 * @layout: what is printed
 * @group_width: digits of a group
 * @cpu_width: digits of a CPU, as there would be without holes in the numbers
 * @per_line: allocations per line
 * @size: bytes of @text
 * @len: bytes of @text in use
 * @text: the line
 */
struct table {
	const struct spcpu_layout *layout;
	int group_width;
	int cpu_width;
	unsigned int per_line;
	size_t size;
	size_t len;
	char *text;
};

static int table_init(struct table *t, const struct spcpu_layout *layout)
{
	int width, widest;

	t->layout = layout;
	t->group_width = digits(layout->nr_groups);
	t->cpu_width = digits(layout->nr_cpus);
	t->len = 0;

	width = t->group_width + 3 + layout->upa * (t->cpu_width + 1);
	t->per_line = rounddown_pow_of_two(max(TABLE_WIDTH / width, 1));

	/* with holes, a number may be wider than the kernel reckons with */
	widest = t->group_width + 3 +
		 layout->upa * (digits(layout->nr_cpu_ids) + 1);
	t->size = sizeof(TABLE_PREFIX) + (size_t)t->per_line * widest;
	t->text = kvmalloc(t->size, LAYOUT_GFP);
	return t->text ? 0 : -ENOMEM;
}

static void table_add_alloc(struct table *t, unsigned int group,
			    const unsigned int *cpu)
{
	unsigned int i;

	t->len += scnprintf(t->text + t->len, t->size - t->len, "%s[%0*u] ",
			    t->len ? "" : TABLE_PREFIX, t->group_width, group);

	for (i = 0; i < t->layout->upa; i++) {
		if (cpu[i] == SPCPU_NO_CPU)
			t->len += scnprintf(t->text + t->len, t->size - t->len,
					    "%.*s ", t->cpu_width, "--------");
		else
			t->len += scnprintf(t->text + t->len, t->size - t->len,
					    "%0*u ", t->cpu_width, cpu[i]);
	}
}

/**
 * spcpu_layout_print() - print a layout as the kernel prints its own
 * @layout: the layout
 * @by_page: the first chunk was allocated page by page, not one area per group
 * @line: called for each line with @to and the text, which has no newline and
 *	is gone afterwards
 * @to: for @line
 *
 * Prints the sizes in one line as the kernel's boot log does, and then what
 * follows "pcpu-alloc:" there: sizes in bytes again, and a table of groups, a
 * bracket for each allocation with the CPUs of its units. Lines of the table
 * end with a blank, as the kernel's do.
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM when the table was left out.
 */
int spcpu_layout_print(const struct spcpu_layout *layout, bool by_page,
		       void (*line)(void *to, const char *text), void *to)
{
	unsigned int group, unit, allocs = 0;
	struct table table;

	print_sizes(layout, by_page, line, to);

	if (table_init(&table, layout))
		return -ENOMEM;

	for (group = 0; group < layout->nr_groups; group++) {
		const struct spcpu_group *g = &layout->groups[group];

		for (unit = 0; unit < g->nr_units; unit += layout->upa) {
			table_add_alloc(&table, group, g->cpu_map + unit);
			if (++allocs % table.per_line)
				continue;
			line(to, table.text);
			table.len = 0;
		}
	}
	if (table.len)
		line(to, table.text);
	kvfree(table.text);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_layout_print);

// SPDX-License-Identifier: GPL-2.0
/*
 * Backing sparse: a window reserves the addresses of its units, nothing in
 * between, and pages come and go behind them.
 *
 * What a kernel mapping is made of is not exported to modules, so this resolves
 * it at load, or refuses.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cacheflush.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "backing.h"
#include "compat/kunit.h"
#include "compat/resolve.h"
#include "window.h"

static struct {
	struct vm_struct **(*get_areas)(const unsigned long *offsets,
					const size_t *sizes, int nr,
					size_t align);
	void (*free_areas)(struct vm_struct **areas, int nr);
	void (*flush_tlb)(unsigned long from, unsigned long to);
	struct mm_struct *mm;
} kernel;

static int find_symbols(void)
{
	static const struct spcpu_symbol symbols[] = {
		{ "pcpu_get_vm_areas", &kernel.get_areas },
		{ "pcpu_free_vm_areas", &kernel.free_areas },
		{ "flush_tlb_kernel_range", &kernel.flush_tlb },
		{ "init_mm", &kernel.mm, .data = true },
	};

	return spcpu_resolve(symbols, ARRAY_SIZE(symbols), "backing=sparse",
			     "backing=vmap works without");
}

/* the kernel would warn of what it cannot have */
static int sparse_fits(const struct spcpu_layout *layout, unsigned long ram)
{
	if (layout->span <= VMALLOC_TOTAL)
		return 0;

	pr_err("a chunk spans %lu MB of addresses from CPU %u to CPU %u, and this kernel has %lu MB for mappings\n",
	       layout->span >> 20, layout->low_cpu, layout->high_cpu,
	       (unsigned long)VMALLOC_TOTAL >> 20);
	return -ENOMEM;
}

static int compare_longs(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/*
 * The stretches of addresses that have units, ascending: one for each group
 * where its units lie side by side.
 */
static unsigned int find_stretches(const struct spcpu_layout *layout,
				   unsigned long *from, size_t *len)
{
	unsigned int cpu, i, nr = 0, last = 0;

	for (cpu = 0; cpu < layout->nr_cpu_ids; cpu++) {
		if (layout->unit_map[cpu] != SPCPU_NO_UNIT)
			from[nr++] = layout->unit_off[cpu];
	}
	sort(from, nr, sizeof(*from), compare_longs, NULL);

	len[0] = layout->unit_size;
	for (i = 1; i < nr; i++) {
		if (from[i] == from[last] + len[last]) {
			len[last] += layout->unit_size;
			continue;
		}
		from[++last] = from[i];
		len[last] = layout->unit_size;
	}
	return last + 1;
}

static int reserve(struct spcpu_window *window,
		   const struct spcpu_layout *layout)
{
	unsigned long *from;
	unsigned int i, nr;
	int err = -ENOMEM;
	size_t *len;

	from = kvcalloc(layout->nr_cpus, sizeof(*from), GFP_KERNEL);
	len = kvcalloc(layout->nr_cpus, sizeof(*len), GFP_KERNEL);
	if (!from || !len)
		goto out;

	nr = find_stretches(layout, from, len);
	window->areas = kernel.get_areas(from, len, nr, PAGE_SIZE);
	if (!window->areas)
		goto out;

	err = 0;
	window->nr_areas = nr;
	window->base = (unsigned long)window->areas[0]->addr;
	for (i = 0; i < nr; i++)
		window->va_pages += len[i] >> PAGE_SHIFT;
out:
	kvfree(len);
	kvfree(from);
	return err;
}

static int touch_pte(pte_t *pte, unsigned long addr, void *unused)
{
	return 0;
}

/*
 * Page tables stay as long as the addresses do. With all of them made now, no
 * memory is allocated when pages are shown, under a lock.
 */
static int make_tables(const struct vm_struct *area, unsigned long len)
{
	unsigned long addr = (unsigned long)area->addr;
	unsigned long end = addr + len;
	int err = 0;

	for (; addr < end && !err; addr = pmd_addr_end(addr, end))
		err = apply_to_page_range(kernel.mm, addr, PAGE_SIZE,
					  touch_pte, NULL);
	return err;
}

static void sparse_unmap(struct spcpu_window *window,
			 const struct spcpu_layout *layout)
{
	kernel.free_areas(window->areas, window->nr_areas);
	window->areas = NULL;
}

static int sparse_map(struct spcpu_window *window,
		      const struct spcpu_layout *layout, struct page *blank)
{
	unsigned int i;
	int err;

	err = reserve(window, layout);
	if (err)
		return err;

	for (i = 0; i < window->nr_areas && !err; i++)
		err = make_tables(window->areas[i], window->areas[i]->size);
	if (err)
		sparse_unmap(window, layout);
	return err;
}

/**
 * struct shown - what is shown behind a range
 *
 * @next: the page for the next address; NULL pointers stand for the blank
 * @blank: read as zeros, and not to be written to
 */
struct shown {
	struct page **next;
	struct page *blank;
};

static int set_pte_to(pte_t *pte, unsigned long addr, void *data)
{
	struct shown *r = data;
	struct page *page = *r->next++;

	set_pte_at(kernel.mm, addr, pte,
		   page ? mk_pte(page, PAGE_KERNEL) :
			  mk_pte(r->blank, PAGE_KERNEL_RO));
	return 0;
}

static int sparse_show(struct spcpu_window *window,
		       const struct spcpu_layout *layout, unsigned int cpu,
		       unsigned int from, unsigned int nr, struct page *blank)
{
	unsigned long start = window->units[cpu].start;
	unsigned long addr = start + ((unsigned long)from << PAGE_SHIFT);
	unsigned long len = (unsigned long)nr << PAGE_SHIFT;
	struct shown r = {
		.next = spcpu_window_unit_pages(window, layout, cpu) + from,
		.blank = blank,
	};
	int err;

	err = apply_to_page_range(kernel.mm, addr, len, set_pte_to, &r);
	flush_cache_vmap(addr, addr + len);
	return err;
}

static int clear_pte(pte_t *pte, unsigned long addr, void *unused)
{
	pte_clear(kernel.mm, addr, pte);
	return 0;
}

static void sparse_hide(struct spcpu_window *window, unsigned int cpu,
			unsigned int from, unsigned int nr)
{
	unsigned long addr = window->units[cpu].start +
			     ((unsigned long)from << PAGE_SHIFT);
	unsigned long len = (unsigned long)nr << PAGE_SHIFT;

	flush_cache_vunmap(addr, addr + len);
	apply_to_page_range(kernel.mm, addr, len, clear_pte, NULL);
}

static void sparse_flush(struct spcpu_window *window,
			 const struct spcpu_layout *layout, unsigned int from,
			 unsigned int nr)
{
	unsigned long low = window->units[layout->low_cpu].start;
	unsigned long high = window->units[layout->high_cpu].start;

	kernel.flush_tlb(low + ((unsigned long)from << PAGE_SHIFT),
			 high + ((unsigned long)(from + nr) << PAGE_SHIFT));
}

const struct spcpu_backing spcpu_backing_sparse = {
	.name	= "sparse",
	.lazy	= true,
	.init	= find_symbols,
	.fits	= sparse_fits,
	.map	= sparse_map,
	.unmap	= sparse_unmap,
	.show	= sparse_show,
	.hide	= sparse_hide,
	.flush	= sparse_flush,
};
EXPORT_SYMBOL_FOR_KUNIT(spcpu_backing_sparse);

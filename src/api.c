// SPDX-License-Identifier: GPL-2.0
/*
 * API: the exported calls. They pass requests on to the core and tell the log
 * what was wrong with those that it refuses.
 *
 * The contracts are in include/shadow_percpu.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/vmalloc.h>

#include "api.h"
#include "compat/kunit.h"
#include "debug.h"
#include "hotplug.h"
#include "override.h"
#include "quick.h"
#include "section.h"
#include "shadow_percpu.h"
#include "tally.h"
#include "watch.h"

/* set once at load, before anybody can call in */
static struct spcpu *shadow;

/*
 * Calls that were refused. Our own static variable, in the first chunk, as any client
 * could have one.
 */
static DEFINE_SHADOW_PER_CPU(u64, refused);

/**
 * spcpu_api_open() - serve the exported calls from an allocator
 * @s: the allocator, which outlives all callers
 *
 * Context: Module init.
 */
void spcpu_api_open(struct spcpu *s)
{
	shadow = s;
}

/**
 * spcpu_api_allocator() - the allocator that the exported calls serve from
 *
 * Context: Any.
 * Return: The allocator.
 */
struct spcpu *spcpu_api_allocator(void)
{
	return shadow;
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_api_allocator);

/**
 * spcpu_api_calls() - what one CPU has asked of the exported calls
 * @cpu: a possible CPU
 * @to: set to its counts since load
 *
 * Context: Any. The counts go on meanwhile.
 */
void spcpu_api_calls(unsigned int cpu, struct spcpu_calls *to)
{
	const struct spcpu_cpu_cache *cache = per_cpu_ptr(shadow->cache.cpus, cpu);
	struct spcpu_tally spans;

	spcpu_tally_cpu(shadow, cpu, &spans);
	to->alloc = spans.alloc + READ_ONCE(cache->nr_core_alloc);
	to->free = spans.free + READ_ONCE(cache->nr_core_free);
	to->refused = per_cpu(shadow_var(refused), cpu);
}
EXPORT_SYMBOL_FOR_KUNIT(spcpu_api_calls);

static void complain_alloc(const struct spcpu_request *req, int err)
{
	if (req->gfp & __GFP_NOWARN)
		return;

	if (err == -EINVAL)
		pr_warn_ratelimited("%pS: refused an object of %zu bytes aligned to %zu: it takes 1 to %d bytes, and a power of two up to %lu\n",
				    (void *)req->caller, req->size, req->align,
				    SHADOW_PERCPU_MAX_SIZE, PAGE_SIZE);
	else if (err == -ESHUTDOWN)
		pr_warn_ratelimited("%pS: refused an object of %zu bytes: the module is being unloaded\n",
				    (void *)req->caller, req->size);
	else if (req->reserved && shadow->reserved)
		pr_warn_ratelimited("%pS: no room for %zu bytes aligned to %zu in the reserved chunk: load with a larger reserved_size=\n",
				    (void *)req->caller, req->size, req->align);
	else if (!gfpflags_allow_blocking(req->gfp))
		pr_warn_ratelimited("%pS: nothing populated has room for %zu bytes aligned to %zu, and the caller may not sleep; more is being prepared\n",
				    (void *)req->caller, req->size, req->align);
	else
		pr_warn_ratelimited("%pS: no memory to hold %zu bytes aligned to %zu\n",
				    (void *)req->caller, req->size, req->align);
}

/* with whatever that takes */
static void __percpu *alloc_slowly(size_t size, size_t align, bool reserved,
				   gfp_t gfp, unsigned long caller)
{
	const struct spcpu_request req = {
		.size = size,
		.align = align,
		.reserved = reserved,
		.gfp = gfp,
		.caller = caller,
	};
	struct spcpu_debug *d = spcpu_debug_of(shadow);
	void __percpu *ptr;
	int err;

	if (d)
		err = spcpu_debug_alloc(d, &req, &ptr);
	else
		err = spcpu_cache_alloc(shadow, &req,
					spcpu_class_of(size, align, gfp), &ptr);
	if (unlikely(err)) {
		this_cpu_inc(shadow_var(refused));
		complain_alloc(&req, err);
		return NULL;
	}
	return ptr;
}

/* what is not ready in this CPU's magazine, but may soon be */
static noinline void __percpu *alloc(size_t size, size_t align, gfp_t gfp,
				     unsigned long caller)
{
	int class = spcpu_class_of(size, align, gfp);
	void __percpu *ptr;

	if (class >= 0 && !spcpu_alloc_watched() &&
	    spcpu_magazines_pop(shadow, class, &ptr))
		return ptr;
	return alloc_slowly(size, align, false, gfp, caller);
}

static __always_inline bool alloc_quickly(size_t size, size_t align, gfp_t gfp,
					  void __percpu **ptr)
{
	int class = spcpu_class_of(size, align, gfp);

	/* for who does not know whether it may sleep, and would not until it has to */
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_alloc(gfp);
	return likely(class >= 0) && !spcpu_alloc_watched() &&
	       spcpu_cache_pop(&shadow->cache, class, ptr);
}

void __percpu *__shadow_alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
{
	void __percpu *ptr;

	if (likely(alloc_quickly(size, align, gfp, &ptr)))
		return ptr;
	return alloc(size, align, gfp, _RET_IP_);
}
EXPORT_SYMBOL_GPL(__shadow_alloc_percpu_gfp);

void __percpu *__shadow_alloc_percpu(size_t size, size_t align)
{
	void __percpu *ptr;

	if (likely(alloc_quickly(size, align, GFP_KERNEL, &ptr)))
		return ptr;
	return alloc(size, align, GFP_KERNEL, _RET_IP_);
}
EXPORT_SYMBOL_GPL(__shadow_alloc_percpu);

void __percpu *__shadow_alloc_reserved_percpu(size_t size, size_t align)
{
	return alloc_slowly(size, align, true, GFP_KERNEL, _RET_IP_);
}
EXPORT_SYMBOL_GPL(__shadow_alloc_reserved_percpu);

/* the kernel's own entry point, where it has but one; see shadow_percpu_override.h */
void __percpu *__shadow_pcpu_alloc(size_t size, size_t align, bool reserved,
				   gfp_t gfp)
{
	if (reserved)
		return alloc_slowly(size, align, true, gfp, _RET_IP_);
	return alloc(size, align, gfp, _RET_IP_);
}
EXPORT_SYMBOL_GPL(__shadow_pcpu_alloc);

/* of each mistake some are told of, however many others there are */
static struct ratelimit_state foreign =
	RATELIMIT_STATE_INIT(foreign, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
static struct ratelimit_state middle =
	RATELIMIT_STATE_INIT(middle, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
static struct ratelimit_state twice =
	RATELIMIT_STATE_INIT(twice, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

/*
 * Where in the allocator a pointer points to that was refused, as text: nothing if its
 * chunk has gone; the object it is in the middle of, if that can be told.
 */
static void describe(const void __percpu *ptr, int err, char *to, size_t size)
{
	struct spcpu_place place, around;
	int len;

	*to = 0;
	if (spcpu_object_locate(shadow, ptr, &place) == -EFAULT)
		return;

	len = scnprintf(to, size, ", offset %u of chunk %u", place.off, place.id);
	/* with debug= its history tells */
	if (err == -EINVAL && !spcpu_debug_of(shadow) &&
	    !spcpu_locate_around(shadow, ptr, &around) && around.id == place.id)
		scnprintf(to + len, size - len, ", byte %u of the %zu at %u",
			  place.off - around.off, around.size, around.off);
}

static void complain_free(const void __percpu *ptr, int err,
			  unsigned long caller)
{
	struct ratelimit_state *limit = err == -EFAULT ? &foreign :
					err == -EINVAL ? &middle : &twice;
	struct spcpu_debug *d = spcpu_debug_of(shadow);
	void *value = (void *)(__force unsigned long)ptr;
	char where[96];

	if (!__ratelimit(limit))
		return;

	describe(ptr, err, where, sizeof(where));
	if (err == -EFAULT)
		pr_warn("%pS: free of %p refused: not an object of this allocator\n",
			(void *)caller, value);
	else if (err == -EINVAL)
		pr_warn("%pS: free of %p refused: the middle of an object%s\n",
			(void *)caller, value, where);
	else
		pr_warn("%pS: free of %p refused: free already (double free?)%s\n",
			(void *)caller, value, where);
	if (d)
		spcpu_report_history(d, ptr);
}

/* what cannot be put into this CPU's magazine */
static noinline void give(void __percpu *ptr, unsigned long caller)
{
	struct spcpu_debug *d = spcpu_debug_of(shadow);
	int err;

	if (!ptr)
		return;

	err = d ? spcpu_debug_free(d, ptr, caller) :
		  spcpu_cache_free(shadow, ptr);
	if (unlikely(err)) {
		this_cpu_inc(shadow_var(refused));
		complain_free(ptr, err, caller);
	}
}

void shadow_free_percpu(void __percpu *ptr)
{
	if (spcpu_free_watched() ||
	    unlikely(!spcpu_cache_push(&shadow->cache, &shadow->finder, ptr)))
		give(ptr, _RET_IP_);
}
EXPORT_SYMBOL_GPL(shadow_free_percpu);

/**
 * spcpu_api_owns() - is a pointer into the shadow's memory?
 * @ptr: any __percpu pointer but NULL
 *
 * Context: Any, NMI included.
 * Return: True if so, whether or not it is a live object.
 */
bool spcpu_api_owns(const void __percpu *ptr)
{
	unsigned int cpu = cpumask_first(cpu_possible_mask);

	return is_shadow_percpu_address(per_cpu_ptr(ptr, cpu));
}

void shadow_free_percpu_either(void __percpu *ptr)
{
	if (!spcpu_free_watched() &&
	    likely(spcpu_cache_push(&shadow->cache, &shadow->finder, ptr)))
		return;

	if (ptr && !spcpu_api_owns(ptr))
		free_percpu(ptr);
	else
		give(ptr, _RET_IP_);
}
EXPORT_SYMBOL_GPL(shadow_free_percpu_either);

/**
 * spcpu_api_alloc_bulk() - shadow_alloc_percpu_bulk() for somebody else
 * @size: as there
 * @align: as there
 * @gfp: as there
 * @nr: as there
 * @ptrs: as there
 * @caller: who asks, a return address
 *
 * Context: As there.
 * Return: As there.
 */
int spcpu_api_alloc_bulk(size_t size, size_t align, gfp_t gfp, size_t nr,
			 void __percpu **ptrs, unsigned long caller)
{
	const struct spcpu_request req = {
		.size = size,
		.align = align,
		.gfp = gfp,
		.caller = caller,
	};
	struct spcpu_debug *d = spcpu_debug_of(shadow);
	int err = d ? spcpu_debug_alloc_bulk(d, &req, nr, ptrs) :
		      spcpu_alloc_bulk(shadow, &req, nr, ptrs);

	if (unlikely(err)) {
		this_cpu_inc(shadow_var(refused));
		complain_alloc(&req, err);
	}
	return err;
}

int shadow_alloc_percpu_bulk(size_t size, size_t align, gfp_t gfp, size_t nr,
			     void __percpu **ptrs)
{
	return spcpu_api_alloc_bulk(size, align, gfp, nr, ptrs, _RET_IP_);
}
EXPORT_SYMBOL_GPL(shadow_alloc_percpu_bulk);

/**
 * spcpu_api_free_bulk() - shadow_free_percpu_bulk() for somebody else
 * @nr: as there
 * @ptrs: as there
 * @caller: who asks, a return address
 *
 * Context: As there.
 */
void spcpu_api_free_bulk(size_t nr, void __percpu **ptrs, unsigned long caller)
{
	size_t done;
	int err;

	if (spcpu_debug_of(shadow)) {
		while (nr--)
			give(*ptrs++, caller);
		return;
	}
	for (; nr; nr -= done, ptrs += done) {
		done = spcpu_free_bulk(shadow, nr, ptrs, &err);
		if (likely(!err))
			return;

		this_cpu_inc(shadow_var(refused));
		complain_free(ptrs[done++], err, caller);
	}
}

void shadow_free_percpu_bulk(size_t nr, void __percpu **ptrs)
{
	spcpu_api_free_bulk(nr, ptrs, _RET_IP_);
}
EXPORT_SYMBOL_GPL(shadow_free_percpu_bulk);

size_t shadow_percpu_size(const void __percpu *ptr)
{
	struct spcpu_place place;

	if (!ptr || spcpu_object_locate(shadow, ptr, &place))
		return 0;
	return place.size;
}
EXPORT_SYMBOL_GPL(shadow_percpu_size);

bool __is_shadow_percpu_address(unsigned long addr)
{
	unsigned long off;
	bool ours;

	rcu_read_lock();
	ours = spcpu_index_find(&shadow->index, addr, &off);
	rcu_read_unlock();
	return ours;
}
EXPORT_SYMBOL_GPL(__is_shadow_percpu_address);

phys_addr_t shadow_per_cpu_ptr_to_phys(void *addr)
{
	struct page *page = NULL;

	if (is_shadow_percpu_address(addr))
		page = vmalloc_to_page(addr);
	return page ? page_to_phys(page) + offset_in_page(addr) : PHYS_ADDR_MAX;
}
EXPORT_SYMBOL_GPL(shadow_per_cpu_ptr_to_phys);

int __shadow_percpu_register(const struct shadow_percpu_section *section,
			     const char *name)
{
	return spcpu_section_register(shadow, section, name);
}
EXPORT_SYMBOL_GPL(__shadow_percpu_register);

void __shadow_percpu_unregister(const struct shadow_percpu_section *section)
{
	spcpu_section_unregister(shadow, section);
}
EXPORT_SYMBOL_GPL(__shadow_percpu_unregister);

/* see shadow_percpu.h */
int shadow_percpu_set_init(void __percpu *ptr, shadow_percpu_init_fn *init,
			   void *arg)
{
	return spcpu_set_init(shadow, ptr, init, arg);
}
EXPORT_SYMBOL_GPL(shadow_percpu_set_init);

int shadow_percpu_clear_init(void __percpu *ptr)
{
	return spcpu_clear_init(shadow, ptr);
}
EXPORT_SYMBOL_GPL(shadow_percpu_clear_init);

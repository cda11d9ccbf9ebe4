/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shadow percpu allocator: everything another module may use.
 *
 * A pointer from here is an ordinary __percpu pointer. per_cpu_ptr(),
 * this_cpu_ptr(), this_cpu_inc(), get_cpu_ptr() and all the rest of
 * <linux/percpu.h> work on it unchanged; only allocating and freeing differ:
 *
 *	u64 __percpu *hits = shadow_alloc_percpu(u64);
 *
 *	if (!hits)
 *		return -ENOMEM;
 *	this_cpu_inc(*hits);
 *	for_each_possible_cpu(cpu)
 *		sum += *per_cpu_ptr(hits, cpu);
 *	shadow_free_percpu(hits);
 *
 * Never give such a pointer to free_percpu(), nor a pointer of the kernel's
 * allocator to shadow_free_percpu() (which refuses it and says so).
 *
 * To build against it, name this folder in the Kbuild of your module, and the
 * Module.symvers that lies beside the built shadow_percpu.ko to make:
 *
 *	ccflags-y += -I$(SHADOW_PERCPU)/include
 *
 *	make -C $KDIR M=$PWD SHADOW_PERCPU=... KBUILD_EXTRA_SYMBOLS=...
 *
 * All functions are exported to GPL-compatible modules only.
 */
#ifndef SHADOW_PERCPU_H
#define SHADOW_PERCPU_H

#include <linux/cache.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/types.h>

struct device;
struct lock_class_key;
struct percpu_counter;
struct percpu_ref;

#ifndef CONFIG_SMP
#error "shadow_percpu shadows the SMP percpu allocator: build for a kernel with CONFIG_SMP=y"
#endif

/**
 * SHADOW_PERCPU_MAX_SIZE - largest request, in bytes
 *
 * The same limit as the kernel's own allocator has with pages of 4 to 32 KB
 * (PCPU_MIN_UNIT_SIZE).
 */
#define SHADOW_PERCPU_MAX_SIZE	(32 << 10)

/**
 * __shadow_alloc_percpu_gfp() - allocate an object with a copy for every CPU
 * @size: bytes of one copy, 1 to %SHADOW_PERCPU_MAX_SIZE; rounded up to a
 *	multiple of 4
 * @align: alignment of each copy in bytes, a power of two, at most PAGE_SIZE;
 *	1 and 2 count as 4
 * @gfp: GFP_KERNEL may sleep and make a new chunk. Without
 *	__GFP_DIRECT_RECLAIM (GFP_NOWAIT, GFP_ATOMIC) the call never sleeps, is
 *	served from pages that are there already, and is therefore likelier to
 *	fail. GFP_NOIO and GFP_NOFS sleep, and are honoured. With __GFP_NOWARN
 *	nothing is logged. With __GFP_ACCOUNT the object lies in a chunk of such
 *	objects only, whose pages are charged, see below.
 *
 * Charged, with __GFP_ACCOUNT, are backing pages, each to the memory cgroup of the
 * task whose allocation made it necessary, from then until the page is given
 * back; when the cgroup is at its limit the allocation fails. With backing=vmap
 * these are all pages of a chunk at once, with backing=sparse those of the object
 * that are not backed yet, in all CPUs' units, and those that make good for what it
 * took of the pages that are kept ready for atomic callers. Not charged are: later
 * objects in the same pages, of whatever cgroup; the pages that the worker gets
 * ready for atomic callers; a CPU's pages when it comes online; the first chunk (no
 * such object lies there); maps, page tables and other metadata. The kernel's own
 * allocator charges each object's bytes instead, by functions that are exported to
 * no module.
 *
 * Every possible CPU's copy is zeroed. The same rules as __alloc_percpu_gfp(),
 * except that 0 is no alignment, and that GFP_NOFS and GFP_NOIO are not taken for
 * atomic.
 *
 * Context: Any, hard interrupts included, if @gfp does not allow to sleep;
 *	else process context.
 * Return: The object, to be freed with shadow_free_percpu(); or NULL if there
 *	is no memory, @size or @align is out of range, or the module is going
 *	away. A refused argument is logged, rate-limited.
 */
void __percpu *__shadow_alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
	__alloc_size(1);

/**
 * __shadow_alloc_percpu() - the same with GFP_KERNEL
 * @size: bytes of one copy, 1 to %SHADOW_PERCPU_MAX_SIZE
 * @align: alignment of each copy in bytes, a power of two, at most PAGE_SIZE
 *
 * Context: Process context. May sleep.
 * Return: As __shadow_alloc_percpu_gfp().
 */
void __percpu *__shadow_alloc_percpu(size_t size, size_t align)
	__alloc_size(1);

/**
 * __shadow_alloc_reserved_percpu() - allocate from the reserved chunk
 * @size: bytes of one copy, 1 to %SHADOW_PERCPU_MAX_SIZE
 * @align: alignment of each copy in bytes, a power of two, at most PAGE_SIZE
 *
 * The reserved chunk is a part of the first chunk, meant for static variables
 * of modules; its size is the parameter reserved_size of shadow_percpu.ko.
 * If that is 0 the object comes from the dynamic chunks, as in the kernel.
 *
 * Context: Process context. May sleep.
 * Return: As __shadow_alloc_percpu_gfp(); NULL also when the reserved chunk has
 *	no room.
 */
void __percpu *__shadow_alloc_reserved_percpu(size_t size, size_t align)
	__alloc_size(1);

/**
 * shadow_alloc_percpu_gfp() - allocate a typed object
 * @type: type of one copy
 * @gfp: see __shadow_alloc_percpu_gfp()
 *
 * Context: See __shadow_alloc_percpu_gfp().
 * Return: A ``type __percpu *``, zeroed on every possible CPU, or NULL.
 */
#define shadow_alloc_percpu_gfp(type, gfp)				\
	((__typeof__(type) __percpu *)					\
	 __shadow_alloc_percpu_gfp(sizeof(type), __alignof__(type), gfp))

/**
 * shadow_alloc_percpu() - allocate a typed object with GFP_KERNEL
 * @type: type of one copy
 *
 * Context: Process context. May sleep.
 * Return: A ``type __percpu *``, zeroed on every possible CPU, or NULL.
 */
#define shadow_alloc_percpu(type)					\
	((__typeof__(type) __percpu *)					\
	 __shadow_alloc_percpu(sizeof(type), __alignof__(type)))

/**
 * shadow_free_percpu() - free an object
 * @ptr: what an allocation returned, or NULL, which does nothing
 *
 * A pointer that is not ours, points into the middle of an object, or was freed
 * before changes nothing and is logged, rate-limited. With debug= (a parameter of
 * shadow_percpu.ko) the object's history is logged, too, and so is that somebody
 * wrote past its ends, or to it when it was free: Documentation/debugging.rst.
 *
 * Context: Any context that free_percpu() may be called from, hard interrupts
 *	included; not NMI.
 */
void shadow_free_percpu(void __percpu *ptr);

/**
 * shadow_free_percpu_either() - free an object, whichever allocator it is of
 * @ptr: what an allocation of the shadow or of the kernel's own allocator returned,
 *	or NULL, which does nothing
 *
 * For code that does not know. What lies in the shadow's memory is freed as by
 * shadow_free_percpu(), all else goes to free_percpu(), which checks nothing.
 *
 * Context: As shadow_free_percpu().
 */
void shadow_free_percpu_either(void __percpu *ptr);

/**
 * shadow_alloc_percpu_bulk() - allocate several objects of a kind
 * @size: bytes of one copy, 1 to %SHADOW_PERCPU_MAX_SIZE
 * @align: alignment of each copy in bytes, a power of two, at most PAGE_SIZE
 * @gfp: see __shadow_alloc_percpu_gfp()
 * @nr: how many, from 0 up
 * @ptrs: set to the objects, zeroed on every possible CPU; all NULL on error
 *
 * All of them or none. It takes less time than as many single calls.
 *
 * Context: See __shadow_alloc_percpu_gfp().
 * Return: 0; -EINVAL: @size or @align is out of range; -ENOMEM; -ESHUTDOWN: the
 *	module is going away. Logged, rate-limited, unless @gfp has __GFP_NOWARN.
 */
int shadow_alloc_percpu_bulk(size_t size, size_t align, gfp_t gfp, size_t nr,
			     void __percpu **ptrs);

/**
 * shadow_free_percpu_bulk() - free several objects
 * @nr: how many, from 0 up
 * @ptrs: objects, of one kind or of many; NULL does nothing
 *
 * A pointer that shadow_free_percpu() would refuse is refused and logged; the others
 * are freed all the same.
 *
 * Context: As shadow_free_percpu().
 */
void shadow_free_percpu_bulk(size_t nr, void __percpu **ptrs);

/*
 * Objects for later
 *
 * Code that must not fail any more once it has begun, or that will be atomic by
 * then, has objects set aside while it can still wait, or give up:
 *
 *	pre = shadow_percpu_prefill(sizeof(*stats), __alignof__(*stats), 3,
 *				    GFP_KERNEL);
 *	if (!pre)
 *		return -ENOMEM;
 *	spin_lock(&table->lock);
 *	...
 *	stats = shadow_percpu_take(pre);	as often as three times
 *	...
 *	spin_unlock(&table->lock);
 *	shadow_percpu_prefill_end(pre);		what was not taken goes back
 */
struct shadow_percpu_prefill;

/**
 * shadow_percpu_prefill() - set objects of a kind aside
 * @size: bytes of one copy, 1 to %SHADOW_PERCPU_MAX_SIZE
 * @align: alignment of each copy in bytes, a power of two, at most PAGE_SIZE
 * @nr: how many, at least 1
 * @gfp: see __shadow_alloc_percpu_gfp()
 *
 * Context: See __shadow_alloc_percpu_gfp().
 * Return: The promise, for shadow_percpu_prefill_end(); NULL if not all of them can
 *	be had, or if @size, @align or @nr is out of range, which is logged.
 */
struct shadow_percpu_prefill *shadow_percpu_prefill(size_t size, size_t align,
						    unsigned int nr, gfp_t gfp);

/**
 * shadow_percpu_take() - one of the objects that were set aside
 * @pre: the promise; several may take from it at the same time
 *
 * Context: Any, NMI included.
 * Return: The object, zeroed on every possible CPU, to be freed with
 *	shadow_free_percpu(); NULL only if all have been taken.
 */
void __percpu *shadow_percpu_take(struct shadow_percpu_prefill *pre);

/**
 * shadow_percpu_prefill_end() - give back what was not taken
 * @pre: a promise that nobody takes from any more, or NULL
 *
 * Context: As shadow_free_percpu().
 */
void shadow_percpu_prefill_end(struct shadow_percpu_prefill *pre);

/**
 * shadow_percpu_size() - usable bytes of an object
 * @ptr: what an allocation returned
 *
 * Context: As shadow_free_percpu().
 * Return: Bytes of each copy that may be used: the requested size rounded up to a
 *	multiple of 4; or, if the object is one that CPUs keep, up to that of its
 *	class, which is at most 7 bytes or an eighth more. Never the latter with
 *	cache=0, debug= or above 4096 bytes. Exactly the requested size with
 *	debug=redzone. 0 for NULL, and for anything else that is not
 *	the start of a live object.
 */
size_t shadow_percpu_size(const void __percpu *ptr);

/**
 * is_shadow_percpu_address() - does an address lie in the shadow's memory?
 * @addr: an address, as a pointer or as unsigned long, such as per_cpu_ptr() of
 *	an object gives for any CPU (not a __percpu pointer)
 *
 * Takes constant time, whatever the number of chunks and CPUs, and no lock.
 *
 * Context: Any, NMI included.
 * Return: True if @addr lies in any possible CPU's unit of any chunk, static
 *	and reserved parts included, live or not.
 */
#define is_shadow_percpu_address(addr)					\
	__is_shadow_percpu_address((unsigned long)(addr))
bool __is_shadow_percpu_address(unsigned long addr);

/**
 * shadow_per_cpu_ptr_to_phys() - physical address of one CPU's copy
 * @addr: an address inside a live object's copy, as per_cpu_ptr() gives
 *
 * Context: Any. The caller sees to it that the object is not freed meanwhile.
 * Return: The physical address behind @addr, offset in the page included;
 *	%PHYS_ADDR_MAX if @addr is not the shadow's, or nothing is behind it. For
 *	a CPU that has no copies yet it is that of a page of zeros.
 */
phys_addr_t shadow_per_cpu_ptr_to_phys(void *addr);

/*
 * What is made of objects
 *
 * Managed objects, percpu counters and percpu reference counts as the kernel has them,
 * with their copies in the shadow. All the rest of <linux/percpu_counter.h> and
 * <linux/percpu-refcount.h> works on them unchanged; only beginning and end differ.
 */

/**
 * __shadow_devm_alloc_percpu() - allocate an object that goes with a device
 * @dev: the device
 * @size: bytes of one copy, 1 to %SHADOW_PERCPU_MAX_SIZE
 * @align: alignment of each copy in bytes, a power of two, at most PAGE_SIZE
 *
 * It is freed when the driver is detached, at the latest.
 *
 * Context: Process context. May sleep.
 * Return: As __shadow_alloc_percpu_gfp().
 */
void __percpu *__shadow_devm_alloc_percpu(struct device *dev, size_t size,
					  size_t align);

/**
 * shadow_devm_alloc_percpu() - allocate a typed object that goes with a device
 * @dev: the device
 * @type: type of one copy
 *
 * Context: Process context. May sleep.
 * Return: A ``type __percpu *``, zeroed on every possible CPU, or NULL.
 */
#define shadow_devm_alloc_percpu(dev, type)				\
	((__typeof__(type) __percpu *)					\
	 __shadow_devm_alloc_percpu(dev, sizeof(type), __alignof__(type)))

/**
 * shadow_devm_free_percpu() - free such an object before its device goes
 * @dev: the device
 * @ptr: what an allocation for that device returned. One of devm_alloc_percpu() goes
 *	to devm_free_percpu(), and so does what is neither, of which that warns
 *
 * Context: Any context that devm_free_percpu() may be called from.
 */
void shadow_devm_free_percpu(struct device *dev, void __percpu *ptr);

/**
 * __shadow_percpu_counter_init_many() - set several percpu counters up
 * @fbc: the counters, in a row
 * @amount: what each starts from
 * @gfp: see __shadow_alloc_percpu_gfp()
 * @nr: how many; their copies are one object
 * @key: lock class of their locks
 *
 * What a CPU has counted goes to the common part when it is gone.
 *
 * Context: See __shadow_alloc_percpu_gfp().
 * Return: 0; -ENOMEM, and each is as one that has been destroyed; or what the CPU
 *	hotplug core said to shadow_percpu.ko when that was loaded.
 */
int __shadow_percpu_counter_init_many(struct percpu_counter *fbc, s64 amount,
				      gfp_t gfp, u32 nr,
				      struct lock_class_key *key);

/**
 * shadow_percpu_counter_init() - set a percpu counter up
 * @fbc: the counter
 * @amount: what it starts from
 * @gfp: see __shadow_alloc_percpu_gfp()
 *
 * Context: See __shadow_alloc_percpu_gfp().
 * Return: As __shadow_percpu_counter_init_many().
 */
#define shadow_percpu_counter_init(fbc, amount, gfp)			\
	({								\
		static struct lock_class_key __key;			\
									\
		__shadow_percpu_counter_init_many(fbc, amount, gfp, 1,	\
						  &__key);		\
	})

/**
 * shadow_percpu_counter_destroy_many() - give up what was set up together
 * @fbc: the counters, in a row; those that are destroyed already are left alone,
 *	and those whose copies are the kernel's go to the kernel's own function
 * @nr: how many
 *
 * Context: As shadow_free_percpu().
 */
void shadow_percpu_counter_destroy_many(struct percpu_counter *fbc, u32 nr);

/**
 * shadow_percpu_counter_destroy() - give a percpu counter up
 * @fbc: the counter
 *
 * Context: As shadow_free_percpu().
 */
void shadow_percpu_counter_destroy(struct percpu_counter *fbc);

/**
 * shadow_percpu_ref_init() - set a percpu reference count up
 * @ref: the reference count
 * @release: called when it gets to 0; must not sleep
 * @flags: PERCPU_REF_INIT_*, PERCPU_REF_ALLOW_REINIT, which is always set: the kernel
 *	would otherwise free the copies itself once they are added up, with its
 *	own allocator. They stay until shadow_percpu_ref_exit()
 * @gfp: see __shadow_alloc_percpu_gfp()
 *
 * Context: Process context, as percpu_ref_init(); see __shadow_alloc_percpu_gfp().
 * Return: 0, or -ENOMEM.
 */
int __must_check shadow_percpu_ref_init(struct percpu_ref *ref,
					void (*release)(struct percpu_ref *),
					unsigned int flags, gfp_t gfp);

/**
 * shadow_percpu_ref_exit() - undo shadow_percpu_ref_init(), or percpu_ref_init()
 * @ref: a reference count that is not in use any more
 *
 * Context: As percpu_ref_exit().
 */
void shadow_percpu_ref_exit(struct percpu_ref *ref);

/*
 * CPUs that are not there
 *
 * With hotplug=all, the default, every possible CPU has its copies from the
 * start, as with the kernel's own allocator. With hotplug=online (a parameter of
 * shadow_percpu.ko) a CPU gets them when it first comes online, and keeps them
 * when it leaves. Until then its copies can be read, and are zero, but not
 * written to: that ends in an oops, and a line in the log that names CPU, object
 * and byte. Loops that write to the copies of all possible CPUs, as in
 *
 *	for_each_possible_cpu(cpu)
 *		spin_lock_init(&per_cpu_ptr(queues, cpu)->lock);
 *
 * become a callback, which works with either:
 *
 *	static int init_queue(void *copy, unsigned int cpu, void *arg)
 *	{
 *		struct queue *queue = copy;
 *
 *		spin_lock_init(&queue->lock);
 *		return 0;
 *	}
 *
 *	err = shadow_percpu_set_init(queues, init_queue, NULL);
 *
 * Loops that read, such as those that add up counters, stay as they are where
 * copies start from zeros. The CPU gets its copies at CPUHP_BP_PREPARE_DYN: other
 * callbacks of that stage may come before, later ones find everything there.
 */

/**
 * typedef shadow_percpu_init_fn - set up one CPU's copy of an object
 * @copy: the copy
 * @cpu: whose
 * @arg: as given to shadow_percpu_set_init()
 *
 * When a CPU cannot come online after all, for want of memory or because another
 * callback says no, its copies are dropped, and the next attempt starts with
 * zeros and calls this again: what it allocates must be found from @arg too.
 *
 * Context: Process context, on any CPU, the CPU hotplug lock held. May sleep and
 *	allocate memory. May not wait for a CPU to come or go, nor register or
 *	clear callbacks.
 * Return: 0, or an errno, which keeps the CPU from coming online.
 */
typedef int shadow_percpu_init_fn(void *copy, unsigned int cpu, void *arg);

/**
 * shadow_percpu_set_init() - set up all copies of an object, also those to come
 * @ptr: what an allocation returned; without a callback so far
 * @init: called once for each CPU that has a copy, before this returns; and once
 *	for each CPU that gets one later, before that comes online
 * @arg: handed to @init
 *
 * Context: Process context, without the CPU hotplug lock. May sleep.
 * Return: 0; what @init returned, if not 0, and it is called no more; -EBUSY:
 *	there is a callback; -EFAULT, -EINVAL, -ENOENT: not a live object;
 *	-ENOMEM. On error nothing is registered.
 */
int shadow_percpu_set_init(void __percpu *ptr, shadow_percpu_init_fn *init,
			   void *arg);

/**
 * shadow_percpu_clear_init() - take the callback back
 * @ptr: an object with a callback; do this before it is freed, and before the
 *	module with the callback goes away. The free would do it too, but complain
 *
 * Context: Process context, without the CPU hotplug lock. May sleep.
 * Return: 0; -ENOENT: there is none.
 */
int shadow_percpu_clear_init(void __percpu *ptr);

/*
 * Static variables
 *
 * As DEFINE_PER_CPU() does, these give every possible CPU its own copy of a
 * variable, initial value included. shadow_var() names the copy for the
 * standard accessors:
 *
 *	static DEFINE_SHADOW_PER_CPU(u64, hits);
 *
 *	this_cpu_inc(shadow_var(hits));
 *	sum += per_cpu(shadow_var(hits), cpu);
 *
 * The copies live in the reserved chunk. A module that defines such variables
 * needs one line in its Kbuild and one call each in its init and exit:
 *
 *	ldflags-y += -T $(SHADOW_PERCPU)/include/shadow_percpu.lds
 *
 *	err = shadow_percpu_register();		first thing in init
 *	shadow_percpu_unregister();		last thing in exit, and in an
 *						init that fails later on
 *
 * The line works for modules of several object files (foo-y := a.o ...), since
 * only these are linked with a script; a module of one file foo.c becomes one
 * by naming the file foo_main.c and writing foo-y := foo_main.o. Forgetting the
 * line ends the build with `"__shadow_percpu_start" undefined`.
 *
 * Differences from DEFINE_PER_CPU(): names must be unique within a module, even
 * static ones; the type must have a name; the variable stands at file scope, and
 * may be used only between the two calls.
 */

/* What the linker script gathers; a module-local view, not for direct use. */
struct shadow_percpu_section {
	char *start;
	char *end;
	unsigned long *ptrs;
	unsigned long *ptrs_end;
	unsigned int align;
};

extern char __shadow_percpu_start[];
extern char __shadow_percpu_end[];
extern unsigned long __shadow_percpu_ptrs_start[];
extern unsigned long __shadow_percpu_ptrs_end[];
extern const unsigned int __shadow_percpu_align;

#define __SHADOW_PERCPU_SECTION()					\
	((const struct shadow_percpu_section) {				\
		.start		= __shadow_percpu_start,		\
		.end		= __shadow_percpu_end,			\
		.ptrs		= __shadow_percpu_ptrs_start,		\
		.ptrs_end	= __shadow_percpu_ptrs_end,		\
		.align		= __shadow_percpu_align,		\
	})

int __shadow_percpu_register(const struct shadow_percpu_section *section,
			     const char *name);
void __shadow_percpu_unregister(const struct shadow_percpu_section *section);

/**
 * shadow_percpu_register() - give this module's shadow variables their copies
 *
 * Takes room in the reserved chunk for all of the module's variables together
 * and copies their initial values to every possible CPU; with hotplug=online to
 * those that have copies, and to others when they get them. A module without such
 * variables may call it too.
 *
 * Context: Process context, without the CPU hotplug lock. May sleep.
 * Return: 0; -ENOMEM if the reserved chunk has no room (load shadow_percpu.ko
 *	with a larger reserved_size=); -EINVAL if the variables take more than
 *	%SHADOW_PERCPU_MAX_SIZE bytes or an alignment over a page; -EBUSY if the
 *	module is registered already. Each is logged.
 */
#define shadow_percpu_register()					\
	__shadow_percpu_register(&__SHADOW_PERCPU_SECTION(), KBUILD_MODNAME)

/**
 * shadow_percpu_unregister() - take the copies back
 *
 * Does nothing if the module is not registered. Afterwards the values of all
 * copies are lost; a new registration starts from the initial values.
 *
 * Context: Process context, without the CPU hotplug lock. May sleep.
 */
#define shadow_percpu_unregister()					\
	__shadow_percpu_unregister(&__SHADOW_PERCPU_SECTION())

/**
 * DECLARE_SHADOW_PER_CPU() - declare a variable that is defined elsewhere
 * @type: its type
 * @name: its name, as given to DEFINE_SHADOW_PER_CPU()
 */
#define DECLARE_SHADOW_PER_CPU(type, name)				\
	extern char shadow_scope__##name;				\
	__DECLARE_SHADOW_PER_CPU(type, name)

#define __DECLARE_SHADOW_PER_CPU(type, name)				\
	extern __typeof__(type) shadow_image__##name;			\
	extern __typeof__(type) __percpu *shadow_ptr__##name

#define DECLARE_SHADOW_PER_CPU_FIRST(type, name)			\
	DECLARE_SHADOW_PER_CPU(type, name)
#define DECLARE_SHADOW_PER_CPU_ALIGNED(type, name)			\
	DECLARE_SHADOW_PER_CPU(type, name)
#define DECLARE_SHADOW_PER_CPU_SHARED_ALIGNED(type, name)		\
	DECLARE_SHADOW_PER_CPU(type, name)
#define DECLARE_SHADOW_PER_CPU_PAGE_ALIGNED(type, name)			\
	DECLARE_SHADOW_PER_CPU(type, name)
#define DECLARE_SHADOW_PER_CPU_READ_MOSTLY(type, name)			\
	DECLARE_SHADOW_PER_CPU(type, name)

/*
 * A variable is two things: the image, which is what gets copied, and the
 * pointer, which is the image's own address until the module registers and the
 * percpu pointer from then on. The scope variable takes the `static` that may
 * stand before the macro (the trick of DEFINE_PER_CPU on architectures with
 * weak percpu symbols) and is dropped by the linker.
 */
#define __DEFINE_SHADOW_PER_CPU(type, name, sub, attrs)			\
	char __maybe_unused shadow_scope__##name			\
		__section(".discard.shadow_percpu");			\
	__DECLARE_SHADOW_PER_CPU(type, name);				\
	__typeof__(type) __percpu *shadow_ptr__##name			\
		__section(".data..shadow_percpu_ptrs") __used =		\
		(__typeof__(type) __percpu *)				\
		(__force unsigned long)&shadow_image__##name;		\
	__typeof__(type) shadow_image__##name				\
		__section(".data..shadow_percpu" sub) attrs

/**
 * DEFINE_SHADOW_PER_CPU() - define a variable with a copy for every CPU
 * @type: its type
 * @name: its name, unique in the module; may be preceded by ``static`` and
 *	followed by an initial value
 *
 * The forms _FIRST (before all others), _ALIGNED (to a cache line),
 * _SHARED_ALIGNED (to a cache line, after all others, for what other CPUs write
 * to), _PAGE_ALIGNED and _READ_MOSTLY (next to each other) order the variables of
 * a module as their DEFINE_PER_CPU namesakes do.
 */
#define DEFINE_SHADOW_PER_CPU(type, name)				\
	__DEFINE_SHADOW_PER_CPU(type, name, "", )
#define DEFINE_SHADOW_PER_CPU_FIRST(type, name)				\
	__DEFINE_SHADOW_PER_CPU(type, name, "..first", )
#define DEFINE_SHADOW_PER_CPU_ALIGNED(type, name)			\
	__DEFINE_SHADOW_PER_CPU(type, name, "", ____cacheline_aligned)
#define DEFINE_SHADOW_PER_CPU_SHARED_ALIGNED(type, name)		\
	__DEFINE_SHADOW_PER_CPU(type, name, "..shared_aligned",		\
				____cacheline_aligned_in_smp)
#define DEFINE_SHADOW_PER_CPU_PAGE_ALIGNED(type, name)			\
	__DEFINE_SHADOW_PER_CPU(type, name, "..page_aligned",		\
				__aligned(PAGE_SIZE))
#define DEFINE_SHADOW_PER_CPU_READ_MOSTLY(type, name)			\
	__DEFINE_SHADOW_PER_CPU(type, name, "..read_mostly", )

/**
 * shadow_var() - a shadow variable, for the standard accessors
 * @name: name of a variable defined or declared with the macros above
 *
 * An lvalue in the percpu address space: ``this_cpu_inc(shadow_var(hits))``,
 * ``per_cpu(shadow_var(hits), cpu)``, ``this_cpu_ptr(&shadow_var(hits))``.
 */
#define shadow_var(name)	(*shadow_ptr__##name)

/**
 * EXPORT_SHADOW_PER_CPU_SYMBOL() - let other modules use a variable
 * @name: name of the variable; the others declare it with
 *	DECLARE_SHADOW_PER_CPU() and need no registration for it
 */
#define EXPORT_SHADOW_PER_CPU_SYMBOL(name)				\
	EXPORT_SYMBOL(shadow_ptr__##name)
#define EXPORT_SHADOW_PER_CPU_SYMBOL_GPL(name)				\
	EXPORT_SYMBOL_GPL(shadow_ptr__##name)

#endif /* SHADOW_PERCPU_H */

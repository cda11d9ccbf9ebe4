// SPDX-License-Identifier: GPL-2.0
/*
 * Main: parameters, load and unload, in order.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/stringify.h>

#include "api.h"
#include "counters.h"
#include "debug.h"
#include "debugfs.h"
#include "hotplug.h"
#include "machine.h"
#include "record.h"
#include "section.h"
#include "shadow_percpu.h"

static char *first_chunk = "embed";
module_param(first_chunk, charp, 0444);
MODULE_PARM_DESC(first_chunk,
		 "where the first chunk's pages come from: embed (one vmalloc area per NUMA group) or page (page by page) (default: embed)");

static char *backing = "vmap";
module_param(backing, charp, 0444);
MODULE_PARM_DESC(backing,
		 "how chunks are backed: vmap (all pages at once, exported symbols only) or sparse (pages when they are needed; looks up symbols that are not exported) (default: vmap)");

static char *engine = "bitmap";
module_param(engine, charp, 0444);
MODULE_PARM_DESC(engine,
		 "who places areas in chunks: bitmap (as Linux since 4.14), areamap (as Linux 2.6.30 to 4.13) or bestfit (the shortest run that holds it) (default: bitmap)");

static char *hotplug = "all";
module_param(hotplug, charp, 0444);
MODULE_PARM_DESC(hotplug,
		 "which CPUs get memory: all (that are possible) or online (from when they first come online; takes backing=sparse) (default: all)");

static bool cache = true;
module_param(cache, bool, 0444);
MODULE_PARM_DESC(cache,
		 "CPUs keep objects that were freed, to hand them out without a lock; 0: every object is placed as the kernel's own allocator would (default: 1)");

static unsigned long unit_size;
module_param(unit_size, ulong, 0444);
MODULE_PARM_DESC(unit_size,
		 "bytes of a unit, whole pages, no more than the distance between the kernel's own units; 0 takes as many as those have (default: 0)");

static unsigned long reserved_size = 8 << 10;
module_param(reserved_size, ulong, 0444);
MODULE_PARM_DESC(reserved_size,
		 "bytes of the reserved chunk, for static variables of other modules (default: 8192)");

static unsigned long dyn_size = 28 << 10;
module_param(dyn_size, ulong, 0444);
MODULE_PARM_DESC(dyn_size,
		 "least bytes for dynamic objects in the first chunk (default: 28672)");

static char *debug = "";
module_param(debug, charp, 0444);
MODULE_PARM_DESC(debug,
		 "what to watch objects for, with commas in between: redzone (writes past their ends), poison (writes after their free), quarantine (freed areas wait), owner (stacks of who has them), or all; then there is no cache (default: nothing)");

static bool snapshot;
module_param(snapshot, bool, 0444);
MODULE_PARM_DESC(snapshot,
		 "look into the kernel's own percpu allocator: files snapshot, record, mirror (looks up symbols that are not exported) (default: 0)");

static int parse_first_mode(enum spcpu_first_mode *mode)
{
	int i = match_string(spcpu_first_modes, SPCPU_NR_FIRST_MODES,
			     first_chunk);

	if (i < 0) {
		pr_err("first_chunk=%s is unknown: it is embed or page\n",
		       first_chunk);
		return -EINVAL;
	}
	*mode = i;
	return 0;
}

static int parse_backing(const struct spcpu_backing **to)
{
	static const struct spcpu_backing * const all[] = {
		&spcpu_backing_vmap, &spcpu_backing_sparse,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (!strcmp(backing, all[i]->name)) {
			*to = all[i];
			return 0;
		}
	}
	pr_err("backing=%s is unknown: it is vmap or sparse\n", backing);
	return -EINVAL;
}

static int refuse_engine(void)
{
	char names[256];
	int i, len = 0;

	for (i = 0; spcpu_engines[i]; i++)
		len += scnprintf(names + len, sizeof(names) - len, "%s%s",
				 i ? ", " : "", spcpu_engines[i]->name);
	if (!strcmp(engine, "ptrarray"))
		pr_err("engine=ptrarray has no __percpu pointers to give, and is only compared, by `make generations`: engine= is one of %s\n",
		       names);
	else
		pr_err("engine=%s is unknown: it is one of %s\n", engine,
		       names);
	return -EINVAL;
}

static int parse_engine(const struct spcpu_engine **to)
{
	*to = spcpu_engine_named(engine);
	return *to ? 0 : refuse_engine();
}

static int parse_hotplug(const struct spcpu_backing *with, bool *online)
{
	*online = !strcmp(hotplug, "online");
	if (!*online && strcmp(hotplug, "all")) {
		pr_err("hotplug=%s is unknown: it is all or online\n", hotplug);
		return -EINVAL;
	}
	if (*online && !with->lazy) {
		pr_err("hotplug=online takes backing=sparse: with backing=%s every possible CPU has pages\n",
		       with->name);
		return -EINVAL;
	}
	return 0;
}

static int parse_debug(unsigned int *flags)
{
	int err = spcpu_debug_parse(debug, flags);
	char words[SPCPU_DEBUG_WORDS_MAX];

	if (err) {
		spcpu_debug_words(SPCPU_DEBUG_ALL, words, sizeof(words));
		pr_err("debug=%s is unknown: it is all, or some of %s\n", debug,
		       words);
	}
	return err;
}

static int parse_options(struct spcpu_options *o)
{
	return parse_first_mode(&o->first_mode) ?:
	       parse_backing(&o->backing) ?:
	       parse_engine(&o->engine) ?:
	       parse_hotplug(o->backing, &o->online) ?:
	       parse_debug(&o->debug);
}

static struct spcpu_layout *lay_out(enum spcpu_first_mode mode,
				    size_t static_size)
{
	struct spcpu_layout *layout;
	struct spcpu_machine m;
	int err;

	err = spcpu_machine_init(&m);
	if (err)
		return ERR_PTR(err);

	m.static_size = static_size;
	m.reserved_size = reserved_size;
	m.dyn_size = dyn_size;
	m.unit_size = unit_size;
	if (mode == SPCPU_FIRST_PAGE)
		m.atom_size = PAGE_SIZE;

	layout = spcpu_layout_build(&m);
	spcpu_machine_exit(&m);
	return layout;
}

static void log_line(void *to, const char *text)
{
	pr_info("%s\n", text);
}

/* an allocator with the parameters' layout and options */
static struct spcpu *make_allocator(struct spcpu_options *options)
{
	const struct shadow_percpu_section section = __SHADOW_PERCPU_SECTION();
	struct spcpu_layout *layout;
	struct spcpu *s;

	layout = lay_out(options->first_mode, section.end - section.start);
	if (IS_ERR(layout))
		return ERR_CAST(layout);

	options->image = section.start;
	options->cache = cache;
	s = spcpu_create(layout, options);
	if (IS_ERR(s)) {
		spcpu_layout_free(layout);
		return s;
	}
	spcpu_section_adopt(s, &section);
	return s;
}

static int __init shadow_percpu_init(void)
{
	struct spcpu_options options = { };
	struct spcpu *s;
	int err;

	err = parse_options(&options) ?: options.backing->init();
	if (!err && snapshot)
		err = spcpu_record_init();
	if (err)
		return err;

	spcpu_classes_init();
	spcpu_hotplug_init();
	spcpu_counters_init();
	s = make_allocator(&options);
	if (IS_ERR(s)) {
		err = PTR_ERR(s);
		goto err_hotplug;
	}
	spcpu_api_open(s);

	err = spcpu_clients_watch(s);
	if (err)
		goto err_destroy;

	err = spcpu_debugfs_init(s, snapshot);
	if (err)
		goto err_clients;

	spcpu_layout_print(s->layout, options.first_mode == SPCPU_FIRST_PAGE,
			   log_line, NULL);
	return 0;

err_clients:
	spcpu_clients_unwatch(s);
err_destroy:
	spcpu_destroy(s);
err_hotplug:
	spcpu_counters_exit();
	spcpu_hotplug_exit();
	return err;
}

static void __exit shadow_percpu_exit(void)
{
	struct spcpu *s = spcpu_api_allocator();

	spcpu_debugfs_exit();
	spcpu_shutdown(s);
	spcpu_clients_unwatch(s);
	spcpu_section_exit();
	spcpu_report_leaks(s);
	spcpu_destroy(s);
	spcpu_counters_exit();
	spcpu_hotplug_exit();
}

module_init(shadow_percpu_init);
module_exit(shadow_percpu_exit);

MODULE_DESCRIPTION("A percpu allocator beside the kernel's own");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(SPCPU_VERSION));

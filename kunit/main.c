// SPDX-License-Identifier: GPL-2.0
/*
 * Main: the one test module. Its suites run when it is loaded, after
 * shadow_percpu.ko, whose internals they look at.
 */
#include <linux/module.h>

#include "compat/kunit.h"
#include "suites.h"

kunit_test_suites(&spcpu_layout_suite,
		  &spcpu_slot_suite,
		  &spcpu_engine_suite,
		  &spcpu_engine_bitmap_suite,
		  &spcpu_engine_areamap_suite,
		  &spcpu_index_suite,
		  &spcpu_class_suite,
		  &spcpu_finder_suite,
		  &spcpu_first_chunk_suite,
		  &spcpu_core_suite,
		  &spcpu_engine_core_suite,
		  &spcpu_fit_suite,
		  &spcpu_sparse_suite,
		  &spcpu_sparse_fail_suite,
		  &spcpu_balance_suite,
		  &spcpu_thin_suite,
		  &spcpu_shrink_suite,
		  &spcpu_storm_suite,
		  &spcpu_reclaim_suite,
		  &spcpu_span_suite,
		  &spcpu_cache_suite,
		  &spcpu_drain_suite,
		  &spcpu_bulk_suite,
		  &spcpu_prefill_suite,
		  &spcpu_api_suite,
		  &spcpu_dropin_suite,
		  &spcpu_native_suite,
		  &spcpu_debug_suite,
		  &spcpu_watch_suite,
		  &spcpu_section_suite,
		  &spcpu_bad_input_suite,
		  &spcpu_view_suite,
		  &spcpu_dump_suite,
		  &spcpu_map_suite,
		  &spcpu_objects_suite,
		  &spcpu_stats_suite,
		  &spcpu_tally_suite,
		  &spcpu_demand_suite,
		  &spcpu_replay_suite,
		  &spcpu_snapshot_suite,
		  &spcpu_recording_suite,
		  &spcpu_judge_suite,
		  &spcpu_follow_suite,
		  &spcpu_recorder_suite,
		  &spcpu_native_snapshot_suite,
		  &spcpu_sequence_suite,
		  &spcpu_record_suite,
		  &spcpu_concurrency_suite,
		  &spcpu_load_suite,
		  &spcpu_hotplug_suite,
		  &spcpu_hotplug_init_suite,
		  &spcpu_hotplug_fail_suite,
		  &spcpu_absent_suite,
		  &spcpu_fail_core_suite,
		  &spcpu_fail_cache_suite,
		  &spcpu_fail_hotplug_suite,
		  &spcpu_fail_show_suite,
		  &spcpu_fail_watch_suite,
		  &spcpu_fail_dropin_suite,
		  &spcpu_fail_follow_suite,
		  &spcpu_hotplug_race_suite,
		  &spcpu_hotplug_load_suite);

MODULE_DESCRIPTION("KUnit tests of shadow_percpu");
MODULE_AUTHOR("The shadow_percpu authors");
MODULE_LICENSE("GPL");
SPCPU_IMPORT_FOR_KUNIT();

/* SPDX-License-Identifier: GPL-2.0 */
/* The suites, one per part of src/; main.c registers them together. */
#ifndef SPCPU_SUITES_H
#define SPCPU_SUITES_H

#include <kunit/test.h>

extern struct kunit_suite spcpu_layout_suite;
extern struct kunit_suite spcpu_slot_suite;
extern struct kunit_suite spcpu_engine_suite;
extern struct kunit_suite spcpu_engine_bitmap_suite;
extern struct kunit_suite spcpu_engine_areamap_suite;
extern struct kunit_suite spcpu_index_suite;
extern struct kunit_suite spcpu_class_suite;
extern struct kunit_suite spcpu_finder_suite;
extern struct kunit_suite spcpu_first_chunk_suite;
extern struct kunit_suite spcpu_core_suite;
extern struct kunit_suite spcpu_engine_core_suite;
extern struct kunit_suite spcpu_span_suite;
extern struct kunit_suite spcpu_cache_suite;
extern struct kunit_suite spcpu_drain_suite;
extern struct kunit_suite spcpu_bulk_suite;
extern struct kunit_suite spcpu_prefill_suite;
extern struct kunit_suite spcpu_api_suite;
extern struct kunit_suite spcpu_dropin_suite;
extern struct kunit_suite spcpu_native_suite;
extern struct kunit_suite spcpu_section_suite;
extern struct kunit_suite spcpu_bad_input_suite;
extern struct kunit_suite spcpu_view_suite;
extern struct kunit_suite spcpu_dump_suite;
extern struct kunit_suite spcpu_map_suite;
extern struct kunit_suite spcpu_objects_suite;
extern struct kunit_suite spcpu_stats_suite;
extern struct kunit_suite spcpu_tally_suite;
extern struct kunit_suite spcpu_demand_suite;
extern struct kunit_suite spcpu_replay_suite;
extern struct kunit_suite spcpu_fit_suite;
extern struct kunit_suite spcpu_snapshot_suite;
extern struct kunit_suite spcpu_recording_suite;
extern struct kunit_suite spcpu_judge_suite;
extern struct kunit_suite spcpu_follow_suite;
extern struct kunit_suite spcpu_recorder_suite;
extern struct kunit_suite spcpu_native_snapshot_suite;
extern struct kunit_suite spcpu_sequence_suite;
extern struct kunit_suite spcpu_record_suite;
extern struct kunit_suite spcpu_sparse_suite;
extern struct kunit_suite spcpu_sparse_fail_suite;
extern struct kunit_suite spcpu_balance_suite;
extern struct kunit_suite spcpu_thin_suite;
extern struct kunit_suite spcpu_storm_suite;
extern struct kunit_suite spcpu_shrink_suite;
extern struct kunit_suite spcpu_reclaim_suite;
extern struct kunit_suite spcpu_concurrency_suite;
extern struct kunit_suite spcpu_load_suite;
extern struct kunit_suite spcpu_hotplug_suite;
extern struct kunit_suite spcpu_hotplug_init_suite;
extern struct kunit_suite spcpu_hotplug_fail_suite;
extern struct kunit_suite spcpu_hotplug_race_suite;
extern struct kunit_suite spcpu_hotplug_load_suite;
extern struct kunit_suite spcpu_absent_suite;
extern struct kunit_suite spcpu_debug_suite;
extern struct kunit_suite spcpu_watch_suite;
extern struct kunit_suite spcpu_fail_watch_suite;
extern struct kunit_suite spcpu_fail_core_suite;
extern struct kunit_suite spcpu_fail_cache_suite;
extern struct kunit_suite spcpu_fail_hotplug_suite;
extern struct kunit_suite spcpu_fail_show_suite;
extern struct kunit_suite spcpu_fail_dropin_suite;
extern struct kunit_suite spcpu_fail_follow_suite;

#endif /* SPCPU_SUITES_H */

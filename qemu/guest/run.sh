# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make run`: record what this kernel asked of its percpu allocator since it
# booted, and have shadow_percpu carry the same: placed by the core, and then once
# more through the exported calls, with the cache in front of it.

# shellcheck source=qemu/guest/workload.sh
. /workload.sh

record()
{
	echo 0 >/sys/kernel/tracing/tracing_on
	echo 0 >/sys/kernel/tracing/options/hash-ptr
	awk -v totals=/tmp/totals -f /record.awk /sys/kernel/tracing/trace >/tmp/recording
	read -r operations live reserved older lost </tmp/totals
	check recorded "$operations operations, $live objects live at the end" \
		[ "$operations" -gt 1000 ]
	check recorded_all "$lost events lost" [ "$lost" -eq 0 ]
	show "recorded since boot: $operations operations, $live objects live at the end;"
	show "  left out: $older frees of objects older than the recording;"
	show "  as ordinary ones: $reserved allocations from the reserved chunk"
	figure replayed_ops "$operations"
	figure live_objects "$live"
}

# dump NAME LINES: as much of one dump as a screen takes.
dump()
{
	show ""
	show "--- $1"
	awk -v most="$2" '
		NR <= most { print "show " substr($0, 1, 110) }
		END { if (NR > most) print "show ... and " NR - most " lines more" }
	' "$DEBUG/$1" >&3
}

dumps()
{
	show ""
	show "=== $1"
	dump alloc_info 24
	dump slots 26
	dump chunks 24
	dump map 32
	dump stats 24
	for dump in $DUMPS; do
		grep -q . "$DEBUG/$dump" || { fail "dumps_$2" "$dump is empty"; return; }
	done
	pass "dumps_$2" "$DUMPS"
}

replay()
{
	cat /tmp/recording >"$DEBUG/replay"
}

places()
{
	awk -f /places.awk /tmp/recording "$DEBUG/replay" >/tmp/places
	wrong=$(grep -vc '^placed' /tmp/places)
	check placed "$(grep -c '^placed' /tmp/places) of $live live objects have their place" \
		[ "$wrong" -eq 0 ]
	grep -v '^placed' /tmp/places | head -n 5 | sed 's/^/show   /' >&3

	grep '^placed' /tmp/places | sort -k2,2n -k3,3n | awk '
		$2 == chunk && $3 < end {
			print "objects " id " and " $5 " overlap in chunk " $2
		}
		{ chunk = $2; end = $4; id = $5 }
	' >/tmp/overlaps
	check disjoint "$(wc -l </tmp/overlaps) overlaps" [ ! -s /tmp/overlaps ]
	head -n 5 /tmp/overlaps | sed 's/^/show   /' >&3
}

# a client asks for all of it; it frees what is live when it goes.
cached()
{
	load shadow_percpu_pages || return
	cat /tmp/recording >"$DEBUG/../shadow_percpu_pages/shadow"
	show ""
	show "=== the same once more, through the exported calls"
	dump cache 40
	dump map 24
	now=$(stat_of nr_cur_alloc)
	check cached "nr_cur_alloc went from $after to $now" \
		[ $((now - after)) -eq "$live" ]
	rmmod shadow_percpu_pages
	check freed "nr_cur_alloc is $(stat_of nr_cur_alloc) again" \
		[ "$(stat_of nr_cur_alloc)" -eq "$after" ]
}

sample()
{
	load shadow_percpu_sample || return
	dmesg | grep 'shadow_percpu_sample: ' | tail -n 1 >/tmp/sample
	rmmod shadow_percpu_sample
	show ""
	show "$(cat /tmp/sample)"
	grep -q 'shadow_percpu_sample: PASS' /tmp/sample
}

workload >/tmp/workload 2>&1
check workload "$(head -n 1 /tmp/workload)" [ ! -s /tmp/workload ]
record

if load shadow_percpu; then
	pass load "$(dmesg | grep 'shadow_percpu: ' | tail -n 1)"
	dumps "before the replay" before
	before=$(stat_of nr_cur_alloc)
	check replay "$operations lines" replay
	places
	after=$(stat_of nr_cur_alloc)
	check counted "nr_cur_alloc went from $before to $after" \
		[ $((after - before)) -eq "$live" ]
	figure chunks "$(stat_of nr_chunks)"
	dumps "after the replay" after
	cached
	check sample "an ordinary client of the module" sample
	check unload "rmmod" rmmod shadow_percpu
else
	fail load "$(dmesg | tail -n 1)"
fi
check nothing_left "no debugfs folder, none of our modules" nothing_left
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

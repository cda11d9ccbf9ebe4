# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make check`: the KUnit suites, for kunit.py. Before 6.12 nobody prints KTAP's
# header and plan for a module's suites, and kunit.py would then pass whatever
# it finds; so they are printed here.

KMEMLEAK=/sys/kernel/debug/kmemleak
KCSAN=/sys/kernel/debug/kcsan

# ranges: numbers, a line each, in order, as a list of ranges.
ranges()
{
	awk '
		$1 != last + 1 || NR == 1 {
			if (NR > 1)
				printf "%s,", first == last ? last : first "-" last
			first = $1
		}
		{ last = $1 }
		END { print first == last ? last : first "-" last }'
}

# present NODE: its CPUs, those that are there.
present()
{
	for cpu in "/sys/devices/system/node/node$1"/cpu[0-9]*; do
		echo "${cpu##*/cpu}"
	done | sort -n | ranges
}

# planned NODE: its CPUs as the firmware has them, absent ones included; only
# for several nodes. Here the APIC's number is the CPU's.
planned()
{
	for apic in $(dmesg | sed -n "s/.*SRAT: PXM $1 -> APIC \(0x[0-9a-f]*\) .*/\1/p"); do
		echo $((apic))
	done | sort -n | ranges
}

# by_node present|planned: that for each node.
by_node()
{
	for node in /sys/devices/system/node/node*; do
		"$1" "${node##*/node}"
	done | paste -sd :
}

# machine: does this guest have the CPUs and nodes it is meant to have?
# spcpu_cpus is POSSIBLE/ONLINE/CPUS PRESENT/CPUS PLANNED, by node.
machine()
{
	cpu=/sys/devices/system/cpu
	is=$(cat $cpu/possible)/$(cat $cpu/online)/$(by_node present)/$(by_node planned)
	check machine "$is" [ "$is" = "${spcpu_cpus:-}" ]
}

# failures: tests make allocations fail, in their own task, whatever they are for;
# the kernel says nothing of it
failures()
{
	for attr in /sys/kernel/debug/failslab /sys/kernel/debug/fail_page_alloc; do
		echo 100 >$attr/probability
		echo -1 >$attr/times
		echo 1 >$attr/task-filter
		echo 0 >$attr/verbose
		echo 0 >$attr/ignore-gfp-wait
	done
	echo 0 >/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}

suites()
{
	insmod /modules/kunit.ko
	# the test module has page-aligned static variables: 8192 is too small
	check load "insmod" load shadow_percpu reserved_size=16384 "backing=${spcpu_backing:-vmap}" "cache=${spcpu_cache:-Y}"
	check cache "cache=${spcpu_cache:-Y}" grep -q "${spcpu_cache:-Y}" /sys/module/shadow_percpu/parameters/cache
	check engine "engine=${spcpu_engine:-bitmap}" grep -qx "${spcpu_engine:-bitmap}" /sys/module/shadow_percpu/parameters/engine
	echo '<6>KTAP version 1' >/dev/kmsg # one record a write
	echo "<6>1..${spcpu_suites:-0}" >/dev/kmsg
	check test_load "insmod" load shadow_percpu_test
	check test_unload "rmmod" rmmod shadow_percpu_test
	check unload "rmmod" rmmod shadow_percpu
	check nothing_left "no debugfs folder, none of our modules" nothing_left
}

# watch: what this kernel was booted for is there, and is on.
watch()
{
	check panic_on_warn "$(cat /proc/sys/kernel/panic_on_warn)" \
		grep -qx 1 /proc/sys/kernel/panic_on_warn
	case $spcpu_watch in
	kasan)
		check kasan "$(dmesg | grep KernelAddressSanitizer)" \
			sh -c "dmesg | grep -q 'kasan: KernelAddressSanitizer initialized'"
		;;
	kcsan)
		echo on >$KCSAN
		check kcsan "$(grep enabled $KCSAN)" grep -qx "enabled: 1" $KCSAN
		;;
	esac
}

# leaks: what kmemleak finds once all of ours is gone. It passes over what is younger
# than 5 s, and believes what it sees at a second look.
leaks()
{
	sleep 6
	if ! echo scan >$KMEMLEAK || ! sleep 1 || ! echo scan >$KMEMLEAK; then
		fail kmemleak "it could not be asked"
		return
	fi
	cat $KMEMLEAK >/tmp/kmemleak
	while read -r line; do
		show "kmemleak: $line"
	done </tmp/kmemleak
	check kmemleak "$(grep -c 'unreferenced object' /tmp/kmemleak) leaks" [ ! -s /tmp/kmemleak ]
}

# counted NAME: one of KCSAN's counters
counted()
{
	awk -v name="$1:" '$1 == name { print $2 }' $KCSAN
}

# races: KCSAN has looked, and found nothing.
races()
{
	check races "$(counted data_races) found, looked $(counted setup_watchpoints) times" \
		[ "$(counted data_races)" -eq 0 -a "$(counted setup_watchpoints)" -gt 0 ]
}

machine
[ -z "${spcpu_watch:-}" ] || watch
failures
suites
if [ -n "${spcpu_module:-}" ]; then
	# shellcheck source=qemu/guest/module.sh
	. /module.sh
	# shellcheck source=qemu/guest/mistakes.sh
	. /mistakes.sh
fi
[ "${spcpu_watch:-}" != kasan ] || leaks
[ "${spcpu_watch:-}" != kcsan ] || races
[ -z "${spcpu_module:-}" ] || writes_to_absent

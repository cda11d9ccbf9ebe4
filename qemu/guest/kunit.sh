# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make check`: the KUnit suites, for kunit.py. Before 6.12 nobody prints KTAP's
# header and plan for a module's suites, and kunit.py would then pass whatever
# it finds; so they are printed here.

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

machine
suites
if [ -n "${spcpu_module:-}" ]; then
	# shellcheck source=qemu/guest/module.sh
	. /module.sh
	# shellcheck source=qemu/guest/mistakes.sh
	. /mistakes.sh
fi

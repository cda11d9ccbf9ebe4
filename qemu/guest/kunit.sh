# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make check`: the KUnit suites, for kunit.py. Before 6.12 nobody prints KTAP's
# header and plan for a module's suites, and kunit.py would then pass whatever
# it finds; so they are printed here.

# cpus_of NODE: its CPUs as a list of ranges, offline ones included (`cpulist`
# has only those online).
cpus_of()
{
	for cpu in "$1"/cpu[0-9]*; do
		echo "${cpu##*/cpu}"
	done | sort -n | awk '
		$1 != last + 1 || NR == 1 {
			if (NR > 1)
				printf "%s,", first == last ? last : first "-" last
			first = $1
		}
		{ last = $1 }
		END { print first == last ? last : first "-" last }'
}

# machine: does this guest have the CPUs and nodes it is meant to have?
# spcpu_cpus is POSSIBLE/ONLINE/CPUS OF NODE 0:CPUS OF NODE 1...
machine()
{
	cpu=/sys/devices/system/cpu
	nodes=$(for node in /sys/devices/system/node/node*; do cpus_of "$node"; done |
		paste -sd :)
	is=$(cat $cpu/possible)/$(cat $cpu/online)/$nodes
	check machine "$is" [ "$is" = "${spcpu_cpus:-}" ]
}

suites()
{
	insmod /modules/kunit.ko
	# the test module has page-aligned static variables: 8192 is too small
	check load "insmod" load shadow_percpu reserved_size=16384
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
fi

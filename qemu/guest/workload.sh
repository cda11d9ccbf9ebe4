# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What makes a kernel use its percpu allocator: memory cgroups, mounts, network
# interfaces. Most are removed again, the last few stay.

workload_cgroups()
{
	mkdir -p /tmp/cgroup
	mount -t cgroup2 cgroup2 /tmp/cgroup || return
	sed 's/[a-z]*/+&/g' /tmp/cgroup/cgroup.controllers \
		>/tmp/cgroup/cgroup.subtree_control
	cd /tmp/cgroup || return
	seq "$1" | xargs mkdir
	seq 4 "$1" | xargs rmdir
	cd /
}

workload_mounts()
{
	mkdir -p /tmp/mounts
	cd /tmp/mounts || return
	seq "$1" | xargs mkdir
	for i in $(seq "$1"); do
		mount -t tmpfs tmpfs "$i"
	done
	seq 4 "$1" | xargs umount
	cd /
}

workload_interfaces()
{
	load dummy
	load veth
	for i in $(seq "$1"); do
		ip link add "d$i" type dummy
		ip link add "v$i" type veth
		ip link set "d$i" up
	done
	for i in $(seq 4 "$1"); do
		ip link del "d$i"
		ip link del "v$i"
	done
}

workload()
{
	workload_cgroups 50
	workload_mounts 30
	workload_interfaces 10
}

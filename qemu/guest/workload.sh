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
	for i in $(seq "$1"); do
		mkdir "/tmp/cgroup/c$i"
	done
	for i in $(seq 4 "$1"); do
		rmdir "/tmp/cgroup/c$i"
	done
}

workload_mounts()
{
	for i in $(seq "$1"); do
		mkdir "/tmp/m$i"
		mount -t tmpfs tmpfs "/tmp/m$i"
	done
	for i in $(seq 4 "$1"); do
		umount "/tmp/m$i"
	done
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

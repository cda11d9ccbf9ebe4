# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Streams for `make mirror`: what makes a kernel use its percpu allocator, over
# and over. What they need is loaded before, and what stays is of no matter.

# shellcheck source=qemu/guest/workload.sh
. /workload.sh

# --- boot: what a system's start does, from its first process on

# disk FILE: make a file system in a file, and mount it.
disk()
{
	loop=$(losetup -f) &&
		truncate -s 4M "$1" &&
		losetup "$loop" "$1" &&
		mke2fs "$loop" >/dev/null &&
		mkdir -p "$1.dir" &&
		mount -t ext2 "$loop" "$1.dir"
}

boot_mounts()
{
	for fs in devpts mqueue hugetlbfs securityfs pstore bpf configfs fusectl; do
		grep -qw "$fs" /proc/filesystems || continue
		mkdir -p "/tmp/boot/$fs"
		mount -t "$fs" "$fs" "/tmp/boot/$fs"
	done
	for dir in run shm lock user; do
		mkdir -p "/tmp/boot/$dir"
		mount -t tmpfs tmpfs "/tmp/boot/$dir"
	done
}

# services: a group with a process for each, as systemd has them
boot_services()
{
	workload_cgroups 30
	for i in 1 2 3; do
		sh -c 'echo $$ >"/tmp/cgroup/$1/cgroup.procs" && exec sleep 1' sh $i &
	done
	wait $!
}

stream_boot()
{
	boot_mounts
	boot_services
	has_module loop || return 0
	for module in loop llc stp bridge x_tables ip_tables iptable_filter; do
		load $module || return
	done
	ip link set lo up &&
		ip link add br0 type bridge &&
		ip link set br0 up &&
		disk /tmp/boot/disk
}

# --- cgroups: groups come and go, from as many shells as there are CPUs

# groups ID ROUNDS: groups in groups, too, all of them gone at the end.
groups()
{
	base=/sys/fs/cgroup/storm$1
	mkdir "$base" && echo "$CONTROLLERS" >"$base/cgroup.subtree_control" || return
	for round in $(seq "$2"); do
		for i in $(seq $((1 + round % 7 * 4))); do
			mkdir -p "$base/$i/below" || return
		done
		sh -c 'echo $$ >"$1/cgroup.procs"' sh "$base/1/below" || return
		find "$base" -mindepth 1 -depth -type d -exec rmdir {} + || return
	done
	rmdir "$base"
}

stream_cgroups()
{
	mount -t cgroup2 cgroup2 /sys/fs/cgroup || return
	CONTROLLERS=$(sed 's/[a-z]*/+&/g' /sys/fs/cgroup/cgroup.controllers)
	echo "$CONTROLLERS" >/sys/fs/cgroup/cgroup.subtree_control || return
	on_each_cpu groups "$ROUNDS"
	status=$?
	umount /sys/fs/cgroup
	return $status
}

# --- mounts

# mounts ID ROUNDS
mounts()
{
	for round in $(seq "$2"); do
		for i in $(seq $((1 + round % 5 * 8))); do
			mkdir -p "/tmp/mounts/$1/$i" || return
			mount -t tmpfs tmpfs "/tmp/mounts/$1/$i" || return
		done
		mount -t proc proc "/tmp/mounts/$1/1" || return
		umount "/tmp/mounts/$1/1" "/tmp/mounts/$1"/* || return
		rmdir "/tmp/mounts/$1"/* || return
	done
}

stream_mounts()
{
	on_each_cpu mounts "$ROUNDS"
}

# --- netns: network namespaces with interfaces

in_namespace()
{
	ip link set lo up &&
		ip link add d0 type dummy &&
		ip link add v0 type veth &&
		ip link set v0 up &&
		ip address add 10.0.0.1/24 dev v0
}

# namespaces ID ROUNDS: a few at a time, each gone with its process
namespaces()
{
	for _ in $(seq "$2"); do
		unshare -n sh -c '. /lib.sh; . /streams.sh; in_namespace && sleep 0.2' &
		unshare -n sh -c '. /lib.sh; . /streams.sh; in_namespace' || return
		wait $! || return
	done
}

stream_netns()
{
	load dummy && load veth || return
	on_each_cpu namespaces "$ROUNDS"
	status=$?
	rmmod dummy && rmmod veth && return $status
}

# --- modules: those of the system, and one whose objects come and go with it

stream_modules()
{
	for _ in $(seq "$ROUNDS"); do
		for module in shadow_percpu_sample dummy veth; do
			has_module $module || continue
			load $module && rmmod $module || return
		done
		load shadow_percpu_stream ops=200 live=50 &&
			rmmod shadow_percpu_stream || return
	done
}

# --- stress: allocations and frees at random, by the client module

# client PARAMETER...: it stays loaded, so that its objects stay.
client()
{
	load shadow_percpu_stream "threads=$NR_CPUS" "$@" || return
	dmesg | sed -n 's/.*shadow_percpu_stream: //p' | tail -n 1 >/tmp/client
	cat /tmp/client
	grep -q ': PASS: ' /tmp/client
}

stream_stress()
{
	client "ops=$OPS" "live=$LIVE" seed=1
}

stream_stress_atomic()
{
	client "ops=$OPS" "live=$LIVE" seed=2 atomic=30 irq=1
}

stream_pairs()
{
	client pairs=5000
}

# --- what they share

has_module()
{
	[ -e "/modules/$1.ko" ]
}

# on_each_cpu COMMAND ROUNDS: as many of it as there are CPUs, with an ID each.
on_each_cpu()
{
	pids=
	for id in $(seq "$NR_CPUS"); do
		"$1" "$id" "$2" &
		pids="$pids $!"
	done
	status=0
	for pid in $pids; do
		wait "$pid" || status=1
	done
	return $status
}

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make walk`: the commands of Documentation/walk.rst, and what comes of them. They leave
# by the third serial port, part by part, as one would see them at a prompt.

OUT=/dev/ttyS2
CPU=/sys/devices/system/cpu
GROUP=/tmp/cgroup/walk

# part NAME COMMAND...: each command is a word, as it is typed
part()
{
	echo "--- $1"
	shift
	for command; do
		echo "# $command"
		sh -c "$command" 2>&1
	done
}

boot_lines()
{
	echo "--- boot"
	dmesg | sed 's/^\[[^]]*\] *//' | grep -E '^(percpu: Embedded|pcpu-alloc:)'
}

# rows NAME...: of the section of `stats` about pages
rows()
{
	echo "grep -E '^  ($(echo "$*" | tr ' ' '|')) ' stats"
}

# as it is by default, but for CPUs that keep objects: what is shown is the core
shape()
{
	boot_lines
	part chunk "cat alloc_info"
	part slots "grep -v ' 0\$' slots"
	part empty "cat chunks"
	part ask "printf 'a 1 64 64\na 2 100 8\na 3 4 4\n' > replay" "cat replay"
	part hints "sed -n '/first,/,\$p' chunks"
	part map "sed -n '/^chunk 1/,\$p' map"
	part free "echo f 2 > replay" "sed -n '/first,/,\$p' chunks"
	part grow "echo a 4 32768 4 > replay" "tail -n 1 replay" "grep -v ' 0\$' slots"
	load shadow_percpu_arithmetic || return
	part pointers "cat ${DEBUG}_arithmetic"
	rmmod shadow_percpu_arithmetic
}

# the worker gives back what nothing was allocated from for a while
settle()
{
	for _ in $(seq 60); do
		[ "$(stat_of populated)" -gt 20 ] || return 0
		sleep 1
	done
}

# pages when they are needed, for CPUs that are there
pages()
{
	part sparse "grep backing alloc_info" "grep '^ .*0x' alloc_info" \
		"$(rows populated empty backed_cpus pages va_pages)"
	part populate "echo a 1 32768 4 > replay" "$(rows populated empty backed_cpus pages)" \
		"sed -n '/^chunk 2/,\$p' map"
	part burst "seq 2 41 | sed 's/.*/a & 16384 8/' > replay" \
		"$(rows populated empty pages)"
	part freed "seq 2 41 | sed 's/.*/f &/' > replay"
	settle
	part balance "$(rows populated empty pages)" "sed -n '/^chunk 2/,\$p' map"
	part absent "cat $CPU/online" "$(rows backed_cpus pages)"
	part online "echo 1 > $CPU/cpu3/online" "$(rows backed_cpus pages)"
}

charged()
{
	awk '$1 == "kernel" { print $2 }' $GROUP/memory.stat
}

# what is charged to a group beside the pages is the shell's doing
account()
{
	mkdir -p /tmp/cgroup
	mount -t cgroup2 none /tmp/cgroup
	echo +memory >/tmp/cgroup/cgroup.subtree_control
	mkdir $GROUP
	echo 0 >$GROUP/cgroup.procs
	before=$(charged)
	part memcg "echo a 90 16384 8 account > replay" "grep -A 1 accounted chunks"
	after=$(charged)
	echo 0 >/tmp/cgroup/cgroup.procs
	echo "--- charged"
	echo "$((after - before)) bytes more are charged to the group"
}

walk()
{
	load shadow_percpu cache=0 || return
	cd "$DEBUG" || return
	shape
	echo "--- parameters"
	grep -s '' /sys/module/shadow_percpu/parameters/* | sed 's,.*/,,'
	cd /
	rmmod shadow_percpu
	load shadow_percpu cache=0 backing=sparse hotplug=online || return
	cd "$DEBUG" || return
	pages
	account
	cd /
	rmmod shadow_percpu
}

send()
{
	stty -F $OUT raw && cat /tmp/transcript >$OUT
}

walk >/tmp/transcript 2>&1
check walked "$(grep -c '^--- ' /tmp/transcript) parts" grep -q '^--- charged' /tmp/transcript
check sent "$(wc -c </tmp/transcript) bytes" send
check nothing_left "no debugfs folder, none of our modules" nothing_left
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

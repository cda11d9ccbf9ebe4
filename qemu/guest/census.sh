# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make census`: record what a system asks of its percpu allocator from the first
# process on, through what makes it ask for most. The recording leaves by the third
# serial port.

# shellcheck source=qemu/guest/streams.sh
. /streams.sh

NR_CPUS=$(grep -c '^processor' /proc/cpuinfo)
OUT=/dev/ttyS2

# work: groups, mounts, interfaces, of which a few stay; then network namespaces,
# which come and go with all that is in them.
work()
{
	boot_mounts && workload && on_each_cpu namespaces 5
}

# record COMMAND: with all that happened in /tmp/recording
record()
{
	echo start >"$DEBUG/record" || return
	cat "$DEBUG/record" >/tmp/recording &
	reader=$!
	"$1" >/tmp/work 2>&1
	status=$?
	echo stop >"$DEBUG/record" && wait $reader && return $status
}

if load shadow_percpu snapshot=1; then
	check recorded "$(tail -n 1 /tmp/work 2>/dev/null)" record work
	show "$(tail -n 1 /tmp/recording | awk '{ print $2 " events, " $3 " lost" }')"
	check unload "$(ours)" rmmod shadow_percpu
	stty -F $OUT raw
	check sent "$(wc -c </tmp/recording) bytes" sh -c "cat /tmp/recording >$OUT"
else
	fail load "$(dmesg | grep 'shadow_percpu: ' | tail -n 1)"
fi
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make mirror`: the shadow follows the kernel's own percpu allocator through one
# stream after another. spcpu_streams names them, separated by commas (see
# streams.sh). These may be set, too:
#   spcpu_ops, spcpu_live          operations and objects of random streams
#   spcpu_rounds                   of cgroups, mounts, netns and modules
#   spcpu_do                       follow, or keep: record, and send that by the
#                                  third serial port

# shellcheck source=qemu/guest/streams.sh
. /streams.sh

OPS=${spcpu_ops:-120000}
LIVE=${spcpu_live:-2000}
ROUNDS=${spcpu_rounds:-20}
NR_CPUS=$(grep -c '^processor' /proc/cpuinfo)

# KB for each CPU: room for most of a stream, if the worker hardly ever runs
RING=$((65536 / NR_CPUS))

# value NAME: of a line of the report
value()
{
	sed -n "s/^$1: *//p" /tmp/report | head -n 1
}

# report STREAM: the figures, and what goes with the first mismatch
report()
{
	cat "$DEBUG/mirror" >/tmp/report
	sed 's/^/show   /' /tmp/report >&3
	for name in allocs frees fails identical wrong undecidable lost bad served healed; do
		figure "$1.$name" "$(value $name)"
	done
	case $(value maps_equal) in
	yes) figure "$1.maps_equal" 1 ;;
	no) figure "$1.maps_equal" 0 ;;
	esac
}

# start FILE STREAM, stop FILE STREAM: from a snapshot to another one
start()
{
	show "$2:"
	check "$2:start" "" sh -c "echo start $RING >$DEBUG/$1"
}

stop()
{
	check "$2:stop" "" sh -c "echo stop >$DEBUG/$1"
}

run()
{
	if "stream_$1" >/tmp/said 2>&1; then
		pass "$1" "$(tail -n 1 /tmp/said)"
	else
		fail "$1" "$(tail -n 1 /tmp/said)"
	fi
}

# follow STREAM: hold the shadow's decisions against the kernel's.
follow()
{
	start mirror "$1"
	run "$1"
	stop mirror "$1"
	report "$1"
	rmmod shadow_percpu_stream 2>/dev/null
}

# keep STREAM: its recording
keep()
{
	start record "$1"
	cat "$DEBUG/record" >/tmp/recording &
	run "$1"
	stop record "$1"
	wait $!
	stty -F /dev/ttyS2 raw
	cat /tmp/recording >/dev/ttyS2
	rmmod shadow_percpu_stream 2>/dev/null
}

# time_pairs NAME: a batch, and many pairs at once, in nanoseconds
time_pairs()
{
	stream_pairs >/tmp/said || fail "pairs:$1" "$(tail -n 1 /tmp/said)"
	show "  $1: $(cat /tmp/said)"
	figure "pairs.$1" "$(sed -n 's/.* median \([0-9]*\) ns.*/\1/p' /tmp/said)"
	figure "pairs.$1_at_once" "$(sed -n 's/.* at once \([0-9]*\) ns.*/\1/p' /tmp/said)"
	rmmod shadow_percpu_stream
}

# overhead: what a pair takes while nobody follows, while the shadow does, and when
# it no longer does. One nanosecond of this guest is one instruction.
overhead()
{
	time_pairs off
	start mirror pairs
	time_pairs on
	stop mirror pairs
	report pairs
	time_pairs off_again
}

figure cpus "$NR_CPUS"
if load shadow_percpu snapshot=1; then
	for stream in $(echo "${spcpu_streams:-}" | tr , ' '); do
		case $stream in
		overhead) overhead ;;
		*) "${spcpu_do:-follow}" "$stream" ;;
		esac
	done
	check unload "$(ours | paste -sd ' ')" rmmod shadow_percpu
else
	fail load "$(dmesg | grep 'shadow_percpu: ' | tail -n 1)"
fi
check nothing_left "no debugfs folder, none of our modules" nothing_left
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

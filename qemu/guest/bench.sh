# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make bench`: what calls take, of the shadow and of the kernel's own allocator, in
# one guest. spcpu_cases names what to measure, separated by commas: clock, pairs,
# cold, live, bulk, chunk, hold, threads. These may be set, too:
#   spcpu_backing        parameter of the module
#   spcpu_sizes          of objects in pairs and cold, separated by commas

BACKING=${spcpu_backing:-vmap}
TRACE=/sys/kernel/tracing

# measure TEST [PARAMETER...]: load the client module, which logs figures. It stays.
measure()
{
	case=$1
	shift
	if ! load shadow_percpu_bench "test=$case" "$@"; then
		fail "$case" "$(dmesg | grep shadow_percpu | tail -n 1)"
		return 1
	fi
	dmesg | sed -n 's/.*shadow_percpu_bench: figure /figure /p' >/tmp/figures
	tail -n "+$((${said:-0} + 1))" /tmp/figures >&3
	said=$(wc -l </tmp/figures)
	pass "$case"
}

end()
{
	rmmod shadow_percpu_bench
}

# took COMMAND...: microseconds, into $us
took()
{
	echo >$TRACE/trace
	echo begin >$TRACE/trace_marker
	"$@" >/dev/null
	status=$?
	echo end >$TRACE/trace_marker
	us=$(awk '/tracing_mark_write: begin$/ { begin = substr($0, index($0, "] ")) }
		/tracing_mark_write: end$/ { end = substr($0, index($0, "] ")) }
		END {
			split(begin, b, / +/)
			split(end, e, / +/)
			printf "%d", (e[3] - b[3]) * 1000000
		}' $TRACE/trace)
	return $status
}

# kernel_pages, shadow_pages: that either has now
kernel_pages()
{
	awk '/^Percpu:/ { print $2 / 4 }' /proc/meminfo
}

shadow_pages()
{
	stat_of pages
}

# hold_of ALLOCATOR PARAMETER [COMMAND]: pages that all the objects of the test take
hold_of()
{
	before=$("$1_pages")
	measure hold "kernel=$2" || return
	figure "hold.pages.$1" $(($("$1_pages") - before))
	${3:-true}
	end
}

# dumps: what it takes to read each
dumps()
{
	for dump in $DUMPS; do
		took cat "$DEBUG/$dump"
		figure "dump.$dump" "$us"
	done
}

hold()
{
	hold_of kernel 1
	hold_of shadow 0 dumps
}

# CPUs that may come; they are numbered in a row
possible()
{
	echo $(($(sed 's/.*-//' /sys/devices/system/cpu/possible) + 1))
}

figure cpus "$(possible)"
took cat /dev/null
figure nothing "$us"
if took load shadow_percpu "backing=$BACKING"; then
	figure insmod "$us"
	for case in $(echo "${spcpu_cases:-}" | tr , ' '); do
		case $case in
		pairs | cold) measure "$case" ${spcpu_sizes:+"sizes=$spcpu_sizes"} && end ;;
		clock | live | bulk | chunk | threads) measure "$case" && end ;;
		hold) hold ;;
		*) fail case "there is no $case" ;;
		esac
	done
	check unload "$(ours | paste -sd ' ')" rmmod shadow_percpu
else
	fail load "$(dmesg | grep 'shadow_percpu: ' | tail -n 1)"
fi
check nothing_left "no debugfs folder, none of our modules" nothing_left
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

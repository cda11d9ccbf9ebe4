# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make memory`: what the shadow's pages, and those of the kernel's own allocator,
# do in one guest. spcpu_cases names what to measure, separated by commas. These
# may be set too, for a shorter run, which then fails for being one:
#   spcpu_groups, spcpu_cycles     how many groups, how many times off and on
#   spcpu_backing, spcpu_hotplug   parameters of the module

MEMORY=/sys/module/shadow_percpu_memory/parameters
SEED=1
BACKING=${spcpu_backing:-sparse}
HOTPLUG=${spcpu_hotplug:-online}

# client PARAMETER...: load the client module.
client()
{
	load shadow_percpu_memory seed=$SEED "$@"
}

# result NAME: the line that the client module logged last about one test.
result()
{
	dmesg | sed -n "s/.*shadow_percpu_memory: \($1: .*\)/\1/p" | tail -n 1
}

# number TEST WORD: the number after a word in that line.
number()
{
	result "$1" | sed -n "s/.* $2 \([0-9]\{1,\}\).*/\1/p"
}

# passes NAME CHECK: the client module logged that one test passed.
passes()
{
	line=$(result "$1")
	show "  ${line:-$1: no result in the log}"
	check "$2" "$line" [ "${line#"$1": PASS: }" != "$line" ]
}

# with PARAMETER... -- CASE: load the module, do CASE, unload; nothing may be left.
with()
{
	set_up=
	while [ "$1" != -- ]; do
		set_up="$set_up $1"
		shift
	done
	shift
	show "$*, shadow_percpu$set_up:"
	# shellcheck disable=SC2086 # words
	if ! load shadow_percpu $set_up; then
		fail "$1_load" "$(dmesg | grep 'shadow_percpu: ' | tail -n 1)"
		return
	fi
	"$@"
	check "$1_unload" "$(ours | paste -sd ' ')" rmmod shadow_percpu
	nothing_left || fail "$1_unload" "something is left of it"
}

# Pages that either allocator has now.
kernel_pages()
{
	awk '/^Percpu:/ { print $2 / 4 }' /proc/meminfo
}

shadow_pages()
{
	row pages
}

# row NAME: that of the dump `stats`; one that is missing is 0, which is no good.
row()
{
	value=$(stat_of "$1")
	echo "${value:-0}"
}

# Workers of both allocators may still have something to do.
settle()
{
	usleep 300000
}

# milliseconds since boot
now()
{
	awk '{ print int($1 * 1000) }' /proc/uptime
}

# --- absent CPUs

# absent ALLOCATOR: what the objects took.
absent()
{
	settle
	before=$("$1_pages")
	if ! client test=absent "allocator=$1"; then
		fail "absent_$1" "$(dmesg | tail -n 1)"
		return
	fi
	settle
	after=$("$1_pages")
	passes absent "absent_$1"
	rmmod shadow_percpu_memory
	show "  $1: $((after - before)) pages"
	figure "absent_cpus.$1_pages" $((after - before))
}

absent_cpus()
{
	cpu=/sys/devices/system/cpu
	show "  CPUs: possible $(cat $cpu/possible), online $(cat $cpu/online)"
	absent kernel
	absent shadow
}

# --- dying cgroups

# asked FILE: sizes and alignments that the kernel asked for since last time.
asked()
{
	awk '/ percpu_alloc_percpu: / {
		size = align = ""
		for (i = 1; i <= NF; i++) {
			if ($i ~ /^size=/)
				size = substr($i, 6)
			if ($i ~ /^align=/)
				align = substr($i, 7)
		}
		print size, align
	}' /sys/kernel/tracing/trace >"$1"
	echo >/sys/kernel/tracing/trace
}

# record: what a new cgroup takes, into /tmp/group, a line an object. Of several,
# so that what only the first one needs is not taken for a part of each.
record()
{
	mkdir -p /tmp/cgroup
	mount -t cgroup2 cgroup2 /tmp/cgroup || return
	sed 's/[a-z]*/+&/g' /tmp/cgroup/cgroup.controllers \
		>/tmp/cgroup/cgroup.subtree_control
	echo 1 >/sys/kernel/tracing/events/percpu/percpu_alloc_percpu/enable
	echo >/sys/kernel/tracing/trace
	for i in 1 2 3; do
		mkdir "/tmp/cgroup/$i" && asked "/tmp/asked.$i"
	done
	echo 0 >/sys/kernel/tracing/events/percpu/percpu_alloc_percpu/enable
	rmdir /tmp/cgroup/[123]
	mv /tmp/asked.3 /tmp/group
	[ -s /tmp/group ] && cmp -s /tmp/group /tmp/asked.2
}

# field N: that of all lines of /tmp/group, separated by commas.
field()
{
	cut -d ' ' -f "$1" /tmp/group | paste -sd ,
}

# watch ALLOCATOR PEAK: for 2 s, how many pages it has. Leaves the last number in
# $pages, and in $took when it was first down to what the goal allows.
watch()
{
	start=$(now)
	pages=$2
	took=
	while :; do
		seen=$("$1_pages")
		ms=$(($(now) - start))
		[ $ms -le 2000 ] || break
		pages=$seen
		if [ -z "$took" ] && [ $((pages * 10)) -le $(($2 * 3)) ]; then
			took=$ms
		fi
		usleep 100000
	done
}

# dying ALLOCATOR
dying()
{
	begin=$(now)
	if ! client test=dying "allocator=$1" "groups=${spcpu_groups:-11000}" \
		"sizes=$(field 1)" "aligns=$(field 2)"; then
		fail "dying_$1" "$(dmesg | tail -n 1)"
		return
	fi
	peak=$("$1_pages")
	made=$(now)
	echo 1 >$MEMORY/next
	freed=$(now)
	watch "$1" "$peak"
	rmmod shadow_percpu_memory
	passes dying "dying_$1"
	show "  $1: making took $((made - begin)) ms, freeing $((freed - made)) ms;" \
		"$peak pages at the peak, $pages 2 s after the last free;" \
		"70 % were back after ${took:-more than 2000} ms"
	if [ "$1" = shadow ]; then
		figure dying_groups.peak_pages "$peak"
		figure dying_groups.after_pages "$pages"
	fi
}

dying_groups()
{
	if ! record; then
		fail dying_recorded "the kernel did not ask for the same with each new cgroup"
		return
	fi
	pass dying_recorded "$(wc -l </tmp/group) objects a cgroup"
	show "  a cgroup takes objects of $(field 1) bytes, aligned to $(field 2)"
	show "  of each 11 groups a random one stays; seed $SEED"
	dying kernel
	dying shadow
	groups=$(number dying made)
	check dying_all "$groups groups of 11000" [ "${groups:-0}" -ge 11000 ]
}

# --- CPU hotplug

# turn CPU VALUE...: off with 0, on with 1.
turn()
{
	cpu=$1
	shift
	for value; do
		echo "$value" >"/sys/devices/system/cpu/cpu$cpu/online" || return
	done
}

# CPU 3 is off when the module comes, so that once a CPU comes that it has not
# seen. CPU 0 cannot go.
hotplug()
{
	begin=$(now)
	if ! client test=hotplug; then
		fail hotplug_start "$(dmesg | tail -n 1)"
		return
	fi
	check hotplug_new "a CPU that was off when the module came" turn 3 1
	cycles=0
	while [ $cycles -lt "${spcpu_cycles:-200}" ]; do
		turn $((1 + cycles % 3)) 0 1 || break
		cycles=$((cycles + 1))
	done
	rmmod shadow_percpu_memory
	passes hotplug hotplug_counts
	show "  $cycles times off and on took $(($(now) - begin)) ms"
	figure hotplug.cycles $cycles
	figure hotplug.lost "$(number hotplug lost)"
}

# --- atomic allocations

# ask NAME PARAMETER...: both allocators.
ask()
{
	name=atomic_$1
	shift
	if ! client test=atomic "$@"; then
		fail "$name" "$(dmesg | tail -n 1)"
		return
	fi
	rmmod shadow_percpu_memory
	passes atomic "$name"
}

# atomic BACKING: the figures are those of sparse, asked once in a millisecond.
# Bursts are more than any reserve can have ready: shown, not judged.
atomic()
{
	show "  once in 1 ms:"
	ask "$1"
	if [ "$1" = "$BACKING" ]; then
		figure atomic.tried "$(number atomic tried)"
		figure atomic.kernel_ok "$(number atomic kernel)"
		figure atomic.shadow_ok "$(number atomic shadow)"
	fi
	show "  125 times at once, each 20 ms:"
	ask "$1_bursts" burst=125 batch=1000 period=20000
}

# --- a chunk on nodes far apart

# grow: objects until there is a chunk more; they stay.
grow()
{
	id=1
	while [ "$(row nr_chunks)" -eq "$1" ]; do
		echo "a $id 32768 4" >"$DEBUG/replay" || return
		id=$((id + 1))
	done
}

# units: how many a chunk has, those without a CPU included.
units()
{
	awk '/^pcpu-alloc: \[/ {
		for (i = 1; i <= NF; i++)
			if ($i ~ /^([0-9]+|-+)$/)
				nr++
	}
	END { print nr + 0 }' "$DEBUG/alloc_info"
}

numa_chunk()
{
	span=$(sed -n 's/.* span=\([0-9]*\),.*/\1/p' "$DEBUG/alloc_info")
	nodes=$(grep -c '^Node .* zone .*Normal' /proc/zoneinfo)
	check numa_apart "$nodes nodes, a chunk spans $((span >> 20)) MB" \
		[ "$nodes" -eq 2 -a $((span >> 30)) -ge 3 ]
	settle
	chunks=$(row nr_chunks)
	va=$(row va_pages)
	check numa_grow "a chunk more" grow "$chunks"
	settle
	chunks=$(($(row nr_chunks) - chunks))
	va=$(($(row va_pages) - va))
	show "  a chunk spans $((span >> 20)) MB; $chunks chunks made, $va pages of addresses"
	figure numa_chunk.reserve_ns "$(row reserve_ns)"
	[ $chunks -eq 0 ] || figure numa_chunk.va_pages $((va / chunks))
	figure numa_chunk.unit_pages_total $(($(units) * $(row unit_size) / 4096))
}

for case in $(echo "${spcpu_cases:-}" | tr , ' '); do
	case $case in
	absent_cpus)
		with "backing=$BACKING" "hotplug=$HOTPLUG" -- absent_cpus
		;;
	dying_groups)
		with "backing=$BACKING" -- dying_groups
		;;
	hotplug)
		turn 3 0
		with "backing=$BACKING" "hotplug=$HOTPLUG" -- hotplug
		;;
	atomic)
		with backing=vmap -- atomic vmap
		with "backing=$BACKING" -- atomic "$BACKING"
		;;
	numa_chunk)
		with "backing=$BACKING" -- numa_chunk
		;;
	*)
		fail case "there is no $case"
		;;
	esac
done
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

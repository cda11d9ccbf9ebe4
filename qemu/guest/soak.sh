# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make soak`: load the module and a client with a mixed load, take CPUs away and bring
# them back, read every dump meanwhile, unload both; and again, with other parameters,
# spcpu_cycles times. All that is random comes from spcpu_seed.
#
# After each eighth of the cycles it is counted what is in use, once everything has come
# to rest; scripts/soak_verdict.py compares.

CYCLES=${spcpu_cycles:-1000}
SEED=${spcpu_seed:-1}
STEPS=${spcpu_steps:-600}
SAMPLES=8
LOOKS=5

# below N: a number from 0 to N - 1, into $number
below()
{
	random=$(((random * 1103515245 + 12345) & 0x7fffffff))
	number=$(((random >> 16) % $1))
}

# one WORD...: one of them, into $word
one()
{
	below $#
	shift "$number"
	word=$1
}

# draw: parameters of the module, into $parameters. Stacks of owners stay in the
# kernel's stack depot for good, whoever they were for: those cycles come before the
# first sample.
draw()
{
	one bitmap areamap bestfit
	parameters="engine=$word"
	one vmap sparse
	parameters="$parameters backing=$word"
	if [ "$word" = sparse ]; then
		one all online
		parameters="$parameters hotplug=$word"
	fi
	one 0 1 1
	parameters="$parameters cache=$word"
	one embed page
	parameters="$parameters first_chunk=$word"
	if [ "$cycle" -le "$each" ]; then
		one "" "" owner all
	else
		one "" "" "" redzone poison quarantine redzone,poison,quarantine
	fi
	parameters="$parameters${word:+ debug=$word}"
}

# set_cpu NUMBER 0|1
set_cpu()
{
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

# cpus: one or two go and come back, while others work
cpus()
{
	below 3
	first=$((number + 1))
	set_cpu $first 0 || return
	below 2
	if [ "$number" -eq 0 ]; then
		set_cpu $((first % 3 + 1)) 0 && set_cpu $((first % 3 + 1)) 1 || return
	fi
	set_cpu $first 1
}

# dumps: all that can be read
dumps()
{
	for dump in "$DEBUG"/*; do
		cat "$dump" >/dev/null || return
	done
}

# client: the load, with all that goes on beside it. It goes when it has done what it
# was to do.
client()
{
	below 1000000
	load shadow_percpu_soak "seed=$number" "steps=$STEPS" ${spcpu_leak_pages:+"leak_pages=$spcpu_leak_pages"} \
		${spcpu_leak_objects:+"leak_objects=$spcpu_leak_objects"} || return
	dumps &
	reader=$!
	cpus
	moved=$?
	wait $reader
	reading=$?
	rmmod shadow_percpu_soak && [ $moved -eq 0 ] && [ $reading -eq 0 ]
}

# said: what the client says in the end, if it is good: who may sleep always gets what
# it asks for
said()
{
	dmesg -c >/tmp/dmesg
	grep -q 'shadow_percpu_soak: [1-9][0-9]* objects, .* 0 failed, 0 wrong' /tmp/dmesg
}

# one cycle, with one CPU absent when the module is loaded, now and then
cycle()
{
	draw
	below 4
	away=$number
	[ "$away" -eq 0 ] || set_cpu "$away" 0 || return
	# shellcheck disable=SC2086 # words
	load shadow_percpu $parameters || return
	[ "$away" -eq 0 ] || set_cpu "$away" 1 || return
	client && rmmod shadow_percpu && nothing_left && said
}

# now: /proc/meminfo, and what is on the lists of CPUs, which is free and not counted so;
# by this shell itself, for another process would be among what is counted
now()
{
	echo 1 >/proc/sys/vm/stat_refresh
	now=
	while read -r line; do
		now="$now$line
"
	done </proc/meminfo
	while read -r word line; do
		[ "$word" != count: ] || now="${now}listed: $line
"
	done </proc/zoneinfo
}

# areas: those of vmalloc(), but for stacks of tasks, of which CPUs keep some
areas()
{
	grep -vE 'kernel_clone|dup_task_struct|copy_process|unpurged' /proc/vmallocinfo
}

# rest: caches are dropped, what waits for a grace period is freed, and slabs that are
# cut for a CPU are given back, so that the objects in use are counted one by one
rest()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 6
	echo 3 >/proc/sys/vm/drop_caches
}

# slabs: caches and their objects in use, LOOKS times. A slab that is cut for a CPU
# counts as used up, so these are given back before, and the least of all looks is taken.
slabs()
{
	slabs=
	for _ in $(seq $LOOKS); do
		for cache in /sys/kernel/slab/*/shrink; do
			echo 1 >"$cache"
		done 2>/dev/null
		while read -r cache active line; do
			slabs="$slabs$cache $active
"
		done </proc/slabinfo
	done
}

# least CACHES BUT: objects in use of all caches so named, but for those
least()
{
	echo "$slabs" | awk -v these="^($1)\$" -v but="^($2)\$" '
		$1 ~ these && $1 !~ but && !($1 in nr && nr[$1] < $2) { nr[$1] = $2 }
		END { for (cache in nr) sum += nr[cache]; print sum }'
}

# sample NUMBER
sample()
{
	rest
	slabs
	now
	# pages that are neither free nor anybody's whom the kernel can name; those of
	# stacks are among those of vmalloc()
	figure "sample$1.nobodys_pages" "$(echo "$now" | awk '
		/^MemTotal:/ { nr += $2 / 4 }
		/^(MemFree|Buffers|Cached|AnonPages|Slab|PageTables|VmallocUsed|Percpu):/ { nr -= $2 / 4 }
		/^listed:/ { nr -= $2 }
		END { print nr }')"
	figure "sample$1.vmalloc_pages" "$(areas | grep -o 'pages=[0-9]*' |
		awk -F = '{ nr += $2 } END { print nr }')"
	figure "sample$1.areas" "$(areas | wc -l)"
	figure "sample$1.percpu_pages" "$(echo "$now" | awk '/^Percpu:/ { print $2 / 4 }')"
	figure "sample$1.slab_pages" "$(echo "$now" | awk '/^Slab:/ { print $2 / 4 }')"
	# those that the looks themselves go through are never quiet
	figure "sample$1.objects" "$(least 'kmalloc-[0-9].*' 'kmalloc-(8|96)')"
	figure "sample$1.busy_objects" "$(least 'kmalloc-(8|96)' none)"
	figure "sample$1.cycle" "$cycle"
}

random=$SEED
cycle=0
each=$((CYCLES / SAMPLES))
good=true
dmesg -c >/dev/null
while [ $cycle -lt "$CYCLES" ]; do
	cycle=$((cycle + 1))
	if ! cycle; then
		good=false
		show "cycle $cycle failed: shadow_percpu $parameters"
		grep shadow_percpu /tmp/dmesg | tail -n 5 | sed 's/^/show   /' >&3
		break
	fi
	if [ $((cycle % each)) -eq 0 ] && [ $((cycle / each)) -le $SAMPLES ]; then
		show "$cycle of $CYCLES cycles"
		sample $((cycle / each))
	fi
done
check cycles "$cycle of $CYCLES" $good
figure cycles $cycle
check nothing_left "no debugfs folder, none of our modules" nothing_left

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The module as a whole: parameters, good and bad; bad lines for `replay`;
# objects left behind; loading again and again; memory charged to a cgroup and
# given back; what a client of the cache leaves in it; files (see files.sh); CPUs that
# come and go.

# shellcheck source=qemu/guest/files.sh
. /files.sh

CPU=/sys/devices/system/cpu/cpu3
GROUP=/sys/fs/cgroup/spcpu
PLAYER=$DEBUG/../shadow_percpu_pages/shadow
FAIL=/sys/module/shadow_percpu_fail/parameters
EVENTS=/sys/kernel/tracing/events/shadow_percpu

# named PREFIX PARAMETER...: the name of a check, which has no blanks.
named()
{
	prefix=$1
	shift
	echo "$prefix${*:+:$*}" | tr ' ' ,
}

# refused PARAMETER...: insmod fails, says why in one line, leaves nothing.
refused()
{
	dmesg -c >/dev/null
	if load shadow_percpu "$@" 2>/tmp/insmod; then
		rmmod shadow_percpu
		fail "$(named refused "$@")" "it loaded"
		return
	fi
	# busybox tries twice, by two system calls: the same line may come twice
	lines=$(dmesg | grep 'shadow_percpu: ' | sort -u | wc -l)
	check "$(named refused "$@")" "$(dmesg | grep 'shadow_percpu: ' | head -n 1)" \
		[ "$lines" -eq 1 ]
	nothing_left || fail "$(named refused "$@")" "something is left of it"
}

# says NAME TEXT: that is what the last refusal said.
says()
{
	dmesg >/tmp/dmesg
	check "says:$1" "$2" grep -qF "shadow_percpu: $2" /tmp/dmesg
}

# serves PARAMETER...: with these it loads, places a few objects, unloads.
serves()
{
	check "$(named loads "$@")" "insmod" load shadow_percpu "$@"
	printf 'a 1 64 8\na 2 4 4 atomic\n# a comment\n\na 3 4096 4096\nf 2\n' \
		>"$DEBUG/replay"
	rows=$(grep -c '^ *[0-9]' "$DEBUG/replay")
	check "$(named serves "$@")" "$rows rows of 2" [ "$rows" -eq 2 ]
	check "$(named unloads "$@")" "rmmod" rmmod shadow_percpu
	nothing_left || fail "$(named unloads "$@")" "something is left of it"
}

# stops LINE: `replay` refuses LINE, the second one written, with one
# message that names its number; the line before it stays carried out.
stops()
{
	stops=replay_stops:$(echo "$1" | tr ' ' _)
	dmesg -c >/dev/null
	if printf 'a 1 64 8\n%s\na 2 64 8\n' "$1" >"$DEBUG/replay" 2>/dev/null; then
		fail "$stops" "it was taken"
		return
	fi
	rows=$(awk '/^ *[0-9]/ { printf "%s ", $1 }' "$DEBUG/replay")
	said=$(dmesg | grep 'shadow_percpu: ')
	check "$stops" "$said" [ "$rows" = "1 " ]
	case $said in
	*"line 2"*) ;;
	*) fail "$stops" "the log does not name line 2" ;;
	esac
	echo "f 1" >"$DEBUG/replay"
}

bad_lines()
{
	load shadow_percpu || return
	for line in "garbage" "a 1 64 8" "a 3 64" "a 3 0 8" "a 3 64 3" "a 3 64 8192" \
		"a 3 32772 4" "a 4294967296 8 8" "f 99" "f"; do
		stops "$line"
	done
	rmmod shadow_percpu
}

# leaves N PARAMETER...: a client goes away and leaves N objects; each is named
# at rmmod.
leaves()
{
	nr=$1
	shift
	load shadow_percpu "$@" && load shadow_percpu_sample "leak=$nr" || return
	rmmod shadow_percpu_sample
	live=$(stat_of nr_cur_alloc)
	check "$(named leaves_behind "$@")" "$live objects" [ "$live" -eq "$nr" ]
	dmesg -c >/dev/null
	announce "shadow_percpu: leaked: "
	rmmod shadow_percpu
	announce_end
	named=$(dmesg | grep -c 'shadow_percpu: leaked: [0-9]* bytes per CPU at offset')
	check "$(named leaks_named "$@")" "$(dmesg | grep 'shadow_percpu: leaked: [0-9]' | head -n 1)" \
		[ "$named" -eq "$nr" ]
	check "$(named leaks_gone "$@")" "no debugfs folder, none of our modules" nothing_left
}

# a client goes away, and its static variables stay
forgets()
{
	load shadow_percpu && load shadow_percpu_sample forget=1 || return
	dmesg -c >/dev/null
	announce "shadow_percpu: leaked: "
	rmmod shadow_percpu_sample
	rmmod shadow_percpu
	announce_end
	check forgotten_variables "$(dmesg | grep 'shadow_percpu: leaked: the static')" sh -c \
		"dmesg | grep -q 'leaked: the static variables of shadow_percpu_sample, which did not'"
	check forgotten_gone "no debugfs folder, none of our modules" nothing_left
}

again_and_again()
{
	nr=$1
	shift
	for _ in $(seq "$nr"); do
		load shadow_percpu "$@" && rmmod shadow_percpu && nothing_left || return
	done
}

# settled NAME: that row of `stats`, once the worker has come to rest.
settled()
{
	last=-1
	now=$(stat_of "$1")
	while [ "$now" != "$last" ]; do
		sleep 0.2
		last=$now
		now=$(stat_of "$1")
	done
	echo "$now"
}

# between LEAST NUMBER MOST
between()
{
	[ "$1" -le "$2" ] && [ "$2" -le "$3" ]
}

# charged: pages of kernel memory of the group. The kernel sums up late.
charged()
{
	sleep 3
	awk '$1 == "kernel" { print int($2 / 4096) }' $GROUP/memory.stat
}

make_group()
{
	mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control &&
		mkdir $GROUP
}

# write_lines: stdin into `replay`, by a member of the group.
write_lines()
{
	sh -c 'echo $$ >"$1"/cgroup.procs && exec cat >"$2"' sh $GROUP "$DEBUG/replay"
}

# drop_caches: have memory reclaim take all that can be given back.
drop_caches()
{
	echo 2 >/proc/sys/vm/drop_caches
}

# accounts WHAT LINES SIZE FLAG: pages for LINES objects of SIZE bytes are charged
# to the group that asked for them, or to nobody; then given back, when memory is
# short.
accounts()
{
	# without the reserve, which goes at the end too
	drop_caches
	base=$(settled pages)
	before=$(charged)
	seq "$2" | sed "s/.*/a & $3 8 $4/" | write_lines
	came=$(($(settled pages) - base))
	grown=$(($(charged) - before))
	if [ "$4" ]; then
		# some of the pages are the worker's, which is charged to nobody
		check "charged:$1" "$grown of $came pages" \
			between $((came * 3 / 4)) "$grown" $((came + 200))
	else
		check "charged:$1" "$grown of $came pages" between -200 "$grown" 200
	fi

	chunks=$(settled nr_chunks)
	seq "$2" | sed "s/.*/f &/" >"$DEBUG/replay"
	drop_caches
	left=$(($(settled pages) - base))
	check "given_back:$1" "$left of $came pages left" \
		between 0 "$left" $((came / 10))
	check "chunks_given_back:$1" "$(stat_of nr_chunks) of $chunks" \
		[ "$(stat_of nr_chunks)" -lt "$chunks" ]
	grown=$(($(charged) - before))
	check "uncharged:$1" "$grown pages" [ "$grown" -lt $((came / 10)) ]
}

# what memory reclaim takes: free chunks, and pages kept for atomic callers
shrinks()
{
	seq 100 | sed 's/.*/a & 32768 8/' >"$DEBUG/replay"
	seq 100 | sed 's/.*/f &/' >"$DEBUG/replay"
	chunks=$(settled nr_chunks)
	pages=$(settled pages)
	drop_caches
	check "shrinks:$1" "$pages pages, then $(stat_of pages)" \
		[ "$(stat_of pages)" -lt "$pages" ]
	check "shrinks_chunks:$1" "$chunks chunks, then $(stat_of nr_chunks)" \
		[ "$(stat_of nr_chunks)" -lt "$chunks" ]
}

memory()
{
	load shadow_percpu backing=sparse || return
	accounts large_objects 60 32768 account
	accounts small_objects 10000 100 account
	accounts not_asked_for 60 32768 ""
	shrinks sparse
	rmmod shadow_percpu
	load shadow_percpu || return
	shrinks vmap
	rmmod shadow_percpu
}

# play LINES SIZE: a client allocates through the exported calls, and frees again.
play()
{
	seq "$1" | sed "s/.*/a & $2 8/" >"$PLAYER"
	seq "$1" | sed "s/.*/f &/" >"$PLAYER"
}

# had NAME MOST: that row of `stats` comes down to it in the end. Nothing fails for
# being slow: who waits here in vain waits until the guest is given up.
had()
{
	while [ "$(stat_of "$1")" -gt "$2" ]; do
		sleep 0.2
	done
	echo "$2"
}

# what CPUs keep goes back by itself, down to the pages, and at once when it is asked for
comes_back()
{
	load shadow_percpu backing=sparse && load shadow_percpu_pages || return
	pages=$(settled pages)
	play 20000 64
	check comes_back:idle "$(stat_of pages) pages, then $pages" \
		[ "$(had pages "$pages")" -le "$pages" ]
	play 20000 64
	drop_caches
	check comes_back:reclaim "$(grep '^# all' "$DEBUG/cache")" \
		sh -c "grep -q '^# all  *0  *0  *0  *0 ' $DEBUG/cache"
	check comes_back:spans "$(settled pages) pages, at most $pages" \
		[ "$(settled pages)" -le "$pages" ]
	rmmod shadow_percpu_pages
	rmmod shadow_percpu
}

# told EVENT: how often the trace has it
told()
{
	grep -c " $1: " /sys/kernel/tracing/trace
}

# events tell of each call, quick or not
traces()
{
	load shadow_percpu && load shadow_percpu_pages || return
	play 1000 64
	echo >/sys/kernel/tracing/trace
	echo 1 >$EVENTS/enable
	play 1000 64
	echo 0 >$EVENTS/enable
	check traces_allocs "$(told percpu_alloc_percpu) of 1000" \
		[ "$(told percpu_alloc_percpu)" -eq 1000 ]
	check traces_frees "$(told percpu_free_percpu) of 1000" \
		[ "$(told percpu_free_percpu)" -eq 1000 ]
	all=$(awk '$1 == "all" { print $2, $3 }' "$DEBUG/calls")
	check counts_calls "$all" [ "$all" = "2000 2000" ]
	rmmod shadow_percpu_pages
	rmmod shadow_percpu
}

# counts WHEN: a client counts on all CPUs that are there.
counts()
{
	dmesg -c >/dev/null
	load shadow_percpu_sample && rmmod shadow_percpu_sample
	check "counts:$1" "$(dmesg | grep 'shadow_percpu_sample: ')" \
		sh -c "dmesg | grep -q 'shadow_percpu_sample: PASS'"
}

# a CPU that is away when the module loads comes, goes, and comes back
cpus_come()
{
	echo 0 >$CPU/online
	load shadow_percpu backing=sparse hotplug=online || return
	check absent_cpu "backed_cpus" [ "$(stat_of backed_cpus)" -eq 3 ]
	pages=$(settled pages)
	counts before_it_comes
	echo 1 >$CPU/online
	check cpu_comes "backed_cpus" [ "$(stat_of backed_cpus)" -eq 4 ]
	check cpu_brings_pages "$pages pages, then $(stat_of pages)" \
		[ "$(stat_of pages)" -gt "$pages" ]
	counts when_it_came
	echo 0 >$CPU/online
	check cpu_goes "backed_cpus" [ "$(stat_of backed_cpus)" -eq 4 ]
	counts when_it_went
	rmmod shadow_percpu
	echo 1 >$CPU/online
	check cpu_gone "no debugfs folder, none of our modules" nothing_left
}

# For kunit.sh, last of all, since a kernel that oopsed is not what it was: a client
# writes to the copy of a CPU that is not there.
writes_to_absent()
{
	echo 0 >$CPU/online
	load shadow_percpu backing=sparse hotplug=online || return
	dmesg -c >/dev/null
	announce "BUG: unable to handle page fault|Oops: |Call Trace:|lockdep is turned off"
	insmod /modules/shadow_percpu_sample.ko write_absent=1
	announce_end
	check write_to_absent "$(dmesg | grep 'shadow_percpu: write')" sh -c \
		"dmesg | grep -q \"shadow_percpu: write to CPU 3's copy, byte 8 of an object of 16 bytes\""
	echo 1 >$CPU/online
	check comes_all_the_same "backed_cpus" [ "$(stat_of backed_cpus)" -eq 4 ]
}

# loads_in_vain STEP PARAMETER...: each allocation of init fails, one after the other, or
# each of so many. Init says so or does without, and leaves nothing; the next attempt
# works, which is the second one of busybox.
loads_in_vain()
{
	step=$1
	shift
	nr=0
	bad=
	refusals=0
	while [ -z "$bad" ]; do
		echo $((nr + 1)) >$FAIL/nth
		load shadow_percpu "$@" || bad="it does not load any more"
		rmmod shadow_percpu
		! grep -q '^shadow_percpu ' /proc/modules && [ ! -e "$DEBUG" ] ||
			bad="something is left of it"
		[ "$(cat $FAIL/failed)" -eq 1 ] || break
		nr=$((nr + step))
		case $(cat $FAIL/result) in
		0) ;;
		-12) refusals=$((refusals + 1)) ;;
		*) bad="init says $(cat $FAIL/result)" ;;
		esac
	done
	check "$(named loads_in_vain "$@")" \
		"$nr allocations, $refusals refusals${bad:+: allocation $((nr + 1)): $bad}" \
		[ -z "$bad" -a "$refusals" -gt 5 -a "$(cat $FAIL/result)" -eq 0 ]
}

# areas of vmalloc(), but for stacks of tasks, of which CPUs keep some
areas()
{
	grep -vcE 'kernel_clone|dup_task_struct|unpurged' /proc/vmallocinfo
}

# those that vmalloc() finds no memory for, it says itself
load_fails()
{
	insmod /modules/shadow_percpu_fail.ko || return
	# what the kernel keeps once it had it
	load shadow_percpu snapshot=1 && rmmod shadow_percpu || return
	sleep 6
	before=$(areas)
	announce "Call Trace:"
	loads_in_vain 1
	announce_end
	loads_in_vain 5 backing=sparse hotplug=online first_chunk=page snapshot=1
	sleep 6
	after=$(areas)
	rmmod shadow_percpu_fail
	check areas_given_back "$before areas, then $after" [ "$after" -le "$before" ]
}

refused unit_size=7
refused reserved_size=1073741824
refused first_chunk=foo
refused backing=foo
refused engine=foo
says unknown_engine "engine=foo is unknown: it is one of bitmap, areamap, bestfit"
refused engine=ptrarray
says no_percpu_pointers "engine=ptrarray has no __percpu pointers to give, and is only compared, by \`make generations\`: engine= is one of bitmap, areamap, bestfit"
refused engine=
refused hotplug=foo
refused hotplug=online
refused hotplug=online backing=vmap
refused hotplug=foo backing=sparse
serves first_chunk=page
serves first_chunk=embed
serves backing=sparse
serves engine=areamap
serves engine=areamap backing=sparse cache=0
serves engine=bestfit
serves engine=bestfit backing=sparse first_chunk=page
serves backing=sparse hotplug=online
serves first_chunk=page backing=sparse hotplug=online
bad_lines
leaves 3
leaves 3 engine=areamap
leaves 3 engine=bestfit backing=sparse
leaves 3 backing=sparse hotplug=online
forgets
# kernels that watch themselves allocate for that, too, and each load takes them long
[ -n "${spcpu_watch:-}" ] || load_fails
check cycles "20 times insmod and rmmod" again_and_again 20
check cycles_online "20 times insmod and rmmod" again_and_again 20 backing=sparse hotplug=online
check cgroup "a memory cgroup" make_group
memory
comes_back
traces
files
cpus_come

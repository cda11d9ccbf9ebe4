# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make generations`: play streams to designs of a percpu allocator, and say what calls
# took and what is left of memory. The kernel's command line has
#   spcpu_engines    engines of the shadow's, `ptrarray`, `kernel`, separated by commas
#   spcpu_streams    files in /modules, separated by commas, without their .stream
#
# Figures are named ENGINE.STREAM.FIGURE. What `map` and `stats` showed of an engine in
# the end leaves by the third serial port, as files ENGINE-STREAM.map and .stats of a
# tar archive.

PLAYERS=$DEBUG/../shadow_percpu_pages
OUT=/dev/ttyS2
KEPT=/tmp/kept

possible()
{
	echo $(($(sed 's/.*-//' /sys/devices/system/cpu/possible) + 1))
}

# words A,B,C
words()
{
	echo "$1" | tr , ' '
}

# is the engine that is played to one of the shadow's?
ours_plays()
{
	[ "$player" = "$PLAYERS/shadow" ]
}

# all CPUs', of all that the kernel's allocator has
kernel_pages()
{
	awk '/^Percpu:/ { print $2 / 4 }' /proc/meminfo
}

# as they are now: what each CPU has counted is added up first
slab_pages()
{
	echo 1 >/proc/sys/vm/stat_refresh
	awk '/^nr_slab_(un)?reclaimable / { nr += $2 } END { print nr }' /proc/vmstat
}

# all CPUs', of all chunks but the one of reserved space
shadow_pages()
{
	awk -v cpus="$(stat_of backed_cpus)" '
		$1 ~ /^[0-9]+$/ && $3 !~ /reserved/ { pages += $8 }
		END { print pages * cpus }' "$DEBUG/chunks"
}

pages_now()
{
	case $engine in
	kernel) kernel_pages ;;
	ptrarray) slab_pages ;;
	esac
}

# gaps before areas, as percpu_stats counts them: all, and the longest
frag_sum()
{
	awk -F '[ :]+' '$2 == "sum_frag" { sum += $3 } END { print sum + 0 }' "$DEBUG/stats"
}

frag_max()
{
	awk -F '[ :]+' '$2 == "max_frag" && $3 > most { most = $3 }
		END { print most + 0 }' "$DEBUG/stats"
}

# what the engine has made of it; its worker is done by now
engine_figures()
{
	figure "$run.pages" "$(shadow_pages)"
	figure "$run.chunks" "$(grep '^ *[0-9]' "$DEBUG/chunks" | grep -vc reserved)"
	figure "$run.frag_sum" "$(frag_sum)"
	figure "$run.frag_max" "$(frag_max)"
	figure "$run.metadata_bytes" "$(stat_of map_bytes)"
	cat "$DEBUG/map" >"$KEPT/$engine-$stream.map" &&
		cat "$DEBUG/stats" >"$KEPT/$engine-$stream.stats"
}

# the whole stream, and what became of it
play()
{
	cat "$player" >/dev/null
	before=$(pages_now)
	cat "/modules/$stream.stream" >"$player" || return
	sleep 0.5
	if ours_plays; then
		engine_figures
	else
		figure "$run.pages" $(($(pages_now) - before))
	fi
	sed "s/^/figure $run./" "$player" >&3
	grep -qx 'failed 0' "$player" && grep -qx 'wrong 0' "$player"
}

# one of the shadow's own, placed by itself: the cache would hide where things go
load_shadow()
{
	ours_plays || {
		load shadow_percpu
		return
	}
	load shadow_percpu backing=sparse cache=0 "engine=$engine" &&
		grep -qw "engine=$engine" "$DEBUG/alloc_info"
}

# The shadow is there for any of them, as the module that plays is its client.
run()
{
	load_shadow && load shadow_percpu_pages && play
	status=$?
	rmmod shadow_percpu_pages && rmmod shadow_percpu && return $status
}

figure cpus "$(possible)"
mkdir -p "$KEPT"
for engine in $(words "${spcpu_engines:-bitmap}"); do
	case $engine in
	kernel | ptrarray) player=$PLAYERS/$engine ;;
	*) player=$PLAYERS/shadow ;;
	esac
	for stream in $(words "${spcpu_streams:-}"); do
		run=$engine.$stream
		check "$run" "$(grep -c '' "/modules/$stream.stream") lines" run
	done
done
stty -F $OUT raw
check sent "$(du -k "$KEPT" | tail -n 1 | cut -f 1) KB" sh -c "tar -cf - -C $KEPT . >$OUT"
check nothing_left "no debugfs folder, none of our modules" nothing_left
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The pages behind a stream's objects, with the kernel and with the shadow, cache on.
# spcpu_streams names streams, separated by commas (see below). These may be set, too:
#   spcpu_live                     objects that are live in the end (10000)
#   spcpu_seed                     for all that is random
#   spcpu_backing, spcpu_cache     parameters of the module
#
# What is recorded had its pages with the kernel that was recorded, all that the
# allocator had but its static and reserved parts; what is made up (see mix.awk), with
# this one, beside all that it has. A line for each on file descriptor 3:
#   pages STREAM live=N kernel=N shadow=N
# in pages of one CPU, as soon as the worker is done. The figure `pages.STREAM.later`
# is what the shadow has when its cache has given back what nobody uses.

# shellcheck source=qemu/guest/streams.sh
. /streams.sh

LIVE=${spcpu_live:-10000}
SEED=${spcpu_seed:-1}
BACKING=${spcpu_backing:-sparse}
CACHE=${spcpu_cache:-1}
NR_CPUS=$(grep -c '^processor' /proc/cpuinfo)
PLAYER=$DEBUG/../shadow_percpu_pages
RING=65536

kernel_pages()
{
	awk -v cpus="$NR_CPUS" '/^Percpu:/ { print $2 / 4 / cpus }' /proc/meminfo
}

# all but the static and the reserved part
shadow_pages()
{
	awk '$1 ~ /^[0-9]+$/ && $3 !~ /reserved/ { nr += $8 }
		END { print nr }' "$DEBUG/chunks"
}

# of_player NAME ROW
of_player()
{
	awk -v row="$2" '$1 == row { print $2 }' "$PLAYER/$1"
}

# each request was served, with copies that are zero and apart
none_failed()
{
	[ "$(of_player "$1" failed) $(of_player "$1" wrong)" = "0 0" ]
}

# play NAME FILE: and wait for who is called to help
play()
{
	cat "$2" >"$PLAYER/$1"
	sleep 0.2
}

# objects: what was recorded, as a stream; sets kernel
objects()
{
	awk -v totals=/tmp/totals -f /objects.awk /tmp/recording >/tmp/stream
	kernel=$(cat /tmp/totals)
}

# recorded COMMAND...: from what the kernel was asked for while it ran
recorded()
{
	load shadow_percpu snapshot=1 &&
		echo start $RING >"$DEBUG/record" || return
	cat "$DEBUG/record" >/tmp/recording &
	"$@" >/tmp/said 2>&1
	status=$?
	sleep 1
	echo stop >"$DEBUG/record"
	wait $!
	rmmod shadow_percpu && [ $status -eq 0 ] &&
		tail -n 1 /tmp/recording | grep -q '^end [0-9]* 0$' && objects
}

# made_up MIX: the kernel is asked first, and settles
made_up()
{
	awk -v mix="$1" -v live="$LIVE" -v seed="$SEED" -f /mix.awk >/tmp/stream
	load shadow_percpu && load shadow_percpu_pages || return
	before=$(kernel_pages)
	play kernel /tmp/stream
	kernel=$(($(kernel_pages) - before))
	none_failed kernel && rmmod shadow_percpu_pages && rmmod shadow_percpu
}

# groups: they stay until they have as many objects as are wanted
more_groups()
{
	mkdir -p /tmp/cgroup && mount -t cgroup2 cgroup2 /tmp/cgroup || return
	sed 's/[a-z]*/+&/g' /tmp/cgroup/cgroup.controllers \
		>/tmp/cgroup/cgroup.subtree_control
	cd /tmp/cgroup && seq $((LIVE / 12)) | xargs mkdir &&
		seq 3 5 $((LIVE / 12)) | xargs rmdir
	cd /
}

more_mounts()
{
	mkdir -p /tmp/more && cd /tmp/more && seq $((LIVE / 4)) | xargs mkdir || return
	for i in $(seq $((LIVE / 4))); do
		mount -t tmpfs tmpfs "$i" || return
	done
	seq 3 5 $((LIVE / 4)) | xargs umount
	cd /
}

boot()
{
	cp /modules/boot.rec /tmp/recording && objects
}

# stream NAME: into /tmp/stream; sets kernel
stream()
{
	case $1 in
	boot) boot ;;
	cgroups) recorded more_groups ;;
	mounts) recorded more_mounts ;;
	*) made_up "$1" ;;
	esac
}

shadow()
{
	load shadow_percpu "backing=$BACKING" "cache=$CACHE" && load shadow_percpu_pages &&
		play shadow /tmp/stream && none_failed shadow || return
	pages=$(shadow_pages)
	sleep 3
	echo "pages $1 live=$(of_player shadow live) kernel=$kernel shadow=$pages" >&3
	figure "pages.$1.bytes" "$(of_player shadow bytes)"
	figure "pages.$1.later" "$(shadow_pages)"
}

figure cpus "$NR_CPUS"
for stream in $(echo "${spcpu_streams:-boot,random,cgroups}" | tr , ' '); do
	check "$stream" "$(tail -n 1 /tmp/said 2>/dev/null)" stream "$stream"
	check "$stream:played" "" shadow "$stream"
	check "$stream:unload" "" sh -c "rmmod shadow_percpu_pages && rmmod shadow_percpu"
done
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

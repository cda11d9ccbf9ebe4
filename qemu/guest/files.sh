# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The files in debugfs, as people use them, and as they should not: what each shows,
# what it refuses, who comes second, who is interrupted, and who leaves in the middle.

# refuses FILE WORDS: writing that fails.
refuses()
{
	check "$1:refuses:$(echo "$2" | tr ' ' _)" "" \
		sh -c "! echo '$2' >$DEBUG/$1 2>/dev/null"
}

# accepts FILE WORDS
accepts()
{
	check "$1:accepts:$(echo "$2" | tr ' ' _)" "" sh -c "echo '$2' >$DEBUG/$1"
}

# traffic: the kernel's own allocator is asked for something, and gets it back.
traffic()
{
	mkdir -p /tmp/traffic
	for _ in $(seq 20); do
		mount -t tmpfs tmpfs /tmp/traffic && umount /tmp/traffic || return
	done
}

# has NAME LINE FILE
has()
{
	check "$1" "$2" grep -qx "$2" "$3"
}

shows_dumps()
{
	for dump in $DUMPS snapshot; do
		check "file:$dump" "$(head -n 1 "$DEBUG/$dump")" grep -q . "$DEBUG/$dump"
	done
	# in pieces that end amid lines
	dd if="$DEBUG/snapshot" of=/tmp/snapshot bs=7 2>/dev/null
	has snapshot:whole end /tmp/snapshot
}

# what was wrong is not forgotten, however much comes behind it in one write
long_replay()
{
	{ echo garbage; seq 200 | sed 's/.*/a & 8 8/'; } >/tmp/long
	check replay:long "200 lines behind a bad one" \
		sh -c "! dd if=/tmp/long of=$DEBUG/replay bs=64k 2>/dev/null"
	check replay:nothing "none of them carried out" \
		sh -c "! grep -q '^ *[0-9]' $DEBUG/replay"
}

# a recording of the kernel, told to `compare`, says what `mirror` would have
records()
{
	for words in go "start 1" "start 99999999" "start 5x" "start x" "start 0" "start 64 64" \
		"stop it" stop "start 64 is what it would be, were it not so long"; do
		refuses record "$words"
	done
	check record:no_newline "" sh -c "printf 'start 64' >$DEBUG/record && printf stop >$DEBUG/record"
	accepts record start
	refuses record start
	refuses mirror start
	check record:one_reader "a second one is refused" \
		sh -c "exec 4<$DEBUG/record; ! cat $DEBUG/record 2>/dev/null"
	cat "$DEBUG/record" >/tmp/recording &
	check record:traffic "" traffic
	accepts record stop
	wait $!
	check record:ends "$(tail -n 1 /tmp/recording)" \
		sh -c "tail -n 1 /tmp/recording | grep -q '^end [1-9]'"
	check record:told "" sh -c "! grep -q . $DEBUG/record"
}

compares()
{
	check compare:takes "" sh -c "cat /tmp/recording >$DEBUG/compare"
	for line in "whole: yes" "lost: 0" "bad: 0" "wrong: 0" "maps_equal: yes"; do
		has "compare:$(echo "$line" | tr -d ' ')" "$line" "$DEBUG/compare"
	done
	refuses compare garbage
	has compare:not_whole "whole: no" "$DEBUG/compare"
	check compare:one_writer "a second one is refused" \
		sh -c "exec 4>$DEBUG/compare; ! echo a 2>/dev/null >$DEBUG/compare"
}

# who reads waits for more, unless he is told to go; the recording can be begun anew
interrupted()
{
	accepts record "start 64"
	cat "$DEBUG/record" >/tmp/recording &
	sleep 1
	kill $!
	wait $!
	check record:interrupted "status $?" [ $? -eq 143 ]
	accepts record stop
	accepts record start
	head -n 1 "$DEBUG/record" >/tmp/recording
	has record:anew "shadow_percpu recording 1" /tmp/recording
}

mirrors()
{
	refuses mirror stop
	refuses mirror "start 3"
	accepts mirror start
	refuses mirror start
	refuses record start
	has mirror:on "mirror: on" "$DEBUG/mirror"
	check mirror:traffic "" traffic
	accepts mirror stop
	for line in "mirror: off" "lost: 0" "wrong: 0" "maps_equal: yes"; do
		has "mirror:$(echo "$line" | tr -d ' ')" "$line" "$DEBUG/mirror"
	done
}

# leaves_on FILE: the module goes while it records, and can be loaded again.
leaves_on()
{
	load shadow_percpu snapshot=1 || return
	accepts "$1" start
	check "$1:traffic_to_the_end" "" traffic
	check "$1:unload" "rmmod" rmmod shadow_percpu
	check "$1:nothing_left" "no debugfs folder, none of our modules" nothing_left
}

files()
{
	load shadow_percpu snapshot=1 || return
	shows_dumps
	long_replay
	records
	compares
	interrupted
	check record:unload "rmmod" rmmod shadow_percpu
	load shadow_percpu snapshot=1 || return
	mirrors
	check mirror:unload "rmmod" rmmod shadow_percpu
	leaves_on record
	leaves_on mirror
}

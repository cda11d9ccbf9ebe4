# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The module as a whole: parameters, good and bad; bad lines for `replay`;
# objects left behind; loading again and again.

# refused PARAMETER...: insmod fails, says why in one line, leaves nothing.
refused()
{
	dmesg -c >/dev/null
	if load shadow_percpu "$@" 2>/tmp/insmod; then
		rmmod shadow_percpu
		fail "refused:$*" "it loaded"
		return
	fi
	# busybox tries twice, by two system calls: the same line may come twice
	lines=$(dmesg | grep 'shadow_percpu: ' | sort -u | wc -l)
	check "refused:$*" "$(dmesg | grep 'shadow_percpu: ' | head -n 1)" \
		[ "$lines" -eq 1 ]
	nothing_left || fail "refused:$*" "something is left of it"
}

# serves PARAMETER...: with these it loads, places a few objects, unloads.
serves()
{
	check "loads:$*" "insmod" load shadow_percpu "$@"
	printf 'a 1 64 8\na 2 4 4 atomic\n# a comment\n\na 3 4096 4096\nf 2\n' \
		>"$DEBUG/replay"
	rows=$(grep -c '^ *[0-9]' "$DEBUG/replay")
	check "serves:$*" "$rows rows of 2" [ "$rows" -eq 2 ]
	check "unloads:$*" "rmmod" rmmod shadow_percpu
	nothing_left || fail "unloads:$*" "something is left of it"
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

# leaves N: a client goes away and leaves N objects; each is named at rmmod.
leaves()
{
	load shadow_percpu && load shadow_percpu_sample "leak=$1" || return
	rmmod shadow_percpu_sample
	live=$(stat_of nr_cur_alloc)
	check leaves_behind "$live objects" [ "$live" -eq "$1" ]
	dmesg -c >/dev/null
	announce "shadow_percpu: leaked: "
	rmmod shadow_percpu
	announce_end
	named=$(dmesg | grep -c 'shadow_percpu: leaked: [0-9]* bytes per CPU at offset')
	check leaks_named "$(dmesg | grep 'shadow_percpu: leaked: [0-9]' | head -n 1)" [ "$named" -eq "$1" ]
	check leaks_gone "no debugfs folder, none of our modules" nothing_left
}

again_and_again()
{
	for _ in $(seq "$1"); do
		load shadow_percpu && rmmod shadow_percpu && nothing_left || return
	done
}

refused unit_size=7
refused reserved_size=1073741824
refused first_chunk=foo
refused backing=foo
serves first_chunk=page
serves first_chunk=embed
bad_lines
leaves 3
check cycles "20 times insmod and rmmod" again_and_again 20

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What scripts/spcpu-top is for machines with python, for a guest, and for those who look
# at it from outside:
#   sh /top.sh [size|owner|chunk]    on the screen; s, o, c: the other ones, q: leave
#   sh /top.sh stream >/dev/ttyS1    all of it again and again, for spcpu-top outside

DEBUG=/sys/kernel/debug/shadow_percpu
SECONDS_EACH=2

frame()
{
	echo "--- time"
	cut -d ' ' -f 1 /proc/uptime
	for dump in stats calls cache owners chunks; do
		echo "--- $dump"
		cat "$DEBUG/$dump"
	done
	echo "--- end"
}

# rows FILE KEY...: its title, and its rows sorted
rows()
{
	file=$1
	shift
	grep '^# *\(size\|objects\|chunk\)' "$DEBUG/$file"
	grep -E '^ *[0-9]+ ' "$DEBUG/$file" | sort "$@" | head -n 16
}

screen()
{
	printf '\033[H\033[J'
	sed -n '/^Global/,/^$/s/^  \(nr_[a-z_]*\) *: */\1 /p' "$DEBUG/stats" | xargs
	echo
	case $view in
	size) rows cache -k5,5nr ;;
	owner) rows owners -k2,2nr ;;
	chunk) rows chunks -k10,10nr ;;
	esac | cut -c 1-79
}

view=${1:-size}
case $view in
stream)
	while frame; do
		sleep "$SECONDS_EACH"
	done
	;;
size | owner | chunk)
	while [ "$view" != q ]; do
		screen
		key=
		# shellcheck disable=SC3045 # busybox has both
		read -r -s -t "$SECONDS_EACH" -n 1 key
		case $key in
		s) view=size ;;
		o) view=owner ;;
		c) view=chunk ;;
		q) view=q ;;
		esac
	done
	;;
*)
	echo "top.sh: there is no view $view, only size, owner, chunk, stream" >&2
	exit 2
	;;
esac

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

# rows FILE KEY...: the title of its first table, and the rows sorted
rows()
{
	file=$1
	shift
	grep -m 1 -E '^# *(size|objects) ' "$DEBUG/$file"
	sed '/^$/q' "$DEBUG/$file" | grep -E '^ *[0-9]+ ' | sort "$@" | head -n 16
}

# chunks: without what 80 columns have no room for, and without hints
chunks()
{
	echo "# chunk flags              slot       free     contig  pages populated   live"
	awk 'NF == 11 && $1 ~ /^[0-9]+$/ {
		printf "%7s %-18s %4s %10s %10s %6s %9s %6s\n", $1, $3, $4, $5, $6, $7, $8, $10
	}' "$DEBUG/chunks" | sort -k 8,8nr | head -n 16
}

screen()
{
	printf '\033[H\033[J'
	sed -n '/^Global/,/^$/s/^  \(nr_[a-z_]*\) *: */\1 /p' "$DEBUG/stats" | xargs
	echo
	case $view in
	size) rows cache -k 5,5nr ;;
	owner) rows owners -k 2,2nr ;;
	chunk) chunks ;;
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

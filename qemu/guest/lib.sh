# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
#
# What the guest's scripts share. On file descriptor 3 they say, a line each,
# read by scripts/verdict.py:
#   check NAME pass|fail DETAIL    one check held, or did not
#   figure NAME VALUE              a number for the figures file
#   show TEXT                      for the person at the screen
#   up                             init runs; the first word
#   done                           nothing was cut short

DEBUG=/sys/kernel/debug/shadow_percpu
DUMPS="alloc_info slots chunks map objects stats cache calls owners leaks check histogram"
BAD='BUG|WARNING|Oops|Call Trace|leaked'

show()
{
	echo "show $*" >&3
}

figure()
{
	echo "figure $1 $2" >&3
}

pass()
{
	name=$1
	shift
	echo "check $name pass $*" >&3
}

fail()
{
	name=$1
	shift
	echo "check $name fail $*" >&3
}

# check NAME DETAIL COMMAND...: the check holds if the command succeeds.
check()
{
	check=$1
	detail=$2
	shift 2
	if "$@"; then
		pass "$check" "$detail"
	else
		fail "$check" "$detail"
	fi
}

# load MODULE [PARAMETER...]: with spcpu_engine=NAME on the kernel's command line
# that is the engine, whatever else is measured or tested.
load()
{
	module=$1
	shift
	[ "$module" != shadow_percpu ] ||
		set -- ${spcpu_engine:+"engine=$spcpu_engine"} "$@"
	insmod "/modules/$module.ko" "$@"
}

# ours: our modules that are loaded.
ours()
{
	grep -o '^shadow_percpu[a-z_]*' /proc/modules
}

nothing_left()
{
	[ ! -e "$DEBUG" ] && [ -z "$(ours)" ]
}

# announce REGEX, announce_end: bad messages that match come from now on, and are
# meant to; no longer. scripts/verdict.py fails the run if none came.
announce()
{
	echo "<6>guest: expecting \"$1\"" >/dev/kmsg
}

announce_end()
{
	echo "<6>guest: expecting no more" >/dev/kmsg
}

log_clean()
{
	! dmesg | grep -qE "$BAD"
}

# stat_of NAME: one number of the `stats` dump, its first of that name.
stat_of()
{
	awk -F '[ :]+' -v name="$1" '$2 == name { print $3; exit }' $DEBUG/stats
}

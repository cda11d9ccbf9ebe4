# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the scripts of this folder: where things are, how to say what
# happens, and how to get what is missing. Sourced, never run.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/build
CACHE=${SPCPU_CACHE:-${XDG_CACHE_HOME:-~/.cache}/shadow-percpu}
LOG=${LOG:-/dev/null}
JOBS=$(nproc)
export ROOT BUILD CACHE LOG JOBS PYTHONDONTWRITEBYTECODE=1

# begin TARGET: start the full log of a target, and drop its old figures, so
# that no failure can leave yesterday's success behind.
begin()
{
	mkdir -p "$BUILD" "$CACHE"
	LOG=$BUILD/$1.log
	: >"$LOG"
	rm -f "$BUILD/$1.json"
}

# Everything said to a person goes to stderr: stdout is for results.
say()
{
	printf '%s\n' "$*" | tee -a "$LOG" >&2
}

die()
{
	say "$(basename "$0"): $*"
	exit 1
}

# refuse TEXT: what somebody asked for is not to be had. Before begin(), so that nothing
# of an earlier run is lost by it.
refuse()
{
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 2
}

# known KIND NAME OF...: a name that is meant to be one of the others is.
known()
{
	local name
	for name in "${@:3}"; do
		[[ $name != "$2" ]] || return 0
	done
	refuse "there is no $1 $2, only ${*:3}"
}

# number NAME VALUE FROM TO: a value that people give is a number, and in range.
number()
{
	if [[ ! $2 =~ ^(0|[1-9][0-9]{0,15})$ ]] || (($2 < $3 || $2 > $4)); then
		refuse "$1=$2: it takes a number, $3 to $4"
	fi
}

# release_of KDIR: the release of the kernel whose headers or build folder that is. Not
# `make kernelrelease`, which Debian's headers answer with the upstream version.
release_of()
{
	[[ -e $1/Makefile ]] || refuse "no kernel headers in $1: give KDIR=<a kernel's headers" \
		"or build folder>, or try \`make run\`, which brings a kernel"
	sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$1/include/generated/utsrelease.h"
}

# step TEXT DURATION COMMAND...: say what is done and how long that may take,
# do it with its output in the log, and show the end of that if it fails.
step()
{
	local text=$1 duration=$2 ticker='' status=0 start=$SECONDS from
	shift 2
	say "$text ($duration) ..."
	from=$(stat -c %s "$LOG" 2>/dev/null || echo 0)
	if [[ -t 2 ]]; then
		tick "$start" &
		ticker=$!
	fi
	set +e # and not `|| status=$?`, within which the command's own -e is void
	(set -e; "$@") >>"$LOG" 2>&1 </dev/null
	status=$?
	set -e
	if [[ -n $ticker ]]; then
		kill "$ticker" 2>/dev/null || true
		wait "$ticker" 2>/dev/null || true
		printf '\r\033[K' >&2
	fi
	((status == 0)) && return
	tail -c "+$((from + 1))" "$LOG" | tail -n 20 >&2
	die "failed after $((SECONDS - start)) s; all of it is in $LOG"
}

tick()
{
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		printf '\r  %d s' "$((SECONDS - $1))" >&2
	done
}

as_root()
{
	if ((EUID == 0)); then
		"$@"
	else
		sudo "$@"
	fi
}

# Package lists are fetched at most once, and only when something is missing.
update_lists()
{
	[[ -n ${LISTS_UPDATED:-} ]] && return
	export LISTS_UPDATED=1
	step "updating apt's package lists" "10-30 s" as_root apt-get update
}

# need PACKAGE...: install those that are missing; silent when none is.
need()
{
	local package missing=()
	command -v apt-get >/dev/null ||
		die "this needs a Debian machine (apt); or bring $* yourself"
	for package; do
		dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null |
			grep -qx installed || missing+=("$package")
	done
	((${#missing[@]} == 0)) && return
	say "missing here: ${missing[*]}"
	((EUID == 0)) || say "sudo may ask for your password"
	update_lists
	step "installing them" "up to 3 min" as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "${missing[@]}"
}

# candidate PACKAGE: the version that apt would give, or nothing.
candidate()
{
	apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' |
		grep -vFx '(none)' || true
}

# dependencies PACKAGE: the names it depends on, one a line.
dependencies()
{
	apt-cache depends "$1" 2>/dev/null | sed -n 's/^ *Depends: //p'
}

# unpack DIR PACKAGE=VERSION...: download packages and unpack them, uninstalled,
# into DIR, which is complete as soon as it exists.
unpack()
{
	local dir=$1 deb
	shift
	rm -rf "$dir.part"
	mkdir -p "$dir.part/debs"
	(cd "$dir.part/debs" && apt-get download "$@")
	for deb in "$dir.part"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir.part"
	done
	rm -r "$dir.part/debs"
	if declare -F unpacked >/dev/null; then
		unpacked "$dir.part"
	fi
	mv "$dir.part" "$dir"
}

# alone NAME: from here to its end this process is the only one that fills NAME
# in the cache; another clone waits.
alone()
{
	exec {CACHE_LOCK}>"$CACHE/$1.lock"
	flock -n "$CACHE_LOCK" && return
	say "waiting for another run that fills $1 in the cache ..."
	flock "$CACHE_LOCK"
}

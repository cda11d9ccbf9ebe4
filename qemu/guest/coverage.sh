# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make coverage`: what gcov counted leaves by the third serial port, at the end of
# whatever else a guest does. gcov has counters of modules that were unloaded, too.

COUNTED=/tmp/counted

# in debugfs a file's length is only known to who reads it: tar would see none
collect()
{
	(cd /sys/kernel/debug/gcov && find . -name '*.gcda') >$COUNTED.list
	while read -r file; do
		mkdir -p "$COUNTED/$(dirname "$file")" &&
			cat "/sys/kernel/debug/gcov/$file" >"$COUNTED/$file" || return
	done <$COUNTED.list
}

send()
{
	stty -F /dev/ttyS2 raw && tar -czf /dev/ttyS2 -C $COUNTED .
}

check collected "what gcov counted" collect
check sent "$(wc -l <$COUNTED.list) files" send

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make arithmetic`: objects of the kernel's allocator and of the shadow, and what must
# be known to work out where each CPU's copy is. It leaves by the third serial port, file
# by file, and is worked out anew by scripts/arithmetic_verdict.py.

OUT=/dev/ttyS2

# part NAME COMMAND...: what the command prints
part()
{
	echo "--- $1"
	shift
	"$@"
}

# rows of chunks, without their hints
chunks()
{
	grep -E '^ *[0-9]+ [0-9a-f]+ ' "$DEBUG/chunks"
}

# chunks of the kernel's own allocator, without what is in them
kernel_chunks()
{
	grep -E '^chunk ' "$DEBUG/snapshot"
}

boot_lines()
{
	dmesg | sed 's/^\[[^]]*\] *//' | grep -E '^(percpu: Embedded|pcpu-alloc:)'
}

objects()
{
	cat "${DEBUG}_arithmetic"
}

# a kernel without SMP has no shadow
transcript()
{
	part boot boot_lines && part objects objects || return
	[ -e "$DEBUG" ] || return 0
	part alloc_info cat "$DEBUG/alloc_info" &&
		part chunks chunks &&
		part kernel_chunks kernel_chunks
}

transcribe()
{
	transcript >/tmp/transcript
}

send()
{
	stty -F $OUT raw && cat /tmp/transcript >$OUT
}

load_all()
{
	if [ -e /modules/shadow_percpu.ko ]; then
		load shadow_percpu snapshot=1 || return
	fi
	load shadow_percpu_arithmetic
}

unload_all()
{
	# shellcheck disable=SC2046 # words
	rmmod $(ours)
}

if load_all; then
	check transcript "all parts" transcribe
	check sent "$(wc -c </tmp/transcript) bytes" send
	check unload "rmmod" unload_all
else
	fail load "$(dmesg | grep 'shadow_percpu' | tail -n 1)"
fi
check nothing_left "no debugfs folder, none of our modules" nothing_left
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

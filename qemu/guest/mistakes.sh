# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Mistakes of a client, each made by shadow_percpu_mistakes.ko, and what an allocator
# with debug= says of them; and that one without says nothing, or what it can.

# mistake NAME: the client makes it, and a scan is asked for; the log is in /tmp/dmesg.
mistake()
{
	dmesg -c >/dev/null
	load shadow_percpu_mistakes "mistake=$1" cpu=1 size=21
	echo scan >"$DEBUG/check" 2>/dev/null
	rmmod shadow_percpu_mistakes
	dmesg >/tmp/dmesg
}

# reports NAME REGEX...: after that mistake the log has a line for each REGEX.
reports()
{
	name=$1
	shift
	announce "shadow_percpu: BUG: "
	mistake "$name"
	announce_end
	tells "$name" "$@"
}

# tells NAME REGEX...: the log has a line for each REGEX.
tells()
{
	name=$1
	shift
	for regex; do
		grep -qE "shadow_percpu: $regex" /tmp/dmesg || {
			fail "mistake:$name" "the log has no line '$regex'"
			return
		}
	done
	pass "mistake:$name" "$(grep -E "shadow_percpu: $1" /tmp/dmesg | head -n 1)"
}

allocated="allocated by insmod/[0-9]+ on CPU [0-3], 0\.[0-9]+ s ago:"
freed="freed by insmod/[0-9]+ on CPU [0-3], 0\.[0-9]+ s ago:"
there=" mistakes_init\+0x.*\[shadow_percpu_mistakes\]"

all_mistakes()
{
	check mistakes:loads "debug=all" load shadow_percpu debug=all
	reports overrun "BUG: write past the end of an object, in CPU 1's copy" \
		"object .* of 21 bytes, aligned to 8, offset [0-9]+ of chunk" \
		"bytes 21 to 25: 0x73 instead of 0xcc; wrong in 1 of 4 copies" \
		"found at free, by .*\[shadow_percpu_mistakes\]" "$allocated" "$there" \
		" do_one_initcall\+" ">     16: 00 00 00 00 00 73 70 63 70 75 cc cc"
	reports underrun "BUG: write before the start of an object, in CPU 1's copy" \
		"bytes -5 to -1: 0x73 instead of 0xcc" "$allocated" "$there"
	reports use_after_free "BUG: write to a freed object, in CPU 1's copy" \
		"bytes 0 to 4: 0x73 instead of 0x6b" "found by a scan" "$allocated" "$freed"
	mistake double_free
	tells double_free ".*\[shadow_percpu_mistakes\]: free of .* refused: free already" \
		"byte 0 of an object of 21 bytes" "$allocated" "$freed"
	mistake middle
	tells middle ".*\[shadow_percpu_mistakes\]: free of .* refused: the middle of an object" \
		"byte 8 of an object of 21 bytes" "$allocated"
	mistake foreign
	tells foreign ".*\[shadow_percpu_mistakes\]: free of .* refused: not an object"
	announce "shadow_percpu: leaked: "
	mistake leak
	announce_end
	tells leak "shadow_percpu_mistakes goes away and leaves objects" \
		"leaked: 21 bytes per CPU at offset .* s ago in mistakes_init.*\[shadow_percpu_mistakes\]"
	check mistakes:verdict "$(grep verdict "$DEBUG/check")" \
		grep -q "verdict: clean; the last scan looked at 1 live and 6 freed objects, 0 had" "$DEBUG/check"
	check mistakes:owner "$(grep mistakes "$DEBUG/owners")" \
		grep -qE "^ +1 +21 +84 .*mistakes_init.*\[shadow_percpu_mistakes\]" "$DEBUG/owners"
	check mistakes:not_old "nothing is a minute old" \
		sh -c "! grep -q mistakes_init $DEBUG/leaks"
	echo 0 >"$DEBUG/leaks"
	check mistakes:old "$(grep mistakes "$DEBUG/leaks")" grep -q mistakes_init "$DEBUG/leaks"
	for text in x -1 "" 1e9 4294967296; do
		check "leaks_refuses:$text" "write error" \
			sh -c "! echo '$text' >$DEBUG/leaks" 2>/dev/null
	done
	announce "shadow_percpu: leaked: "
	rmmod shadow_percpu
	announce_end
	dmesg >/tmp/dmesg
	tells named_at_unload "leaked: 21 bytes per CPU .* s ago in mistakes_init" "leaked: 1 objects in all"
	check mistakes:gone "no debugfs folder, none of our modules" nothing_left
}

# without debug= the pointers are still refused, and the dumps say what would help
unwatched()
{
	load shadow_percpu
	for name in double_free middle foreign; do
		mistake $name
		tells $name:unwatched ".*\[shadow_percpu_mistakes\]: free of .* refused: "
	done
	for file in owners leaks check histogram; do
		check "unwatched:$file" "$(cat "$DEBUG/$file")" \
			grep -q "objects are not watched: load with debug=owner" "$DEBUG/$file"
	done
	check unwatched:scan "write error" sh -c "! echo 1 >$DEBUG/check" 2>/dev/null
	rmmod shadow_percpu
}

# each word alone, and a client that makes no mistake
each_word()
{
	for word in redzone poison quarantine owner redzone,owner; do
		verdict="clean; the last scan looked at 0 live and . freed objects, 0 had"
		case $word in
		quarantine | owner) verdict="none; it takes redzone or poison" ;;
		esac
		dmesg -c >/dev/null
		load shadow_percpu "debug=$word" && load shadow_percpu_sample
		rmmod shadow_percpu_sample
		echo scan >"$DEBUG/check"
		check "debug:$word" "$(grep verdict "$DEBUG/check")" \
			grep -q "verdict: $verdict" "$DEBUG/check"
		check "alloc_info:$word" "debug=$word" grep -q " debug=$word\$" "$DEBUG/alloc_info"
		rmmod shadow_percpu
		check "silent:$word" "nothing in the log" sh -c "! dmesg | grep -q 'BUG: write\|leaked'"
	done
}

refused debug=foo
says debug_words "debug=foo is unknown: it is all, or some of redzone,poison,quarantine,owner"
refused debug=redzone,
all_mistakes
unwatched
each_word

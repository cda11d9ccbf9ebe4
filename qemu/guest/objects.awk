# SPDX-License-Identifier: GPL-2.0
#
# Turn a recording (src/recording.h) into what shadow_percpu_pages plays: the objects
# of its first snapshot, then those that came and went. The pages that the kernel had
# in the end go to the file named by `totals`. Static and reserved parts are left out.

function digit(c)
{
	return index("123456789abcdef", c)
}

# the last 256 digits, which are a block; "all" is all ones
function digits(word,    text)
{
	text = word
	if (word == "all") {
		text = "ffffffffffffffff"
		while (length(text) < 256)
			text = text text
	}
	while (length(text) < 256)
		text = "0" text
	return text
}

# a snapshot knows no alignment: the largest usual one that fits
function align_of(off, size)
{
	if (off % 64 == 0 && size % 64 == 0)
		return 64
	return off % 8 == 0 && size % 8 == 0 ? 8 : 4
}

function alloc(place, size, align, flags)
{
	id++
	alive[place] = id
	print "a " id " " size " " align flags
}

# an area ends before this granule
function area_ends(at)
{
	if (start >= 0 && start * 4 >= head)
		alloc(base " " start * 4, (at - start) * 4,
		      align_of(start * 4, (at - start) * 4), "")
	start = -1
}

function chunk_ends()
{
	area_ends(pages * 1024)
	base = ""
}

function block_areas(block, taken, bound,    i, j, at, t, b)
{
	taken = digits(taken)
	bound = digits(bound)
	for (i = 256; i > 0; i--) {
		t = digit(substr(taken, i, 1))
		b = digit(substr(bound, i, 1))
		if (!b && (start >= 0 || !t))
			continue
		for (j = 0; j < 4; j++) {
			at = block * 1024 + (256 - i) * 4 + j
			if (b % 2)
				area_ends(at)
			if (t % 2 && start < 0)
				start = at
			t = int(t / 2)
			b = int(b / 2)
		}
	}
}

function words_of(flags)
{
	return (flags ~ /A/ ? " atomic" : "") (flags ~ /C/ ? " account" : "")
}

BEGIN {
	start = -1
}

$1 == "snapshot" {
	snapshots++
}

$1 == "chunk" && $4 !~ /R/ {
	if (snapshots == 1) {
		if (base != "")
			chunk_ends()
		base = $2
		pages = $5
		head = $6
	} else {
		kernel += $9
	}
}

$1 == "chunk" && $4 ~ /R/ && base != "" {
	chunk_ends()
}

$1 == "block" && base != "" {
	block_areas($2, $10, $11)
}

$1 == "end" && base != "" {
	chunk_ends()
}

$1 == "a" && $8 !~ /R/ {
	alloc($4 " " $5, $6, $7, words_of($8))
}

$1 == "f" && ($4 " " $5) in alive {
	print "f " alive[$4 " " $5]
	delete alive[$4 " " $5]
}

END {
	print kernel >totals
}

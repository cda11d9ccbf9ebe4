# SPDX-License-Identifier: GPL-2.0
#
# Turn the kernel's trace of percpu events into what `replay` reads: objects get
# numbers in the order they were allocated. A free of an object older than the
# recording has none and is left out. Totals go to the file named by `totals`.

# field NAME: the value of NAME=VALUE; a call site may hold blanks, so search.
function field(name,    i)
{
	name = name "="
	for (i = NF; i > 4; i--)
		if (index($i, name) == 1)
			return substr($i, length(name) + 1)
	return ""
}

/^# entries-in-buffer/ {
	split($3, count, "/")
	lost = count[2] - count[1]
}

/ percpu_alloc_percpu: / {
	id++
	alive[field("ptr")] = id
	if (field("reserved") == 1)
		reserved++
	atomic = field("is_atomic") == 1 ? " atomic" : ""
	print "a " id " " field("size") " " field("align") atomic
	operations++
}

/ percpu_free_percpu: / {
	ptr = field("ptr")
	if (ptr in alive) {
		print "f " alive[ptr]
		delete alive[ptr]
		operations++
	} else {
		older++
	}
}

END {
	live = 0
	for (ptr in alive)
		live++
	print operations + 0, live, reserved + 0, older + 0, lost + 0 >totals
}

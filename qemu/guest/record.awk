# SPDX-License-Identifier: GPL-2.0
#
# Turn the kernel's trace of percpu events into what `replay` reads: objects get
# numbers in the order they were allocated. A free of an object older than the
# recording has none and is left out. Totals go to the file named by `totals`.

# learn EVENT: where its fields are, counted from the end of the line, for a call
# site at its beginning may hold blanks.
function learn(event,    i)
{
	for (i = NF; index($i, "="); i--)
		back[event, substr($i, 1, index($i, "=") - 1)] = NF - i
	known[event] = 1
}

# value EVENT NAME: that of NAME=VALUE.
function value(event, name)
{
	return substr($(NF - back[event, name]), length(name) + 2)
}

/^# entries-in-buffer/ {
	split($3, count, "/")
	lost = count[2] - count[1]
}

/ percpu_alloc_percpu: / {
	if (!known["alloc"])
		learn("alloc")
	id++
	alive[value("alloc", "ptr")] = id
	if (value("alloc", "reserved") == 1)
		reserved++
	atomic = value("alloc", "is_atomic") == 1 ? " atomic" : ""
	print "a " id " " value("alloc", "size") " " value("alloc", "align") atomic
	operations++
}

/ percpu_free_percpu: / {
	if (!known["free"])
		learn("free")
	ptr = value("free", "ptr")
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

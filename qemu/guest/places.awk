# SPDX-License-Identifier: GPL-2.0
#
# awk -f places.awk RECORDING REPLAY: hold what `replay` shows against the
# recording that was written to it. Prints a line for all that is wrong, and
# one `placed` line with chunk, offset and end for every row (to be sorted).

NR == FNR {
	if ($1 == "a") {
		size[$2] = $3
		align[$2] = $4
	} else if ($1 == "f") {
		delete size[$2]
	}
	next
}

/^#/ {
	next
}

{
	if (!($1 in size))
		print "stray row: " $0
	else if (seen[$1]++)
		print "second row: " $0
	else if ($2 != size[$1] || $3 != align[$1])
		print "another object than recorded: " $0
	else if ($4 == "-")
		print "no place: " $0
	else if ($5 % $3)
		print "not aligned: " $0
	else
		print "placed", $4, $5, $5 + $2, $1
}

END {
	for (id in size)
		if (!seen[id])
			print "no row: " id
}

# SPDX-License-Identifier: GPL-2.0
#
# awk -v mix=NAME -v live=N -v seed=N -f mix.awk: a stream of allocations and frees
# at random, for shadow_percpu_pages. Objects become more than `live`, then most of
# them go, and so on; in the end there are `live`. A mix is of
#
#   random   sizes from 4 to 4096, as many between any two powers of two
#   eight    8 bytes, as most counters have
#   forty    40 bytes
#   memcg    what a memory cgroup has, most of its bytes in objects of 1064
#   above    8 bytes more than 64, 128, 256, 512, 1024 or 2048
#   drift    sizes around one that grows from 16 to 2048 and comes down again, one in
#            four aligned to up to 1024; between two steps half of all objects go

# from 0; some awks have a rand() of 1
function below(n)
{
	return int(rand() * n) % n
}

function power_of_two(exponent,    value)
{
	for (value = 1; exponent > 0; exponent--)
		value *= 2
	return value
}

# from half as much to one and a half times
function around(middle)
{
	return middle / 2 + 4 * below(middle / 4)
}

function size_of(    order)
{
	if (mix == "drift")
		return around(middle)
	if (mix == "eight")
		return 8
	if (mix == "forty")
		return 40
	if (mix == "above")
		return power_of_two(6 + below(6)) + 8
	if (mix == "memcg")
		return memcg[1 + below(nr_memcg)]
	order = power_of_two(2 + below(10))
	return order + 4 * below(order / 4)
}

function align_of(size)
{
	if (mix == "drift" && rand() < 0.25)
		return power_of_two(4 + below(7))
	return size % 8 ? 4 : 8
}

function add(    size)
{
	size = size_of()
	id++
	print "a " id " " size " " align_of(size)
	alive[nr] = id
	nr++
}

function drop(    i)
{
	i = below(nr)
	print "f " alive[i]
	nr--
	alive[i] = alive[nr]
}

# to so many, with one step in four the other way
function go_to(end)
{
	while (nr != end) {
		if ((nr < end) == (rand() < 0.75) || !nr)
			add()
		else
			drop()
	}
}

function drift_to(size)
{
	go_to(int(live * 0.5))
	middle = size
	go_to(live)
}

function drift(    i)
{
	for (i = 4; i <= 11; i++)
		drift_to(power_of_two(i))
	for (i = 10; i >= 4; i--)
		drift_to(power_of_two(i))
}

BEGIN {
	srand(seed)
	nr = 0
	nr_memcg = split("1064 8 8 4 8 688 32 64 8 4 128 8", memcg, " ")
	if (mix == "drift") {
		middle = 16
		drift()
		exit
	}
	go_to(int(live * 1.3))
	go_to(int(live * 0.5))
	go_to(live)
}

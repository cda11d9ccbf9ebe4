# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make dropin`: drivers of the kernel, built with one more line in their Kbuild, at work:
# what they are asked to do is done and counted right, their objects are the shadow's, and
# nothing of them is left when they have gone. Once with debug=owner, which says whose
# objects are, and once with the cache.
#
# /modules/order has the modules that drivers stand on, in the order of loading;
# /modules/owners names the drivers that must be seen to own objects.

TOOLS=/tools
PG=/proc/net/pktgen
CONFIG=/sys/kernel/config/nvmet
CPUS=$(grep -c ^processor /proc/cpuinfo)
PACKETS=500	# of each CPU, for each device
SIZE=60		# bytes of each
MEGABYTES=2	# written to each disk

# sum COLUMN: of all CPUs' calls
sum()
{
	awk -v column="$1" '$1 == "all" { print $column }' "$DEBUG/calls"
}

# live: objects that clients have
live()
{
	echo $(($(sum 2) - $(sum 3)))
}

# owned DRIVER: objects that are the driver's; needs debug=owner
owned()
{
	awk -v name="[$1]" '$NF == name { nr += $1 } END { print nr + 0 }' "$DEBUG/owners"
}

# --- network

# net_stat DEVICE NAME
net_stat()
{
	cat "/sys/class/net/$1/statistics/$2"
}

# send DEVICE MAC: so many packets from each CPU at once
send()
{
	cpu=0
	while [ $cpu -lt "$CPUS" ]; do
		echo rem_device_all >"$PG/kpktgend_$cpu"
		echo "add_device $1@$cpu" >"$PG/kpktgend_$cpu"
		for line in "count $PACKETS" "pkt_size $SIZE" "clone_skb 0" \
			"delay 20000" "dst 10.9.9.9" "dst_mac $2"; do
			echo "$line" >"$PG/$1@$cpu" || return
		done
		cpu=$((cpu + 1))
	done
	echo start >$PG/pgctrl
	sent=$(sed -n 's/.*pkts-sofar: \([0-9]*\) .*/\1/p' $PG/"$1"@* |
		awk '{ nr += $1 } END { print nr }')
	echo reset >$PG/pgctrl
	[ "$sent" -eq $((CPUS * PACKETS)) ]
}

# counted CHECK TEXT VALUE WANTED
counted()
{
	check "$1$PASS" "$2: $3, sent $4" [ "$3" -eq "$4" ]
}

# settled: what waits for a softirq has run
settled()
{
	sleep 1
}

try_dummy()
{
	$TOOLS/ip link set dummy0 up || return
	check "dummy:sends$PASS" "$CPUS CPUs at once" send dummy0 02:00:00:00:00:01
	counted dummy:packets tx_packets "$(net_stat dummy0 tx_packets)" "$sent"
	counted dummy:bytes tx_bytes "$(net_stat dummy0 tx_bytes)" $((sent * SIZE))
	figure "dummy.packets$PASS" "$(net_stat dummy0 tx_packets)"
}

end_dummy()
{
	$TOOLS/ip link del dummy0
}

# what one end sends the other one gets, or it is told of as dropped
try_veth()
{
	$TOOLS/ip link add veth0 type veth peer name veth1 &&
		$TOOLS/ip link set veth0 up && $TOOLS/ip link set veth1 up || return
	check "veth:sends$PASS" "$CPUS CPUs at once" send veth0 02:00:00:00:00:01
	settled
	counted veth:packets "tx_packets and tx_dropped" \
		$(($(net_stat veth0 tx_packets) + $(net_stat veth0 tx_dropped))) "$sent"
	counted veth:arrived "rx_packets of the other end" "$(net_stat veth1 rx_packets)" \
		"$(net_stat veth0 tx_packets)"
	figure "veth.packets$PASS" "$(net_stat veth1 rx_packets)"
	$TOOLS/ip netns add other && $TOOLS/ip link set veth1 netns other &&
		$TOOLS/ip addr add 10.7.0.1/24 dev veth0 &&
		$TOOLS/ip netns exec other $TOOLS/ip addr add 10.7.0.2/24 dev veth1 &&
		$TOOLS/ip netns exec other $TOOLS/ip link set veth1 up || return
	check "veth:ping$PASS" "from one network namespace to another" \
		ping -q -c 3 10.7.0.2
}

end_veth()
{
	$TOOLS/ip link del veth0 && $TOOLS/ip netns del other
}

# all that comes in at one end of a veth goes through it
try_ifb()
{
	$TOOLS/ip link add veth2 type veth peer name veth3 || return
	for device in veth2 veth3 ifb0; do
		$TOOLS/ip link set $device up || return
	done
	$TOOLS/tc qdisc add dev veth3 ingress &&
		$TOOLS/tc filter add dev veth3 parent ffff: matchall \
			action mirred egress redirect dev ifb0 || return
	send veth2 02:00:00:00:00:01
	settled
	counted ifb:packets "rx_packets and rx_dropped" \
		$(($(net_stat ifb0 rx_packets) + $(net_stat ifb0 rx_dropped))) \
		"$(net_stat veth3 rx_packets)"
	counted ifb:through tx_packets "$(net_stat ifb0 tx_packets)" \
		"$(net_stat ifb0 rx_packets)"
	check "ifb:some$PASS" "$(net_stat ifb0 tx_packets) packets" \
		[ "$(net_stat ifb0 tx_packets)" -gt 0 ]
	figure "ifb.packets$PASS" "$(net_stat ifb0 tx_packets)"
}

end_ifb()
{
	$TOOLS/ip link del veth2
}

# one to another on the same device below
try_macvlan()
{
	$TOOLS/ip link add dummy1 type dummy &&
		$TOOLS/ip link set dummy1 up &&
		$TOOLS/ip link add link dummy1 name mv0 type macvlan mode bridge &&
		$TOOLS/ip link add link dummy1 name mv1 address 02:00:00:00:00:77 \
			type macvlan mode bridge &&
		$TOOLS/ip link set mv0 up && $TOOLS/ip link set mv1 up || return
	check "macvlan:sends$PASS" "$CPUS CPUs at once" send mv0 02:00:00:00:00:77
	settled
	counted macvlan:packets tx_packets "$(net_stat mv0 tx_packets)" "$sent"
	counted macvlan:bytes tx_bytes "$(net_stat mv0 tx_bytes)" $((sent * SIZE))
	dropped=$(net_stat dummy1 rx_dropped)
	counted macvlan:arrived "rx_packets of the other one, $dropped dropped" \
		$(($(net_stat mv1 rx_packets) + dropped)) "$sent"
	figure "macvlan.packets$PASS" "$(net_stat mv1 rx_packets)"
}

end_macvlan()
{
	$TOOLS/ip link del mv0 && $TOOLS/ip link del mv1 && $TOOLS/ip link del dummy1
}

# --- disks

# disk DRIVER DEVICE: each CPU writes its part, all of it is read back and the same
disk()
{
	part=$((MEGABYTES * 256 / CPUS))
	cpu=0
	writers=
	while [ $cpu -lt "$CPUS" ]; do
		taskset -c $cpu dd if=/tmp/data of="$2" bs=4k count=$part \
			skip=$((cpu * part)) seek=$((cpu * part)) conv=notrunc,fsync \
			2>/dev/null &
		writers="$writers $!"
		cpu=$((cpu + 1))
	done
	# shellcheck disable=SC2086 # words
	wait $writers
	echo 3 >/proc/sys/vm/drop_caches
	dd if="$2" of=/tmp/back bs=4k count=$((part * CPUS)) 2>/dev/null
	check "$1:reads$PASS" "$MEGABYTES MB, as written by $CPUS CPUs" \
		cmp -s /tmp/data /tmp/back
	figure "$1.bytes$PASS" "$(wc -c </tmp/back)"
	rm -f /tmp/back
}

# turn CPU 0|1
turn()
{
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

# and while the last CPU goes and comes
try_zram()
{
	echo 32M >/sys/block/zram0/disksize || return
	disk zram /dev/zram0
	stored=$(awk '{ print $1 }' /sys/block/zram0/mm_stat)
	check "zram:stored$PASS" "orig_data_size: $stored" \
		[ "$stored" -eq $((MEGABYTES << 20)) ]
	check "zram:cpu$PASS" "off and on" \
		sh -c "cd /sys/devices/system/cpu/cpu$((CPUS - 1)) &&
			echo 0 >online && cmp -s -n $((MEGABYTES << 20)) \
				/tmp/data /dev/zram0 && echo 1 >online"
	disk zram_again /dev/zram0
}

end_zram()
{
	echo 1 >/sys/block/zram0/reset
}

# sectors that the drive below has another content for
try_dm_crypt()
{
	echo 16M >/sys/block/zram0/disksize &&
		$TOOLS/dmsetup create secret --noudevsync --noudevrules --table \
			"0 32768 crypt aes-cbc-plain64 $KEY 0 /dev/zram0 0" || return
	disk dm_crypt /dev/mapper/secret
	check "dm_crypt:secret$PASS" "the device below has something else" \
		sh -c "! cmp -s -n 4096 /tmp/data /dev/zram0"
	turn $((CPUS - 1)) 0 && turn $((CPUS - 1)) 1
	disk dm_crypt_again /dev/mapper/secret
}

KEY=000102030405060708090a0b0c0d0e0f

# it warns if a page is still counted
end_dm_crypt()
{
	$TOOLS/dmsetup remove secret --noudevsync --noudevrules &&
		echo 1 >/sys/block/zram0/reset
}

# put VALUE FILE...
put()
{
	value=$1
	shift
	for file; do
		echo "$value" >"$CONFIG/$file" || return
	done
}

# the target is reached through the loopback interface
try_nvmet()
{
	$TOOLS/ip link set lo up && insmod /modules/nvmet_tcp.ko &&
		mount -t configfs configfs /sys/kernel/config || return
	echo 16M >/sys/block/zram0/disksize &&
		mkdir -p $CONFIG/subsystems/test/namespaces/1 $CONFIG/ports/1 &&
		put 1 subsystems/test/attr_allow_any_host &&
		put /dev/zram0 subsystems/test/namespaces/1/device_path &&
		put 1 subsystems/test/namespaces/1/enable &&
		put tcp ports/1/addr_trtype && put ipv4 ports/1/addr_adrfam &&
		put 127.0.0.1 ports/1/addr_traddr && put 4420 ports/1/addr_trsvcid &&
		ln -s $CONFIG/subsystems/test $CONFIG/ports/1/subsystems/test &&
		echo "transport=tcp,traddr=127.0.0.1,trsvcid=4420,nqn=test" \
			>/dev/nvme-fabrics || return
	for _ in $(seq 100); do
		[ ! -b /dev/nvme0n1 ] || break
		usleep 100000
	done
	disk nvmet /dev/nvme0n1
}

# it waits for the last reference to a queue, and to the namespace
end_nvmet()
{
	echo 1 >/sys/class/nvme/nvme0/delete_controller &&
		rm $CONFIG/ports/1/subsystems/test && rmdir $CONFIG/ports/1 &&
		put 0 subsystems/test/namespaces/1/enable &&
		rmdir $CONFIG/subsystems/test/namespaces/1 $CONFIG/subsystems/test &&
		umount /sys/kernel/config && echo 1 >/sys/block/zram0/reset
}

# --- all of them

# seen DRIVER: it has objects just if it should, where that is known
seen()
{
	[ -n "$OWNERS" ] || return 0
	nr=$(owned "$1")
	figure "$1.objects$PASS" "$nr"
	if grep -qx "$1" /modules/owners; then
		check "$1:owner" "$nr objects in owners" [ "$nr" -gt 0 ]
	else
		check "$1:no_owner" "$nr objects; the kernel allocates for it" [ "$nr" -eq 0 ]
	fi
}

# attempt NAME FUNCTION: as check(), of what may have checks in it
attempt()
{
	if "$2"; then
		pass "$1"
	else
		fail "$1" "$(dmesg | tail -n 1)"
	fi
}

# drive DRIVER [stays]: at work, and gone, unless others stand on it
drive()
{
	had=$(live)
	show "$1$PASS"
	check "$1:load$PASS" "insmod" insmod "/modules/$1.ko"
	attempt "$1:works$PASS" "try_$1"
	check "$1:objects$PASS" "$(live) live, $had before" [ "$(live)" -ge "$had" ]
	seen "$1"
	attempt "$1:ends$PASS" "end_$1"
	[ -z "$2" ] || return 0
	gone "$1" "$had"
}

# gone DRIVER HAD: unloaded, it leaves nothing
gone()
{
	check "$1:unload$PASS" "rmmod" rmmod "$1"
	settled
	[ -z "$OWNERS" ] || check "$1:leaves$PASS" "$(owned "$1") objects in owners" \
		[ "$(owned "$1")" -eq 0 ]
	check "$1:nothing_left$PASS" "$(live) live, $2 before" [ "$(live)" -eq "$2" ]
}

# all PARAMETER...: every driver in turn, those that others stand on last
all()
{
	if ! load shadow_percpu "$@"; then
		fail "load$PASS" "$(dmesg | grep 'shadow_percpu: ' | tail -n 1)"
		return
	fi
	began=$(live)
	for driver in dummy veth; do
		drive $driver stays
	done
	drive ifb
	drive macvlan
	gone veth "$began"
	gone dummy "$began"
	drive zram stays
	drive dm_crypt
	drive nvmet stays
	check "nvmet_tcp:unload$PASS" "rmmod" rmmod nvmet_tcp
	gone nvmet "$began"
	gone zram "$began"
	check "refused$PASS" "$(sum 4) calls" [ "$(sum 4)" -eq 0 ]
	echo 0 >"$DEBUG/leaks"
	check "leaks$PASS" "$(grep -vc "^#" "$DEBUG/leaks") rows" \
		sh -c "! grep -q -v '^#' $DEBUG/leaks"
	figure "calls$PASS" "$(sum 2)"
	check "unload$PASS" "rmmod" rmmod shadow_percpu
	check "nothing_left$PASS" "no debugfs folder, none of our modules" nothing_left
}

while read -r module; do
	check "stands_on:$module" "insmod" insmod "/modules/$module.ko"
done </modules/order
mount -t tmpfs tmpfs /tmp
mkdir -p /run
dd if=/dev/urandom of=/tmp/data bs=1M count=$MEGABYTES 2>/dev/null

OWNERS=yes
PASS=
all debug=owner
OWNERS=
PASS=:cached
all
check log_clean "$(dmesg | grep -E "$BAD" | head -n 1)" log_clean

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# For scripts/spcpu-map: a module that carries what this kernel asked of its percpu
# allocator since it booted, in two parts, and other clients; and all dumps in full.
# spcpu_debug= is the module's debug=.

# shellcheck source=qemu/guest/workload.sh
. /workload.sh

workload >/tmp/workload 2>&1
echo 0 >/sys/kernel/tracing/tracing_on
echo 0 >/sys/kernel/tracing/options/hash-ptr
awk -v totals=/tmp/totals -f /record.awk /sys/kernel/tracing/trace >/tmp/recording

load shadow_percpu ${spcpu_debug:+"debug=$spcpu_debug"}
load shadow_percpu_pages
half=$(($(wc -l </tmp/recording) / 2))
head -n "$half" /tmp/recording >"$DEBUG/../shadow_percpu_pages/shadow"
load shadow_percpu_sample
load shadow_percpu_mistakes mistake=leak size=1000
sleep 2
tail -n "+$((half + 1))" /tmp/recording >"$DEBUG/../shadow_percpu_pages/shadow"

for dump in $DUMPS; do
	echo "--- $dump" >&3
	cat "$DEBUG/$dump" >&3
done

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# `make shell`: the same guest, for a person.

load shadow_percpu
cat <<MESSAGE

shadow_percpu is loaded; look at $DEBUG/
  cat $DEBUG/chunks
  echo "a 1 64 8" > $DEBUG/replay; cat $DEBUG/replay
  . /workload.sh; workload      (what \`make run\` records)
  sh /top.sh                    (objects by size, owner, chunk; q leaves)
  sh /top.sh stream >/dev/ttyS1 &   (for scripts/spcpu-top build/shell.stream, outside)
Other modules are in /modules. \`poweroff\` leaves (or Ctrl-A X).

MESSAGE
cd "$DEBUG" || cd /
echo "alias poweroff='poweroff -f'" >/tmp/env
ENV=/tmp/env PS1='\w # ' setsid cttyhack sh

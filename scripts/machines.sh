# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# The machines that KUnit suites run on: for scripts/check and scripts/coverage. Sourced,
# never run.

# A guest is its QEMU arguments, the CPUs and nodes it must then show (checked
# inside), and more words for its kernel's command line. On `nodes` 28 of the 32
# possible CPUs are absent; the firmware names the node of each, but 6.1 deals
# absent CPUs out to the nodes in turn. The second node's memory is how far apart
# the units of the two are, and so how much every vmap() has to map.
declare -A MACHINE=(
	[one]="-smp 1"
	[four]="-smp 4"
	[nodes]="-smp 4,sockets=2,dies=1,cores=16,threads=1,maxcpus=32
		-object memory-backend-ram,id=m0,size=768M
		-object memory-backend-ram,id=m1,size=256M
		-numa node,nodeid=0,memdev=m0,cpus=0-1,cpus=4-17
		-numa node,nodeid=1,memdev=m1,cpus=2-3,cpus=18-31"
)
declare -A APPEND=(
	[one]="spcpu_cpus=0/0/0/"
	[four]="spcpu_cpus=0-3/0-3/0-3/ spcpu_module=1"
	[nodes]="spcpu_cpus=0-31/0-3/0-1:2-3/0-1,4-17:2-3,18-31"
)

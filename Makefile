# SPDX-License-Identifier: GPL-2.0
#
# What people run. The kernel's own build of the modules is in Kbuild.

.DEFAULT_GOAL := modules

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
	@echo
	@echo "A target's log is build/TARGET.log, its figures are build/TARGET.json. Downloads"
	@echo "and kernels are kept in \$$SPCPU_CACHE (~/.cache/shadow-percpu)."

modules: ## build for the running kernel, or for KDIR=...                  up to 30 s
	@scripts/modules $(KDIR)

install: ## the module, for the running kernel or KDIR=...; DESTDIR= INSTALL_MOD_PATH=   30 s
	@scripts/install $(KDIR)

uninstall: ## what `make install` has installed                               1 s
	@scripts/install remove $(KDIR)

dkms-install: ## have DKMS build it for this kernel and each that comes          30 s
	@scripts/dkms $(KDIR)

dkms-remove: ## take it from DKMS                                              5 s
	@scripts/dkms remove

deb: ## the Debian package shadow-percpu-dkms, in build/deb                10 s
	@scripts/deb

package: ## install that, and all other ways, where nothing stays; look; remove   1 min
	@scripts/package

export DESTDIR INSTALL_MOD_PATH

run: ## replay a stock kernel's percpu traffic in QEMU              20 s, first 3 min
	@scripts/run

shell: ## a prompt in the same guest, the modules loaded              10 s, first 3 min
	@scripts/run shell

check: ## KUnit suites in seven guests; GUESTS="one four", DEBUG=1       25 min, first 30 min
	@scripts/check $(WATCHED) $(GUESTS)

# on kernels that look for errors of memory, of locks, and races
WATCHED = $(if $(filter-out 0 1,$(DEBUG)),$(error DEBUG=$(DEBUG): it is 1, or nothing))$(if \
	$(filter 1,$(DEBUG)),--debug)

coverage: ## lines and branches of src/ that the suites reach; GUESTS="four"      8 min, first 15 min
	@scripts/coverage $(GUESTS)

memory: ## pages, beside the kernel's own allocator, in three guests   2 min, first 3 min
	@scripts/memory $(GUESTS)

bench: ## instructions and throughput, beside the kernel's own         3 min, first 4 min
	@scripts/bench $(GUESTS)

mirror: ## follow the kernel's own allocator through streams         3 min, first 12 min
	@scripts/mirror $(GUESTS)

generations: ## the same streams for each engine, and for older designs    3 min, first 4 min
	@scripts/generations $(GUESTS)
	@scripts/generations_doc.py $(UPDATES)

replay: ## follow recordings with the core, here; FILES="..."               10-30 s
	@scripts/replay $(FILES)

model: ## the pure parts against models that try everything; STEPS= SEED=       10 s
	@STEPS=$(STEPS) SEED=$(SEED) scripts/model

fuzz: ## libFuzzer on all that reads what people write, and more; RUNS= SEED=   1 min
	@RUNS=$(RUNS) SEED=$(SEED) scripts/fuzz $(TARGETS)

soak: ## insmod, load, CPUs off and on, rmmod; CYCLES=1000 SEED=       20-30 min
	@scripts/soak "$(CYCLES)" "$(SEED)"

pictures: ## maps of dumps and recordings, looked at in a browser      1 min, first 3 min
	@scripts/pictures

lint: ## checkpatch, sparse, clang, coccinelle, shellcheck, mypy ...; silent   3 min
	@scripts/lint $(CHECKS)

census: ## what a booting kernel asks of its allocator: sizes, lifetimes   1 min, first 3 min
	@scripts/census

arithmetic: ## where the copies of objects are; GUESTS="nodes four one up"   15 s, first 3 min
	@scripts/arithmetic $(GUESTS)
	@scripts/generations_doc.py $(UPDATES)

dropin: ## drivers of the kernel, unchanged, with the shadow's objects   3 min, first 5 min
	@scripts/dropin

# into Documentation/generations.rst, or walk.rst
UPDATES = $(if $(filter-out 0 1,$(UPDATE)),$(error UPDATE=$(UPDATE): it is 1, or nothing))$(if \
	$(filter 1,$(UPDATE)),--update)

walk: ## each step of Documentation/walk.rst in a guest: is it still so?   15 s, first 3 min
	@scripts/walk $(UPDATES)

htmldocs: ## the documentation, in build/html                                 20 s
	@scripts/htmldocs

selftest: ## prove that the verdict on a run can turn red                         1 s
	@python3 -B scripts/selftest.py && python3 -B scripts/bench_selftest.py && \
		python3 -B scripts/generations_selftest.py && \
		python3 -B scripts/soak_selftest.py && \
		python3 -B scripts/arithmetic_selftest.py && \
		python3 -B scripts/coverage_selftest.py && \
		python3 -B scripts/docs_selftest.py && \
		python3 -B scripts/refusals_selftest.py && \
		python3 -B scripts/dropin_selftest.py

clean: ## remove build/, keep the cache                                        1 s
	@rm -rf build

.PHONY: help modules install uninstall dkms-install dkms-remove deb package run shell check coverage memory bench mirror generations replay model fuzz soak \
	lint census arithmetic dropin walk htmldocs pictures selftest clean

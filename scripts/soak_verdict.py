#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Say whether cycles of loading and unloading left anything behind.

  soak_verdict.py --cycles N --seed N --console LOG --json OUT
      reads what the guest of `make soak` says on its second serial port from stdin

The guest counts what is in use after each eighth of its cycles, when everything has come
to rest (see qemu/guest/soak.sh). The first eighth warms it up. Something has grown if
all of the last three samples have more of it than any of the first three: what is lost in
each cycle grows from sample to sample, and what the rest of the system has more of now and
then does not.

No vmalloc area, and no page of one, may be more at all. Of objects of slabs, where a sample
may be off, it is the middle ones at either end that are compared: they may be more by one
for four cycles in between, and some for what comes up for the first time: one that is lost
in each cycle is seen in 100 cycles, and in less if there are more of them. Where looking takes
something itself (pages that nobody is named for, objects of two slabs) the samples have
to be further apart than those at either end are from each other.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median_low

from verdict import Check, Report, clean_log

SAMPLES = 8
# the samples at either end that are compared
EARLY = (1, 2, 3)
LATE = (6, 7, 8)
# pages that nobody can be named for, and those of vmalloc(): what leaked_pages adds up
PAGES = ('nobodys_pages', 'vmalloc_pages')
# what else is counted, and for how many cycles one more of it may come
COUNTS = {'areas': 0, 'percpu_pages': 0, 'objects': 4, 'busy_objects': 0}
# so many more objects are no loss yet: some things the kernel keeps once it had them
FIRST_TIME = 32
# what is off now and then
UNEVEN = ('objects',)
# what is never quite the same
RESTLESS = ('nobodys_pages', 'busy_objects')


def spread(values: list[int]) -> int:
    return max(values) - min(values)


def grown(figures: dict[str, int], name: str) -> int | None:
    """By how much it has grown for good; None if it was not counted."""
    try:
        early, late = ([figures[f'sample{i}.{name}'] for i in end] for end in (EARLY, LATE))
    except KeyError:
        return None
    if name in UNEVEN:
        return max(0, median_low(late) - median_low(early))
    more = min(late) - max(early)
    if name in RESTLESS and more <= max(spread(early), spread(late)):
        return 0
    return max(0, more)


def between(figures: dict[str, int]) -> int:
    """Cycles from the middle of the early samples to that of the late ones."""
    return figures.get(f'sample{LATE[1]}.cycle', 0) - figures.get(f'sample{EARLY[1]}.cycle', 0)


def held(figures: dict[str, int]) -> list[Check]:
    checks = []
    for name in PAGES:
        more = grown(figures, name)
        checks.append(Check(name, more == 0, 'missing' if more is None else f'{more} more'))
    for name, cycles in COUNTS.items():
        more = grown(figures, name)
        most = FIRST_TIME + between(figures) // cycles if cycles else 0
        checks.append(Check(name, more is not None and more <= most, 'missing' if more is None
                            else f'{more} more, in {between(figures)} cycles'))
    return checks


def table(figures: dict[str, int]) -> None:
    names = (*PAGES, *COUNTS, 'slab_pages')
    print('\n' + f'{"after cycle":>14}' + ''.join(f'{name:>16}' for name in names))
    for i in range(1, SAMPLES + 1):
        print(f'{figures.get(f"sample{i}.cycle", 0):14}' + ''.join(
            f'{figures.get(f"sample{i}.{name}", 0):16}' for name in names))


def verdict(report: Report, console: Path, cycles: int, seed: int, out: Path) -> bool:
    figures = report.figures
    done = figures.get('cycles', 0)
    checks = [*report.checks, report.finished(), clean_log(console),
              Check('all_cycles', done == cycles, f'{done} of {cycles}'), *held(figures)]
    table(figures)
    print()
    for check in checks:
        print(f'{"ok  " if check.passed else "FAIL"} {check.name:14} {check.detail}')

    lost = [grown(figures, name) for name in PAGES]
    # half of the figures is no result
    if None not in lost:
        out.write_text(json.dumps({
            'cycles': done, 'leaked_pages': sum(more or 0 for more in lost), 'seed': seed,
            'leaked_areas': grown(figures, 'areas'), 'leaked_objects': grown(figures, 'objects'),
        }) + '\n')
    passed = sum(check.passed for check in checks)
    print(f'\nsoak: {passed} passed, {len(checks) - passed} failed')
    return passed == len(checks)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--cycles', type=int, required=True)
    parser.add_argument('--seed', type=int, required=True)
    parser.add_argument('--console', type=Path, required=True)
    parser.add_argument('--json', type=Path, required=True)
    args = parser.parse_args()
    report = Report()
    for text in report.read(sys.stdin):
        print(text, flush=True)
    return 0 if verdict(report, args.console, args.cycles, args.seed, args.json) else 1


if __name__ == '__main__':
    sys.exit(main())

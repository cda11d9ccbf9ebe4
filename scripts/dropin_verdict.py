#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Decide whether drivers that were sent to the shadow are there, and work as before.

  dropin_verdict.py owners SYMBOLS
      prints whose objects must be seen: those of drivers that call the kernel's percpu
      allocator where they are built for the stock kernel
  dropin_verdict.py judge --symbols SYMBOLS --json OUT GUEST_DIR
      reads what scripts/dropin keeps of its guest: console, verdict

SYMBOLS has a line for each symbol that a driver's object leaves to others:
DRIVER stock|ours SYMBOL.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from verdict import Check, read_guest, read_text

OVERRIDE = Path(__file__).parent.parent / 'include' / 'shadow_percpu_override.h'

# What must be there, whoever else is.
DRIVERS = ('dummy', 'veth', 'ifb', 'macvlan', 'zram', 'dm_crypt', 'nvmet')
PASSES = ('', ':cached')
EACH = ('load', 'works', 'ends', 'unload', 'nothing_left')
ONCE = ('refused', 'leaks', 'unload', 'nothing_left')

# DRIVER -> stock|ours -> symbols
Symbols = dict[str, dict[str, set[str]]]


def renamed() -> dict[str, str]:
    """The kernel's names, and the shadow's, as the header has them."""
    return dict(re.findall(r'^#define (\w+)\t+(\w+)$', OVERRIDE.read_text(), re.MULTILINE))


def read_symbols(path: Path) -> Symbols:
    symbols: Symbols = defaultdict(lambda: defaultdict(set))
    for line in read_text(path).splitlines():
        driver, which, symbol = line.split()
        symbols[driver][which].add(symbol)
    return symbols


def owners(symbols: Symbols) -> list[str]:
    names = renamed().keys()
    return sorted(driver for driver, has in symbols.items() if has['stock'] & names)


def linked(symbols: Symbols) -> Iterator[Check]:
    """Each call of the kernel's functions has become one of the shadow's, and no other."""
    names = renamed()
    for driver in DRIVERS:
        stock, ours = symbols[driver]['stock'], symbols[driver]['ours']
        wanted = {names[symbol] for symbol in stock & names.keys()}
        have = ours & set(names.values())
        left = ours & names.keys()
        problem = ''
        if not stock or not ours:
            problem = 'it was not built'
        elif left:
            problem = f'still calls {", ".join(sorted(left))}'
        elif have != wanted:
            problem = f'not the same calls: {", ".join(sorted(have ^ wanted))}'
        yield Check(f'{driver}:linked', not problem,
                    problem or ', '.join(sorted(have)) or 'it calls none, in the stock kernel either')


def said(found: list[Check], guest: str, driven: list[str]) -> Iterator[Check]:
    """Whatever the guest should have tried, it did."""
    names = {check.name for check in found}
    wanted = [f'{driver}:{what}{again}' for again in PASSES for driver in DRIVERS for what in EACH]
    wanted += [f'{driver}:owner' for driver in driven]
    wanted += [f'{what}{again}' for again in PASSES for what in ONCE]
    for name in (*wanted, 'log_clean'):
        if f'{guest}: {name}' not in names:
            yield Check(f'said:{name}', False, 'the guest did not say it')


def figures_of(report: dict[str, int]) -> dict[str, dict[str, int]]:
    """By driver; of the second pass under names of their own."""
    by_driver: dict[str, dict[str, int]] = {}
    for name, value in report.items():
        driver, _, what = name.partition('.')
        if what:
            by_driver.setdefault(driver, {})[what.replace(':', '_')] = value
    return by_driver


def judge(out: Path, symbols: Symbols, folder: Path) -> bool:
    report, checks = read_guest(folder)
    driven = owners(symbols)
    checks += [*said(checks, folder.name, driven), *linked(symbols),
               Check('owners', len(driven) > 0, ' '.join(driven) or 'nobody allocates')]

    for check in checks:
        print(f'{"ok  " if check.passed else "FAIL"} {check.name:32} {check.detail}')
    failed = sum(not check.passed for check in checks)
    if not failed:
        out.write_text(json.dumps({'passed': len(checks), 'failed': failed, 'owners': driven,
                                   'drivers': figures_of(report.figures)}) + '\n')
    print(f'\ndropin: {len(checks) - failed} passed, {failed} failed')
    return not failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    modes = parser.add_subparsers(dest='mode', required=True)
    for_owners = modes.add_parser('owners')
    for_owners.add_argument('symbols', type=Path)
    for_judge = modes.add_parser('judge')
    for_judge.add_argument('--symbols', type=Path, required=True)
    for_judge.add_argument('--json', type=Path, required=True)
    for_judge.add_argument('guest', type=Path)
    args = parser.parse_args()
    symbols = read_symbols(args.symbols)
    if args.mode == 'owners':
        print('\n'.join(owners(symbols)))
        return 0
    return 0 if judge(args.json, symbols, args.guest) else 1


if __name__ == '__main__':
    sys.exit(main())

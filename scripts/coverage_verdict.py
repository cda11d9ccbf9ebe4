#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Decide whether enough of src/ was reached, and whether the rest has its reasons.

  coverage_verdict.py --sources ROOT --counts JSON --json OUT GUEST_DIR...
      reads what coverage_counts.py made of all guests, kunit/unreached, and what each
      guest said

kunit/unreached names a function at the start of a line (FILE FUNCTION); behind one tab,
the text of lines in it of which something is not reached; behind two tabs, why. That
covers such a line, its branches, and what is not reached right below it. The text
`never entered` stands for all of the function. A reason that starts with "sometimes" may
be untrue in a run.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coverage_counts import Counts, Function, Line
from verdict import Check, read_guest, read_text

LEAST = {'lines': 95.0, 'branches': 90.0}
ENTERED = 'never entered'
SOMETIMES = 'sometimes'
SHOWN = 25


@dataclass
class Reason:
    path: str
    function: str
    text: str
    why: str = ''
    used: bool = False

    def __str__(self) -> str:
        return f'{self.path} {self.function}: {self.text}'


@dataclass
class Missed:
    """A line that is not reached, or not left by each of its branches."""
    path: str
    nr: int
    line: Line
    text: str
    reason: Reason | None = None

    def __str__(self) -> str:
        what = 'not reached' if not self.line.count else \
            f'{self.line.branches.count(0)} of {len(self.line.branches)} branches not taken'
        return f'{self.path}:{self.nr} {self.line.function}: {self.text}  ({what})'


@dataclass
class Tally:
    lines: int = 0
    lines_reached: int = 0
    branches: int = 0
    branches_reached: int = 0

    def add(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.lines += 1
            self.lines_reached += line.count > 0
            self.branches += len(line.branches)
            self.branches_reached += sum(branch > 0 for branch in line.branches)

    def percent(self, what: str) -> float:
        of = getattr(self, what)
        # rounded down: what is not quite enough does not look like enough
        return getattr(self, f'{what}_reached') * 10_000 // of / 100 if of else 100.0

    def row(self) -> dict[str, float]:
        return {'lines': self.percent('lines'), 'branches': self.percent('branches')}


class BadReasons(Exception):
    pass


def reasons(text: str) -> Iterator[Reason]:
    path = function = ''
    waiting: list[Reason] = []
    given: list[Reason] = []
    for row in text.splitlines():
        if not row.strip() or row.startswith('#'):
            continue
        if row.startswith('\t\t'):
            given, waiting = given + waiting, []
            if not given:
                raise BadReasons(f'a reason for nothing: {row.strip()}')
            for reason in given:
                reason.why = f'{reason.why} {row.strip()}'.strip()
        elif row.startswith('\t'):
            if not function:
                raise BadReasons(f'a line of no function: {row.strip()}')
            yield from given
            given = []
            waiting.append(Reason(path, function, row.strip()))
        elif waiting:
            raise BadReasons(f'no reason for {waiting[0]}')
        else:
            yield from given
            given = []
            path, _, function = row.strip().partition(' ')
    if waiting:
        raise BadReasons(f'no reason for {waiting[0]}')
    yield from given


def missed(path: str, counts: Counts, text: list[str], given: list[Reason]) -> Iterator[Missed]:
    """All that is not reached of a source, each with its reason, if there is one."""
    last: Missed | None = None
    for nr, line in sorted(counts.lines.items()):
        if line.count and all(line.branches):
            last = None
            continue
        miss = Missed(path, nr, line, text[nr - 1].strip())
        miss.reason = own_reason(miss, counts, given)
        if miss.reason:
            miss.reason.used = True
        elif last and not line.count and last.line.function == line.function:
            miss.reason = last.reason
        last = miss
        yield miss


def own_reason(miss: Missed, counts: Counts, given: list[Reason]) -> Reason | None:
    function = counts.functions.get(miss.line.function)
    for reason in given:
        if (reason.path, reason.function) != (miss.path, miss.line.function):
            continue
        if reason.text == miss.text or \
                reason.text == ENTERED and function and not function.count:
            return reason
    return None


def read_counts(path: Path) -> dict[str, Counts]:
    found = {}
    for name, row in json.loads(read_text(path) or '{}').items():
        found[name] = Counts(
            {int(nr): Line(**line) for nr, line in row['lines'].items()},
            {each: Function(**function) for each, function in row['functions'].items()})
    return found


def sources(root: Path) -> list[str]:
    """All that must have been counted."""
    return sorted(str(path.relative_to(root)) for path in (root / 'src').rglob('*.c')
                  if path.parent.name not in ('samples', 'bench'))


CASE = re.compile(r'^(?:<\d>)?\s*not ok ')


def cases_check(folder: Path) -> Check:
    """What is reached by a case that fails is of no use."""
    failed = [line.strip() for line in read_text(folder / 'console').splitlines()
              if CASE.match(line)]
    return Check(f'{folder.name}: cases', not failed, failed[0] if failed else 'none failed')


def table(tallies: dict[str, Tally], total: Tally) -> None:
    """Worst first, and only those that are worse than all together."""
    print(f'\n{"":34} {"lines":>16} {"branches":>16}')
    rows = sorted(tallies.items(), key=lambda row: (row[1].percent('branches'),
                                                    row[1].percent('lines'), row[0]))
    for name, tally in [*rows[:SHOWN], ('all', total)]:
        print(f'{name:34} {of(tally.lines_reached, tally.lines):>16} '
              f'{of(tally.branches_reached, tally.branches):>16}')


def of(part: int, whole: int) -> str:
    return f'{part} of {whole}' if whole else '-'


def some(rows: list[object], rest: str) -> None:
    for row in rows[:SHOWN]:
        print(f'  {row}')
    if len(rows) > SHOWN:
        print(f'  and {len(rows) - SHOWN} more, in {rest}')


def verdict(root: Path, counts_file: Path, out: Path, folders: list[Path]) -> bool:
    checks: list[Check] = []
    for folder in folders:
        _, found = read_guest(folder)
        checks += [*found, cases_check(folder)]

    counts = read_counts(counts_file)
    uncounted = [path for path in sources(root) if path not in counts]
    checks.append(Check('counted', not uncounted, f'nothing is known of: {uncounted}'))

    try:
        given = list(reasons(read_text(root / 'kunit' / 'unreached')))
        checks.append(Check('reasons', True))
    except BadReasons as problem:
        given = []
        checks.append(Check('reasons', False, f'kunit/unreached: {problem}'))

    tallies: dict[str, Tally] = {}
    total = Tally()
    misses: list[Missed] = []
    for path, found_there in counts.items():
        tallies[path] = Tally()
        tallies[path].add(found_there.lines.values())
        total.add(found_there.lines.values())
        text = (root / path).read_text().split('\n')
        misses += missed(path, found_there, text, given)
    table(tallies, total)

    unexplained = [miss for miss in misses if not miss.reason]
    untrue = [reason for reason in given
              if not reason.used and not reason.why.startswith(SOMETIMES)]
    rest = counts_file.parent / 'unreached'
    rest.write_text(''.join(f'{miss}\n' + (f'    {miss.reason.why}\n' if miss.reason else '')
                            for miss in misses))
    print(f'\nnot reached: {len(misses)} lines, or branches of them; '
          f'{len(unexplained)} without a reason')
    some(list(unexplained), f'build/{rest.parent.name}/{rest.name}')
    print(f'reasons that are not true (any more): {len(untrue)}')
    some(list(untrue), 'kunit/unreached')
    checks += [
        Check('unreached', not unexplained, f'{len(unexplained)} have no reason'),
        Check('untrue', not untrue, f'{len(untrue)} reasons are not true'),
        *(Check(what, bool(total.lines) and total.percent(what) >= least,
                f'{total.percent(what)} %, of {least:.0f} %')
          for what, least in LEAST.items())]

    for check in checks:
        if not check.passed:
            print(f'FAIL {check.name}: {check.detail}')
    passed = sum(check.passed for check in checks)
    if counts:
        out.write_text(json.dumps(
            total.row() | {'passed': passed, 'failed': len(checks) - passed,
                           'unexplained': len(unexplained),
                           'files': {path: tally.row() for path, tally in tallies.items()}})
            + '\n')
    print(f'\n{total.percent("lines")} % of {total.lines} lines, '
          f'{total.percent("branches")} % of {total.branches} branches')
    print(f'coverage: {passed} passed, {len(checks) - passed} failed')
    return passed == len(checks)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--sources', type=Path, required=True)
    parser.add_argument('--counts', type=Path, required=True)
    parser.add_argument('--json', type=Path, required=True)
    parser.add_argument('guests', type=Path, nargs='+')
    args = parser.parse_args()
    good = verdict(args.sources, args.counts, args.json, args.guests)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())

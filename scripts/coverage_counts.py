#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Add up what gcov counted in several guests, and keep what is ours.

  coverage_counts.py --sources ROOT --json OUT --info OUT GUEST_DIR...
      reads the JSON files that scripts/coverage had gcov write into each guest's folder

A branch is one way on from a decision of ours: an if, a loop, a case, && or ||, ?:. gcov
counts more, which no test of ours could ever take, and which are left out:
 - those of statements that hold no decision: what is in macros of the kernel, such as
   lockdep_assert_held(), pr_warn_ratelimited(), preempt_enable();
 - those of WARN_ON() and its kin, which say that it never happens;
 - where there are more of them than decisions, those by which bit operations ask the
   compiler what is constant, which is the same each time. (As macros these ask more:
   kunit/coverage.h makes them functions.)
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from math import gcd
from pathlib import Path

# the name of what is always inlined, and is nowhere by itself
INLINED = 'inlined'

BUILT = '/build/coverage-modules/'
DECISION = re.compile(r'\b(if|while|for|switch|\w*for_each\w*)\b|\?|&&|\|\|')
# what another statement may follow without a semicolon
CONTROL = re.compile(r'(} )?(else|if|while|for|switch|\w*for_each\w*)\b')
NEVER = re.compile(r'\bWARN(_ON)?(_ONCE)?\(')

BIT_OPERATION = re.compile(r'\b(test_bit|bitmap_\w+|_*ff[sz]|_*fls)\(')

COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')


@dataclass
class Line:
    function: str
    count: int = 0
    branches: list[int] = field(default_factory=list)


@dataclass
class Function:
    start: int
    end: int
    count: int = 0


@dataclass
class Counts:
    """What was counted of a source."""
    lines: dict[int, Line] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)


def blank(text: str) -> str:
    """C without comments and strings, in as many lines."""
    text = COMMENT.sub(lambda m: '\n' * m[0].count('\n'), text)
    return STRING.sub('""', text)


def statements(text: str) -> list[str]:
    """For each line the whole statement that it is part of."""
    whole: list[str] = []
    begun: list[str] = []
    for line in blank(text).split('\n'):
        begun.append(line.strip())
        statement = ' '.join(begun)
        if not line.strip() or line.rstrip()[-1] in ';{}:' or line.startswith('#') or \
                CONTROL.match(statement) and statement.count('(') == statement.count(')'):
            whole += [statement] * len(begun)
            begun = []
    return whole + [' '.join(begun)] * len(begun)


def ours(branches: list[int], line: str, statement: str) -> list[int]:
    """Those of a line's branches that are decisions of ours."""
    if not DECISION.search(statement) or NEVER.search(statement):
        return []
    decisions = len(DECISION.findall(line))
    for _ in BIT_OPERATION.finditer(line):
        if len(branches) >= 2 * decisions + 2:
            branches = without(without(branches, any(branches)), False)
    return branches


def without(branches: list[int], taken: bool) -> list[int]:
    """All but the first that is taken, or is not."""
    for i, branch in enumerate(branches):
        if bool(branch) == taken:
            return branches[:i] + branches[i + 1:]
    return branches


def add(copies: Iterable[list[int]], expected: int = 0) -> list[int]:
    """The branches of one line, from all the places where it was compiled.

    A function that is always inlined is there several times in a row, with as many
    branches as @expected each, or with fewer where the compiler knew more.
    """
    copies = [copy for copy in copies if copy]
    nr = gcd(*map(len, copies)) if copies else 0
    if expected and nr % expected == 0:
        nr = expected
    total = [0] * nr
    for copy in copies:
        for i, branch in enumerate(copy):
            total[i % nr] += branch
    return total


def source_of(name: str) -> str | None:
    """Its path below the root, if it is ours and counts."""
    _, below, path = name.partition(BUILT)
    if not below or not path.startswith('src/'):
        return None
    return None if path.startswith(('src/samples/', 'src/bench/')) else path


def counted(files: Iterable[Path]) -> Iterator[tuple[str, dict]]:
    """What was counted of each source, its own object first, which may have no code."""
    for file in files:
        found = json.loads(file.read_text())
        for source in [{'file': found['data_file'].replace('.gcda', '.c'), 'lines': [],
                        'functions': []}, *found['files']]:
            if path := source_of(source['file']):
                yield path, source


def enclosing(counts: Counts, nr: int) -> bool:
    """Is the line part of a function that is somewhere by itself?"""
    return any(function.start <= nr <= function.end for function in counts.functions.values())


def count(root: Path, files: Iterable[Path]) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    copies: dict[tuple[str, int], list[list[int]]] = {}
    for path, source in counted(files):
        counts = found.setdefault(path, Counts())
        for row in source['functions']:
            function = counts.functions.setdefault(
                row['name'], Function(row['start_line'], row['end_line']))
            function.count += row['execution_count']
        for row in source['lines']:
            nr = row['line_number']
            line = counts.lines.setdefault(nr, Line(row.get('function_name') or INLINED))
            line.count += row['count']
            copies.setdefault((path, nr), []).append(
                [branch['count'] for branch in row['branches']])

    for path, counts in found.items():
        text = (root / path).read_text()
        lines, whole = blank(text).split('\n'), statements(text)
        for nr, line in counts.lines.items():
            inlined = not enclosing(counts, nr)
            expected = 2 * len(DECISION.findall(lines[nr - 1])) if inlined else 0
            line.branches = ours(add(copies[path, nr], expected), lines[nr - 1],
                                 whole[nr - 1])
    return found


def trace(root: Path, found: dict[str, Counts]) -> Iterator[str]:
    """As lcov has it, for genhtml."""
    for path, counts in sorted(found.items()):
        yield f'TN:\nSF:{root / path}'
        for name, function in counts.functions.items():
            yield f'FN:{function.start},{name}\nFNDA:{function.count},{name}'
        for nr, line in sorted(counts.lines.items()):
            for i, branch in enumerate(line.branches):
                yield f'BRDA:{nr},0,{i},{branch if line.count else "-"}'
            yield f'DA:{nr},{line.count}'
        yield 'end_of_record'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--sources', type=Path, required=True)
    parser.add_argument('--json', type=Path, required=True)
    parser.add_argument('--info', type=Path, required=True)
    parser.add_argument('guests', type=Path, nargs='+')
    args = parser.parse_args()
    found = count(args.sources, [file for guest in args.guests
                                 for file in sorted(guest.glob('*.json'))])
    args.info.write_text('\n'.join(trace(args.sources, found)) + '\n')
    args.json.write_text(json.dumps({path: asdict(counts)
                                     for path, counts in sorted(found.items())}))


if __name__ == '__main__':
    main()

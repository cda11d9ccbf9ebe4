#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Hold Documentation/walk.rst against what a guest said.

  walk_doc.py [--update] [--document FILE] --json OUT GUEST_DIR
      reads what scripts/walk keeps in the guest's folder: console, verdict, transcript

What stands between `.. begin NAME` and `.. end NAME` in the page is the guest's. It is the
same as in this run but for addresses, distances between nodes, and what the shell itself is
charged; what is worked out from addresses is right, in the page as in this run; and what the
page says of a change has happened. README.md quotes the page. --update writes this run's words into the page.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from arithmetic_verdict import parts
from generations_doc import BLOCK, literal
from parameters import written
from verdict import Check, read_guest, read_text

ROOT = Path(__file__).resolve().parent.parent
WORD = 1 << 64

Parts = dict[str, list[str]]

# no two machines, and no two kernels, have these the same
VARIES = re.compile(r'0x[0-9a-f]{5,}|\b[0-9a-f]{16}\b|\bspan=\d+|\b\d+(?= bytes more)')

CPUS = 4
LATE = 3    # comes online on the way
PAGE = 4096


def masked(text: str) -> list[str]:
    return [re.sub(r' +', ' ', VARIES.sub('ADDRESS', line)) for line in text.splitlines()]


# --- what is worked out -----------------------------------------------------

def number(value: int) -> str:
    return f'{value % WORD:#018x}'


def copies(lines: Iterable[str]) -> dict[str, dict[int, tuple[int, int, int]]]:
    """Of each object: pointer, offset and address, by CPU."""
    found: dict[str, dict[int, tuple[int, int, int]]] = {}
    for line in lines:
        if row := re.fullmatch(r'(\w+) +(\d+) 0x(\w{16}) 0x(\w{16}) 0x(\w{16}) +\d+', line):
            found.setdefault(row[1], {})[int(row[2])] = (
                int(row[3], 16), int(row[4], 16), int(row[5], 16))
    return found


def units(lines: Iterable[str]) -> dict[int, int]:
    """How far behind the lowest unit is each CPU's?"""
    rows = (re.fullmatch(r' +(\d+) +\d+ +\d+ +\d+ +0x([0-9a-f]+)(?: lowest)?', line)
            for line in lines)
    return {int(row[1]): int(row[2], 16) for row in rows if row}


def base_of(lines: Iterable[str], chunk: int) -> int:
    for line in lines:
        if row := re.match(rf' +{chunk} ([0-9a-f]{{16}}) ', line):
            return int(row[1], 16)
    raise KeyError(f'chunk {chunk}')


def sums(found: Parts) -> Iterator[str]:
    """pointer + offset of each CPU."""
    for cpu, (pointer, offset, _) in copies(found['pointers'])['shadow'].items():
        yield f'  {number(pointer)}  the pointer'
        yield f'+ {number(offset)}  per_cpu_offset({cpu})'
        yield f'= {number(pointer + offset)}  CPU {cpu}\'s copy'
        yield ''


def places(found: Parts) -> Iterator[str]:
    """base + unit + place, for a CPU that is not the lowest, and the way to the pointer."""
    behind = units(found['chunk'])
    low = min(behind, key=lambda cpu: behind[cpu])
    base = base_of(found['empty'], 1)
    _, offset, address = copies(found['pointers'])['shadow'][low]
    place = address - base
    yield f'  {number(base)}  base of chunk 1'
    yield f'+ {behind[0]:#18x}  how far CPU 0\'s unit is behind the lowest'
    yield f'+ {place:#18x}  place of the object in the chunk'
    yield f'= {number(base + behind[0] + place)}  CPU 0\'s copy'
    yield ''
    yield f'  {number(base + place)}  CPU {low}\'s copy, in the lowest unit'
    yield f'- {number(offset)}  per_cpu_offset({low})'
    yield f'= {number(base + place - offset)}  the pointer'


WORKED_OUT: dict[str, Callable[[Parts], Iterable[str]]] = {'sums': sums, 'places': places}


# --- the page ---------------------------------------------------------------

def fill(page: str, found: Parts) -> str:
    """The page with these parts in it; what there is no part for stays."""
    def block(match: re.Match[str]) -> str:
        name = match[1]
        lines = WORKED_OUT[name](found) if name in WORKED_OUT else found.get(name)
        if lines is None:
            return match[0]
        return f'{name}\n\n' + '\n'.join(literal(lines)).rstrip() + '\n\n'
    return BLOCK.sub(block, page)


def shown(page: str) -> Parts:
    """The parts that a page has."""
    return {match[1]: [line[2:] for line in match[2].partition('::\n\n')[2].rstrip().splitlines()]
            for match in BLOCK.finditer(page)}


# --- what must be true ------------------------------------------------------

def rows(lines: Iterable[str], name: str) -> int:
    """The number that a part of `stats` has last."""
    values = [int(row[1]) for line in lines
              if (row := re.fullmatch(rf'  {name} +: +(\d+)', line))]
    return values[-1]


def adds_up(found: Parts) -> Iterator[Check]:
    behind = units(found['chunk'])
    base = base_of(found['empty'], 1)
    for name in ('static', 'kernel', 'shadow', 'large'):
        by_cpu = copies(found['pointers'])[name]
        yield Check(f'sum:{name}', len(by_cpu) == CPUS and all(
            (pointer + offset) % WORD == address
            for pointer, offset, address in by_cpu.values()), 'pointer + offset')
    shadow = copies(found['pointers'])['shadow']
    place = min(address for _, _, address in shadow.values()) - base
    yield Check('place', 0 <= place < 1 << 20 and all(
        shadow[cpu][2] == base + far + place for cpu, far in behind.items()),
        'base + unit + place, of all CPUs')


def happened(found: Parts) -> Iterator[Check]:
    pages = {name: rows(found[name], 'pages')
             for name in ('sparse', 'populate', 'burst', 'balance', 'absent', 'online')}
    yield Check('populate', pages['populate'] > pages['sparse'], 'pages came with an object')
    yield Check('balance', pages['balance'] < pages['burst'], 'and went after a burst')
    yield Check('hotplug', pages['online'] * (CPUS - 1) == pages['absent'] * CPUS and
                rows(found['online'], 'backed_cpus') == CPUS, 'and came for a CPU')
    charged = int(found['charged'][0].split()[0])
    yield Check('memcg', charged >= 16384 * CPUS, f'{charged} bytes are charged')


def defaults(found: Parts) -> Check:
    """Those of the guest, and those in parameters.rst; one was given."""
    is_written = written((ROOT / 'Documentation' / 'parameters.rst').read_text())
    wrong = []
    for line in found['parameters']:
        name, _, value = line.partition(':')
        said = is_written['shadow_percpu'][name].default
        value = {'Y': '1', 'N': '0', '': 'nothing'}.get(value, value)
        if name != 'cache' and value != said:
            wrong.append(f'{name} is {value}, not {said}')
    wrong += sorted(is_written['shadow_percpu'].keys() -
                    {line.partition(':')[0] for line in found['parameters']})
    return Check('defaults', not wrong, ', '.join(wrong) or 'as in parameters.rst')


def page_is_true(page: str, found: Parts) -> Iterator[Check]:
    filled = fill(page, found)
    changes = list(difflib.unified_diff(masked(page), masked(filled), 'the page', 'this guest',
                                        lineterm='', n=1))
    for line in changes[:40]:
        print(line)
    yield Check('page', not changes, f'{len(changes)} lines of differences: look, and then '
                'UPDATE=1' if changes else 'has what this guest said')
    yield Check('sums', fill(page, shown(page)) == page, 'that the page has are right')
    names = [match[1] for match in BLOCK.finditer(page)]
    unknown = sorted(set(names) - found.keys() - WORKED_OUT.keys())
    yield Check('blocks', not unknown and page.count('\n.. begin ') == len(names),
                ', '.join(unknown) or 'each is made by the guest')


def quotes(readme: str, page: str) -> Check:
    """What README.md shows is from the page, line by line, but for what it leaves out."""
    blocks = re.findall(r'^```console\n(.*?)^```$', readme, re.MULTILINE | re.DOTALL)
    rest = iter([line.strip() for line in masked(page)])
    strange = [line for block in blocks for line in masked(block)
               if line.strip() != '[...]' and line.strip() not in rest]
    return Check('readme', bool(blocks) and not strange,
                 ', '.join(strange[:1]) or ('shows this' if blocks else 'shows nothing'))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--document', type=Path, default=ROOT / 'Documentation' / 'walk.rst')
    parser.add_argument('--json', type=Path, required=True)
    parser.add_argument('guest', type=Path)
    args = parser.parse_args()

    _, checks = read_guest(args.guest)
    found = parts(read_text(args.guest / 'transcript').replace('\r', ''))
    try:
        page = args.document.read_text()
        if args.update:
            page = fill(page, found)
        checks += [*adds_up(found), *happened(found), defaults(found),
                   *page_is_true(page, found),
                   quotes((ROOT / 'README.md').read_text(), page)]
    except OSError as why:
        print(f'cannot be read: {why}', file=sys.stderr)
        return 2
    except (KeyError, IndexError, ValueError) as why:
        checks.append(Check('transcript', False, f'what should be there is not: {why!r}'))
    failed = [check for check in checks if not check.passed]
    for check in failed:
        print(f'FAIL {check.name}: {check.detail}')
    if args.update and not failed:
        args.document.write_text(page)
    args.json.write_text(json.dumps({
        'passed': len(checks) - len(failed), 'failed': len(failed),
        'pages': {name: rows(found[name], 'pages') for name in ('populate', 'burst', 'balance')
                  if name in found}}) + '\n')
    print(f'walk: {len(checks) - len(failed)} passed, {len(failed)} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())

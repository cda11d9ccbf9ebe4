#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Work out anew what guests of `make arithmetic` said of their per-CPU pointers.

  arithmetic_verdict.py --json OUT GUEST_DIR...
      reads, for each guest, what scripts/arithmetic keeps in its folder: console,
      verdict, transcript; and beside it, in accessors.KERNEL, what objdump made of
      the functions of src/samples/accessors.c

Every address is worked out from its parts, and compared with where the guest found the
copy. What is missing has failed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from verdict import Check, read_guest, read_text

WORD = 1 << 64
PAGE = 4096
MARK = 1000     # CPU 3 writes 1003 (see src/samples/arithmetic.c)
POINTER = 8     # bytes

# guests and their CPUs; one of them need not be there
GUESTS = {'nodes': 4, 'four': 4, 'one': 1, 'up': 1}
UP = 'up'

# whose object it is: a chunk of the kernel's, or of the shadow's
OWNERS = {'static': 'kernel', 'kernel': 'kernel', 'shadow': 'shadow', 'large': 'shadow'}


@dataclass
class Copy:
    """A CPU's copy of an object, as the guest found it."""
    name: str
    cpu: int
    pointer: int
    offset: int
    address: int
    read: int


@dataclass
class Element:
    """A CPU's copy of an object of the pointer array, and the pointer to it."""
    cpu: int
    handle: int
    element: int
    address: int
    read: int


@dataclass
class Unit:
    """A CPU's part of each chunk."""
    cpu: int
    node: int
    unit: int
    offset: int


@dataclass
class Chunk:
    """The lowest unit's part: where its first page is, and which bytes are its own."""
    owner: str
    name: str
    base: int
    start: int
    end: int

    def has(self, address: int) -> bool:
        return self.start <= address < self.end


@dataclass
class Guest:
    """What a guest wrote."""
    name: str
    boot: list[str] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    array: list[Element] = field(default_factory=list)

    @property
    def offsets(self) -> dict[int, int]:
        """per_cpu_offset() by CPU."""
        return {copy.cpu: copy.offset for copy in self.copies}

    @property
    def lowest(self) -> int:
        """The CPU whose units lie lowest."""
        return min(self.offsets, key=lambda cpu: self.offsets[cpu])

    def of(self, name: str) -> list[Copy]:
        return [copy for copy in self.copies if copy.name == name]

    def chunk_of(self, name: str) -> Chunk | None:
        """The chunk with the object's copy for the lowest CPU."""
        low = next(copy for copy in self.of(name) if copy.cpu == self.lowest)
        found = [chunk for chunk in self.chunks
                 if chunk.owner == OWNERS[name] and chunk.has(low.address)]
        return found[0] if len(found) == 1 else None


# --- reading ----------------------------------------------------------------

def parts(text: str) -> dict[str, list[str]]:
    """Lines by the heading they stand under."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if heading := re.fullmatch(r'--- (\w+)', line):
            found[heading[1]] = []
        elif found:
            found[[*found][-1]].append(line)
    return found


def rows(lines: list[str], pattern: str) -> Iterator[re.Match[str]]:
    return (row for line in lines if (row := re.match(pattern, line)))


def shadow_chunks(chunks: list[str], info: list[str]) -> Iterator[Chunk]:
    """Those of the first chunk may share a page: `alloc_info` has which bytes are whose."""
    shares = {row[1]: (int(row[2], 16), int(row[3]))
              for row in rows(info, r'(reserved|dynamic) +(0x[0-9a-f]+) +(\d+)')}
    for row in rows(chunks, r' *(\d+) ([0-9a-f]+) (\S+) +\S+ +\d+ +\d+ +(\d+)'):
        base, size = int(row[2], 16), int(row[4]) * PAGE
        part = {'reserved': 'reserved', 'first': 'dynamic'}.get(row[3].partition(',')[0], '')
        offset, size = shares.get(part, (0, size))
        start = base + offset % PAGE
        yield Chunk('shadow', row[1], base, start, start + size)


def kernel_chunks(lines: list[str]) -> Iterator[Chunk]:
    """See src/snapshot_text.c; they have no numbers of their own."""
    for i, row in enumerate(rows(lines, r'chunk ([0-9a-f]+) \S+ \S+ (\d+) (\d+) (\d+)')):
        base, pages, head, tail = int(row[1], 16), *(int(row[n]) for n in (2, 3, 4))
        yield Chunk('kernel', str(i), base, base + head, base + pages * PAGE - tail)


def read_transcript(folder: Path) -> Guest:
    found = parts(read_text(folder / 'transcript'))
    guest = Guest(folder.name, boot=found.get('boot', []))
    for row in rows(found.get('alloc_info', []),
                    r' *(\d+) +(-?\d+) +\d+ +(\d+) +(0x[0-9a-f]+)'):
        guest.units.append(Unit(int(row[1]), int(row[2]), int(row[3]), int(row[4], 16)))
    guest.chunks += shadow_chunks(found.get('chunks', []), found.get('alloc_info', []))
    guest.chunks += kernel_chunks(found.get('kernel_chunks', []))
    number = '(0x[0-9a-f]+)'
    for row in rows(found.get('objects', []),
                    rf'(\w+) +(\d+) {number} {number} {number} +(\d+)$'):
        if row[1] == 'array':
            guest.array.append(Element(int(row[2]), int(row[3], 16), int(row[4], 16),
                                       int(row[5], 16), int(row[6])))
        else:
            guest.copies.append(Copy(row[1], int(row[2]), int(row[3], 16), int(row[4], 16),
                                     int(row[5], 16), int(row[6])))
    return guest


# one way to a copy each, and what those of the pointer array call
ACCESSORS = {
    'stock': ('percpu_write_own', 'percpu_read', 'array_write_own', 'array_read',
              'ptrarray_per_cpu_ptr'),
    UP: ('percpu_write_own', 'percpu_read'),
}

# what a function begins and ends with, whatever it does
FRAME = re.compile(r'(call|jmp) (__fentry__|__x86_return_thunk)|ret.*|(data16 |cs )*nop.*'
                   r'|xchg %ax,%ax|(push|pop) .*')


def read_code(text: str) -> dict[str, list[str]]:
    """Instructions by function, with the symbols that the linker will fill in."""
    code: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if function := re.match(r'[0-9a-f]+ <(\w+)>:', line):
            lines = code.setdefault(function[1], [])
        elif instruction := re.match(r' +[0-9a-f]+:\t([^#<]*)', line):
            lines.append(re.sub(r' +', ' ', instruction[1].strip()))
        elif (symbol := re.search(r': R_X86_64_\w+\s+(\w+)', line)) and lines:
            if re.match('call|jmp', lines[-1]):
                lines[-1] = f'{lines[-1].split(" ")[0]} {symbol[1]}'
            else:
                lines[-1] = lines[-1].replace('0x0', symbol[1], 1)
    return {name: [line for line in lines if not FRAME.fullmatch(line)]
            for name, lines in code.items()}


# --- checks -----------------------------------------------------------------

def all_of(name: str, results: list[bool], what: str) -> Check:
    return Check(name, bool(results) and all(results),
                 f'{sum(results)} of {len(results)} {what}')


def sums(guest: Guest) -> Check:
    return all_of('sum', [(copy.pointer + copy.offset) % WORD == copy.address
                          for copy in guest.copies],
                  'addresses are pointer + per_cpu_offset(cpu)')


def reads(guest: Guest) -> Check:
    """What this_cpu_write() has left is where per_cpu_ptr() looks."""
    rows: list[Copy | Element] = [*guest.copies, *guest.array]
    return all_of('read', [row.read == MARK + row.cpu for row in rows],
                  'copies hold what their CPU has written')


def one_pointer(guest: Guest) -> Check:
    return all_of('pointer', [len({copy.pointer for copy in guest.of(name)}) == 1
                              for name in OWNERS],
                  'objects have one pointer for all CPUs')


def units(guest: Guest) -> Check:
    """The shadow's units lie as the kernel's."""
    low = guest.offsets[guest.lowest]
    return all_of('units', [unit.offset == guest.offsets.get(unit.cpu, -1) - low
                            for unit in guest.units],
                  "offsets of the shadow's units are the kernel's")


def placed(guest: Guest, name: str) -> Iterator[bool]:
    """base + unit + place is each copy's address, and the pointer follows from base + place."""
    chunk = guest.chunk_of(name)
    offset = {unit.cpu: unit.offset for unit in guest.units}
    low = guest.offsets[guest.lowest]
    for copy in guest.of(name):
        if chunk is None or copy.cpu not in offset:
            yield False
            continue
        place = (copy.pointer + low) % WORD - chunk.base
        yield chunk.base + offset[copy.cpu] + place == copy.address


def places(guest: Guest) -> Check:
    return all_of('place', [good for name in OWNERS for good in placed(guest, name)],
                  'addresses are base of the chunk + offset of the unit + place')


def elements(guest: Guest) -> Check:
    return all_of('array', [~row.handle % WORD + POINTER * row.cpu == row.element
                            for row in guest.array],
                  'elements are at the complement of the handle + 8 * cpu')


def distances(guest: Guest) -> list[int]:
    """From each unit to the next, by address."""
    found = sorted(unit.offset for unit in guest.units)
    return [b - a for a, b in zip(found, found[1:])]


def shape(guest: Guest) -> Check:
    """Each guest is what it is there for."""
    apart = len(set(distances(guest)))
    good = {
        'nodes': apart > 1 and guest.lowest != 0,
        'four': apart == 1 and guest.lowest == 0,
        'one': apart == 0 and guest.offsets[0] != 0,
    }[guest.name]
    return Check('shape', good and len(guest.offsets) == GUESTS[guest.name],
                 f'{len(guest.offsets)} CPUs, {apart} distances between units, '
                 f'CPU {guest.lowest} lowest')


def identity(guest: Guest) -> Check:
    """Without SMP."""
    return all_of('identity', [copy.pointer == copy.address for copy in guest.copies],
                  'pointers are the address of the only copy')


def complete(guest: Guest) -> bool:
    """Every object has a copy for each CPU, and nothing is there twice."""
    names, cpus = OWNERS if guest.name != UP else ('static', 'kernel'), range(GUESTS[guest.name])
    found = sorted((copy.name, copy.cpu) for copy in guest.copies)
    others = [[row.cpu for row in guest.array], [row.cpu for row in guest.units]]
    return (found == sorted((name, cpu) for name in names for cpu in cpus)
            and others == ([[], []] if guest.name == UP else [[*cpus]] * 2))


def judge(guest: Guest) -> list[Check]:
    if not complete(guest):
        return [Check('complete', False, 'something is missing, or too much')]
    if guest.name == UP:
        return [check(guest) for check in (identity, reads)]
    return [check(guest) for check in (shape, sums, one_pointer, units, places, reads, elements)]


def arithmetic(out: Path, folders: list[Path]) -> bool:
    checks: list[Check] = []
    guests: dict[str, Guest] = {}
    code: dict[str, dict[str, list[str]]] = {}
    for folder in folders:
        _, said = read_guest(folder)
        guest = guests[folder.name] = read_transcript(folder)
        checks += said
        checks += [Check(f'{guest.name}: {check.name}', check.passed, check.detail)
                   for check in judge(guest)]
        kernel = UP if guest.name == UP else 'stock'
        found = read_code(read_text(folder.with_name(f'accessors.{kernel}')))
        code[kernel] = {name: found.get(name, []) for name in ACCESSORS[kernel]}
    missing = GUESTS.keys() - guests.keys() - {UP}
    checks.append(Check('guests', not missing, f'missing: {", ".join(sorted(missing))}'
                        if missing else 'all are there'))
    checks += [all_of(f'{kernel}: code', [bool(lines) for lines in found.values()],
                      'accessors are there') for kernel, found in code.items()]

    for check in checks:
        print(f'{"ok  " if check.passed else "FAIL"} {check.name:22} {check.detail}')
    failed = sum(not check.passed for check in checks)
    if not failed:
        out.write_text(json.dumps({
            'guests': {name: asdict(guest) for name, guest in guests.items()},
            'code': code}) + '\n')
    print(f'\narithmetic: {len(checks) - failed} passed, {failed} failed')
    return not failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--json', type=Path, required=True)
    parser.add_argument('guests', type=Path, nargs='+')
    args = parser.parse_args()
    return 0 if arithmetic(args.json, args.guests) else 1


if __name__ == '__main__':
    sys.exit(main())

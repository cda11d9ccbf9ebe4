#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Fill the figures into Documentation/generations.rst.

  generations_doc.py [--diff] [--update] [--build DIR] [DOCUMENT]

What stands between `.. begin NAME` and `.. end NAME` is made here, from what `make
generations` and `make arithmetic` have left in build/. Without --update the document
stays as it is, and is only said to have other figures; --diff shows them. Blocks whose
figures are not there are left alone.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from generations_verdict import DESIGNS, KERNEL

ROOT = Path(__file__).resolve().parent.parent
WORD = 1 << 64

# as much of what was written by a run as was read from it
Figures = dict[str, Any]
Lines = Iterator[str]

BLOCK = re.compile(r'(?<=^\.\. begin )(\S+)\n(.*?)(?=^\.\. end \1$)', re.MULTILINE | re.DOTALL)


def literal(lines: Iterable[str]) -> Lines:
    yield '::'
    yield ''
    for line in lines:
        yield f'  {line}'.rstrip()


# --- make generations -------------------------------------------------------


def runs_of(figures: Figures) -> dict[tuple[str, str], Figures]:
    return {(run['engine'], run['stream']): run
            for run in (*figures['runs'], *figures.get('reference', []))}


def streams_of(figures: Figures) -> list[str]:
    return list(dict.fromkeys(run['stream'] for run in figures['runs']))


def table(figures: Figures, key: str, what: str, designs: Iterable[str]) -> Lines:
    """A row a stream, a column a design."""
    runs = runs_of(figures)
    designs = [design for design in designs if any(
        key in runs.get((design, stream), {}) for stream in streams_of(figures))]
    yield f'{what:28}' + ''.join(f'{design:>11}' for design in designs)
    for stream in streams_of(figures):
        live = runs[DESIGNS[0], stream].get('live', '')
        row = f'{stream:16}{live:>7} live'
        for design in designs:
            value = runs.get((design, stream), {}).get(key)
            row += f'{"-" if value is None else format(value, ".0f"):>11}'
        yield row


def tables(*columns: tuple[str, str, bool]) -> Callable[[Figures], Lines]:
    """COLUMNS: key, heading, and whether the kernel's own has that, too."""
    def make(figures: Figures) -> Lines:
        for i, (key, what, known) in enumerate(columns):
            if i:
                yield ''
            yield from table(figures, key, what, (*DESIGNS, KERNEL) if known else DESIGNS)
    return lambda figures: literal(make(figures))


def growth(figures: Figures) -> Lines:
    """What calls take when a hundred times as many objects are live."""
    runs = runs_of(figures)
    mixes, few, many = ('random', 'eight'), '100', '10000'
    yield f'{"":18}' + ''.join(f'{f"{mix}-{few}":>13}{f"-{many}":>8}{"times":>8}' for mix in mixes)
    for key, what in (('alloc_avg', 'alloc'), ('free_avg', 'free')):
        for design in DESIGNS:
            row = f'{f"{design} {what}":18}'
            for mix in mixes:
                a, b = (runs[design, f'{mix}-{live}'][key] for live in (few, many))
                row += f'{a:13.0f}{b:8.0f}{b / a:8.1f}'
            yield row


# --- make arithmetic --------------------------------------------------------

def number(value: int) -> str:
    return f'{value % WORD:#018x}'


def guest_of(figures: Figures, name: str) -> Figures:
    return figures['guests'][name]


def copies(guest: Figures, name: str) -> dict[int, Figures]:
    """Of one object, by CPU."""
    return {copy['cpu']: copy for copy in guest['copies'] if copy['name'] == name}


def lowest(guest: Figures) -> int:
    offsets = {copy['cpu']: copy['offset'] for copy in guest['copies']}
    return min(offsets, key=lambda cpu: offsets[cpu])


def objects(name: str) -> Callable[[Figures], Lines]:
    """The file itself."""
    def make(figures: Figures) -> Lines:
        guest = guest_of(figures, name)
        yield 'object  cpu pointer            per_cpu_offset     address              read'
        for copy in guest['copies']:
            yield (f'{copy["name"]:7} {copy["cpu"]:3} {number(copy["pointer"])} '
                   f'{number(copy["offset"])} {number(copy["address"])} {copy["read"]:6}')
    return lambda figures: literal(make(figures))


def boot(name: str) -> Callable[[Figures], Lines]:
    return lambda figures: literal(guest_of(figures, name)['boot'])


def units(name: str) -> Callable[[Figures], Lines]:
    """Where the kernel's units are, and how far from the lowest one."""
    def make(figures: Figures) -> Lines:
        guest = guest_of(figures, name)
        offset = {copy['cpu']: copy['offset'] for copy in guest['copies']}
        yield 'cpu node unit per_cpu_offset     offset of its unit'
        for unit in guest['units']:
            low = ' lowest' if unit['cpu'] == lowest(guest) else ''
            yield (f'{unit["cpu"]:3} {unit["node"]:4} {unit["unit"]:4} '
                   f'{number(offset[unit["cpu"]])} {unit["offset"]:#18x}{low}')
    return lambda figures: literal(make(figures))


def sums(figures: Figures) -> Lines:
    """pointer + offset, for a CPU and for the lowest."""
    guest = guest_of(figures, 'nodes')
    for cpu in (0, lowest(guest)):
        copy = copies(guest, 'shadow')[cpu]
        yield f'  {number(copy["pointer"])}  the pointer'
        yield f'+ {number(copy["offset"])}  per_cpu_offset({cpu})'
        yield (f'= {number(copy["pointer"] + copy["offset"])}  CPU {cpu}\'s copy, '
               f'which reads {copy["read"]}')
        yield ''


def chunk_of(guest: Figures, owner: str, address: int) -> Figures:
    return next(chunk for chunk in guest['chunks']
                if chunk['owner'] == owner and chunk['start'] <= address < chunk['end'])


def places(figures: Figures) -> Lines:
    """base + unit + place, and the way back to the pointer."""
    guest = guest_of(figures, 'nodes')
    low = lowest(guest)
    unit = {unit['cpu']: unit['offset'] for unit in guest['units']}
    for name, owner, whose in (('shadow', 'shadow', 'the shadow\'s chunk {}'),
                               ('kernel', 'kernel', 'a chunk of the kernel\'s')):
        copy, first = copies(guest, name)[0], copies(guest, name)[low]
        chunk = chunk_of(guest, owner, first['address'])
        place = first['address'] - chunk['base']
        yield f'  {number(chunk["base"])}  base of {whose.format(chunk["name"])}'
        yield f'+ {unit[0]:#18x}  offset of CPU 0\'s unit'
        yield f'+ {place:#18x}  place of `{name}` in the chunk'
        yield f'= {number(chunk["base"] + unit[0] + place)}  CPU 0\'s copy'
        yield ''
        yield f'  {number(chunk["base"] + place)}  base + place'
        yield f'- {number(first["offset"])}  per_cpu_offset({low})'
        yield f'= {number(copy["pointer"])}  the pointer'
        yield ''


def array(figures: Figures) -> Lines:
    """From the handle to a copy."""
    guest = guest_of(figures, 'nodes')
    elements = guest['array']
    handle = elements[0]['handle']
    yield f'  {number(handle)}  the handle'
    yield f'~ {number(~handle)}  its complement: where the array is'
    yield ''
    yield 'cpu element            points to            read'
    for row in elements:
        yield (f'{row["cpu"]:3} {number(row["element"])} {number(row["address"])} '
               f'{row["read"]:6}')


def code(kernel: str) -> Callable[[Figures], Lines]:
    def make(figures: Figures) -> Lines:
        for name, lines in figures['code'][kernel].items():
            for i, line in enumerate(lines):
                yield f'{"" if i else name:22} {line}'
    return lambda figures: literal(make(figures))


def as_literal(make: Callable[[Figures], Lines]) -> Callable[[Figures], Lines]:
    return lambda figures: literal(make(figures))


# --- the document -----------------------------------------------------------

# where the figures come from, and what is made of them
BLOCKS: dict[str, tuple[str, Callable[[Figures], Lines]]] = {
    'calls': ('generations', tables(('alloc_avg', 'an allocation, average', True),
                                    ('alloc_p99', 'an allocation, p99', True),
                                    ('free_avg', 'a free, average', True))),
    'growth': ('generations', as_literal(growth)),
    'memory': ('generations', tables(('pages', 'pages', True),
                                     ('metadata_bytes', 'bytes of metadata', False),
                                     ('chunks', 'chunks', False))),
    'gaps': ('generations', tables(('frag_sum', 'gaps, bytes', False),
                                   ('frag_max', 'the largest gap, bytes', False))),
    'boot': ('arithmetic', boot('nodes')),
    'units': ('arithmetic', units('nodes')),
    'units-four': ('arithmetic', units('four')),
    'objects': ('arithmetic', objects('nodes')),
    'sums': ('arithmetic', as_literal(sums)),
    'places': ('arithmetic', as_literal(places)),
    'array': ('arithmetic', as_literal(array)),
    'code': ('arithmetic', code('stock')),
    'one': ('arithmetic', objects('one')),
    'up-boot': ('arithmetic', boot('up')),
    'up': ('arithmetic', objects('up')),
    'up-code': ('arithmetic', code('up')),
}


def read_figures(build: Path) -> dict[str, Figures]:
    """Of each target that was run."""
    return {path.stem: json.loads(path.read_text())
            for path in (build / 'generations.json', build / 'arithmetic.json')
            if path.exists()}


def fill(text: str, figures: dict[str, Figures]) -> tuple[str, list[str]]:
    """With the figures, and the blocks for which a run has none."""
    kept: list[str] = []

    def block(found: re.Match[str]) -> str:
        source, make = BLOCKS[found[1]]
        if source not in figures:
            return found[0]
        try:
            lines = '\n'.join(make(figures[source])).rstrip()
        except KeyError:  # a guest was not run
            kept.append(found[1])
            return found[0]
        return f'{found[1]}\n\n{lines}\n\n'
    return BLOCK.sub(block, text), kept


def main() -> int:
    parser = argparse.ArgumentParser(usage=argparse.SUPPRESS, description=__doc__.split('\n')[0])
    parser.add_argument('--diff', action='store_true')
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--build', type=Path, default=ROOT / 'build')
    parser.add_argument('document', type=Path, nargs='?',
                        default=ROOT / 'Documentation' / 'generations.rst')
    args = parser.parse_args()

    try:
        text, figures = args.document.read_text(), read_figures(args.build)
    except (OSError, ValueError) as why:
        print(f'cannot be read: {why}', file=sys.stderr)
        return 2
    if not figures:
        print(f'{args.build} has no figures: run make generations, or make arithmetic',
              file=sys.stderr)
        return 2
    names = [found[1] for found in BLOCK.finditer(text)]
    if sorted(names) != sorted(BLOCKS) or text.count('\n.. begin ') != len(names):
        print(f'{args.document}: its blocks are not those that are made here: '
              f'{", ".join(sorted(set(names) ^ BLOCKS.keys())) or "one is not closed"}')
        return 1

    filled, kept = fill(text, figures)
    name = args.document.name
    if args.diff:
        sys.stdout.writelines(difflib.unified_diff(
            text.splitlines(keepends=True), filled.splitlines(keepends=True),
            name, f'{name}, with the figures of this run'))
    if kept:
        print(f'{name}: not run, and as they were: {", ".join(kept)}')
    if args.update:
        args.document.write_text(filled)
    elif filled != text:
        print(f'{name} has the figures of another run; UPDATE=1 writes these into it')
    return 0


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0
"""Read the dumps of /sys/kernel/debug/shadow_percpu (Documentation/dumps.rst).

They come from a folder, from a file of one dump, or from a log that has several behind
lines "--- NAME"; of one that is there more than once, the last. What is wrong with them
is said in a line: Refused.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAGE = 4096
GRANULE = 4
CELL = 64  # bytes of a character in `map`
CELLS = PAGE // CELL
DEBUGFS = Path('/sys/kernel/debug/shadow_percpu')

# more than a unit may have, and more than all of what is shown: a dump may claim anything
PAGES_MAX = 1 << 16
ALL_PAGES_MAX = 1 << 18

# how a dump that stands alone begins
BEGINS = {
    'map': '# A character is 64 bytes',
    'chunks': '#chunk base',
    'objects': "# An area's bytes",
    'owners': '#  objects',
    'stats': 'Percpu Memory Statistics',
    'cache': '# cache=',
    'calls': '#  cpu        alloc',
}
# `make run` shows the beginning of a dump
CUT = re.compile(r'^\.\.\. and \d+ lines more$')

CHUNK = re.compile(r'^chunk (\d+) (\S+)$')
FREE_PAGES = re.compile(r'^ *\* (\d+)-(\d+) free(, not populated)?$')
PAGE_LINE = re.compile(rf'^ *(\d+) +(?:0x[0-9a-f]+|0) ([#+.o_-]{{{CELLS}}})$')
CHUNK_ROW = re.compile(r'^ *(\d+) (\S+) (\S+) +(-|-?\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)'
                       r' +(\d+) +(\d+)$')
OBJECT = re.compile(r'^ *(\d+) +(0x[0-9a-f]+|0) +(\d+) +(\d+|-) +(\d+\.\d{3}|-) '
                    r'(live|freed) +(.+)$')
CPU = re.compile(r'^ *(\d+) +(-?\d+) +(\d+) +(\d+) +(0x[0-9a-f]+|0)( lowest)?( no pages)?$')


class Refused(Exception):
    """What was given is no dump, or does not fit together; the text says what to do."""


@dataclass
class Area:
    """An object, with what is known of it."""
    off: int
    size: int
    asked: int | None = None
    age: float | None = None
    owner: str | None = None
    freed: bool = False

    @property
    def end(self) -> int:
        return self.off + self.size


@dataclass
class Chunk:
    """Pages are strings of CELLS characters, as in `map`."""
    number: int
    flags: str
    pages: list[str] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    slot: str = '-'
    free: int | None = None
    contig: int | None = None
    live: int | None = None
    spans: int = 0

    def populated(self, page: int) -> bool:
        return '_' not in self.pages[page]

    @property
    def nr_populated(self) -> int:
        return sum(self.populated(page) for page in range(len(self.pages)))


@dataclass
class Unit:
    """Of a CPU."""
    cpu: int
    node: int
    offset: int
    absent: bool


@dataclass
class Allocator:
    """All that was found; where there is no dump `objects` chunks have no areas."""
    chunks: list[Chunk]
    units: list[Unit] = field(default_factory=list)
    has_areas: bool = False
    cut: bool = False

    @property
    def watched(self) -> bool:
        return any(area.owner for chunk in self.chunks for area in chunk.areas)


# --- where dumps come from -----------------------------------------------------

def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8', errors='replace')
    except OSError as error:
        raise Refused(f'{path}: {error.strerror}') from error


def parts_of(text: str) -> dict[str, str]:
    """Dumps by name, from text that has them behind lines "--- NAME"."""
    parts: dict[str, list[str]] = {}
    name = None
    for line in text.splitlines():
        line = line.removeprefix('show ').rstrip('\r')
        if found := re.match(r'^--- ([a-z_]+)$', line):
            name = found[1]
            parts[name] = []
        elif re.match(r'^(===|ok  |FAIL|check|figure|done|done$)', line):
            name = None
        elif name:
            parts[name].append(line)
    if parts:
        return {name: '\n'.join(lines) for name, lines in parts.items()}
    for name, begin in BEGINS.items():
        if text.startswith(begin):
            return {name: text}
    return {}


def of_folder(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Each that is there; those that are not are not missed here."""
    return {name: read_text(folder / name) for name in names if (folder / name).exists()}


def find(source: str | None, names: Iterable[str]) -> dict[str, str]:
    """Dumps by name: of the running machine without a source; - is the standard input."""
    if source is None:
        if not (DEBUGFS / 'map').exists():
            raise Refused(f'{DEBUGFS} has no dumps: load shadow_percpu and be root, or name '
                          'a folder or a file of dumps')
        return of_folder(DEBUGFS, names)
    if source == '-':
        return parts_of(sys.stdin.read())
    path = Path(source)
    return of_folder(path, names) if path.is_dir() else parts_of(read_text(path))


# --- what they say ---------------------------------------------------------------

def lines_of(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Each line that says something, and what to call it in a complaint."""
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith('#') and not CUT.match(line):
            yield line.rstrip(), f'{name}, line {number}'


def read_map(text: str) -> list[Chunk]:
    chunks: list[Chunk] = []
    total = 0
    for line, where in lines_of(text, 'map'):
        if found := CHUNK.match(line):
            chunks.append(Chunk(int(found[1]), found[2]))
            continue
        if not chunks:
            raise Refused(f'{where}: a page before the first chunk')
        pages = chunks[-1].pages
        if found := FREE_PAGES.match(line):
            first, last, cell = int(found[1]), int(found[2]), '_' if found[3] else '.'
        elif found := PAGE_LINE.match(line):
            first = last = int(found[1])
            cell = found[2]
        else:
            raise Refused(f'{where}: not a line of a map: {line[:60]}')
        if first != len(pages) or last < first or last >= PAGES_MAX:
            raise Refused(f'{where}: page {first} to {last}, where {len(pages)} comes next')
        total += last - first + 1
        if total > ALL_PAGES_MAX:
            raise Refused(f'{where}: more than {ALL_PAGES_MAX} pages')
        pages += [cell if len(cell) == CELLS else cell * CELLS] * (last - first + 1)
    if not chunks:
        raise Refused('map: there is no chunk in it')
    return chunks


def read_chunks(text: str, chunks: list[Chunk]) -> None:
    """A row a chunk; what is below is hints, which are for the reader of the dump."""
    by_number = {chunk.number: chunk for chunk in chunks}
    for line, _ in lines_of(text, 'chunks'):
        found = CHUNK_ROW.match(line)
        chunk = by_number.get(int(found[1])) if found else None
        if not found or not chunk:
            continue  # of a chunk that came after the map was read
        chunk.slot = found[4]
        chunk.free, chunk.contig = int(found[5]), int(found[6])
        chunk.live, chunk.spans = int(found[10]), int(found[11])


def read_objects(text: str, chunks: list[Chunk], cut: bool) -> None:
    """Where the map was cut off objects are, too."""
    by_number = {chunk.number: chunk for chunk in chunks}
    for line, where in lines_of(text, 'objects'):
        found = OBJECT.match(line)
        if not found:
            raise Refused(f'{where}: not a line of `objects`: {line[:60]}')
        chunk = by_number.get(int(found[1]))
        if not chunk:
            continue  # as above
        area = Area(int(found[2], 16), int(found[3]),
                    None if found[4] == '-' else int(found[4]),
                    None if found[5] == '-' else float(found[5]),
                    None if found[7] == '-' else found[7], found[6] == 'freed')
        if cut and area.end > len(chunk.pages) * PAGE:
            continue
        before = chunk.areas[-1].end if chunk.areas else 0
        if not area.size or area.off < before or area.end > len(chunk.pages) * PAGE:
            raise Refused(f'{where}: no such area fits there: {line[:60]}')
        chunk.areas.append(area)


def read_units(text: str) -> list[Unit]:
    units = [Unit(int(found[1]), int(found[2]), int(found[5], 16), bool(found[7]))
             for line, _ in lines_of(text, 'alloc_info') if (found := CPU.match(line))]
    return sorted(units, key=lambda unit: unit.offset)


def read(source: str | None) -> Allocator:
    """The allocator that dumps show: `map`, and what else there is."""
    parts = find(source, ('map', 'chunks', 'objects', 'alloc_info'))
    if 'map' not in parts:
        raise Refused(f'{source}: there is no dump `map` in it: name a folder of dumps, or a '
                      'file with them behind lines "--- NAME", as `make run` prints')
    cut = any(CUT.match(line) for text in parts.values() for line in text.splitlines())
    chunks = read_map(parts['map'])
    read_chunks(parts.get('chunks', ''), chunks)
    read_objects(parts.get('objects', ''), chunks, cut)
    return Allocator(chunks, read_units(parts.get('alloc_info', '')), 'objects' in parts, cut)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Draw the maps that `make generations` has kept: DIR/ENGINE-STREAM.map, and .stats.

  generations_picture.py DIR

writes DIR/STREAM.svg with all engines side by side, and DIR/ENGINE.svg with all
streams. A chunk is a column of pages, a page is a row of 64 cells of 64 bytes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import dumps
from dumps import CELLS as CELLS_PER_PAGE
from dumps import Chunk
from generations_verdict import ENGINES

# of the dump `map`: what a character means, and its colour
CELLS = {
    '#': ('used', '#1f4e79'),
    '+': ('partly used', '#6fa8d6'),
    '.': ('free, with pages behind it', '#ffc857'),
    'o': ('free, in a span', '#e07a5f'),
    '_': ('not populated', '#e9ecef'),
    '-': ('not its own', '#adb5bd'),
}

GAPS = re.compile(r'^ *sum_frag *: *(\d+)$', re.MULTILINE)

# in pixels
CELL, ROW = 2, 2
CHUNK_WIDTH = CELLS_PER_PAGE * CELL
GAP, MARGIN, CAPTION = 8, 24, 42
PICTURE_WIDTH = 1760
CHUNKS_PER_LINE = (PICTURE_WIDTH - 2 * MARGIN) // (CHUNK_WIDTH + GAP)


@dataclass
class Map:
    engine: str
    stream: str
    chunks: list[Chunk]
    gaps: int

    @property
    def text(self) -> str:
        nr, populated = len(self.chunks), sum(chunk.nr_populated for chunk in self.chunks)
        return (f'{nr} chunk{"s" if nr != 1 else ""}, {populated} pages a CPU, '
                f'{self.gaps:,} bytes in gaps')


def read_map(path: Path) -> Map:
    """What is reserved for static variables is left out."""
    engine, _, stream = path.stem.partition('-')
    try:
        chunks = dumps.read_map(path.read_text())
    except dumps.Refused as error:
        raise ValueError(f'{path.name}: {error}') from error
    gaps = sum(int(gap) for gap in GAPS.findall(path.with_suffix('.stats').read_text()))
    return Map(engine, stream, [chunk for chunk in chunks if 'reserved' not in chunk.flags],
               gaps)


# --- one chunk --------------------------------------------------------------

def runs(page: str) -> Iterator[tuple[int, int, str]]:
    """Where cells begin and end that are alike."""
    begin = 0
    for end in range(1, len(page) + 1):
        if end == len(page) or page[end] != page[begin]:
            yield begin, end, page[begin]
            begin = end


def strokes(chunk: Chunk) -> dict[str, str]:
    """For each kind of cell one path, of horizontal strokes."""
    paths: dict[str, list[str]] = {}
    for row, page in enumerate(chunk.pages):
        for begin, end, cell in runs(page):
            if cell != '_':  # the ground
                paths.setdefault(cell, []).append(
                    f'M{begin * CELL} {row * ROW + ROW // 2}h{(end - begin) * CELL}')
    return {cell: ''.join(path) for cell, path in paths.items()}


def draw_chunk(chunk: Chunk, x: int, y: int) -> Iterator[str]:
    yield f'<g transform="translate({x} {y})">'
    yield (f'<title>chunk {chunk.number}: {chunk.nr_populated} of {len(chunk.pages)} '
           'pages populated</title>')
    yield (f'<rect width="{CHUNK_WIDTH}" height="{len(chunk.pages) * ROW}" '
           f'fill="{CELLS["_"][1]}"/>')
    for cell, path in strokes(chunk).items():
        yield f'<path d="{path}" stroke="{CELLS[cell][1]}"/>'
    yield '</g>'


# --- one map ----------------------------------------------------------------

@dataclass
class Panel:
    """A map with a caption; chunks that are too many for a line go on in the next."""
    shown: Map
    caption: str

    @property
    def lines(self) -> list[list[Chunk]]:
        chunks = self.shown.chunks
        return [chunks[i:i + CHUNKS_PER_LINE] for i in range(0, len(chunks), CHUNKS_PER_LINE)]

    @property
    def width(self) -> int:
        nr = max((len(line) for line in self.lines), default=1)
        return max(nr, 3) * (CHUNK_WIDTH + GAP)

    @property
    def height(self) -> int:
        return CAPTION + sum(line_height(line) for line in self.lines) + GAP

    def draw(self, x: int, y: int) -> Iterator[str]:
        yield f'<text class="name" x="{x}" y="{y + 14}">{escape(self.caption)}</text>'
        yield f'<text x="{x}" y="{y + 30}">{self.shown.text}</text>'
        y += CAPTION
        for line in self.lines:
            for i, chunk in enumerate(line):
                yield from draw_chunk(chunk, x + i * (CHUNK_WIDTH + GAP), y)
            y += line_height(line)


def line_height(line: list[Chunk]) -> int:
    return max(len(chunk.pages) for chunk in line) * ROW + GAP


# --- a picture --------------------------------------------------------------

def legend(panels: list[Panel], y: int) -> Iterator[str]:
    """What is seen in any of them."""
    seen = set[str]().union(*(page for panel in panels for chunk in panel.shown.chunks
                              for page in chunk.pages))
    x = MARGIN
    for cell, (text, colour) in CELLS.items():
        if cell not in seen:
            continue
        yield f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{x + 18}" y="{y + 11}">{text}</text>'
        x += 44 + 7 * len(text)


def arrange(panels: list[Panel], y: int) -> tuple[list[tuple[Panel, int, int]], int]:
    """Left to right, and below each other where there is no more room."""
    placed = []
    x, below = MARGIN, y
    for panel in panels:
        if x > MARGIN and x + panel.width > PICTURE_WIDTH - MARGIN:
            x, y = MARGIN, below
        placed.append((panel, x, y))
        x += panel.width + MARGIN
        below = max(below, y + panel.height + GAP)
    return placed, below


def picture(title: str, panels: list[Panel]) -> str:
    placed, height = arrange(panels, 110)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PICTURE_WIDTH}" height="{height}" '
        f'viewBox="0 0 {PICTURE_WIDTH} {height}">',
        '<style>text{font:12px sans-serif;fill:#495057}.name{font-weight:bold;fill:#212529}'
        f'.title{{font-size:20px}}path{{fill:none;stroke-width:{ROW};'
        'shape-rendering:crispEdges}</style>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text class="name title" x="{MARGIN}" y="36">{escape(title)}</text>',
        f'<text x="{MARGIN}" y="58">A block is a chunk, in order from left to right. A row is '
        'a page, 64 cells of 64 bytes; the first page is at the top.</text>',
        *legend(panels, 74)]
    for panel, x, y in placed:
        parts += panel.draw(x, y)
    return '\n'.join([*parts, '</svg>']) + '\n'


def by_engine(maps: Iterable[Map]) -> list[Map]:
    order = {engine: i for i, engine in enumerate(ENGINES)}
    return sorted(maps, key=lambda shown: (order.get(shown.engine, len(order)), shown.engine))


def by_size(maps: Iterable[Map]) -> list[Map]:
    return sorted(maps, key=lambda shown: (len(shown.chunks), shown.stream))


def main() -> int:
    folder = Path(sys.argv[1])
    maps = [read_map(path) for path in sorted(folder.glob('*-*.map'))]
    for stream in {shown.stream for shown in maps}:
        panels = [Panel(shown, shown.engine)
                  for shown in by_engine(one for one in maps if one.stream == stream)]
        (folder / f'{stream}.svg').write_text(
            picture(f'{stream}: what is left in the end', panels))
    for engine in {shown.engine for shown in maps}:
        panels = [Panel(shown, shown.stream)
                  for shown in by_size(one for one in maps if one.engine == engine)]
        (folder / f'{engine}.svg').write_text(
            picture(f'engine={engine}: what is left in the end', panels))
    return 0


if __name__ == '__main__':
    sys.exit(main())

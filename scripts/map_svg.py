# SPDX-License-Identifier: GPL-2.0
"""A map as an SVG: a chunk is a row of blocks, a block is a square of 32 by 32 granules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from dumps import CELL, GRANULE, PAGE, Allocator, Area, Chunk
from map_colours import FREE, FREE_SPAN, GROUND, NOT_OWN, PARTLY, USED, Colours, Kind
from map_terminal import folded, headline, same

# in pixels
GRANULE_PIXELS = 4
LINE = 32  # granules
TILE = LINE * GRANULE_PIXELS
GAP, MARGIN = 10, 28
WIDTH = 1440
TEXT = 13
UNIT_HEIGHT, UNITS_MOST, UNIT_USED = 5, 16, '#5b7fa6'

STYLE = ('text{font:12px "DejaVu Sans",Helvetica,Arial,sans-serif;fill:#4a525b}'
         '.title{font-size:22px;font-weight:bold;fill:#1c2127}'
         '.chunk{font-size:14px;font-weight:bold;fill:#1c2127}'
         '.block{font-size:10px;fill:#78818c}'
         '.area{stroke:#ffffff;stroke-width:.7;stroke-linejoin:round}')


@dataclass
class Tile:
    """A block, or several that are free and alike."""
    first: int
    last: int
    x: int
    y: int
    width: int


def outline(begin: int, end: int) -> str:
    """The granules from @begin to @end of a block, line after line, as one outline."""
    first, last = begin // LINE, (end - 1) // LINE
    x0, x1 = begin % LINE, (end - 1) % LINE + 1
    if first == last:
        corners = [(x0, first), (x1, first), (x1, first + 1), (x0, first + 1)]
    else:
        corners = [(x0, first), (LINE, first), (LINE, last), (x1, last), (x1, last + 1),
                   (0, last + 1), (0, first + 1), (x0, first + 1)]
    return 'M' + 'L'.join(f'{x * GRANULE_PIXELS} {y * GRANULE_PIXELS}'
                          for x, y in corners) + 'Z'


def about(area: Area) -> str:
    """What is said of an object under the mouse."""
    parts = [f'{area.off:#x}: {area.size:,} bytes']
    if area.asked is not None and area.asked != area.size:
        parts.append(f'asked for {area.asked:,}')
    if area.age is not None:
        parts.append(f'{area.age:.3f} s old')
    if area.owner:
        parts.append(area.owner)
    if area.freed:
        parts.append('freed, in quarantine')
    return ', '.join(parts)


def draw_areas(chunk: Chunk, page: int, colours: Colours) -> Iterator[str]:
    begin, end = page * PAGE, (page + 1) * PAGE
    for area in chunk.areas:
        if area.off < end and area.end > begin:
            path = outline((max(area.off, begin) - begin) // GRANULE,
                           (min(area.end, end) - begin + GRANULE - 1) // GRANULE)
            yield (f'<path class="area" d="{path}" fill="{colours.kind(area).colour}">'
                   f'<title>{escape(about(area))}</title></path>')


def draw_cells(line: str, of: dict[str, str]) -> Iterator[str]:
    """Runs of cells that are alike, those that have a colour."""
    step = CELL // GRANULE
    begin = 0
    for end in range(1, len(line) + 1):
        if end < len(line) and line[end] == line[begin]:
            continue
        if colour := of.get(line[begin]):
            yield f'<path d="{outline(begin * step, end * step)}" fill="{colour}"/>'
        begin = end


def draw_tile(chunk: Chunk, tile: Tile, colours: Colours) -> Iterator[str]:
    page = tile.first
    alike = same(chunk, page)
    hatch = not chunk.populated(page)
    yield f'<g transform="translate({tile.x} {tile.y})">'
    ground = 'url(#hatch)' if hatch else GROUND[alike or FREE][1]
    yield f'<rect width="{tile.width}" height="{TILE}" fill="{ground}"/>'
    if tile.last > tile.first:
        words = [f'{tile.last - tile.first + 1} blocks', *GROUND[alike or FREE][0].split(', ')]
        for i, word in enumerate(words):
            yield (f'<text class="block" x="{tile.width // 2}" y="{TILE // 2 - 8 + i * TEXT}" '
                   f'text-anchor="middle">{escape(word)}</text>')
    elif not alike:
        some = {cell: GROUND[cell][1] for cell in (FREE_SPAN, NOT_OWN)}
        if not colours.objects:
            some |= {kind.letter: kind.colour for kind in colours.legend
                     if kind.letter in (USED, PARTLY)}
        yield from draw_cells(chunk.pages[page], some)
        if colours.objects:
            yield from draw_areas(chunk, page, colours)
    name = f'{tile.first}-{tile.last}' if tile.last > tile.first else str(tile.first)
    yield f'<text class="block" x="0" y="{TILE + 11}">{name}</text></g>'


def tiles_of(chunk: Chunk, y: int) -> tuple[list[Tile], int]:
    """Blocks in their order, line below line; and where the last line ends."""
    tiles = []
    x = MARGIN
    for first, last in folded(chunk):
        width = TILE
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, y = MARGIN, y + TILE + 2 * TEXT
        tiles.append(Tile(first, last, x, y, width))
        x += width + GAP
    return tiles, y + TILE + 2 * TEXT


def draw_units(chunk: Chunk, allocator: Allocator, y: int) -> tuple[list[str], int]:
    """A bar for each CPU's unit: where in it pages are."""
    units = allocator.units[:UNITS_MOST]
    if not units:
        return [], y
    label, room = 62, WIDTH - 2 * MARGIN - 62
    step = room / len(chunk.pages)
    parts = []
    for i, unit in enumerate(units):
        top = y + i * (UNIT_HEIGHT + 2)
        parts.append(f'<rect x="{MARGIN + label}" y="{top}" width="{room}" '
                     f'height="{UNIT_HEIGHT}" fill="{GROUND["_"][1]}"/>')
        for first, last, colour in ([] if unit.absent else populated_runs(chunk)):
            parts.append(f'<rect x="{MARGIN + label + first * step:.1f}" y="{top}" '
                         f'width="{(last + 1 - first) * step:.1f}" height="{UNIT_HEIGHT}" '
                         f'fill="{colour}"/>')
    bottom = y + len(units) * (UNIT_HEIGHT + 2)
    text = f'CPU {units[0].cpu}' + (f' ... {units[-1].cpu}' if len(units) > 1 else '')
    if len(allocator.units) > len(units):
        text = f'{len(units)} of {len(allocator.units)}'
    parts.append(f'<text class="block" x="{MARGIN}" y="{(y + bottom) // 2 + 2}">{text}</text>')
    return parts, bottom + 8


def populated_runs(chunk: Chunk) -> Iterator[tuple[int, int, str]]:
    """First and last page that are used, or free and backed, and their colour."""
    runs: list[tuple[int, int, str]] = []
    for first, last in folded(chunk):
        alike = same(chunk, first)
        colour = GROUND[alike][1] if alike else UNIT_USED
        if runs and runs[-1][1:] == (first - 1, colour):
            first = runs.pop()[0]
        if chunk.populated(first):
            runs.append((first, last, colour))
    yield from runs


def draw_legend(allocator: Allocator, colours: Colours, y: int) -> tuple[list[str], int]:
    there = set(''.join(page for chunk in allocator.chunks for page in chunk.pages))
    entries = [*colours.legend, *(Kind(text, colour, cell)
                                  for cell, (text, colour) in GROUND.items() if cell in there)]
    parts = []
    x = MARGIN
    for kind in entries:
        width = 34 + int(7.1 * len(kind.text))
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, y = MARGIN, y + 22
        fill = 'url(#hatch)' if kind.letter == '_' else kind.colour
        parts.append(f'<rect x="{x}" y="{y}" width="14" height="14" rx="2" fill="{fill}"/>'
                     f'<text x="{x + 20}" y="{y + 11}">{escape(kind.text)}</text>')
        x += width
    return parts, y + 36


def draw(allocator: Allocator, colours: Colours, title: str) -> str:
    """The whole picture."""
    body = [f'<text class="title" x="{MARGIN}" y="42">{escape(title)}</text>',
            f'<text x="{MARGIN}" y="64">Objects by {colours.by}. A square is a block: a page of 4,096 '
            'bytes, lines of 128 bytes from its upper left on; the smallest square in it is a '
            'granule of 4 bytes.' + (' Bars are the units: where each CPU has pages.'
                                     if allocator.units else '') + '</text>']
    y = 80
    if allocator.cut:
        body.append(f'<text x="{MARGIN}" y="82">The dumps were cut off where they were '
                    'printed: this is their beginning.</text>')
        y += 18
    legend, y = draw_legend(allocator, colours, y)
    body += legend
    for chunk in allocator.chunks:
        body.append(f'<text class="chunk" x="{MARGIN}" y="{y + TEXT}">'
                    f'{escape(headline(chunk))}</text>')
        units, y = draw_units(chunk, allocator, y + 24)
        body += units
        tiles, y = tiles_of(chunk, y)
        for tile in tiles:
            body += draw_tile(chunk, tile, colours)
        y += GAP
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
            f'viewBox="0 0 {WIDTH} {y}" role="img" aria-label={quoteattr(title)}>',
            f'<style>{STYLE}</style>',
            '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse">'
            f'<rect width="6" height="6" fill="{GROUND["_"][1]}"/>'
            '<path d="M0 6L6 0" stroke="#d5dae1" stroke-width="1"/></pattern></defs>',
            '<rect width="100%" height="100%" fill="#ffffff"/>']
    return '\n'.join([*head, *body, '</svg>']) + '\n'

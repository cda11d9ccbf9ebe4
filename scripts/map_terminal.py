# SPDX-License-Identifier: GPL-2.0
"""A map for a terminal: a page is a line, in colour or in letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dumps import CELL, CELLS, PAGE, Allocator, Area, Chunk
from map_colours import FREE, GROUND, NOT_OWN, NOT_POPULATED, PARTLY, USED, Colours, rgb

LABEL = 17  # columns before a page's cells
HALF = '▌'
# on a dark ground as on a light one, holes are to be seen and what is not there is not
DARK = {'.': '#8a6d1f', 'o': '#a8553a', '_': '', '-': '#4a4f57'}


@dataclass
class Look:
    """What the terminal can do."""
    width: int
    colour: bool
    deep: bool
    unicode: bool


class Paint:
    """Text in colours; each is given its escape sequence at its first use."""

    def __init__(self, look: Look) -> None:
        self.look = look

    def code(self, colour: str, ground: bool) -> str:
        if not colour:
            return '49' if ground else '39'
        red, green, blue = rgb(colour)
        if self.look.deep:
            return f'{48 if ground else 38};2;{red};{green};{blue}'
        cube = 16 + 36 * round(red / 51) + 6 * round(green / 51) + round(blue / 51)
        return f'{48 if ground else 38};5;{cube}'

    def cell(self, left: str, right: str, text: str | None = None) -> str:
        """Two colours in one character; what is not populated is a dot."""
        if left == right:
            return f'\033[{self.code(left, True)}m{text or " "}'
        if self.look.unicode:
            return f'\033[{self.code(left, False)};{self.code(right, True)}m{HALF}'
        return f'\033[{self.code(left or right, True)}m '

    def bold(self, text: str) -> str:
        return f'\033[1m{text}\033[0m' if self.look.colour else text


def page_columns(look: Look) -> int:
    """Characters of a page: a power of two, so that each is as many bytes."""
    columns = 16
    while columns < 2 * CELLS and columns * 2 + LABEL <= look.width:
        columns *= 2
    return columns


# --- what is where -------------------------------------------------------------

def ground(chunk: Chunk, off: int) -> str:
    """What `map` says of a byte that is no object's."""
    cell = chunk.pages[off // PAGE][off % PAGE // CELL]
    return FREE if cell in (USED, PARTLY) else cell


def share(chunk: Chunk, areas: list[Area], begin: int, end: int) -> Area | str:
    """What has most of some bytes: one object, or none."""
    most: Area | str = ground(chunk, begin)
    taken = [(min(area.end, end) - max(area.off, begin), area) for area in areas]
    room = end - begin - sum(size for size, _ in taken)
    # few bytes among many free ones are to be seen, too
    if taken and max(size for size, _ in taken) * 4 >= room:
        most = max(taken, key=lambda one: one[0])[1]
    return most


def shares(chunk: Chunk, page: int, nr: int, step: int) -> Iterator[Area | str]:
    """A page in so many parts of as many bytes; areas are in order."""
    areas = [area for area in chunk.areas
             if area.off < (page + 1) * PAGE and area.end > page * PAGE]
    for i in range(nr):
        begin = page * PAGE + i * step
        yield share(chunk, [area for area in areas
                            if area.off < begin + step and area.end > begin],
                    begin, begin + step)


def cells(chunk: Chunk, page: int, columns: int) -> list[str]:
    """The dump's own characters, put together where there is no room for all."""
    line, step = chunk.pages[page], max(CELLS // columns, 1)
    merged = []
    for i in range(0, CELLS, step):
        some = set(line[i:i + step]) - {NOT_OWN} or {NOT_OWN}
        merged.append(some.pop() if len(some) == 1 else
                      PARTLY if some & {USED, PARTLY} else FREE)
    return [cell for cell in merged for _ in range(max(columns // CELLS, 1))]


# --- a chunk --------------------------------------------------------------------

def same(chunk: Chunk, page: int) -> str | None:
    """The character that is all of a page, if nothing else is there."""
    kinds = set(chunk.pages[page])
    return kinds.pop() if len(kinds) == 1 and not kinds & {USED, PARTLY} else None


def folded(chunk: Chunk) -> Iterator[tuple[int, int]]:
    """First and last page of what a line shows."""
    page = 0
    while page < len(chunk.pages):
        end = page
        alike = same(chunk, page)
        while alike and end + 1 < len(chunk.pages) and same(chunk, end + 1) == alike:
            end += 1
        yield page, end
        page = end + 1


def headline(chunk: Chunk) -> str:
    parts = [f'chunk {chunk.number}']
    if chunk.flags != '-':
        parts.append(chunk.flags.replace(',', ', '))
    if chunk.slot != '-':
        parts.append(f'slot {chunk.slot}')
    if chunk.live is not None:
        parts.append(f'{chunk.live:,} live')
    elif chunk.areas:
        parts.append(f'{sum(not area.freed for area in chunk.areas):,} live')
    parts.append(f'{chunk.nr_populated:,} of {len(chunk.pages):,} pages populated')
    if chunk.free is not None and chunk.contig is not None:
        parts.append(f'{chunk.free:,} bytes free, at most {chunk.contig:,} in one run')
    return ', '.join(parts)


class Terminal:
    """All lines of a picture."""

    def __init__(self, allocator: Allocator, colours: Colours, look: Look) -> None:
        self.allocator = allocator
        self.colours = colours
        self.look = look
        self.paint = Paint(look)
        self.columns = page_columns(look)

    def colour_of(self, what: Area | str) -> str:
        if isinstance(what, Area):
            return self.colours.kind(what).colour
        return {USED: '#2f68ab', PARTLY: '#7fa3cf'}.get(what) or DARK[what]

    def letter_of(self, what: Area | str) -> str:
        return self.colours.kind(what).letter if isinstance(what, Area) else what

    def parts(self, chunk: Chunk, page: int, nr: int) -> list[Area | str]:
        if self.colours.objects:
            return list(shares(chunk, page, nr, PAGE // nr))
        line: list[Area | str] = [*cells(chunk, page, nr)]
        return line

    def page(self, chunk: Chunk, page: int) -> str:
        if not self.look.colour:
            return ''.join(map(self.letter_of, self.parts(chunk, page, self.columns)))
        halves = [self.colour_of(part) for part in self.parts(chunk, page, 2 * self.columns)]
        text = '·' if self.look.unicode else '_'
        return ''.join(self.paint.cell(left, right, None if left else text)
                       for left, right in zip(halves[::2], halves[1::2])) + '\033[0m'

    def fold(self, chunk: Chunk, first: int, last: int) -> str:
        what = chunk.pages[first][0]
        text = f'  {last - first + 1} pages, {GROUND[what][0]}  '.center(self.columns, what)
        if not self.look.colour:
            return text
        text = text.replace('_', '·' if self.look.unicode else '_')
        return f'\033[{self.paint.code(DARK[what], True)}m{text}\033[0m'

    def chunk(self, chunk: Chunk) -> Iterator[str]:
        yield ''
        yield self.paint.bold(headline(chunk)[:self.look.width])
        for first, last in folded(chunk):
            if last > first:
                yield f'{f"{first}-{last}":>{LABEL - 1}} ' + self.fold(chunk, first, last)
            else:
                yield f'{first:>5} {first * PAGE:>#10x} ' + self.page(chunk, first)

    def units(self) -> Iterator[str]:
        units = self.allocator.units
        if not units:
            return
        most = max(len(chunk.pages) for chunk in self.allocator.chunks)
        yield self.paint.bold(f'{len(units)} units of a chunk, all with the map below')
        absent = [f'CPU {unit.cpu}' for unit in units if unit.absent]
        for node in sorted({unit.node for unit in units}):
            of = [unit for unit in units if unit.node == node]
            yield (f'  node {node}: CPU ' + ', '.join(str(unit.cpu) for unit in of[:16]) +
                   (f' ... {of[-1].cpu}' if len(of) > 16 else '') +
                   f', from {of[0].offset:#x} to {of[-1].offset:#x}, up to {most} pages each')
        if absent:
            yield f'  no pages for {len(absent)} of them: ' + ', '.join(absent[:8])
        yield ''

    def sample(self, colour: str, letter: str) -> str:
        return (f'\033[{self.paint.code(colour, True)}m  \033[0m' if self.look.colour
                else letter)

    def legend(self) -> Iterator[str]:
        entries = [(self.sample(kind.colour, kind.letter), kind.text)
                   for kind in self.colours.legend]
        there = set(''.join(page for chunk in self.allocator.chunks for page in chunk.pages))
        for cell, (text, _) in GROUND.items():
            if cell in there:
                blank = '··' if self.look.unicode else '__'
                entries.append((blank if self.look.colour and cell == NOT_POPULATED
                                else self.sample(DARK[cell], cell), text))
        line, used = '', 0
        for drawn, text in entries:
            length = len(text) + 6
            if used and used + length > self.look.width:
                yield line.rstrip()
                line, used = '', 0
            line += f'{drawn} {text}   '
            used += length
        yield line.rstrip()
        bytes_each = PAGE // self.columns
        yield (f'a line is a page, a character {bytes_each} bytes' +
               (', its halves one colour each' if self.look.colour and self.look.unicode and
                self.colours.objects else ''))
        if self.allocator.cut:
            yield 'the dumps were cut off where they were printed: this is their beginning'

    def lines(self) -> Iterator[str]:
        yield from self.units()
        yield from self.legend()
        for chunk in self.allocator.chunks:
            yield from self.chunk(chunk)

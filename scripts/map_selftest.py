# SPDX-License-Identifier: GPL-2.0
"""Prove that scripts/spcpu-map shows what dumps say, on a terminal and in pictures."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import dumps
import map_colours
import map_svg
import map_terminal

SCRIPTS = Path(__file__).resolve().parent
TOOL = SCRIPTS / 'spcpu-map'
WATCHED = SCRIPTS.parent / 'recordings/watched.dumps'
DOCUMENTATION = SCRIPTS.parent / 'Documentation/pictures.rst'
SVG = '{http://www.w3.org/2000/svg}'
ESCAPE = re.compile(r'\033\[[0-9;]*m')

HEAD = ('# A character is 64 bytes: . free  o free in a span  + partly used  # used  _ not '
        'populated  - not its own\n')
SMALL = HEAD + f"""
chunk 3 -
     0        0x0 {'#+oo' + '.' * 60}
     * 1-2 free
     * 3-9 free, not populated
"""
OBJECTS = """# An area's bytes, redzones included; with debug=: bytes asked for, age, owner
     3        0x0      64       -          - live  -
     3       0x40       8       7      0.500 live  some_init+0x1/0x2 [some]
     3       0x48      16      16     70.000 freed other+0x1/0x2
"""


def load_script(name: str) -> Any:
    """A script that is no module by its name."""
    loader = importlib.machinery.SourceFileLoader(name.replace('-', '_'), str(SCRIPTS / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module  # where its dataclasses look for their types
    loader.exec_module(module)
    return module


class Runs(unittest.TestCase):
    """The tool, as people run it, in a folder of its own."""
    tool = TOOL

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def put(self, **files: str) -> str:
        folder = self.root / 'dumps'
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        return str(folder)

    def run_tool(self, *args: str, said: str = '', **more: str) -> tuple[int, str, str]:
        env = {'PATH': os.environ['PATH'], 'PYTHONDONTWRITEBYTECODE': '1',
               'PYTHONIOENCODING': 'utf-8', **more}
        ran = subprocess.run([str(self.tool), *args], input=said, capture_output=True, text=True,
                             env=env, check=False, timeout=300)
        return ran.returncode, ran.stdout, ran.stderr

    def shown(self, *args: str, **more: str) -> str:
        status, out, err = self.run_tool(*args, **more)
        self.assertEqual((status, err), (0, ''))
        return out

    def assert_refused(self, why: str, *args: str, said: str = '') -> None:
        """In one line that says what; and nothing is written."""
        before = sorted(self.root.rglob('*'))
        status, out, err = self.run_tool(*args, said=said)
        self.assertEqual((status, out, err.count('\n')), (2, '', 1), err)
        self.assertTrue(err.startswith(f'{self.tool.name}: '), err)
        self.assertIn(why, err)
        self.assertEqual(sorted(self.root.rglob('*')), before)


class Terminal(Runs):
    def pages(self, out: str) -> list[str]:
        return [line.split(maxsplit=2)[2] for line in out.splitlines()
                if re.match(r'^ *\d+ +(0x[0-9a-f]+) ', line)]

    def test_by_use_is_the_dump_again(self) -> None:
        """Letter by letter, where a page has as many as there."""
        out = self.pages(self.shown(str(WATCHED), '--by', 'use', '--width', '90'))
        text = dumps.parts_of(WATCHED.read_text())['map']
        # free pages in a row are folded here and there, and one alone only there not
        wanted = [line.split()[2] for line in text.splitlines()
                  if re.match(r'^ *\d+ +(0x|0)', line)]
        self.assertGreater(len(wanted), 10)
        self.assertEqual([line for line in out if set(line) - {'.'}],
                         [line for line in wanted if set(line) - {'.'}])

    def test_by_use_letters(self) -> None:
        out = self.shown(self.put(map=SMALL), '--width', '90')
        self.assertEqual(self.pages(out), ['#+oo' + '.' * 60])
        self.assertIn('  2 pages, free, with pages behind it  ', out)
        self.assertIn('  7 pages, not populated  ', out)
        self.assertIn('o free in a span', out)
        self.assertNotIn('- not its own', out)

    def test_narrow_and_wide(self) -> None:
        """No line is longer than asked for, and a page has a power of two of letters."""
        for width, letters in ((40, 16), (60, 32), (90, 64), (144, 64), (145, 128), (300, 128)):
            out = self.shown(str(WATCHED), '--width', str(width))
            self.assertEqual({len(page) for page in self.pages(out)}, {letters}, width)
            chunks = [line for line in out.splitlines() if line.startswith('chunk')]
            self.assertLessEqual(max(map(len, chunks + self.pages(out))), width)

    def test_letters_of_objects(self) -> None:
        folder = self.put(map=SMALL, objects=OBJECTS)
        # a letter is 32 bytes here: 64 of one object, 8 and 16 of two and 8 free
        page = self.pages(self.shown(folder, '--width', '160'))[0]
        self.assertEqual(page[:8], 'EEx.oooo')
        page = self.pages(self.shown(folder, '--width', '160', '--by', 'owner'))[0]
        self.assertEqual(page[:3], 'zzx')
        page = self.pages(self.shown(folder, '--width', '160', '--by', 'age'))[0]
        self.assertEqual(page[:3], 'zzx')

    def test_colour_when_it_is_wanted(self) -> None:
        """And the same text below it."""
        plain = self.shown(str(WATCHED))
        self.assertNotIn('\033', plain)
        colour = self.shown(str(WATCHED), '--colour', 'always')
        self.assertIn('\033[48;5;', colour)
        deep = self.shown(str(WATCHED), '--colour', 'always', COLORTERM='truecolor')
        self.assertIn('\033[48;2;', deep)
        self.assertEqual(len(ESCAPE.sub('', deep).splitlines()), len(plain.splitlines()))
        for line in deep.splitlines():
            self.assertTrue(line.count('\033') == 0 or line.endswith('\033[0m') or
                            ESCAPE.sub('', line) == line or '\033[0m' in line)

    def test_no_color_on_a_terminal(self) -> None:
        arguments = mock.Mock(width=80, colour='auto')
        tool = load_script('spcpu-map')
        with mock.patch.object(sys.stdout, 'isatty', lambda: True, create=True):
            with mock.patch.dict(os.environ, {'NO_COLOR': '1'}):
                self.assertFalse(tool.look_of(arguments).colour)
            with mock.patch.dict(os.environ):
                os.environ.pop('NO_COLOR', None)
                self.assertTrue(tool.look_of(arguments).colour)

    def test_of_what_make_run_prints(self) -> None:
        """With other text around, cut off, and the last dump of a name."""
        said = ('ok   load\n\n--- map\n' + SMALL.replace('chunk 3', 'chunk 9') +
                '--- chunks\n=== after\nshow \nshow --- map\n' +
                ''.join(f'show {line}\n' for line in SMALL.splitlines()) +
                'show ... and 7 lines more\ncheck x pass y\n')
        status, out, err = self.run_tool('-', said=said)
        self.assertEqual((status, err), (0, ''))
        self.assertIn('chunk 3', out)
        self.assertNotIn('chunk 9', out)
        self.assertIn('cut off', out)

    def test_one_chunk(self) -> None:
        out = self.shown(str(WATCHED), '--chunk', '2')
        self.assertEqual(re.findall('(?m)^chunk (.)', out), ['2'])


class Reading(Runs):
    def test_objects_are_the_live_ones(self) -> None:
        """The guest's own counts, chunk by chunk."""
        allocator = dumps.read(str(WATCHED))
        self.assertEqual([chunk.live for chunk in allocator.chunks],
                         [len(chunk.areas) for chunk in allocator.chunks])
        self.assertEqual(len(allocator.units), 4)
        self.assertTrue(allocator.watched)

    def test_the_map_and_the_objects_agree(self) -> None:
        for chunk in dumps.read(str(WATCHED)).chunks:
            cells = ''.join(chunk.pages)
            taken = bytearray(len(cells) * dumps.CELL)
            for area in chunk.areas:
                taken[area.off:area.end] = b'\1' * area.size
            for i, cell in enumerate(cells):
                some = sum(taken[i * dumps.CELL:(i + 1) * dumps.CELL])
                if i and cell in '#.':  # the first has bytes that are not the chunk's own
                    self.assertEqual(some, dumps.CELL if cell == '#' else 0)

    def test_documentation_shows_them(self) -> None:
        """Rows that it quotes are those of the dump."""
        there = WATCHED.read_text().splitlines()
        quoted = [line.removeprefix('  ') for line in DOCUMENTATION.read_text().splitlines()
                  if dumps.OBJECT.match(line.strip())]
        self.assertTrue(quoted)
        self.assertLessEqual(set(quoted), set(there))

    def test_refused(self) -> None:
        two = SMALL + '\nchunk 4 -\n'
        for why, text in (
                ('there is no chunk', HEAD),
                ('a page before the first chunk', HEAD + '     * 1-2 free\n'),
                ('not a line of a map', SMALL + 'x\n'),
                ('not a line of a map', SMALL + f'    10     0xa000 {"." * 63}\n'),
                ('not a line of a map', SMALL + f'    10     0xa000 {"." * 63}x\n'),
                ('where 10 comes next', SMALL + '     * 11-12 free\n'),
                ('where 10 comes next', SMALL + '     * 10-9 free\n'),
                ('where 10 comes next', SMALL + '     * 10-99999999999 free\n'),
                ('where 0 comes next', two + '     * 5-12 free\n'),
                ('more than', ''.join(f'chunk {i} -\n     * 0-65535 free\n' for i in range(5)))):
            with self.subTest(text=text[-60:]):
                self.assert_refused(why, self.put(map=text))

    def test_refused_objects(self) -> None:
        good = '     3        0x8       8       -          - live  -\n'
        for why, text in (
                ('not a line of `objects`', 'x\n'),
                ('not a line of `objects`', good.replace('live', 'dead')),
                ('no such area', good + good),
                ('no such area', good.replace('0x8 ', '0x9ffc ').replace(' 8 ', ' 9 ')),
                ('no such area', good.replace('       8 ', '       0 '))):
            with self.subTest(text=text):
                self.assert_refused(why, self.put(map=SMALL, objects=text))

    def test_refused_sources(self) -> None:
        folder = self.put(map=SMALL)
        empty = self.root / 'empty'
        empty.mkdir()
        for why, *args in (
                ['no dumps: load shadow_percpu'] if not dumps.DEBUGFS.exists() else
                ['no dump `map`', str(empty)],
                ['No such file', str(self.root / 'none')],
                ['there is no dump `map` in it', str(empty)],
                ['there is no dump `map` in it', '/dev/null'],
                ['there is no dump `map` in it', str(SCRIPTS / 'run')],
                ['there is no chunk 7, only 3', folder, '--chunk', '7'],
                ['takes the dump `objects`', folder, '--by', 'age'],
                ['takes the dump `objects`', folder, '--by', 'owner'],
                ['takes the dump `objects`', folder, '--by', 'size'],
                ['invalid choice', folder, '--by', 'colour'],
                ['10 columns', folder, '--width', '10'],
                ['invalid width', folder, '--width', 'x'],
                ['invalid int', folder, '--chunk', 'x'],
                ['unrecognized', folder, '--wide'],
                ['takes no SOURCE', folder, '--guest'],
                ['No such file', folder, '--svg', str(self.root / 'none/a.svg')],
                ['Is a directory', folder, '--svg', str(empty)]):
            with self.subTest(args=args):
                self.assert_refused(why, *args)
        objects = OBJECTS.splitlines(keepends=True)
        unwatched = self.put(objects=''.join(objects[:2]))
        self.assert_refused('debug=owner', unwatched, '--by', 'age')
        self.assert_refused('No such file', unwatched, '--png', str(self.root / 'none/a.png'))


def area_of(path: str) -> float:
    """Of an outline, in granules."""
    corners = [tuple(map(float, corner.split())) for corner in
               path.strip('MZ').split('L')]
    twice = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in
                zip(corners, corners[1:] + corners[:1]))
    return twice / 2 / map_svg.GRANULE_PIXELS ** 2


class Svg(Runs):
    def draw(self, source: str, by: str | None = None) -> ElementTree.Element:
        allocator = dumps.read(source)
        return ElementTree.fromstring(
            map_svg.draw(allocator, map_colours.colours(allocator, by), 'a <b> & "c"'))

    def test_outlines(self) -> None:
        for begin, end in ((0, 1), (0, 32), (5, 1024), (31, 33), (31, 64), (30, 65), (0, 1024),
                           (33, 97), (1023, 1024)):
            self.assertEqual(area_of(map_svg.outline(begin, end)), end - begin, (begin, end))

    def test_each_object_is_drawn_once(self) -> None:
        """As many bytes as it has, in as many blocks."""
        allocator = dumps.read(str(WATCHED))
        sizes = [area.size for chunk in allocator.chunks for area in chunk.areas]
        paths = [path for path in self.draw(str(WATCHED)).iter(f'{SVG}path')
                 if path.get('class') == 'area']
        said = [path.findtext(f'{SVG}title') for path in paths]
        self.assertEqual(sum(area_of(path.get('d', '')) for path in paths) * dumps.GRANULE,
                         sum(sizes))
        self.assertGreaterEqual(len(said), len(sizes))
        blocks = sum((area.end - 1) // 4096 - area.off // 4096 + 1
                     for chunk in allocator.chunks for area in chunk.areas)
        self.assertEqual(len(said), blocks)

    def test_colours_are_in_the_legend(self) -> None:
        for by in ('size', 'owner', 'age'):
            svg = self.draw(str(WATCHED), by)
            legend = {rect.get('fill') for rect in svg.iter(f'{SVG}rect') if rect.get('rx')}
            areas = {path.get('fill') for path in svg.iter(f'{SVG}path')
                     if path.get('class') == 'area'}
            self.assertTrue(areas and areas <= legend, by)

    def test_without_objects_it_shows_the_cells(self) -> None:
        svg = self.draw(self.put(map=SMALL))
        by_colour = {kind.colour: kind for kind in map_colours.colours(
            dumps.read(self.put(map=SMALL)), None).legend}
        drawn = {path.get('fill'): area_of(path.get('d', '')) * 4
                 for path in svg.iter(f'{SVG}path') if path.get('fill')}
        self.assertEqual({colour: size for colour, size in drawn.items()
                          if colour in by_colour}, dict.fromkeys(by_colour, 64.0))
        self.assertEqual(drawn[map_colours.GROUND['o'][1]], 128)

    def test_files(self) -> None:
        svg, png = self.root / 'a.svg', self.root / 'a.png'
        self.assertEqual(self.shown(str(WATCHED), '--svg', str(svg), '--png', str(png)), '')
        root = ElementTree.parse(svg).getroot()
        picture = Picture(png.read_bytes())
        self.assertEqual((picture.width, picture.height),
                         (int(root.get('width', '')), int(root.get('height', ''))))
        self.assertEqual(list(self.root.glob('*.part')), [])

    def test_pixels(self) -> None:
        """In the middle of a large object, of a hole, and of pages that are not there."""
        png = self.root / 'a.png'
        folder = self.put(map=SMALL.replace('#+oo', '#+..'), objects=OBJECTS)
        self.shown(folder, '--png', str(png))
        picture = Picture(png.read_bytes())
        y = 120
        seen = {picture.at(x, row) for row in range(y, picture.height)
                for x in range(map_svg.MARGIN, map_svg.MARGIN + map_svg.TILE)}
        for colour in (map_colours.SIZE_COLOURS[4], map_colours.GROUND['.'][1],
                       map_colours.FREED):
            self.assertIn(map_colours.rgb(colour), seen)


class Picture:
    """A PNG of 8 bits a colour, as rsvg-convert writes it."""

    def __init__(self, data: bytes) -> None:
        assert data.startswith(b'\x89PNG\r\n\x1a\n')
        at, packed = 8, b''
        while at < len(data):
            size, kind = struct.unpack('>I4s', data[at:at + 8])
            body = data[at + 8:at + 8 + size]
            if kind == b'IHDR':
                self.width, self.height, depth, self.kind = struct.unpack('>IIBB', body[:10])
                assert depth == 8 and self.kind in (2, 6)
            elif kind == b'IDAT':
                packed += body
            at += size + 12
        self.each = 3 if self.kind == 2 else 4
        self.lines: list[bytearray] = []
        raw, step = zlib.decompress(packed), self.width * self.each + 1
        for y in range(self.height):
            self.lines.append(self.line(raw[y * step], raw[y * step + 1:(y + 1) * step]))

    def line(self, how: int, data: bytes) -> bytearray:
        above = self.lines[-1] if self.lines else bytearray(len(data))
        line = bytearray(data)
        for i in range(len(line)):
            left = line[i - self.each] if i >= self.each else 0
            corner = above[i - self.each] if i >= self.each else 0
            guess = left + above[i] - corner
            near = min((left, above[i], corner), key=lambda one: abs(guess - one))
            line[i] = (line[i] + (0, left, above[i], (left + above[i]) // 2, near)[how]) & 255
        return line

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        red, green, blue = self.lines[y][x * self.each:x * self.each + 3]
        return red, green, blue

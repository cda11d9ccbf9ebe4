# SPDX-License-Identifier: GPL-2.0
"""Prove that scripts/spcpu-top adds up right, on pipes, on terminals, and of streams."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import termios

import dumps
from browser import PATIENCE
from map_selftest import ESCAPE, SCRIPTS, WATCHED, Runs

STATS = """Percpu Memory Statistics
Global Stats:
----------------------------------------
  nr_cur_alloc        :{live:13}
  nr_max_alloc        :           90
  nr_chunks           :            2
  nr_max_chunks       :            3

Pages:
----------------------------------------
  populated           :           12
  empty               :            4
  pages               :           48

Per Chunk Stats:
----------------------------------------
Chunk:
  nr_cur_alloc        :            7
"""
CALLS = """#  cpu        alloc         free      refused
     0            1            2            3
   all {allocs:12} {frees:12}            3
"""
CACHE = """# cache=1: a span is an area of the core
# size align objects   spans     live    stock     kept     allocs      frees  refills  flushes local
     4     4     128       2      {live:3}        0      133 {allocs:10}        141        4        0  98.4
    32    32      64       2       70        0       58         84         14        6        0  92.8
# accounted objects (__GFP_ACCOUNT)
     4     4     128       1        2        0        0          2          0        1        0     -
# all                      6      278      128      234        701        423       15        1  97.8

#  cpu magazines     kept    bytes     allocs      frees
     0         0        0        0          0          0
"""
OWNERS = """#  objects        bytes   bytes*CPUs   oldest s  owner
        {live:3}         1000         4000     61.500  b_init+0x1/0x2 [b]
         5         2000         8000      0.500  a_init+0x1/0x2
"""
CHUNKS = """#chunk base             flags              slot       free     contig pages populated empty   live  spans
#  hints (4 bytes)   contig   start    scan   start    left   right   first
     0 ffffcd9a00506000 reserved,immutable    -       8184       8184     3         3     1      1      0
     2 00000000dead0000 -                    16     518760     429424   128       128   124    {live:3}      4
  whole                   1    8157       0    6253       -       -    7264
"""


def moment(live: int, allocs: int = 100, frees: int = 50) -> dict[str, str]:
    values = {'live': live, 'allocs': allocs, 'frees': frees}
    return {'stats': STATS.format(**values), 'calls': CALLS.format(**values),
            'cache': CACHE.format(**values), 'owners': OWNERS.format(**values),
            'chunks': CHUNKS.format(**values)}


def frame(when: str, **more: int) -> str:
    parts = {'time': f'{when} 1.00\n', **moment(**more)}
    return ''.join(f'--- {name}\n{text}' for name, text in parts.items()) + '--- end\n'


STREAM = 'up\n' + frame('10.00', live=20) + frame('14.00', live=60, allocs=200, frees=60)


class Top(Runs):
    tool = SCRIPTS / 'spcpu-top'

    def stream(self, text: str = STREAM) -> str:
        path = self.root / 'stream'
        path.write_text(text)
        return str(path)

    def tables(self, *args: str, text: str = STREAM) -> list[list[str]]:
        """Lines of each moment."""
        return [part.split('\n') for part in self.split(
            self.shown(self.stream(text), '-b', *args))]

    def split(self, out: str) -> list[str]:
        return [part.strip('\n') for part in re.split(r'(?m)^(?=objects \d)', out) if part]

    def test_summary(self) -> None:
        first, second = self.tables()
        self.assertEqual(first[0], 'objects 20 (most 90)   chunks 2 (most 3)   '
                         'pages 48, of each CPU 12, empty 4')
        self.assertEqual(first[1], 'calls: 100 allocated, 50 freed, 3 refused')
        self.assertEqual(second[1], 'calls: 200 allocated, 60 freed, 3 refused   '
                         'allocs/s 25.0   frees/s 2.5   refused/s 0.0')

    def rows(self, table: list[str]) -> list[list[str]]:
        return [line.split() for line in table[4:]]

    def test_by_size(self) -> None:
        first, second = self.tables()
        self.assertEqual(first[3].split(), ['size', 'live', '[bytes]', 'stock', 'kept', 'spans',
                                            'alloc/s', 'free/s', 'local%'])
        self.assertEqual(self.rows(first), [
            ['32', '70', '2,240', '0', '58', '2', '-', '-', '92.8'],
            ['4', '20', '80', '0', '133', '2', '-', '-', '98.4'],
            ['4', 'acc', '2', '8', '0', '0', '1', '-', '-', '-']])
        self.assertEqual(self.rows(second)[1],
                         ['4', '60', '240', '0', '133', '2', '25.0', '0.0', '98.4'])

    def test_by_owner(self) -> None:
        first, second = self.tables('-v', 'owner')
        self.assertEqual(self.rows(first), [
            ['5', '2,000', '8,000', '0.5', '-', 'a_init+0x1/0x2'],
            ['20', '1,000', '4,000', '61.5', '-', 'b_init+0x1/0x2', '[b]']])
        self.assertEqual(self.rows(second)[1][4], '+10.0')

    def test_by_chunk(self) -> None:
        first, second = self.tables('-v', 'chunk')
        self.assertEqual(self.rows(first), [
            ['2', '16', '20', '4', '518,760', '429,424', '128', '128', '-', '-'],
            ['0', '-', '1', '0', '8,184', '8,184', '3', '3', '-', 'reserved,immutable']])
        self.assertEqual(self.rows(second)[0][8], '+10.0')
        self.assertEqual(self.rows(second)[1][8], '+0.0')

    def test_sort(self) -> None:
        for words, order in ((['-s', 'live'], ['32', '4', '4']),
                             (['-s', 'live', '-r'], ['4', '4', '32']),
                             (['-s', 'size'], ['32', '4', '4']),
                             (['-s', 'spans', '-r'], ['4', '4', '32']),
                             (['-s', 'alloc/s'], ['4', '32', '4'])):
            table = self.tables(*words)[1]
            self.assertEqual([row[0] for row in self.rows(table)], order, words)
            self.assertIn(f'[{words[1]}]', table[3])
        owners = self.tables('-v', 'owner', '-s', 'owner', '-r')[0]
        self.assertEqual(self.rows(owners)[0][5], 'a_init+0x1/0x2')

    def test_a_guest_without_a_cache(self) -> None:
        """Sizes are those of `objects`, and all that is live is in one row or another."""
        folder = self.put(**dumps.parts_of(WATCHED.read_text()))
        out = self.split(self.shown(folder, '-b', '-n', '2', '-d', '0.1'))
        self.assertEqual(len(out), 2)
        rows = self.rows(out[1].split('\n'))
        total = re.match(r'objects ([\d,]+)', out[1])
        assert total
        self.assertEqual(sum(int(row[1]) for row in rows), int(total[1].replace(',', '')))
        self.assertEqual({row[2] for row in rows}, {'+0.0'})

    def test_what_is_missing_is_said(self) -> None:
        folder = self.put(**{**moment(live=3), 'owners': '# objects are not watched: load\n'})
        self.assertIn('debug=owner', self.shown(folder, '-b', '-n', '1', '-v', 'owner'))
        folder = self.put(owners='#  objects        bytes   bytes*CPUs   oldest s  owner\n')
        self.assertIn('no objects with an owner', self.shown(folder, '-b', '-n1', '-v', 'owner'))

    def test_streams(self) -> None:
        """Of a pipe; with what else a port says, and cut in the middle of a frame."""
        for text, moments in ((STREAM, 2), (STREAM.replace('\n', '\r\n'), 2),
                              (STREAM[:-9], 1), (STREAM[300:], 1),
                              (STREAM.replace('--- end\n', '--- end\nnoise\n'), 2)):
            status, out, err = self.run_tool('-', '-b', said=text)
            self.assertEqual((status, err), (0, ''))
            self.assertEqual(len(self.split(out)), moments)
        self.assertEqual(len(self.split(self.shown(self.stream(), '-b', '-n', '1'))), 1)

    def test_a_file_that_grows(self) -> None:
        name = self.stream(frame('1.00', live=4))
        with subprocess.Popen([str(self.tool), name, '-b', '-n', '2', '-f'], text=True,
                              stdout=subprocess.PIPE) as tool:
            assert tool.stdout
            self.assertTrue(tool.stdout.readline().startswith('objects 4 '))
            with open(name, 'a', encoding='utf-8') as file:
                file.write(frame('2.00', live=8))
            self.assertIn('objects 8 ', tool.stdout.read())
            self.assertEqual(tool.wait(), 0)

    def test_refused(self) -> None:
        name = self.stream()
        empty = self.root / 'empty'
        empty.mkdir()
        for why, *args in (
                ['has no dump `stats`', str(empty), '-b'],
                ['No such file', '/none', '-b'],
                ['no whole frame', '/dev/null', '-b'],
                ['no whole frame', str(SCRIPTS / 'run'), '-b'],
                ['add -b', name], ['go with -b', name, '-n', '3'],
                ['0.1 to 3600', name, '-b', '-d', '0'], ['1 and more', name, '-b', '-n', '0'],
                ['invalid seconds', name, '-b', '-d', 'x'],
                ['by owner there are objects, bytes', name, '-b', '-v', 'owner', '-s', 'live'],
                ['by size there are', name, '-b', '-s', 'x'],
                ['invalid choice', name, '-b', '-v', 'x']):
            with self.subTest(args=args):
                self.assert_refused(why, *args)
        self.assert_refused('a frame whose time is none',
                            self.stream(STREAM.replace('--- time\n10', '--- time\nten')), '-b')


class OnATerminal(Runs):
    """With a terminal of its own, and keys."""

    tool = SCRIPTS / 'spcpu-top'

    def test_keys(self) -> None:
        stream = self.root / 'stream'
        stream.write_text(STREAM)
        pid, fd = pty.fork()
        if not pid:
            os.environ.update(TERM='dumb', PYTHONDONTWRITEBYTECODE='1')
            os.execv(self.tool, [str(self.tool), str(stream)])
        before = termios.tcgetattr(fd)
        self.until(fd, r'alloc/s 25\.0|allocs/s 25\.0')
        for keys, seen in ((b'o', r'b_init'), (b'c', r'0\.0 res'),
                           (b's', r'\[bytes\]'), (b'>', r'\[stock\]'), (b'<', r'\[bytes\]'),
                           (b'r', r' acc(.|\n)*32 ')):
            os.write(fd, keys)
            self.until(fd, seen)
        os.write(fd, b'q')
        self.until(fd, None)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        with contextlib.suppress(termios.error):
            self.assertEqual(termios.tcgetattr(fd)[3], before[3])
        os.close(fd)

    def until(self, fd: int, wanted: str | None) -> None:
        """That is on the screen; None: it is over."""
        text = ''
        while wanted is None or not re.search(wanted, ESCAPE.sub('', text)):
            if not select.select([fd], [], [], PATIENCE)[0]:
                self.fail(f'there is no {wanted}: {text}')
            try:
                data = os.read(fd, 4096)
            except OSError:  # the other end is closed
                data = b''
            if not data:
                self.assertIsNone(wanted, text)
                return
            text += data.decode()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that scripts/recording counts right, and takes nothing that is no recording."""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

SCRIPTS = Path(__file__).resolve().parent
BUILT = SCRIPTS.parent / 'build/host'

loader = importlib.machinery.SourceFileLoader('recording', str(SCRIPTS / 'recording'))
spec = importlib.util.spec_from_loader('recording', loader)
assert spec
recording: Any = importlib.util.module_from_spec(spec)
sys.modules['recording'] = recording  # where its dataclasses look for their types
loader.exec_module(recording)

HEAD = ['shadow_percpu recording 1', '# for people', 'kernel 6.1 possible=2 online=1']
# the hidden ends are two granules and one, and two areas of 8 and 4 bytes follow the first
FIRST = ['snapshot 4096 12 0 0 1', 'chunk a000 1 F 1 8 4 4076 1 0 0 0 0 0 0 0 0',
         f'block 0 0 0 0 0 0 0 0 {0b11111 | 1 << 1023:x} {0b110101 | 1 << 1023:x}', 'end']
LAST = ['snapshot 4096 12 0 0 0', 'end']
EVENTS = ['a 100 0 a000 64 16 8 A one+0x1/0x2', 'a 200 0 a000 128 100 8 C two+0x1/0x2',
          'f 300 0 a000 64', 'f 350 0 a000 8', 'a 400 1 a000 64 16 16 - one+0x1/0x2',
          'x 450 0 32768 4096 A -', 'c 500 0 b000', 's 600 0 b000 11 I 0 f',
          'w 650 0 begin', 'w 700 0 end', 'd 800 0 b000', 'f 1100 0 a000 64']


class Recordings(unittest.TestCase):
    """Files in a folder, and what is made of them."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def put(self, name: str, lines: list[str]) -> str:
        path = self.root / name
        path.write_text(''.join(f'{line}\n' for line in lines))
        return str(path)

    def good(self, name: str = 'good', events: list[str] | None = None,
             first: list[str] | None = None, last: list[str] | None = None,
             lost: int = 0) -> str:
        events = EVENTS if events is None else events
        return self.put(name, [*HEAD, *(first or FIRST), *events, *(last or LAST),
                               f'end {len(events)} {lost}'])

    def run_tool(self, *args: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), \
                mock.patch.object(sys, 'argv', ['recording', *args]):
            status = recording.main()
        return status, out.getvalue(), err.getvalue()

    def figures(self, name: str) -> dict[str, Any]:
        out = str(self.root / 'figures.json')
        self.assertEqual(self.run_tool('summary', name, '--json', out)[0], 0)
        return json.loads(Path(out).read_text())

    def assert_refused(self, where: str, *args: str) -> None:
        """In one line, which begins with the place."""
        status, out, err = self.run_tool(*args)
        self.assertEqual((status, out, err.count('\n')), (2, '', 1), err)
        self.assertTrue(err.startswith(where), err)


class Summary(Recordings):
    def test_counts(self) -> None:
        figures = self.figures(self.good())
        self.assertEqual(figures['events'], len(EVENTS))
        self.assertEqual(figures['kinds'], {'a': 3, 'f': 3, 'x': 1, 'c': 1, 'd': 1, 's': 1,
                                            'w': 2, 'l': 0})
        self.assertEqual((figures['atomic'], figures['accounted'], figures['lost']), (1, 1, 0))
        self.assertEqual(figures['sizes'], [{'value': 16, 'count': 2, 'bytes': 32},
                                            {'value': 100, 'count': 1, 'bytes': 100}])
        self.assertEqual(figures['aligns'], [{'value': 8, 'count': 2, 'bytes': 116},
                                             {'value': 16, 'count': 1, 'bytes': 16}])

    def test_lifetimes(self) -> None:
        figures = self.figures(self.good())
        life = figures['lifetimes']
        self.assertEqual((life['objects'], life['freed']), (3, 2))
        self.assertAlmostEqual(life['never_freed_share'], 1 / 3)
        self.assertEqual((life['ns']['p50'], life['ns']['p100']), (200, 700))
        self.assertEqual((life['events']['p50'], life['events']['p100']), (2, 7))
        self.assertEqual(figures['frees_of_older'], 1)
        self.assertEqual([row['upto'] for row in figures['classes']], [16, 128])

    def test_sites(self) -> None:
        rows = {row['site']: row for row in self.figures(self.good())['sites']}
        self.assertEqual(rows['one+0x1/0x2']['objects'], 2)
        self.assertEqual(rows['one+0x1/0x2']['live'], 0)
        self.assertEqual(rows['two+0x1/0x2']['live_bytes'], 100)

    def test_objects_of_a_snapshot(self) -> None:
        figures = self.figures(self.good(last=FIRST))
        self.assertEqual(figures['live_at_start'], {'objects': 2, 'bytes': 12})
        self.assertEqual(figures['sizes_at_end'], [{'value': 4, 'count': 1, 'bytes': 4},
                                                   {'value': 8, 'count': 1, 'bytes': 8}])

    def test_nothing_happened(self) -> None:
        status, out, _ = self.run_tool('summary', self.good(events=[]))
        self.assertEqual(status, 0)
        self.assertIn('0 events', out)

    def test_lost_is_loud(self) -> None:
        for events, lost in ((EVENTS + ['l 1200 0 7'], 7), (EVENTS, 3)):
            out = self.run_tool('summary', self.good(events=events, lost=lost))[1]
            self.assertIn(f'{lost} EVENTS ARE LOST', out.split('\n')[0])


class Refusals(Recordings):
    def test_cut_off(self) -> None:
        lines = Path(self.good()).read_text().split('\n')[:-1]
        for n in range(len(lines)):
            name = self.put('short', lines[:n])
            self.assert_refused(f'{name}:{n + 1}: ', 'summary', name)

    def test_last_line_without_end(self) -> None:
        name = self.good()
        Path(name).write_text(Path(name).read_text()[:-1])
        self.assert_refused(f'{name}:{len(HEAD + FIRST + EVENTS + LAST) + 1}: ', 'summary', name)

    def test_bad_lines(self) -> None:
        at = len(HEAD + FIRST) + 1
        for line in ('a 1 0 a000 4 4 4 - ', 'a 1 0 xyz 4 4 4 - -', 'q 1 0', 'f 1 0 a000',
                     'a 1 0 a000 4 4 4 LA -', 'f -1 0 a000 4', 'w 1 0 middle', ' f 1 0 a000 4'):
            name = self.good(events=[line])
            self.assert_refused(f'{name}:{at}: ', 'summary', name)

    def test_other_version(self) -> None:
        name = self.put('other', ['shadow_percpu recording 2'])
        self.assert_refused(f'{name}:1: ', 'summary', name)

    def test_wrong_count(self) -> None:
        name = self.put('count', [*HEAD, *FIRST, *EVENTS, *LAST, 'end 3 0'])
        self.assert_refused(f'{name}:', 'summary', name)

    def test_no_file(self) -> None:
        self.assert_refused(f'{self.root}: ', 'summary', str(self.root))

    def test_garbage(self) -> None:
        rnd = random.Random(1)
        good = Path(self.good()).read_bytes()
        for _ in range(500):
            spoilt = bytearray(good)
            for _ in range(rnd.randint(1, 3)):
                spoilt[rnd.randrange(len(spoilt))] = rnd.randrange(256)
            (self.root / 'spoilt').write_bytes(spoilt)
            self.assertIn(self.run_tool('summary', str(self.root / 'spoilt'))[0], (0, 2))


class Merge(Recordings):
    def test_one_after_the_other(self) -> None:
        a = self.good('a', EVENTS[:6], FIRST, LAST)
        b = self.good('b', EVENTS[6:], LAST, FIRST, lost=2)
        out = str(self.root / 'both')
        self.assertEqual(self.run_tool('merge', a, b, '-o', out)[0], 0)
        both = recording.read(out)
        self.assertEqual((both.first, both.last, both.lost), (FIRST, FIRST, 2))
        self.assertEqual([e.time for e in both.events][5:8], [450, 950, 1050])

    def test_something_in_between(self) -> None:
        a, b = self.good('a', last=LAST), self.good('b', first=FIRST)
        self.assert_refused(f'{b}: it does not begin as {a} ends', 'merge', a, b)

    def test_another_machine(self) -> None:
        a, b = self.good('a', last=FIRST), self.good('b')
        Path(b).write_text(Path(b).read_text().replace('kernel 6.1', 'kernel 6.2'))
        self.assert_refused(f'{b}: it is of another machine', 'merge', a, b)


class Cut(Recordings):
    """With an invented recording, since its snapshots have to be made by replaying it."""

    def setUp(self) -> None:
        super().setUp()
        recording.replay_program()
        text = subprocess.run([str(BUILT / 'invent'), '7', '3000'], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        self.name = self.put('whole', text.split('\n')[:-1])
        self.whole = recording.read(self.name)

    def cut(self, begin: int, end: int) -> str:
        out = str(self.root / f'part{begin}')
        self.assertEqual(self.run_tool('cut', self.name, str(begin), str(end), '-o', out)[0], 0)
        replayed = subprocess.run([str(BUILT / 'replay'), '--quiet', out])
        self.assertEqual(replayed.returncode, 0)
        return out

    def assert_rejoined(self, *ends: int) -> None:
        begins = [1, *(end + 1 for end in ends)]
        parts = [self.cut(begin, end)
                 for begin, end in zip(begins, [*ends, len(self.whole.events)])]
        both = recording.merge(parts)
        both.notes = self.whole.notes
        self.assertEqual(list(both.lines()), list(self.whole.lines()))

    def test_anywhere(self) -> None:
        self.assert_rejoined(1, 500, 501, 2500)

    def test_around_a_new_chunk(self) -> None:
        made = [i for i, e in enumerate(self.whole.events, 1) if e.kind == 'c']
        self.assertTrue(made)
        self.assert_rejoined(made[0] - 1, made[0])

    def test_out_of_range(self) -> None:
        for begin, end in ((0, 1), (2, 1), (1, 10 ** 9)):
            self.assert_refused(f'{self.name}: ', 'cut', self.name, str(begin), str(end))

    def test_behind_lost_ones(self) -> None:
        self.whole.events.insert(10, recording.Event('l', 1, 0, '5', ('5',)))
        name = self.put('lossy', list(self.whole.lines()))
        self.assert_refused(f'{name}: events are lost', 'cut', name, '12', '20')


if __name__ == '__main__':
    unittest.main()

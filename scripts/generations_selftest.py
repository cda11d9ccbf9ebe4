#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that the verdict of `make generations` turns red: good figures, spoilt in one
place. And that maps are drawn as they are."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

import generations_picture
import generations_verdict
from doctored import Doctored, Verdict
from generations_verdict import CPUS, DESIGNS, ENGINES, KERNEL, STREAMS

LIVE = {stream: 100 for stream in STREAMS} | {
    'random-1000': 1000, 'random-10000': 10_000, 'eight-10000': 10_000}

# what an allocation takes with many objects, which is 2000 with all others
AVERAGE = {('areamap', 'random-10000'): 4000, ('areamap', 'eight-10000'): 10_000}

MAP = '''# A character is 64 bytes: . free
# A line is a page: its number

chunk 0 reserved,immutable
     0        0x0 ................................................................

chunk 1 first,immutable
     0        0x0 ################################################################
     1     0x1000 ####++++....................................................----

chunk 2 -
     * 0-1 free
     2     0x2000 ++++++++++++++++++++++++++++++++................................
     * 3-7 free, not populated
'''

STATS = '''  sum_frag            :            2
  max_frag            :            2
  sum_frag            :         1000
'''


def played(design: str, stream: str) -> dict[str, int]:
    live = LIVE[stream]
    average = 1000 if live == 100 else AVERAGE.get((design, stream), 2000)
    found = {'live': live, 'bytes': live * 8, 'failed': 0, 'wrong': 0, 'alloc_nr': live * 2,
             'alloc_sum': live * 2 * average, 'alloc_p50': 900, 'alloc_p99': 5000,
             'free_nr': live, 'free_sum': live * 400, 'free_p99': 500, 'pages': live}
    if design == 'ptrarray':
        found |= {'slack_sum': 8 * live, 'slack_max': 100, 'array_bytes': 32 * live,
                  'slab_objects': (CPUS + 1) * live, 'copy_bytes': live * 64}
    elif design in ENGINES:
        found |= {'frag_sum': 100, 'frag_max': 10, 'chunks': 3, 'metadata_bytes': 1000}
    if design == 'bestfit':
        found['frag_sum'] -= 1
        found['pages'] -= 1
        found['alloc_sum'] -= 2 * live
    return found


class Generations(Doctored):
    target = 'generations'

    def setUp(self) -> None:
        super().setUp()
        self.cpus = CPUS
        self.guests = {engine: {(engine, stream): played(engine, stream) for stream in STREAMS}
                       for engine in ENGINES}
        self.guests |= {f'others-{stream}': {(design, stream): played(design, stream)
                                             for design in ('ptrarray', KERNEL)}
                        for stream in STREAMS}

    def figures(self, design: str, stream: str) -> dict[str, int]:
        return next(runs[design, stream] for runs in self.guests.values()
                    if (design, stream) in runs)

    def verdict(self) -> Verdict:
        for guest, runs in self.guests.items():
            self.lay_out(guest, ''.join(
                [f'figure cpus {self.cpus}\n']
                + [f'figure {design}.{stream}.{name} {value}\n'
                   for (design, stream), figures in runs.items()
                   for name, value in figures.items()]))
        return self.judged(generations_verdict.generations)

    def test_good_is_green(self) -> None:
        written = self.assert_green()
        self.assertEqual([(row['engine'], row['stream']) for row in written['runs']],
                         [(design, stream) for stream in STREAMS for design in DESIGNS])
        for row in written['runs']:
            self.assertLessEqual({'engine', 'stream', 'alloc_avg', 'alloc_p99', 'free_avg',
                                  'pages', 'frag_sum', 'frag_max', 'chunks',
                                  'metadata_bytes'}, set(row))
        self.assertEqual({row['engine'] for row in written['reference']}, {KERNEL})
        self.assertEqual(len(written['reference']), len(STREAMS))
        row = written['runs'][0]
        self.assertEqual((row['alloc_avg'], row['free_avg'], row['frag_sum'], row['chunks'],
                          row['metadata_bytes']), (1000, 400, 800, 0, 3200))

    def test_spoilt_figure(self) -> None:
        for design, stream, name, value, text in (
                ('bitmap', 'boot', 'failed', 1, 'bitmap boot: 1 requests'),
                (KERNEL, 'boot', 'failed', 1, 'kernel boot: 1 requests'),
                ('ptrarray', 'stress', 'wrong', 1, 'ptrarray stress: 1 copies'),
                ('areamap', 'boot', 'alloc_nr', 199, 'areamap boot: 199 allocations'),
                ('areamap', 'boot', 'live', 99, 'areamap boot: 99 objects'),
                ('bestfit', 'boot', 'alloc_sum', 0, 'bestfit boot: calls took no time'),
                ('bestfit', 'boot', 'pages', 0, 'bestfit boot: 0 pages'),
                ('ptrarray', 'boot', 'slab_objects', 400, 'a pointer array costs'),
                ('ptrarray', 'random-100', 'array_bytes', 320_000, 'and arrays grow'),
                ('areamap', 'random-10000', 'alloc_sum', 20_000 * 3999, 'an array of areas'),
                ('bitmap', 'random-10000', 'alloc_sum', 20_000 * 2001, 'an array of areas'),
                ('areamap', 'eight-10000', 'alloc_sum', 20_000 * 9999, 'an array of areas'),
                ('bestfit', 'random-1000', 'frag_sum', 100, 'the best fit wins'),
                ('areamap', 'random-1000', 'frag_sum', 99, 'the best fit wins'),
                ('bitmap', 'stress', 'pages', 99, 'the best fit wins'),
                ('bestfit', 'random-10000', 'alloc_sum', 20_000 * 2000, 'the best fit wins')):
            with self.subTest(design=design, stream=stream, name=name):
                self.setUp()
                self.figures(design, stream)[name] = value
                self.assertIsNotNone(self.assert_red(text))

    def test_missing_figure(self) -> None:
        for design in ('ptrarray', 'bitmap', KERNEL):
            for name in played(design, 'boot'):
                with self.subTest(design=design, name=name):
                    self.setUp()
                    del self.figures(design, 'boot')[name]
                    self.assertIsNone(self.assert_red(f'{design} boot: missing: {name}'))

    def test_missing_guest(self) -> None:
        for guest in list(self.guests):
            with self.subTest(guest):
                self.setUp()
                del self.guests[guest]
                self.assertIsNone(self.assert_red(''))

    def test_spoilt_guest(self) -> None:
        self.assert_spoilt_guest_is_red()

    def test_other_machine(self) -> None:
        self.cpus = 1
        self.assert_red('')


class Picture(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def test_map(self) -> None:
        path = self.root / 'bitmap-random-100.map'
        path.write_text(MAP)
        path.with_suffix('.stats').write_text(STATS)
        found = generations_picture.read_map(path)
        self.assertEqual((found.engine, found.stream), ('bitmap', 'random-100'))
        self.assertEqual([len(chunk.pages) for chunk in found.chunks], [2, 8])
        self.assertEqual(found.text, '2 chunks, 5 pages a CPU, 1,002 bytes in gaps')
        picture = generations_picture.picture('a & b', [
            generations_picture.Panel(found, 'bitmap')])
        self.assertEqual(ElementTree.fromstring(picture).tag,
                         '{http://www.w3.org/2000/svg}svg')

    def test_garbled_map(self) -> None:
        path = self.root / 'bitmap-boot.map'
        path.write_text(MAP + '     8     0x8000 ####\n')
        with self.assertRaises(ValueError):
            generations_picture.read_map(path)


if __name__ == '__main__':
    unittest.main()

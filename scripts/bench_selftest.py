#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that the verdict of `make bench` turns red: good figures, spoilt in one place."""

from __future__ import annotations

import unittest

import bench_verdict
from bench_verdict import CPUS, DUMPS, SIZES
from doctored import Doctored, Verdict

# kernel's and ours in instructions, by size: goals are reached by a hair
PAIRS = {8: (1000, 100), 64: (693, 99), 1024: (2500, 1000), 4096: (2500, 1000)}


def pair(size: int, cpus: int) -> tuple[float, float]:
    """The same on any number of CPUs, with the stores that zero large objects."""
    zeroing = size // 8 * cpus if size > 64 else 0
    kernel, shadow = PAIRS[size]
    return kernel + zeroing, shadow + zeroing


class Bench(Doctored):
    target = 'bench'

    def setUp(self) -> None:
        super().setUp()
        self.guests: dict[str, dict[str, str]] = {}
        self.pages = ['boot live=300 kernel=100 shadow=125',
                      'few live=9999 kernel=100 shadow=200',
                      'many live=10000 kernel=100 shadow=110']
        for cpus in CPUS:
            self.put_pairs(f'pairs-{cpus}', 'pair.{}', cpus)
            self.put_pairs(f'cold-{cpus}', 'pair_cold.{}', cpus)
            self.put(f'live-{cpus}', 'live', cpus, {
                'alloc_avg.kernel': 1000, 'alloc_avg.shadow': 100, 'alloc_p50.kernel': 500,
                'alloc_p50.shadow': 40, 'alloc_p99.shadow': 499, 'free_avg.kernel': 400,
                'free_avg.shadow': 100, 'alloc_part0.kernel': 1000,
                'alloc_part9.kernel': 1500, 'alloc_part0.shadow': 100,
                'alloc_part9.shadow': 110})
            self.put(f'bulk-{cpus}', 'bulk', cpus, {'single': 150, 'bulk': 100})
            self.put(f'bulk-{cpus}', 'chunk', cpus, {'made.kernel': 9, 'made.shadow': 9})
        self.put_pairs('again-1', 'pair.{}', 1)
        self.put('hold-4', 'hold', 4, {'pages.kernel': 0.8, 'pages.shadow': 0.8})
        self.put('hold-4', 'dump', 4, {dump: 5 for dump in DUMPS})
        for nth in range(3):
            self.put('threads-2', f'threads.{nth}', 2,
                     {'kernel': 0.7, 'shadow': 1.8, 'kmalloc': 1.8})
        self.guests['pages-4'] = {}

    def put(self, guest: str, name: str, cpus: int, values: dict[str, float]) -> None:
        """Values are written in thousandths."""
        figures = self.guests.setdefault(guest, {
            'cpus': str(cpus), 'clock.loop': '1000005', 'clock.per_ns': '999',
            'nothing': '900', 'insmod': '20000'})
        figures |= {f'{name}.{key}': str(round(value * 1000)) for key, value in values.items()}

    def put_pairs(self, guest: str, name: str, cpus: int) -> None:
        for size in SIZES:
            for suffix in ('', '_all'):
                kernel, shadow = pair(size, cpus)
                self.put(guest, name.format(size) + suffix, cpus,
                         {'kernel': kernel, 'shadow': shadow})

    def verdict(self, some: bool = False) -> Verdict:
        for guest, figures in self.guests.items():
            pages = self.pages if guest == 'pages-4' else []
            self.lay_out(guest, ''.join(
                [f'figure {name} {value}\n' for name, value in figures.items()]
                + [f'pages {line}\n' for line in pages]))
        return self.judged(lambda out, folders: bench_verdict.bench(out, folders, some))

    def test_good_is_green(self) -> None:
        written = self.assert_green()
        self.assertIn({'size': 8, 'cpus': 16, 'kernel': 1000, 'shadow': 100, 'ratio': 10},
                      written['pair'])
        self.assertEqual(len(written['pair']), len(CPUS) * len(SIZES))
        self.assertEqual([round(written['cost'][name]) for name in ('a', 'b8', 'b64')],
                         [100, 0, 0])
        self.assertEqual(written['live'][0], {
            'cpus': 1, 'kernel_alloc_avg': 1000, 'kernel_alloc_p50': 500, 'alloc_avg': 100,
            'alloc_p50': 40, 'alloc_p99': 499, 'kernel_free_avg': 400, 'free_avg': 100})
        self.assertEqual(written['bulk'], {'single': 150, 'bulk': 100})
        self.assertEqual(written['threads'], {'kernel': 0.7, 'shadow': 1.8, 'kmalloc': 1.8})
        self.assertEqual(written['pages'][0], {'stream': 'boot', 'kernel': 100, 'shadow': 125})
        self.assertEqual(written['growth'][0], {'cpus': 1, 'kernel': 1.5, 'shadow': 1.1})

    def test_missed_goals(self) -> None:
        for guest, name, value, text in (
                ('pairs-16', 'pair.8.kernel', '999000', 'pair, 8 B, 16 CPUs: '),
                ('pairs-4', 'pair.64.kernel', '692000', 'pair, 64 B, 4 CPUs: '),
                ('pairs-4', 'pair.1024.kernel', '3011000', 'pair, 1024 B, 4 CPUs: '),
                ('pairs-1', 'pair.4096.shadow', '1513000', 'pair, 4096 B, 1 CPUs: '),
                ('pairs-1', 'pair.4096.shadow', '512000', 'pair, 4096 B, 1 CPUs: '),
                ('pairs-1', 'pair.8_all.shadow', '100100', 'pair, put-off work too, 8 B, 1 CPUs'),
                ('cold-4', 'pair_cold.64.shadow', '694000', 'cold pair, 64 B, 4 CPUs: '),
                ('pairs-1', 'pair.8.shadow', '101000', 'a + b * CPUs: a: '),
                ('pairs-1', 'pair.64.shadow', '101000', 'a + b * CPUs: a64: '),
                ('pairs-16', 'pair.8.shadow', '200000', 'a + b * CPUs: b8: '),
                ('pairs-16', 'pair.64.shadow', '400000', 'a + b * CPUs: b64: '),
                ('live-4', 'live.alloc_avg.shadow', '100100', '100,000 live, 4 CPUs: allocate'),
                ('live-1', 'live.free_avg.shadow', '100100', '100,000 live, 1 CPUs: free'),
                ('live-16', 'live.alloc_p99.shadow', '500000', '100,000 live, 16 CPUs: its'),
                ('live-1', 'live.alloc_part9.shadow', '110100', '100,000 live, 1 CPUs: last'),
                ('bulk-16', 'bulk.bulk', '100100', '64 single calls, bulk, 16 CPUs: '),
                ('again-1', 'pair.8.shadow', '101100', 'again: pair, 8 B, shadow: '),
                ('again-1', 'pair.8.kernel', '989000', 'again: pair, 8 B, kernel: '),
                ('live-4', 'clock.per_ns', '989', 'live-4: clock: '),
                ('live-4', 'clock.loop', '999999', 'live-4: clock: '),
                ('live-4', 'cpus', '1', 'live-4: CPUs: ')):
            with self.subTest(guest=guest, name=name, value=value):
                self.setUp()
                self.guests[guest][name] = value
                self.assertIsNotNone(self.assert_red(text))

    def test_missing_or_garbled_figure(self) -> None:
        for guest, name in (('pairs-16', 'pair.8.kernel'), ('pairs-1', 'pair.64_all.shadow'),
                            ('cold-4', 'pair_cold.1024.shadow'),
                            ('live-4', 'live.alloc_p99.shadow'), ('bulk-1', 'bulk.single'),
                            ('bulk-1', 'chunk.made.shadow'), ('again-1', 'pair.8.kernel'),
                            ('hold-4', 'dump.map'), ('hold-4', 'hold.pages.kernel'),
                            ('pairs-1', 'insmod'), ('hold-4', 'nothing'),
                            ('threads-2', 'threads.0.shadow')):
            for value in ('', '-1', '1x', None):
                with self.subTest(guest=guest, name=name, value=value):
                    self.setUp()
                    if value is None:
                        del self.guests[guest][name]
                    else:
                        self.guests[guest][name] = value
                    self.assertIsNone(self.assert_red(''))

    def test_missing_guest(self) -> None:
        for guest in list(self.guests):
            with self.subTest(guest):
                self.setUp()
                del self.guests[guest]
                self.assertIsNone(self.assert_red(''))

    def test_threads(self) -> None:
        for nth in range(2):
            self.guests['threads-2'][f'threads.{nth}.shadow'] = '1799'
        self.assertIsNotNone(self.assert_red('2 threads over 1: '))

    def test_busy_machine(self) -> None:
        self.guests['threads-2']['threads.0.kmalloc'] = '1799'
        self.assertIsNone(self.assert_red('2 threads over 1: missing'))
        for kind in ('kernel', 'shadow', 'kmalloc'):
            self.guests['threads-2'][f'threads.3.{kind}'] = '1900'
        self.assertTrue(self.verdict()[0])

    def test_pages(self) -> None:
        for nth, line, text in ((0, 'boot live=300 kernel=100 shadow=126', 'pages: boot, '),
                                (2, 'many live=10000 kernel=100 shadow=111', 'pages: many, '),
                                (0, 'boot live=300 kernel=0 shadow=1', 'pages: boot, '),
                                (0, 'boat live=300 kernel=100 shadow=125', 'pages: boot: '),
                                (2, 'many live=9999 kernel=100 shadow=110', 'pages: 10000 '),
                                (2, 'many live=10000 kernel= shadow=110', 'pages: 10000 ')):
            with self.subTest(line):
                self.setUp()
                self.pages[nth] = line
                self.assert_red(text)

    def test_spoilt_guest(self) -> None:
        self.assert_spoilt_guest_is_red()

    def test_some(self) -> None:
        self.guests = {name: self.guests[name] for name in ('pairs-1', 'bulk-4')}
        good, written, screen = self.verdict(some=True)
        self.assertTrue(good, screen)
        self.assertIsNone(written)
        self.guests['bulk-4']['bulk.bulk'] = '100100'
        self.assertFalse(self.verdict(some=True)[0])


if __name__ == '__main__':
    unittest.main()

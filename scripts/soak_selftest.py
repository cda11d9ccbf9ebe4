#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that the verdict on `make soak` turns red: feed it a good run, spoilt in one
place."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

import soak_verdict
from selftest import LOG
from verdict import Check, Report

CYCLES = 1000
START = {'nobodys_pages': 500, 'vmalloc_pages': 900, 'percpu_pages': 300, 'areas': 120,
         'objects': 20000, 'busy_objects': 3000, 'slab_pages': 1500}


class Soak(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.console = Path(folder.name) / 'console'
        self.console.write_text(LOG)
        self.out = Path(folder.name) / 'soak.json'
        self.report = Report(checks=[Check('cycles', True)], done=True)
        self.report.figures['cycles'] = CYCLES
        for i in range(1, soak_verdict.SAMPLES + 1):
            self.report.figures[f'sample{i}.cycle'] = i * CYCLES // soak_verdict.SAMPLES
            for name, value in START.items():
                self.report.figures[f'sample{i}.{name}'] = value

    def grow(self, name: str, each_cycle: float) -> None:
        for i in range(1, soak_verdict.SAMPLES + 1):
            self.report.figures[f'sample{i}.{name}'] += int(
                each_cycle * i * CYCLES / soak_verdict.SAMPLES)

    def good(self) -> bool:
        with contextlib.redirect_stdout(io.StringIO()):
            return soak_verdict.verdict(self.report, self.console, CYCLES, 7, self.out)

    def test_good(self) -> None:
        self.assertTrue(self.good())
        self.assertEqual(json.loads(self.out.read_text()),
                         {'cycles': CYCLES, 'leaked_pages': 0, 'seed': 7, 'leaked_areas': 0,
                          'leaked_objects': 0})

    def test_more_now_and_then_is_no_leak(self) -> None:
        for i in (2, 5, 7):
            self.report.figures[f'sample{i}.nobodys_pages'] += 30
        self.assertTrue(self.good())

    def test_a_few_objects_that_come_once(self) -> None:
        for i in range(3, soak_verdict.SAMPLES + 1):
            self.report.figures[f'sample{i}.objects'] += 30
        self.assertTrue(self.good())

    def test_a_sample_that_is_off_hides_nothing(self) -> None:
        self.grow('objects', 1)
        self.report.figures['sample3.objects'] += 1000
        self.assertFalse(self.good())

    def test_what_is_lost_in_each_cycle(self) -> None:
        for name in ('nobodys_pages', 'vmalloc_pages', 'percpu_pages', 'areas', 'objects',
                     'busy_objects'):
            with self.subTest(name):
                self.setUp()
                self.grow(name, 1)
                self.assertFalse(self.good())

    def test_a_page_in_a_hundred_cycles(self) -> None:
        self.grow('nobodys_pages', 0.01)
        self.assertFalse(self.good())
        self.assertGreater(json.loads(self.out.read_text())['leaked_pages'], 0)

    def test_nothing_counted(self) -> None:
        for name in START:
            with self.subTest(name):
                self.setUp()
                self.report.figures.pop(f'sample8.{name}')
                self.assertEqual(self.good(), name == 'slab_pages')

    def test_too_few_cycles(self) -> None:
        self.report.figures['cycles'] -= 1
        self.assertFalse(self.good())

    def test_guest_stopped(self) -> None:
        self.report.done = False
        self.assertFalse(self.good())

    def test_bad_message(self) -> None:
        self.console.write_text(LOG + 'shadow_percpu: leaked: 8 bytes per CPU\n')
        self.assertFalse(self.good())

    def test_check_failed(self) -> None:
        self.report.checks.append(Check('nothing_left', False))
        self.assertFalse(self.good())


if __name__ == '__main__':
    sys.exit(0 if unittest.main(exit=False, verbosity=0).result.wasSuccessful() else 1)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that the verdict of `make dropin` turns red: a good guest, spoilt in one place."""

from __future__ import annotations

import unittest

import dropin_verdict
from doctored import Doctored, Verdict
from dropin_verdict import DRIVERS, EACH, ONCE, PASSES

OWNER, OTHER = 'dummy', 'ifb'


class Dropin(Doctored):
    target = 'dropin'

    def setUp(self) -> None:
        super().setUp()
        self.guests = {'four': None}
        checks = [f'{driver}:{what}{again}' for again in PASSES for driver in DRIVERS
                  for what in EACH]
        checks += [f'{what}{again}' for again in PASSES for what in ONCE]
        self.checks = [*checks, f'{OWNER}:owner', 'log_clean']
        self.symbols = {driver: {'stock': {'printk'}, 'ours': {'printk'}} for driver in DRIVERS}
        self.symbols[OWNER] = {'stock': {'free_percpu'}, 'ours': {'shadow_free_percpu_either'}}

    def verdict(self) -> Verdict:
        figures = 'figure dummy.packets 2000\nfigure dummy.packets:cached 2000\nfigure calls 9\n'
        self.lay_out('four', figures + ''.join(f'check {name} pass\n' for name in self.checks))
        return self.judged(lambda out, folders:
                           dropin_verdict.judge(out, self.symbols, folders[0]))

    def assert_red(self, text: str) -> None:
        self.assertIsNone(super().assert_red(text))

    def test_good_is_green(self) -> None:
        written = self.assert_green()
        self.assertEqual(written['owners'], [OWNER])
        self.assertEqual(written['drivers'],
                         {'dummy': {'packets': 2000, 'packets_cached': 2000}})

    def test_anything_unsaid(self) -> None:
        for name in self.checks:
            with self.subTest(name):
                self.setUp()
                self.checks.remove(name)
                self.assert_red(f'said:{name}')

    def test_not_built(self) -> None:
        for which in ('stock', 'ours'):
            with self.subTest(which):
                self.setUp()
                self.symbols[OTHER][which] = set()
                self.assert_red(f'{OTHER}:linked')

    def test_calls_the_kernel(self) -> None:
        self.symbols[OWNER]['ours'].add('free_percpu')
        self.assert_red(f'{OWNER}:linked')

    def test_calls_less_or_more(self) -> None:
        self.symbols[OWNER]['ours'] = {'printk'}
        self.assert_red(f'{OWNER}:linked')
        self.setUp()
        self.symbols[OTHER]['ours'].add('shadow_percpu_ref_exit')
        self.assert_red(f'{OTHER}:linked')

    def test_nobody_allocates(self) -> None:
        self.symbols[OWNER] = self.symbols[OTHER]
        self.assert_red('owners')

    def test_spoilt_guest(self) -> None:
        self.assert_spoilt_guest_is_red()

    def test_header_is_read(self) -> None:
        names = dropin_verdict.renamed()
        self.assertEqual(names['free_percpu'], 'shadow_free_percpu_either')
        self.assertEqual(names['__alloc_percpu_gfp'], '__shadow_alloc_percpu_gfp')


if __name__ == '__main__':
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that what holds pages against modules and guests turns red, thing by thing."""

from __future__ import annotations

import contextlib
import io
import sys
import unittest
from unittest import mock

import parameters
import walk_doc

PARAMETERS = '''
Parameters
==========

shadow_percpu
=============

cache
-----

:Type: bool
:Default: 1
:Sets: CPUs keep
       objects
:Range: 0, 1
'''
BUILT = {'cache': parameters.Parameter('bool', '1', 'CPUs keep objects')}

POINTERS = ['shadow    0 0x0000000000000010 0xffffc90000100000 0xffffc90000100010   1000',
            'shadow    1 0x0000000000000010 0xffffc90000000000 0xffffc90000000010   1001']
PARTS = {
    'chunk': ['     0    0     0    0           0x100000', '     1    0     0    1                0x0 lowest'],
    'empty': ['     1 ffffc90000000000 first,immutable      12      32760'],
    'pointers': POINTERS,
    'map': ['chunk 1', '', '     0        0x0 +##+'],
}
PAGE = 'Text.\n' + ''.join(f'\n.. begin {name}\n\n.. end {name}\n'
                           for name in (*PARTS, 'sums', 'places'))


class Parameters(unittest.TestCase):
    """Each difference between the page and a module is one."""

    def differ(self, text: str, built: parameters.Parameters = BUILT) -> list[str]:
        written = parameters.written(text)['shadow_percpu']
        return list(parameters.differences('shadow_percpu', built, written))

    def test_same(self) -> None:
        self.assertEqual(self.differ(PARAMETERS), [])

    def test_different(self) -> None:
        for old, new in ((':Type: bool', ':Type: uint'), ('Default: 1', 'Default: 0'),
                         ('objects', 'others'), ('cache\n-----', 'cash\n----'),
                         (':Range: 0, 1\n', '')):
            with self.subTest(new=new):
                self.assertTrue(self.differ(PARAMETERS.replace(old, new)))

    def test_missing(self) -> None:
        more = BUILT | {'engine': parameters.Parameter('charp', 'bitmap', 'who')}
        self.assertEqual(len(self.differ(PARAMETERS, more)), 1)
        self.assertEqual(len(self.differ(PARAMETERS, {})), 1)

    def test_no_default(self) -> None:
        bare = {'cache': parameters.Parameter('bool', 'none', 'CPUs keep objects')}
        self.assertIn('does not say its default', self.differ(PARAMETERS, bare)[0])


class Walk(unittest.TestCase):
    """Each difference between the page and a guest is one, addresses aside."""

    def setUp(self) -> None:
        self.page = walk_doc.fill(PAGE, PARTS)

    def red(self, page: str, found: walk_doc.Parts = PARTS) -> list[str]:
        with contextlib.redirect_stdout(io.StringIO()):
            checks = list(walk_doc.page_is_true(page, found))
        return [check.name for check in checks if not check.passed]

    def test_same(self) -> None:
        self.assertEqual(self.red(self.page), [])
        self.assertEqual(walk_doc.fill(self.page, PARTS), self.page)

    def test_another_address(self) -> None:
        """Elsewhere in another run, and the page stays true."""
        moved = {name: [line.replace('ffffc9', 'ffffe8') for line in lines]
                 for name, lines in PARTS.items()}
        self.assertEqual(self.red(self.page, moved), [])

    def test_different(self) -> None:
        for old, new, name in (('+##+', '+##.', 'page'), ('chunk 1\n', 'chunk 2\n', 'page'),
                               ('= 0xffffc90000100010', '= 0xffffc90000100011', 'sums'),
                               ('.. end map', '.. end cap', 'blocks')):
            with self.subTest(new=new):
                self.assertNotEqual(self.page, self.page.replace(old, new))
                self.assertIn(name, self.red(self.page.replace(old, new)))

    def wrong(self, shadow: list[str]) -> list[str]:
        others = [line.replace('shadow', name) for name in ('static', 'kernel', 'large')
                  for line in POINTERS]
        with mock.patch.object(walk_doc, 'CPUS', 2):
            return [check.name for check in walk_doc.adds_up(
                PARTS | {'pointers': shadow + others}) if not check.passed]

    def test_wrong_sum(self) -> None:
        self.assertEqual(self.wrong(POINTERS), [])
        spoilt = [POINTERS[0].replace('100010 ', '100011 '), POINTERS[1]]
        self.assertEqual(self.wrong(spoilt), ['sum:shadow', 'place'])
        with self.assertRaises(KeyError):
            self.wrong(POINTERS[1:])

    def test_readme(self) -> None:
        quote = '```console\nchunk 1\n[...]\n     0        0x0 +##+\n```\n'
        self.assertTrue(walk_doc.quotes(quote, self.page).passed)
        self.assertFalse(walk_doc.quotes(quote.replace('+##+', '+###'), self.page).passed)
        self.assertFalse(walk_doc.quotes('nothing', self.page).passed)


if __name__ == '__main__':
    sys.exit(0 if unittest.main(exit=False, verbosity=0).result.wasSuccessful() else 1)

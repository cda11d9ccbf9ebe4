#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that the verdict of `make coverage` turns red: all reached, spoilt in one place.
And that branches are counted as they are written."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

import coverage_counts
import coverage_verdict
from doctored import Doctored, Verdict

SOURCE = '''int a(int b)
{
	if (b)
		return 1;
	lockdep_assert_held(&b);
	return 0;
}
'''
REASONS = '''# a comment
src/a.c a
	if (b)
		it never is:
		nobody asks
'''


def row(nr: int, count: int, *branches: int) -> dict:
    return {'line_number': nr, 'function_name': 'a', 'count': count,
            'branches': [{'count': branch} for branch in branches]}


class Coverage(Doctored):
    target = 'coverage'

    def setUp(self) -> None:
        super().setUp()
        self.guests = {'four': {}}
        self.reasons = ''
        self.rows = [row(1, 9), row(3, 9, 4, 5), row(4, 4), row(5, 5, 0, 5, 0, 5), row(6, 5)]
        self.entered = 9
        self.path = 'src/a.c'

    def counted(self) -> None:
        """As gcov has it."""
        folder = self.lay_out('four')
        path = f'/x{coverage_counts.BUILT}{self.path}'
        (folder / 'a.json').write_text(json.dumps({
            'data_file': path.replace('.c', '.gcda'),
            'files': [
                {'file': path, 'lines': self.rows,
                 'functions': [{'name': 'a', 'start_line': 1, 'end_line': 7,
                                'execution_count': self.entered}]},
                {'file': '/x/include/linux/b.h', 'functions': [], 'lines': [row(1, 0)]}]}))

    def verdict(self) -> Verdict:
        (self.root / 'src').mkdir(exist_ok=True)
        (self.root / 'src/a.c').write_text(SOURCE)
        (self.root / 'kunit').mkdir(exist_ok=True)
        (self.root / 'kunit/unreached').write_text(self.reasons)
        self.counted()
        found = coverage_counts.count(self.root, [self.root / 'four/a.json'])
        counts = self.root / 'counts.json'
        counts.write_text(json.dumps(found, default=vars))

        def judge(out: Path, folders: list[Path]) -> bool:
            return coverage_verdict.verdict(self.root, counts, out, folders)
        return self.judged(judge)

    def not_taken(self) -> None:
        self.rows[1], self.rows[2] = row(3, 9, 0, 9), row(4, 0)

    def test_all_is_reached(self) -> None:
        figures = self.assert_green()
        self.assertEqual((figures['lines'], figures['branches']), (100, 100))

    def test_spoilt_guest(self) -> None:
        self.assert_spoilt_guest_is_red()

    def test_case_that_failed(self) -> None:
        self.log += '    not ok 1 a_case\n'
        self.assert_red('four: cases: not ok 1 a_case')

    def test_source_without_counts(self) -> None:
        self.path = 'src/b.c'
        (self.root / 'src').mkdir()
        (self.root / 'src/b.c').write_text(SOURCE)
        self.assert_red('counted')

    def test_clients_do_not_count(self) -> None:
        self.assertIsNone(coverage_counts.source_of('/x/build/coverage-modules/src/bench/a.c'))
        self.assertIsNone(coverage_counts.source_of('/x/include/linux/b.h'))

    def test_not_reached(self) -> None:
        self.not_taken()
        figures = self.assert_red('unreached: 2 have no reason')
        assert figures is not None
        self.assertEqual((figures['lines'], figures['branches']), (80, 50))
        self.assert_red('lines: 80.0 %, of 95 %')
        self.assert_red('branches: 50.0 %, of 90 %')

    def test_reason_is_no_reaching(self) -> None:
        self.not_taken()
        self.reasons = REASONS
        figures = self.assert_red('lines: 80.0 %')
        assert figures is not None
        self.assertEqual(figures['unexplained'], 0)

    def test_reason_of_another_function(self) -> None:
        self.not_taken()
        self.reasons = REASONS.replace('src/a.c a', 'src/a.c b')
        self.assert_red('unreached: 2 have no reason')
        self.assert_red('untrue: 1 reasons are not true')

    def test_reason_that_is_untrue(self) -> None:
        self.reasons = REASONS
        self.assert_red('untrue: 1 reasons are not true')
        self.reasons = REASONS.replace('it never is', 'sometimes it is not')
        self.assert_green()

    def test_never_entered(self) -> None:
        self.reasons = 'src/a.c a\n\tnever entered\n\t\tnobody calls it\n'
        self.assert_red('untrue: 1 reasons are not true')
        self.entered = 0
        self.rows = [row(nr, 0) for nr in (1, 3, 4, 5, 6)]
        figures = self.assert_red('lines: 0.0 %')
        assert figures is not None
        self.assertEqual(figures['unexplained'], 0)

    def test_reasons_that_are_none(self) -> None:
        for self.reasons in ('src/a.c a\n\tif (b)\n', '\t\tthat is why\n', '\tif (b)\n\t\twhy\n',
                             'src/a.c a\n\tif (b)\nsrc/a.c b\n'):
            with self.subTest(self.reasons):
                self.assert_red('reasons: kunit/unreached: ')

    def test_nothing_was_counted(self) -> None:
        self.rows = []
        self.assert_red('lines')


class Branches(unittest.TestCase):
    def ours(self, text: str, *branches: int) -> list[int]:
        return coverage_counts.ours(list(branches), text.split('\n')[-1],
                                    coverage_counts.statements(text)[-1])

    def test_decisions(self) -> None:
        for text in ('if (a)', 'while (a) {', 'return a ? b : c;', 'a = b && c;',
                     'spcpu_for_each_gap(a, b) {', 'if (a &&\n    b)', '} while (a);'):
            with self.subTest(text):
                self.assertEqual(self.ours(text, 1, 0), [1, 0])

    def test_those_of_others(self) -> None:
        for text in ('preempt_enable();', 'pr_warn_ratelimited("if? && %d", a);',
                     'a = b; /* if */', 'if (WARN_ON_ONCE(a))', 'WARN(a && b, "c");',
                     'if (a)\n\tlockdep_assert_held(b);'):
            with self.subTest(text):
                self.assertEqual(self.ours(text, 1, 0), [])

    def test_bit_operations(self) -> None:
        self.assertEqual(self.ours('if (test_bit(a, b))', 0, 9, 9, 0), [9, 0])
        self.assertEqual(self.ours('if (test_bit(a, b))', 0, 0, 0, 0), [0, 0])
        self.assertEqual(self.ours('if (test_bit(a, b))', 9, 0), [9, 0])
        self.assertEqual(self.ours('if (a)', 0, 9, 9, 0), [0, 9, 9, 0])

    def test_copies(self) -> None:
        self.assertEqual(coverage_counts.add([[1, 0], [], [0, 0, 2, 0]]), [3, 0])
        self.assertEqual(coverage_counts.add([[1, 0, 0, 2]], 2), [1, 2])
        self.assertEqual(coverage_counts.add([[1, 0, 0, 2, 0, 0]], 4), [1, 0, 0, 2, 0, 0])
        self.assertEqual(coverage_counts.add([[]]), [])


if __name__ == '__main__':
    unittest.main(argv=['coverage_selftest.py', '-q'])

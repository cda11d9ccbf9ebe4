#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test that scripts refuse what cannot be: one line, status 2, and build/ as it was."""

import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# a script, what it is given, and words that its refusal has
CASES: list[tuple[list[str], dict[str, str], str]] = [
    (['arithmetic', 'none'], {}, 'there is no guest none, only '),
    (['bench', 'none'], {}, 'there is no guest none'),
    (['bench', 'one', 'x'], {}, 'there is no guest pairs-x'),
    (['census', 'none'], {}, 'it takes no arguments'),
    (['check', 'none'], {}, 'there is no guest none'),
    (['check', '--debug', 'one@none'], {}, 'there is no guest one@none'),
    (['coverage', 'none'], {}, 'there is no guest none, only '),
    (['deb', 'none'], {}, 'it takes no arguments'),
    (['dkms', '/nonexistent'], {}, 'no kernel headers in /nonexistent: give KDIR='),
    (['fuzz', 'none'], {}, 'there is no target none, only '),
    (['fuzz'], {'RUNS': '0'}, 'RUNS=0: it takes a number, 1 to '),
    (['fuzz'], {'SEED': '-1'}, 'SEED=-1: it takes a number'),
    (['generations', 'none'], {}, 'there is no guest none, only '),
    (['generations_doc.py', '--none'], {}, 'unrecognized arguments: --none'),
    (['htmldocs', 'none'], {}, 'it takes no arguments'),
    (['install', '/nonexistent'], {}, 'no kernel headers in /nonexistent: give KDIR='),
    (['lint', 'none'], {}, 'there is no check none, only '),
    (['dropin', 'none'], {}, 'it takes no arguments'),
    (['memory', 'none'], {}, 'there is no guest none, only '),
    (['mirror', 'none'], {}, 'there is no guest none, only '),
    (['mirror', 'keep', 'none'], {}, 'there is no recording none, only '),
    (['model'], {'STEPS': 'many'}, 'STEPS=many: it takes a number, 1000 to '),
    (['model'], {'STEPS': '999'}, 'STEPS=999: '),
    (['model'], {'SEED': '0'}, 'SEED=0: '),
    (['modules', '/nonexistent'], {}, 'no kernel headers in /nonexistent: give KDIR='),
    (['package', 'none'], {}, 'it takes no arguments'),
    (['parameters.py', '/nonexistent.ko'], {}, 'no module /nonexistent.ko'),
    (['recording'], {}, 'required: command'),
    (['recording', 'none'], {}, "invalid choice: 'none'"),
    (['recording', 'summary', '/nonexistent'], {}, 'No such file'),
    (['replay', '/nonexistent'], {}, '/nonexistent: no file that can be read'),
    (['replay', '--none'], {}, 'there is no option --none, only '),
    (['run', 'none'], {}, 'there is no way none, only '),
    (['spcpu-map', '/nonexistent'], {}, 'No such file'),
    (['spcpu-top', '/nonexistent', '-b'], {}, 'No such file'),
    (['soak', 'ten'], {}, 'CYCLES=ten: it takes a number, 16 to '),
    (['soak', '15'], {}, 'CYCLES=15: '),
    (['walk', 'none'], {}, 'it takes --update, or nothing'),
    (['soak', '16', '08'], {}, 'SEED=08: it takes a number'),
]


def built() -> dict[str, int]:
    """What is in build/, and when it was written."""
    return {str(path): path.stat().st_mtime_ns for path in (ROOT / 'build').glob('*')}


class Refusals(unittest.TestCase):
    """Each of them, one after the other."""

    def test_each_is_one_line(self) -> None:
        """What is asked for cannot be, and the line says why."""
        before = built()
        for words, environment, says in CASES:
            with self.subTest(words=words, environment=environment):
                done = subprocess.run(
                    ['env', *(f'{k}={v}' for k, v in environment.items()),
                     ROOT / 'scripts' / words[0], *words[1:]],
                    capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, '')
                self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
                self.assertIn(says, done.stderr)
        self.assertEqual(built(), before)


if __name__ == '__main__':
    sys.exit(0 if unittest.main(exit=False, verbosity=0).result.wasSuccessful() else 1)

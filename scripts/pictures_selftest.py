#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""All tests of pictures, or those that are named, and what came of them."""

from __future__ import annotations

import io
import json
import sys
import unittest
from pathlib import Path

FIGURES = Path(__file__).resolve().parent.parent / 'build/pictures.json'
MODULES = ('map_selftest', 'map_page_selftest', 'top_selftest')


def main() -> int:
    screen = io.StringIO()
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromNames(sys.argv[1:] or MODULES)
    result = unittest.TextTestRunner(screen, verbosity=0).run(tests)
    # what fails before a class's first test has no test of its own
    bad = len(result.failures) + len(result.errors) + len(result.skipped)
    if bad:
        print(screen.getvalue())
    passed = max(result.testsRun - bad, 0)
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps({'passed': passed, 'failed': bad}) + '\n')
    print(f'pictures: {passed} passed, {bad} failed')
    return 1 if bad or not passed else 0


if __name__ == '__main__':
    sys.exit(main())

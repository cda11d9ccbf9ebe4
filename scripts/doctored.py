# SPDX-License-Identifier: GPL-2.0
"""What the self-tests of verdicts share: results in a folder, spoilt in one place, and
how the verdict on them ends."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selftest import LOG, SAID

# is it good, what was written to build/TARGET.json, what is on the screen
Verdict = tuple[bool, 'dict[str, Any] | None', str]


class Doctored(unittest.TestCase):
    """Who inherits from it sets @target and @guests, and has verdict()."""
    target: str

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.log = LOG
        self.said = SAID
        self.guests: dict[str, Any] = {}

    def verdict(self) -> Verdict:
        raise NotImplementedError

    def lay_out(self, guest: str, figures: str = '') -> Path:
        """The folder of a guest that said that, and came to its end."""
        folder = self.root / guest
        folder.mkdir(exist_ok=True)
        (folder / 'console').write_text(self.log)
        (folder / 'verdict').write_text(figures + self.said)
        return folder

    def judged(self, verdict: Callable[[Path, list[Path]], bool]) -> Verdict:
        out = self.root / f'{self.target}.json'
        out.unlink(missing_ok=True)
        screen = io.StringIO()
        with contextlib.redirect_stdout(screen):
            good = verdict(out, [self.root / guest for guest in self.guests])
        written = json.loads(out.read_text()) if out.exists() else None
        return good, written, screen.getvalue()

    def assert_red(self, text: str) -> dict[str, Any] | None:
        good, written, screen = self.verdict()
        self.assertFalse(good)
        self.assertRegex(screen, f'(?m)^FAIL {re.escape(text)}')
        self.assertRegex(screen, rf'\n{self.target}: \d+ passed, [1-9]\d* failed\n$')
        return written

    def assert_green(self) -> dict[str, Any]:
        good, written, screen = self.verdict()
        self.assertTrue(good, screen)
        self.assertRegex(screen, rf'\n{self.target}: \d+ passed, 0 failed\n$')
        assert written is not None
        return written

    def assert_spoilt_guest_is_red(self) -> None:
        """Whatever the figures are: a check that failed, no end, no log, a bad one."""
        for said, log in ((SAID.replace('pass', 'fail'), LOG),
                          (SAID.replace('done', 'don'), LOG),
                          (SAID, ''), (SAID, LOG + 'WARNING: a\n')):
            with self.subTest(said=said, log=log):
                self.said, self.log = said, log
                self.assert_red('')

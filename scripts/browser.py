# SPDX-License-Identifier: GPL-2.0
"""A browser to look at pages with: Debian's chromium, without a screen, through
chromedriver's HTTP interface (WebDriver)."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from typing import Any

# machines are slow at times; nobody waits for as long when all is well
PATIENCE = 120
ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
OPTIONS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--window-size=1500,1100',
           '--disable-dev-shm-usage', '--force-device-scale-factor=1']
KEYS = {'End': '\ue010', 'Home': '\ue011', 'Left': '\ue012', 'Right': '\ue014'}


class Browser:
    """A window; close() it."""

    def __init__(self) -> None:
        self.profile = tempfile.TemporaryDirectory()
        self.driver = subprocess.Popen(['chromedriver', '--port=0'], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self.base = f'http://127.0.0.1:{self.port()}'
            self.base += '/session/' + self.ask('POST', '/session', {'capabilities': {
                'alwaysMatch': {
                    'browserName': 'chrome', 'goog:loggingPrefs': {'browser': 'ALL'},
                    'goog:chromeOptions': {
                        'binary': shutil.which('chromium'),
                        'args': [*OPTIONS, f'--user-data-dir={self.profile.name}']}}}})['sessionId']
        except BaseException:
            self.end()
            raise

    def port(self) -> int:
        assert self.driver.stdout
        for line in self.driver.stdout:
            if found := re.search(r'started successfully on port (\d+)', line):
                return int(found[1])
        raise OSError('chromedriver does not start')

    def ask(self, method: str, path: str, what: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            self.base + path, method=method, headers={'Content-Type': 'application/json'},
            data=None if method == 'GET' else json.dumps(what or {}).encode())
        # not through a proxy: it is this machine that is asked
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=PATIENCE) as answer:
            return json.load(answer)['value']

    def end(self) -> None:
        self.driver.terminate()
        self.driver.wait()
        assert self.driver.stdout
        self.driver.stdout.close()
        self.profile.cleanup()

    def close(self) -> None:
        try:
            self.ask('DELETE', '')
        finally:
            self.end()

    # --- what people do -------------------------------------------------------

    def open(self, url: str) -> None:
        self.ask('POST', '/url', {'url': url})

    def element(self, selector: str) -> str:
        found = self.ask('POST', '/element', {'using': 'css selector', 'value': selector})
        return f'/element/{found[ELEMENT]}'

    def text(self, selector: str) -> str:
        return str(self.ask('GET', self.element(selector) + '/text'))

    def value(self, selector: str) -> str:
        return str(self.ask('GET', self.element(selector) + '/property/value'))

    def click(self, selector: str) -> None:
        self.ask('POST', self.element(selector) + '/click')

    def press(self, selector: str, key: str) -> None:
        self.ask('POST', self.element(selector) + '/value', {'text': KEYS.get(key, key)})

    def choose(self, selector: str, text: str) -> None:
        self.press(selector, text)

    def point(self, x: int, y: int) -> None:
        """The mouse, into the window."""
        self.ask('POST', '/actions', {'actions': [{
            'type': 'pointer', 'id': 'mouse', 'actions': [{
                'type': 'pointerMove', 'duration': 0, 'x': x, 'y': y}]}]})

    # --- what they see --------------------------------------------------------

    def run(self, script: str) -> Any:
        return self.ask('POST', '/execute/sync', {'script': script, 'args': []})

    def picture(self) -> bytes:
        return base64.b64decode(self.ask('GET', '/screenshot'))

    def canvas(self, selector: str) -> bytes:
        """All of it, in the window or not."""
        url = self.run(f'return document.querySelector("{selector}").toDataURL()')
        return base64.b64decode(url.partition(',')[2])

    def complaints(self) -> list[str]:
        """What pages have said on the console since the last time."""
        return [entry['message'] for entry in self.ask('POST', '/se/log', {'type': 'browser'})]

    def wait(self, what: Callable[[], bool]) -> bool:
        end = time.monotonic() + PATIENCE
        while not what():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

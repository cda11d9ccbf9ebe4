# SPDX-License-Identifier: GPL-2.0
"""A recording as a page that plays it: what the kernel's allocator and the shadow made of
each request. Who places is build/host/replay --play; here its lines become data."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dumps import Refused
from map_colours import AGE_COLOURS, GROUND, OTHERS, OWNER_COLOURS, SIZE_COLOURS, SIZES
from map_colours import UNKNOWN

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / 'scripts/map_page.html'
BEGINS = 'shadow_percpu recording '
# more than a page can hold so that it is a pleasure
EVENTS_MAX = 50_000

# of what is done to the maps; the page knows them by number
CHUNK, GONE, PAGES, AREA, NO_AREA = range(5)


@dataclass
class Play:
    """What each event did. An event is its line and what follows from it; before the first
    there is what was there."""
    kernel: str
    sites: list[str] = field(default_factory=lambda: ['-'])
    start: list[list[int]] = field(default_factory=list)
    events: list[tuple[str, list[list[int]]]] = field(default_factory=list)


def is_recording(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open(encoding='utf-8', errors='replace') as file:
            return file.read(len(BEGINS)) == BEGINS
    except OSError as error:
        raise Refused(f'{path}: {error.strerror}') from error


def replay_program() -> str:
    made = subprocess.run(['make', '-s', '-f', str(ROOT / 'scripts/host/Makefile')],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          check=False)
    if made.returncode:
        raise Refused('build/host/replay cannot be built: ' +
                      made.stderr.strip().splitlines()[-1])
    return str(ROOT / 'build/host/replay')


def played(path: Path) -> Iterator[str]:
    ran = subprocess.run([replay_program(), '--play', str(path)], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if ran.returncode:
        raise Refused((ran.stderr.strip().splitlines() or [f'{path}: it cannot be played'])[-1])
    yield from ran.stdout.splitlines()


def step_of(line: str, site: int) -> list[int]:
    side, what, *words = line.split()
    of = 'ks'.index(side)
    if what == 'chunk':
        return [of, CHUNK, *map(int, words[:4])]
    if what == 'gone':
        return [of, GONE, int(words[0])]
    if what == 'pages':
        return [of, PAGES, *map(int, words)]
    if what == '+':
        return [of, AREA, *map(int, words), site]
    return [of, NO_AREA, *map(int, words)]


def play(path: Path) -> Play:
    """As build/host/replay has it."""
    result = Play('')
    numbers = {'-': 0}
    site = 0
    steps = result.start
    for line in played(path):
        if line.startswith('play '):
            continue
        if line.startswith('kernel '):
            result.kernel = line.removeprefix('kernel ')
        elif line.startswith('e '):
            # e a TIME CPU BASE OFF SIZE ALIGN FLAGS SITE
            words = line.split(None, 9)
            name = words[9] if words[1] == 'a' and len(words) > 9 else '-'
            site = numbers.setdefault(name, len(numbers))
            steps = []
            result.events.append((line[2:], steps))
        else:
            steps.append(step_of(line, site))
    result.sites = list(numbers)
    if len(result.events) > EVENTS_MAX:
        raise Refused(f'{path}: {len(result.events)} events are too many for a page: cut it, '
                      f'scripts/recording cut {path} 1 {EVENTS_MAX} -o PART')
    return result


def data_of(path: Path) -> dict[str, Any]:
    what = play(path)
    return {
        'name': path.name, 'kernel': what.kernel, 'sites': what.sites, 'start': what.start,
        'events': what.events,
        'colours': {
            'ground': {cell: list(entry) for cell, entry in GROUND.items()},
            'sizes': list(zip(SIZES, SIZE_COLOURS)), 'ages': list(AGE_COLOURS),
            'owners': list(OWNER_COLOURS), 'others': OTHERS, 'unknown': UNKNOWN,
        },
    }


def page(path: Path, title: str) -> str:
    """All in one file, which asks nobody for anything."""
    data = json.dumps(data_of(path), separators=(',', ':')).replace('</', '<\\/')
    text = TEMPLATE.read_text(encoding='utf-8')
    # the data last: whatever is in it is no place to put something
    head, tail = text.replace('@TITLE@', title.replace('&', '&amp;').replace('<', '&lt;')) \
        .split('@DATA@')
    return head + data + tail

# SPDX-License-Identifier: GPL-2.0
"""`make bench`: hold what guests measured against the goals (see verdict.py).

Guests say thousandths of an instruction. Every figure that is expected is a check:
one that is missing has failed, and so has one that misses its goal. Those without a
goal are there to be seen.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from verdict import Check, read_guest, read_text

CPUS = (1, 4, 16)
SIZES = (8, 64, 1024, 4096)

# the guest that says figures which begin so; its name goes on with its CPUs
GUESTS = {'pair': 'pairs', 'pair_cold': 'cold', 'live': 'live', 'bulk': 'bulk',
          'chunk': 'bulk'}

# At least so many times fewer instructions than the kernel's. Of larger objects the
# stores that zero all copies do not count: nobody can do without them.
PAIR_GOALS = {8: 10.0, 64: 7.0, 1024: 2.5, 4096: 2.5}
LARGEST_SMALL = 64
COLD_GOAL = 1.0

# so many instructions at most, in a + b * CPUs
COST_GOALS = {'a': 100, 'b8': 6, 'a64': 100, 'b64': 14}

ALLOC_GOAL, FREE_GOAL, GROWTH_GOAL, BULK_GOAL = 10, 4, 1.1, 1.5
THREADS_GOAL, GOOD_TRIES = 1.8, 3
PAGES_GOAL, BOOT_PAGES_GOAL, MANY = 1.10, 1.25, 10_000
REPEAT_GOAL = 0.01

# what the guest hold-4 has, and reads
HELD_BYTES = 100_000 * 8 * 4
PAGE = 4096
DUMPS = ('alloc_info', 'slots', 'chunks', 'map', 'stats', 'calls')

# what the guest pages-4 says of each stream (see qemu/guest/pages.sh)
PAGES = re.compile(r'^pages (\S+) live=(\d+) kernel=(\d+(?:\.\d+)?) shadow=(\d+(?:\.\d+)?)\s*$',
                   re.MULTILINE)


@dataclass
class Row:
    """A line of the table, and a check: the kernel's figure, or another's, and ours."""
    name: str
    kernel: float | None
    shadow: float | None
    ratio: float | None = None
    goal: str = ''
    reached: bool = True

    @property
    def missing(self) -> bool:
        return self.kernel is None or self.shadow is None

    @property
    def check(self) -> Check:
        if self.missing:
            return Check(self.name, False, 'missing')
        ratio = '' if self.ratio is None else f', ratio {self.ratio:.3f}'
        return Check(self.name, self.reached,
                     f'{number(self.kernel)} and {number(self.shadow)}{ratio}, '
                     f'goal: {self.goal}')


@dataclass
class Stream:
    """What the guest pages-4 says of one."""
    name: str
    live: int
    kernel: float
    shadow: float


@dataclass
class Figures:
    """What all guests said."""
    guests: dict[str, dict[str, int]] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)

    def raw(self, guest: str, name: str) -> int | None:
        return self.guests.get(guest, {}).get(name)

    def of(self, guest: str, name: str) -> float | None:
        value = self.raw(guest, name)
        return None if value is None else value / 1000

    def two(self, cpus: int, name: str, *ways: str) -> list[float | None]:
        """The kernel's and ours, or two others', with so many CPUs."""
        guest = f'{GUESTS[name.partition(".")[0]]}-{cpus}'
        return [self.of(guest, f'{name}.{way}') for way in ways or ('kernel', 'shadow')]


def number(value: float | None) -> str:
    if value is None:
        return '-'
    return f'{value:.0f}' if abs(value) >= 10_000 else f'{value:.4g}'


def over(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def at_least(value: float | None, goal: float) -> bool:
    return value is not None and value >= goal


def at_most(value: float | None, goal: float) -> bool:
    return value is not None and value <= goal


# --- figures that are worked out --------------------------------------------

def beyond_zeroing(size: int, cpus: int, kernel: float | None,
                   shadow: float | None) -> float | None:
    """How many times fewer, the stores that zero the copies taken off both."""
    stores = size / 8 * cpus
    if kernel is None or shadow is None or shadow <= stores:
        return None
    return (kernel - stores) / (shadow - stores)


def costs(f: Figures) -> dict[str, float]:
    """What a pair takes as a + b * CPUs, by least squares."""
    found: dict[str, float] = {}
    for size, a, b in ((8, 'a', 'b8'), (64, 'a64', 'b64')):
        values = [value for cpus in CPUS
                  if (value := f.of(f'pairs-{cpus}', f'pair.{size}.shadow')) is not None]
        if len(values) == len(CPUS):
            line = statistics.linear_regression(CPUS, values)
            found |= {a: line.intercept, b: line.slope}
    return found


def growth(f: Figures, cpus: int) -> list[float | None]:
    """The last tenth of many objects over the first."""
    first, last = (f.two(cpus, f'live.alloc_part{part}') for part in (0, 9))
    return [over(a, b) for a, b in zip(last, first)]


def all_tries(f: Figures) -> list[dict[str, float]]:
    """Two threads over one, each time that it was tried."""
    tries: dict[str, dict[str, float]] = {}
    for name, value in f.guests.get('threads-2', {}).items():
        if name.startswith('threads.'):
            _, nth, kind = name.split('.')
            tries.setdefault(nth, {})[kind] = value / 1000
    return [one for one in tries.values() if set(one) == {'kernel', 'shadow', 'kmalloc'}]


def good_tries(f: Figures) -> list[dict[str, float]]:
    """Those in which the machine had two CPUs for the guest."""
    return [one for one in all_tries(f) if one['kmalloc'] >= THREADS_GOAL]


def threads(f: Figures) -> dict[str, float]:
    """Medians of good tries; nothing if there are too few."""
    tries = good_tries(f)
    if len(tries) < GOOD_TRIES:
        return {}
    return {kind: statistics.median(one[kind] for one in tries)
            for kind in ('kernel', 'shadow', 'kmalloc')}


def held_bytes(f: Figures, way: str) -> float | None:
    """Bytes of pages for a byte of an object that is live."""
    pages = f.raw('hold-4', f'hold.pages.{way}')
    return None if pages is None else pages * PAGE / HELD_BYTES


def command(f: Figures, guest: str, name: str) -> float | None:
    """Instructions of what a shell there did, without those that start a process."""
    us, nothing = f.raw(guest, name), f.raw(guest, 'nothing')
    return None if us is None or nothing is None else max(us - nothing, 0) * 1000.0


# --- rows of the table ------------------------------------------------------

def pair_rows(f: Figures, kind: str, name: str) -> Iterator[Row]:
    """NAME: as in pair.{}_all, what stands for the size."""
    for size in SIZES:
        goal = COLD_GOAL if 'cold' in name else PAIR_GOALS[size]
        for cpus in CPUS:
            kernel, shadow = f.two(cpus, name.format(size))
            ratio, text = over(kernel, shadow), f'at least {goal:g}'
            if size > LARGEST_SMALL:
                ratio = beyond_zeroing(size, cpus, kernel, shadow)
                text += ', zeroing aside'
            good = at_least(ratio, goal)
            if size > LARGEST_SMALL and 'cold' in name:
                text, good = 'shown, zeroing aside', ratio is not None
            yield Row(f'{kind}, {size} B, {cpus} CPUs', kernel, shadow, ratio, text, good)


def cost_rows(f: Figures) -> Iterator[Row]:
    found = costs(f)
    for name, goal in COST_GOALS.items():
        value = found.get(name)
        yield Row(f'a + b * CPUs: {name}', 0, value, None, f'at most {goal}',
                  at_most(value, goal))


def live_rows(f: Figures) -> Iterator[Row]:
    for cpus in CPUS:
        text = f'100,000 live, {cpus} CPUs'
        for name, key, goal in (('allocate', 'alloc_avg', ALLOC_GOAL),
                                ('free at random', 'free_avg', FREE_GOAL)):
            kernel, shadow = f.two(cpus, f'live.{key}')
            ratio = over(kernel, shadow)
            yield Row(f'{text}: {name}', kernel, shadow, ratio, f'at least {goal}',
                      at_least(ratio, goal))
        p50, p99 = f.two(cpus, 'live', 'alloc_p50.kernel', 'alloc_p99.shadow')
        ratio = over(p50, p99)
        yield Row(f'{text}: its median, our p99', p50, p99, ratio, 'more than 1',
                  ratio is not None and ratio > 1)
        kernel, shadow = f.two(cpus, 'live.alloc_p50')
        yield Row(f'{text}: medians', kernel, shadow)
        kernel, shadow = growth(f, cpus)
        yield Row(f'{text}: last over first', kernel, shadow, None,
                  f'ours at most {GROWTH_GOAL}', at_most(shadow, GROWTH_GOAL))


def bulk_rows(f: Figures) -> Iterator[Row]:
    for cpus in CPUS:
        single, bulk = f.two(cpus, 'bulk', 'single', 'bulk')
        ratio = over(single, bulk)
        yield Row(f'64 single calls, bulk, {cpus} CPUs', single, bulk, ratio,
                  f'at least {BULK_GOAL}', at_least(ratio, BULK_GOAL))


def threads_rows(f: Figures) -> Iterator[Row]:
    found = threads(f)
    yield Row('2 threads over 1', found.get('kernel'), found.get('shadow'), None,
              f'ours at least {THREADS_GOAL}', at_least(found.get('shadow'), THREADS_GOAL))
    yield Row(f'2 threads over 1: kmalloc, {len(good_tries(f))} good tries',
              found.get('kmalloc'), 0, None, f'at least {THREADS_GOAL}, {GOOD_TRIES} tries')


def pages_rows(f: Figures) -> Iterator[Row]:
    if not any(s.name == 'boot' for s in f.streams):
        yield Row('pages: boot', None, None)
    if not any(s.live >= MANY for s in f.streams):
        yield Row(f'pages: {MANY} live', None, None)
    for s in f.streams:
        ratio = over(s.shadow, s.kernel)
        goal = BOOT_PAGES_GOAL if s.name == 'boot' else PAGES_GOAL
        judged = s.name == 'boot' or s.live >= MANY
        yield Row(f'pages: {s.name}, {s.live} live', s.kernel, s.shadow, ratio,
                  f'at most {goal}' if judged else '', not judged or at_most(ratio, goal))


def repeat_rows(f: Figures) -> Iterator[Row]:
    for size in SIZES:
        for way in ('kernel', 'shadow'):
            name = f'pair.{size}.{way}'
            first, second = f.of('pairs-1', name), f.of('again-1', name)
            ratio = over(second, first)
            yield Row(f'again: pair, {size} B, {way}', first, second, ratio,
                      f'1, within {REPEAT_GOAL:.0%}',
                      ratio is not None and abs(ratio - 1) <= REPEAT_GOAL)


def other_rows(f: Figures) -> Iterator[Row]:
    for cpus in CPUS:
        kernel, shadow = f.two(cpus, 'chunk.made')
        yield Row(f'32 KB and a chunk for it, {cpus} CPUs', kernel, shadow, over(kernel, shadow))
        yield Row(f'insmod, {cpus} CPUs', 0, command(f, f'pairs-{cpus}', 'insmod'))
    yield Row('insmod, backing=sparse, 4 CPUs', 0, command(f, 'hold-4', 'insmod'))
    for dump in DUMPS:
        yield Row(f'dump {dump}, 100,000 live', 0, command(f, 'hold-4', f'dump.{dump}'))
    kernel, shadow = held_bytes(f, 'kernel'), held_bytes(f, 'shadow')
    yield Row('bytes of pages for a live one', kernel, shadow, over(kernel, shadow))


def rows(f: Figures) -> Iterator[Row]:
    yield from pair_rows(f, 'pair', 'pair.{}')
    yield from pair_rows(f, 'pair, put-off work too', 'pair.{}_all')
    yield from pair_rows(f, 'cold pair', 'pair_cold.{}')
    yield from pair_rows(f, 'cold pair, put-off work too', 'pair_cold.{}_all')
    for some in (cost_rows, live_rows, bulk_rows, threads_rows, pages_rows, repeat_rows,
                 other_rows):
        yield from some(f)


def clock_checks(f: Figures) -> Iterator[Check]:
    """Has a guest the CPUs that it should have, and is its nanosecond an instruction?"""
    for guest, figures in f.guests.items():
        if guest == 'pages-4':
            continue
        cpus = figures.get('cpus', 0)
        yield Check(f'{guest}: CPUs', guest.endswith(f'-{cpus}'), f'{cpus} possible')
        if guest != 'threads-2':
            loop, rate = figures.get('clock.loop', 0), figures.get('clock.per_ns', 0)
            yield Check(f'{guest}: clock',
                        1_000_000 <= loop <= 1_010_000 and 990 <= rate <= 1010,
                        f'{loop} steps for a million instructions, {rate / 1000:g} in 1 ns')


# --- build/bench.json -------------------------------------------------------

def pairs_of(f: Figures, name: str) -> list[dict[str, float | None]]:
    found = []
    for size in SIZES:
        for cpus in CPUS:
            kernel, shadow = f.two(cpus, name.format(size))
            row: dict[str, float | None] = {
                'size': size, 'cpus': cpus, 'kernel': kernel, 'shadow': shadow,
                'ratio': over(kernel, shadow)}
            if size > LARGEST_SMALL:
                row['ratio_beyond_zeroing'] = beyond_zeroing(size, cpus, kernel, shadow)
            found.append(row)
    return found


def live_of(f: Figures, cpus: int) -> dict[str, float | None]:
    found: dict[str, float | None] = {'cpus': cpus}
    for key, name in (('kernel_alloc_avg', 'alloc_avg.kernel'),
                      ('kernel_alloc_p50', 'alloc_p50.kernel'),
                      ('alloc_avg', 'alloc_avg.shadow'), ('alloc_p50', 'alloc_p50.shadow'),
                      ('alloc_p99', 'alloc_p99.shadow'),
                      ('kernel_free_avg', 'free_avg.kernel'), ('free_avg', 'free_avg.shadow')):
        found[key] = f.of(f'live-{cpus}', f'live.{name}')
    return found


def keyed(keys: Iterable[str], values: Iterable[object]) -> dict[str, object]:
    return dict(zip(keys, values))


def as_json(f: Figures) -> dict[str, object]:
    """What the table shows. The first six are the goals; bulk is that of 4 CPUs."""
    found = costs(f)
    both = ('cpus', 'kernel', 'shadow')
    bulk = [(cpus, *f.two(cpus, 'bulk', 'single', 'bulk')) for cpus in CPUS]
    return {
        'pair': pairs_of(f, 'pair.{}'),
        'cost': {name: found[name] for name in ('a', 'b8', 'b64')},
        'live': [live_of(f, cpus) for cpus in CPUS],
        'bulk': keyed(('single', 'bulk'), bulk[CPUS.index(4)][1:]),
        'threads': threads(f),
        'pages': [{'stream': s.name, 'kernel': s.kernel, 'shadow': s.shadow}
                  for s in f.streams],
        'pair_all': pairs_of(f, 'pair.{}_all'),
        'pair_cold': pairs_of(f, 'pair_cold.{}'),
        'pair_cold_all': pairs_of(f, 'pair_cold.{}_all'),
        'cost_64': {'a': found['a64'], 'b': found['b64']},
        'growth': [keyed(both, (cpus, *growth(f, cpus))) for cpus in CPUS],
        'bulk_at': [keyed(('cpus', 'single', 'bulk'), one) for one in bulk],
        'threads_tries': good_tries(f),
        'chunk': [keyed(both, (cpus, *f.two(cpus, 'chunk.made'))) for cpus in CPUS],
        'insmod': [{'cpus': cpus, 'shadow': command(f, f'pairs-{cpus}', 'insmod')}
                   for cpus in CPUS],
        'dump': {dump: command(f, 'hold-4', f'dump.{dump}') for dump in DUMPS},
        'bytes_per_live_byte': {way: held_bytes(f, way) for way in ('kernel', 'shadow')},
    }


# --- make bench -------------------------------------------------------------

def table(shown: list[Row]) -> None:
    print(f'\n{"instructions, or as said":44} {"kernel":>9} {"ours":>9} {"ratio":>7}  '
          f'{"goal":28} reached')
    for row in shown:
        reached = ('yes' if row.check.passed else 'NO') if row.goal or row.missing else ''
        ratio = '-' if row.ratio is None else f'{row.ratio:.2f}'
        print(f'{row.name:44} {number(row.kernel):>9} {number(row.shadow):>9} {ratio:>7}  '
              f'{row.goal:28} {reached}'.rstrip())


def bench(out: Path, folders: list[Path], some: bool) -> bool:
    """SOME: of what guests were not asked to measure nothing is missing."""
    checks: list[Check] = []
    f = Figures()
    for folder in folders:
        report, found = read_guest(folder)
        checks += found
        f.guests[folder.name] = report.figures
        f.streams += [Stream(name, int(live), float(kernel), float(shadow))
                      for name, live, kernel, shadow in
                      PAGES.findall(read_text(folder / 'verdict'))]

    shown = [row for row in rows(f) if not (some and row.missing)]
    for one in all_tries(f):
        used = 'counts' if one in good_tries(f) else 'thrown away: the machine was busy'
        print('two threads over one: ' + ', '.join(
            f'{kind} {value:.3f}' for kind, value in one.items()) + f'; {used}')
    table(shown)
    complete = not any(row.missing for row in shown)
    checks += [*clock_checks(f), *(row.check for row in shown)]
    for check in checks:
        if not check.passed:
            print(f'FAIL {check.name}: {check.detail}')

    # half of the figures is no result
    if complete and not some:
        out.write_text(json.dumps(as_json(f)) + '\n')
    passed = sum(check.passed for check in checks)
    print(f'\nbench: {passed} passed, {len(checks) - passed} failed')
    return passed == len(checks)

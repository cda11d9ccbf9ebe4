# SPDX-License-Identifier: GPL-2.0
"""`make generations`: designs of a percpu allocator side by side (see verdict.py).

Each design was played each stream. A run that is missing has failed, and so has one
in which a request was not served. What is known of the designs is looked for in the
figures of this one run, as ratios, so that it holds on any machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from verdict import Check, read_guest

STREAMS = ('boot', 'cgroups', 'stress', 'random-100', 'random-1000', 'random-10000',
           'eight-100', 'eight-10000', 'memcg-10000', 'drift-2000')
PTRARRAY, KERNEL = 'ptrarray', 'kernel'
ENGINES = ('areamap', 'bitmap', 'bestfit')
DESIGNS = (PTRARRAY, *ENGINES)
CPUS = 4

# From few live objects to many allocations become dearer: with an array of areas at
# least so many times more than with bitmaps. Large objects take long to zero however
# they are placed; of small ones more are in a chunk.
DEGRADES = (('random-100', 'random-10000', 2), ('eight-100', 'eight-10000', 5))
FEW, MANY = 'random-100', 'random-10000'

# where the best fit is better than the other engines, and in what
BEST = (('stress', 'pages'), ('random-1000', 'pages'), ('random-1000', 'frag_sum'),
        ('random-10000', 'alloc_avg'))

# What a row of the table needs, and so a run. Of the pointer array gaps are the slack
# within its pieces of slab memory, and metadata are its arrays.
PLAYED = ('live', 'bytes', 'failed', 'wrong', 'alloc_nr', 'alloc_sum', 'alloc_p50',
          'alloc_p99', 'free_nr', 'free_sum', 'free_p99', 'pages')
OF_ENGINE = {'frag_sum': 'frag_sum', 'frag_max': 'frag_max', 'chunks': 'chunks',
             'metadata_bytes': 'metadata_bytes'}
OF_PTRARRAY = {'frag_sum': 'slack_sum', 'frag_max': 'slack_max',
               'metadata_bytes': 'array_bytes', 'slab_objects': 'slab_objects',
               'copy_bytes': 'copy_bytes'}
OF_DESIGN: dict[str, dict[str, str]] = {
    PTRARRAY: OF_PTRARRAY, KERNEL: {}, **{engine: OF_ENGINE for engine in ENGINES}}

Row = dict[str, int | float | str]


@dataclass
class Run:
    """One stream, played to one design."""
    design: str
    stream: str
    figures: dict[str, int]

    @property
    def name(self) -> str:
        return f'{self.design} {self.stream}'

    @property
    def missing(self) -> list[str]:
        wanted = (*PLAYED, *OF_DESIGN[self.design].values())
        return [name for name in wanted if name not in self.figures]

    @property
    def good(self) -> bool:
        return not self.missing

    def average(self, what: str) -> float:
        """Of calls of that kind."""
        return self.figures[f'{what}_sum'] / max(self.figures[f'{what}_nr'], 1)

    def row(self) -> Row:
        f = self.figures
        row: Row = {
            'engine': self.design, 'stream': self.stream,
            'alloc_avg': round(self.average('alloc'), 1), 'alloc_p99': f['alloc_p99'],
            'free_avg': round(self.average('free'), 1), 'pages': f['pages']}
        row |= {key: f[name] for key, name in OF_DESIGN[self.design].items()}
        if self.design == PTRARRAY:
            row['chunks'] = 0
        return row | {'alloc_p50': f['alloc_p50'], 'free_p99': f['free_p99'],
                      'live': f['live'], 'bytes': f['bytes'], 'allocs': f['alloc_nr'],
                      'frees': f['free_nr']}


@dataclass
class Runs:
    """All there should be; those without figures, too."""
    figures: dict[str, int] = field(default_factory=dict)

    def of(self, design: str, stream: str) -> Run:
        prefix = f'{design}.{stream}.'
        return Run(design, stream, {name.removeprefix(prefix): value
                                    for name, value in self.figures.items()
                                    if name.startswith(prefix)})

    def each(self, designs: Iterable[str]) -> list[Run]:
        return [self.of(design, stream) for stream in STREAMS for design in designs]

    def value(self, design: str, stream: str, name: str) -> float | None:
        run = self.of(design, stream)
        return float(run.row()[name]) if run.good else None

    def ratio(self, design: str, name: str, stream: str, to: str) -> float | None:
        value, base = self.value(design, stream, name), self.value(design, to, name)
        return value / base if value is not None and base else None


# --- what must hold of each run ---------------------------------------------

def problems(run: Run, calls: tuple[int, int]) -> Iterator[str]:
    """CALLS: the allocations and frees that other designs served."""
    f = run.figures
    if not f:
        yield 'it was not played'
        return
    if run.missing:
        yield f'missing: {", ".join(run.missing)}'
        return
    if f['failed']:
        yield f'{f["failed"]} requests were not served'
    if f['wrong']:
        yield f'{f["wrong"]} copies were not zero, or changed'
    if (f['alloc_nr'], f['free_nr']) != calls:
        yield (f'{f["alloc_nr"]} allocations and {f["free_nr"]} frees, '
               f'others had {calls[0]} and {calls[1]}')
    if f['alloc_nr'] - f['free_nr'] != f['live'] or not f['live']:
        yield f'{f["live"]} objects live'
    if not (f['alloc_sum'] and f['free_sum']):
        yield 'calls took no time'
    if run.design in ENGINES and f['pages'] * 4096 < f['bytes'] * CPUS:
        yield f'{f["pages"]} pages are too few'  # others can find room in pages of theirs


def run_checks(runs: Runs) -> Iterator[Check]:
    for run in runs.each((*DESIGNS, KERNEL)):
        first = runs.of(DESIGNS[0], run.stream).figures
        found = list(problems(run, (first.get('alloc_nr', 0), first.get('free_nr', 0))))
        yield Check(run.name, not found, ', '.join(found) or 'served')


# --- what is known of the designs -------------------------------------------

def number(value: float | None) -> str:
    return '-' if value is None else f'{value:.3g}' if value < 1000 else f'{value:.0f}'


def array_degrades(runs: Runs) -> Iterator[Check]:
    for few, many, times in DEGRADES:
        areamap, bitmap = (runs.ratio(engine, 'alloc_avg', many, few)
                           for engine in ('areamap', 'bitmap'))
        yield Check('an array of areas degrades with what is live',
                    bool(areamap and bitmap and areamap >= bitmap * times),
                    f'an allocation, {many} over {few}: {number(areamap)} times, with '
                    f'bitmaps {number(bitmap)}; goal: {times} times that')


def slab_objects(runs: Runs) -> Iterator[Check]:
    found = [(run.figures.get('slab_objects', 0), run.figures.get('live', 0))
             for run in runs.each((PTRARRAY,))]
    wrong = [f'{objects} for {live}' for objects, live in found
             if not live or objects != (CPUS + 1) * live]
    yield Check('a pointer array costs a slab object for each CPU, and one more', not wrong,
                ', '.join(wrong) or ', '.join(f'{objects} for {live}'
                                              for objects, live in found))


def arrays_grow(runs: Runs) -> Iterator[Check]:
    arrays, live = (runs.ratio(PTRARRAY, name, MANY, FEW)
                    for name in ('metadata_bytes', 'live'))
    yield Check('and arrays grow with what is live', bool(arrays) and arrays == live,
                f'{number(arrays)} times from {FEW} to {MANY}, as objects {number(live)} times')


def best_fit(runs: Runs) -> Iterator[Check]:
    for stream, what in BEST:
        others = [runs.value(engine, stream, what) for engine in ENGINES if engine != 'bestfit']
        best = runs.value('bestfit', stream, what)
        yield Check(f'the best fit wins somewhere: {what}, {stream}',
                    best is not None and all(other is not None and best < other
                                             for other in others),
                    f'{number(best)}, others {" and ".join(number(other) for other in others)}')


FACTS = (array_degrades, slab_objects, arrays_grow, best_fit)


# --- make generations -------------------------------------------------------

COLUMNS = (('alloc_avg', 'alloc'), ('alloc_p99', 'p99'), ('free_avg', 'free'),
           ('pages', 'pages'), ('frag_sum', 'frag_sum'), ('frag_max', 'frag_max'),
           ('chunks', 'chunks'), ('metadata_bytes', 'metadata'))


def cells(run: Run) -> list[str]:
    row: Row = run.row() if run.good else {}
    return [f'{row[key]:.0f}' if key in row else '-' for key, _ in COLUMNS]


def table(runs: Runs) -> None:
    heads = ''.join(f'{head:>10}' for _, head in COLUMNS)
    for stream in STREAMS:
        live = runs.of(PTRARRAY, stream).figures.get('live', '-')
        print(f'\n{f"{stream}, {live} live":30}{heads}')
        for run in (runs.of(design, stream) for design in (*DESIGNS, KERNEL)):
            name = 'the kernel\'s own, here' if run.design == KERNEL else run.design
            print(f'  {name:28}' + ''.join(f'{cell:>10}' for cell in cells(run)))
    print('\ninstructions of a call; pages of all CPUs; bytes. Gaps (frag) and metadata of '
          'the pointer array:\nslack in its slab objects, a CPU\'s; and its arrays.')


def generations(out: Path, folders: list[Path]) -> bool:
    checks: list[Check] = []
    runs = Runs()
    for folder in folders:
        report, found = read_guest(folder)
        cpus = report.figures.get('cpus', 0)
        checks += [*found, Check(f'{folder.name}: CPUs', cpus == CPUS, f'{cpus} possible')]
        runs.figures |= report.figures

    table(runs)
    facts = [fact for look in FACTS for fact in look(runs)]
    print()
    for fact in facts:
        print(f'{"yes" if fact.passed else "NO "} {fact.name}: {fact.detail}')
    checks += [*run_checks(runs), *facts]
    for check in checks:
        if not check.passed:
            print(f'FAIL {check.name}: {check.detail}')

    # half of the figures is no result
    played, reference = runs.each(DESIGNS), runs.each((KERNEL,))
    if all(run.good for run in (*played, *reference)):
        out.write_text(json.dumps({'runs': [run.row() for run in played],
                                   'reference': [run.row() for run in reference]}) + '\n')
    passed = sum(check.passed for check in checks)
    print(f'\ngenerations: {passed} passed, {len(checks) - passed} failed')
    return passed == len(checks)

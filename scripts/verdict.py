#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Decide whether a run was good, from what guests left behind.

  verdict.py run --console LOG --started EPOCH --json OUT
      reads the guest's second serial port from stdin while it runs
  verdict.py check --sources DIR --recordings JSON --json OUT GUEST_DIR...
      reads what build/host/replay made of recordings; and for each guest of `make
      check` the files that scripts/check keeps in its folder: kunit.json,
      kunit.out, test.log, verdict
  verdict.py memory --json OUT GUEST_DIR...
      reads, for each guest of `make memory`, what scripts/memory keeps in its
      folder: console, verdict
  verdict.py bench [--some] --json OUT GUEST_DIR...
      the same for `make bench` (see bench_verdict.py)
  verdict.py mirror --json OUT GUEST_DIR...
      the same for `make mirror`; a guest's folder is named KERNEL-CPUS
  verdict.py generations --json OUT GUEST_DIR...
      the same for `make generations` (see generations_verdict.py)
  verdict.py package --json OUT
      reads from stdin what scripts/package said
  verdict.py htmldocs --json OUT
      the same of scripts/htmldocs

Nothing is good by default: what is missing has failed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Kernel messages that fail a run, wherever they come from.
BAD = re.compile(
    r'\b(BUG|WARNING|Oops|Call Trace|KASAN|UBSAN|leaked)\b'
    r'|Kernel panic|general protection fault|suspicious RCU usage'
    r'|possible (circular|recursive) locking|inconsistent lock state'
    r'|lockdep is turned off|detected stalls?\b|blocked for more than'
    r'|suspected memory leaks|leak detector disabled|\bpagealloc: ')

# Who provokes such a message on purpose announces it in the log itself, before
# and after; in between it is not only allowed but due. Where the kernel says it itself,
# and decides how often, it is only allowed.
EXPECTING = re.compile(r'(expecting|allowing) "(.+)"$')
NO_MORE = 'expecting no more'

# of many cases that did not run, those that are named
NAMED = 8

# What a guest must have said, by the kernel it ran on: that it was watched, and that
# somebody looked at the end what had been seen.
WATCHED = {
    'kasan': ('panic_on_warn', 'kasan', 'kmemleak'),
    'kcsan': ('panic_on_warn', 'kcsan', 'races'),
}

# (guest, case) pairs that may skip themselves.
MAY_SKIP: set[tuple[str, str]] = set()


@dataclass
class Check:
    name: str
    passed: bool
    detail: str = ''


@dataclass
class Report:
    """What a guest said on its second serial port (see qemu/guest/lib.sh)."""
    checks: list[Check] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    done: bool = False

    def read(self, lines: Iterable[str]) -> Iterator[str]:
        """Take in all lines; yield the text for the screen as it comes."""
        for line in lines:
            word, _, rest = line.rstrip('\r\n').partition(' ')
            if word == 'show':
                yield rest
            elif word == 'done':
                self.done = True
            elif word == 'figure':
                name, _, value = rest.partition(' ')
                if value.isdigit():  # what is garbled is missing, not 0
                    self.figures[name] = int(value)
            elif word == 'check':
                name, status, detail = (rest.split(' ', 2) + ['', ''])[:3]
                self.checks.append(Check(name, status == 'pass', detail))

    def said(self, name: str) -> Check:
        there = any(check.name == name for check in self.checks)
        return Check(f'said:{name}', there, '' if there else 'the guest did not say it')

    def finished(self) -> Check:
        return Check('finished', self.done,
                     '' if self.done else 'the guest stopped before its end')


def read_text(path: Path) -> str:
    return path.read_text(errors='replace') if path.exists() else ''


def first_bad_line(lines: Iterable[str]) -> str:
    """What a healthy kernel does not print, or was announced and did not come."""
    due, came = '', False
    for line in lines:
        if announced := EXPECTING.search(line):
            due, came = announced[2], announced[1] == 'allowing'
        elif line.endswith(NO_MORE):
            if not came:
                return f'announced, but it did not come: {due}'
            due = ''
        elif due and re.search(due, line):
            came = True
        elif BAD.search(line):
            return line.strip()
    return f'announced to the end of the log: {due}' if due else ''


def clean_log(path: Path) -> Check:
    text = read_text(path)
    bad = first_bad_line(text.splitlines()) if text else f'{path.name} is missing or empty'
    return Check('console', not bad, bad or 'no bad message in the whole log')


def read_guest(folder: Path) -> tuple[Report, list[Check]]:
    """Show what a guest said, and judge what it left, figures aside."""
    report = Report()
    for text in report.read(read_text(folder / 'verdict').splitlines()):
        print(text)
    checks = (*report.checks, report.finished(), clean_log(folder / 'console'))
    return report, [Check(f'{folder.name}: {check.name}', check.passed, check.detail)
                    for check in checks]


# --- make run ---------------------------------------------------------------

def run(console: Path, started: float, out: Path) -> bool:
    report = Report()
    for text in report.read(sys.stdin):
        print(text, flush=True)
    checks = [*report.checks, report.finished(), clean_log(console)]
    print()
    for check in checks:
        print(f'{"ok  " if check.passed else "FAIL"} {check.name:14} {check.detail}')

    passed = sum(check.passed for check in checks)
    figures = {
        'passed': passed,
        'failed': len(checks) - passed,
        'replayed_ops': report.figures.get('replayed_ops', 0),
        'live_objects': report.figures.get('live_objects', 0),
        'chunks': report.figures.get('chunks', 0),
        'seconds': round(time.time() - started),
    }
    out.write_text(json.dumps(figures) + '\n')
    print('\nrun: {passed} passed, {failed} failed, {replayed_ops} operations replayed, '
          '{live_objects} live, {chunks} chunks, {seconds} s'.format(**figures))
    return figures['failed'] == 0


# --- make package, make htmldocs --------------------------------------------

def said(target: str, out: Path) -> bool:
    """What a script on this machine said."""
    report = Report()
    for text in report.read(sys.stdin):
        print(text, flush=True)
    checks = [*report.checks, report.finished()]
    for check in checks:
        print(f'{"ok  " if check.passed else "FAIL"} {check.name:15} {check.detail}')
    passed = sum(check.passed for check in checks)
    figures = {'passed': passed, 'failed': len(checks) - passed}
    out.write_text(json.dumps(figures) + '\n')
    print('\n{}: {passed} passed, {failed} failed'.format(target, **figures))
    return figures['failed'] == 0


# --- make check -------------------------------------------------------------

CASE = re.compile(r'^\s*KUNIT_CASE(?:_SLOW)?\((\w+)\)', re.MULTILINE)
EACH_CASE = re.compile(r'^\s*SPCPU_ENGINE_CASE\((\w+)\)', re.MULTILINE)
ENGINE = re.compile(r'^\t&spcpu_engine_(\w+),', re.MULTILINE)
SUITE = re.compile(r'^(?:static )?struct kunit_suite \w+ = \{', re.MULTILINE)


def expected(sources: Path) -> tuple[int, Counter[str]]:
    """Suites and cases that the test sources hold; some run once for each engine."""
    engines = ENGINE.findall(read_text(sources.parent / 'src' / 'engine.c'))
    suites = 0
    cases: Counter[str] = Counter()
    for source in sorted(sources.glob('*.c')):
        text = source.read_text()
        suites += len(SUITE.findall(text))
        cases.update(CASE.findall(text))
        # of no engine none would run, and none would be missing
        cases.update(f'{case}.{engine}' for case in EACH_CASE.findall(text)
                     for engine in engines or ['any engine'])
    return suites, cases


def leaves(group: dict) -> Iterator[tuple[str, str, str]]:
    """Suite, name and status of every case in kunit.py's JSON.

    A case that runs for several engines is a group below its suite.
    """
    for case in group['test_cases']:
        yield group['name'], case['name'], case['status']
    for suite in group['sub_groups']:
        for case in suite['test_cases']:
            yield suite['name'], case['name'], case['status']
        for each in suite['sub_groups']:
            for case in each['test_cases']:
                yield suite['name'], f'{each["name"]}.{case["name"]}', case['status']


@dataclass
class Guest:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    cases: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, check: Check) -> None:
        if check.passed:
            self.passed += 1
        else:
            self.failed += 1
            self.wrong.append(f'{check.name}: {check.detail}')

    def add_case(self, suite: str, name: str, status: str) -> None:
        self.cases += 1
        if status == 'SKIP':
            self.skipped += 1
            if (self.name, name) in MAY_SKIP:
                return
        self.add(Check(f'{suite}.{name}', status == 'PASS', status))


def same_cases(ran: Counter[str], wanted: Counter[str]) -> Check:
    problems = [f'{name} did not run' for name in (wanted - ran)]
    problems += [f'{name} is in no source' for name in (ran - wanted)]
    if len(problems) > NAMED:
        problems[NAMED:] = [f'and {len(problems) - NAMED} more']
    if not wanted:
        problems.append('the sources hold no case')
    return Check('cases', not problems,
                 ', '.join(problems) or f'{wanted.total()} as in the sources')


def kunit_result(path: Path) -> list[tuple[str, str, str]]:
    try:
        return list(leaves(json.loads(path.read_text())))
    except (OSError, ValueError, KeyError, TypeError):
        return []


def no_ktap_errors(out: str) -> Check:
    """kunit.py counts errors in KTAP itself, but its JSON leaves them out."""
    errors = [line for line in out.splitlines() if '[ERROR]' in line]
    if 'Testing complete.' not in out:
        errors.append('kunit.py did not come to its end')
    return Check('ktap', not errors, errors[0] if errors else 'no error in KTAP')


def judge(folder: Path, suites: int, wanted: Counter[str]) -> Guest:
    guest = Guest(folder.name)
    results = kunit_result(folder / 'kunit.json')
    for suite, name, status in results:
        guest.add_case(suite, name, status)
    guest.add(same_cases(Counter(name for _, name, _ in results), wanted))
    ran = len({suite for suite, _, _ in results})
    guest.add(Check('suites', ran == suites, f'{ran} of {suites} ran'))
    guest.add(no_ktap_errors(read_text(folder / 'kunit.out')))
    guest.add(clean_log(folder / 'test.log'))

    report = Report()
    for text in report.read(read_text(folder / 'verdict').splitlines()):
        print(text)
    watched = map(report.said, WATCHED.get(folder.name.partition('@')[2], ()))
    for check in [*report.checks, *watched, report.finished()]:
        guest.add(check)
    return guest


# recordings that must be there
RECORDINGS = {'boot', 'cgroups', 'stress'}


def recorded(path: Path) -> Guest:
    """Every placement, and every pass of the worker, must be the recorded one."""
    results = Guest('recordings')
    try:
        rows = json.loads(read_text(path))
    except ValueError:
        rows = []
    missing = RECORDINGS - {Path(row['name']).stem for row in rows}
    results.add(Check('recordings', not missing, f'missing: {", ".join(sorted(missing))}'))
    for row in rows:
        results.add(Check(row['name'], row['good'] and 0 < row['allocs'] == row['identical'],
                          f'{row["identical"]} of {row["allocs"]} placements are identical'))
        results.add(Check(f'{row["name"]}:worker', 0 < row['rehearsed'] == row['passes_same'],
                          f'{row["passes_same"]} of {row["rehearsed"]} passes are the same'))
    return results


def check(sources: Path, recordings: Path, out: Path, folders: list[Path]) -> bool:
    suites, wanted = expected(sources)
    guests = [judge(folder, suites, wanted) for folder in folders]
    rows = [recorded(recordings), *guests]
    print(f'{"guest":18} {"cases":>6} {"passed":>7} {"failed":>7} {"skipped":>8}')
    for row in rows:
        print(f'{row.name:18} {row.cases:6} {row.passed:7} {row.failed:7} {row.skipped:8}')
    for row in rows:
        for line in row.wrong:
            print(f'FAIL {row.name}: {line}')

    figures = {
        'passed': sum(row.passed for row in rows),
        'failed': sum(row.failed for row in rows),
        'skipped': sum(row.skipped for row in rows),
        'guests': [{'name': guest.name, 'passed': guest.passed, 'failed': guest.failed,
                    'skipped': guest.skipped} for guest in guests],
    }
    out.write_text(json.dumps(figures) + '\n')
    print('\ncheck: {passed} passed, {failed} failed, {skipped} skipped'.format(**figures))
    return bool(guests) and figures['failed'] == 0


# --- make memory ------------------------------------------------------------

Figures = dict[str, float]


@dataclass
class Goal:
    """What is demanded of one figure, given all of them."""
    name: str
    text: str
    reached: Callable[[float, Figures], bool]


def some(value: float, _: Figures) -> bool:
    return value > 0


GOALS = (
    Goal('absent_cpus.kernel_pages', 'more than 0', some),
    Goal('absent_cpus.shadow_pages', 'at most 1/12 of kernel_pages',
         lambda value, f: 0 < value * 12 <= f['absent_cpus.kernel_pages']),
    Goal('dying_groups.peak_pages', 'more than 0', some),
    Goal('dying_groups.after_pages', 'at most 30 % of peak_pages',
         lambda value, f: 0 < value * 10 <= f['dying_groups.peak_pages'] * 3),
    Goal('hotplug.cycles', 'at least 200', lambda value, f: value >= 200),
    Goal('hotplug.lost', '0', lambda value, f: value == 0),
    Goal('numa_chunk.reserve_us', 'less than 1000', lambda value, f: 0 < value < 1000),
    Goal('numa_chunk.va_pages', 'as unit_pages_total',
         lambda value, f: value == f['numa_chunk.unit_pages_total']),
    Goal('numa_chunk.unit_pages_total', 'more than 0', some),
    Goal('atomic.tried', 'at least 1000', lambda value, f: value >= 1000),
    Goal('atomic.kernel_ok', 'more than 0', some),
    Goal('atomic.shadow_ok', 'at least kernel_ok',
         lambda value, f: value >= f['atomic.kernel_ok']),
)


def hold(goal: Goal, figures: Figures) -> Check:
    value = figures.get(goal.name)
    if value is None:
        return Check(goal.name, False, 'missing')
    try:
        reached = goal.reached(value, figures)
    except KeyError as missing:
        return Check(goal.name, False, f'{value:g}, but {missing.args[0]} is missing')
    return Check(goal.name, reached, f'{value:g}, goal: {goal.text}')


def by_case(figures: Figures) -> dict[str, dict[str, float]]:
    """The figures of all goals, case by case."""
    cases: dict[str, dict[str, float]] = {}
    for goal in GOALS:
        case, _, name = goal.name.partition('.')
        cases.setdefault(case, {})[name] = figures[goal.name]
    return cases


def memory(out: Path, folders: list[Path]) -> bool:
    checks: list[Check] = []
    figures: Figures = {}
    for folder in folders:
        report, found = read_guest(folder)
        figures.update(report.figures)
        checks += found
    if 'numa_chunk.reserve_ns' in figures:
        figures['numa_chunk.reserve_us'] = figures['numa_chunk.reserve_ns'] / 1000
    goals = [hold(goal, figures) for goal in GOALS]

    print(f'\n{"figure":28} {"value":>8}  {"goal":30} reached')
    for goal, check in zip(GOALS, goals):
        value = f'{figures[goal.name]:g}' if goal.name in figures else '-'
        print(f'{goal.name:28} {value:>8}  {goal.text:30} {"yes" if check.passed else "NO"}')
    checks += goals
    for check in checks:
        if not check.passed:
            print(f'FAIL {check.name}: {check.detail}')

    # half of the figures is no result
    if all(goal.name in figures for goal in GOALS):
        out.write_text(json.dumps(by_case(figures)) + '\n')
    passed = sum(check.passed for check in checks)
    print(f'\nmemory: {passed} passed, {len(checks) - passed} failed')
    return passed == len(checks)


# --- make mirror ------------------------------------------------------------

# Streams that must be there, by guest; random ones have so many operations.
RANDOM = ('stress', 'stress_atomic')
SYSTEM = ('cgroups', 'mounts', 'modules')
STREAMS = {
    'stock-1': ('boot', *SYSTEM, 'netns', *RANDOM),
    'stock-4': ('boot', *SYSTEM, 'netns', *RANDOM),
    'kunit-1': (*SYSTEM, *RANDOM),
    'kunit-4': (*SYSTEM, *RANDOM),
}
LEAST_OPS = 100_000

# The guest whose nanoseconds are instructions, and how many pairs of calls it did.
OVERHEAD = 'overhead-1'
PAIRS = 5000


# what a guest says of each stream (see qemu/guest/mirror.sh)
COUNTS = ('allocs', 'frees', 'fails', 'identical', 'wrong', 'undecidable', 'lost', 'bad',
          'served', 'healed', 'maps_equal')


@dataclass
class Stream:
    guest: str
    name: str
    counts: dict[str, int]

    @property
    def label(self) -> str:
        return f'{self.guest} {self.name}'

    @property
    def cpus(self) -> int:
        return int(self.guest.rpartition('-')[2])

    @property
    def exact(self) -> bool:
        """Nothing about it is undecidable."""
        return self.name == 'stress' and self.cpus == 1

    @property
    def complete(self) -> bool:
        return all(name in self.counts for name in COUNTS)

    @property
    def ops(self) -> int:
        return sum(self.counts.get(name, 0) for name in ('allocs', 'frees', 'fails'))

    @property
    def decidable(self) -> int:
        return self.counts.get('allocs', 0) - self.counts.get('undecidable', 0)

    def row(self) -> dict[str, object]:
        return {
            'name': self.name,
            'kernel': self.guest.rpartition('-')[0],
            'cpus': self.cpus,
            'atomic': self.name.endswith('_atomic'),
            'ops': self.ops,
            'decidable': self.decidable,
            'identical': self.counts['identical'],
            'dropped': self.counts['lost'],
            'maps_equal': bool(self.counts['maps_equal']),
        }


def stream_problems(s: Stream) -> Iterator[str]:
    """All that is wrong with a stream."""
    if not s.complete:
        yield 'it has no result'
        return
    allocs, _, _, identical, wrong, undecidable, lost, bad, served, healed, maps_equal = (
        s.counts[name] for name in COUNTS)
    if lost:  # nothing else can be said
        yield f'dropped {lost}'
        return
    if bad:
        yield f'{bad} events that cannot be'
    if identical + wrong + undecidable != allocs:
        yield 'its numbers do not add up'
    if s.ops < (LEAST_OPS if s.name in RANDOM else 1):
        yield f'only {s.ops} operations'
    if served * 1000 > allocs:
        yield f'the shadow would have served {served} requests that failed'
    if healed:
        yield f'{healed} chunks were not where the shadow had them'
    if not s.decidable or s.decidable * 4 < allocs * 3:
        yield f'only {s.decidable} of {allocs} placements are decidable'
    if identical * 1000 < s.decidable * 999:
        yield f'{identical} of {s.decidable} decidable placements are identical'
    if s.exact and identical != allocs:
        yield f'{identical} of all {allocs} placements are identical'
    if not maps_equal:
        yield 'the maps differ at the end'


def counts_of(stream: str, figures: dict[str, int]) -> dict[str, int]:
    return {name: figures[f'{stream}.{name}'] for name in COUNTS
            if f'{stream}.{name}' in figures}


def stream_check(s: Stream) -> Check:
    problems = list(stream_problems(s))
    return Check(s.label, not problems, ', '.join(problems) or 'as it should be')


def overhead(figures: dict[str, int]) -> tuple[Check, float]:
    """What following costs each pair of calls, as a factor; 0 if not known."""
    off, on, again, all_off, all_on = (
        figures.get(f'pairs.{name}', 0)
        for name in ('off', 'on', 'off_again', 'off_at_once', 'on_at_once'))
    followed, lost = figures.get('pairs.allocs', 0), figures.get('pairs.lost')
    ratio = 0.0
    if not (off and on and again and all_off and all_on):
        problem = 'it was not measured'
    elif followed < PAIRS or lost != 0:
        problem = f'{followed} allocations followed of {PAIRS}, dropped {lost}'
    elif abs(off - again) * 100 > off:
        problem = f'{off} before, but {again} afterwards'
    elif on < off:
        problem = f'{on} with the mirror, but {off} without'
    else:
        problem, ratio = '', on / off
    return Check('overhead', not problem, problem or
                 f'{ratio:.3f} for callers, {all_on / all_off:.3f} with the worker'), ratio


def mirror_table(streams: list[Stream], checks: list[Check]) -> None:
    print(f'\n{"guest and stream":24} {"ops":>8} {"placed":>8} {"decidable":>9} '
          f'{"identical":>9} {"dropped":>7} {"maps":>6}  good')
    for s, check in zip(streams, checks):
        good = 'yes' if check.passed else 'NO'
        if not s.complete:
            print(f'{s.label:24} {"-":>8} {"-":>8} {"-":>9} {"-":>9} {"-":>7} {"-":>6}  {good}')
            continue
        maps = 'equal' if s.counts['maps_equal'] else 'differ'
        print(f'{s.label:24} {s.ops:8} {s.counts["allocs"]:8} {s.decidable:9} '
              f'{s.counts["identical"]:9} {s.counts["lost"]:7} {maps:>6}  {good}')


def mirror(out: Path, folders: list[Path]) -> bool:
    checks: list[Check] = []
    figures: dict[str, dict[str, int]] = {guest: {} for guest in (*STREAMS, OVERHEAD)}
    for folder in folders:
        print(f'--- {folder.name}')
        report, found = read_guest(folder)
        figures[folder.name] = report.figures
        cpus = report.figures.get('cpus', 0)
        checks += [*found, Check(f'{folder.name}: CPUs', folder.name.endswith(f'-{cpus}'),
                                 f'{cpus} online')]

    streams = [Stream(guest, name, counts_of(name, figures[guest]))
               for guest, names in STREAMS.items() for name in names]
    held = [stream_check(s) for s in streams]
    cost, ratio = overhead(figures[OVERHEAD])
    mirror_table(streams, held)
    print(f'instructions of a pair of calls, with the mirror over without: {cost.detail}')
    checks += [*held, cost]
    for check in checks:
        if not check.passed:
            print(f'FAIL {check.name}: {check.detail}')

    # half of the figures is no result
    if ratio and all(s.complete for s in streams):
        out.write_text(json.dumps({'streams': [s.row() for s in streams],
                                   'overhead_ratio': round(ratio, 4)}) + '\n')
    passed = sum(check.passed for check in checks)
    print(f'\nmirror: {passed} passed, {len(checks) - passed} failed')
    return passed == len(checks)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    modes = parser.add_subparsers(dest='mode', required=True)
    for_run = modes.add_parser('run')
    for_run.add_argument('--console', type=Path, required=True)
    for_run.add_argument('--started', type=float, required=True)
    for_run.add_argument('--json', type=Path, required=True)
    for_check = modes.add_parser('check')
    for_check.add_argument('--sources', type=Path, required=True)
    for_check.add_argument('--recordings', type=Path, required=True)
    for_check.add_argument('--json', type=Path, required=True)
    for_check.add_argument('guests', type=Path, nargs='+')
    for_memory = modes.add_parser('memory')
    for_memory.add_argument('--json', type=Path, required=True)
    for_memory.add_argument('guests', type=Path, nargs='+')
    for_bench = modes.add_parser('bench')
    for_bench.add_argument('--json', type=Path, required=True)
    for_bench.add_argument('--some', action='store_true')
    for_bench.add_argument('guests', type=Path, nargs='+')
    for_mirror = modes.add_parser('mirror')
    for_mirror.add_argument('--json', type=Path, required=True)
    for_mirror.add_argument('guests', type=Path, nargs='+')
    for_generations = modes.add_parser('generations')
    for_generations.add_argument('--json', type=Path, required=True)
    for_generations.add_argument('guests', type=Path, nargs='+')
    for target in ('package', 'htmldocs'):
        modes.add_parser(target).add_argument('--json', type=Path, required=True)
    for_suites = modes.add_parser('suites', help='print how many suites the sources hold')
    for_suites.add_argument('--sources', type=Path, required=True)
    args = parser.parse_args()

    if args.mode == 'suites':
        print(expected(args.sources)[0])
        return 0
    if args.mode == 'run':
        good = run(args.console, args.started, args.json)
    elif args.mode == 'memory':
        good = memory(args.json, args.guests)
    elif args.mode == 'bench':
        from bench_verdict import bench  # which needs this file
        good = bench(args.json, args.guests, args.some)
    elif args.mode == 'generations':
        from generations_verdict import generations  # likewise
        good = generations(args.json, args.guests)
    elif args.mode in ('package', 'htmldocs'):
        good = said(args.mode, args.json)
    elif args.mode == 'mirror':
        good = mirror(args.json, args.guests)
    else:
        good = check(args.sources, args.recordings, args.json, args.guests)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())

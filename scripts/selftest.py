#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that the verdict turns red: feed it a good run, spoilt in one place."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path
from unittest import mock

import verdict

SOURCES = {
    'a_test.c': '''
static struct kunit_case cases[] = {
	KUNIT_CASE(first),
	KUNIT_CASE(second),
	{}
};

struct kunit_suite spcpu_a_suite = {
''',
    'b_test.c': '''
static struct kunit_case cases[] = {
	KUNIT_CASE(third),
	SPCPU_ENGINE_CASE(each),
	{}
};

struct kunit_suite spcpu_b_suite = {
''',
}
ENGINES = '''
const struct spcpu_engine * const spcpu_engines[] = {
	&spcpu_engine_bitmap,
	&spcpu_engine_areamap,
	NULL
};
'''
LOG = 'Linux version 6.1\nDEBUG_LIST is on\nKTAP version 1\n1..2\nreboot: Power down\n'
KUNIT_OUT = '[00:00:00] Testing complete. Ran 3 tests: passed: 3\n'
SAID = 'show text\ncheck load pass insmod\nfigure chunks 3\ndone\n'


def group(name: str, cases: dict[str, str], below: list[dict] | None = None) -> dict:
    return {'name': name, 'sub_groups': below or [],
            'test_cases': [{'name': n, 'status': s} for n, s in cases.items()]}


class Good(unittest.TestCase):
    """A good guest in a folder; each test spoils one thing."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.guest = self.root / 'guest'
        self.sources = self.root / 'kunit'
        self.guest.mkdir()
        self.sources.mkdir()
        for name, text in SOURCES.items():
            (self.sources / name).write_text(text)
        (self.root / 'src').mkdir()
        self.engines = self.root / 'src' / 'engine.c'
        self.engines.write_text(ENGINES)
        self.suites = {'a': {'first': 'PASS', 'second': 'PASS'}, 'b': {'third': 'PASS'}}
        self.each = {'bitmap': 'PASS', 'areamap': 'PASS'}
        self.put('test.log', LOG)
        self.put('kunit.out', KUNIT_OUT)
        self.put('verdict', SAID)
        self.recordings = [{'name': f'recordings/{name}.rec', 'good': True,
                            'allocs': 100, 'identical': 100,
                            'rehearsed': 5, 'passes_same': 5}
                           for name in sorted(verdict.RECORDINGS)]

    def put(self, name: str, text: str) -> None:
        (self.guest / name).write_text(text)

    def verdict(self) -> tuple[bool, dict]:
        if self.suites:
            suites = [group(name, cases) for name, cases in self.suites.items()]
            if self.each:
                suites[-1]['sub_groups'].append(group('each', self.each))
            self.put('kunit.json', json.dumps(group('all', {}, suites)))
        out = self.root / 'check.json'
        recordings = self.root / 'recordings.json'
        recordings.write_text(json.dumps(self.recordings))
        with contextlib.redirect_stdout(io.StringIO()):
            good = verdict.check(self.sources, recordings, out, [self.guest])
        return good, json.loads(out.read_text())

    def assert_red(self) -> None:
        good, figures = self.verdict()
        self.assertFalse(good)
        self.assertGreater(figures['failed'], 0)


class Check(Good):
    def test_good_is_green(self) -> None:
        good, figures = self.verdict()
        self.assertTrue(good)
        self.assertEqual(figures['failed'], 0)
        self.assertEqual(figures['guests'][0]['name'], 'guest')

    def test_failing_case(self) -> None:
        self.suites['a']['second'] = 'FAIL'
        self.assert_red()

    def test_crashed_case(self) -> None:
        self.suites['a']['second'] = 'ERROR'
        self.assert_red()

    def test_skipped_case(self) -> None:
        self.suites['a']['second'] = 'SKIP'
        self.assert_red()

    def test_missing_case(self) -> None:
        del self.suites['a']['second']
        self.assert_red()

    def test_many_missing_cases(self) -> None:
        wanted = Counter(f'case_{i}' for i in range(100))
        self.assertRegex(verdict.same_cases(Counter(), wanted).detail,
                         r'^(case_\d did not run, ){8}and 92 more$')

    def test_missing_suite(self) -> None:
        del self.suites['b']
        self.assert_red()

    def test_unknown_case(self) -> None:
        self.suites['b']['fourth'] = 'PASS'
        self.assert_red()

    def test_engines(self) -> None:
        none: dict[str, str] = {}
        for each in (none, {'bitmap': 'PASS'}, {'bitmap': 'PASS', 'areamap': 'FAIL'},
                     {'bitmap': 'PASS', 'areamap': 'PASS', 'third': 'PASS'}):
            with self.subTest(each):
                self.each = each
                self.assert_red()

    def test_no_engine(self) -> None:
        self.each = {}
        self.engines.unlink()
        self.assert_red()

    def test_no_case_at_all(self) -> None:
        self.suites = {}
        self.assert_red()

    def test_no_case_wanted(self) -> None:
        self.suites = {}
        for source in self.sources.iterdir():
            source.unlink()
        self.assert_red()

    def test_ktap_error(self) -> None:
        self.put('kunit.out', '[ERROR] Test: a: missing expected subtest!\n' + KUNIT_OUT)
        self.assert_red()

    def test_kunit_died(self) -> None:
        self.put('kunit.out', 'Traceback\n')
        self.assert_red()

    def test_bad_log_lines(self) -> None:
        for line in ('WARNING: CPU: 0 PID: 1 at mm/percpu.c:1',
                     'BUG: sleeping function called from invalid context',
                     'Oops: 0000 [#1] SMP', 'Call Trace:',
                     'shadow_percpu: leaked: 64 bytes', 'INFO: lockdep is turned off.',
                     'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:',
                     'BUG: KASAN: slab-out-of-bounds in a+0x1/0x2 [shadow_percpu]',
                     'BUG: KCSAN: data-race in a [shadow_percpu] / b',
                     'UBSAN: shift-out-of-bounds in a.c:1:2',
                     'kmemleak: 2 new suspected memory leaks (see /sys)',
                     'kmemleak: Kernel memory leak detector disabled',
                     'pagealloc: memory corruption',
                     'Kernel panic - not syncing: KASAN: panic_on_warn set ...'):
            with self.subTest(line):
                self.put('test.log', LOG + line + '\n')
                self.assert_red()

    def test_announced_line(self) -> None:
        before, line, after = ('# a: expecting "leaked: "\n', 'leaked: 64 bytes\n',
                               '# a: expecting no more\n')
        self.put('test.log', LOG + before + line + after)
        self.assertTrue(self.verdict()[0])
        for log in (before + after, before + line, line + before + line + after,
                    before + line + after + line, before + line + 'BUG: a\n' + after):
            with self.subTest(log):
                self.put('test.log', LOG + log)
                self.assert_red()

    def test_allowed_line(self) -> None:
        before, line, after = ('# a: allowing "Call Trace:"\n', 'Call Trace:\n',
                               '# a: expecting no more\n')
        for log in (before + after, before + line + after):
            with self.subTest(log):
                self.put('test.log', LOG + log)
                self.assertTrue(self.verdict()[0])
        for log in (before, before + line + 'WARNING: a\n' + after,
                    before + after + line, line + before + after):
            with self.subTest(log):
                self.put('test.log', LOG + log)
                self.assert_red()

    def test_recordings(self) -> None:
        ways: list[dict[str, object]] = [
            {'good': False}, {'identical': 99}, {'allocs': 0, 'identical': 0},
            {'rehearsed': 0, 'passes_same': 0}, {'passes_same': 4},
            {'name': 'recordings/other.rec'}]
        for spoilt in ways:
            with self.subTest(spoilt):
                self.setUp()
                self.recordings[1] |= spoilt
                self.assert_red()
        self.recordings = []
        self.assert_red()

    def test_no_log(self) -> None:
        (self.guest / 'test.log').unlink()
        self.assert_red()

    def test_failed_check(self) -> None:
        self.put('verdict', SAID.replace('pass', 'fail'))
        self.assert_red()

    def test_garbled_check(self) -> None:
        self.put('verdict', SAID.replace('pass', 'passed'))
        self.assert_red()

    def test_not_done(self) -> None:
        self.put('verdict', SAID.replace('done\n', ''))
        self.assert_red()

    def test_said_nothing(self) -> None:
        (self.guest / 'verdict').unlink()
        self.assert_red()


class Watched(Check):
    """A good guest on a kernel that watches itself: all of the above, and more is due."""

    KERNEL = 'kasan'

    def setUp(self) -> None:
        super().setUp()
        self.guest = self.guest.rename(self.root / f'guest@{self.KERNEL}')
        self.said = ''.join(f'check {name} pass text\n'
                            for name in verdict.WATCHED[self.KERNEL]) + SAID
        self.put('verdict', self.said)

    def test_good_is_green(self) -> None:
        good, figures = self.verdict()
        self.assertTrue(good)
        self.assertEqual(figures['guests'][0]['name'], f'guest@{self.KERNEL}')

    def test_not_watched(self) -> None:
        for name in verdict.WATCHED[self.KERNEL]:
            for said in (f'check {name} fail text\n', f'check {name}\n', ''):
                with self.subTest(name=name, said=said):
                    self.put('verdict', self.said.replace(f'check {name} pass text\n', said))
                    self.assert_red()


class WatchedForRaces(Watched):
    KERNEL = 'kcsan'


class Run(Good):
    def run_verdict(self, said: str, log: str = LOG) -> tuple[bool, dict]:
        self.put('console', log)
        out = self.root / 'run.json'
        with mock.patch.object(sys, 'stdin', io.StringIO(said)), \
                contextlib.redirect_stdout(io.StringIO()):
            good = verdict.run(self.guest / 'console', 0, out)
        return good, json.loads(out.read_text())

    def test_good_is_green(self) -> None:
        good, figures = self.run_verdict(SAID)
        self.assertTrue(good)
        self.assertEqual((figures['failed'], figures['chunks']), (0, 3))

    def test_spoilt_is_red(self) -> None:
        for said, log in ((SAID.replace('pass', 'fail'), LOG),
                          (SAID.replace('done', 'don'), LOG),
                          ('', LOG), (SAID, ''), (SAID, LOG + 'WARNING: a\n')):
            with self.subTest(said=said, log=log):
                good, figures = self.run_verdict(said, log)
                self.assertFalse(good)
                self.assertGreater(figures['failed'], 0)


FIGURES = {
    'absent_cpus.kernel_pages': '1200', 'absent_cpus.shadow_pages': '100',
    'dying_groups.peak_pages': '1000', 'dying_groups.after_pages': '300',
    'hotplug.cycles': '200', 'hotplug.lost': '0',
    'numa_chunk.reserve_ns': '999999', 'numa_chunk.va_pages': '512',
    'numa_chunk.unit_pages_total': '512',
    'atomic.tried': '1000', 'atomic.kernel_ok': '900', 'atomic.shadow_ok': '900',
}


class Memory(Good):
    """Figures that reach every goal by a hair; each test moves one."""

    def memory_verdict(self, figures: dict[str, str], said: str = SAID,
                       log: str = LOG) -> tuple[bool, dict | None, str]:
        self.put('console', log)
        self.put('verdict', ''.join(f'figure {name} {value}\n'
                                    for name, value in figures.items()) + said)
        out = self.root / 'memory.json'
        out.unlink(missing_ok=True)
        screen = io.StringIO()
        with contextlib.redirect_stdout(screen):
            good = verdict.memory(out, [self.guest])
        written = json.loads(out.read_text()) if out.exists() else None
        return good, written, screen.getvalue()

    def assert_missed(self, name: str, figures: dict[str, str]) -> dict | None:
        good, written, screen = self.memory_verdict(figures)
        self.assertFalse(good)
        self.assertIn(f'\nFAIL {name}: ', screen)
        return written

    def test_good_is_green(self) -> None:
        good, written, screen = self.memory_verdict(FIGURES)
        self.assertTrue(good)
        self.assertRegex(screen, r'\nmemory: \d+ passed, 0 failed\n$')
        self.assertEqual(written, {
            'absent_cpus': {'kernel_pages': 1200, 'shadow_pages': 100},
            'dying_groups': {'peak_pages': 1000, 'after_pages': 300},
            'hotplug': {'cycles': 200, 'lost': 0},
            'numa_chunk': {'reserve_us': 999.999, 'va_pages': 512,
                           'unit_pages_total': 512},
            'atomic': {'tried': 1000, 'kernel_ok': 900, 'shadow_ok': 900},
        })

    def test_missed_goal(self) -> None:
        for name, value, missed in (
                ('absent_cpus.kernel_pages', '1199', 'absent_cpus.shadow_pages'),
                ('absent_cpus.kernel_pages', '0', 'absent_cpus.kernel_pages'),
                ('absent_cpus.shadow_pages', '101', 'absent_cpus.shadow_pages'),
                ('absent_cpus.shadow_pages', '0', 'absent_cpus.shadow_pages'),
                ('dying_groups.peak_pages', '0', 'dying_groups.peak_pages'),
                ('dying_groups.after_pages', '301', 'dying_groups.after_pages'),
                ('dying_groups.after_pages', '0', 'dying_groups.after_pages'),
                ('hotplug.cycles', '199', 'hotplug.cycles'),
                ('hotplug.lost', '1', 'hotplug.lost'),
                ('numa_chunk.reserve_ns', '1000000', 'numa_chunk.reserve_us'),
                ('numa_chunk.reserve_ns', '0', 'numa_chunk.reserve_us'),
                ('numa_chunk.va_pages', '513', 'numa_chunk.va_pages'),
                ('numa_chunk.va_pages', '0', 'numa_chunk.va_pages'),
                ('numa_chunk.unit_pages_total', '0', 'numa_chunk.unit_pages_total'),
                ('atomic.tried', '999', 'atomic.tried'),
                ('atomic.kernel_ok', '0', 'atomic.kernel_ok'),
                ('atomic.shadow_ok', '899', 'atomic.shadow_ok')):
            with self.subTest(name=name, value=value):
                written = self.assert_missed(missed, {**FIGURES, name: value})
                self.assertIsNotNone(written)

    def test_missing_or_garbled_figure(self) -> None:
        for name in FIGURES:
            shown = name.replace('_ns', '_us')
            for value in ('', '-1', '1x', None):
                with self.subTest(name=name, value=value):
                    figures = {k: v for k, v in FIGURES.items() if k != name}
                    if value is not None:
                        figures[name] = value
                    self.assertIsNone(self.assert_missed(shown, figures))

    def test_spoilt_is_red(self) -> None:
        for said, log in ((SAID.replace('pass', 'fail'), LOG),
                          (SAID.replace('pass', 'pas'), LOG),
                          (SAID.replace('done', 'don'), LOG),
                          (SAID, ''), (SAID, LOG + 'WARNING: a\n'),
                          (SAID, LOG + 'Call Trace:\n'), (SAID, LOG + 'BUG: a\n')):
            with self.subTest(said=said, log=log):
                self.assertFalse(self.memory_verdict(FIGURES, said, log)[0])

    def test_missing_guest(self) -> None:
        out = self.root / 'memory.json'
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertFalse(verdict.memory(out, [self.root / 'nowhere']))
        self.assertFalse(out.exists())


class Mirror(Good):
    """Streams that are good by a hair; each test spoils one thing."""

    def setUp(self) -> None:
        super().setUp()
        self.said = SAID
        self.log = LOG
        self.figures = {guest: {'cpus': guest[-1]}
                        for guest in (*verdict.STREAMS, verdict.OVERHEAD)}
        for guest, names in verdict.STREAMS.items():
            for name in names:
                self.set(guest, name, allocs='100000', frees='99000', fails='0',
                         identical='99900', wrong='100', undecidable='0', lost='0', bad='0',
                         served='100', healed='0', maps_equal='1')
        for guest in ('stock-1', 'kunit-1'):
            self.set(guest, 'stress', identical='100000', wrong='0')
        self.set(verdict.OVERHEAD, 'pairs', off='1000', on='1050', off_again='1010',
                 off_at_once='20000', on_at_once='50000', allocs='5000', lost='0')

    def set(self, guest: str, stream: str, **counts: str) -> None:
        self.figures[guest].update({f'{stream}.{name}': value
                                    for name, value in counts.items()})

    def mirror_verdict(self) -> tuple[bool, dict | None, str]:
        folders = [self.root / guest for guest in self.figures]
        for folder in folders:
            folder.mkdir(exist_ok=True)
            (folder / 'console').write_text(self.log)
            (folder / 'verdict').write_text(''.join(
                f'figure {name} {value}\n'
                for name, value in self.figures[folder.name].items()) + self.said)
        out = self.root / 'mirror.json'
        out.unlink(missing_ok=True)
        screen = io.StringIO()
        with contextlib.redirect_stdout(screen):
            good = verdict.mirror(out, folders)
        written = json.loads(out.read_text()) if out.exists() else None
        return good, written, screen.getvalue()

    def assert_mirror_red(self, text: str = '') -> dict | None:
        good, written, screen = self.mirror_verdict()
        self.assertFalse(good)
        self.assertIn('\nFAIL ', screen)
        self.assertIn(text, screen)
        return written

    def test_good_is_green(self) -> None:
        good, written, screen = self.mirror_verdict()
        self.assertTrue(good, screen)
        self.assertRegex(screen, r'\nmirror: \d+ passed, 0 failed\n$')
        assert written is not None
        self.assertEqual(written['overhead_ratio'], 1.05)
        self.assertEqual(len(written['streams']), sum(map(len, verdict.STREAMS.values())))
        self.assertIn({'name': 'stress_atomic', 'kernel': 'kunit', 'cpus': 4,
                       'atomic': True, 'ops': 199000, 'decidable': 100000,
                       'identical': 99900, 'dropped': 0, 'maps_equal': True},
                      written['streams'])

    def test_spoilt_stream(self) -> None:
        for guest, stream, counts, text in (
                ('stock-1', 'stress', {'identical': '99999', 'wrong': '1'}, 'of all'),
                ('kunit-1', 'stress', {'identical': '99999', 'undecidable': '1'}, 'of all'),
                ('stock-4', 'stress', {'identical': '99899', 'wrong': '101'}, 'are identical'),
                ('stock-4', 'boot', {'identical': '99899', 'wrong': '101'}, 'are identical'),
                ('stock-4', 'boot', {'identical': '99901'}, 'add up'),
                ('stock-4', 'boot', {'undecidable': '1'}, 'add up'),
                ('stock-1', 'boot', {'identical': '74999', 'wrong': '0',
                                     'undecidable': '25001'}, 'are decidable'),
                ('stock-1', 'netns', {'allocs': '0', 'identical': '0', 'wrong': '0'},
                 'are decidable'),
                ('kunit-4', 'mounts', {'lost': '1'}, 'dropped 1'),
                ('kunit-4', 'cgroups', {'bad': '1'}, 'cannot be'),
                ('kunit-4', 'cgroups', {'served': '101'}, 'would have served'),
                ('kunit-4', 'cgroups', {'healed': '1'}, 'not where the shadow'),
                ('kunit-4', 'modules', {'maps_equal': '0'}, 'maps differ'),
                ('kunit-4', 'stress', {'allocs': '50000', 'identical': '50000',
                                       'wrong': '0', 'frees': '49999'}, 'only 99999')):
            with self.subTest(guest=guest, stream=stream, counts=counts):
                self.setUp()
                self.set(guest, stream, **counts)
                self.assertIsNotNone(self.assert_mirror_red(text))

    def test_undecidable_ones_do_not_count(self) -> None:
        self.set('stock-4', 'stress', identical='89910', wrong='90', undecidable='10000')
        self.assertTrue(self.mirror_verdict()[0])
        self.set('stock-4', 'stress', identical='89909', wrong='91')
        self.assert_mirror_red()

    def test_missing_or_garbled_count(self) -> None:
        for name in verdict.COUNTS:
            for value in ('', '-1', '1x', None):
                with self.subTest(name=name, value=value):
                    self.setUp()
                    if value is None:
                        del self.figures['stock-1'][f'boot.{name}']
                    else:
                        self.set('stock-1', 'boot', **{name: value})
                    self.assertIsNone(self.assert_mirror_red('FAIL stock-1 boot: it has no result'))

    def test_overhead(self) -> None:
        for counts in ({'off': '0'}, {'on': ''}, {'off_again': ''}, {'on': '999'},
                       {'off_again': '1011'}, {'off_again': '989'}, {'allocs': '4999'},
                       {'on_at_once': ''}, {'off_at_once': '0'},
                       {'lost': '1'}, {'lost': ''}):
            with self.subTest(counts):
                self.setUp()
                self.set(verdict.OVERHEAD, 'pairs', **counts)
                self.assertIsNone(self.assert_mirror_red('FAIL overhead: '))

    def test_overhead_that_is_said(self) -> None:
        self.set(verdict.OVERHEAD, 'pairs', on='2500')
        good, written, _ = self.mirror_verdict()
        self.assertTrue(good)
        self.assertEqual(written and written['overhead_ratio'], 2.5)

    def test_wrong_machine(self) -> None:
        self.figures['stock-4']['cpus'] = '1'
        self.assert_mirror_red('FAIL stock-4: CPUs')

    def test_missing_guest(self) -> None:
        del self.figures['kunit-4']
        self.assertIsNone(self.assert_mirror_red('FAIL kunit-4 stress: it has no result'))

    def test_spoilt_guest(self) -> None:
        for said, log in ((SAID.replace('pass', 'fail'), LOG),
                          (SAID.replace('done', 'don'), LOG),
                          (SAID, ''), (SAID, LOG + 'WARNING: a\n')):
            with self.subTest(said=said, log=log):
                self.said, self.log = said, log
                self.assert_mirror_red()


if __name__ == '__main__':
    unittest.main()

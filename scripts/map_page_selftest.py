# SPDX-License-Identifier: GPL-2.0
"""Prove that the page of a recording shows what the recording says, in a browser."""

from __future__ import annotations

import subprocess
import unittest
from pathlib import Path

import map_colours
import map_page
from browser import Browser
from map_selftest import Picture, Runs, load_script

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = sorted((ROOT / 'recordings').glob('*.rec'))
KEPT = ROOT / 'build/pictures'

recording = load_script('recording')


class Playing(unittest.TestCase):
    """What build/host/replay --play says of recordings."""

    def live(self, what: map_page.Play, side: int) -> list[int]:
        """Sizes of all objects in the end; each comes where nothing is, and goes once."""
        chunks: dict[int, dict[int, int]] = {}
        for step in [*what.start, *(step for _, steps in what.events for step in steps)]:
            of, kind, number, *rest = step
            if of != side:
                continue
            if kind == map_page.CHUNK:
                self.assertNotIn(number, chunks)
                chunks[number] = {}
            elif kind == map_page.GONE:
                del chunks[number]
            elif kind == map_page.AREA:
                self.assertNotIn(rest[0], chunks[number])
                chunks[number][rest[0]] = rest[1]
            elif kind == map_page.NO_AREA:
                self.assertEqual(chunks[number].pop(rest[0]), rest[1])
        return sorted(size for areas in chunks.values() for size in areas.values())

    def test_the_end_is_the_recorded_one(self) -> None:
        """Object by object; and the shadow, left alone, has the same objects."""
        self.assertGreaterEqual(len(RECORDINGS), 3)
        for path in RECORDINGS:
            with self.subTest(path=path.name):
                what, whole = map_page.play(path), recording.read(str(path))
                self.assertEqual([text for text, _ in what.events],
                                 [event.line() for event in whole.events])
                wanted = sorted(recording.areas(whole.last))
                self.assertEqual(self.live(what, 0), wanted)
                self.assertEqual(self.live(what, 1), wanted)

    def test_each_snapshot_on_the_way(self) -> None:
        """As another way of the same program to get there has it."""
        path = RECORDINGS[-1]
        what = map_page.play(path)
        for events in (0, 1, 700, 1500):
            part = map_page.Play('', start=what.start, events=what.events[:events])
            said = subprocess.run([map_page.replay_program(), '--snapshot', '--until',
                                   str(events), str(path)], capture_output=True, text=True,
                                  check=True).stdout.splitlines()
            self.assertEqual(self.live(part, 0), sorted(recording.areas(said)), events)


class Refusing(Runs):
    def test_refused(self) -> None:
        page = str(self.root / 'a.html')
        good = RECORDINGS[0].read_text()
        spoilt, cut = self.root / 'spoilt.rec', self.root / 'cut.rec'
        spoilt.write_text(good.replace('\na ', '\na x', 1))
        cut.write_text(good[:len(good) // 2])
        for why, *args in (
                ['none of what is for dumps', '--html', page],
                ['none of what is for dumps', str(RECORDINGS[0]), '--html', page, '--by', 'age'],
                ['No such file', '/none', '--html', page],
                ['spoilt.rec:', str(spoilt), '--html', page],
                ['cut off', str(cut), '--html', page],
                ['--html plays it', str(RECORDINGS[0])],
                ['No such file', str(RECORDINGS[0]), '--html', '/none/a.html']):
            with self.subTest(args=args):
                self.assert_refused(why, *args)

    def test_a_page_can_be_made_of_any_text(self) -> None:
        """Names of recordings, and of functions, are nobody's code."""
        evil = self.root / '<b>&.rec'
        evil.write_text(RECORDINGS[0].read_text().replace('alloc_vfsmnt+0x', '</script>+0x'))
        self.assertEqual(self.shown(str(evil), '--html', str(self.root / 'a.html')), '')
        text = (self.root / 'a.html').read_text()
        self.assertEqual(text.count('</script>'), 2)
        self.assertIn('<title>&lt;b>&amp;.rec</title>', text)


class Page(unittest.TestCase):
    """Of each recording, in a browser."""
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        KEPT.mkdir(parents=True, exist_ok=True)
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.browser.close()

    def open(self, path: Path, at: str = '') -> None:
        page = KEPT / f'{path.stem}.html'
        page.write_text(map_page.page(path, path.name))
        self.browser.open('about:blank')
        self.browser.open(f'file://{page}{at}')

    def number(self, selector: str) -> int:
        return int(self.browser.text(selector).replace(',', ''))

    def assert_shows(self, sizes: list[int], sides: tuple[int, ...] = (0, 1)) -> None:
        for side in sides:
            self.assertEqual(self.number(f'#objects{side}'), len(sizes))
            self.assertEqual(self.number(f'#bytes{side}'), sum(sizes))

    def assert_quiet(self) -> None:
        """Nothing went wrong, and nobody was asked for anything."""
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.run(
            'return performance.getEntriesByType("resource").map(one => one.name)'), [])

    def test_slider(self) -> None:
        """From the beginning to the end, and back."""
        for path in RECORDINGS:
            with self.subTest(path=path.name):
                whole = recording.read(str(path))
                self.open(path)
                self.assertIn('before the first', self.browser.text('#event'))
                self.assert_shows(recording.areas(whole.first))
                self.browser.press('#slider', 'End')
                self.assertEqual(self.number('#at'), len(whole.events))
                self.assert_shows(recording.areas(whole.last))
                self.assertEqual(self.number('#elsewhere0'), 0)
                self.keep(path.stem)
                self.browser.press('#slider', 'Home')
                self.assert_shows(recording.areas(whole.first))
                self.assert_quiet()

    def keep(self, name: str) -> None:
        (KEPT / f'{name}.png').write_bytes(self.browser.picture())

    def test_what_happens(self) -> None:
        """An allocation, and a free, in words."""
        path = RECORDINGS[0]
        events = recording.read(str(path)).events
        for kind, words in (('a', 'allocated {size} bytes'), ('f', 'freed')):
            number = next(i for i, event in enumerate(events, 1) if event.kind == kind)
            self.open(path, f'#{number}')
            said = self.browser.text('#event')
            size = events[number - 1].words[2] if kind == 'a' else ''
            self.assertIn(words.format(size=size), said)
            self.assertIn(f'at {int(events[number - 1].words[1]):,}', said)
            self.assertIn('the same place', said)
            before = self.number('#objects0')
            self.browser.click('#back')
            self.assertEqual(self.number('#objects0'), before + (-1 if kind == 'a' else 1))
            self.browser.click('#on')
            self.assertEqual(self.number('#objects0'), before)
        self.assert_quiet()

    def test_play_and_pause(self) -> None:
        path = RECORDINGS[0]
        events = len(recording.read(str(path)).events)
        self.open(path)
        self.browser.choose('#speed', '200')
        self.browser.click('#play')
        self.assertTrue(self.browser.wait(lambda: int(self.browser.value('#slider')) > 3))
        self.browser.click('#play')
        at = self.browser.value('#slider')
        self.assertIn('play', self.browser.text('#play'))
        self.browser.run('return new Promise(done => requestAnimationFrame(() => '
                         'requestAnimationFrame(done)))')
        self.assertEqual(self.browser.value('#slider'), at)
        self.browser.choose('#speed', '1000')
        self.browser.click('#play')
        self.assertIn('pause', self.browser.text('#play'))
        self.assertTrue(self.browser.wait(
            lambda: int(self.browser.value('#slider')) == events))
        self.assertTrue(self.browser.wait(lambda: 'play' in self.browser.text('#play')))
        self.assert_shows(recording.areas(recording.read(str(path)).last))
        self.assert_quiet()

    def seen(self, selector: str) -> set[tuple[int, int, int]]:
        picture = Picture(self.browser.canvas(selector))
        return {picture.at(x, y) for y in range(picture.height) for x in range(picture.width)}

    def test_colours(self) -> None:
        """Those of the legend are on the map, and change with what they mean."""
        self.open(RECORDINGS[0], '#900')
        for side in (0, 1):
            seen = self.seen(f'#map{side}')
            for colour in (map_colours.SIZE_COLOURS[0], map_colours.SIZE_COLOURS[3],
                           map_colours.GROUND['.'][1], map_colours.GROUND['_'][1]):
                self.assertTrue(map_colours.rgb(colour) in seen, colour)
        self.browser.choose('#by', 'owner')
        self.assertIn('from before the recording', self.browser.text('#legend'))
        seen = self.seen('#map1')
        self.assertTrue(map_colours.rgb(map_colours.OWNER_COLOURS[0]) in seen)
        self.assertTrue(map_colours.rgb(map_colours.UNKNOWN) in seen)
        self.assertFalse(map_colours.rgb(map_colours.SIZE_COLOURS[0]) in seen)
        self.assert_quiet()

    def test_mouse(self) -> None:
        """What is under it is said."""
        self.open(RECORDINGS[0], '#900')
        x, y = self.browser.run("""
            const canvas = document.getElementById("map0").getBoundingClientRect();
            const chunk = layout.find(one => state.sides[0].get(one.id).areas.size > 100);
            return [canvas.x + chunk.tiles[1].x + 20, canvas.y + chunk.tiles[1].y + 20]""")
        self.browser.point(int(x), int(y))
        self.assertRegex(self.browser.text('#tip'), r'^chunk \d+ at [\d,]+: [\d,]+ bytes, ')
        self.assert_quiet()

    def test_what_lies_elsewhere(self) -> None:
        """A shadow that puts an object elsewhere is told of, and shown."""
        self.open(RECORDINGS[0], '#900')
        self.browser.run('''
            const event = data.events.findIndex((one, i) => i > 900 && one[0].startsWith("a ") &&
                one[1].filter(step => step[1] === AREA).length === 2);
            data.events[event][1].find(step => step[0] === 1 && step[1] === AREA)[3] += 4096 * 3;
            go(event + 1);''')
        self.assertEqual((self.number('#elsewhere0'), self.number('#elsewhere1')), (1, 1))
        self.assertNotIn('the same place', self.browser.text('#event'))
        self.assertIn('the shadow: chunk', self.browser.text('#event'))

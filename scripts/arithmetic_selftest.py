#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prove that the verdict of `make arithmetic` turns red: a good transcript, spoilt in one
place. And that figures get into the document, and stay away from all else of it."""

from __future__ import annotations

import unittest

import arithmetic_verdict
import generations_doc
from arithmetic_verdict import GUESTS, MARK, PAGE, UP, WORD
from doctored import Doctored, Verdict

# where the lowest unit of the kernel's first chunk is, and the shadow's
KERNEL, SHADOW = 0xffff888010000000, 0xffffc90000100000
HANDLE = ~0xffff888000001000 % WORD

# by CPU, from the lowest
OFFSETS = {
    'nodes': [0x9000000, 0x9100000, 0, 0x100000],
    'four': [0, 0x80000, 0x100000, 0x180000],
    'one': [0],
    UP: [0],
}

# where the lowest copy is
COPIES = {'static': KERNEL + 0x34080, 'kernel': KERNEL + 0x36100, 'shadow': SHADOW + 0x2008,
          'large': SHADOW + 0x800000}

CODE = '''
0000000000000000 <{name}>:
   0:\tcall   5 <{name}+0x5>
\t\t\t1: R_X86_64_PLT32\t__fentry__-0x4
   5:\tmov    0x0(,%rsi,8),%rax
\t\t\tb: R_X86_64_32S\t__per_cpu_offset
   d:\tret
'''


def object_rows(guest: str) -> list[str]:
    rows = []
    for name, low in COPIES.items():
        if guest == UP and name not in ('static', 'kernel'):
            continue
        for cpu, unit in enumerate(OFFSETS[guest]):
            offset = 0 if guest == UP else KERNEL + unit
            pointer = low if guest == UP else (low - KERNEL) % WORD
            rows.append(f'{name:7} {cpu:3} {pointer:#018x} {offset:#018x} '
                        f'{(pointer + offset) % WORD:#018x} {MARK + cpu:6}')
    if guest != UP:
        rows += [f'array   {cpu:3} {HANDLE:#018x} {~HANDLE % WORD + 8 * cpu:#018x} '
                 f'{0xffff888000002000 + 64 * cpu:#018x} {MARK + cpu:6}'
                 for cpu in range(GUESTS[guest])]
    return rows


def transcript(guest: str) -> str:
    lines = ['--- boot', 'pcpu-alloc: [0] 0', '--- objects', *object_rows(guest)]
    if guest != UP:
        lines += ['--- alloc_info', 'reserved          0x8       8192',
                  'dynamic        0x2008      32760']
        lines += [f'{cpu:6} {0:4} {0:5} {cpu:4} {unit:#18x}'
                  for cpu, unit in enumerate(OFFSETS[guest])]
        lines += ['--- chunks',
                  f'     0 {SHADOW:x} reserved,immutable    -  8192  8192     3  3  1  0  0',
                  f'     1 {SHADOW + 0x2000:x} first,immutable    12 32752 32752     8  8  7  1  0',
                  f'     2 {SHADOW + 0x800000:x} -     17 1015808 1015808   256  256  248  1  0',
                  '--- kernel_chunks',
                  f'chunk {KERNEL + 0x34000:x} -1 RF 2 0 0 8056 2 1',
                  f'chunk {KERNEL + 0x36000:x} 7 F 7 0 0 556 7 0']
    return '\n'.join(lines) + '\n'


class Arithmetic(Doctored):
    target = 'arithmetic'

    def setUp(self) -> None:
        super().setUp()
        self.guests = {guest: transcript(guest) for guest in GUESTS}
        self.code = {kernel: ''.join(CODE.format(name=name) for name in names)
                     for kernel, names in arithmetic_verdict.ACCESSORS.items()}

    def verdict(self) -> Verdict:
        for kernel, text in self.code.items():
            (self.root / f'accessors.{kernel}').write_text(text)
        for guest, text in self.guests.items():
            (self.lay_out(guest) / 'transcript').write_text(text)
        return self.judged(arithmetic_verdict.arithmetic)

    def assert_red(self, text: str) -> None:
        self.assertIsNone(super().assert_red(text))

    def test_good_is_green(self) -> None:
        written = self.assert_green()
        self.assertEqual(written['code'][UP]['percpu_read'], ['mov __per_cpu_offset(,%rsi,8),%rax'])
        self.assertEqual(written['guests']['one']['copies'][0]['address'], COPIES['static'])

    def test_up_may_be_missing(self) -> None:
        del self.guests[UP]
        self.assertTrue(self.verdict()[0])

    def test_missing_guest(self) -> None:
        for guest in GUESTS.keys() - {UP}:
            with self.subTest(guest):
                self.setUp()
                del self.guests[guest]
                self.assert_red('guests')

    def test_spoilt_line(self) -> None:
        """Any row of any table that is not there, and any number that is another."""
        for guest, text in self.guests.items():
            for line in text.splitlines():
                if line.startswith(('---', 'pcpu', 'dynamic', 'reserved')) or ' reserved' in line:
                    continue
                with self.subTest(guest=guest, line=line):
                    self.setUp()
                    self.guests[guest] = text.replace(line + '\n', '')
                    self.assert_red(guest)

    def test_spoilt_number(self) -> None:
        shadow = COPIES['shadow']
        for guest, old, new, text in (
                ('four', f'{MARK + 3:6}', f'{MARK + 2:6}', 'read'),
                ('four', f'{KERNEL + 0x80000:#018x}', f'{KERNEL + 0x80004:#018x}', 'sum'),
                ('four', f'{0x80000:#18x}', f'{0x80004:#18x}', 'units'),
                ('nodes', f'{shadow + 0x9000000:#018x}', f'{shadow + 0x9000008:#018x}', 'place'),
                ('nodes', f'{SHADOW + 0x2000:x}', f'{SHADOW + 0x4000:x}', 'place'),
                ('nodes', f'{KERNEL + 0x36000:x}', f'{KERNEL + 0x37000:x}', 'place'),
                ('nodes', f'{~HANDLE % WORD + 8:#018x}', f'{~HANDLE % WORD + 12:#018x}', 'array'),
                ('one', f'{HANDLE:#018x}', f'{HANDLE + PAGE:#018x}', 'array'),
                (UP, f'{COPIES["kernel"]:#018x} 0x0000', f'{COPIES["kernel"] + 8:#018x} 0x0000',
                 'identity')):
            with self.subTest(guest=guest, old=old):
                self.setUp()
                self.assertIn(old, self.guests[guest])
                self.guests[guest] = self.guests[guest].replace(old, new, 1)
                self.assert_red(f'{guest}: {text}')

    def test_wrong_shape(self) -> None:
        OFFSETS['nodes'], kept = OFFSETS['four'], OFFSETS['nodes']
        self.addCleanup(OFFSETS.__setitem__, 'nodes', kept)
        self.guests['nodes'] = transcript('nodes')
        self.assert_red('nodes: shape')

    def test_no_code(self) -> None:
        self.code['stock'] = self.code['stock'].replace('<array_read>:', '<array>:')
        self.assert_red('stock: code')

    def test_spoilt_guest(self) -> None:
        self.assert_spoilt_guest_is_red()

    def test_document(self) -> None:
        _, written, _ = self.verdict()
        rest = '\n.. begin calls\n\nold\n.. end calls\nb\n'
        text = f'a\n\n.. begin up\n\nold\n.. end up\n{rest}'
        filled, kept = generations_doc.fill(text, {'arithmetic': written or {}})
        self.assertIn(f'kernel    0 {COPIES["kernel"]:#018x}', filled)
        self.assertTrue(filled.startswith('a\n\n.. begin up\n\n::\n\n  object'))
        self.assertTrue(filled.endswith(f'\n\n.. end up\n{rest}'))
        self.assertEqual(kept, [])
        self.assertEqual(generations_doc.fill(filled, {'arithmetic': written or {}}),
                         (filled, []))

    def test_document_of_a_guest_that_was_not_run(self) -> None:
        del self.guests['up']
        _, written, _ = self.verdict()
        text = 'a\n\n.. begin up\n\nold\n.. end up\nb\n'
        self.assertEqual(generations_doc.fill(text, {'arithmetic': written or {}}),
                         (text, ['up']))


if __name__ == '__main__':
    unittest.main()

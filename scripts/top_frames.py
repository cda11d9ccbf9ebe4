# SPDX-License-Identifier: GPL-2.0
"""Moments of an allocator, for scripts/spcpu-top: its dumps, when they were read, and the
tables that are made of one moment and the one before."""

from __future__ import annotations

import os
import re
import stat
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dumps import CHUNK_ROW, DEBUGFS, OBJECT, Refused, read_text

NAMES = ('stats', 'calls', 'cache', 'owners', 'chunks', 'objects')
# a stream that never comes to a frame's end is none
FRAME_MAX = 64 << 20

Value = int | float | str | None


@dataclass
class Frame:
    """Dumps by name, and seconds since some time."""
    when: float
    dumps: dict[str, str]


# --- where they come from -----------------------------------------------------------

class Folder:
    """Of this machine, or one that somebody else fills; read when asked for."""
    live = True

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / 'stats').exists():
            raise Refused(f'{path} has no dump `stats`: load shadow_percpu and be root, or '
                          'name a folder of dumps, or a stream of them')

    def newest(self) -> Frame | None:
        return Frame(time.monotonic(), {name: read_text(self.path / name) for name in NAMES
                                        if (self.path / name).exists()})


class Stream:
    """A file, or a serial port, with frames one after the other: "--- time", seconds,
    "--- NAME", a dump, and so on, "--- end". What is between frames is for others."""
    live = False

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            self.fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK) if name != '-' else os.dup(0)
            mode = os.fstat(self.fd).st_mode
        except OSError as error:
            raise Refused(f'{name}: {error.strerror}') from error
        os.set_blocking(self.fd, False)
        self.grows = stat.S_ISREG(mode)
        self.text = ''
        self.over = False

    def more(self) -> None:
        try:
            data = os.read(self.fd, 1 << 20)
        except BlockingIOError:
            return
        except OSError as error:
            raise Refused(f'{self.name}: {error.strerror}') from error
        self.over = not data
        self.text += data.decode(errors='replace').replace('\r', '')
        if len(self.text) > FRAME_MAX:
            raise Refused(f'{self.name}: no "--- end" in {FRAME_MAX >> 20} MB: it is no stream '
                          'of dumps, as qemu/guest/top.sh makes it')

    def newest(self) -> Frame | None:
        """The next frame, if all of it is there; of the one in which reading began there
        may be no more than its end, which is passed over."""
        if '\n--- end\n' not in f'\n{self.text}':
            self.more()
        head, end, rest = f'\n{self.text}'.partition('\n--- end\n')
        if not end:
            return None
        self.text = rest
        begin = head.rfind('\n--- time\n')
        return self.frame(head[begin:]) if begin >= 0 else self.newest()

    def frame(self, text: str) -> Frame:
        dumps: dict[str, list[str]] = defaultdict(list)
        name = ''
        for line in text.split('\n'):
            if found := re.fullmatch(r'--- ([a-z_]+)', line):
                name = found[1]
            elif name:
                dumps[name].append(line)
        try:
            when = float(dumps.pop('time', [''])[0].split()[0])
        except (ValueError, IndexError) as error:
            raise Refused(f'{self.name}: a frame whose time is none: it is no stream of dumps, '
                          'as qemu/guest/top.sh makes it') from error
        return Frame(when, {name: '\n'.join(lines) for name, lines in dumps.items()})


def source(name: str | None) -> Folder | Stream:
    if name is None or Path(name).is_dir():
        return Folder(DEBUGFS if name is None else Path(name))
    return Stream(name)


# --- tables ---------------------------------------------------------------------------

@dataclass
class Column:
    """width 0: the rest of the line; form as of format()."""
    name: str
    width: int
    form: str = ',d'


# 80 columns are enough, but for long names
CLASS_COLUMNS = [Column('size', 9, ''), Column('live', 8), Column('bytes', 10),
                 Column('stock', 8), Column('kept', 7), Column('spans', 8),
                 Column('alloc/s', 10, ',.1f'), Column('free/s', 10, ',.1f'),
                 Column('local%', 9, '.1f')]
POWER_COLUMNS = [Column('up to', 10), Column('live', 9), Column('live+-/s', 12, '+,.1f')]
OWNER_COLUMNS = [Column('objects', 9), Column('bytes', 10), Column('all CPUs', 11),
                 Column('oldest s', 11, ',.1f'), Column('objects+-/s', 14, '+,.1f'),
                 Column('owner', 0, '')]
CHUNK_COLUMNS = [Column('chunk', 7), Column('slot', 6, ''), Column('live', 8),
                 Column('spans', 7), Column('free', 10), Column('contig', 10),
                 Column('pages', 7), Column('backed', 8), Column('live+-/s', 10, '+,.1f'),
                 Column('flags', 0, '')]
COLUMNS = {view: [column.name for column in columns] for view, columns in {
    'size': CLASS_COLUMNS + POWER_COLUMNS[:1] + POWER_COLUMNS[2:], 'owner': OWNER_COLUMNS,
    'chunk': CHUNK_COLUMNS}.items()}


@dataclass
class Table:
    """Rows have a value a column; missing says why there are none."""
    columns: list[Column]
    sort: str
    rows: list[list[Value]] = field(default_factory=list)
    missing: str = ''


def rates(now: Counter[str], before: Counter[str] | None, seconds: float) -> dict[str, float]:
    """Of each second; a counter that went back began anew."""
    if before is None or seconds <= 0:
        return {}
    return {key: (now[key] - before[key]) / seconds for key in now | before}


def counters(frame: Frame) -> Counter[str]:
    """`nr_alloc` and so on, and calls of all CPUs."""
    found = Counter({name: int(value) for name, value in
                     re.findall(r'^  (\w+) *: +(\d+)$',
                                frame.dumps.get('stats', '').partition('\nPer Chunk')[0], re.M)})
    if calls := re.search(r'^ *all +(\d+) +(\d+) +(\d+)$', frame.dumps.get('calls', ''), re.M):
        found.update(dict(zip(('allocs', 'frees', 'refused'), map(int, calls.groups()))))
    return found


# size align objects spans live stock kept allocs frees refills flushes local
CLASS = re.compile(r'^ *(\d+) +(\d+) +(\d+)' + r' +(\d+)' * 8 + r' +(\d+\.\d|-)$')


def classes(frame: Frame) -> dict[str, list[str]]:
    """Rows of `cache`; those of accounted objects have another name."""
    rows: dict[str, list[str]] = {}
    kind = ''
    for line in frame.dumps.get('cache', '').splitlines():
        if line.startswith('# accounted'):
            kind = ' acc'
        elif found := CLASS.match(line):
            rows[found[1] + kind] = list(found.groups())
    return rows


def by_class(frame: Frame, before: Frame | None) -> Table:
    table = Table(CLASS_COLUMNS, 'bytes')
    now = classes(frame)
    then = classes(before) if before else {}
    seconds = frame.when - before.when if before else 0
    for name, row in now.items():
        old = then.get(name)
        each = [(int(row[i]) - int(old[i])) / seconds if old and seconds > 0 else None
                for i in (7, 8)]
        live = int(row[4])
        table.rows.append([name, live, live * int(row[0]), int(row[5]), int(row[6]),
                           int(row[3]), *each, None if row[11] == '-' else float(row[11])])
    return table


def sizes(frame: Frame) -> Counter[int]:
    """Objects by powers of two, of `objects`."""
    found: Counter[int] = Counter()
    for line in frame.dumps.get('objects', '').splitlines():
        if (row := OBJECT.match(line)) and row[6] == 'live':
            found[max(int(row[3]) - 1, 0).bit_length()] += 1
    return found


def by_power(frame: Frame, before: Frame | None) -> Table:
    """Without a cache there are no classes."""
    table = Table(POWER_COLUMNS, 'live')
    now = sizes(frame)
    then = sizes(before) if before else Counter[int]()
    seconds = frame.when - before.when if before else 0
    for power in now | then:
        table.rows.append([1 << power, now[power],
                           (now[power] - then[power]) / seconds if seconds > 0 else None])
    if not table.rows:
        table.missing = 'no dump has a row of a size: neither `cache` nor `objects`'
    return table


def by_size(frame: Frame, before: Frame | None) -> Table:
    return by_class(frame, before) if classes(frame) else by_power(frame, before)


OWNER = re.compile(r'^ *(\d+) +(\d+) +(\d+) +(\d+\.\d{3})  (.+)$')


def by_owner(frame: Frame, before: Frame | None) -> Table:
    table = Table(OWNER_COLUMNS, 'bytes')
    then = {row[5]: int(row[1]) for line in
            (before.dumps.get('owners', '') if before else '').splitlines()
            if (row := OWNER.match(line))}
    seconds = frame.when - before.when if before else 0
    for line in frame.dumps.get('owners', '').splitlines():
        if row := OWNER.match(line):
            more = int(row[1]) - then.get(row[5], 0)
            table.rows.append([int(row[1]), int(row[2]), int(row[3]), float(row[4]),
                               more / seconds if seconds > 0 else None, row[5]])
    if not table.rows:
        table.missing = ('no objects with an owner are live' if 'objects  ' in
                         frame.dumps.get('owners', '') else
                         'owners are not known: load shadow_percpu with debug=owner')
    return table


def chunk_rows(frame: Frame | None) -> dict[int, tuple[str, ...]]:
    text = frame.dumps.get('chunks', '') if frame else ''
    return {int(row[1]): row.groups() for line in text.splitlines()
            if (row := CHUNK_ROW.match(line))}


def by_chunk(frame: Frame, before: Frame | None) -> Table:
    table = Table(CHUNK_COLUMNS, 'live')
    then = chunk_rows(before)
    seconds = frame.when - before.when if before else 0
    for number, row in chunk_rows(frame).items():
        free, contig, pages, populated, _, live, spans = map(int, row[4:])
        old = int(then[number][9]) if number in then else 0
        table.rows.append([number, row[3], live, spans, free, contig, pages, populated,
                           (live - old) / seconds if seconds > 0 else None, row[2]])
    if not table.rows:
        table.missing = 'there is no dump `chunks`'
    return table


VIEWS: dict[str, Callable[[Frame, Frame | None], Table]] = {
    'size': by_size, 'owner': by_owner, 'chunk': by_chunk,
}


def rank(value: Value) -> tuple[float, str]:
    """Numbers as numbers, those of words ("16 acc") too, and then the words."""
    number = re.match(r'-?[0-9.]+', str(value))
    return (float(number[0]) if number else -1.0), str(value)


def arranged(table: Table, sort: str, up: bool) -> list[list[Value]]:
    """By one column, most first unless @up; what is not known comes last."""
    at = [column.name for column in table.columns].index(sort)
    known = [row for row in table.rows if row[at] is not None]
    known.sort(key=lambda row: rank(row[at]), reverse=not up)
    return known + [row for row in table.rows if row[at] is None]


def cell(value: Value, column: Column) -> str:
    if not column.width:
        return ' ' + str(value)
    text = '-' if value is None else str(value) if not column.form else \
        format(value, column.form)
    return f'{text:>{column.width}}'


def summary(frame: Frame, before: Frame | None) -> list[str]:
    """What stands above all tables."""
    now = counters(frame)
    each = rates(now, counters(before) if before else None,
                 frame.when - before.when if before else 0)
    speed = '   '.join(f'{name}/s {each[name]:,.1f}' for name in ('allocs', 'frees', 'refused')
                       if name in each)
    return [
        f'objects {now["nr_cur_alloc"]:,} (most {now["nr_max_alloc"]:,})   '
        f'chunks {now["nr_chunks"]:,} (most {now["nr_max_chunks"]:,})   '
        f'pages {now["pages"]:,}, of each CPU {now["populated"]:,}, empty {now["empty"]:,}',
        f'calls: {now["allocs"]:,} allocated, {now["frees"]:,} freed, '
        f'{now["refused"]:,} refused   {speed}'.rstrip(),
    ]

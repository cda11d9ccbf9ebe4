# SPDX-License-Identifier: GPL-2.0
"""What objects of a map look like: by size, by owner, by age, or all alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from dumps import Allocator, Area, Refused

# of granules that are no object's, as `map` calls them
FREE, FREE_SPAN, NOT_POPULATED, NOT_OWN = '.', 'o', '_', '-'
GROUND = {
    FREE: ('free, with pages behind it', '#ffe7a3'),
    FREE_SPAN: ('free in a span', '#ffc2a8'),
    NOT_POPULATED: ('not populated', '#eceff3'),
    NOT_OWN: ('not its own', '#b8bfc8'),
}
USED, PARTLY = '#', '+'

# from small to large, from young to old
SIZES = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 32768)
SIZE_COLOURS = ('#7fd1c1', '#4dbbb3', '#2aa1b0', '#2384ae', '#2f68ab', '#3f4fa3',
                '#573b99', '#74318f', '#912a83', '#a92672', '#bd2a5e', '#d03a44')
AGES = ((0.1, '0.1 s'), (1, '1 s'), (3, '3 s'), (10, '10 s'), (60, '1 min'), (600, '10 min'),
        (3600, '1 h'))
AGE_COLOURS = ('#e4572e', '#f08a4b', '#d6a24e', '#8fb56b', '#4fa58b', '#3b82a0', '#3c5a99',
               '#31356e')
# told apart by most people, and as grey
OWNER_COLOURS = ('#2f6db5', '#d1495b', '#3a9a6a', '#7b4fa6', '#c77d1e', '#1f9aa8', '#a8517f',
                 '#6b7f1e', '#4453b8', '#a0522d', '#2e8b8b', '#c24fb0')
OTHERS, UNKNOWN, FREED = '#59636e', '#8a94a0', '#3b3f45'
LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'


@dataclass(frozen=True)
class Kind:
    """What objects have in common that look the same; a letter, where there are no
    colours."""
    text: str
    colour: str
    letter: str


@dataclass
class Colours:
    """kind() is of an object; legend has those that there are, in order. Without objects
    all that is known is what `map` says of each cell."""
    by: str
    objects: bool
    kind: Callable[[Area], Kind]
    legend: list[Kind]


def size_kinds() -> list[Kind]:
    kinds = []
    for i, (most, colour) in enumerate(zip(SIZES, SIZE_COLOURS)):
        least = SIZES[i - 1] + 1 if i else 1
        text = f'{least}-{most} bytes' if most < 1024 else f'up to {most >> 10} KB'
        kinds.append(Kind(text, colour, LETTERS[i]))
    return kinds


def size_kind() -> Callable[[Area], Kind]:
    kinds = size_kinds()

    def kind(area: Area) -> Kind:
        asked = area.size if area.asked is None else area.asked
        return next((kind for most, kind in zip(SIZES, kinds) if asked <= most), kinds[-1])
    return kind


def age_kind() -> Callable[[Area], Kind]:
    texts = [f'younger than {AGES[0][1]}', *(f'{text} and more' for _, text in AGES)]
    kinds = [Kind(text, colour, LETTERS[i])
             for i, (text, colour) in enumerate(zip(texts, AGE_COLOURS))]
    unknown = Kind('age not known', UNKNOWN, 'z')

    def kind(area: Area) -> Kind:
        if area.age is None:
            return unknown
        return kinds[sum(area.age >= least for least, _ in AGES)]
    return kind


def owner_text(owner: str) -> str:
    """Without where in the function, but for the module."""
    function, _, rest = owner.partition('+')
    module = rest.partition(' ')[2]
    return f'{function} {module}'.rstrip()


def owner_kind(areas: list[Area]) -> Callable[[Area], Kind]:
    """Those with most bytes have colours of their own."""
    sums: Counter[str] = Counter()
    for area in areas:
        if area.owner:
            sums[owner_text(area.owner)] += area.size
    kinds = {owner: Kind(owner, colour, letter) for (owner, _), colour, letter in
             zip(sums.most_common(), OWNER_COLOURS, LETTERS)}
    others = Kind(f'{len(sums) - len(kinds)} other owners', OTHERS, 'y')
    unknown = Kind('owner not known', UNKNOWN, 'z')

    def kind(area: Area) -> Kind:
        return kinds.get(owner_text(area.owner), others) if area.owner else unknown
    return kind


def colours(allocator: Allocator, by: str | None) -> Colours:
    """By what is asked for, or by what there is to see."""
    areas = [area for chunk in allocator.chunks for area in chunk.areas]
    if by is None:
        by = 'size' if allocator.has_areas else 'use'
    if by in ('size', 'owner', 'age') and not allocator.has_areas:
        raise Refused(f'--by {by} takes the dump `objects` beside `map`, and it is not there')
    if by in ('owner', 'age') and areas and not allocator.watched:
        raise Refused(f'--by {by}: nothing is known of the objects: load shadow_percpu with '
                      'debug=owner')
    of = (size_kind() if by == 'size' else age_kind() if by == 'age' else owner_kind(areas))
    freed = Kind('freed, in quarantine', FREED, 'x')

    def kind(area: Area) -> Kind:
        return freed if area.freed else of(area)
    seen = {kind(area) for area in areas}
    order = {colour: i for i, colour in enumerate(SIZE_COLOURS + AGE_COLOURS + OWNER_COLOURS)}
    legend = sorted(seen, key=lambda one: order.get(one.colour, len(order)))
    if by == 'use':
        legend = [Kind('used', SIZE_COLOURS[4], USED), Kind('partly used', '#7fa3cf', PARTLY)]
    return Colours(by, by != 'use', kind, legend)


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

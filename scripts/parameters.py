#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Hold Documentation/parameters.rst against what modinfo says of built modules.

  parameters.py [--all] [--document FILE] MODULE.ko...

Each module's parameters, their types, defaults and what they set are the same in both, word
by word; none is missing on either side. A module says its version, licence, author and what
it is, and each parameter its default. With --all each chapter has a module.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# only these say a version: the others are parts of the same build
VERSIONED = {'shadow_percpu'}

TITLE = re.compile(r'^(\w+)\n(=+|-+)$', re.MULTILINE)
FIELD = re.compile(r'^:(\w+): (.*(?:\n +.*)*)', re.MULTILINE)
DEFAULT = re.compile(r' \(default: ([^()]*)\)$')


@dataclass(frozen=True)
class Parameter:
    type: str
    default: str
    sets: str


Parameters = dict[str, Parameter]


# --- what is built ----------------------------------------------------------

def modinfo(module: Path, field: str) -> list[str]:
    out = subprocess.run(['modinfo', '-0', '-F', field, str(module)],
                         check=True, capture_output=True, text=True).stdout
    return [line for line in out.split('\0') if line]


def built(module: Path) -> Parameters:
    types = dict(line.split(':', 1) for line in modinfo(module, 'parmtype'))
    found = {}
    for line in modinfo(module, 'parm'):
        name, text = line.split(':', 1)
        kind = types.get(name, '')
        text = text.removesuffix(f' ({kind})')
        default = DEFAULT.search(text)
        found[name] = Parameter(kind or 'none', default[1] if default else 'none',
                                DEFAULT.sub('', text))
    for name in types.keys() - found.keys():
        found[name] = Parameter(types[name], 'none', '')
    return found


def complaints(module: Path) -> Iterator[str]:
    """Of what a module says of itself, parameters aside."""
    for field in ('license', 'author', 'description',
                  *(['version'] if module.stem in VERSIONED else [])):
        said = modinfo(module, field)
        if not said or said == ['SPCPU_VERSION']:
            yield f'{module.stem}: modinfo has no {field}'


# --- what is written --------------------------------------------------------

def field(text: str, name: str) -> str:
    found = {key: ' '.join(value.split()) for key, value in FIELD.findall(text)}
    value = found.get(name, '')
    return value.split(',')[0] if value.startswith('none,') else value


def written(text: str) -> dict[str, Parameters]:
    """By module: titles underlined with = are modules, those with - their parameters."""
    chapters: dict[str, Parameters] = {}
    titles = list(TITLE.finditer(text))
    for title, following in zip(titles, [*titles[1:], None]):
        body = text[title.end():following.start() if following else None]
        if title[2][0] == '=':
            if title[1].startswith('shadow_percpu'):
                chapters[title[1]] = {}
        elif chapters:
            chapters[[*chapters][-1]][title[1]] = Parameter(
                field(body, 'Type'), field(body, 'Default'), field(body, 'Sets'))
            if not field(body, 'Range'):
                chapters[[*chapters][-1]][title[1]] = Parameter('no range', '', '')
    return chapters


# --- both -------------------------------------------------------------------

def differences(module: str, is_built: Parameters, is_written: Parameters) -> Iterator[str]:
    for name in sorted(is_built.keys() | is_written.keys()):
        ours, theirs = is_built.get(name), is_written.get(name)
        if not ours:
            yield f'{module}.{name}: is described, and modinfo does not have it'
        elif not theirs:
            yield f'{module}.{name}: is not described'
        elif ours.default == 'none' and ours.type != 'none':
            yield f'{module}.{name}: modinfo does not say its default'
        elif ours != theirs:
            yield f'{module}.{name}: modinfo has {ours}, the document {theirs}'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--document', type=Path,
                        default=ROOT / 'Documentation' / 'parameters.rst')
    parser.add_argument('--all', action='store_true',
                        help='each module that is described is among these')
    parser.add_argument('modules', type=Path, nargs='+')
    args = parser.parse_args()

    try:
        chapters = written(args.document.read_text())
    except OSError as why:
        print(f'cannot be read: {why}', file=sys.stderr)
        return 2
    for module in args.modules:
        if not module.is_file():
            print(f'no module {module}', file=sys.stderr)
            return 2
    wrong: list[str] = []
    for module in args.modules:
        wrong += complaints(module)
        if module.stem in chapters:
            wrong += differences(module.stem, built(module), chapters[module.stem])
        else:
            wrong.append(f'{module.stem}: the document has no chapter')
    if args.all:
        wrong += [f'{name}: is described, and not built'
                  for name in sorted(chapters.keys() - {module.stem for module in args.modules})]
    for line in wrong:
        print(line)
    if not wrong:
        print(f'parameters.rst and modinfo agree: {len(args.modules)} modules')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())

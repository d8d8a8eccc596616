"""Another value than one that is there, by its type and form. Whether it is taken, only a compile can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.changes.keys import ABSENT, ITEM, Key

_LAST_NUMBER = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|m)")
# What a key may be that is written nowhere: a number, a switch, a path, a name.
_FIRST: tuple[Any, ...] = (60, 2, True, "/mnt/another", "another")


def others(key: Key, value: Any) -> Iterator[Any]:
    """Values that may stand there instead, those first that are most likely to be taken.

    Of a list it is what is added to it: lists of the classes and of a target are one.
    """
    if key.steps[-1] == ITEM:
        there = [] if value is ABSENT else value
        like = there[-1] if there else ABSENT
        yield from ([one] for one in dict.fromkeys(_others(key, like)) if one not in there)
    else:
        yield from dict.fromkeys(one for one in _others(key, value) if one is not None)


def _others(key: Key, value: Any) -> Iterator[Any]:
    if value is ABSENT:
        if key.default is not None and not isinstance(key.default, (dict, tuple)):
            yield from _others(key, key.default)
        yield from key.choices
        yield from (one for one in _FIRST if not key.kinds or type(one) in key.kinds)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield from (value + 1, value - 1, value + 100, value * 2, value // 2)
        yield from key.choices
    elif key.choices and value in key.choices:
        yield from (choice for choice in key.choices if choice != value)
    elif isinstance(value, str):
        yield from _texts(value)


def _texts(text: str) -> Iterator[str]:
    if size := _SIZE.fullmatch(text):
        # Parts of a byte are what the API server warns of.
        made = [float(size[1]) * factor for factor in (1.5, 2, 0.5)] + [float(size[1]) + 1]
        yield from (f"{number:g}{size[2]}" for number in made if number.is_integer())
        return
    if number := _LAST_NUMBER.fullmatch(text):
        yield f"{number[1]}{int(number[2]) + 1}{number[3]}"
        yield f"{number[1]}{int(number[2]) + 40}{number[3]}"
    yield from (f"{text}-2", f"{text}x", f"{text}2")
    yield text[:-1] + ("0" if text.endswith("1") else "1")

"""What has changed, in a few words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import cast

from .hosts import TABLES
from .reads import Read, content
from .script import Script

#: So many are told, then how many more there are.
MOST = 5
#: Values that are longer (checksums, addresses of packages) are not repeated.
_SHORT = 40
_CODE = "the step's own code"


def told(causes: Iterable[str]) -> tuple[str, ...]:
    """Each once, the code last: it says least."""
    every = sorted(dict.fromkeys(causes), key=lambda cause: cause.startswith(_CODE))
    more = len(every) - MOST
    return (*every[:MOST], f"and {more} more") if more > 1 else tuple(every)


def causes(
    read: Read, host: str, old: tuple[Script, Mapping[str, bytes]], new: tuple[Script, Mapping[str, bytes]]
) -> list[str]:
    """Of something that differs: `DISKS: kafka 1000 /mnt/data/kafka -> /srv/kafka`, `haproxy/haproxy.cfg`."""
    before, after = content(*old, read, host), content(*new, read, host)
    match read.kind:
        case "code":
            return [f"{_CODE}: {read.name}"]
        case "always":
            return [f"{_CODE}: what every run does"]
        case "table":
            return _rows(read.name, old[0], new[0], "")
        case "own":
            return _rows(read.name, old[0], new[0], host)
        case "self":
            return [text for table in TABLES for text in _rows(table, old[0], new[0], host)]
        case "file":
            return [read.name.replace("<host>", host) + _only_comments(_text(before), _text(after))]
        case "document":
            return [f"{read.name}: {read.detail}"]
        case "option":
            return [f"--{read.name} {before} -> {after}"]
        case _:
            return [_value(read.name, _text(before), _text(after))]


def _value(name: str, before: str, after: str) -> str:
    if "\n" in before + after:
        return name + _only_comments(before, after)
    if max(len(before), len(after)) > _SHORT:
        return name
    return f"{name} {before or '(none)'} -> {after or '(none)'}"


def _text(found: object) -> str:
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else cast("str | None", found) or ""


def _only_comments(before: str, after: str) -> str:
    """The step compares bytes, so it does its work all the same."""
    return " (comments alone)" if before and after and _meant(before) == _meant(after) else ""


def _meant(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _rows(name: str, old: Script, new: Script, host: str) -> list[str]:
    """`host`: only its rows are meant. Rows of the same beginning are one that has changed."""
    said = []
    before, after = old.rows(name), new.rows(name)
    matcher = difflib.SequenceMatcher(None, list(map(tuple, before)), list(map(tuple, after)), autojunk=False)
    for what, low, high, new_low, new_high in matcher.get_opcodes():
        gone, come = before[low:high], after[new_low:new_high]
        if what == "equal":
            continue
        while gone and come and gone[0][0] == come[0][0]:
            said.append((come[0][0], _changed(gone.pop(0), come.pop(0))))
        said += [(row[0], f"{_short(row)} goes") for row in gone]
        said += [(row[0], f"{_short(row)} comes") for row in come]
    return [f"{name}: {text}" for first, text in said if not host or first == host]


def _changed(gone: list[str], come: list[str]) -> str:
    return _short(
        [old if old == new else f"{_short([old])} -> {_short([new])}" for old, new in zip(gone, come, strict=False)]
    )


def _short(row: list[str]) -> str:
    """A row without its long columns; of one of a kind, its beginning."""
    return " ".join(column for column in row if column and len(column) <= _SHORT) or f"{row[0][:_SHORT]}..."

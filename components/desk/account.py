"""What a cluster's hosts lose and keep by a step, as a dry run of it has told: the same words of several hosts once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .run import PLANNED

_REFUSES = f"{PLANNED}refuse: "
#: How a step begins what it found no reason to change; `remove` says so of directories with data, too.
_SKIPPED = "skipped: "


def refused(said: Mapping[str, Sequence[str]]) -> list[str]:
    """Host and why, of those that would not do it."""
    return _together(said, _REFUSES)


def goes(said: Mapping[str, Sequence[str]]) -> list[str]:
    return _together({host: [line for line in lines if not line.startswith(_REFUSES)] for host, lines in said.items()})


def stays(said: Mapping[str, Sequence[str]]) -> list[str]:
    return [line for line in _together(said, _SKIPPED) if " stay" in line]


def _together(said: Mapping[str, Sequence[str]], beginning: str = PLANNED) -> list[str]:
    """`HOST, HOST: words`, in the order in which the first host says them."""
    owners: dict[str, list[str]] = {}
    for host, lines in said.items():
        for line in _once(lines):
            if line.startswith(beginning):
                owners.setdefault(line.removeprefix(beginning), []).append(host)
    return [f"{', '.join(hosts)}: {words}" for words, hosts in owners.items()]


def _once(lines: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(lines)

"""The files of group_vars and host_vars that Ansible reads, each with the group or host it is for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from components.inventory.finding import near

from .files import SUFFIXES
from .report import Report

_UNREAD = "left out: Ansible does not read a file of this name"


@dataclass(frozen=True)
class Room:
    """One of the two folders; `stranger` and `way_out` are said of a name that is not `known`."""

    name: str
    known: Collection[str]
    stranger: str
    way_out: str


def variable_files(folder: Path, room: Room, report: Report) -> list[tuple[str, Path]]:
    """(group or host, file) in the order in which they count; what is not read is told.

    Of NAME, NAME.yml and so on Ansible takes the first that is there, a folder or a file.
    """
    root = folder / room.name
    left = sorted(root.iterdir()) if root.is_dir() else []
    found: list[tuple[str, Path]] = []
    for name in sorted(room.known, key=lambda name: (name != "all", name)):
        paths = [path for suffix in SUFFIXES if (path := root / f"{name}{suffix}") in left]
        left = [path for path in left if path not in paths]
        found += [(name, file) for path in paths[:1] for file in _files(path, report)]
        for path in paths[1:]:
            report.note(str(path), path.name, f"left out: {paths[0].name} is there too, and Ansible reads one of them")
    for path in left:
        if not _is_readable(path) or path.stem in room.known:
            report.note(str(path), path.name, _UNREAD)
            continue
        name = path.stem if path.suffix in SUFFIXES else path.name
        guess = near(name, room.known)
        report.finding(
            str(path), name, f"{room.stranger}; left out", f"Did you mean {guess}?" if guess else room.way_out
        )
    return found


def _files(path: Path, report: Report) -> Iterator[Path]:
    """A file as it is, a folder with those below it."""
    if not path.is_dir():
        yield path
        return
    for below in sorted(path.iterdir()):
        if _is_readable(below) and below.is_dir() and not below.suffix:
            yield from _files(below, report)
        elif _is_readable(below) and below.is_file() and below.suffix in SUFFIXES:
            yield below
        else:
            report.note(str(below), below.name, _UNREAD)


def _is_readable(path: Path) -> bool:
    return not path.name.startswith(".") and not path.name.endswith("~")

"""What a compile says: findings and their count on standard error, what changed on standard output."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from .trees import Change

# More changed files of one cluster than this are summed up.
SHOWN = 15


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def refused(lines: Iterable[str], pastes: Mapping[str, str] | None = None) -> None:
    """Each line once; many clusters share their classes. `pastes` is the YAML that mends some of it, by cluster."""
    lines = list(dict.fromkeys(lines))
    for line in lines:
        say(line)
    say(f"compile: {'1 finding' if len(lines) == 1 else f'{len(lines)} findings'}; nothing was written")
    for name, text in (pastes or {}).items():
        say(f"\nThe machines of {name} that this takes, to paste below parameters (addresses are a proposal):\n")
        say(textwrap.indent(text.rstrip(), "  "))


def kept(files: list[str], output: Path) -> None:
    for file in files:
        say(f"{output / file}: no compile wrote this file, and it is not in Git")
    say(
        f"compile: {_files(len(files))} of {output} would be deleted for good; nothing was written. "
        "Move them to another folder, or delete them"
    )


def stale(changes: Mapping[str, Change], output: Path) -> None:
    for name, change in changes.items():
        for line in change.shown:
            # Beside the clusters' folders there may be files.
            print(f"{line[0]} {output / name / line[2:]}")
    count = sum(change.count for change in changes.values())
    say(f"compile: {_files(count)} of {output} not as the inventory says. Run make compile")


def changed(name: str, change: Change) -> None:
    """One cluster, after it is in its place."""
    if not change:
        print(f"{name}: {_files(change.unchanged)}, all unchanged")
    elif not (change.changed or change.unchanged or change.removed):
        print(f"{name}: {_files(change.added)}, all new")
    elif not (change.changed or change.unchanged or change.added):
        print(f"{name}: removed, {_files(len(change.removed))}")
    else:
        print(f"{name}: {_files(change.count)} changed, {change.unchanged} unchanged")
        for line in change.shown[:SHOWN]:
            print(f"  {line}")
        if change.count > SHOWN:
            print(f"  and {change.count - SHOWN} more")


def page(file: Path, change: Change) -> None:
    """The page of all clusters."""
    if change:
        print(f"{file}: {'new' if change.added else 'changed' if change.changed else 'removed'}")


def shared_machines(machines: Mapping[str, tuple[str, ...]], made: Iterable[str], known: Iterable[str]) -> None:
    """Of the clusters that were made, beside all that the inventory has."""
    from .machines import shared

    for line in shared({name: machines[name] for name in known if name in machines}, list(made)):
        say(line)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"

"""Which files of the output a compile may delete: those that a compile wrote, and those that Git has.

A new cluster is compiled many times before it is committed, and a copy of the repository may
be without Git. So each compile notes what it wrote; what is neither noted nor in Git is somebody's own.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

#: In the output; not committed.
NOTE = ".written"


def strangers(output: Path, doomed: Iterable[str]) -> list[str]:
    """Of files that are about to be deleted, named from the output: those that would be lost."""
    left = set(doomed)
    if left:
        left -= left.intersection(_noted(output))
    return sorted(left - _in_git(output)) if left else []


def of_others(output: Path, touched: Collection[str]) -> Iterator[str]:
    """What the last note says of all clusters but those that a compile touches."""
    return (line for line in _noted(output) if line.partition("/")[0] not in touched)


def _noted(output: Path) -> Iterator[str]:
    """A line for each file; a note may be of a thousand clusters."""
    try:
        with (output / NOTE).open(encoding="utf-8", newline="\n") as note:
            for line in note:
                yield line.removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        return


def _in_git(output: Path) -> set[str]:
    """Nothing where Git cannot tell: then all is kept."""
    import subprocess

    try:
        done = subprocess.run(["git", "-C", output, "ls-files", "-z"], capture_output=True)
    except OSError:
        return set()
    return set(os.fsdecode(done.stdout).split("\0")) if done.returncode == 0 else set()

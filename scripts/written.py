"""Which files of the output a compile may delete: those that a compile wrote, and those that Git has.

A new cluster is compiled many times before it is committed, and a copy of the repository may
be without Git. So each compile notes what it wrote; what is neither noted nor in Git is somebody's own.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

#: In the output; not committed.
NOTE = ".written"


def strangers(output: Path, doomed: Iterable[str]) -> list[str]:
    """Of files that are about to be deleted, named from the output: those that would be lost."""
    left = set(doomed) - _noted(output)
    return sorted(left - _in_git(output)) if left else []


def note(output: Path, touched: Iterable[str], written: Iterable[str]) -> str:
    """The note of a compile that touched some clusters; of the others it says what the last one said."""
    others = {line for line in _noted(output) if line.partition("/")[0] not in set(touched)}
    return "".join(f"{line}\n" for line in sorted(others.union(written)))


def _noted(output: Path) -> set[str]:
    try:
        return set((output / NOTE).read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return set()


def _in_git(output: Path) -> set[str]:
    """Nothing where Git cannot tell: then all is kept."""
    try:
        done = subprocess.run(["git", "-C", output, "ls-files", "-z"], capture_output=True)
    except OSError:
        return set()
    return set(os.fsdecode(done.stdout).split("\0")) if done.returncode == 0 else set()

"""The folder in which a compile makes its files: locked while the compile lives, gone afterwards.

It lies in the output itself, so that what is made there can be renamed into its place wherever the
output is mounted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from components.inventory.refused import Refused

from .ends import signals_wait
from .memory import MEMORY
from .written import NOTE

PREFIX = ".compiled-"
# What a compile puts into it. A folder that holds more is somebody else's.
NEW, OLD = "new", "old"


@contextlib.contextmanager
def workshop(output: Path) -> Iterator[Path]:
    """A new folder in `output`, which is made where it is missing. Raises Refused."""
    made = _make(output)
    bench: tuple[Path, int] | None = None
    try:
        try:
            with signals_wait():
                bench = _new(output)
        except OSError as error:
            raise Refused([f"{output}: the folder cannot be written ({error.strerror}). {_WAY_OUT}"]) from error
        yield bench[0]
    finally:
        if bench:
            with signals_wait():
                shutil.rmtree(bench[0], ignore_errors=True)
                os.close(bench[1])
        if made:
            # Not when a compile has filled it.
            with contextlib.suppress(OSError):
                output.rmdir()


_WAY_OUT = "Put that right, or name another folder with --output"


def _make(output: Path) -> bool:
    if output.is_symlink() and not output.exists():
        raise Refused([f"{output}: this link leads nowhere ({os.readlink(output)}). Correct it, or remove it"])
    if output.is_dir():
        return False
    if output.exists():
        raise Refused([f"{output}: this is no folder, and the clusters' folders must lie in it. Move it away"])
    try:
        output.mkdir(parents=True)
    except OSError as error:
        raise Refused([f"{output}: the folder cannot be made ({error.strerror}). {_WAY_OUT}"]) from error
    return True


def _new(output: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=output))
        with contextlib.suppress(FileNotFoundError):
            lock = _open(folder)
            # A file system without locks: there nobody sweeps either.
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, lock
            os.close(lock)
        # Another compile came between and took it for one that nobody uses.


def sweep(*beside: Path) -> None:
    """Remove the workshops that killed compiles left in these folders."""
    for folder in [found for place in beside for found in place.glob(f"{PREFIX}*")]:
        # No folder, not ours, or its compile lives.
        with contextlib.suppress(OSError):
            lock = _open(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if {entry.name for entry in folder.iterdir()} <= {NEW, OLD, NOTE, MEMORY}:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

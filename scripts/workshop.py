"""The folder in which a compile makes its files: locked while the compile lives, gone afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.written import NOTE

PREFIX = ".compiled-"
# What a compile puts into it. A folder that holds more is somebody else's.
NEW, OLD = "new", "old"


@contextlib.contextmanager
def workshop(beside: Path | None) -> Iterator[Path]:
    """A new folder in `beside`, where those that killed compiles left are removed; None: anywhere."""
    if beside:
        _sweep(beside)
    folder, lock = _new(beside)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _new(beside: Path | None) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=beside))
        with contextlib.suppress(FileNotFoundError):
            lock = _open(folder)
            # A file system without locks: there nobody sweeps either.
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, lock
            os.close(lock)
        # Another compile came between and took it for one that nobody uses.


def _sweep(beside: Path) -> None:
    for folder in beside.glob(f"{PREFIX}*"):
        # No folder, not ours, or its compile lives.
        with contextlib.suppress(OSError):
            lock = _open(folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if {entry.name for entry in folder.iterdir()} <= {NEW, OLD, NOTE}:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

"""The one way to open a file of the inventory: as a file, of a size that can be meant, in UTF-8.

Whoever reads a pipe waits for ever, and who reads a device may get no end.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

#: Bytes.
LARGEST = 4 << 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Unreadable(Exception):
    """No file that can be read; the text is ready for people."""


def read_text(path: Path, shown: str | None = None) -> str:
    """The text of a file; messages call it `shown`. Raises Unreadable."""
    shown = shown or str(path)
    try:
        text = read_bytes(path, shown).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Unreadable(f"{shown}:{line}: the file is not UTF-8. Save it as UTF-8") from error
    return text


def read_bytes(path: Path, shown: str | None = None) -> bytes:
    """The content of a file, and of nothing else that has a name. Raises Unreadable."""
    shown = shown or str(path)
    try:
        # A pipe would be waited for; what a terminal opens would become ours.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise Unreadable(_cannot_open(path, shown, error)) from error
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable(_not_a_file(about.st_mode, shown))
        if about.st_size > LARGEST:
            raise Unreadable(
                f"{shown}: the file has {about.st_size} bytes, and {LARGEST} are the most. Take out what does not belong"
            )
        with open(file, "rb", closefd=False) as stream:
            return stream.read(LARGEST)
    except OSError as error:
        raise Unreadable(_cannot_open(path, shown, error)) from error
    finally:
        os.close(file)


def _cannot_open(path: Path, shown: str, error: OSError) -> str:
    if path.is_symlink() and not path.exists():
        return f"{shown}: this link leads nowhere ({os.readlink(path)}). Correct it, or remove it"
    # No reader on the other end, or no driver: what can be opened and is no file is told after it.
    if not path.is_file() and path.exists():
        return _not_a_file(path.stat().st_mode, shown)
    return f"{shown}: the file cannot be read ({error.strerror}). Put it right, or remove it"


def _not_a_file(mode: int, shown: str) -> str:
    kind = next((name for is_it, name in _KINDS if is_it(mode)), "something else")
    return f"{shown}: this is {kind}, where a file must be. Rename it, or remove it"

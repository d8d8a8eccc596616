"""Folders of compiled files: what differs, and how a new one takes the place of an old one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from .ends import signals_wait

AT_FDCWD = -100
RENAME_EXCHANGE = 2


@dataclass(frozen=True)
class Difference:
    """File names, relative to the folder compared, sorted."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    @property
    def lines(self) -> list[str]:
        """`+ new`, `- gone` and `~ changed` files, by name."""
        marked = [("+", name) for name in self.added]
        marked += [("-", name) for name in self.removed]
        marked += [("~", name) for name in self.changed]
        return [f"{mark} {name}" for mark, name in sorted(marked, key=lambda pair: pair[1])]

    def summed_up(self, most: int) -> Change:
        """`most` lines of those that change."""
        counts = len(self.added), len(self.changed), len(self.unchanged)
        return Change(*counts, self.removed, tuple(self.lines[:most]))


@dataclass(frozen=True)
class Change:
    """What a Difference amounts to, for a thousand clusters at once: names of files that go, and some for the eye."""

    added: int
    changed: int
    unchanged: int
    removed: tuple[str, ...]
    shown: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.count)

    @property
    def count(self) -> int:
        return self.added + self.changed + len(self.removed)


NONE = Change(0, 0, 0, (), ())


def files_in(folder: Path) -> dict[str, Path]:
    """All files under a folder by relative name; nothing if there is no such folder."""
    if folder.is_file() or folder.is_symlink():
        return {"": folder}
    return {name: Path(path) for name, path in sorted(_walk(str(folder)))}


def _walk(folder: str, above: str = "") -> Iterator[tuple[str, str]]:
    """Name below the first folder, and path, of all that is a file or a link."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        name = f"{above}{entry.name}"
        if entry.is_symlink() or entry.is_file():
            yield name, entry.path
        elif entry.is_dir():
            yield from _walk(entry.path, f"{name}/")


def digest(files: Mapping[str, bytes]) -> str:
    """Of names and content, as digest_of_folder() has it of a folder that they were written to."""
    whole = blake2b(digest_size=16)
    for name in sorted(files):
        _add(whole, name, b"-", files[name])
    return whole.hexdigest()


def digest_of_folder(folder: Path) -> str:
    """Also of the permission to execute, and of links."""
    whole = blake2b(digest_size=16)
    for name, path in sorted(_walk(str(folder))):
        if os.path.islink(path):
            _add(whole, name, b"l", os.fsencode(os.readlink(path)))
            continue
        with open(path, "rb", buffering=0) as file:
            executable = os.fstat(file.fileno()).st_mode & 0o111
            _add(whole, name, b"x" if executable else b"-", file.read())
    return whole.hexdigest()


def _add(whole: blake2b, name: str, kind: bytes, content: bytes) -> None:
    whole.update(b"%s\0%s\0%d\0" % (os.fsencode(name), kind, len(content)))
    whole.update(content)


def difference(old: Path, new: Path | Mapping[str, bytes]) -> Difference:
    """Compare bytes, kind and the permission to execute of all files of a folder with what takes its place."""
    before = files_in(old)
    after: Mapping[str, Path | bytes] = files_in(new) if isinstance(new, Path) else new
    both = before.keys() & after.keys()
    same = {name for name in both if _same(before[name], after[name])}
    return Difference(
        added=tuple(sorted(after.keys() - both)),
        removed=tuple(sorted(before.keys() - both)),
        changed=tuple(sorted(both - same)),
        unchanged=tuple(sorted(same)),
    )


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder of these files."""
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            # What is full has no name of its own.
            error.filename = error.filename or str(path)
            raise


def _same(one: Path, other: Path | bytes) -> bool:
    if isinstance(other, bytes):
        return not one.is_symlink() and not one.stat().st_mode & 0o111 and one.read_bytes() == other
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and os.readlink(one) == os.readlink(other)
    executable = [path.stat().st_mode & 0o111 for path in (one, other)]
    return executable[0] == executable[1] and one.read_bytes() == other.read_bytes()


def replace(moves: list[tuple[Path | None, Path]], attic: Path) -> None:
    """Put each new folder in its place, or take the place away where new is None.

    All of them or none: on an error what was already moved is moved back. The old
    folders end up under `attic`, which must be on the same file system. Signals
    wait until it is done.
    """
    attic.mkdir()
    undo: list[tuple[Path, Path | None]] = []
    with signals_wait():
        try:
            for number, (new, place) in enumerate(moves):
                aside = attic / str(number)
                if new is not None and os.path.lexists(place) and _exchange(new, place):
                    undo.append((place, new))
                    continue
                if os.path.lexists(place):
                    os.rename(place, aside)
                    undo.append((aside, place))
                if new is not None:
                    os.rename(new, place)
                    undo.append((place, None))
        except BaseException:
            for here, back in reversed(undo):
                if back is None:
                    shutil.rmtree(here) if here.is_dir() else here.unlink()
                elif os.path.lexists(back):
                    _exchange(here, back)
                else:
                    os.rename(here, back)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, so that at no moment a place is empty.

    False where the system cannot (it is Linux's renameat2).
    """
    import ctypes

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    if renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))

"""What an image's file system holds: a flat mapping of paths to entries, and the ways to gather one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.rehearsal.images.usr import in_usr


@dataclass(frozen=True)
class File:
    """A regular file: its content as bytes, or the file on this machine that holds it."""

    content: bytes | Path
    mode: int | None = None
    owner: tuple[int, int] = (0, 0)

    @property
    def rights(self) -> int:
        """Permission bits; where none are stated, the right to execute is that of the file on this machine."""
        if self.mode is not None:
            return self.mode
        executable = isinstance(self.content, Path) and self.content.stat().st_mode & 0o111
        return 0o755 if executable else 0o644


@dataclass(frozen=True)
class Folder:
    mode: int = 0o755
    owner: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str
    owner: tuple[int, int] = (0, 0)


Entry = File | Folder | Link
#: Path in the image, from the root and without a slash at its end -> what is there.
Tree = dict[str, Entry]


def script(text: str) -> File:
    return File(text.encode(), 0o755)


def text(content: str, owner: tuple[int, int] = (0, 0), mode: int = 0o644) -> File:
    return File(content.encode(), mode, owner)


def users(known: Mapping[str, tuple[int, int, str]]) -> Tree:
    """passwd and group: name -> user id, group id, home folder. root is there without being named."""
    lines = {"root": (0, 0, "/root"), **known}
    return {
        "/etc/passwd": text("".join(f"{name}:x:{u}:{g}::{home}:/bin/sh\n" for name, (u, g, home) in lines.items())),
        "/etc/group": text("".join(f"{name}:x:{g}:\n" for name, (_, g, _) in lines.items())),
        "/etc/nsswitch.conf": text("hosts: files dns\n"),
    }


def programs(where: Mapping[str, Path]) -> Tree:
    """Programs at their places in the image, with the shared libraries that they need."""
    found: Tree = {place: File(path.resolve(), 0o755) for place, path in where.items()}
    return {**libraries(where.values()), **found}


def folder(source: Path, place: str, leave_out: str | None = None) -> Tree:
    """All that a folder of this machine holds, with the shared libraries that its programs need.

    `leave_out` is an expression; paths inside the folder that it matches stay out.
    """
    found: Tree = {place: Folder()}
    wanted: list[Path] = []
    for path in sorted(source.rglob("*")):
        inner = path.relative_to(source).as_posix()
        if leave_out and re.search(leave_out, inner):
            continue
        there = f"{place}/{inner}"
        if path.is_symlink():
            target = path.readlink()
            # A link out of the folder becomes what it leads to.
            inside = path.resolve().is_relative_to(source.resolve())
            if inside and not target.is_absolute():
                found[there] = Link(target.as_posix())
            elif path.is_file():
                found[there] = File(path.resolve())
                wanted.append(path.resolve())
        elif path.is_dir():
            found[there] = Folder()
        elif path.is_file():
            found[there] = File(path)
            wanted.append(path)
    return {**libraries(wanted), **found}


def libraries(paths: Iterable[Path]) -> Tree:
    """The shared libraries, loader included, that `ldd` names for those of the files that are dynamic programs."""
    dynamic = sorted({path.resolve() for path in paths if _elf(path)})
    if not dynamic:
        return {}
    said = subprocess.run(["ldd", *map(str, dynamic)], capture_output=True, text=True).stdout
    lost = re.findall(r"^\s*(\S+) => not found", said, re.MULTILINE)
    # Beside the program, as Java keeps its own.
    beside = {path.name for program in dynamic for path in program.parent.glob("*.so*")}
    missing = sorted(set(lost) - beside)
    if missing:
        raise FileNotFoundError(f"shared libraries that this machine does not have: {', '.join(missing)}")
    named = set(re.findall(r"^\s*(?:\S+ => )?(/\S+) \(0x", said, re.MULTILINE))
    return {in_usr(path): File(Path(path).resolve(), 0o755) for path in sorted(named)}


def _elf(path: Path) -> bool:
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def in_order(tree: Tree) -> Tree:
    """The tree with each path where the image has it, a folder before what is in it.

    Folders that nobody states are left out: who unpacks makes them, with the rights that a lower layer gave them.
    """
    return dict(sorted((in_usr(path), entry) for path, entry in tree.items()))

"""inventory/files: what containers are given as it is, by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from .plain_file import Unreadable, read_text


class Texts(Mapping[str, str]):
    """Name -> text. Folders are no files, and hidden files are an editor's or the system's."""

    def __init__(self, folder: Path):
        self._folder = folder

    @cached_property
    def _names(self) -> list[str]:
        return names_in(self._folder)

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        return read_text(self._folder / name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def names_in(folder: Path) -> list[str]:
    """Names of all that is no folder; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(
        name for name in os.listdir(folder) if not name.startswith(".") and not os.path.isdir(os.path.join(folder, name))
    )


def findings(folder: Path) -> list[str]:
    """Which of them have no text, in words."""
    found = []
    for name in names_in(folder):
        try:
            read_text(folder / name)
        except Unreadable as error:
            found.append(str(error))
    return found

"""Where in the inventory a parameter is written: file and line, and what it refers to.

Reclass keeps no source positions, so this reads the target's files again, and
only when there is something to report.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count
from pathlib import Path as FilePath

import yaml

from . import yaml_file
from .contracts_folder import ContractsFolder
from .plain_file import read_text
from .files import InventoryFiles
from .files_folder import Texts
from .finding import Path
from .reading import REFERENCE, entry, references_in


@dataclass(frozen=True)
class Place:
    """One key or list item of a file; `text` is its value where that is a scalar."""

    file: FilePath
    line: int
    text: str | None


class Origin:
    """A lookup from a parameter's path to "inventory/...yml:LINE".

    `files` are a target's files in merge order, the target's own last: the last one
    that writes a key wins. A key that is nowhere is looked up by its nearest parent.
    Messages name the files from `root`, in which the folder `inventory` lies.
    """

    def __init__(self, files: Sequence[FilePath], root: FilePath, inventory: FilePath | None = None):
        self._files = tuple(files)
        self._root = root
        self._inventory = inventory or root / "inventory"

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Name -> text of each file that containers may be given, read when it is asked for."""
        return Texts(self._inventory / "files")

    @cached_property
    def contracts(self) -> ContractsFolder:
        """What is known of images."""
        return ContractsFolder(self._inventory / "contracts", self._root)

    def place(self, path: Path) -> tuple[str, int]:
        """File (as people know it) and line; line 0 where only the file is known."""
        for length in range(len(path), 0, -1):
            if found := self._places.get(path[:length]):
                return str(found.file.relative_to(self._root)), found.line
        return str(self._files[-1].relative_to(self._root)), 0

    def __call__(self, path: Path) -> str:
        file, line = self.place(path)
        return f"{file}:{line}" if line else file

    def references(self, path: Path) -> tuple[Path, ...]:
        """The parameters that the text written at `path` is made of: ${cluster:name}."""
        text = self._text(path)
        return tuple(tuple(name.split(":")) for name in REFERENCE.findall(text))

    def source(self, path: Path) -> Path:
        """Where the value at `path` is written by hand: a text that is one reference is followed."""
        seen = [path]
        while len(found := self.references(seen[-1])) == 1 and found[0] not in seen:
            if not REFERENCE.fullmatch(self._text(seen[-1])) or found[0] not in self._places:
                break
            seen.append(found[0])
        return seen[-1]

    def written(self, path: Path) -> str | None:
        """The text of the value at `path` as its file has it; None where no file has it as one."""
        return self._text(self.source(path)) or None

    def at(self, file: FilePath, line: int) -> list[Path]:
        """The parameters that this line of a file gives their value, the outermost first."""
        return [path for path, place in self._places.items() if place.file == file and place.line == line]

    def referred_to(self, path: Path) -> set[str]:
        """Names below `path` that some class of the inventory refers to, or the target: ${release:images:NAME}."""
        classes = (self._inventory / "classes").rglob("*.y*ml")
        start = "".join(f"{name}:" for name in path)
        return {
            name.removeprefix(start)
            for file in (*classes, self._files[-1])
            if file.is_file()
            for name in _references_in(file, yaml_file.version(file))
            if name.startswith(start)
        }

    def _text(self, path: Path) -> str:
        place = self._places.get(path)
        return (place.text or "") if place else ""

    @cached_property
    def _places(self) -> dict[Path, Place]:
        places: dict[Path, Place] = {}
        for file in self._files:
            if file.is_file():
                _merge(entry(yaml_file.remembered(file), "parameters")[1], file, places)
        return places


def origin_in(files: InventoryFiles, target: str) -> Origin:
    """The Origin of a target."""
    folder = FilePath(os.path.abspath(files.folder))
    paths = [FilePath(os.path.abspath(source.path)) for source in files.merged_into(target)]
    return Origin(paths, folder.parent, folder)


@lru_cache(maxsize=1024)
def _references_in(file: FilePath, _changed: tuple[int, ...]) -> frozenset[str]:
    return references_in(read_text(file))


def _merge(root: yaml.Node | None, file: FilePath, places: dict[Path, Place]) -> None:
    """Put a file's keys over those of the files before it, as reclass does."""

    def note(path: Path, mark: yaml.Mark, value: yaml.Node) -> None:
        scalar = isinstance(value, yaml.ScalarNode)
        places[path] = Place(file, mark.line + 1, value.value if scalar else None)
        walk(value, path)

    def walk(node: yaml.Node | None, path: Path) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = str(key.value)
                below = (*path, name.lstrip("~="))
                if name.startswith("~"):
                    _forget(below, places)
                note(below, key.start_mark, value)
        elif isinstance(node, yaml.SequenceNode):
            # Lists are appended to each other.
            begin = next(number for number in count() if (*path, str(number)) not in places)
            for index, value in enumerate(node.value, start=begin):
                note((*path, str(index)), value.start_mark, value)

    walk(root, ())


def _forget(path: Path, places: dict[Path, Place]) -> None:
    for other in [other for other in places if other[: len(path)] == path]:
        del places[other]

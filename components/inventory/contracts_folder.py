"""inventory/contracts: a file for each image, found by the image's name.

The facts of an image are the same for every cluster, so they are no parameters, and reclass never merges them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from yaml.constructor import ConstructorError, SafeConstructor

from . import yaml_file
from .finding import Path as KeyPath
from .plain_file import Unreadable
from .reading import entry
from .refused import Refused

SUFFIX = ".yml"


@dataclass(frozen=True, eq=False)
class ContractFile:
    """`name` is the path in the folder without its ending: dojot/auth."""

    name: str
    path: Path
    values: dict[str, Any]
    shown: str

    def line(self, key: KeyPath) -> str:
        """FILE:LINE of a key, or of the nearest above it."""
        node, line = yaml_file.remembered(self.path), 1
        for part in key:
            found, node = entry(node, part)
            if found is None:
                break
            line = found.start_mark.line + 1
        return f"{self.shown}:{line}"


class ContractsFolder:
    """Messages name the files from `root`. What was found once is not looked for again."""

    def __init__(self, folder: Path, root: Path):
        self._folder, self._shown = str(folder), os.path.relpath(folder, root)
        self._found: dict[str, ContractFile | None] = {}

    def of_image(self, image: str, tag: str) -> ContractFile | None:
        """The file of an image: by the whole of its name, or by its end, since a registry of one's own puts more before
        it: registry.example.org/mirror/dojot/auth is dojot/auth. One of the tag, NAME@TAG, comes first. Raises Refused.
        """
        while (found := self.named(f"{image}@{tag}") or self.named(image)) is None:
            _, slash, image = image.partition("/")
            if not slash:
                break
        return found

    def names(self) -> list[str]:
        """Of all files, sorted."""
        paths = Path(self._folder).rglob(f"*{SUFFIX}")
        return sorted(str(path.relative_to(self._folder)).removesuffix(SUFFIX) for path in paths)

    def named(self, name: str) -> ContractFile | None:
        """Raises Refused."""
        if name not in self._found:
            path = Path(f"{self._folder}/{name}{SUFFIX}")
            try:
                version = yaml_file.version(path)
            except OSError:
                self._found[name] = None
            else:
                self._found[name] = _read(name, path, f"{self._shown}/{name}{SUFFIX}", version)
        return self._found[name]


@lru_cache(maxsize=512)
def _read(name: str, path: Path, shown: str, _version: tuple[int, ...]) -> ContractFile:
    try:
        node = yaml_file.read(path, shown)
        values = {} if node is None else SafeConstructor().construct_document(node)
    except Unreadable as error:
        raise Refused([str(error)]) from error
    except (ConstructorError, ValueError) as error:
        raise Refused([f"{shown}: {' '.join(str(error).split())}. Correct it"]) from error
    if not isinstance(values, dict):
        raise Refused([f"{shown}:1: the file must be a map: key: value lines"])
    return ContractFile(name, path, values, shown)

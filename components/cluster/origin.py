"""Where in the inventory a parameter is written: file and line.

Reclass keeps no source positions, so this reads the target's files again, and
only when there is something to report.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path as FilePath
from typing import Sequence

import yaml

from .finding import Origin, Path


def origin_of(inventory: FilePath, target: str, classes: Sequence[str]) -> Origin:
    """A lookup from a parameter's path to "inventory/...yml:LINE".

    `classes` are the target's classes in merge order: the last file that writes
    the key wins. A key that is nowhere is looked up by its nearest parent.
    """
    target_file = _target_file(inventory, target)

    @cache
    def places() -> dict[Path, str]:
        found: dict[Path, str] = {}
        for file in [*(_class_file(inventory, name) for name in classes), target_file]:
            if file.is_file():
                _collect(file, inventory.parent, found)
        return found

    def find(path: Path) -> str:
        for length in range(len(path), 0, -1):
            if path[:length] in places():
                return places()[path[:length]]
        return str(target_file.relative_to(inventory.parent))

    return find


def _target_file(inventory: FilePath, target: str) -> FilePath:
    return next(
        (inventory / "targets" / f"{target}{suffix}" for suffix in (".yml", ".yaml")
         if (inventory / "targets" / f"{target}{suffix}").is_file()),
        inventory / "targets" / f"{target}.yml",
    )


def _class_file(inventory: FilePath, name: str) -> FilePath:
    base = inventory / "classes" / FilePath(*name.split("."))
    file = base.with_name(f"{base.name}.yml")
    return file if file.is_file() else base / "init.yml"


def _collect(file: FilePath, root: FilePath, places: dict[Path, str]) -> None:
    with file.open(encoding="utf-8") as stream:
        document = yaml.compose(stream, Loader=yaml.CSafeLoader)
    shown = file.relative_to(root)

    def walk(node: yaml.Node, path: Path) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                below = (*path, str(key.value).lstrip("~="))
                places[below] = f"{shown}:{key.start_mark.line + 1}"
                walk(value, below)

    if isinstance(document, yaml.MappingNode):
        for key, value in document.value:
            if key.value == "parameters":
                walk(value, ())

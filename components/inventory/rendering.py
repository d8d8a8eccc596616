"""The parameters of one target: merged here where its files are plain, by reclass itself where they are not."""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from . import yaml_file
from .files import InventoryFiles
from .merging import Unusual, merged, resolved, value_of
from .reading import entry
from .reclass import SETTINGS, Reclass


class Rendering:
    """Of the targets of one inventory, whose files are without findings."""

    def __init__(self, files: InventoryFiles):
        self.files = files
        self._merged: dict[tuple[Path, ...], dict[str, Any]] = {}

    def render(self, target: str) -> dict[str, Any]:
        """Raises NotRendered, and Unreadable for reclass' settings."""
        try:
            return self.merged(target)
        except Unusual:
            return self._reclass.render(target)

    def merged(self, target: str) -> dict[str, Any]:
        """Raises Unusual."""
        *included, own = self.files.merged_into(target)
        folder = self.files.folder
        dynamic = any("${" in name for source in (*included, own) for name, _ in source.classes)
        if dynamic or "." in target or own.path.parent != folder / "targets" or self._has_settings:
            raise Unusual
        classes = tuple(source.path for source in included)
        if classes not in self._merged:
            self._merged[classes] = merged([_OWN, *(_parameters(source.path) for source in included)])
        name = {"full": target, "parts": [target], "path": target, "short": target}
        tree = merged([self._merged[classes], _parameters(own.path), {"_reclass_": {"name": name}}])
        return resolved(tree)

    @cached_property
    def _has_settings(self) -> bool:
        return os.path.lexists(self.files.folder / SETTINGS)

    @cached_property
    def _reclass(self) -> Reclass:
        return Reclass(self.files.folder)


# What reclass says about a target itself comes before all else.
_OWN = {"_reclass_": {"environment": "base"}}


def _parameters(path: Path) -> dict[str, Any]:
    return _parameters_of(path, yaml_file.version(path))


@lru_cache(maxsize=256)
def _parameters_of(path: Path, _version: tuple[int, ...]) -> dict[str, Any]:
    return value_of(entry(yaml_file.remembered(path), "parameters")[1]) or {}

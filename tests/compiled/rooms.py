"""The checks and breaks of each room of the folders beside this: a module there is found by being there."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import tests.compiled.breaks
import tests.compiled.checks


def _rooms(folder: ModuleType) -> list[ModuleType]:
    return [
        importlib.import_module(f"{folder.__name__}.{found.name}") for found in pkgutil.iter_modules(folder.__path__)
    ]


CHECKS = [check for room in _rooms(tests.compiled.checks) for check in room.CHECKS]


def import_breaks() -> None:
    """Each registers its breaks with breaking.py."""
    _rooms(tests.compiled.breaks)

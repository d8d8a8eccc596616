"""What a rehearsal does with a running cluster: checks, faults and defects. Files are found by being there."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any


def parts(folder: str) -> Sequence[Any]:
    """What each file of a folder has in CHECKS, FAULTS or DEFECTS (the folder's name), in the order of their names."""
    names = sorted(path.stem for path in (Path(__file__).parent / folder).glob("*.py"))
    modules = [import_module(f"tests.rehearsal.{folder}.{name}") for name in names]
    return [part for module in modules for part in getattr(module, folder.upper(), ())]

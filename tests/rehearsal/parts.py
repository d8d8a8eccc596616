"""What a rehearsal does with a running cluster: checks, faults, defects, runbooks. Files are found by being there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any


def parts(folder: str, only: str = "") -> Sequence[Any]:
    """What each file of a folder has in a constant of the folder's name (FAULTS), in the order of their names.

    `only`: those in the name of whose function this pattern is.
    """
    names = sorted(path.stem for path in (Path(__file__).parent / folder).glob("*.py"))
    modules = [import_module(f"tests.rehearsal.{folder}.{name}") for name in names]
    return [
        part
        for module in modules
        for part in getattr(module, folder.upper(), ())
        if re.search(only, getattr(part, "__name__", ""))
    ]

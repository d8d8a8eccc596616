"""Every check of this folder; a file is found by being there."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tests.rehearsal.cluster import RehearsedCluster

Check = Callable[[RehearsedCluster], None]


def checks() -> list[Check]:
    """What each file has in CHECKS, in the order of their names."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != Path(__file__).stem)
    return [check for name in names for check in import_module(f"tests.rehearsal.checks.{name}").CHECKS]

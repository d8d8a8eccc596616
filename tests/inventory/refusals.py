"""What the model says about a broken inventory, and which of its rules says it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import pytest

from components.cluster import InvalidInventory, references
from components.cluster.origin import Origin

# The package exports the function of the same name.
_load = importlib.import_module("components.cluster.load")
_GATES = (
    (references, "CHECKS"),
    (references, "IN_FILES"),
    (_load, "STRUCTURE"),
    (_load, "CAPACITY"),
    (_load, "MONITORING"),
)


@dataclass(frozen=True)
class Refusal:
    """The lines for people, and the names of the rules behind them; none of both if accepted."""

    lines: tuple[str, ...]
    rules: frozenset[str]


def refusal_of(parameters: dict[str, Any], origin: Origin) -> Refusal:
    spoke: set[str] = set()

    def recorded(rule):
        def listening(*subject):
            found = list(rule(*subject))
            spoke.update([rule.__name__] if found else [])
            return found

        return listening

    with pytest.MonkeyPatch.context() as patch:
        for place, name in _GATES:
            patch.setattr(place, name, tuple(recorded(rule) for rule in getattr(place, name)))
        try:
            _load.load(parameters, origin)
        except InvalidInventory as refusal:
            return Refusal(refusal.lines, frozenset(spoke or {"schema"}))
    return Refusal((), frozenset())
